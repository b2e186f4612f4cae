"""Standard output, when it is a pipe."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING, TextIO, cast

from pydo.console import open_stdout

if TYPE_CHECKING:
    import pytest

_PROGRAM = """
import sys
from pydo.console import Console, open_stdout
console = Console(open_stdout())
print("from the Worker")
console.info("from pydo")
sys.stdin.readline()
for _ in range(100):
    print("nobody reads this")
    console.info("nor this")
sys.stderr.write("went on")
sys.exit(7)
"""


def test_a_pipe_gets_each_line_at_once_and_may_be_closed() -> None:
    with subprocess.Popen(  # noqa: S603 - the program is above
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        process.stdout.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        said = process.stderr.read()

    assert lines == [
        f"from the Worker{os.linesep}".encode(),
        f"[pydo:info] from pydo{os.linesep}".encode(),
    ]
    assert said == b"went on"
    assert process.returncode == 7


def test_a_stream_in_memory_is_kept_and_buffered_by_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw))

    out = open_stdout()
    out.write("line\n")

    assert out is sys.stdout
    assert raw.getvalue() == b"line\n"


def test_a_stream_of_another_kind_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)

    assert open_stdout() is stream


def test_a_closed_standard_output_takes_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", cast("TextIO", None))

    with open_stdout() as out:
        out.write("nowhere\n")

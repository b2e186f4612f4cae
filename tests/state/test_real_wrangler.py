"""A TypeScript object under the real wrangler and its Python twin, over the same stored values.

Skipped where there is no wrangler; `PYDO_WRANGLER` names one that is not on the path.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pydo.state import export_to, import_from
from pydo.statedir import SQLITE, StateDirectory

if TYPE_CHECKING:
    from collections.abc import Generator

PROJECTS = Path(__file__).parent / "projects"
WRANGLER = os.environ.get("PYDO_WRANGLER") or shutil.which("wrangler")
AT_MS = 1_900_000_000_000
pytestmark = [
    pytest.mark.skipif(WRANGLER is None, reason="wrangler is not there"),
    pytest.mark.timeout(120),
]

WRITTEN_BY_TYPESCRIPT = {
    "big": "1180591620717411303424",
    "buffer": "bytes [9]",
    "bytes": "bytes [1, 2, 255]",
    "list": "[1, 'two', [3]]",
    "nothing": "None",
    "number": "1.5",
    "text": "'héllo \U0001f600'",
    "whole": "7",
    "yes": "True",
}
WRITTEN_BY_PYTHON = {
    "bytes": "Uint8Array [1, 2, 254]",
    "date": "Date 172800000",
    "list": '[1, "two", [3, {four: 4}]]',
    "nothing": "null",
    "number": "2.5",
    "object": "{a: {b: [1, 2, 3]}}",
    "text": '"from pythön \U0001f600"',
    "whole": "8",
    "yes": "false",
    "set": 'Set [1, "x"]',  # TypeScript's own, which Python left alone
}


@contextlib.contextmanager
def served(project: Path, *command: str) -> Generator[str]:
    """Run a server in a project; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {**os.environ, "CI": "1", "WRANGLER_SEND_METRICS": "false"}
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, or the user's wrangler
        [*command, "dev", "--port", str(port)],
        cwd=project,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def ask(address: str, path: str) -> str:
    """Ask as soon as it answers."""
    end = time.monotonic() + 40
    while True:
        try:
            with urllib.request.urlopen(address + path, timeout=20) as answer:  # noqa: S310 - our own
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def storage_of(_: str) -> str:
    return SQLITE


def test_values_of_a_typescript_object_are_read_by_the_python_one_and_back(tmp_path: Path) -> None:
    assert WRANGLER is not None
    typescript, python = tmp_path / "typescript", tmp_path / "python"
    shutil.copytree(PROJECTS / "typescript", typescript)
    shutil.copytree(PROJECTS / "python", python)
    pydo = (sys.executable, "-m", "pydo")
    state, theirs = python / ".pydo" / "state", typescript / ".wrangler" / "state"

    with served(typescript, WRANGLER) as address:
        ask(address, f"/write?name=a&alarm={AT_MS}")
    with StateDirectory.open(state) as held:
        import_from(held, theirs, storage_of)
    with served(python, *pydo) as address:
        read: dict[str, Any] = json.loads(ask(address, "/read?name=a"))
        ask(address, f"/write?name=a&alarm={AT_MS + 1000}")
    with StateDirectory.open(state) as held:
        export_to(held, theirs, overwrites=True)
    with served(typescript, WRANGLER) as address:
        back: dict[str, Any] = json.loads(ask(address, "/read?name=a"))

    assert (read["name"], read["alarm"]) == ("a", AT_MS)
    assert WRITTEN_BY_TYPESCRIPT.items() <= read["found"].items()
    assert read["rows"] == [[1, "from typescript", [5]]]
    assert (back["name"], back["alarm"]) == ("a", AT_MS + 1000)
    assert WRITTEN_BY_PYTHON.items() <= back["found"].items()
    assert back["rows"] == [
        '{id: 1, body: "from typescript", data: ArrayBuffer [5]}',
        '{id: 2, body: "from python", data: ArrayBuffer [6]}',
    ]

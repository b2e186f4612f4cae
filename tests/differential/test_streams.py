"""What streams do, call for call, against what wrangler's workerd has answered (record.py)."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.differential.pairs import pairs
from tests.host.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "streams"
PAIRS = pairs(FOLDER)
ANSWERS: dict[str, list[str]] = json.loads((FOLDER / "answers.json").read_text())
MAIN = """
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        name = request.url.rsplit("/", 1)[1]
        return Response(json.dumps(await run(globals()["program_" + name])))
"""

# What pydo does otherwise, and why.
DIFFERS = {
    "byob_of_identity": "a write is done as soon as a part of it was read",
    "fixed_reader_long": "workerd leaves a writer who writes too much waiting for ever",
    "f_long": "as above; the one who writes too much is told, as well as whoever reads",
    "from_pending_cancel": "an iterator is asked for its first chunk a step later",
    "pipe_dst_error_idle": "the standard: workerd says that all was well",
    "pipe_signal_body": "the standard: workerd looks at the signal when a chunk comes",
    "pipe_signal_mid": "as above",
    "pipe_signal_prevent": "as above",
    "pipe_str_identity": "whoever pipes is told of a chunk that is no bytes",
    "pull_start_order": "the standard: workerd pulls before start has ended",
    "tee_pulls": "one chunk is read ahead where workerd reads none",
    "w_size": "workerd is done with a write that no sink takes before it returns",
}


def source() -> str:
    programs = (
        f"async def program_{name}(say, note):\n" + textwrap.indent(pair.python, "    ")
        for name, pair in PAIRS.items()
    )
    return "\n".join([(FOLDER / "prelude.py").read_text(), *programs, MAIN])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = Project(tmp_path_factory.mktemp("streams"))
    project.load(source())
    yield project
    project.close()


@pytest.mark.parametrize("name", PAIRS)
def test_a_stream_does_as_in_workerd(project: Project, name: str) -> None:
    found = json.loads(project.ask(f"http://x/{name}").text)

    if name in DIFFERS:
        assert found != expected(name), f"{name} is as in workerd: take it out of DIFFERS"
    else:
        assert found == expected(name)


def expected(name: str) -> list[str]:
    """Give what workerd answers; what is thrown and is no Error comes to Python as one."""
    return [line.replace("=! ", "=! Error: ") if _is_bare(line) else line for line in ANSWERS[name]]


def _is_bare(line: str) -> bool:
    _, thrown, what = line.partition("=! ")
    return bool(thrown) and what in {"r", "rs", "undefined"}

"""pydo beside real Pyodide: the same snippets, the same answers (README.md)."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pydo.host.env import make_env
from pydo.host.flags import Flags
from pydo.host.importer import Host, install, uninstall
from pydo.runtime.events import Fetch
from pydo.runtime.failure import ErrorForm
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from pydo.runtime.events import Event

HERE = Path(__file__).parent
ANSWERS: dict[str, dict[str, str]] = json.loads((HERE / "answers.json").read_text())
OLD, NEW = "0.28.2", "314.0.7"


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"oracle_{name}", HERE / "prelude" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


SNIPPETS: dict[str, str | None] = module("snippets").snippets()


def expected(source: str, release: str) -> str:
    return ANSWERS[release].get(source, ANSWERS[OLD][source])


class Code:
    """A Worker that answers a snippet."""

    generation = 1
    classes: dict[str, Any] = {}  # noqa: RUF012 - never written to
    tasks = ()
    errors = ErrorForm(bool)

    def __init__(self, host: Host) -> None:
        self.handler = self
        self.flags, self.fetch_port = host.flags, host.fetch_port
        self._answer = module("describe").answer
        self._names = module("snippets").names

    def owns(self, filename: str, /) -> bool:
        return filename == "<snippet>"

    async def handle(self, event: Event) -> object:
        assert isinstance(event, Fetch)
        return await self._answer(event.request, self._names())


class Oracle:
    def __init__(self, date: str) -> None:
        self.loop = ObjectLoop()
        asyncio.set_event_loop(self.loop)
        host = Host(make_env({}, {}), lambda _: None, Flags(date, ["python_workers"]))
        install(host)
        self.runtime = Runtime(self.loop, Code(host))

    def ask(self, source: str) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = asyncio.wait_for(self.runtime.fetch(source), 5)
            return str(self.loop.run_until_complete(answer))

    def close(self) -> None:
        self.runtime.close()
        uninstall()
        asyncio.set_event_loop(None)
        self.loop.close()


@pytest.fixture(scope="module", autouse=True)
def utc() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("TZ", "UTC")
    time.tzset()
    yield
    patch.undo()
    time.tzset()


@pytest.fixture
def old() -> Iterator[Oracle]:
    oracle = Oracle("2026-09-01")
    yield oracle
    oracle.close()


@pytest.fixture
def new() -> Iterator[Oracle]:
    oracle = Oracle("2026-09-08")
    yield oracle
    oracle.close()


def test_every_snippet_was_recorded() -> None:
    assert [source for source in SNIPPETS if source not in ANSWERS[OLD]] == []


@pytest.mark.parametrize("source", SNIPPETS)
def test_pydo_answers_as_pyodide_does(old: Oracle, source: str) -> None:
    answer = old.ask(source)

    if SNIPPETS[source] is not None:
        assert answer != expected(source, OLD), "it says that it differs"
    else:
        assert answer == expected(source, OLD)


OF_THE_INTERPRETER = ("BigInt", "2**", "10**", '"a" in ', "{obj()")
NO_ANSWER = ("hangs", "ends the interpreter")


@pytest.mark.parametrize(
    "source",
    [
        source
        for source in ANSWERS[NEW]
        if source in SNIPPETS
        and SNIPPETS[source] is None
        and ANSWERS[NEW][source] not in NO_ANSWER
        and not any(part in source for part in OF_THE_INTERPRETER)
    ],
)
def test_pydo_follows_the_newer_pyodide_by_date(new: Oracle, source: str) -> None:
    assert new.ask(source) == expected(source, NEW)

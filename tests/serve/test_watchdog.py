from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException
from pydo.host.waiting import waiting
from pydo.runtime.failure import ErrorForm, Stopped
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.observer import Observer
from pydo.runtime.runtime import Runtime
from pydo.serve.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pydo.runtime.events import Event


class Heard(Observer):
    def __init__(self) -> None:
        self.stopped: list[str] = []
        self.blocking: list[str] = []

    def blocked(self, where: str, place: str) -> None:
        self.blocking.append(f"{where} {place.rpartition('/')[2]}")

    def interrupted(self, where: str, seconds: float, place: str) -> None:
        assert seconds > 0
        self.stopped.append(f"{where} {place.rpartition('/')[2]}")


class Code:
    generation = 1
    classes: dict[str, Any] = {}  # noqa: RUF012 - never written to
    tasks = ()

    def __init__(self, body: Callable[[], object]) -> None:
        self.handler = self
        self.errors = ErrorForm(self.owns)
        self._body = body

    async def handle(self, event: Event) -> object:
        del event
        return self._body()

    def owns(self, filename: str, /) -> bool:
        return filename == __file__


def spin() -> None:
    while True:
        pass


def spin_and_hold_on() -> None:
    try:
        spin()
    except Exception:  # noqa: BLE001 - what is tested is that this does not catch it
        spin()


def hold_the_loop() -> None:
    time.sleep(0.25)


def hold_the_interpreter() -> None:
    sum(range(25_000_000))


@pytest.fixture
def watched() -> Iterator[tuple[ObjectLoop, Heard, Watchdog]]:
    loop, heard = ObjectLoop(), Heard()
    watchdog = Watchdog(loop, heard, 0.3, lambda name: name == __file__)
    watchdog.start()
    yield loop, heard, watchdog
    watchdog.close()
    loop.close()


@pytest.mark.parametrize("body", [spin, spin_and_hold_on, lambda: time.sleep(60)])
def test_a_turn_that_does_not_end_is_stopped(
    watched: tuple[ObjectLoop, Heard, Watchdog], body: Callable[[], object]
) -> None:
    loop, heard, watchdog = watched
    runtime = Runtime(loop, Code(body), observer=heard)

    with pytest.raises(JsException, match="Worker exceeded CPU time limit"):
        loop.run_until_complete(runtime.fetch(None))

    watchdog.close()  # by then it has told of it
    assert len(heard.stopped) == 1
    assert heard.stopped[0].startswith("the Worker test_watchdog.py:")


def test_what_is_guarded_is_stopped_by_its_own_limit(
    watched: tuple[ObjectLoop, Heard, Watchdog],
) -> None:
    _, heard, watchdog = watched

    with pytest.raises(Stopped, match="the import took longer than"):  # noqa: SIM117 - in it
        with watchdog.guarding("the import", 0.1):
            spin()

    watchdog.close()
    assert heard.stopped[0].startswith("the import test_watchdog.py:")


def test_a_sleep_where_nothing_can_wait_is_stopped(
    watched: tuple[ObjectLoop, Heard, Watchdog],
) -> None:
    _, _, watchdog = watched

    with waiting(), watchdog.guarding("the import", 0.1), pytest.raises(Stopped):
        time.sleep(60)


def test_a_turn_that_ends_is_left_alone(watched: tuple[ObjectLoop, Heard, Watchdog]) -> None:
    loop, heard, _ = watched
    runtime = Runtime(loop, Code(lambda: "done"), observer=heard)

    assert loop.run_until_complete(runtime.fetch(None)) == "done"
    assert heard.stopped == []


@pytest.mark.parametrize("hold", [hold_the_loop, hold_the_interpreter])
def test_a_line_that_holds_the_loop_is_named_once(
    watched: tuple[ObjectLoop, Heard, Watchdog], hold: Callable[[], object]
) -> None:
    loop, heard, watchdog = watched
    runtime = Runtime(loop, Code(hold), observer=heard)

    for _ in range(3):
        loop.run_until_complete(runtime.fetch(None))

    watchdog.close()
    line = hold.__code__.co_firstlineno + 1
    assert heard.blocking == [f"the Worker test_watchdog.py:{line}"]
    assert heard.stopped == []


def test_an_import_within_a_handler_is_not_named(
    watched: tuple[ObjectLoop, Heard, Watchdog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.25)\n")
    monkeypatch.syspath_prepend(tmp_path)
    loop, heard, _ = watched
    runtime = Runtime(loop, Code(lambda: __import__("slow_to_import")), observer=heard)

    loop.run_until_complete(runtime.fetch(None))

    assert heard.blocking == []

"""A disk that fails at each of its writes in turn, and one that loses its power."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

import apsw
import pytest

from pydo.errors import JsException
from pydo.runtime.clock import ManualClock
from pydo.runtime.container import Settings
from pydo.runtime.events import AlarmFired
from pydo.runtime.kv import ListOptions
from pydo.runtime.loop import ObjectLoop

from .conftest import Core, Object
from .faulty import FaultyDisk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydo.runtime.actor import Actor
    from pydo.runtime.events import Event

ERRORS = {"SQLITE_FULL": apsw.SQLITE_FULL, "SQLITE_IOERR": apsw.SQLITE_IOERR}


class Ledger(Object):
    """Writes each number into a key and a row in one turn, and sets its alarm to that time."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        actor.sql.execute("CREATE TABLE IF NOT EXISTS log (number)", ())

    async def handle(self, event: Event) -> object:
        if isinstance(event, AlarmFired):
            self.actor.kv.put("rung", str(event.scheduled_ms).encode())
            return self.actor.alarm.stored()
        return await super().handle(event)

    async def note(self, number: int) -> None:
        self.write(number, f"{number:04}")
        await asyncio.sleep(0)
        self.actor.sql.execute("INSERT INTO log VALUES (?)", (str(number),))
        if number % 3 == 0:
            self.actor.set_alarm(self.actor.turns.loop.clock.now_ms() + 100_000 + number)

    async def found(self) -> tuple[list[int], list[int], int | None, int]:
        keys = [key for key, _ in self.actor.kv.list(ListOptions()) if key != "rung"]
        rows = self.actor.sql.execute("SELECT number FROM log ORDER BY rowid", ()).rest()
        at = self.actor.alarm.get()
        return [int(k) for k in keys], [int(row[0]) for row in rows], at, self.read("rung")


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    with FaultyDisk() as disk:
        yield disk


Acknowledged = dict[str, list[int]]


async def note(core: Core, names: str, numbers: range) -> tuple[Acknowledged, list[JsException]]:
    """Let objects note numbers, three at once so that turns share commits; and what failed."""
    acknowledged: Acknowledged = {name: [] for name in names}
    errors: list[JsException] = []

    async def note_one(name: str, number: int) -> None:
        try:
            await core.stub(Ledger, name).call("note", number)
        except JsException as error:
            errors.append(error)
        else:
            acknowledged[name].append(number)

    for first in numbers[::3]:
        together = [number for number in numbers if first <= number < first + 3]
        await asyncio.gather(*(note_one(name, number) for name in names for number in together))
    return acknowledged, errors


# Where SQLite cannot pass on what its file system raises, apsw prints it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("then", ["it goes on", "it starts anew"])
@pytest.mark.parametrize("code", ERRORS)
async def test_at_whichever_write_the_disk_fails_nothing_acknowledged_is_lost(
    loop: ObjectLoop, tmp_path: Path, disk: FaultyDisk, code: str, then: str
) -> None:
    disk.error = ERRORS[code]
    failures = 0
    for number in range(1, 100):
        core = Core(loop, tmp_path / str(number))
        disk.writes, disk.fails_from = 0, number
        acknowledged, errors = await note(core, "ab", range(1, 8))
        writes, disk.fails_from = disk.writes, None
        if then == "it starts anew":
            core.runtime.close()
            core = Core(loop, tmp_path / str(number))

        failures += bool(errors)
        assert {each.message.rpartition(": ")[2] for each in errors} <= {code}
        for name in "ab":
            keys, rows, at, _ = await core.stub(Ledger, name).call("found")
            assert keys == rows == acknowledged[name]
            assert (at is not None) == (not {3, 6}.isdisjoint(keys))
        await core.advance(200)
        for name in "ab":
            _, _, at, rung = await core.stub(Ledger, name).call("found")
            assert at is None
            assert bool(rung) == (not {3, 6}.isdisjoint(acknowledged[name]))
        core.runtime.close()
        if writes < number:
            break
    else:
        raise AssertionError("it never comes to its end")

    assert failures > 20


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("code", ERRORS)
async def test_an_alarm_is_tried_until_the_disk_works_again(
    core: Core, disk: FaultyDisk, code: str
) -> None:
    await core.stub(Ledger).call("note", 3)
    disk.error, disk.fails_from = ERRORS[code], 0
    await core.advance(5000)  # counted failures would be over by now
    disk.fails_from = None

    await core.advance(2000)

    assert (await core.stub(Ledger).call("found"))[2:] == (None, 1_700_000_100_003)


@pytest.mark.parametrize("seed", range(12))
def test_with_full_durability_a_power_loss_takes_nothing_acknowledged(
    tmp_path: Path, disk: FaultyDisk, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - to do the same again
    acknowledged = before_the_loss(tmp_path, disk, random, Settings(syncs_commits=True))

    for name, (keys, rows, at, rung) in after_the_loss(tmp_path).items():
        assert keys == rows == acknowledged[name]
        assert at is None
        assert bool(rung) == any(number % 3 == 0 for number in keys)


@pytest.mark.parametrize("seed", range(12))
def test_a_power_loss_takes_the_last_turns_at_most_and_never_half_of_one(
    tmp_path: Path, disk: FaultyDisk, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - as above
    acknowledged = before_the_loss(tmp_path, disk, random, Settings())

    for name, (keys, rows, _, _) in after_the_loss(tmp_path).items():
        assert keys == rows == acknowledged[name][: len(keys)]


def before_the_loss(
    root: Path, disk: FaultyDisk, random: Random, settings: Settings
) -> Acknowledged:
    """Let objects write, and take the power away; what they had acknowledged."""
    loop = ObjectLoop(ManualClock())
    core = Core(loop, root / "before", settings=settings)
    numbers = range(1, random.randrange(2, 40))
    acknowledged, errors = loop.run_until_complete(note(core, "abc", numbers))
    assert errors == []
    empties = not settings.syncs_commits
    disk.lose_power(root / "before", root / "after", random, empties=empties)
    core.runtime.close()
    loop.close()
    return acknowledged


def after_the_loss(root: Path) -> dict[str, tuple[list[int], list[int], int | None, int]]:
    """Give what the objects have, when every alarm has had the time to ring."""
    loop = ObjectLoop(ManualClock())
    core = Core(loop, root / "after")

    async def look() -> dict[str, tuple[list[int], list[int], int | None, int]]:
        core.namespace(Ledger)
        await core.advance(300)
        return {name: await core.stub(Ledger, name).call("found") for name in "abc"}

    found = loop.run_until_complete(look())
    core.runtime.close()
    loop.close()
    return found

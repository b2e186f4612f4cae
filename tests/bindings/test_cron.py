"""Cron triggers: by their schedule, and how a call of the handler went."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pydo.bindings.cron import CronSchedule, Trigger
from pydo.host.execution import ExecutionContext
from pydo.runtime.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydo.host.scheduled import ScheduledController

START_MS = 1_700_000_040_000  # a full minute: 2023-11-14 22:14
MINUTE_MS = 60_000


class SleepyClock(ManualClock):
    """A clock whose machine can sleep: the time of day goes on, and timers do not."""

    asleep_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.asleep_ms


def advance(clock: ManualClock, seconds: float) -> None:
    until = clock.monotonic() + seconds
    while (callback := clock.next_due(until)) is not None:
        callback()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START_MS)


@pytest.fixture
def rung() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def schedule(clock: ManualClock, rung: list[tuple[str, int]]) -> CronSchedule:
    return CronSchedule(clock, lambda cron, time_ms: rung.append((cron, time_ms)))


def test_each_time_rings_once(
    schedule: CronSchedule, clock: ManualClock, rung: list[tuple[str, int]]
) -> None:
    schedule.set(["* * * * *", "*/2 * * * *"])

    advance(clock, 121)

    assert rung == [
        ("* * * * *", START_MS + MINUTE_MS),
        ("* * * * *", START_MS + 2 * MINUTE_MS),
        ("*/2 * * * *", START_MS + 2 * MINUTE_MS),
    ]


def test_a_time_hours_away_is_waited_for(
    schedule: CronSchedule, clock: ManualClock, rung: list[tuple[str, int]]
) -> None:
    schedule.set(["0 9 * * *"])

    advance(clock, 24 * 3600)

    assert len(rung) == 1
    assert rung[0][1] % (24 * 3600_000) == 9 * 3600_000


def test_a_machine_that_was_asleep_is_late_by_a_minute_at_most(
    rung: list[tuple[str, int]],
) -> None:
    clock = SleepyClock(START_MS)
    schedule = CronSchedule(clock, lambda cron, time_ms: rung.append((cron, time_ms)))
    schedule.set(["0 * * * *"])  # in 46 minutes

    advance(clock, 60)
    clock.asleep_ms = 45 * MINUTE_MS
    advance(clock, 61)

    assert rung == [("0 * * * *", START_MS + 46 * MINUTE_MS)]


def test_new_expressions_take_the_place_of_the_old(
    schedule: CronSchedule, clock: ManualClock, rung: list[tuple[str, int]]
) -> None:
    schedule.set(["* * * * *"])
    schedule.set(["*/2 * * * *"])
    advance(clock, 120)
    schedule.close()
    advance(clock, 600)

    assert [cron for cron, _ in rung] == ["*/2 * * * *"]
    assert schedule.next_ms is None


def called(deliver: Callable[[Any], Awaitable[object]], **options: bool) -> tuple[str, list[str]]:
    """Call a handler, and give the outcome and who was told of errors."""
    told: list[str] = []
    trigger = Trigger(deliver, ManualClock(START_MS), lambda where, _: told.append(where))
    outcome = asyncio.run(trigger.call("a b", **options))
    return outcome.text, told


def test_the_handler_is_told_when_and_why() -> None:
    seen: list[ScheduledController] = []

    async def deliver(controller: Any) -> None:
        seen.append(controller)

    assert called(deliver) == ("ok", [])
    assert (seen[0].cron, seen[0].scheduledTime) == ("a b", START_MS)
    assert seen[0].constructor.name == "ScheduledController"


def test_a_handler_that_raises_has_failed() -> None:
    async def deliver(_: Any) -> None:
        raise ValueError("boom")

    assert called(deliver) == ("exception", ["the scheduled handler"])


@pytest.mark.parametrize(("waits", "expected"), [(True, "exception"), (False, "ok")])
def test_what_wait_until_was_given_belongs_to_the_call(waits: bool, expected: str) -> None:  # noqa: FBT001
    async def deliver(controller: Any) -> None:
        execution = controller.__execution__ = ExecutionContext()
        execution._has_failed = True  # noqa: SLF001 - as a promise that was rejected leaves it

    assert called(deliver, waits=waits)[0] == expected

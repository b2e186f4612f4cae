"""Alarms: rung at least once, never twice at once, tried again, kept by the object's own row."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException
from pydo.runtime.alarmretry import retry_delay_ms
from pydo.runtime.alarmtable import AlarmTable
from pydo.runtime.events import AlarmFired
from pydo.runtime.lifecycle import State
from tests.runtime.conftest import Core, Object, failure_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.events import Event
    from pydo.runtime.namespace import ActorNamespace

HOUR_S = 3600


class Ringing(Object):
    """Remembers, outside itself, when it rang."""

    rang: list[tuple[float, int, int, int | None]] = []  # noqa: RUF012 - a new one for each test
    failures = 0

    async def handle(self, event: Event) -> object:
        if isinstance(event, AlarmFired):
            await self.alarm(event)
            return self.actor.alarm.stored()
        return await super().handle(event)

    async def alarm(self, event: AlarmFired) -> None:
        clock = self.actor.turns.loop.clock
        self.rang.append(
            (clock.monotonic(), event.scheduled_ms, event.retries, self.actor.alarm.get())
        )
        if len(self.rang) <= self.failures:
            raise ValueError("alarm fails")

    async def set_in(self, seconds: float) -> int:
        at = self.actor.turns.loop.clock.now_ms() + round(seconds * 1000)
        self.actor.set_alarm(at)
        return at

    async def alarm_at(self) -> int | None:
        return self.actor.alarm.get()

    async def delete_alarm(self) -> None:
        self.actor.alarm.delete()


@pytest.fixture
def ringing() -> type[Ringing]:
    class Clock(Ringing):
        rang: list[tuple[float, int, int, int | None]] = []  # noqa: RUF012 - as above

    return Clock


async def test_an_alarm_rings_once_at_its_time(core: Core, ringing: type[Ringing]) -> None:
    stub = core.stub(ringing)
    assert await stub.call("alarm_at") is None
    at = await stub.call("set_in", 5)
    assert await stub.call("alarm_at") == at

    await core.advance(4.999)
    assert ringing.rang == []
    await core.advance(60)

    assert ringing.rang == [(5.0, at, 0, None)]
    assert await stub.call("alarm_at") is None


async def test_the_last_of_two_times_counts(core: Core, ringing: type[Ringing]) -> None:
    stub = core.stub(ringing)
    await stub.call("set_in", 5)
    at = await stub.call("set_in", 7)

    await core.advance(60)

    assert ringing.rang == [(7.0, at, 0, None)]


async def test_an_earlier_time_replaces_a_later_one(core: Core, ringing: type[Ringing]) -> None:
    stub = core.stub(ringing)
    await stub.call("set_in", 50)
    at = await stub.call("set_in", 2)

    await core.advance(60)

    assert ringing.rang == [(2.0, at, 0, None)]


async def test_a_time_that_is_past_is_now(core: Core, ringing: type[Ringing]) -> None:
    stub = core.stub(ringing)

    at = await stub.call("set_in", -HOUR_S)
    assert at < core.loop.clock.now_ms()
    await core.advance()

    assert ringing.rang == [(0.0, core.loop.clock.now_ms(), 0, None)]


async def test_a_deleted_alarm_does_not_ring(core: Core, ringing: type[Ringing]) -> None:
    stub = core.stub(ringing)
    await stub.call("set_in", 5)
    await stub.call("delete_alarm")

    await core.advance(60)

    assert ringing.rang == []
    assert len(core.runtime.alarms) == 0


async def test_an_alarm_constructs_an_object_that_was_evicted(
    core: Core, ringing: type[Ringing]
) -> None:
    stub = core.stub(ringing)
    await stub.call("set_in", HOUR_S)
    await core.advance(100)
    assert stub.state() is State.ABSENT

    await core.advance(HOUR_S)

    assert len(ringing.rang) == 1


async def test_an_object_woken_by_its_alarm_knows_its_name(core: Core) -> None:
    names: list[str | None] = []

    class Named(Ringing):
        async def alarm(self, event: AlarmFired) -> None:
            del event
            names.append(self.actor.id.name)

    await core.stub(Named, "alice").call("set_in", HOUR_S)

    await core.advance(2 * HOUR_S)

    assert names == ["alice"]


async def test_a_handler_may_set_the_next_one(core: Core) -> None:
    times: list[float] = []

    class Repeating(Ringing):
        async def alarm(self, event: AlarmFired) -> None:
            del event
            times.append(core.loop.clock.monotonic())
            if len(times) < 3:
                await self.set_in(10)

    await core.stub(Repeating).call("set_in", 1)

    await core.advance(60)

    assert times == [1.0, 11.0, 21.0]


async def test_what_a_handler_set_before_it_failed_replaces_the_retry(core: Core) -> None:
    tries: list[tuple[float, int]] = []

    class Failing(Ringing):
        async def alarm(self, event: AlarmFired) -> None:
            tries.append((core.loop.clock.monotonic(), event.retries))
            if len(tries) == 1:
                await self.set_in(10)
                await asyncio.sleep(0.1)
                raise ValueError("after it was set")

    await core.stub(Failing).call("set_in", 1)

    await core.advance(60)

    assert tries == [(1.0, 0), (11.0, 0)]


async def test_a_failing_handler_is_tried_again_and_later_each_time(
    core: Core, ringing: type[Ringing]
) -> None:
    ringing.failures = 100
    stub = core.stub(ringing)
    at = await stub.call("set_in", 1)

    await core.advance(10)
    assert await stub.call("alarm_at") == at  # between two tries
    await core.advance(HOUR_S)

    assert [(scheduled, retries) for _, scheduled, retries, _ in ringing.rang] == [
        (at, n) for n in range(7)
    ]
    times = [when for when, *_ in ringing.rang]
    for n, wait in enumerate(b - a for a, b in pairwise(times)):
        assert 2 * 2**n <= wait <= 2.5 * 2**n + 0.001
    assert await stub.call("alarm_at") is None
    assert len(core.runtime.alarms) == 0
    assert not core.namespace(ringing).metadata.alarms()


async def test_a_handler_that_succeeds_at_last_is_done(core: Core, ringing: type[Ringing]) -> None:
    ringing.failures = 2
    stub = core.stub(ringing)
    await stub.call("set_in", 1)

    await core.advance(HOUR_S)

    assert [retries for _, _, retries, _ in ringing.rang] == [0, 1, 2]
    assert await stub.call("alarm_at") is None


async def test_deleting_between_two_tries_ends_them(core: Core, ringing: type[Ringing]) -> None:
    ringing.failures = 100
    stub = core.stub(ringing)
    await stub.call("set_in", 1)
    await core.advance(2)

    await stub.call("delete_alarm")
    await core.advance(HOUR_S)

    assert len(ringing.rang) == 1


async def test_setting_between_two_tries_counts_anew(core: Core, ringing: type[Ringing]) -> None:
    ringing.failures = 2
    stub = core.stub(ringing)
    await stub.call("set_in", 1)
    await core.advance(4)  # two tries

    await stub.call("set_in", 100)
    await core.advance(HOUR_S)

    assert [retries for _, _, retries, _ in ringing.rang] == [0, 1, 0]


async def test_an_alarm_that_is_rolled_back_does_not_ring(
    core: Core, ringing: type[Ringing]
) -> None:
    class Failing(ringing):  # type: ignore[valid-type, misc] # a class made by a fixture
        async def run(self) -> None:
            def body(_: object) -> None:
                self.actor.set_alarm(core.loop.clock.now_ms() + 1000)
                raise ValueError("no")

            with pytest.raises(ValueError, match="no"):
                await self.actor.transaction(body)

    stub = core.stub(Failing)
    await stub.call("run")

    await core.advance(60)

    assert ringing.rang == []
    assert await stub.call("alarm_at") is None


async def test_an_alarm_set_in_a_transaction_rings(core: Core, ringing: type[Ringing]) -> None:
    class Setting(ringing):  # type: ignore[valid-type, misc] # a class made by a fixture
        async def run(self) -> None:
            await self.actor.transaction(
                lambda _: self.actor.set_alarm(core.loop.clock.now_ms() + 1000)
            )

    await core.stub(Setting).call("run")

    await core.advance(60)

    assert len(ringing.rang) == 1


async def test_an_alarm_that_a_reset_took_back_does_not_ring(
    core: Core, ringing: type[Ringing]
) -> None:
    class Aborting(ringing):  # type: ignore[valid-type, misc] # a class made by a fixture
        async def run(self) -> None:
            await self.set_in(1)
            self.actor.abort("enough")

    await failure_of(core.stub(Aborting).call("run"))
    await core.advance(60)

    assert ringing.rang == []


async def test_delete_all_takes_the_alarm_along(core: Core, ringing: type[Ringing]) -> None:
    class Emptying(ringing):  # type: ignore[valid-type, misc] # a class made by a fixture
        async def run(self) -> None:
            self.actor.delete_all()

    stub = core.stub(Emptying)
    await stub.call("set_in", 5)

    await stub.call("run")
    await core.advance(60)

    assert ringing.rang == []
    assert not core.namespace(Emptying).metadata.alarms()


async def test_delete_all_leaves_the_alarm_where_it_used_to(
    core: Core, ringing: type[Ringing]
) -> None:
    class Emptying(ringing):  # type: ignore[valid-type, misc] # a class made by a fixture
        async def run(self) -> None:
            self.actor.delete_all(keeps_alarm=True)

    stub = core.stub(Emptying)
    at = await stub.call("set_in", 5)

    await stub.call("run")
    assert await stub.call("alarm_at") == at
    await core.advance(60)

    assert len(ringing.rang) == 1


async def test_abort_in_a_handler_is_tried_again_unless_it_says_otherwise(core: Core) -> None:
    tries: list[int] = []

    class Aborting(Ringing):
        async def alarm(self, event: AlarmFired) -> None:
            tries.append(event.retries)
            self.actor.abort("enough", retries_alarm=event.retries == 0)

    stub = core.stub(Aborting)
    await stub.call("set_in", 1)

    await core.advance(HOUR_S)

    assert tries == [0, 1]
    assert await core.stub(Aborting).call("alarm_at") is None


async def test_a_handler_that_takes_too_long_is_reset_and_tried_again(core: Core) -> None:
    tries: list[int] = []

    class Hanging(Ringing):
        async def alarm(self, event: AlarmFired) -> None:
            tries.append(event.retries)
            if event.retries == 0:
                await asyncio.sleep(HOUR_S)

    await core.stub(Hanging).call("set_in", 1)

    await core.advance(HOUR_S)

    assert tries == [0, 1]
    assert [str(error) for _, error in core.heard.resets] == [
        "Error: Alarm exceeded its allowed execution time"
    ]


async def test_other_events_come_in_while_a_handler_waits(core: Core) -> None:
    class Waiting(Ringing):
        async def alarm(self, event: AlarmFired) -> None:
            del event
            await asyncio.sleep(10)

    stub = core.stub(Waiting)
    await stub.call("set_in", 1)
    await core.advance(2)

    assert await stub.call("get") == 0
    assert stub.state() is State.RUNNING


async def test_an_alarm_set_from_outside_while_one_runs_waits_for_its_end(core: Core) -> None:
    times: list[float] = []

    class Waiting(Ringing):
        async def alarm(self, event: AlarmFired) -> None:
            del event
            times.append(core.loop.clock.monotonic())
            await asyncio.sleep(10)

    stub = core.stub(Waiting)
    await stub.call("set_in", 1)
    await core.advance(2)
    await stub.call("set_in", 1)

    await core.advance(60)

    assert times == [1.0, 11.0]


async def test_an_alarm_rings_after_a_restart_with_its_retries(
    start: Callable[..., Core], ringing: type[Ringing]
) -> None:
    ringing.failures = 2
    first = start()
    at = await first.stub(ringing).call("set_in", 1)
    await first.advance(4)  # two tries
    first.runtime.close()

    start().stub(ringing)
    await first.advance(HOUR_S)

    assert [(scheduled, retries) for _, scheduled, retries, _ in ringing.rang] == [
        (at, 0),
        (at, 1),
        (at, 2),
    ]


async def test_an_alarm_that_was_noted_but_never_committed_does_not_ring(
    core: Core, ringing: type[Ringing]
) -> None:
    stub = core.stub(ringing)
    namespace: ActorNamespace = core.namespace(ringing)
    late = await stub.call("set_in", 100)
    namespace.metadata.set_alarm(stub.id.hex, "a", late - 50_000)
    core.runtime.alarms.load(namespace)

    await core.advance(60)
    assert ringing.rang == []
    await core.advance(60)

    assert [when for when, *_ in ringing.rang] == [100.0]


async def test_new_code_that_cuts_a_handler_short_costs_no_try(core: Core) -> None:
    tries: list[int] = []

    class Waiting(Ringing):
        async def alarm(self, event: AlarmFired) -> None:
            tries.append(event.retries)
            if len(tries) == 1:
                await asyncio.sleep(HOUR_S)

    await core.stub(Waiting).call("set_in", 1)
    await core.advance(2)

    core.replace(Waiting=Waiting)
    await core.advance(HOUR_S)

    assert tries == [0, 0]


async def test_ten_thousand_alarms_cost_one_timer(core: Core, ringing: type[Ringing]) -> None:
    namespace = core.namespace(ringing)
    for n in range(10_000):
        core.runtime.alarms.now_is(
            namespace, namespace.ids.from_name(str(n)), core.loop.clock.now_ms() + HOUR_S * 1000 + n
        )

    assert len(core.runtime.alarms) == 10_000
    assert len(core.loop.clock._timers) == 1  # type: ignore[attr-defined] # noqa: SLF001 - counted


async def test_an_error_of_a_handler_is_told_with_what_comes_next(
    core: Core, ringing: type[Ringing]
) -> None:
    told: list[tuple[str, str, bool]] = []

    def alarm_failed(label: Any, error: BaseException, retry_s: float | None) -> None:
        assert isinstance(error, JsException)
        told.append((str(label), error.message.splitlines()[-1], retry_s is not None))

    core.heard.alarm_failed = alarm_failed  # type: ignore[method-assign] # a test's ear
    ringing.failures = 1
    await core.stub(ringing, "bob").call("set_in", 1)

    await core.advance(60)

    assert told == [("Clock/bob", "ValueError: alarm fails", True)]


def test_the_table_gives_what_is_due_in_order() -> None:
    table = AlarmTable()
    namespace: Any = object()
    table.set((namespace, "a"), 30)
    table.set((namespace, "b"), 10)
    table.set((namespace, "c"), 20)
    table.set((namespace, "a"), 5)
    table.remove((namespace, "c"))

    assert table.next_ms() == 5
    assert table.take_due(9) == [(namespace, "a")]
    assert table.take_due(100) == [(namespace, "b")]
    assert table.next_ms() is None


@pytest.mark.parametrize(
    ("backoff", "delay"), [(0, 2000), (1, 4000), (9, 1_024_000), (20, 1_024_000)]
)
def test_a_retry_waits_longer_each_time_up_to_a_limit(backoff: int, delay: int) -> None:
    for seed in range(50):
        assert delay <= retry_delay_ms(backoff, Random(seed)) <= delay * 1.25  # noqa: S311 - jitter

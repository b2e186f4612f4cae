"""What belongs to a turn, and what lets others in: architecture's rules one by one."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import Object

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydo.runtime.actor import Actor

    from .conftest import Core


class Counter(Object):
    """Reads, does something in between, writes; each form gives the number that it found."""

    async def plainly(self) -> int:
        found = await self.get()
        await self.put(found + 1)
        return found

    async def with_gather(self) -> int:
        found, _ = await asyncio.gather(self.get(), self.get())
        await asyncio.gather(self.put(found + 1), self.get())
        return found

    async def with_a_task_group(self) -> int:
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self.get())
        async with asyncio.TaskGroup() as group:
            group.create_task(self.put(reading.result() + 1))
        return reading.result()

    async def with_create_task(self) -> int:
        found = await asyncio.create_task(self.get())
        await asyncio.create_task(self.put(found + 1))
        return found

    async def with_ensure_future(self) -> int:
        found = await asyncio.ensure_future(self.get())
        await asyncio.ensure_future(self.put(found + 1))
        return found

    async def with_a_task_made_by_hand(self) -> int:
        found = await asyncio.Task(self.get())
        await asyncio.Task(self.put(found + 1), loop=asyncio.get_running_loop())
        return found

    async def with_sleep_zero(self) -> int:
        found = await self.get()
        for _ in range(5):
            await asyncio.sleep(0)
        await self.put(found + 1)
        return found

    async def with_call_soon(self) -> int:
        found = await self.get()
        loop = asyncio.get_running_loop()
        written = loop.create_future()

        def write() -> None:
            self.write(found + 1)
            written.set_result(None)

        loop.call_soon(write)
        await written
        return found

    async def with_microtasks_that_make_microtasks(self) -> int:
        found = await self.get()
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue_microtask(9, found + 1, written)
        await written
        return found

    def queue_microtask(self, more: int, number: int, written: asyncio.Future[None]) -> None:
        if not more:
            self.write(number)
            written.set_result(None)
            return
        asyncio.get_running_loop().call_soon(self.queue_microtask, more - 1, number, written)

    async def with_a_future_of_its_own(self) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        future.set_result(self.read())
        found = await future
        await self.put(found + 1)
        return found

    async def with_a_done_callback(self) -> int:
        reading = asyncio.ensure_future(self.get())
        reading.add_done_callback(lambda done: self.write(done.result() + 1))
        return await reading

    async def with_wait_for(self) -> int:
        found = await asyncio.wait_for(self.get(), 10)
        await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(self.put(found + 1))), 10)
        return found

    async def with_a_timeout_that_does_not_come(self) -> int:
        async with asyncio.timeout(10):
            found = await asyncio.create_task(self.get())
        await self.put(found + 1)
        return found

    async def with_a_queue(self) -> int:
        queue: asyncio.Queue[int] = asyncio.Queue()
        reading = asyncio.create_task(queue.get())
        await queue.put(self.read())
        found = await reading
        await self.put(found + 1)
        return found

    async def with_an_event(self) -> int:
        event, found = asyncio.Event(), await self.get()
        waiting = asyncio.create_task(event.wait())
        event.set()
        await waiting
        await self.put(found + 1)
        return found

    async def with_an_async_generator(self) -> int:
        async for found in self.numbers():
            await self.put(found + 1)
            return found
        return -1

    async def numbers(self) -> AsyncIterator[int]:
        while True:
            await asyncio.sleep(0)
            yield self.read()

    async def in_a_section(self) -> int:
        return int(await self.section(self.plainly))

    async def in_a_section_with_a_wait(self) -> int:
        return int(await self.section(self.with_a_sleep))

    async def section(self, callback: Any) -> Any:
        return await self.actor.block_concurrency_while(callback)

    # -- a real wait

    async def with_a_sleep(self) -> int:
        found = await self.get()
        await asyncio.sleep(0.01)
        await self.put(found + 1)
        return found

    async def with_sync(self) -> int:
        found = await self.get()
        await self.actor.sync()
        await self.put(found + 1)
        return found

    async def with_a_thread(self) -> int:
        found = await self.get()
        await asyncio.to_thread(int)
        await self.put(found + 1)
        return found


FORMS_OF_ONE_TURN = [
    "plainly",
    "with_gather",
    "with_a_task_group",
    "with_create_task",
    "with_ensure_future",
    "with_a_task_made_by_hand",
    "with_sleep_zero",
    "with_call_soon",
    "with_microtasks_that_make_microtasks",
    "with_a_future_of_its_own",
    "with_a_done_callback",
    "with_wait_for",
    "with_a_timeout_that_does_not_come",
    "with_a_queue",
    "with_an_event",
    "with_an_async_generator",
]


@pytest.mark.parametrize("form", FORMS_OF_ONE_TURN)
async def test_fifty_concurrent_increments_all_survive(core: Core, form: str) -> None:
    counter = core.stub(Counter)

    found = await counter.fifty(form)

    assert sorted(found) == list(range(50))
    assert await counter.call("get") == 50


@pytest.mark.parametrize("form", FORMS_OF_ONE_TURN)
async def test_what_a_turn_makes_ready_stays_in_it(core: Core, form: str) -> None:
    turns: list[tuple[int, int]] = []

    class Watched(Counter):
        async def watch(self, form: str) -> None:
            before = core.loop.turn_number
            await getattr(self, form)()
            turns.append((before, core.loop.turn_number))

    await core.stub(Watched).fifty("watch", form)

    assert all(before == after for before, after in turns)
    assert len({before for before, _ in turns}) == 50


@pytest.mark.parametrize("form", ["in_a_section", "in_a_section_with_a_wait"])
async def test_fifty_concurrent_increments_in_sections_all_survive(core: Core, form: str) -> None:
    counter = core.stub(Counter)

    finding = asyncio.ensure_future(counter.fifty(form))
    await core.advance(1)

    assert sorted(finding.result()) == list(range(50))
    assert await counter.call("get") == 50


async def test_a_sleep_between_reading_and_writing_lets_others_in(core: Core) -> None:
    counter = core.stub(Counter)

    finding = asyncio.ensure_future(counter.fifty("with_a_sleep"))
    await core.advance(0.01)

    assert finding.result() == [0] * 50
    assert await counter.call("get") == 1


@pytest.mark.parametrize("form", ["with_sync", "with_a_thread"])
async def test_waiting_for_the_world_lets_others_in(core: Core, form: str) -> None:
    counter = core.stub(Counter)

    found = await counter.fifty(form)

    assert max(found) < 49
    assert await counter.call("get") < 50


async def test_calling_another_object_lets_others_in(core: Core) -> None:
    class Other(Object):
        async def nothing(self) -> None: ...

    class Caller(Counter):
        async def with_a_call(self) -> int:
            found = await self.get()
            await core.stub(Other).call("nothing")
            await self.put(found + 1)
            return found

    caller = core.stub(Caller)

    assert await caller.fifty("with_a_call") == [0] * 50
    assert await caller.call("get") == 1


async def test_what_is_settled_from_outside_arrives_in_a_turn_of_its_own(core: Core) -> None:
    answer: asyncio.Future[int] = core.loop.create_future()

    class Waiting(Object):
        async def wait(self) -> tuple[bool, int]:
            before = core.loop.turn_number
            found = await answer
            return core.loop.turn_number > before, found

    waiting = core.stub(Waiting).call("wait")
    await core.advance()
    assert not waiting.done()
    answer.set_result(7)

    assert await waiting == (True, 7)


async def test_events_enter_in_the_order_in_which_they_came(core: Core) -> None:
    order: list[int] = []

    class Noting(Object):
        async def note(self, number: int) -> None:
            order.append(number)

    noting = core.stub(Noting)

    await asyncio.gather(*(noting.call("note", number) for number in range(200)))

    assert order == list(range(200))


async def test_an_object_that_calls_itself_does_not_wait_for_itself(core: Core) -> None:
    order: list[str] = []

    class Calling(Object):
        async def outer(self) -> None:
            inner = core.stub(Calling).call("inner")
            await asyncio.sleep(0)
            order.append("the caller's turn goes on")
            await inner
            order.append("the caller has its answer")

        async def inner(self) -> None:
            order.append("the call is an event of its own")

    await core.stub(Calling).call("outer")

    assert order == [
        "the caller's turn goes on",
        "the call is an event of its own",
        "the caller has its answer",
    ]


async def test_objects_may_call_each_other_in_a_ring(core: Core) -> None:
    class First(Object):
        async def ask(self) -> str:
            return f"first({await core.stub(Second).call('ask')})"

        async def asked_back(self) -> str:
            return "first again"

    class Second(Object):
        async def ask(self) -> str:
            return f"second({await core.stub(First).call('asked_back')})"

    assert await core.stub(First).call("ask") == "first(second(first again))"


async def test_no_variable_of_an_event_is_seen_in_the_next(core: Core) -> None:
    variable: ContextVar[str] = ContextVar("variable", default="unset")

    class Remembering(Object):
        def __init__(self, actor: Actor) -> None:
            super().__init__(actor)
            variable.set("by the constructor")

        async def remember(self) -> tuple[str, str]:
            before = variable.get()
            variable.set("by an event")
            return before, await asyncio.create_task(self.recall())

        async def recall(self) -> str:
            return variable.get()

    variable.set("by the caller")
    stub = core.stub(Remembering)

    assert await stub.call("remember") == ("unset", "by an event")
    assert await stub.call("remember") == ("unset", "by an event")


async def test_a_call_soon_from_any_thread_arrives_in_a_turn_of_its_own(core: Core) -> None:
    seen: list[object] = []

    class Calling(Object):
        async def from_its_own_turn(self) -> None:
            asyncio.get_running_loop().call_soon_threadsafe(self.note, core.loop.turn_number)

        async def from_another_thread(self) -> None:
            loop, turn = asyncio.get_running_loop(), core.loop.turn_number
            await asyncio.to_thread(loop.call_soon_threadsafe, self.note, turn)

        def note(self, turn: int) -> None:
            self.write(self.read() + 1)
            seen.append(core.loop.turn_number > turn)

    stub = core.stub(Calling)

    await stub.call("from_its_own_turn")
    await stub.call("from_another_thread")
    await core.advance()

    assert seen == [True, True]
    assert await stub.call("get") == 2


async def test_a_turn_that_waits_for_a_thread_lets_others_in(core: Core) -> None:
    class Threaded(Object):
        bell = threading.Event()

        async def wait(self) -> bool:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, self.bell.wait, 10)

        async def ring(self) -> None:
            self.bell.set()

    stub = core.stub(Threaded)

    waiting = stub.call("wait")
    await stub.call("ring")

    assert await waiting is True


async def test_the_loop_gets_its_turn_while_many_events_wait(core: Core) -> None:
    handled: list[int] = []

    class Noting(Object):
        async def note(self, number: int) -> None:
            handled.append(number)

    noting = core.stub(Noting)
    await noting.call("note", -1)

    calls = [noting.call("note", number) for number in range(500)]
    await asyncio.sleep(0)
    handled_at_first = len(handled)
    await asyncio.gather(*calls)

    assert 1 < handled_at_first < 250
    assert handled == list(range(-1, 500))


# -- timers


async def test_a_timer_rings_when_it_is_due_and_not_before(core: Core) -> None:
    class Ringing(Object):
        async def set(self) -> None:
            asyncio.get_running_loop().call_later(5, self.write, 1)
            asyncio.get_running_loop().call_at(core.loop.time() + 6, self.write, 2)

    ringing = core.stub(Ringing)
    await ringing.call("set")

    await core.advance(4)
    assert await ringing.call("get") == 0
    await core.advance(1)
    assert await ringing.call("get") == 1
    await core.advance(1)
    assert await ringing.call("get") == 2


async def test_a_timer_says_when_it_is_due_and_whether_it_was_taken_back(core: Core) -> None:
    class Ringing(Object):
        async def set(self) -> None:
            timer = core.loop.call_later(5, self.write, 1)
            assert timer.when() == core.loop.time() + 5
            assert not timer.cancelled()
            timer.cancel()
            timer.cancel()
            assert timer.cancelled()

    ringing = core.stub(Ringing)

    await ringing.call("set")
    await core.advance(9)

    assert await ringing.call("get") == 0


async def test_a_timer_taken_back_while_it_waits_at_the_gate_does_not_ring(core: Core) -> None:
    rung: list[float] = []

    class Ringing(Object):
        async def run(self) -> None:
            timers = [core.loop.call_later(1, rung.append, each) for each in (1, 2)]
            await self.actor.block_concurrency_while(lambda: self.take_back(timers[0]))

        async def take_back(self, timer: asyncio.TimerHandle) -> None:
            await asyncio.sleep(3)
            assert rung == []
            timer.cancel()

    run = core.stub(Ringing).call("run")
    await core.advance(4)

    await run
    assert rung == [2]


async def test_sleeps_end_in_the_order_in_which_they_are_due(core: Core) -> None:
    order: list[int] = []

    class Sleeping(Object):
        async def sleep(self, seconds: int) -> None:
            await asyncio.sleep(seconds)
            order.append(seconds)

    stub = core.stub(Sleeping)

    calls = [stub.call("sleep", seconds) for seconds in (3, 1, 2)]
    await core.advance(3)

    assert order == [1, 2, 3]
    assert all(call.done() for call in calls)


# -- what waits at the gate


class Patient(Object):
    """Something is under way at the root, and a section is open until the fifth second."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        self.log: list[str] = []

    async def hold(self) -> None:
        await self.actor.block_concurrency_while(self.five_seconds)

    async def five_seconds(self) -> None:
        self.log.append("the section begins")
        await asyncio.sleep(5)
        self.log.append("the section ends")

    async def time_out(self) -> None:
        try:
            async with asyncio.timeout(1):
                await asyncio.sleep(100)
        except TimeoutError:
            self.log.append("timed out")

    async def wait_for(self, future: asyncio.Future[None]) -> None:
        try:
            await future
        except asyncio.CancelledError:
            self.log.append("cancelled")
        except ValueError:
            self.log.append("failed")

    async def call(self, other: Any) -> None:
        try:
            await other.call("fail")
        except Exception:  # noqa: BLE001 - the test says which
            self.log.append("the call failed")

    def told(self) -> list[str]:
        return self.log


async def test_a_time_out_waits_at_the_gate(core: Core) -> None:
    patient = core.stub(Patient)
    timing_out, holding = patient.call("time_out"), patient.call("hold")

    await core.advance(5)

    await asyncio.gather(timing_out, holding)
    told = await patient.call("told")
    assert told == ["the section begins", "the section ends", "timed out"]


async def test_an_error_waits_at_the_gate(core: Core) -> None:
    patient, future = core.stub(Patient), core.loop.create_future()
    waiting, holding = patient.call("wait_for", future), patient.call("hold")

    await core.advance(1)
    future.set_exception(ValueError())
    await core.advance(4)

    await asyncio.gather(waiting, holding)
    told = await patient.call("told")
    assert told == ["the section begins", "the section ends", "failed"]


async def test_a_cancellation_waits_at_the_gate(core: Core) -> None:
    patient, future = core.stub(Patient), core.loop.create_future()
    waiting, holding = patient.call("wait_for", future), patient.call("hold")

    await core.advance(1)
    future.cancel()
    await core.advance(4)

    await asyncio.gather(waiting, holding)
    told = await patient.call("told")
    assert told == ["the section begins", "the section ends", "cancelled"]


async def test_the_failure_of_a_call_waits_at_the_gate(core: Core) -> None:
    class Failing(Object):
        async def fail(self) -> None:  # type: ignore[override] # slower than the plain one
            await asyncio.sleep(1)
            raise ValueError

    patient = core.stub(Patient)
    calling, holding = patient.call("call", core.stub(Failing)), patient.call("hold")

    await core.advance(5)

    await asyncio.gather(calling, holding)
    told = await patient.call("told")
    assert told == ["the section begins", "the section ends", "the call failed"]


async def test_a_caller_that_gives_up_does_not_stop_what_it_called(core: Core) -> None:
    class Working(Object):
        async def work(self) -> None:
            await asyncio.sleep(1)
            self.write(1)

    working = core.stub(Working)
    call = working.call("work")
    await core.advance()

    call.cancel()
    await core.advance(1)

    assert await working.call("get") == 1


async def test_a_call_given_up_before_it_came_in_is_not_made(core: Core) -> None:
    patient = core.stub(Patient)
    holding = patient.call("hold")
    await core.advance(1)

    given_up = patient.call("put", 1)
    await core.advance(1)
    given_up.cancel()
    await core.advance(5)

    await holding
    assert await patient.call("get") == 0

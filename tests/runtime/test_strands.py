"""Waiting in plain functions: what it lets in and what it keeps out, as an `await` there would."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest
from greenlet import GreenletExit

from pydo.runtime.strand import can_wait, pin_while_collecting, pinned, wait

from .conftest import Object, failure_of, on_disk

if TYPE_CHECKING:
    from pydo.runtime.actor import Actor

    from .conftest import Core

PLACE: ContextVar[str] = ContextVar("place", default="nowhere")


class Waiting(Object):
    """Its methods are plain functions that wait."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        self.order: list[str] = []

    def increase(self) -> int:
        found = wait(self.get())
        wait(asyncio.sleep(0))
        wait(self.put(found + 1))
        return found

    def slow(self, number: int) -> int:
        self.write(number)
        wait(asyncio.sleep(1))
        return self.read()

    def fail_later(self) -> str:
        try:
            wait(self._failing())
        except ValueError as error:
            return str(error)
        return "nothing"

    async def _failing(self) -> None:
        await asyncio.sleep(1)
        raise ValueError("late")

    def deep(self, depth: int) -> int:
        async def below() -> int:
            await asyncio.sleep(0.1)
            return self.deep(depth - 1)

        return 0 if depth == 0 else 1 + wait(below())

    def context(self, name: str) -> str:
        PLACE.set(name)
        wait(asyncio.sleep(1))
        return PLACE.get()

    async def tasks(self) -> list[str]:
        async def one(name: str) -> str:
            task = asyncio.current_task()
            wait(asyncio.sleep(1))
            assert asyncio.current_task() is task
            await asyncio.sleep(0)
            return name

        return list(await asyncio.gather(one("a"), one("b"), one("c")))

    async def section(self) -> int:
        async def within() -> None:
            found = self.read()
            wait(asyncio.sleep(5))
            self.write(found + 100)

        await self.actor.block_concurrency_while(within)
        return self.read()

    def in_a_transaction(self) -> bool:
        return bool(self.actor.transaction_sync(can_wait))

    def from_a_timer(self) -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def ring() -> None:
            wait(asyncio.sleep(1))
            found.set_result(self.read())

        asyncio.get_running_loop().call_later(1, ring)
        return int(wait(found))

    def wait_in_a_timer(self) -> None:
        asyncio.get_running_loop().call_later(1, lambda: wait(asyncio.Event().wait()))

    def until_complete(self) -> int:
        loop = asyncio.get_running_loop()
        return loop.run_until_complete(self.get())

    async def cancelled_meanwhile(self) -> str:
        async def waits() -> str:
            wait(asyncio.sleep(1))
            await asyncio.sleep(1)
            return "went on"

        task = asyncio.ensure_future(waits())
        await asyncio.sleep(0)
        task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            return "cancelled"

    def ends_its_greenlet(self, number: int) -> None:
        def end() -> None:
            raise GreenletExit

        self.write(number)
        asyncio.get_running_loop().call_soon(end)

    def forever(self) -> None:
        try:
            wait(asyncio.Event().wait())
        finally:
            ENDED.append("given back")


ENDED: list[str] = []


class WaitsInItsConstructor(Object):
    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        wait(self.get())


async def test_nothing_gets_between_a_read_and_a_write(core: Core) -> None:
    found = await core.stub(Waiting).fifty("increase")

    assert sorted(found) == list(range(50))


async def test_a_wait_lets_other_events_in_and_commits_what_was_written(core: Core) -> None:
    stub = core.stub(Waiting)

    slow = stub.call("slow", 7)
    await core.advance(0.5)
    seen, stored = await stub.call("get"), on_disk(stub.file)
    await stub.call("put", 8)
    await core.advance(1)

    assert (seen, stored, await slow) == (7, {"n": 7}, 8)


async def test_the_other_turns_of_a_pass_go_on_without_the_one_that_waits(core: Core) -> None:
    stub = core.stub(Waiting)
    await stub.call("put", 0)

    slow, put, get = stub.call("slow", 1), stub.call("put", 2), stub.call("get")
    await core.loop.settled()
    found, has_waited = (await put, await get), not slow.done()
    await core.advance(1)

    assert (found[1], has_waited, await slow) == (2, True, 2)


async def test_a_mistake_at_the_end_of_a_turn_is_told_and_stops_nobody_else(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub, told = core.stub(Waiting), []
    await stub.call("put", 1)
    core.loop.set_exception_handler(lambda _, context: told.append(context["exception"]))

    def fail() -> None:
        raise AssertionError("a mistake")

    monkeypatch.setattr(stub.container.actor, "end_turn", fail)
    stub.call("get")
    await core.loop.settled()
    monkeypatch.undo()

    assert [str(error) for error in told] == ["a mistake"]
    assert await core.stub(Waiting, "another").call("increase") == 0


async def test_an_error_comes_out_of_the_wait(core: Core) -> None:
    call = core.stub(Waiting).call("fail_later")
    await core.advance(1)

    assert await call == "late"


async def test_a_wait_within_what_is_waited_for(core: Core) -> None:
    call = core.stub(Waiting).call("deep", 20)
    await core.advance(3)

    assert await call == 20


async def test_each_event_keeps_its_context_variables(core: Core) -> None:
    calls = [core.stub(Waiting).call("context", name) for name in "abc"]
    await core.advance(1)

    assert await asyncio.gather(*calls) == ["a", "b", "c"]


async def test_tasks_wait_side_by_side_and_stay_current(core: Core) -> None:
    call = core.stub(Waiting).call("tasks")
    await core.advance(1)

    assert await call == ["a", "b", "c"]


async def test_a_wait_in_a_section_keeps_other_events_out(core: Core) -> None:
    stub = core.stub(Waiting)

    section = stub.call("section")
    await core.advance(1)
    other = stub.call("increase")
    await core.advance(2)
    was_out = not other.done()
    await core.advance(2)

    assert (was_out, await section, await other) == (True, 100, 100)


async def test_a_callback_of_a_timer_waits(core: Core) -> None:
    stub = core.stub(Waiting)
    await stub.call("put", 3)

    call = stub.call("from_a_timer")
    await core.advance(2)

    assert await call == 3


async def test_the_loop_runs_until_complete_within_a_handler(core: Core) -> None:
    assert await core.stub(Waiting).call("until_complete") == 0


async def test_a_synchronous_transaction_cannot_be_left(core: Core) -> None:
    assert await core.stub(Waiting).call("in_a_transaction") is False


async def test_a_constructor_cannot_wait(core: Core) -> None:
    error = await failure_of(core.stub(WaitsInItsConstructor).call("get"))

    assert "Cannot stack switch because the Python entrypoint was a synchronous" in str(error)


async def test_outside_of_turns_nothing_waits(core: Core) -> None:
    assert not can_wait()
    with pytest.raises(RuntimeError, match=r"^No suspender$"):
        wait(core.advance())


async def test_a_task_cancelled_while_it_waits_ends_at_its_next_await(core: Core) -> None:
    call = core.stub(Waiting).call("cancelled_meanwhile")
    await core.advance(3)

    assert await call == "cancelled"


async def test_a_reset_ends_what_waits(core: Core) -> None:
    stub = core.stub(Waiting)
    call = stub.call("forever")
    await core.advance()
    actor = stub.container.actor
    assert actor is not None

    actor.break_with(ValueError("broken"))
    await failure_of(call)
    await core.advance()

    assert ENDED == ["given back"]
    assert not actor.turns.put_aside


async def test_a_waiting_event_keeps_its_object(core: Core) -> None:
    stub = core.stub(Waiting)

    call = stub.call("slow", 1)
    await core.advance(0.9)
    actor = stub.container.actor
    await core.advance(0.2)

    assert await call == 1
    assert stub.container.actor is actor
    assert core.heard.errors == []


async def test_the_worker_waits_as_objects_do(core: Core) -> None:
    async def handle(request: object) -> object:
        return wait(asyncio.sleep(1, request))

    core.serve(handle)

    answer = core.runtime.fetch("hello")
    task = asyncio.ensure_future(answer)
    await core.advance(1)

    assert await task == "hello"


async def test_newer_code_ends_what_waits_too_long(core: Core) -> None:
    stub = core.stub(Waiting, "replaced")
    call = stub.call("forever")
    await core.advance()

    core.replace()
    await core.advance(10)
    error = await failure_of(call)

    assert "reset because its code was updated" in str(error)


async def test_an_abort_while_it_waits_takes_back_nothing_that_was_committed(core: Core) -> None:
    stub = core.stub(Waiting)
    slow = stub.call("slow", 7)
    await core.advance(0.5)
    actor = stub.container.actor
    assert actor is not None

    actor.break_with(ValueError("broken"))
    await failure_of(slow)
    await core.advance(1)

    assert await core.stub(Waiting).call("get") == 7


async def test_what_waited_is_let_go(core: Core) -> None:
    stub = core.stub(Waiting)
    call = stub.call("slow", 1)
    await core.advance(1)
    await call
    before = weakref.ref(stub.container.actor)

    await core.advance(20)
    gc.collect()

    assert before() is None


class Releasing:
    """Waits when it is collected, as the SDK's reader of a body does."""

    def __del__(self) -> None:
        GIVEN_BACK.append(can_wait())


GIVEN_BACK: list[bool] = []


class Holder(Object):
    def drop(self) -> None:
        releasing = Releasing()
        del releasing

    def drop_a_cycle(self) -> None:
        releasing = Releasing()
        vars(releasing)["itself"] = releasing
        del releasing
        gc.collect()
        GIVEN_BACK.append(can_wait())


async def test_what_is_dropped_in_a_handler_may_wait(core: Core) -> None:
    GIVEN_BACK.clear()

    await core.stub(Holder).call("drop")

    assert GIVEN_BACK == [True]


async def test_what_the_garbage_collector_finalizes_cannot_wait(core: Core) -> None:
    GIVEN_BACK.clear()
    gc.callbacks.append(pin_while_collecting)
    try:
        await core.stub(Holder).call("drop_a_cycle")
        gc.collect()  # outside of turns there is nothing to pin
    finally:
        gc.callbacks.remove(pin_while_collecting)

    assert GIVEN_BACK == [False, True]


async def test_a_callback_that_nobody_can_resume_ends_in_silence(core: Core) -> None:
    stub = core.stub(Waiting)
    await stub.call("wait_in_a_timer")
    await core.advance(1)
    actor = stub.container.actor
    assert actor is not None
    (strand,) = actor.turns.put_aside

    strand.throw()  # as happens to a stack that is collected

    assert strand.dead
    assert core.heard.errors == []


async def test_a_future_outside_of_turns_is_left_to_its_owner(core: Core) -> None:
    future = core.loop.create_future()

    with pytest.raises(RuntimeError):
        wait(future)

    assert not future.done()
    assert pinned(max, 1, 2) == 2


async def test_no_callback_ends_the_stack_that_turns_run_on(core: Core) -> None:
    stub = core.stub(Waiting)

    calls = [stub.call("put", 1), stub.call("ends_its_greenlet", 2), stub.call("get")]
    found = await asyncio.wait_for(asyncio.gather(*calls), 1)
    [(_, error)] = core.heard.errors

    assert found[-1] == 2
    assert isinstance(error, GreenletExit)

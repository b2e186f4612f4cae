"""The first step of an event's task, which is taken where the event begins."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException

from .conftest import Object, failure_of

if TYPE_CHECKING:
    from pydo.runtime.loop import ObjectLoop

    from .conftest import Core

NOTE: ContextVar[str] = ContextVar("note", default="")


class Beginning(Object):
    """Does in its first step what is seldom done there."""

    def __init__(self, actor: Any) -> None:
        super().__init__(actor)
        self.log: list[object] = []

    async def tasks(self) -> tuple[bool, bool, bool]:
        task = asyncio.current_task()
        before = task is not None and task in asyncio.all_tasks()
        await asyncio.sleep(0)
        same = asyncio.current_task() is task
        async with asyncio.TaskGroup() as group:
            other = group.create_task(asyncio.sleep(0))
        return before, same, other.done()

    async def within(self, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            await asyncio.sleep(60)

    async def cancelled(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel("enough")
        self.log.append("still here")
        try:
            await asyncio.sleep(60)
        finally:
            self.log.append("cancelled")

    async def noted(self, text: str) -> tuple[str, str]:
        before = NOTE.get()
        NOTE.set(text)
        await asyncio.sleep(0)
        return before, NOTE.get()

    async def logged(self) -> list[object]:
        return self.log


@pytest.mark.parametrize("is_debugging", [False, True])
async def test_a_handler_is_a_task_from_its_first_step_on(
    core: Core, loop: ObjectLoop, *, is_debugging: bool
) -> None:
    loop.set_debug(is_debugging)

    answer = await core.stub(Beginning).call("tasks")

    assert answer == (True, True, True)


async def test_a_timeout_that_begins_in_the_first_step_ends_in_time(core: Core) -> None:
    call = core.stub(Beginning).call("within", 5.0)

    await core.advance(4.9)
    assert not call.done()
    await core.advance(0.2)

    assert (await failure_of(call)).message.endswith("TimeoutError\n")


async def test_a_handler_that_cancels_itself_at_once_ends_at_its_first_wait(core: Core) -> None:
    stub = core.stub(Beginning)

    error = await failure_of(stub.call("cancelled"))

    assert "CancelledError" in error.message
    assert await stub.call("logged") == ["still here", "cancelled"]


async def test_an_object_that_is_reset_in_the_first_step_is_cancelled(core: Core) -> None:
    ends: list[str] = []

    class Aborting(Object):
        async def abort(self) -> None:
            self.write(1)
            self.actor.abort("enough")
            try:
                await asyncio.sleep(60)
            finally:
                ends.append("cancelled")

    error = await failure_of(core.stub(Aborting).call("abort"))
    await core.advance()

    assert error.message == "enough"
    assert ends == ["cancelled"]
    assert await core.stub(Aborting).call("get") == 0


async def test_a_variable_set_in_the_first_step_stays_with_its_event(core: Core) -> None:
    stub = core.stub(Beginning)

    answers = await asyncio.gather(*(stub.call("noted", text) for text in "abc"))

    assert answers == [("", "a"), ("", "b"), ("", "c")]


class Late:
    """Something that makes a task while another is made, as a destructor may."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[str]] = []
        self.coroutine = self.work()

    async def work(self) -> str:
        return "worked"

    def __getattribute__(self, name: str) -> Any:
        if name != "__class__":  # asked whether it is a coroutine
            return object.__getattribute__(self, name)
        if not self.tasks:
            self.tasks.append(asyncio.ensure_future(self.work()))
        return type(self.coroutine)

    def send(self, value: Any) -> Any:
        return self.coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        return self.coroutine.throw(*error)

    def close(self) -> None:
        self.coroutine.close()


async def test_a_task_that_is_made_meanwhile_is_no_part_of_it(core: Core, loop: ObjectLoop) -> None:
    class Meeting(Object):
        async def meet(self) -> tuple[bool, bool, str, object]:
            late: Any = Late()
            task, begin = loop.task_to_begin(late, copy_context(), "late")
            loop.call_soon(begin)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return task.done(), late.tasks[0].done(), late.tasks[0].result(), task.result()

    answer = await core.stub(Meeting).call("meet")

    assert answer == (True, True, "worked", "worked")


async def test_what_a_first_step_raises_is_the_callers(core: Core) -> None:
    class Raising(Object):
        async def stop(self) -> None:
            raise JsException("TypeError", "at once")

        async def leave(self) -> None:
            raise SystemExit(3)

    stub = core.stub(Raising)

    assert (await failure_of(stub.call("stop"))).message == "at once"
    assert "SystemExit" in (await failure_of(stub.call("leave"))).message

"""The loop at its edges: other threads, transports, async generators, a machine without uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.util
import os
import sys
import threading
import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest

from pydo.runtime import loop as loop_module
from pydo.runtime.clock import ManualClock
from pydo.runtime.loop import ObjectLoop

from .conftest import Core, Object, failure_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from pydo.runtime.actor import Actor


# -- other threads


@pytest.mark.parametrize(
    "use", ["read", "write", "delete_all", "sync", "section", "abort", "wait_until"]
)
async def test_an_object_used_from_another_thread_says_so(core: Core, use: str) -> None:
    class Threaded(Object):
        async def run(self, use: str) -> str:
            try:
                await asyncio.to_thread(getattr(self, f"use_{use}"))
            except RuntimeError as error:
                return str(error)
            return "nothing was said"

        def use_read(self) -> None:
            self.read()

        def use_write(self) -> None:
            self.write(1)

        def use_delete_all(self) -> None:
            self.actor.delete_all()

        def use_sync(self) -> None:
            self.actor.sync()

        def use_section(self) -> None:
            self.actor.block_concurrency_while(lambda: None)

        def use_abort(self) -> None:
            self.actor.abort("from a thread")

        def use_wait_until(self) -> None:
            coroutine = self.get()
            with contextlib.closing(coroutine):
                self.actor.wait_until(coroutine)

    said = await core.stub(Threaded).call("run", use)

    assert said.startswith("Threaded/a was used outside its own turns, from another thread")


async def test_a_call_to_an_object_from_another_thread_says_so(core: Core) -> None:
    class Threaded(Object):
        async def run(self) -> str:
            try:
                await asyncio.to_thread(core.stub(Object).call, "get")
            except RuntimeError as error:
                return str(error)
            return "nothing was said"

    said = await core.stub(Threaded).call("run")

    assert said.startswith("Threaded/a called an object from outside its own turns")


async def test_what_a_thread_gives_back_may_be_stored(core: Core) -> None:
    class Threaded(Object):
        async def run(self) -> int:
            loop = asyncio.get_running_loop()
            self.write(await loop.run_in_executor(None, lambda: 21))
            self.write(2 * await asyncio.to_thread(lambda: self.number))
            return self.read()

        number = 21

    assert await core.stub(Threaded).call("run") == 42


async def test_what_a_thread_gives_back_waits_at_the_gate(core: Core) -> None:
    log: list[str] = []
    goes_on = threading.Event()

    class Threaded(Object):
        async def run(self) -> None:
            calling = asyncio.get_running_loop().run_in_executor(None, goes_on.wait)
            opening = self.actor.block_concurrency_while(self.wait_for_another_thread)
            await calling
            log.append("the thread's answer")
            await opening

        async def wait_for_another_thread(self) -> None:
            goes_on.set()
            for _ in range(5):
                await asyncio.to_thread(lambda: None)
            log.append("the section ends")

    await core.stub(Threaded).call("run")

    assert log == ["the section ends", "the thread's answer"]


# -- outside turns in the same thread


async def test_an_object_used_from_outside_its_turns_says_so(core: Core) -> None:
    actors: list[Actor] = []

    class Leaking(Object):
        def __init__(self, actor: Actor) -> None:
            super().__init__(actor)
            actors.append(actor)

    class Borrowing(Object):
        async def borrow(self) -> str:
            with pytest.raises(RuntimeError) as raised:
                _ = actors[0].kv
            return str(raised.value)

    await core.stub(Leaking).call("get")

    with pytest.raises(RuntimeError, match="Leaking/a was used outside its own turns"):
        _ = actors[0].kv
    assert (await core.stub(Borrowing).call("borrow")).startswith("Leaking/a was used outside")


class Reading(asyncio.Protocol):
    """Uses the object's storage when data arrives, as a careless client would."""

    def __init__(self, object_: Object) -> None:
        self.object = object_
        self.outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        try:
            self.object.write(len(data))
        except RuntimeError as error:
            self.outcome.set_result(str(error))
        else:
            self.outcome.set_result("stored")


async def test_the_callback_of_a_transport_has_no_turn(core: Core) -> None:
    reading_end, writing_end = os.pipe()

    class Connected(Object):
        async def connect(self) -> str:
            transport, protocol = await core.loop.connect_read_pipe(
                lambda: Reading(self), os.fdopen(reading_end, "rb")
            )
            os.write(writing_end, b"hello")
            try:
                return await protocol.outcome
            finally:
                transport.close()
                os.close(writing_end)

    said = await core.stub(Connected).call("connect")

    assert said.startswith("Connected/a was used outside its own turns")


async def test_a_transport_does_not_wait_for_the_object_that_opened_it(core: Core) -> None:
    reading_end, writing_end = os.pipe()

    class Pool(Object):
        async def connect(self) -> None:
            self.transport, self.protocol = await core.loop.connect_read_pipe(
                lambda: Reading(self), os.fdopen(reading_end, "rb")
            )

        async def hold(self) -> str:
            return await self.actor.block_concurrency_while(self.read_while_held)  # type: ignore[return-value]

        async def read_while_held(self) -> str:
            os.write(writing_end, b"hello")
            while not self.protocol.outcome.done():
                await asyncio.to_thread(lambda: None)
            self.transport.close()
            os.close(writing_end)
            return "data came while the section was open"

    pool = core.stub(Pool)
    await pool.call("connect")

    assert await pool.call("hold") == "data came while the section was open"


async def test_a_transport_opened_outside_any_object_is_opened_as_ever(loop: ObjectLoop) -> None:
    reading_end, writing_end = os.pipe()
    received: asyncio.Future[bytes] = loop.create_future()

    class Plain(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            received.set_result(data)

    transport, _ = await loop.connect_read_pipe(Plain, os.fdopen(reading_end, "rb"))
    os.write(writing_end, b"hello")

    assert await received == b"hello"
    transport.close()
    os.close(writing_end)


# -- async generators


class Generating(Object):
    """Iterates over a generator that waits and writes when it is closed."""

    async def begin(self) -> int:
        async for number in self.numbers():
            return number
        return -1

    async def keep(self) -> None:
        self.kept = self.numbers()
        await anext(self.kept)

    async def finish(self) -> int:
        return sum([number async for number in self.numbers() if number < 3])

    async def numbers(self) -> AsyncIterator[int]:
        try:
            for number in range(3):
                yield number
        finally:
            await asyncio.sleep(0)
            self.write(self.read("closed") + 1, "closed")

    async def hold(self) -> None:
        await self.actor.block_concurrency_while(lambda: asyncio.sleep(1))


async def test_a_generator_left_half_way_is_closed_in_its_owners_turn(core: Core) -> None:
    stub = core.stub(Generating)

    await stub.call("begin")
    gc.collect()
    await core.advance()

    assert await stub.call("read", "closed") == 1
    assert core.heard.errors == []


async def test_a_generator_dropped_outside_is_closed_in_its_owners_turn(core: Core) -> None:
    instances: list[Generating] = []

    class Kept(Generating):
        def __init__(self, actor: Actor) -> None:
            super().__init__(actor)
            instances.append(self)

    stub = core.stub(Kept)
    await stub.call("keep")
    holding = stub.call("hold")
    await core.advance(0.5)

    del instances.pop().kept
    gc.collect()
    await core.advance()
    assert stub.container.actor is not None
    assert stub.container.actor.database.reading() is None
    await core.advance(0.5)

    await holding
    await core.advance()
    assert await stub.call("read", "closed") == 1


async def test_a_generator_that_ran_to_its_end_leaves_nothing_behind(core: Core) -> None:
    class Value: ...

    variable: ContextVar[Value] = ContextVar("variable")

    class Finishing(Generating):
        async def finish_with_a_value(self) -> weakref.ref[Value]:
            variable.set(Value())
            assert await self.finish() == 3
            return weakref.ref(variable.get())

    reference = await core.stub(Finishing).call("finish_with_a_value")
    await core.advance()
    gc.collect()

    assert reference() is None


async def test_a_generator_outside_any_object_is_closed_as_ever(loop: ObjectLoop) -> None:
    closed: asyncio.Future[None] = loop.create_future()

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            closed.set_result(None)

    async for _ in numbers():
        break
    gc.collect()

    await closed


def test_a_generator_dropped_after_the_loop_was_closed_is_let_go(tmp_path: Path) -> None:
    loop = ObjectLoop(ManualClock())
    core = Core(loop, tmp_path)
    instances: list[Generating] = []

    class Kept(Generating):
        def __init__(self, actor: Actor) -> None:
            super().__init__(actor)
            instances.append(self)

    async def run(core: Core) -> None:
        await core.stub(Kept).call("keep")
        core.runtime.close()
        await core.advance()

    loop.run_until_complete(run(core))
    loop.close()

    instances.clear()
    del core
    gc.collect()


# -- who commands the loop


class Commanding(Object):
    async def stop(self) -> None:
        self.actor.turns.loop.stop()

    async def close(self) -> None:
        self.actor.turns.loop.close()

    async def shut_down(self) -> str:
        loop = self.actor.turns.loop
        await loop.shutdown_asyncgens()
        await loop.shutdown_default_executor()
        return await loop.run_in_executor(None, str, "still there")

    async def cancel_all(self) -> int:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        return len(tasks)

    async def work(self) -> None:
        await asyncio.sleep(60)


async def test_an_object_cannot_stop_the_loop(core: Core) -> None:
    stub = core.stub(Commanding)

    assert "NotImplementedError" in (await failure_of(stub.call("stop"))).message
    await stub.call("close")
    assert await stub.call("shut_down") == "still there"


async def _serve() -> str:
    for _ in range(10):
        await asyncio.sleep(0)
    return "served"


async def test_an_object_that_cancels_every_task_cancels_those_of_objects(core: Core) -> None:
    serving = asyncio.ensure_future(_serve())
    working = core.stub(Commanding, "b").call("work")
    await core.advance()

    count = await core.stub(Commanding).call("cancel_all")
    await core.advance(60)

    assert count == 1
    assert await serving == "served"
    assert "CancelledError" in (await failure_of(working)).message


async def test_what_runs_between_tasks_sees_none(loop: ObjectLoop) -> None:
    task = asyncio.current_task()

    with loop.between_tasks(), loop.between_tasks():
        assert asyncio.current_task() is None

    assert asyncio.current_task() is task


def test_an_exit_of_a_callback_without_owner_does_not_end_the_loop(loop: ObjectLoop) -> None:
    told: list[object] = []
    loop.set_exception_handler(lambda _, context: told.append(context["exception"]))

    async def run() -> str:
        loop.call_soon(sys.exit, 3)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return "served"

    assert loop.run_until_complete(run()) == "served"
    assert [repr(each) for each in told] == ["SystemExit(3)"]


def test_an_exit_of_what_the_loop_runs_for_ends_it(loop: ObjectLoop) -> None:
    async def run() -> None:
        sys.exit(3)

    with pytest.raises(SystemExit):
        loop.run_until_complete(run())


# -- clocks


def test_a_loop_on_the_machines_clock_cannot_be_advanced() -> None:
    loop = ObjectLoop()
    try:
        with pytest.raises(TypeError, match="only a ManualClock can be advanced"):
            loop.run_until_complete(loop.advance(1))
    finally:
        loop.close()


def _without_uvloop(monkeypatch: pytest.MonkeyPatch) -> type[ObjectLoop]:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    spec = importlib.util.find_spec(loop_module.__name__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    plain: type[ObjectLoop] = module.ObjectLoop
    return plain


@pytest.mark.parametrize("make", ["with uvloop", "without uvloop"])
def test_timers_go_by_the_machines_clock_with_and_without_uvloop(
    make: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    loop_type: Callable[[], ObjectLoop] = ObjectLoop
    if make == "without uvloop":
        loop_type = _without_uvloop(monkeypatch)
    loop = loop_type()
    core = Core(loop, tmp_path)

    class Sleeping(Object):
        async def sleep(self) -> str:
            loop.call_soon(self.write, 1)
            await asyncio.sleep(0.001)
            return f"slept, and wrote {self.read()}"

    async def run() -> Any:
        rung: asyncio.Future[None] = loop.create_future()
        loop.call_later(0.001, rung.set_result, None)
        await rung
        async with asyncio.timeout(10):
            await asyncio.sleep(0.001)
        try:
            return await core.stub(Sleeping).call("sleep")
        finally:
            core.runtime.close()
            await loop.settled()

    try:
        assert loop.run_until_complete(run()) == "slept, and wrote 1"
    finally:
        loop.close()

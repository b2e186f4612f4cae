"""The life of an object: made by its first event, let go when it has nothing to do, forgotten."""

from __future__ import annotations

import asyncio
import gc
import pathlib
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from pydo.runtime.actor import Actor
from pydo.runtime.container import Settings
from pydo.runtime.lifecycle import State

from .conftest import Object, Stub, failure_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from .conftest import Core

A_MOMENT = 1 / 1024  # seconds; floats add it up exactly


class Living(Object):
    """Counts its lives, per class."""

    lives: int

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        type(self).lives += 1

    async def name(self) -> str | None:
        return self.actor.id.name

    async def generation(self) -> int:
        return self.actor.generation


def a_class() -> type[Living]:
    class Alive(Living):
        lives = 0

    return Alive


async def test_a_stub_alone_makes_no_object(core: Core) -> None:
    alive = a_class()

    stub = core.stub(alive)
    await core.advance(1)

    assert alive.lives == 0
    assert len(stub.namespace) == 0


async def test_first_events_that_come_together_share_one_instance(core: Core) -> None:
    alive = a_class()

    await asyncio.gather(*(core.stub(alive).call("get") for _ in range(50)))

    assert alive.lives == 1


async def test_objects_of_one_class_are_apart(core: Core) -> None:
    alive = a_class()

    for number, name in enumerate(["a", "b", ""]):
        await core.stub(alive, name).call("put", number)

    assert [await core.stub(alive, name).call("get") for name in ("a", "b", "")] == [0, 1, 2]
    assert alive.lives == 3


# -- eviction


async def test_an_object_is_evicted_after_ten_idle_seconds_and_not_before(core: Core) -> None:
    alive = a_class()
    stub = core.stub(alive)
    await stub.call("put", 1)

    await core.advance(10 - A_MOMENT)
    assert stub.state() is State.IDLE
    await core.advance(A_MOMENT)

    assert stub.state() is State.ABSENT
    assert stub.container.actor is None
    assert len(core.runtime.budget) == 0
    assert core.heard.moves == [
        (State.ABSENT, State.STARTING),
        (State.STARTING, State.RUNNING),
        (State.RUNNING, State.IDLE),
        (State.IDLE, State.ABSENT),
    ]
    assert await stub.call("get") == 1
    assert alive.lives == 2


async def test_each_event_starts_the_ten_seconds_anew(core: Core) -> None:
    alive = a_class()
    stub = core.stub(alive)

    for _ in range(20):
        await stub.call("get")
        await core.advance(9)
    assert alive.lives == 1
    await core.advance(1)
    await stub.call("get")

    assert alive.lives == 2


async def test_an_event_at_the_last_moment_keeps_the_object(core: Core) -> None:
    alive = a_class()
    stub = core.stub(alive)
    await stub.call("get")

    await core.advance(3)
    await stub.call("get")
    await core.advance(10 - A_MOMENT)

    assert stub.state() is State.IDLE
    await core.advance(A_MOMENT)
    assert stub.state() is State.ABSENT


class Busy(Object):
    """Has something to do for five seconds, in each way."""

    async def event(self) -> None:
        await asyncio.sleep(5)

    async def task(self) -> None:
        self.kept = asyncio.create_task(asyncio.sleep(5))

    async def timer(self) -> None:
        asyncio.get_running_loop().call_later(5, self.write, 1)

    async def wait_until(self) -> None:
        self.actor.wait_until(asyncio.sleep(5))

    async def wait_until_a_future(self) -> None:
        self.future = asyncio.get_running_loop().create_future()
        self.actor.wait_until(self.future)
        self.actor.container.loop.clock.call_later(5, lambda: self.future.set_result(None))

    async def section(self) -> None:
        self.actor.block_concurrency_while(lambda: asyncio.sleep(5))


@pytest.mark.parametrize(
    "work", ["event", "task", "timer", "wait_until", "wait_until_a_future", "section"]
)
async def test_what_has_work_is_evicted_ten_seconds_after_its_end(core: Core, work: str) -> None:
    stub = core.stub(Busy)
    call = stub.call(work)

    await core.advance(5 - A_MOMENT)
    assert stub.state() is State.RUNNING
    await core.advance(A_MOMENT)
    await call
    assert stub.state() is State.IDLE
    await core.advance(10 - A_MOMENT)
    assert stub.state() is State.IDLE
    await core.advance(A_MOMENT)

    assert stub.state() is State.ABSENT


async def test_a_task_made_by_hand_keeps_its_object_awake(core: Core) -> None:
    future: asyncio.Future[None] = core.loop.create_future()

    class Waiting(Object):
        async def start(self) -> None:
            self.task = asyncio.Task(self.wait())

        async def wait(self) -> None:
            await future
            self.write(1)

    stub = core.stub(Waiting)
    await stub.call("start")
    await core.advance(30)
    assert stub.state() is State.RUNNING

    future.set_result(None)
    await core.advance()

    assert await stub.call("get") == 1


async def test_a_timer_that_was_taken_back_keeps_nothing_awake(core: Core) -> None:
    timers: list[asyncio.TimerHandle] = []

    class Setting(Object):
        async def set(self) -> None:
            timers.append(core.loop.call_later(100, self.write, 1))

    stub = core.stub(Setting)
    await stub.call("set")
    await core.advance(20)
    assert stub.state() is State.RUNNING

    timers[0].cancel()
    await core.advance()
    assert stub.state() is State.IDLE
    await core.advance(10)

    assert stub.state() is State.ABSENT


async def test_a_timer_keeps_an_idle_object_that_set_it_awake(core: Core) -> None:
    class Ticking(Object):
        ticks = 0

        async def tick(self) -> None:
            self.ticks += 1
            if self.ticks < 5:
                self.actor.wait_until(self.tick_later())

        async def tick_later(self) -> None:
            await asyncio.sleep(9)
            await self.tick()

        async def told(self) -> int:
            return self.ticks

    stub = core.stub(Ticking)
    await stub.call("tick")
    await core.advance(36 + 9)

    assert await stub.call("told") == 5


async def test_what_work_leaves_in_an_idle_object_wakes_it(core: Core) -> None:
    future: asyncio.Future[None] = core.loop.create_future()

    class Waking(Object):
        async def watch(self) -> None:
            future.add_done_callback(self.start)

        def start(self, _: object) -> None:
            self.task = asyncio.create_task(asyncio.sleep(5))

    stub = core.stub(Waking)
    await stub.call("watch")
    await core.advance(1)
    assert stub.state() is State.IDLE

    future.set_result(None)
    await core.advance(1)
    assert stub.state() is State.RUNNING
    await core.advance(4)

    assert stub.state() is State.IDLE


@pytest.mark.parametrize("error", [ValueError("bad"), SystemExit(3), KeyboardInterrupt()])
async def test_an_error_of_what_was_waited_for_is_told_and_resets_nothing(
    core: Core, error: BaseException
) -> None:
    class Waiting(Object):
        async def start(self) -> None:
            self.actor.wait_until(self.break_down())

        async def break_down(self) -> None:
            await asyncio.sleep(1)
            raise error

    stub = core.stub(Waiting)
    await stub.call("start")
    await core.advance(1)

    (where, told), *more = core.heard.errors
    assert (where, more) == ("waitUntil", [])
    assert type(error).__name__ in f"{type(told).__name__}: {told}"
    assert not isinstance(told, (SystemExit, KeyboardInterrupt))
    assert await stub.call("get") == 0


async def test_times_are_settings(start: Callable[..., Core]) -> None:
    core = start(settings=Settings(idle_s=1, forget_s=2, block_s=3))
    alive = a_class()
    stub = core.stub(alive)
    await stub.call("get")

    await core.advance(1)
    assert stub.state() is State.ABSENT
    await core.advance(2)

    assert len(stub.namespace) == 0


# -- being forgotten


async def test_a_place_is_forgotten_after_seventy_seconds_and_not_before(core: Core) -> None:
    stub = core.stub(a_class())
    await stub.call("put", 1)

    await core.advance(70 - A_MOMENT)
    assert len(stub.namespace) == 1
    await core.advance(A_MOMENT)

    assert len(stub.namespace) == 0
    assert await stub.call("get") == 1


async def test_a_place_is_kept_while_its_object_keeps_coming_back(core: Core) -> None:
    alive = a_class()
    stub = core.stub(alive)

    for _ in range(5):
        await stub.call("get")
        await core.advance(65)
        assert len(stub.namespace) == 1
    assert alive.lives == 5
    await core.advance(130)

    assert len(stub.namespace) == 0


async def test_a_place_whose_object_is_alive_is_kept(core: Core) -> None:
    stub = core.stub(Busy)
    await stub.call("get")
    await core.advance(15)

    for _ in range(60):
        await stub.call("get")
        await core.advance(5)

    assert len(stub.namespace) == 1


async def test_places_left_at_different_times_are_forgotten_one_by_one(core: Core) -> None:
    alive = a_class()
    namespace = core.namespace(alive)
    await core.stub(alive, "first").call("get")
    await core.advance(40)
    await core.stub(alive, "second").call("get")

    await core.advance(30)
    assert len(namespace) == 1
    await core.advance(100)

    assert len(namespace) == 0


async def test_a_place_is_forgotten_after_a_reset_too(core: Core) -> None:
    class Aborting(Object):
        async def abort(self) -> None:
            self.actor.abort(None)

    stub = core.stub(Aborting)
    await failure_of(stub.call("abort"))

    await core.advance(60)

    assert len(stub.namespace) == 0


async def test_an_object_knows_its_name_until_its_place_is_forgotten(core: Core) -> None:
    named = core.stub(a_class(), "lobby")
    nameless = Stub(named.namespace, named.namespace.ids.from_string(named.id.hex))
    assert await named.call("name") == "lobby"

    await core.advance(69)
    assert await nameless.call("name") == "lobby"
    await core.advance(140)

    assert await nameless.call("name") is None
    assert await named.call("name") is None


@pytest.mark.parametrize(("length", "is_known"), [(1024, True), (1025, False)])
async def test_an_object_does_not_know_a_very_long_name(
    core: Core, length: int, *, is_known: bool
) -> None:
    name = "a" * length
    stub = core.stub(a_class(), name)

    assert await stub.call("name") == (name if is_known else None)
    assert stub.id.name == name


async def test_thousands_of_objects_that_came_and_went_leave_no_trace(core: Core) -> None:
    namespace = core.namespace(Object)

    async def touch(round_: str) -> None:
        for batch in range(25):
            stubs = [core.stub(Object, f"{round_}-{batch}-{each}") for each in range(100)]
            await asyncio.gather(*(stub.call("get") for stub in stubs))
        await core.advance(140)
        core.heard.moves.clear()
        gc.collect()

    await touch("warm")
    tracemalloc.start()
    try:
        await touch("next")
        # The interpreter's own table of strings, which paths go into, may grow just now.
        snapshot = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(inclusive=False, filename_pattern=pathlib.__file__)]
        )
    finally:
        tracemalloc.stop()

    assert len(namespace) == 0
    assert not namespace.directory.exists()
    # The ids of the last few thousand names are remembered, whichever they are.
    assert sum(each.size for each in snapshot.traces) < 1_500_000


def actors_alive() -> int:
    objects: list[Any] = gc.get_objects()
    return sum(type(each) is Actor for each in objects)


async def test_an_evicted_instance_is_let_go(core: Core) -> None:
    gc.collect()
    before = actors_alive()
    stub = core.stub(a_class())
    await stub.call("put", 1)
    assert actors_alive() == before + 1

    await core.advance(10)
    gc.collect()

    assert actors_alive() == before


async def test_an_evicted_instance_that_kept_a_generator_is_let_go(core: Core) -> None:
    class Keeping(Object):
        async def keep(self) -> int:
            self.kept = self.numbers()
            return await anext(self.kept)

        async def numbers(self) -> AsyncIterator[int]:
            yield 1
            yield 2

    gc.collect()
    before = actors_alive()
    assert await core.stub(Keeping).call("keep") == 1

    await core.advance(10)
    gc.collect()
    await core.advance()
    gc.collect()

    assert actors_alive() == before


# -- the end of the process


async def test_closing_lets_every_object_go_and_keeps_what_was_acknowledged(
    core: Core, start: Callable[..., Core]
) -> None:
    stub = core.stub(Busy)
    await stub.call("put", 1)
    in_flight = stub.call("event")
    await core.advance(1)

    core.runtime.close()
    await core.advance(1)

    assert (await failure_of(in_flight)).message == "The Durable Object was evicted."
    assert len(core.runtime.budget) == 0
    again = start()
    assert await again.stub(Busy).call("get") == 1

"""Critical sections: who waits for whom, and what ends with them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException

from .conftest import Object, failure_of, properties

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.actor import Actor

    from .conftest import Core

TOO_LONG = (
    "A call to blockConcurrencyWhile() in a Durable Object waited for too long. "
    "The call was canceled and the Durable Object was reset."
)
TOO_DEEP = "blockConcurrencyWhile() calls are nested too deeply."


class Logged(Object):
    """Notes what happens in it, in order."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        self.log: list[object] = []

    def note(self, what: object) -> None:
        self.log.append(what)

    def told(self) -> list[object]:
        return self.log

    def section(self, callback: Callable[[], object]) -> asyncio.Future[Any]:
        return self.actor.block_concurrency_while(callback)

    async def last(self, seconds: float, name: str) -> str:
        self.log.append(f"{name} begins")
        await asyncio.sleep(seconds)
        self.log.append(f"{name} ends")
        return name


async def test_a_section_gives_the_result_of_its_callback(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> list[object]:
            return [
                await self.section(lambda: self.last(1, "slow")),
                await self.section(lambda: "plain"),
                await self.section(self.get),
            ]

    run = core.stub(Sections).call("run")
    await core.advance(1)

    assert await run == ["slow", "plain", 0]


async def test_while_a_section_is_open_only_what_belongs_to_it_comes_in(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            await self.section(self.guarded)
            self.note("the caller goes on")

        async def guarded(self) -> None:
            core.loop.call_later(1, self.note, "the section's timer")
            await asyncio.gather(self.last(2, "its task"), self.last(3, "its other task"))

    stub = core.stub(Sections)
    run = stub.call("run")
    outside = [stub.call("note", "an event"), stub.call("note", "another event")]
    await core.advance(3)

    await asyncio.gather(run, *outside)
    assert await stub.call("told") == [
        "its task begins",
        "its other task begins",
        "the section's timer",
        "its task ends",
        "its other task ends",
        "the caller goes on",
        "an event",
        "another event",
    ]


async def test_a_timer_set_before_the_section_waits_for_its_end(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            core.loop.call_later(1, self.note, "the timer")
            await self.section(lambda: self.last(2, "the section"))

    stub = core.stub(Sections)
    run = stub.call("run")
    await core.advance(2)

    await run
    assert await stub.call("told") == ["the section begins", "the section ends", "the timer"]


async def test_siblings_run_one_after_another_in_the_order_of_their_calls(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            first = self.section(lambda: self.last(3, "first"))
            second = self.section(lambda: self.last(1, "second"))
            third = self.section(lambda: self.last(2, "third"))
            await asyncio.gather(third, second, first)

    stub = core.stub(Sections)
    run, event = stub.call("run"), stub.call("note", "the event that waited")
    await core.advance(6)

    await asyncio.gather(run, event)
    assert await stub.call("told") == [
        "first begins",
        "first ends",
        "second begins",
        "second ends",
        "third begins",
        "third ends",
        "the event that waited",
    ]


async def test_a_child_blocks_its_parent(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            await self.section(self.parent)

        async def parent(self) -> None:
            task = asyncio.create_task(self.last(1, "the parent's task"))
            await asyncio.sleep(0)
            await self.section(lambda: self.last(3, "the child"))
            await task

    stub = core.stub(Sections)
    run = stub.call("run")
    await core.advance(3)

    await run
    assert await stub.call("told") == [
        "the parent's task begins",
        "the child begins",
        "the child ends",
        "the parent's task ends",
    ]


async def test_what_outlives_its_section_belongs_to_the_object(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            await self.section(self.start)
            await asyncio.sleep(1)
            await self.section(lambda: self.last(9, "another section"))

        async def start(self) -> None:
            self.task = asyncio.create_task(self.last(5, "the task"))
            await asyncio.sleep(0)

    stub = core.stub(Sections)
    run = stub.call("run")
    await core.advance(10)

    await run
    assert await stub.call("told") == [
        "the task begins",
        "another section begins",
        "another section ends",
        "the task ends",
    ]


async def test_what_outlives_its_section_belongs_to_the_nearest_around_it(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            await self.section(self.parent)

        async def parent(self) -> None:
            await self.section(self.start)
            await self.last(5, "the parent")

        async def start(self) -> None:
            self.task = asyncio.create_task(self.last(2, "the child's task"))
            await asyncio.sleep(0)

    stub = core.stub(Sections)
    run, event = stub.call("run"), stub.call("note", "the event that waited")
    await core.advance(5)

    await asyncio.gather(run, event)
    assert await stub.call("told") == [
        "the child's task begins",
        "the parent begins",
        "the child's task ends",
        "the parent ends",
        "the event that waited",
    ]


async def test_a_section_asked_for_by_what_outlived_its_own_runs(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            await self.section(self.start)

        async def start(self) -> None:
            self.task = asyncio.create_task(self.later())

        async def later(self) -> None:
            await asyncio.sleep(1)
            await self.section(lambda: self.last(1, "a late section"))

    stub = core.stub(Sections)
    await stub.call("run")
    await core.advance(2)

    assert await stub.call("told") == ["a late section begins", "a late section ends"]


async def test_a_section_that_its_parent_did_not_wait_for_runs_after_it(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            await self.section(self.parent)
            self.note("the caller goes on")

        async def parent(self) -> None:
            self.child = self.section(lambda: self.last(1, "the child"))
            self.note("the parent ends")

        async def child_result(self) -> object:
            return await self.child

    stub = core.stub(Sections)
    run, event = stub.call("run"), stub.call("note", "the event that waited")
    await core.advance(1)

    await asyncio.gather(run, event)
    assert await stub.call("told") == [
        "the parent ends",
        "the caller goes on",
        "the child begins",
        "the child ends",
        "the event that waited",
    ]
    assert await stub.call("child_result") == "the child"


async def test_a_section_that_lets_its_parent_end_goes_on(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            await self.section(self.parent)
            self.note("the caller goes on")

        async def parent(self) -> None:
            self.signal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.section(self.child)
            await self.signal
            self.note("the parent ends")

        async def child(self) -> None:
            self.signal.set_result(None)
            await self.last(1, "the child")

    stub = core.stub(Sections)
    run, event = stub.call("run"), stub.call("note", "the event that waited")
    await core.advance(1)

    await asyncio.gather(run, event)
    assert await stub.call("told") == [
        "the child begins",
        "the parent ends",
        "the caller goes on",
        "the child ends",
        "the event that waited",
    ]


async def test_sections_nest_to_depth_64_and_no_deeper(core: Core) -> None:
    class Sections(Logged):
        async def nest(self, depth: int) -> str:
            if not depth:
                return "reached the bottom"
            result: str = await self.section(lambda: self.nest(depth - 1))
            return result

        async def nest_too_deep(self) -> str:
            try:
                return await self.nest(65)
            except JsException as error:
                return error.message

        async def catch_at(self, depth: int) -> object:
            if depth:
                return await self.section(lambda: self.catch_at(depth - 1))
            try:
                return await self.section(self.get)
            except JsException as error:
                return (error.name, error.message)

    stub = core.stub(Sections)

    assert await stub.call("nest", 64) == "reached the bottom"
    assert await stub.call("catch_at", 63) == 0
    assert await stub.call("catch_at", 64) == ("Error", TOO_DEEP)
    assert core.heard.resets == []
    assert (await failure_of(stub.call("nest_too_deep"))).message == TOO_DEEP
    assert len(core.heard.resets) == 1


async def test_the_caller_goes_on_before_events_that_waited(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            await self.section(lambda: self.last(1, "the section"))
            self.note("the caller goes on")
            await self.section(lambda: self.last(1, "the caller's next section"))

    stub = core.stub(Sections)
    run = stub.call("run")
    events = [stub.call("note", number) for number in range(3)]
    await core.advance(2)

    await asyncio.gather(run, *events)
    assert await stub.call("told") == [
        "the section begins",
        "the section ends",
        "the caller goes on",
        "the caller's next section begins",
        "the caller's next section ends",
        0,
        1,
        2,
    ]


async def test_a_caller_that_gave_up_does_not_end_the_section(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            waiting = asyncio.ensure_future(self.section(lambda: self.last(1, "the section")))
            await asyncio.sleep(0)
            waiting.cancel()

    stub = core.stub(Sections)
    await stub.call("run")
    await core.advance(1)

    assert await stub.call("told") == ["the section begins", "the section ends"]


# -- failing


class Breaking(Logged):
    """Sections that fail in each way; `caught` is shared by all its lives."""

    caught: list[str]

    async def run(self, form: str) -> None:
        try:
            await self.section(getattr(self, form))
        except BaseException as error:
            self.caught.append(type(error).__name__)
            raise

    def plainly(self) -> None:
        raise JsException("RangeError", "out of order")

    async def at_once(self) -> None:
        raise JsException("RangeError", "out of order")

    async def after_a_wait(self) -> None:
        await asyncio.sleep(1)
        raise JsException("RangeError", "out of order")

    async def in_a_child(self) -> None:
        await self.section(self.after_a_wait)

    async def wait(self) -> None:
        await asyncio.sleep(100)


@pytest.mark.parametrize("form", ["plainly", "at_once", "after_a_wait", "in_a_child"])
async def test_a_section_that_fails_resets_the_object(core: Core, form: str) -> None:
    class Fresh(Breaking):
        caught: list[str] = []  # noqa: RUF012 - shared by the lives of the object

    stub = core.stub(Fresh)
    in_flight = stub.call("wait")
    await core.advance()
    failing = stub.call("run", form)
    queued = stub.call("get")
    await core.advance(1)

    for call in (in_flight, failing, queued, stub.call("get")):
        error = await failure_of(call)
        assert (error.name, error.message) == ("RangeError", "out of order")
        assert properties(error) == {"durableObjectReset": True}
    assert set(Fresh.caught) <= {"CancelledError"}
    assert await core.stub(Fresh).call("get") == 0
    assert [label for label, _ in core.heard.resets] == ["Fresh/a"]


async def test_a_python_error_in_a_section_arrives_with_its_traceback(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            await self.section(self.fail)

    error = await failure_of(core.stub(Sections).call("run"))

    assert error.name == "PythonError"
    assert error.message.startswith("Traceback (most recent call last):\n")
    assert error.message.endswith("\nValueError: bad\n")
    assert properties(error) == {"durableObjectReset": True, "type": "ValueError"}


async def test_what_a_failed_section_wrote_in_its_last_turn_is_lost(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            await self.section(self.write_and_fail)

        async def write_and_fail(self) -> None:
            self.write(1, "in an earlier turn")
            await asyncio.sleep(1)
            self.write(1, "in the last turn")
            raise ValueError

    run = core.stub(Sections).call("run")
    await core.advance(1)

    await failure_of(run)
    fresh = core.stub(Sections)
    assert await fresh.call("read", "in an earlier turn") == 1
    assert await fresh.call("read", "in the last turn") == 0


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
async def test_an_attempt_to_exit_in_a_section_resets_the_object(
    core: Core, error: BaseException
) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            await self.section(self.leave)

        def leave(self) -> None:
            raise error

    failure = await failure_of(core.stub(Sections).call("run"))

    assert "a Worker cannot end the process" in failure.message
    assert properties(failure)["durableObjectReset"] is True
    assert await core.stub(Sections).call("get") == 0


async def test_a_section_is_cut_after_thirty_seconds_and_not_before(core: Core) -> None:
    class Sections(Logged):
        async def run(self, seconds: float) -> str:
            result: str = await self.section(lambda: self.last(seconds, "slept"))
            return result

    stub = core.stub(Sections)

    just_in_time = stub.call("run", 29.5)
    await core.advance(29.5)
    assert await just_in_time == "slept"

    too_late, queued = stub.call("run", 31), stub.call("get")
    await core.advance(29.5)
    assert not too_late.done()
    await core.advance(0.5)
    for call in (too_late, queued):
        error = await failure_of(call)
        assert (error.name, error.message) == ("Error", TOO_LONG)
        assert properties(error) == {
            "overloaded": True,
            "durableObjectReset": True,
        }
    assert await core.stub(Sections).call("get") == 0


async def test_the_limit_of_a_section_counts_from_its_beginning(core: Core) -> None:
    class Sections(Logged):
        async def run(self) -> None:
            first = self.section(lambda: self.last(20, "first"))
            second = self.section(lambda: self.last(20, "second"))
            await asyncio.gather(first, second)

    run = core.stub(Sections).call("run")
    await core.advance(40)

    assert await run is None


@pytest.mark.parametrize("way", ["itself", "another"])
async def test_an_object_that_calls_back_into_itself_from_a_section_is_cut_by_the_limit(
    core: Core, way: str
) -> None:
    class Calling(Logged):
        async def run(self, way: str) -> None:
            await self.section(getattr(self, way))

        async def itself(self) -> None:
            await core.stub(Calling).call("get")

        async def another(self) -> None:
            await core.stub(Other).call("call_back")

    class Other(Object):
        async def call_back(self) -> None:
            await core.stub(Calling).call("get")

    run = core.stub(Calling).call("run", way)
    await core.advance(29.5)
    assert not run.done()
    await core.advance(0.5)

    assert (await failure_of(run)).message == TOO_LONG


async def test_a_section_may_call_another_object(core: Core) -> None:
    class Calling(Logged):
        async def run(self) -> int:
            result: int = await self.section(lambda: core.stub(Other).call("get"))
            return result

    class Other(Object): ...

    assert await core.stub(Calling).call("run") == 0


# -- in the constructor


async def test_a_section_of_the_constructor_delays_the_first_event(core: Core) -> None:
    class Starting(Logged):
        def __init__(self, actor: Actor) -> None:
            super().__init__(actor)
            self.note("the constructor")
            self.section(lambda: self.last(2, "the first section"))
            self.section(lambda: self.last(2, "the second section"))

    stub = core.stub(Starting)
    told = stub.call("told")
    await core.advance(4)

    assert await told == [
        "the constructor",
        "the first section begins",
        "the first section ends",
        "the second section begins",
        "the second section ends",
    ]


async def test_a_section_of_the_constructor_that_fails_resets_the_object(core: Core) -> None:
    class Starting(Logged):
        lives: list[int] = []  # noqa: RUF012 - shared by the lives of the object

        def __init__(self, actor: Actor) -> None:
            super().__init__(actor)
            self.lives.append(1)
            if len(self.lives) == 1:
                self.section(self.break_down)

        async def break_down(self) -> None:
            await asyncio.sleep(1)
            raise JsException("Error", "no database")

    stub = core.stub(Starting)
    first, second = stub.call("get"), stub.call("get")
    await core.advance(1)

    for call in (first, second):
        error = await failure_of(call)
        assert error.message == "no database"
        assert properties(error) == {"durableObjectReset": True}
    assert await core.stub(Starting).call("get") == 0
    assert len(Starting.lives) == 2

"""What user code may do wrong, who hears of it, and what is left of an object that was reset."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import traceback
from typing import TYPE_CHECKING

import pytest

from pydo.errors import JsException
from pydo.runtime.failure import Stopped, origin
from pydo.runtime.lifecycle import State

from .conftest import Object, failure_of, on_disk, properties

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.actor import Actor

    from .conftest import Core

NO_LONGER = "Durable Object storage is no longer accessible."
EXITS = [SystemExit(3), SystemExit(), KeyboardInterrupt()]


# -- errors that reset nothing


async def test_an_error_of_a_handler_goes_to_its_caller_and_resets_nothing(core: Core) -> None:
    stub = core.stub(Object)
    await stub.call("put", 1)

    error = await failure_of(stub.call("fail"))

    assert error.name == "PythonError"
    assert error.message.startswith("Traceback (most recent call last):\n")
    assert error.message.endswith("ValueError: bad\n")
    assert properties(error) == {"type": "ValueError", "remote": True}
    assert isinstance(error.__cause__, ValueError)
    assert await stub.call("get") == 1
    assert core.heard.resets == []


async def test_an_error_of_productions_kind_arrives_as_it_is(core: Core) -> None:
    class Failing(Object):
        async def fail(self) -> None:  # type: ignore[override] # raises another error
            raise JsException("RangeError", "too far", overloaded=True)

    error = await failure_of(core.stub(Failing).call("fail"))

    assert (error.name, error.message) == ("RangeError", "too far")
    assert properties(error) == {"overloaded": True, "remote": True}


async def test_an_error_travels_through_several_objects_with_its_cause(core: Core) -> None:
    class Middle(Object):
        async def ask(self) -> None:
            await core.stub(Object).call("fail")

    error = await failure_of(core.stub(Middle).call("ask"))

    assert error.message.endswith("ValueError: bad\n")
    assert isinstance(origin(error), ValueError)


async def test_what_was_written_before_an_error_is_kept(core: Core) -> None:
    class Failing(Object):
        async def write_and_fail(self) -> None:
            self.write(1)
            self.fail()

    stub = core.stub(Failing)
    await failure_of(stub.call("write_and_fail"))

    assert await stub.call("get") == 1
    assert on_disk(stub.file) == {"n": 1}


@pytest.mark.parametrize("error", EXITS)
async def test_an_attempt_to_exit_in_a_handler_is_an_error_of_it(
    core: Core, error: BaseException
) -> None:
    class Leaving(Object):
        async def leave(self) -> None:
            raise error

    stub = core.stub(Leaving)

    failure = await failure_of(stub.call("leave"))

    assert failure.message.endswith("(a Worker cannot end the process)\n")
    assert type(error).__name__ in failure.message
    assert properties(failure)["type"] == "RuntimeError"
    assert await stub.call("get") == 0


@pytest.mark.parametrize("error", EXITS)
async def test_an_attempt_to_exit_in_a_task_is_contained(core: Core, error: BaseException) -> None:
    class Leaving(Object):
        async def start_to_leave(self) -> None:
            self.task = asyncio.create_task(self.leave())

        async def wait_for_it(self) -> None:
            await asyncio.create_task(self.leave())

        async def leave(self) -> None:
            raise error

    stub = core.stub(Leaving)

    await stub.call("start_to_leave")
    failure = await failure_of(stub.call("wait_for_it"))

    assert failure.message.endswith("(a Worker cannot end the process)\n")
    assert ("Leaving/a", error) in core.heard.errors
    assert await stub.call("get") == 0


@pytest.mark.parametrize("error", [*EXITS, ValueError("bad")])
async def test_an_error_of_a_callback_is_told_and_goes_no_further(
    core: Core, error: BaseException
) -> None:
    class Calling(Object):
        async def set(self) -> None:
            core.loop.call_soon(self.throw)
            core.loop.call_later(1, self.throw)

        def throw(self) -> None:
            raise error

    stub = core.stub(Calling)

    await stub.call("set")
    await core.advance(1)

    assert core.heard.errors == [("Calling/a", error)] * 2
    assert await stub.call("get") == 0


async def test_an_error_of_a_task_that_nobody_waits_for_is_told(core: Core) -> None:
    class Forgetting(Object):
        async def start(self) -> None:
            task = asyncio.create_task(self.fail_later())
            task.add_done_callback(lambda _: None)

        async def fail_later(self) -> None:
            self.fail()

    await core.stub(Forgetting).call("start")
    await core.advance()
    gc.collect()
    await core.advance()

    assert [(where, str(error)) for where, error in core.heard.errors] == [("Forgetting/a", "bad")]


# -- constructors


class Unborn(Object):
    """Its constructor raises `error`."""

    error: BaseException
    lives: int

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        type(self).lives += 1
        self.write(self.read() + 1)
        raise self.error


async def test_every_event_of_an_instance_meets_the_error_of_its_constructor(core: Core) -> None:
    class Failing(Unborn):
        error, lives = ValueError("no luck"), 0

    stub = core.stub(Failing)

    errors = [await failure_of(stub.call("get")) for _ in range(3)]

    assert [error.message.splitlines()[-1] for error in errors] == ["ValueError: no luck"] * 3
    assert properties(errors[0]) == {"type": "ValueError", "remote": True}
    assert Failing.lives == 1
    assert core.heard.resets == []
    assert on_disk(stub.file) == {"n": 1}


async def test_a_constructor_that_failed_is_tried_again_after_eviction(core: Core) -> None:
    class Failing(Unborn):
        error, lives = ValueError("no luck"), 0

    stub = core.stub(Failing)
    await failure_of(stub.call("get"))

    await core.advance(10)
    await failure_of(stub.call("get"))

    assert Failing.lives == 2


async def test_the_error_of_a_constructor_does_not_grow_with_its_callers(core: Core) -> None:
    class Failing(Unborn):
        error, lives = ValueError("no luck"), 0

    stub = core.stub(Failing)

    first = await failure_of(stub.call("get"))
    depth = len(list(traceback.walk_tb(Failing.error.__traceback__)))
    last = first
    for _ in range(20):
        last = await failure_of(stub.call("get"))

    assert last.message == first.message
    assert len(list(traceback.walk_tb(Failing.error.__traceback__))) == depth


@pytest.mark.parametrize("error", EXITS)
async def test_an_attempt_to_exit_in_a_constructor_is_contained(
    core: Core, error: BaseException
) -> None:
    class Leaving(Unborn):
        lives = 0

    Leaving.error = error
    stub = core.stub(Leaving)

    failures = [await failure_of(stub.call("get")) for _ in range(2)]

    for failure in failures:
        assert failure.message.endswith("(a Worker cannot end the process)\n")


async def test_an_object_may_abort_in_its_constructor(core: Core) -> None:
    class Aborting(Object):
        lives: list[int] = []  # noqa: RUF012 - shared by the lives of the object

        def __init__(self, actor: Actor) -> None:
            super().__init__(actor)
            self.lives.append(1)
            if len(self.lives) == 1:
                actor.abort("not yet")

    stub = core.stub(Aborting)
    calls = [stub.call("get"), stub.call("get")]

    for call in calls:
        error = await failure_of(call)
        assert error.message == "not yet"
        assert properties(error) == {"durableObjectReset": True}
    assert await core.stub(Aborting).call("get") == 0


async def test_a_class_that_the_code_lacks_fails_each_event(core: Core) -> None:
    stub = core.stub(Object)
    core.code.classes.clear()

    error = await failure_of(stub.call("get"))

    assert error.message == 'The Worker no longer exports a class "Object".'


# -- resets


class Aborting(Object):
    """Has work of each kind under way when it aborts; `log` is shared by all its lives."""

    log: list[str]

    async def work(self) -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await self.use_everything()

    async def start_work(self) -> None:
        self.task = asyncio.create_task(self.work())

    async def use_everything(self) -> None:
        uses: dict[str, Callable[[], object]] = {
            "read": self.read,
            "write": lambda: self.write(99),
            "delete_all": self.actor.delete_all,
            "sync": self.actor.sync,
            "section": lambda: self.actor.block_concurrency_while(self.get),
        }
        for name, use in uses.items():
            try:
                use()
            except JsException as error:
                assert properties(error) == LOST  # noqa: PT017 - each call is looked at
                self.log.append(f"{name}: {error.message}")
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1)
        self.log.append("the end of finally")

    async def abort(self) -> None:
        self.actor.abort("over")


LOST = {"retryable": True, "durableObjectReset": True}
ALL_REFUSED = [
    f"{name}: {NO_LONGER}" for name in ("read", "write", "delete_all", "sync", "section")
]


@pytest.mark.parametrize("method", ["work", "start_work"])
async def test_finally_runs_after_a_reset_but_nothing_is_stored(core: Core, method: str) -> None:
    class Fresh(Aborting):
        log: list[str] = []  # noqa: RUF012 - shared by the lives of the object

    stub = core.stub(Fresh)
    await stub.call("put", 1)
    working = stub.call(method)
    await core.advance(1)

    await failure_of(stub.call("abort"))
    await core.advance(1)

    assert Fresh.log == [*ALL_REFUSED, "the end of finally"]
    assert on_disk(stub.file) == {"n": 1}
    assert await core.stub(Fresh).call("get") == 1
    if method == "work":
        assert (await failure_of(working)).message == "over"


async def test_after_an_abort_the_same_turn_can_do_nothing(core: Core) -> None:
    class Fresh(Aborting):
        log: list[str] = []  # noqa: RUF012 - shared by the lives of the object

        async def abort_and_go_on(self) -> None:
            self.write(1)
            self.actor.abort("over")
            await self.use_everything()
            self.actor.abort("over again")
            try:
                core.stub(Fresh).call("put", 5)
            except JsException as error:
                self.log.append(error.message)

    stub = core.stub(Fresh)

    error = await failure_of(stub.call("abort_and_go_on"))
    await core.advance(1)

    assert error.message == "over"
    assert Fresh.log == [
        *ALL_REFUSED,
        "the end of finally",
        "The execution context which hosts this callback is no longer running.",
    ]
    assert not stub.file.exists() or on_disk(stub.file) == {}


async def test_a_used_stub_keeps_failing_after_a_reset_and_a_new_one_works(core: Core) -> None:
    class Resetting(Object):
        async def abort(self) -> None:
            self.actor.abort("over")

    used, bystander, unused = (core.stub(Resetting) for _ in range(3))
    await used.call("get")
    await bystander.call("put", 1)

    await failure_of(used.call("abort"))

    for stub in (used, bystander, used):
        error = await failure_of(stub.call("get"))
        assert (error.name, error.message) == ("Error", "over")
        assert properties(error) == {"durableObjectReset": True}
    assert await unused.call("get") == 1
    assert await unused.call("get") == 1


async def test_every_caller_of_a_reset_object_gets_an_error_of_its_own(core: Core) -> None:
    class Resetting(Object):
        async def wait(self) -> None:
            await asyncio.sleep(100)

        async def abort(self) -> None:
            self.actor.abort("over")

    stub = core.stub(Resetting)
    waiting = [stub.call("wait") for _ in range(3)]
    await core.advance(1)
    aborting = stub.call("abort")
    queued = stub.call("get")

    errors = [await failure_of(call) for call in (*waiting, aborting, queued)]

    assert {error.message for error in errors} == {"over"}
    assert len({id(error) for error in errors}) == 5


async def test_a_reset_reaches_what_its_caller_had_given_up(core: Core) -> None:
    log: list[str] = []

    class Resetting(Object):
        async def wait(self) -> None:
            try:
                await asyncio.sleep(100)
            finally:
                log.append("let go")

        async def abort(self) -> None:
            self.actor.abort("over")

    stub = core.stub(Resetting)
    given_up = stub.call("wait")
    await core.advance(1)
    given_up.cancel()
    await core.advance(1)
    assert log == []

    await failure_of(stub.call("abort"))
    await core.advance()

    assert log == ["let go"]


async def test_a_new_instance_comes_after_a_reset(core: Core) -> None:
    class Remembering(Object):
        value = 0

        async def set(self) -> None:
            self.value = 1

        async def recall(self) -> int:
            return self.value

        async def abort(self) -> None:
            self.actor.abort(None)

    stub = core.stub(Remembering)
    await stub.call("set")
    assert await stub.call("recall") == 1

    await failure_of(stub.call("abort"))

    assert await core.stub(Remembering).call("recall") == 0
    assert core.heard.moves == [
        (State.ABSENT, State.STARTING),
        (State.STARTING, State.RUNNING),
        (State.RUNNING, State.IDLE),
        (State.IDLE, State.RUNNING),
        (State.RUNNING, State.IDLE),
        (State.IDLE, State.RUNNING),
        (State.RUNNING, State.ABSENT),
        (State.ABSENT, State.STARTING),
        (State.STARTING, State.RUNNING),
        (State.RUNNING, State.IDLE),
    ]
    assert [(label, str(error)) for label, error in core.heard.resets] == [
        ("Remembering/a", "Error: Application called abort() to reset Durable Object.")
    ]


async def test_a_reset_lets_what_waited_behind_a_section_finish(core: Core) -> None:
    log: list[str] = []

    class Resetting(Object):
        async def work(self) -> None:
            task = asyncio.create_task(asyncio.sleep(1))
            try:
                await task
            finally:
                log.append("gave back what it held")

        async def sections(self) -> None:
            self.actor.block_concurrency_while(lambda: self.nested(5))
            self.actor.block_concurrency_while(lambda: asyncio.sleep(5))
            await asyncio.sleep(1)

        async def nested(self, seconds: float) -> None:
            self.actor.block_concurrency_while(lambda: asyncio.sleep(seconds))
            await asyncio.sleep(1)

    stub = core.stub(Resetting)
    calls = [stub.call("work"), stub.call("sections"), stub.call("get")]
    await core.advance(0.5)
    actor = stub.container.actor
    assert actor is not None
    actor.break_with(JsException("Error", "from outside"))
    await core.advance(2)

    assert log == ["gave back what it held"]
    for call in calls:
        assert (await failure_of(call)).message == "from outside"


async def test_errors_of_a_dead_object_are_not_told(core: Core) -> None:
    class Resetting(Object):
        async def abort(self) -> None:
            core.loop.call_later(1, self.fail)
            self.actor.abort("over")

    await failure_of(core.stub(Resetting).call("abort"))
    await core.advance(1)

    assert core.heard.errors == []


async def test_a_reset_leaves_the_tasks_of_libraries_alone(core: Core) -> None:
    outcome: list[str] = []
    done: asyncio.Future[None] = core.loop.create_future()

    class Pooling(Object):
        async def start(self) -> None:
            # The coroutine of this task is asyncio's own, as a library's would be.
            self.task = asyncio.create_task(asyncio.wait_for(done, None))
            self.task.add_done_callback(
                lambda task: outcome.append("cancelled" if task.cancelled() else "done")
            )

        async def abort(self) -> None:
            self.actor.abort("over")

    stub = core.stub(Pooling)
    await stub.call("start")
    await failure_of(stub.call("abort"))
    await core.advance()
    assert outcome == []

    done.set_result(None)
    await core.advance()

    assert outcome == ["done"]


# -- turns that were stopped


async def test_a_turn_that_was_stopped_resets_the_object(core: Core) -> None:
    class Stuck(Object):
        async def spin(self) -> None:
            self.write(2)
            raise Stopped(self.actor.stop())

    stub = core.stub(Stuck)
    await stub.call("put", 1)

    error = await failure_of(stub.call("spin"))

    assert error.message == "Durable Object exceeded its CPU time limit and was reset."
    assert properties(error) == {"durableObjectReset": True}
    assert await core.stub(Stuck).call("get") == 1
    assert core.heard.errors == []


async def test_a_callback_that_was_stopped_resets_the_object(core: Core) -> None:
    class Stuck(Object):
        async def set(self) -> None:
            core.loop.call_later(1, self.spin)
            await asyncio.sleep(2)

        def spin(self) -> None:
            raise Stopped(self.actor.stop())

    call = core.stub(Stuck).call("set")
    await core.advance(1)

    assert "exceeded its CPU time limit" in (await failure_of(call)).message
    assert core.heard.errors == []


async def test_a_statement_that_runs_too_long_can_be_interrupted(core: Core) -> None:
    class Stuck(Object):
        async def count_for_ever(self) -> str:
            connection = self.actor.database.writing()

            def stop(*_: object) -> None:
                self.actor.interrupt()

            connection.create_scalar_function("stop", stop, 0)
            try:
                connection.execute(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                    "SELECT count(*) FROM n WHERE i = 100 AND stop()"
                )
            except Exception as error:  # noqa: BLE001 - its type is what is looked at
                return type(error).__name__
            return ""

        async def interrupt_nothing(self) -> None:
            self.actor.interrupt()

    stub = core.stub(Stuck)

    assert await stub.call("interrupt_nothing") is None
    assert await stub.call("count_for_ever") == "InterruptError"

"""The Worker's own handlers: contained, counted and watched as an object's are."""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest

from pydo.errors import JsException
from pydo.runtime.failure import ErrorForm, Stopped, exit_error, origin, report, travelling

from .conftest import Object, failure_of, properties

if TYPE_CHECKING:
    from .conftest import Core


class Counter(Object):
    async def increment(self) -> int:
        self.write(self.read() + 1)
        return self.read()


async def test_a_request_reaches_an_object_through_the_entrypoint(core: Core) -> None:
    async def answer(request: str) -> str:
        return f"{request}: {await core.stub(Counter).call('increment')}"

    core.serve(answer)

    assert [await core.runtime.fetch("test") for _ in range(3)] == ["test: 1", "test: 2", "test: 3"]


async def test_the_gate_of_a_worker_is_always_open(core: Core) -> None:
    async def answer(request: float) -> float:
        await asyncio.sleep(request)
        return request

    core.serve(answer)
    requests = [core.runtime.fetch(seconds) for seconds in (2.0, 1.0)]
    await core.advance(1)

    assert [request.done() for request in requests] == [False, True]


async def test_each_request_starts_in_a_fresh_context(core: Core) -> None:
    variable: ContextVar[str] = ContextVar("variable", default="unset")

    async def answer(_: object) -> str:
        before = variable.get()
        variable.set("by a request")
        return before

    core.serve(answer)

    assert [await core.runtime.fetch(None) for _ in range(2)] == ["unset", "unset"]


async def test_an_error_of_the_entrypoint_arrives_without_properties(core: Core) -> None:
    async def answer(request: JsException) -> None:
        raise request

    core.serve(answer)

    error = await failure_of(core.runtime.fetch(JsException("TypeError", "not like this")))

    assert (error.name, error.message) == ("TypeError", "not like this")
    assert properties(error) == {}


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
async def test_an_attempt_to_exit_is_contained(core: Core, error: BaseException) -> None:
    async def answer(request: str) -> str:
        if request == "leave":
            raise error
        core.loop.call_soon(leave)
        core.runtime.worker.wait_until(leave_later())
        return "still here"

    def leave() -> None:
        raise error

    async def leave_later() -> None:
        leave()

    core.serve(answer)

    failure = await failure_of(core.runtime.fetch("leave"))
    assert failure.message.endswith("(a Worker cannot end the process)\n")
    assert await core.runtime.fetch("stay") == "still here"
    await core.advance()
    assert [where for where, _ in core.heard.errors] == ["the Worker", "waitUntil"]


async def test_a_handler_that_was_stopped_fails_by_itself(core: Core) -> None:
    async def answer(request: str) -> str:
        if request == "spin":
            core.runtime.worker.interrupt()
            raise Stopped(core.runtime.worker.stop())
        return "still here"

    core.serve(answer)

    assert (await failure_of(core.runtime.fetch("spin"))).message == (
        "Worker exceeded CPU time limit."
    )
    assert await core.runtime.fetch("go on") == "still here"
    assert core.heard.errors == []


async def test_a_callback_that_was_stopped_is_not_told_of_again(core: Core) -> None:
    async def answer(_: object) -> str:
        core.loop.call_soon(spin)
        return "still here"

    def spin() -> None:
        raise Stopped(core.runtime.worker.stop())

    core.serve(answer)

    assert await core.runtime.fetch(None) == "still here"
    assert core.heard.errors == []


async def test_a_task_that_nobody_waits_for_tells_of_its_error(core: Core) -> None:
    async def break_down() -> None:
        raise ValueError("bad")

    async def answer(_: object) -> None:
        asyncio.create_task(break_down())  # noqa: RUF006 - forgotten on purpose

    core.serve(answer)
    await core.runtime.fetch(None)
    await core.advance()

    assert [(where, str(error)) for where, error in core.heard.errors] == [("the Worker", "bad")]


async def test_an_error_outside_any_object_is_reported_as_ever(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    core.loop.call_exception_handler({"message": "something of the server's"})

    assert [record.getMessage() for record in caplog.records] == ["something of the server's"]
    assert core.heard.errors == []


async def test_what_is_waited_for_may_be_cancelled(core: Core) -> None:
    started: list[asyncio.Future[None]] = []

    async def answer(_: object) -> None:
        started.append(core.loop.create_future())
        core.runtime.worker.wait_until(started[0])

    core.serve(answer)
    await core.runtime.fetch(None)

    started[0].cancel()
    await core.advance()

    assert core.heard.errors == []


async def test_closing_ends_requests_in_flight(core: Core) -> None:
    async def answer(_: object) -> None:
        await asyncio.sleep(100)

    core.serve(answer)
    request = core.runtime.fetch(None)
    await core.advance()

    core.runtime.close()

    assert "restarted" in (await failure_of(request)).message


async def test_a_namespace_is_opened_once(core: Core) -> None:
    assert core.namespace(Counter) is core.namespace(Counter)


# -- how errors travel


FORM = ErrorForm(lambda filename: filename == __file__)


def raised(error: BaseException) -> BaseException:
    with contextlib.suppress(type(error)):
        raise error
    return error


def test_a_travelling_error_is_a_copy_with_properties_added() -> None:
    error = JsException("RangeError", "too far", overloaded=True)

    copy = travelling(error, FORM, durableObjectReset=True)

    assert copy is not error
    assert (copy.name, copy.message, copy.stack) == ("RangeError", "too far", "RangeError: too far")
    assert properties(copy) == {"overloaded": True, "durableObjectReset": True}
    assert properties(error) == {"overloaded": True}
    assert copy.__cause__ is error


def test_a_python_error_shows_the_frames_of_the_project_alone() -> None:
    def project() -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(break_down)

    def break_down() -> None:
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad") as caught:
        project()
    seen = travelling(caught.value, FORM)

    assert seen.name == "PythonError"
    assert seen.message.endswith("\nValueError: bad\n")
    assert "in project" in seen.message
    assert "in break_down" in seen.message
    assert "contextlib.py" not in seen.message


def test_the_origin_of_an_error_is_what_user_code_raised() -> None:
    error = raised(ValueError("bad"))

    far = travelling(travelling(travelling(error, FORM), FORM), FORM)

    assert origin(far) is error
    assert origin(error) is error


def test_a_report_joins_the_way_of_an_error_and_of_its_cause() -> None:
    def ask() -> None:
        raise travelling(raised(ValueError("bad")), FORM)

    def wrap() -> None:
        try:
            ask()
        except JsException as error:
            raise KeyError("wrapped") from error

    with pytest.raises(KeyError) as caught:
        wrap()
    text = "".join(report(caught.value, FORM.owns).format())

    assert [line.strip() for line in text.splitlines() if line.startswith(("K", "V", "Tr"))] == [
        "Traceback (most recent call last):",
        "ValueError: bad",
        "Traceback (most recent call last):",
        "KeyError: 'wrapped'",
    ]
    assert text.index("in ask") < text.index("in raised") < text.rindex("in wrap")


def test_a_report_ends_where_contexts_go_round() -> None:
    first, second = raised(ValueError("first")), raised(ValueError("second"))
    first.__context__, second.__context__ = second, first

    assert "".join(report(first, FORM.owns).format()).count("ValueError: ") == 2


def test_a_stopped_turn_travels_as_the_error_that_its_callers_see() -> None:
    seen = travelling(Stopped(JsException("Error", "took too long")), FORM)

    assert (seen.name, seen.message) == ("Error", "took too long")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SystemExit(3), "SystemExit: 3 (a Worker cannot end the process)"),
        (SystemExit(), "SystemExit (a Worker cannot end the process)"),
        (KeyboardInterrupt(), "KeyboardInterrupt (a Worker cannot end the process)"),
    ],
)
def test_an_attempt_to_exit_becomes_an_error_that_says_so(error: BaseException, text: str) -> None:
    converted = exit_error(raised(error))

    assert str(converted) == text
    assert converted.__traceback__ is not None

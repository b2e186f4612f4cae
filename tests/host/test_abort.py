"""`AbortController` and `AbortSignal`; the answers are workerd's, asked through wrangler."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pydo.errors import JsException

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


def message(call: Any, *arguments: Any) -> str:
    with pytest.raises(JsException) as caught:
        call(*arguments)
    return str(caught.value)


@pytest.fixture
def run() -> Run:
    """Run a coroutine function to its end."""

    def run(function: Callable[[], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            return await function()

        return asyncio.run(main())

    return run


def test_a_controller_aborts_its_signal_once(js: Any, run: Run) -> None:
    async def main() -> None:
        controller = js.AbortController.new()
        signal, heard = controller.signal, []
        assert (signal.aborted, signal.reason, repr(signal.onabort)) == (False, None, "jsnull")
        signal.onabort = lambda event: heard.append((event.type, event.isTrusted, event.target))
        signal.addEventListener("abort", lambda _: heard.append(signal.reason.name))

        controller.abort()
        controller.abort("again")

        assert heard == [("abort", True, signal), "AbortError"]
        assert signal.aborted
        assert str(signal.reason) == "AbortError: The operation was aborted"
        assert (signal.reason.code, signal.reason.constructor.name) == (20, "DOMException")
        assert (str(controller), str(signal)) == (
            "[object AbortController]",
            "[object AbortSignal]",
        )

    run(main)


def test_a_reason_is_any_value(js: Any, run: Run) -> None:
    async def main() -> None:
        controller = js.AbortController.new()
        controller.abort("why")

        assert controller.signal.reason == "why"
        with pytest.raises(JsException, match=r"^Error: why$"):
            controller.signal.throwIfAborted()

        error = ValueError("mine")
        with pytest.raises(ValueError, match="mine"):
            js.AbortSignal.abort(error).throwIfAborted()

    run(main)


def test_a_signal_that_has_not_aborted_throws_nothing(js: Any, run: Run) -> None:
    async def main() -> None:
        js.AbortController.new().signal.throwIfAborted()

    run(main)


def test_a_signal_aborts_after_a_time(js: Any, run: Run) -> None:
    async def main() -> None:
        signal, never = js.AbortSignal.timeout(1), js.AbortSignal.timeout(100_000)
        before, aborted = signal.aborted, asyncio.Event()
        signal.onabort = lambda _: aborted.set()
        await aborted.wait()

        assert (before, never.aborted) == (False, False)
        assert str(signal.reason) == "TimeoutError: The operation was aborted due to timeout"
        assert signal.reason.code == 23

    run(main)


def test_any_follows_the_first_of_its_signals(js: Any, ffi: Any, run: Run) -> None:
    async def main() -> None:
        first, second = js.AbortController.new(), js.AbortController.new()
        signal, heard = js.AbortSignal.any(ffi.to_js([first.signal, second.signal])), []
        signal.onabort = lambda _: heard.append("any")
        second.signal.addEventListener("abort", lambda _: heard.append("second"))

        second.abort("b")
        first.abort("a")

        assert (signal.aborted, signal.reason, heard) == (True, "b", ["any", "second"])
        done = js.AbortSignal.abort("z")
        assert js.AbortSignal.any(ffi.to_js([first.signal, done])).reason == "a"
        assert js.AbortSignal.any(ffi.to_js([])).aborted is False

    run(main)


def test_an_error_of_a_listener_reaches_who_aborts(js: Any, run: Run) -> None:
    async def main() -> None:
        controller = js.AbortController.new()

        def fail(_: Any) -> None:
            raise ValueError("q")

        controller.signal.addEventListener("abort", fail)

        with pytest.raises(ValueError, match="q"):
            controller.abort()
        assert controller.signal.aborted

    run(main)


def test_onabort_keeps_functions_and_objects_alone(js: Any, run: Run) -> None:
    async def main() -> None:
        signal = js.AbortController.new().signal
        signal.onabort = 5
        assert repr(signal.onabort) == "jsnull"
        signal.onabort = print
        assert signal.onabort is print
        signal.onabort = None
        assert repr(signal.onabort) == "jsnull"

    run(main)


def test_wrong_arguments_are_refused_in_workerds_words(js: Any, ffi: Any, run: Run) -> None:
    async def main() -> None:
        wrong = (
            "TypeError: Failed to execute '{}' on 'AbortSignal': parameter 1 is not of type '{}'."
        )

        assert message(js.AbortSignal.new) == "TypeError: Illegal constructor"
        assert message(js.AbortSignal.timeout) == wrong.format("timeout", "number")
        assert message(js.AbortSignal.any, 5) == wrong.format("any", "Array")
        assert message(js.AbortSignal.any, ffi.to_js([1])) == (
            "TypeError: Incorrect type for array element 0: the provided value is not of type "
            "'AbortSignal'."
        )

    run(main)


def test_no_controller_is_made_at_the_top_level(js: Any) -> None:
    with pytest.raises(JsException, match="Disallowed operation called within global scope"):
        js.AbortController.new()


def test_a_signal_fails_the_futures_that_it_stops_and_keeps_none_of_them(js: Any, run: Run) -> None:
    async def main() -> None:
        controller, loop = js.AbortController.new(), asyncio.get_running_loop()
        waited_for, done = loop.create_future(), loop.create_future()
        done.set_result("there")
        gone = loop.create_future()
        is_gone = weakref.ref(gone)
        for future in (waited_for, done, gone):
            controller.signal.stops(future)
        del future, gone

        for _ in range(1000):
            controller.signal.stops(done)
        kept = len(controller.signal._stopped)  # noqa: SLF001 - nothing else tells
        controller.abort("why")

        assert (str(waited_for.exception()), done.result(), is_gone()) == (
            "Error: why",
            "there",
            None,
        )
        assert kept < 100

    run(main)

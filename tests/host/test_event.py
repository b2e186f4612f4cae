"""Events and their targets; the answers are workerd's, asked through wrangler."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pydo.errors import JsException


def message(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(JsException) as caught:
        call(*arguments, **named)
    return str(caught.value)


def test_an_event_has_the_properties_of_the_web(js: Any) -> None:
    event = js.Event.new("x", {"cancelable": True, "bubbles": True, "composed": True})

    assert (event.type, event.bubbles, event.cancelable, event.composed) == ("x", True, True, True)
    assert (event.eventPhase, event.timeStamp, event.isTrusted) == (0, 0, False)
    assert (event.target, event.currentTarget, event.srcElement) == (None, None, None)
    assert (event.NONE, js.Event.BUBBLING_PHASE, event.returnValue) == (0, 3, True)
    assert str(event) == "[object Event]"


def test_only_a_cancelable_event_can_be_prevented(js: Any) -> None:
    cancelable, other = js.Event.new("x", cancelable=True), js.Event.new("y")

    cancelable.preventDefault()
    other.preventDefault()

    assert (cancelable.defaultPrevented, cancelable.returnValue) == (True, False)
    assert (other.defaultPrevented, other.returnValue) == (False, True)


def test_the_kinds_of_events_read_their_options(js: Any) -> None:
    custom = js.CustomEvent.new("x", {"detail": 5})
    text = js.MessageEvent.new("message", {"data": "d"})
    closed, plain = (
        js.CloseEvent.new("close", {"code": 4, "reason": "r", "wasClean": True}),
        js.CloseEvent.new("close"),
    )
    failed = js.ErrorEvent.new("error", {"message": "m", "lineno": 1, "error": 3})

    assert (custom.detail, custom.isTrusted, js.CustomEvent.new("y").detail) == (5, True, None)
    assert (text.data, repr(text.origin), text.lastEventId, len(text.ports)) == (
        "d",
        "jsnull",
        "",
        0,
    )
    assert (closed.code, closed.reason, closed.wasClean) == (4, "r", True)
    assert (plain.code, plain.reason, plain.wasClean) == (0, "", False)
    assert (failed.message, failed.filename, failed.lineno, failed.error) == ("m", "", 1, 3)


@pytest.mark.parametrize(
    ("name", "arguments", "position", "expected"),
    [
        ("Event", (), 1, "string"),
        ("Event", ("x", 5), 2, "Init"),
        ("CustomEvent", ("x", 5), 2, "CustomEventInit"),
        ("MessageEvent", ("x",), 2, "Initializer"),
        ("CloseEvent", (), 1, "string"),
        ("CloseEvent", ("x", 5), 2, "Initializer"),
        ("ErrorEvent", ("x", 5), 2, "ErrorEventInit"),
    ],
)
def test_events_of_wrong_arguments_are_refused(
    js: Any, name: str, arguments: tuple[Any, ...], position: int, expected: str
) -> None:
    assert message(getattr(js, name).new, *arguments) == (
        f"TypeError: Failed to construct '{name}': constructor parameter {position} is not of "
        f"type '{expected}'."
    )


def test_user_code_makes_no_extendable_events(js: Any) -> None:
    assert message(js.ExtendableEvent.new, "x") == "TypeError: Illegal constructor"


def test_listeners_are_called_in_their_order_after_the_property(js: Any) -> None:
    target, heard = js.EventTarget.new(), []
    target.addEventListener("x", lambda event: heard.append(("first", event.type)))
    target.addEventListener("x", lambda event: heard.append(("second", event.target == target)))
    target.onx = lambda event: heard.append(("property", event.eventPhase))

    answer = target.dispatchEvent(js.Event.new("x"))

    assert answer is True
    assert heard == [("property", 2), ("first", "x"), ("second", True)]


def test_a_listener_is_added_once_and_removed(js: Any, ffi: Any) -> None:
    target, heard = js.EventTarget.new(), []
    proxy = ffi.create_proxy(lambda event: heard.append(event.type))
    target.addEventListener("x", proxy)
    target.addEventListener("x", proxy, {"once": True})
    target.dispatchEvent(js.Event.new("x"))
    target.dispatchEvent(js.Event.new("x"))

    target.removeEventListener("x", proxy)
    target.dispatchEvent(js.Event.new("x"))

    assert heard == ["x", "x"]


def test_a_listener_may_be_for_once_or_until_a_signal(js: Any) -> None:
    target, heard = js.EventTarget.new(), []
    signal = js.AbortSignal.any(js.Array.new())
    controller = signal  # a signal that never aborts
    target.addEventListener("x", lambda _: heard.append("once"), once=True)
    target.addEventListener("x", lambda _: heard.append("signal"), {"signal": controller})

    target.dispatchEvent(js.Event.new("x"))
    target.dispatchEvent(js.Event.new("x"))
    signal.abort_for()
    target.dispatchEvent(js.Event.new("x"))
    target.addEventListener("x", lambda _: heard.append("late"), {"signal": signal})
    target.dispatchEvent(js.Event.new("x"))

    assert heard == ["once", "signal", "signal"]


def test_an_object_listens_by_its_method(js: Any) -> None:
    class Listener:
        def __init__(self) -> None:
            self.heard: list[str] = []

        def handleEvent(self, event: Any) -> None:  # noqa: N802 - the web's name
            self.heard.append(event.type)

    target, listener, heard = js.EventTarget.new(), Listener(), []
    target.addEventListener("x", listener)
    target.addEventListener("x", {"handleEvent": lambda event: heard.append(event.type)})

    target.dispatchEvent(js.Event.new("x"))

    assert (listener.heard, heard) == (["x"], ["x"])


def test_the_first_error_ends_the_dispatch(js: Any) -> None:
    heard: list[Any] = []
    target = js.EventTarget.new()
    event = js.Event.new("x")

    def fail(_: Any) -> None:
        raise ValueError("boo")

    target.addEventListener("x", fail)
    target.addEventListener("x", heard.append)

    with pytest.raises(ValueError, match="boo"):
        target.dispatchEvent(event)
    assert (heard, event.eventPhase) == ([], 0)


def test_listeners_stop_one_another(js: Any) -> None:
    target, heard = js.EventTarget.new(), []

    def second(_: Any) -> None:
        heard.append("second")

    def first(_: Any) -> None:
        heard.append("first")
        target.addEventListener("x", lambda _: heard.append("late"))
        target.removeEventListener("x", second)

    target.addEventListener("x", first)
    target.addEventListener("x", second)
    target.addEventListener("y", lambda event: event.stopImmediatePropagation())
    target.addEventListener("y", heard.append)

    target.dispatchEvent(js.Event.new("x"))
    target.dispatchEvent(js.Event.new("y"))

    assert heard == ["first"]


def test_true_from_a_listener_refuses_the_event(js: Any) -> None:
    answers: list[tuple[bool, bool]] = []
    for value in (True, 1, "a", False, None):
        target, event = js.EventTarget.new(), js.Event.new("x", cancelable=True)
        target.addEventListener("x", lambda _, value=value: value)
        answers.append((target.dispatchEvent(event), event.defaultPrevented))
    target, event = js.EventTarget.new(), js.Event.new("x")
    target.addEventListener("x", lambda _: True)

    assert answers == [(False, True), *[(True, False)] * 4]
    assert (target.dispatchEvent(event), event.defaultPrevented) == (False, False)


def test_an_event_is_dispatched_once_at_a_time(js: Any) -> None:
    heard: list[str] = []
    target, event = js.EventTarget.new(), js.Event.new("x")
    target.addEventListener("x", lambda _: heard.append(message(target.dispatchEvent, event)))

    target.dispatchEvent(event)

    assert heard == ["InvalidStateError: The event is already being dispatched."]
    assert (len(event.composedPath()), event.target) == (0, target)


def test_an_async_listener_runs_as_a_task(js: Any) -> None:
    async def main() -> list[str]:
        target, heard = js.EventTarget.new(), []

        async def listener(event: Any) -> None:
            await asyncio.sleep(0)
            heard.append(event.type)

        target.addEventListener("x", listener)
        assert target.dispatchEvent(js.Event.new("x")) is True
        assert heard == []
        for _ in range(3):
            await asyncio.sleep(0)
        return heard

    assert asyncio.run(main()) == ["x"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "parameter 1 is not of type 'string'."),
        (("x",), "parameter 2 is not of type 'function or HandlerObject'."),
        (("x", "y"), "parameter 2 is not of type 'function or HandlerObject'."),
        (("x", 5), "parameter 2 is not of type 'function or HandlerObject'."),
    ],
)
def test_what_cannot_listen_is_refused(js: Any, arguments: tuple[Any, ...], text: str) -> None:
    target = js.EventTarget.new()

    assert message(target.addEventListener, *arguments) == (
        f"TypeError: Failed to execute 'addEventListener' on 'EventTarget': {text}"
    )


def test_options_that_are_not_supported_are_refused(js: Any) -> None:
    target = js.EventTarget.new()

    def listen(*arguments: Any, **named: Any) -> str:
        return message(target.addEventListener, "x", print, *arguments, **named)

    assert listen(True) == "TypeError: addEventListener(): useCapture must be false."  # noqa: FBT003 - as in JavaScript
    assert listen({"capture": True}) == (
        "TypeError: addEventListener(): options.capture must be false."
    )
    assert listen(passive=True) == "TypeError: addEventListener(): options.passive must be false."
    assert listen(signal=5) == (
        "TypeError: Incorrect type for the 'signal' field on 'AddEventListenerOptions': the "
        "provided value is not of type 'AbortSignal'."
    )
    assert message(target.removeEventListener, "x", print, True) == (  # noqa: FBT003 - as above
        "TypeError: removeEventListener(): useCapture must be false."
    )
    assert message(target.addEventListener, "x", object()) == (
        "TypeError: Incorrect type for the 'handleEvent' field on 'HandlerObject': the provided "
        "value is not of type 'function'."
    )
    assert message(target.removeEventListener, "x", 5) == (
        "TypeError: Failed to execute 'removeEventListener' on 'EventTarget': parameter 2 is not "
        "of type 'Object'."
    )
    assert message(target.dispatchEvent, "x") == (
        "TypeError: Failed to execute 'dispatchEvent' on 'EventTarget': parameter 1 is not of "
        "type 'Event'."
    )
    assert target.addEventListener("x", None) is None
    assert target.removeEventListener("x", None) is None

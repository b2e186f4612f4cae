"""`EventTarget`: whom events are dispatched to.

The first listener that raises ends the dispatch, and whoever dispatches gets its error; one that
returns true has refused the event.  A listener runs in the turns of whoever has added it: an
event that comes while another object runs is an arrival there.

Source: src/workerd/api/basics.c++.
"""

from __future__ import annotations

import asyncio
import inspect
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydo.host.js.error import JsTypeError
from pydo.host.js.event import Event
from pydo.host.js.text import js_string, truthy
from pydo.host.js.value import JsProxy, NativeClass, jsnull, options
from pydo.host.portability.bridge import borrowed
from pydo.runtime.scope import SCOPE
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

__all__ = ["EventTarget"]


class EventTarget(JsProxy, metaclass=NativeClass):
    """Whom events are dispatched to; a function set as `onopen` listens to `open`, first of all."""

    __slots__ = ("__dict__", "_listeners")

    _listeners: dict[str, list[_Listener]]

    def __init__(self, *_: object) -> None:
        self._listeners = {}

    def addEventListener(self, *arguments: Any, **named: Any) -> None:
        """Call a function, or the `handleEvent` of an object, at each event of a type.

        Raises:
            JsException: a `TypeError` for what is no listener, or an option that is not
                supported.

        """
        kind = _type_of(arguments, "addEventListener")
        handler = arguments[1] if len(arguments) > 1 else _MISSING
        given = arguments[2] if len(arguments) > 2 else None  # noqa: PLR2004 - the third
        _refuse(given, named, "addEventListener", ("capture", "passive"))
        found = options(None if isinstance(given, bool) else given, named)
        signal = found.get("signal")
        if signal is not None and not _is_signal(signal):
            raise JsTypeError(
                "Incorrect type for the 'signal' field on 'AddEventListenerOptions': the provided "
                "value is not of type 'AbortSignal'."
            )
        call = _function_of(handler)
        if call is not None:
            borrowed(handler, "addEventListener")
            self.listen(kind, handler, call, signal, once=truthy(found.get("once")))

    def removeEventListener(self, *arguments: Any, **named: Any) -> None:
        """Call a listener no more.

        Raises:
            JsException: a `TypeError` for what can be no listener.

        """
        kind = _type_of(arguments, "removeEventListener")
        handler = arguments[1] if len(arguments) > 1 else _MISSING
        if handler is _MISSING or isinstance(handler, (str, int, float)):
            raise JsTypeError(_wrong("removeEventListener", 2, "Object"))
        given = arguments[2] if len(arguments) > 2 else None  # noqa: PLR2004 - the third
        _refuse(given, named, "removeEventListener", ("capture",))
        self.forget(kind, handler)

    def dispatchEvent(self, event: Any = None, *_: object) -> bool:
        """Call the listeners of an event; tells whether none has refused it.

        Raises:
            JsException: a `TypeError` for what is no event, an `InvalidStateError` for one that
                is being dispatched.

        """
        if not isinstance(event, Event):
            raise JsTypeError(_wrong("dispatchEvent", 1, "Event"))
        return self.dispatch(event)

    # -- for pydo's own code

    def dispatch(self, event: Event) -> bool:
        """Call the listeners of an event; tells whether none has refused it."""
        event.begin(self)
        try:
            self._call_property(event)
            listeners = self._listeners.get(event.type, ())
            for listener in list(listeners):
                if event.is_stopped:
                    break
                if listener not in listeners:  # another one has removed it
                    continue
                if listener.is_once:
                    self.forget(event.type, listener.handler)
                _call(listener.function, event, listener.context)
        finally:
            is_free = event.end()
        return is_free

    def listen(
        self,
        kind: str,
        handler: object,
        function: Callable[[Event], object],
        signal: Signal | None = None,
        *,
        once: bool = False,
    ) -> None:
        """Call `function` at each event of a type until `handler` is forgotten, or `signal` aborts.

        A handler that listens already stays the one it is.
        """
        if signal is not None:
            if signal.aborted:
                return
            signal.on_abort(lambda: self.forget(kind, handler))
        listeners = self._listeners.setdefault(kind, [])
        if not any(each.handler == handler for each in listeners):
            listeners.append(_Listener(handler, function, once))

    def forget(self, kind: str, handler: object) -> None:
        """Call a handler no more."""
        listeners = self._listeners.get(kind, [])
        for listener in listeners:
            if listener.handler == handler:
                listeners.remove(listener)
                return

    def forget_all(self) -> None:
        """Call none of the listeners any more."""
        self._listeners = {}

    def is_listening(self, kind: str) -> bool:
        """Tell whether anything listens to events of a type."""
        return bool(self._listeners.get(kind)) or callable(getattr(self, f"on{kind}", None))

    def _call_property(self, event: Event) -> None:
        handler = getattr(self, f"on{event.type}", None)
        if callable(handler):
            _call(handler, event, None)


class Signal(Protocol):
    """An `AbortSignal`, which is an `EventTarget` itself."""

    @property
    def aborted(self) -> bool:
        """Whether it has aborted."""
        ...

    def on_abort(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back when it aborts; gives what takes that back."""
        ...


class _Listener:
    __slots__ = ("context", "function", "handler", "is_once")

    def __init__(
        self,
        handler: object,
        function: Callable[[Event], object],
        once: bool,  # noqa: FBT001 - a claim, passed once
    ) -> None:
        self.handler = handler
        self.function = function
        self.is_once = once
        self.context = copy_context()


_MISSING = object()


def _call(function: Callable[[Event], object], event: Event, context: Context | None) -> None:
    """Call a listener, here if it belongs to who runs now, else in the turns of its owner."""
    owner = None if context is None else context.get(SCOPE)
    if owner is not None and context is not None:
        running = SCOPE.get()
        if running is None or running.turns is not owner.turns:
            loop = owner.turns.loop
            loop.call_soon_threadsafe(_call, function, event, None, context=context)
            return
    result = pinned(function, event)
    if inspect.iscoroutine(result):
        asyncio.ensure_future(result)  # noqa: RUF006 - its owner keeps it
    elif result is True:
        event.preventDefault()


def _function_of(handler: Any) -> Callable[[Event], object] | None:
    """Give what is to be called for a listener; None for null."""
    if callable(handler):
        return cast("Callable[[Event], object]", handler)
    if handler is None or handler is jsnull:
        return None
    if handler is _MISSING or isinstance(handler, (str, int, float)):
        raise JsTypeError(_wrong("addEventListener", 2, "function or HandlerObject"))
    function = handler.get("handleEvent") if isinstance(handler, dict) else None
    function = function or getattr(cast("object", handler), "handleEvent", None)
    if not callable(function):
        raise JsTypeError(
            "Incorrect type for the 'handleEvent' field on 'HandlerObject': the provided value is "
            "not of type 'function'."
        )
    return cast("Callable[[Event], object]", function)


def _is_signal(value: object) -> bool:
    return isinstance(value, EventTarget) and hasattr(value, "on_abort")


def _type_of(arguments: tuple[Any, ...], method: str) -> str:
    if not arguments:
        raise JsTypeError(_wrong(method, 1, "string"))
    return js_string(arguments[0])


def _refuse(given: Any, named: dict[str, Any], method: str, names: tuple[str, ...]) -> None:
    if isinstance(given, bool):
        if given:
            raise JsTypeError(f"{method}(): useCapture must be false.")
        return
    found = options(given, named)
    for name in names:
        if truthy(found.get(name)):
            raise JsTypeError(f"{method}(): options.{name} must be false.")


def _wrong(method: str, position: int, expected: str) -> str:
    return (
        f"Failed to execute '{method}' on 'EventTarget': parameter {position} is not of type "
        f"'{expected}'."
    )

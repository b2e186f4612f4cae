"""`AbortController` and `AbortSignal`: one side says stop, the other is told.

Source: src/workerd/api/basics.c++.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn
from weakref import ref

from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.error import DOMException, JsTypeError
from pydo.host.js.event import Event
from pydo.host.js.target import EventTarget
from pydo.host.js.text import js_number, js_string
from pydo.host.js.value import JsProxy, NativeClass, cross, jsnull
from pydo.host.scope import running_loop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from typing import Self
    from weakref import ReferenceType

__all__ = ["AbortController", "AbortSignal", "abort_error", "seconds", "thrown"]

_MANY = 16  # futures, before it is looked which of them are done


def abort_error() -> DOMException:
    """Make the error of what was aborted without a reason."""
    return _retryable(DOMException("The operation was aborted", "AbortError"))


def _retryable(error: DOMException) -> DOMException:
    # The signal ends with kj's DISCONNECTED: src/workerd/api/basics.c++, `AbortSignal::abort`.
    vars(error)["retryable"] = True
    return error


def thrown(reason: Any) -> BaseException:
    """Give what is raised for any value that JavaScript throws."""
    if isinstance(reason, BaseException):
        return reason
    return JsException("Error", js_string(reason))


class AbortSignalClass(NativeClass):
    """`AbortSignal`, with its static functions; only they and controllers make signals."""

    if not TYPE_CHECKING:

        def __call__(cls, *_: object, **__: object) -> NoReturn:
            raise JsTypeError("Illegal constructor")

        new = __call__

    def abort(cls, reason: Any = None, *_: object) -> AbortSignal:
        """Give a signal that has aborted."""
        running_loop()  # a signal belongs to whoever runs
        signal = AbortSignal.made()
        signal.abort_for(reason)
        return signal

    def timeout(cls, *arguments: Any) -> AbortSignal:
        """Give a signal that aborts after some milliseconds, with a `TimeoutError`.

        Raises:
            JsException: a `TypeError` without a time.

        """
        if not arguments:
            raise JsTypeError(_wrong("timeout", "number"))
        loop = running_loop()
        signal = AbortSignal.made()
        loop.call_later(seconds(arguments[0]), signal.time_out)
        return signal

    def any(cls, signals: Any = None, *_: object) -> AbortSignal:
        """Give a signal that aborts as the first of an array of signals does.

        Raises:
            JsException: a `TypeError` for what is no array of signals.

        """
        if not isinstance(signals, JsArray):
            raise JsTypeError(_wrong("any", "Array"))
        given = list(signals)
        for index, each in enumerate(given):
            if not isinstance(each, AbortSignal):
                raise JsTypeError(
                    f"Incorrect type for array element {index}: the provided value is not of type "
                    "'AbortSignal'."
                )
        for each in given:
            if each.aborted:
                return cls.abort(each.reason)
        combined = AbortSignal.made()
        for each in given:
            combined.follow(each)
        return combined


class AbortSignal(EventTarget, metaclass=AbortSignalClass):
    """Tells whether what it was given to is to stop."""

    __slots__ = ("_callbacks", "_onabort", "_stopped", "aborted", "reason")

    aborted: bool
    reason: Any
    _onabort: Any
    _callbacks: list[Callable[[], object]]
    _stopped: list[ReferenceType[asyncio.Future[Any]]] | None

    @classmethod
    def made(cls) -> Self:
        """Make a signal."""
        self: Self = object.__new__(cls)
        self._listeners = {}
        self.aborted, self.reason, self._onabort = False, None, jsnull
        self._callbacks, self._stopped = [], None
        return self

    @property
    def onabort(self) -> Any:
        """The function that is called when it aborts, or null."""
        return self._onabort

    @onabort.setter
    def onabort(self, handler: Any) -> None:
        is_handler = handler is not None and not isinstance(handler, (str, int, float))
        self._onabort = handler if is_handler else jsnull

    def throwIfAborted(self, *_: object) -> None:
        """Raise the reason if it has aborted."""
        if self.aborted:
            raise thrown(self.reason)

    # -- for pydo's own code

    def abort_for(self, reason: Any = None) -> None:
        """Abort, unless it has before; what listens is called, then forgotten."""
        if self.aborted:
            return
        self.aborted = True
        self.reason = abort_error() if reason is None else cross(reason)
        stopped, self._stopped = self._stopped or [], None
        for each in stopped:
            future = each()
            if future is not None and not future.done():
                future.set_exception(thrown(self.reason))
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
        try:
            self.dispatch(Event.trusted("abort"))
        finally:
            self.forget_all()

    def time_out(self) -> None:
        """Abort because the time is up."""
        error = DOMException("The operation was aborted due to timeout", "TimeoutError")
        self.abort_for(_retryable(error))

    def follow(self, other: AbortSignal) -> None:
        """Abort when the other one does, for its reason."""
        marker = object()
        other.listen("abort", marker, lambda _: self.abort_for(other.reason), self, once=True)

    def stops(self, future: asyncio.Future[Any]) -> None:
        """Let a future fail for the reason when it aborts, unless that is done by then."""
        stopped = self._stopped
        if stopped is None:
            stopped = self._stopped = []
        elif len(stopped) >= _MANY and not len(stopped) & (len(stopped) - 1):  # now and then
            stopped[:] = [each for each in stopped if _is_waited_for(each())]
        stopped.append(ref(future))

    def on_abort(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back when it aborts, before any listener; gives what takes that back."""
        callbacks = self._callbacks
        callbacks.append(callback)

        def take_back() -> None:
            if callback in callbacks:
                callbacks.remove(callback)

        return take_back


def _is_waited_for(future: asyncio.Future[Any] | None) -> bool:
    return future is not None and not future.done()


class AbortController(JsProxy, metaclass=NativeClass):
    """Says stop."""

    __slots__ = ("__dict__", "signal")

    signal: AbortSignal

    def __init__(self, *_: object) -> None:
        running_loop()
        self.signal = AbortSignal.made()

    def abort(self, reason: Any = None, *_: object) -> None:
        """Abort the signal, for a reason or with an `AbortError`."""
        self.signal.abort_for(reason)


def seconds(delay: Any) -> float:
    """Give the seconds of a delay in milliseconds, as timers read it: NaN and less are 0."""
    ms = js_number(delay)
    return max(ms, 0) / 1000 if ms == ms else 0.0  # noqa: PLR0124 - NaN


def _wrong(method: str, expected: str) -> str:
    return (
        f"Failed to execute '{method}' on 'AbortSignal': parameter 1 is not of type '{expected}'."
    )

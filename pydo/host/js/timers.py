"""`setTimeout` and its kin, `queueMicrotask`, `scheduler`: callbacks in the turns of who sets them.

A timer keeps its object awake and ends with it.  Source: src/workerd/api/global-scope.c++.
"""

from __future__ import annotations

import asyncio
import inspect
from itertools import count
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.js.abort import AbortSignal, seconds, thrown
from pydo.host.js.error import JsTypeError
from pydo.host.js.text import is_callable
from pydo.host.js.value import JsProxy, options
from pydo.host.portability.bridge import borrowed
from pydo.host.promise import JsPromise
from pydo.host.scope import running_loop
from pydo.runtime.scope import SCOPE
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.turn import Turns

__all__ = ["TIMERS", "Scheduler"]

_SHORTEST_S = 0.001


class _Timers:
    """The timers there are, by their numbers; only who has set one can clear it."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._pending: dict[int, tuple[asyncio.TimerHandle, Turns | None]] = {}

    def set(self, delay_s: float, call: Callable[[], object], *, repeats: bool) -> int:
        loop, owner, number = running_loop(), _owner(), next(self._numbers)

        def fire() -> None:
            if owner is not None and owner.is_dead:
                del self._pending[number]
                return
            if repeats:
                arm()
            else:
                del self._pending[number]
            call()

        def arm() -> None:
            self._pending[number] = (loop.call_later(delay_s, fire), owner)

        arm()
        return number

    def clear(self, number: Any) -> None:
        handle, owner = self._pending.get(number, (None, None))
        if handle is not None and owner is _owner():
            del self._pending[number]
            handle.cancel()


def _set_timeout(function: Any = None, delay: Any = 0, *arguments: Any) -> int:
    """Call a function after some milliseconds; gives the number that takes it back."""
    is_callable(function, "setTimeout")
    borrowed(function, "setTimeout")
    return _timers.set(seconds(delay), lambda: _run(function, arguments), repeats=False)


def _set_interval(function: Any = None, delay: Any = 0, *arguments: Any) -> int:
    """Call a function again and again; gives the number that ends it."""
    is_callable(function, "setInterval")
    borrowed(function, "setInterval")
    period = max(seconds(delay), _SHORTEST_S)
    return _timers.set(period, lambda: _run(function, arguments), repeats=True)


def _clear_timeout(*arguments: Any) -> None:
    """Take back what `setTimeout` has set."""
    _clear(arguments, "clearTimeout")


def _clear_interval(*arguments: Any) -> None:
    """End what `setInterval` has set."""
    _clear(arguments, "clearInterval")


def _queue_microtask(function: Any = None, *_: object) -> None:
    """Call a function when what runs now has come to its end."""
    is_callable(function, "queueMicrotask")
    borrowed(function, "queueMicrotask")
    asyncio.get_running_loop().call_soon(_run, function, ())


class Scheduler(JsProxy):
    """The object `scheduler`."""

    __slots__ = ("__dict__",)

    def wait(self, *arguments: Any, **named: Any) -> JsPromise:
        """Give a promise that is kept after some milliseconds, unless a signal aborts."""
        try:
            return _waiting(arguments, named)
        except JsException as error:
            return JsPromise.rejected(error)


def _waiting(arguments: tuple[Any, ...], named: dict[str, Any]) -> JsPromise:
    if not arguments:
        raise JsTypeError(
            "Failed to execute 'wait' on 'Scheduler': parameter 1 is not of type 'number'."
        )
    delay, init, *_ = (*arguments, None)
    signal = options(init, named).get("signal")
    if signal is not None and not isinstance(signal, AbortSignal):
        raise JsTypeError(
            "Incorrect type for the 'signal' field on 'WaitOptions': the provided value is not of "
            "type 'AbortSignal'."
        )
    loop = running_loop()
    if signal is None:
        return JsPromise.of(asyncio.ensure_future(asyncio.sleep(seconds(delay))))
    if signal.aborted:
        return JsPromise.rejected(thrown(signal.reason))
    done: asyncio.Future[None] = loop.create_future()
    handle = loop.call_later(seconds(delay), done.set_result, None)

    def abort() -> None:
        if not done.done():
            handle.cancel()
            done.set_exception(thrown(signal.reason))

    signal.on_abort(abort)
    return JsPromise.of(done)


_timers = _Timers()  # their numbers are one sequence, as in workerd


def _owner() -> Turns | None:
    scope = SCOPE.get()
    return None if scope is None else scope.turns


def _clear(arguments: tuple[Any, ...], name: str) -> None:
    if not arguments:
        raise JsTypeError(
            f"Failed to execute '{name}' on 'ServiceWorkerGlobalScope': parameter 1 is not of type "
            "'JsNumber'."
        )
    if isinstance(arguments[0], (int, float)):
        _timers.clear(arguments[0])


def _run(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    result = pinned(function, *arguments)
    if inspect.isawaitable(result):
        asyncio.ensure_future(result)  # noqa: RUF006 - its owner keeps it


TIMERS: dict[str, Any] = {
    "clearInterval": _clear_interval,
    "clearTimeout": _clear_timeout,
    "queueMicrotask": _queue_microtask,
    "setInterval": _set_interval,
    "setTimeout": _set_timeout,
}

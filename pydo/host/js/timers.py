"""`setTimeout` and its kin, `queueMicrotask`: callbacks in the turns of whoever sets them."""

from __future__ import annotations

import asyncio
import inspect
from itertools import count
from typing import TYPE_CHECKING, Any

from pydo.host.js.text import is_callable, js_number
from pydo.host.portability.bridge import borrowed
from pydo.host.scope import running_loop

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TIMERS"]

_numbers = count(1)
_pending: dict[int, asyncio.TimerHandle] = {}


def _run(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    result = function(*arguments)
    if inspect.isawaitable(result):
        asyncio.ensure_future(result)  # noqa: RUF006 - its owner keeps it


def queue_microtask(function: Any = None, *_: object) -> None:
    """Call a function when what runs now has come to its end."""
    is_callable(function, "queueMicrotask")
    borrowed(function, "queueMicrotask")
    running_loop().call_soon(_run, function, ())


def set_timeout(function: Any = None, delay: Any = 0, *arguments: Any) -> int:
    """Call a function after some milliseconds; gives the number that takes it back."""
    is_callable(function, "setTimeout")
    borrowed(function, "setTimeout")
    number = next(_numbers)

    def fire() -> None:
        del _pending[number]
        _run(function, arguments)

    _pending[number] = running_loop().call_later(_seconds(delay), fire)
    return number


def set_interval(function: Any = None, delay: Any = 0, *arguments: Any) -> int:
    """Call a function again and again; gives the number that ends it."""
    is_callable(function, "setInterval")
    borrowed(function, "setInterval")
    number, seconds = next(_numbers), max(_seconds(delay), 0.001)

    def fire() -> None:
        _pending[number] = running_loop().call_later(seconds, fire)
        _run(function, arguments)

    _pending[number] = running_loop().call_later(seconds, fire)
    return number


def clear(number: Any = None, *_: object) -> None:
    """Take back what `setTimeout` or `setInterval` has set."""
    handle = _pending.pop(number, None) if isinstance(number, int) else None
    if handle is not None:
        handle.cancel()


def _seconds(delay: Any) -> float:
    ms = js_number(delay)
    return max(ms, 0) / 1000 if ms == ms else 0.0  # noqa: PLR0124 - NaN


TIMERS: dict[str, Any] = {
    "clearInterval": clear,
    "clearTimeout": clear,
    "queueMicrotask": queue_microtask,
    "setInterval": set_interval,
    "setTimeout": set_timeout,
}

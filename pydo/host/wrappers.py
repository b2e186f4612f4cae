"""`pyodide.ffi.wrappers`: timers and listeners that keep the functions they are given.

Source: pyodide/pyodide src/py/pyodide/ffi/wrappers.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.doubleproxy import create_once_callable, create_proxy
from pydo.host.js.timers import TIMERS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["names"]


def names() -> dict[str, Any]:
    """Give what the module holds."""
    heard: dict[tuple[int, str, Any], Any] = {}

    def add_event_listener(elt: Any, event: str, listener: Callable[[Any], object]) -> None:
        """Let a function hear the events of a kind."""
        proxy = heard[elt.js_id, event, listener] = create_proxy(listener)
        elt.addEventListener(event, proxy)

    def remove_event_listener(elt: Any, event: str, listener: Callable[[Any], object]) -> None:
        """Let it hear them no more; a `KeyError` if it did not."""
        proxy = heard.pop((elt.js_id, event, listener))
        elt.removeEventListener(event, proxy)
        proxy.destroy()

    return {
        "add_event_listener": add_event_listener,
        "remove_event_listener": remove_event_listener,
        "set_timeout": _set_timeout,
        "clear_timeout": TIMERS["clearTimeout"],
        "set_interval": _set_interval,
        "clear_interval": TIMERS["clearInterval"],
    }


def _set_timeout(callback: Callable[[], object], timeout: int) -> int:
    number: int = TIMERS["setTimeout"](create_once_callable(callback), timeout)
    return number


def _set_interval(callback: Callable[[], object], interval: int) -> int:
    number: int = TIMERS["setInterval"](create_proxy(callback), interval)
    return number

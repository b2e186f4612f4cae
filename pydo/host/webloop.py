"""`pyodide.webloop`: names for the event loop that runs, and for its futures and tasks.

What is assigned to the loop's, as set-ups of tests do, changes nothing.
Source: pyodide/pyodide src/py/pyodide/webloop.py.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pydo.runtime.chained import ChainedFuture, ChainedTask

__all__ = ["NAMES"]


class _Named(type):
    """The class of one of these names: instances are those of what it names."""

    named: type

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.named)


def _name(name: str, named: type, *bases: type) -> type:
    return _Named(name, bases, {"named": named, "__module__": "pyodide.webloop"})


NAMES: dict[str, Any] = {
    "WebLoop": _name("WebLoop", asyncio.AbstractEventLoop),
    "PyodideFuture": _name("PyodideFuture", asyncio.Future, ChainedFuture),
    "PyodideTask": _name("PyodideTask", asyncio.Task, ChainedTask),
}

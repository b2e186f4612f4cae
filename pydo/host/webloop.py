"""`pyodide.webloop`: names for the event loop that runs, and for its futures and tasks.

What is assigned to them, as set-ups of tests do, changes nothing.
Source: pyodide/pyodide src/py/pyodide/webloop.py.
"""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["NAMES"]


class _Named(type):
    """The class of one of these names: instances are those of what it names."""

    named: type

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.named)


NAMES: dict[str, Any] = {
    name: _Named(name, (), {"named": named, "__module__": "pyodide.webloop"})
    for name, named in (
        ("WebLoop", asyncio.AbstractEventLoop),
        ("PyodideFuture", asyncio.Future),
        ("PyodideTask", asyncio.Task),
    )
}

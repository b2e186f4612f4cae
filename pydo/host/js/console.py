"""`console`: what a Worker writes goes to its standard streams, as `print` does."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from pydo.host.js.array import JsArray
from pydo.host.js.buffer import TypedArray
from pydo.host.js.collection import JsMap, JsSet
from pydo.host.js.date import JsDate
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy

__all__ = ["Console", "inspect"]

_DEPTH = 2


class Console(JsProxy, js_name="Object"):
    """The namespace `console`."""

    __slots__ = ("__dict__",)

    def log(self, *values: Any) -> None:
        """Write values to standard output."""
        _write(sys.stdout, values)

    info = debug = trace = log

    def error(self, *values: Any) -> None:
        """Write values to standard error."""
        _write(sys.stderr, values)

    warn = error

    def toString(self) -> str:
        """Give JavaScript's text of the namespace."""
        return "[object console]"


def _write(stream: TextIO, values: tuple[Any, ...]) -> None:
    shown = (value if isinstance(value, str) else inspect(value) for value in values)
    stream.write(" ".join(shown) + "\n")


def inspect(value: Any, depth: int = _DEPTH) -> str:
    """Show a value as a console does: with what it holds, `depth` levels down."""
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return f"'{quoted}'"
    if not isinstance(value, JsProxy):
        return js_string(value)
    if isinstance(value, JsDate):
        return str(value) if value.ms != value.ms else value.toISOString()
    if not isinstance(value, (JsArray, JsMap, JsSet, JsObject, TypedArray)):
        return str(value)
    if depth < 0:
        return "[Array]" if isinstance(value, JsArray) else f"[{value.constructor.name}]"
    return _container(value, depth - 1)


def _container(value: JsArray | JsMap | JsSet | JsObject | TypedArray, depth: int) -> str:
    match value:
        case JsArray():
            return _wrapped("[", [inspect(item, depth) for item in value], "]")
        case TypedArray():
            items = [inspect(item, depth) for item in value]
            return f"{value.constructor.name}({len(value)}) " + _wrapped("[", items, "]")
        case JsMap():
            pairs = [f"{inspect(k, depth)} => {inspect(v, depth)}" for k, v in value.items()]
            return f"Map({len(value)}) " + _wrapped("{", pairs, "}")
        case JsSet():
            members = [inspect(item, depth) for item in value]
            return f"Set({len(value)}) " + _wrapped("{", members, "}")
        case _:
            shown = [f"{_name(k)}: {inspect(v, depth)}" for k, v in value.__members__.items()]
            return _wrapped("{", shown, "}")


def _wrapped(start: str, parts: list[str], end: str) -> str:
    return f"{start} {', '.join(parts)} {end}" if parts else start + end


def _name(key: str) -> str:
    return key if key.isidentifier() else inspect(key)

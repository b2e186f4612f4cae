"""`console`: what a Worker writes goes to its standard streams, as `print` does."""

from __future__ import annotations

import math
import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

from pydo.host.js.array import JsArray
from pydo.host.js.collection import JsMap
from pydo.host.js.date import JsDate
from pydo.host.js.function import JsFunction, Namespace
from pydo.host.js.json import stringify
from pydo.host.js.number import parse_float
from pydo.host.js.object import JsObject
from pydo.host.js.set import JsSet
from pydo.host.js.text import js_number, js_string
from pydo.host.js.typedarray import TypedArray
from pydo.host.js.value import JsProxy

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Console", "inspect"]

_DEPTH = 2


class Console(Namespace, js_name="Object"):
    """The namespace `console`.

    Of its methods workerd shows what these five write; the others are for a debugger.
    Source: src/workerd/io/worker.c++ (`handleLog`).
    """

    __slots__ = ()
    TAG = "console"

    def __init__(self) -> None:
        super().__init__()
        for name in ("log", "info", "debug"):
            vars(self)[name] = JsFunction(_to_output, name)
        for name in ("error", "warn"):
            vars(self)[name] = JsFunction(_to_errors, name)
        for name in _FOR_A_DEBUGGER:
            function = JsFunction(lambda *_, **__: None, name)
            vars(self)[name] = function
        vars(self)["assert_"] = vars(self)["assert"]


_FOR_A_DEBUGGER = (
    *("assert", "clear", "count", "countReset", "dir", "dirxml", "group", "groupCollapsed"),
    *(
        "groupEnd",
        "profile",
        "profileEnd",
        "table",
        "time",
        "timeEnd",
        "timeLog",
        "timeStamp",
        "trace",
    ),
)


def _to_output(*values: Any) -> None:
    _write(sys.stdout, values)


def _to_errors(*values: Any) -> None:
    _write(sys.stderr, values)


def _write(stream: TextIO, values: tuple[Any, ...]) -> None:
    if len(values) > 1 and isinstance(values[0], str) and "%" in values[0]:
        values = _filled(*values)
    shown = (value if isinstance(value, str) else inspect(value) for value in values)
    stream.write(" ".join(shown) + "\n")


def _filled(template: str, *values: Any) -> tuple[Any, ...]:
    """Put values in the places that a template has for them; what is left follows it."""
    left = list(values)

    def fill(place: re.Match[str]) -> str:
        if place[1] == "%":
            return "%"
        return _FORMS[place[1]](left.pop(0)) if left else place[0]

    return (_PLACE.sub(fill, template), *left)


def _number_text(value: Any) -> str:
    return "NaN" if isinstance(value, JsProxy) else js_string(js_number(value))


def _integer_text(value: Any) -> str:
    number = parse_float(value)
    return js_string(int(number) if math.isfinite(number) else math.nan)


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
        return "[Array]" if isinstance(value, JsArray) else f"[{type(value).name}]"
    return _container(value, depth - 1)


def _container(value: JsArray | JsMap | JsSet | JsObject | TypedArray, depth: int) -> str:
    match value:
        case JsArray():
            return _wrapped("[", [inspect(item, depth) for item in value], "]")
        case TypedArray():
            items = [inspect(item, depth) for item in value]
            return f"{type(value).name}({len(value)}) " + _wrapped("[", items, "]")
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


_PLACE = re.compile("%([sdifjoOc%])")
_FORMS: dict[str, Callable[[Any], str]] = {
    "s": lambda value: js_string(value) if isinstance(value, str) else inspect(value, 0),
    "d": _number_text,
    "i": _integer_text,
    "f": lambda value: js_string(parse_float(value)),
    "j": lambda value: stringify(value) or "undefined",
    "o": inspect,
    "O": inspect,
    "c": lambda _: "",
}

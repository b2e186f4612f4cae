"""`JSON`: values to text and back, with V8's texts of what is wrong."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, cast

from pydo.host.js.array import JsArray
from pydo.host.js.bigint import JsBigInt
from pydo.host.js.box import Box
from pydo.host.js.error import JsError, JsSyntaxError, JsTypeError
from pydo.host.js.function import Namespace
from pydo.host.js.jsonfault import bare_constant, explain, unexpected
from pydo.host.js.members import members_of, ordered
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string, number_text
from pydo.host.js.value import MAX_SAFE_INTEGER, JsProxy, cross, jsnull, plain_number
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["JSON", "parse", "stringify"]

_MAX_INDENT = 10
_PLAIN = frozenset((str, int, float, bool, dict, list, type(None)))


class JSON(Namespace, js_name="Object"):
    """The namespace `JSON`."""

    __slots__ = ()
    TAG = "JSON"

    def parse(self, text: Any = None, reviver: Any = None, *_: object) -> Any:
        """Read a value, and let `reviver(key, value, context)` change it from within."""
        return revived(js_string(text), reviver) if callable(reviver) else parse(js_string(text))

    def stringify(
        self, value: Any = None, replacer: Any = None, indent: Any = None, *_: object
    ) -> str | None:
        """Write a value; undefined for what has no form in JSON."""
        return stringify(value, replacer, indent)


def parse(text: str) -> Any:
    """Read a value: objects, arrays, `jsnull` for null.

    Raises:
        JsException: a `SyntaxError` in V8's words.

    """
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JsSyntaxError(explain(text, error.msg, error.pos)) from None
    except _BadConstantError:
        raise JsSyntaxError(unexpected(text, bare_constant(text))) from None
    return _entered(found)


def revived(text: str, reviver: Callable[..., Any]) -> Any:
    """Read a value as `parse` does, and let `reviver(key, value, context)` change what is in it.

    The context of a primitive has its text as `source`, a number's as it was written.
    """
    parse(text)  # which tells what is wrong
    return _revived("", _entered(_NUMERALS.decode(text)), reviver)


def _revived(key: str, value: Any, reviver: Callable[..., Any]) -> Any:
    context: dict[str, Any] = {}
    if isinstance(value, JsArray):
        value.__items__[:] = [
            _revived(str(i), item, reviver) for i, item in enumerate(value.__items__)
        ]
    elif isinstance(value, JsObject):
        for name, member in list(value.__members__.items()):
            changed = _revived(name, member, reviver)
            if changed is None:
                del value.__members__[name]
            else:
                value.__members__[name] = changed
    elif isinstance(value, _Numeral):
        context["source"] = value.text
        value = value.number
    else:
        context["source"] = stringify(value)
    return cross(pinned(reviver, key, value, JsObject(context)))


def stringify(value: Any, replacer: Any = None, indent: Any = None) -> str | None:
    """Write a value; None for what has no form in JSON.

    Raises:
        JsException: a `TypeError` for a cycle and for a BigInt.

    """
    gap = ""
    if isinstance(indent, str):
        gap = indent[:_MAX_INDENT]
    elif isinstance(indent, (int, float)):
        gap = " " * max(0, min(_MAX_INDENT, int(indent)))
    allowed: set[str] | None = None
    if isinstance(replacer, (JsArray, list)):
        allowed = {js_string(name) for name in cast("list[Any]", list(replacer))}  # pyright: ignore[reportUnknownArgumentType]  # the user's own
    change = replacer if callable(replacer) else None
    return _Writer(gap, allowed, change).write("", value, "")


class _Writer:
    """One run of `stringify`."""

    def __init__(
        self, gap: str, allowed: set[str] | None, change: Callable[..., Any] | None
    ) -> None:
        self._gap = gap
        self._allowed = allowed
        self._change = change
        self._open: list[int] = []
        self._in_array = False  # what is written now is an element of one

    def write(self, key: str, value: Any, margin: str) -> str | None:
        """Write one value; `margin` is what stands before the lines of its container."""
        to_json = None if type(value) in _PLAIN else getattr(value, "toJSON", None)
        if callable(to_json):
            value = to_json(key)
        if self._change is not None:
            value = self._change(key, value)
        value = _bare(value)
        if value is None or (callable(value) and not isinstance(value, type)):
            return None
        if value is jsnull:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float)):
            return _number(value)
        if isinstance(value, str):
            return _quoted(value)
        if id(value) in self._open:
            place = f"index {key}" if self._in_array else f"property '{key}'"
            raise JsTypeError(
                "Converting circular structure to JSON\n    --> starting at object with "
                f"constructor '{_class_of(value)}'\n    --- {place} closes the circle"
            )
        self._open.append(id(value))
        try:
            return self._container(value, margin)
        finally:
            self._open.pop()

    def _container(self, value: Any, margin: str) -> str:
        inner = margin + self._gap
        if isinstance(value, (JsArray, list, tuple, range, bytes, bytearray)):
            items = cast("list[Any]", list(value))  # pyright: ignore[reportUnknownArgumentType]  # the user's own
            if not isinstance(value, JsArray) and not all(map(_outlives_iteration, items)):
                raise JsError(_ITERATED)
            parts = [self._element(i, item, inner) for i, item in enumerate(items)]
            return self._wrapped("[", parts, "]", margin)
        colon = ": " if self._gap else ":"
        written: list[str] = []
        for name, member in members_of(value).items():
            if self._allowed is not None and name not in self._allowed:
                continue
            self._in_array = False
            text = self.write(name, member, inner)
            if text is not None:
                written.append(f"{_quoted(name)}{colon}{text}")
        return self._wrapped("{", written, "}", margin)

    def _element(self, index: int, item: Any, margin: str) -> str:
        self._in_array = True
        return self.write(str(index), item, margin) or "null"

    def _wrapped(self, start: str, parts: list[str], end: str, margin: str) -> str:
        if not parts:
            return start + end
        if not self._gap:
            return f"{start}{','.join(parts)}{end}"
        line = f"\n{margin}{self._gap}"
        return f"{start}{line}{f',{line}'.join(parts)}\n{margin}{end}"


class _BadConstantError(Exception):
    """A word that Python's JSON knows and JavaScript's does not."""


def _refuse_constant(name: str) -> Any:
    raise _BadConstantError(name)


def _integer(digits: str) -> int | float:
    number = int(digits)
    return number if -MAX_SAFE_INTEGER <= number <= MAX_SAFE_INTEGER else float(digits)


def _float(digits: str) -> int | float:
    return plain_number(float(digits))


@dataclass(frozen=True, slots=True)
class _Numeral:
    """A number, and its text."""

    number: int | float
    text: str


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_integer, parse_float=_float)
_NUMERALS = json.JSONDecoder(
    parse_int=lambda digits: _Numeral(_integer(digits), digits),
    parse_float=lambda digits: _Numeral(_float(digits), digits),
)


def _entered(value: Any) -> Any:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return JsObject(ordered({key: _entered(each) for key, each in members.items()}))
    if isinstance(value, list):
        return JsArray([_entered(each) for each in value])
    return jsnull if value is None else value


# A list of Python's is read by an iterator, which destroys the proxies it has given at its end.
_ITERATED = (
    "This borrowed proxy was automatically destroyed when an iterator was exhausted.\nFor more "
    "information about the cause of this error, use `pyodide.setDebug(true)`"
)


def _bare(value: Any) -> Any:
    """Give what is written of a boxed primitive, or of what `create_proxy` has made."""
    if isinstance(value, Box):
        return value.primitive
    if isinstance(value, JsProxy) and value.typeof == "symbol":
        return None  # which has no form in JSON
    unwrap = getattr(cast("type", type(value)), "unwrap", None)
    return value if unwrap is None else unwrap(value)


def _outlives_iteration(item: Any) -> bool:
    return item is None or item is jsnull or isinstance(item, (str, int, float, JsProxy))


def _number(value: float) -> str:
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER or isinstance(value, JsBigInt):
            raise JsTypeError("Do not know how to serialize a BigInt")
        return int.__repr__(value)
    return number_text(value) if math.isfinite(value) else "null"


def _quoted(text: str) -> str:
    quoted = encode_basestring(text)
    if text.isascii():
        return quoted
    quoted = quoted.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return "".join(
        f"\\u{ord(char):04x}" if "\ud800" <= char <= "\udfff" else char for char in quoted
    )


def _class_of(value: Any) -> str:
    return type(value).name if isinstance(value, JsProxy) else "PyProxy"

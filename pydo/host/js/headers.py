"""`Headers`, by workerd's rules (src/workerd/api/http.c++): names and values in their order.

Iteration is sorted by lower-case name, values of one name joined by commas, Set-Cookie kept apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeGuard

from pydo.host.js.array import JsArray
from pydo.host.js.error import JsTypeError
from pydo.host.js.iterator import WebIterator
from pydo.host.js.jsg import NO_SEQUENCE, wants_function
from pydo.host.js.lookup import Lookup
from pydo.host.js.text import js_string, usv
from pydo.host.js.value import JsProxy, NativeClass, iterated, jsnull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Headers"]

# What workerd refuses in a name (other than these it takes anything, an empty name too).
_BAD_NAME = re.compile(r'[\x00-\x20\x7f"(),/:;<=>?@\[\\\]{}]')
_BAD_VALUE = re.compile(r"[\x00\r\n]")
_BLANK = " \t\r\n"
_WRONG_INIT = (
    "Failed to construct 'Headers': constructor parameter 1 is not of type "
    "'Headers or Sequence or object'."
)
_WRONG_PAIR = (
    "To initialize a Headers object from a sequence, each inner sequence must have exactly two "
    "elements."
)
_ONLY_SET_COOKIE = 'getAll() can only be used with the header name "Set-Cookie".'


class Headers(Lookup, metaclass=NativeClass):
    """HTTP headers."""

    __slots__ = ("__dict__", "fields")

    # Lower-case name -> the name as it was first given, then its values.
    fields: dict[str, list[str]]

    def __init__(self, init: Any = None, *_: object, **named: Any) -> None:
        self.fields = {}
        for name, value in named.items():
            self.append(name, value)
        if init is None:
            return
        if isinstance(init, Headers):
            self.fields = {name: list(field) for name, field in init.fields.items()}
        elif _is_sequence(init):
            for pair in iterated(init):
                self._append_pair(pair)
        elif isinstance(init, JsProxy):
            for name, value in init.__members__.items():
                self.append(name, value)
        else:
            raise JsTypeError(_WRONG_INIT)

    @classmethod
    def received(cls, pairs: Iterable[tuple[str, str]]) -> Headers:
        """Make headers of pairs that need no checks: they came through an HTTP parser."""
        self: Headers = object.__new__(cls)
        fields: dict[str, list[str]] = {}
        self.fields = fields
        for name, value in pairs:
            key = name.lower()
            field = fields.get(key)
            if field is None:
                fields[key] = [name, value]
            else:
                field.append(value)
        return self

    def pairs(self) -> list[tuple[str, str]]:
        """Give name and value of each header as it goes onto the wire, nothing joined."""
        return [(field[0], value) for field in self.fields.values() for value in field[1:]]

    def copy(self) -> Headers:
        """Copy the headers."""
        return Headers.new(self)

    def append(self, *arguments: Any) -> None:
        """Add a value to those of a name."""
        name, value = _two(arguments, "append")
        key = _checked_name(name)
        field = self.fields.get(key)
        if field is None:
            self.fields[key] = [name, _checked_value(value)]
        else:
            field.append(_checked_value(value))

    def set(self, *arguments: Any) -> None:
        """Replace the values of a name by one."""
        name, value = _two(arguments, "set")
        key = _checked_name(name)
        self.fields[key] = [name, _checked_value(value)]

    def get(self, *arguments: Any) -> Any:
        """Give the values of a name, joined; null if there are none."""
        field = self.fields.get(_checked_name(_one(arguments, "get")))
        if field is None:
            return jsnull
        return ", ".join(field[1:])

    def has(self, *arguments: Any) -> bool:
        """Tell whether there is such a name."""
        return _checked_name(_one(arguments, "has")) in self.fields

    def delete(self, *arguments: Any) -> None:
        """Remove the values of a name."""
        self.fields.pop(_checked_name(_one(arguments, "delete")), None)

    def getSetCookie(self, *_: object) -> JsArray:
        """Give the values of Set-Cookie."""
        return JsArray(list(self.fields.get("set-cookie", ())[1:]))

    def getAll(self, *arguments: Any) -> JsArray:
        """Give the values of Set-Cookie, and of no other name."""
        if _one(arguments, "getAll").lower() != "set-cookie":
            raise JsTypeError(_ONLY_SET_COOKIE)
        return self.getSetCookie()

    @wants_function
    def forEach(self, function: Callable[..., Any], *_: object) -> None:
        """Call `function(value, name, headers)` for each header."""
        for name, value in self._sorted():
            function(value, name, self)

    def entries(self, *_: object) -> WebIterator:
        """Iterate over pairs of name and value."""
        return WebIterator(
            [JsArray([name, value]) for name, value in self._sorted()], "EntryIterator"
        )

    def keys(self, *_: object) -> WebIterator:
        """Iterate over the names."""
        return WebIterator([name for name, _ in self._sorted()], "KeyIterator")

    def values(self, *_: object) -> WebIterator:
        """Iterate over the values."""
        return WebIterator([value for _, value in self._sorted()], "ValueIterator")

    def __iter__(self) -> Iterator[JsArray]:
        return self.entries()

    def _sorted(self) -> list[tuple[str, str]]:
        result: list[tuple[str, str]] = []
        for key in sorted(self.fields):
            values = self.fields[key][1:]
            if key == "set-cookie":
                result.extend((key, value) for value in values)
            else:
                result.append((key, ", ".join(values)))
        return result

    def _append_pair(self, pair: Any) -> None:
        if not _is_sequence(pair):
            raise JsTypeError(NO_SEQUENCE)
        try:
            name, value = pair
        except ValueError:
            raise JsTypeError(_WRONG_PAIR) from None
        self.append(name, value)


def _is_sequence(init: Any) -> TypeGuard[Iterable[Any]]:
    return not isinstance(init, (str, bytes)) and hasattr(init, "__iter__")


def _one(arguments: tuple[Any, ...], method: str) -> str:
    if not arguments:
        raise _missing(method, 1)
    name = arguments[0]
    return name if type(name) is str else js_string(name)


def _two(arguments: tuple[Any, ...], method: str) -> tuple[str, str]:
    if len(arguments) < 2:  # noqa: PLR2004 - a name and a value
        raise _missing(method, len(arguments) + 1)
    name, value, *_ = arguments
    return (
        name if type(name) is str else js_string(name),
        value if type(value) is str else js_string(value),
    )


def _missing(method: str, position: int) -> JsTypeError:
    return JsTypeError(
        f"Failed to execute '{method}' on 'Headers': parameter {position} is not of type 'string'."
    )


def _checked_name(name: str) -> str:
    if _BAD_NAME.search(name):
        raise JsTypeError("Invalid header name.")
    return name.lower()


def _checked_value(value: str) -> str:
    value = value.strip(_BLANK)
    if _BAD_VALUE.search(value):
        raise JsTypeError("Invalid header value.")
    return usv(value)

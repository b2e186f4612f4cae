"""The members of values by name: what `Object.keys` sees, and in which order."""

from __future__ import annotations

import keyword
from typing import Any, cast

from pydo.host.js.error import JsTypeError
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, jsnull

__all__ = ["is_index", "members_of", "ordered", "proxied", "without_underscore"]

_MAX_INDEX_DIGITS = 10


def members_of(value: Any) -> dict[str, Any]:
    """Give the own enumerable members of any value, in JavaScript's order.

    Raises:
        JsException: a `TypeError` for undefined and null.

    """
    if isinstance(value, JsProxy):
        return value.__members__
    if value is None or value is jsnull:
        raise JsTypeError("Cannot convert undefined or null to object")
    if type(value) is dict:
        return proxied(cast("dict[Any, Any]", value))
    if isinstance(value, str):
        return {str(index): each for index, each in enumerate(value)}
    return {}


def proxied(value: dict[Any, Any]) -> dict[str, Any]:
    """Give the items of a dict as JavaScript reads them: two names are its proxy's own."""
    members = {key if type(key) is str else js_string(key): each for key, each in value.items()}
    if "type" in members:
        members["type"] = "dict"
    if "length" in members:
        members["length"] = len(value)
    return members


def ordered(members: dict[str, Any]) -> dict[str, Any]:
    """Give members in JavaScript's order: whole numbers ascending, then the rest as they came."""
    indices = [key for key in members if key[:1].isdigit() and is_index(key)]
    if not indices:
        return members
    indices.sort(key=int)
    first = {key: members[key] for key in indices}
    return {**first, **{key: each for key, each in members.items() if key not in first}}


def without_underscore(name: str) -> str:
    """Give the member that a name means: `from_` is Pyodide's form of a keyword of Python's."""
    if name[-1:] == "_" and keyword.iskeyword(name.rstrip("_")):
        return name[:-1]
    return name


def is_index(key: str) -> bool:
    """Tell whether a name is a whole number, as those of an array's elements are."""
    if not (key.isascii() and key.isdigit()) or len(key) > _MAX_INDEX_DIGITS:
        return False
    return (key == "0" or key[0] != "0") and int(key) < 2**32 - 1

"""Stored values as text for people and as JSON for programs."""

from __future__ import annotations

import base64
import math
from datetime import datetime
from pprint import pformat
from typing import Any, cast

from pydo.clone import UNDEFINED, ByIdentity
from pydo.state.stored import Unreadable

__all__ = ["as_json", "as_line", "as_text"]

_WIDTH = 100
_MOST_BYTES = 32  # shown of a blob
_MOST_TEXT, _MOST_LINE = 4000, 60  # characters shown of a value


def as_text(value: object) -> str:
    """Give a value as Python would write it, in several lines if it is large, and not all of it."""
    text = pformat(_brief(value, set()), width=_WIDTH, compact=True, sort_dicts=False)
    return _cut(text, _MOST_TEXT)


def as_line(value: object) -> str:
    """Give a value as Python would write it in one line, or the beginning of that."""
    return _cut(repr(_brief(value, set())), _MOST_LINE)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


class _Word:
    """Something that is shown as it is, without quotes."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _brief(value: object, seen: set[int]) -> object:
    match value:
        case bytes() | bytearray() | memoryview():
            data = bytes(value)
            text = repr(data[:_MOST_BYTES])
            return _Word(text if len(data) <= _MOST_BYTES else f"{text}… ({len(data)} bytes)")
        case datetime():
            return _Word(value.isoformat())
        case Unreadable(reason):
            return _Word(f"<unreadable: {reason}>")
        case ByIdentity(inner):
            return _brief(inner, seen)
        case dict() | list() | set() | frozenset():
            if id(cast("object", value)) in seen:
                return _Word("<itself>")
            inner = seen | {id(cast("object", value))}
            return _brief_container(value, inner)
        case _:
            return value


def _brief_container(value: Any, seen: set[int]) -> object:
    if isinstance(value, dict):
        members = cast("dict[object, object]", value).items()
        return {_key(k): _brief(v, seen) for k, v in members}
    if isinstance(value, list):
        return [_brief(each, seen) for each in cast("list[object]", value)]
    return {_key(each) for each in cast("set[object]", value)}


def _key(value: object) -> object:
    return _Word(repr(value.value)) if isinstance(value, ByIdentity) else value


def as_json(value: object) -> object:
    """Give a value in JSON's terms; what it has no word for is an object with `$type`.

    Whole numbers beyond JavaScript's safe ones were BigInts, and are shown so.
    """
    return _jsonable(value, set())


def _jsonable(value: object, seen: set[int]) -> object:
    if value is UNDEFINED:
        return {"$type": "undefined"}
    match value:
        case None | bool() | str():
            return value
        case int():
            big = abs(value) > 2**53 - 1
            return {"$type": "bigint", "value": str(value)} if big else value
        case float():
            return value if math.isfinite(value) else {"$type": "number", "value": _infinite(value)}
        case bytes() | bytearray() | memoryview():
            return {"$type": "bytes", "base64": base64.b64encode(value).decode()}
        case datetime():
            return {"$type": "date", "value": value.isoformat()}
        case Unreadable(reason):
            return {"$type": "unreadable", "reason": reason}
        case ByIdentity(inner):
            return _jsonable(inner, seen)
        case _:
            return _json_container(value, seen)


def _json_container(value: Any, seen: set[int]) -> object:
    if id(value) in seen:
        return {"$type": "itself"}
    seen = seen | {id(value)}
    if isinstance(value, list):
        return [_jsonable(each, seen) for each in cast("list[object]", value)]
    if isinstance(value, (set, frozenset)):
        members = cast("set[object]", value)
        return {"$type": "set", "values": [_jsonable(each, seen) for each in members]}
    pairs = cast("dict[object, object]", value).items()
    if all(isinstance(key, str) for key, _ in pairs):
        return {str(key): _jsonable(each, seen) for key, each in pairs}
    entries = [[_jsonable(key, seen), _jsonable(each, seen)] for key, each in pairs]
    return {"$type": "map", "entries": entries}


def _infinite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"

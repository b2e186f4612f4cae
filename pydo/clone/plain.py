"""PLAIN: the codec for plain Python values, with which tools show what is stored.

What has no plain twin is shown rather than kept: an error is a dict of its members, a RegExp a
str, a boxed primitive the primitive, a Date that no datetime can hold a str.  Views of bytes are
bytes, other views lists of numbers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydo.clone.codec import Codec
from pydo.clone.model import Kind, Model

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = datetime.fromtimestamp(0, UTC)


class Undefined:
    """The type of `UNDEFINED`, JavaScript's undefined; None is its null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"

    def __bool__(self) -> bool:
        return False


UNDEFINED = Undefined()


@dataclass(frozen=True, slots=True, eq=False)
class ByIdentity:
    """A Map's key or a Set's element that Python cannot hash or takes for another one.

    It is compared by identity, as JavaScript does.
    """

    value: object


def _make_map() -> tuple[object, Callable[[object, object], object]]:
    made: dict[object, object] = {}

    def add(key: object, value: object) -> None:
        made[_hashable(key, made)] = value

    return made, add


def _make_set() -> tuple[object, Callable[[object], object]]:
    made: set[object] = set()
    return made, lambda element: made.add(_hashable(element, made))


def _hashable(value: object, others: dict[object, object] | set[object]) -> object:
    try:
        # 1 and True are one key to Python and two to JavaScript.
        taken = value in others
    except TypeError:
        taken = True
    return ByIdentity(value) if taken else value


def _make_date(milliseconds: float) -> object:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        return f"Date({milliseconds})"


def _date_parts(value: datetime) -> float:
    # A datetime without a zone is local time: to Python, and to JavaScript.
    return float((value - _EPOCH if value.tzinfo else value.astimezone() - _EPOCH) // _MILLISECOND)


_MILLISECOND = timedelta(milliseconds=1)

# The elements of each kind of view, as `struct` names them; those missing here are bytes.
_ELEMENTS = {
    "Int8Array": "b",
    "Int16Array": "h",
    "Uint16Array": "H",
    "Int32Array": "i",
    "Uint32Array": "I",
    "Float16Array": "e",
    "Float32Array": "f",
    "Float64Array": "d",
    "BigInt64Array": "q",
    "BigUint64Array": "Q",
}


def _make_view(name: str, buffer: bytes, offset: int, length: int) -> object:
    content = buffer[offset : offset + length]
    element = _ELEMENTS.get(name)
    if element is None:
        return content
    return [number for (number,) in struct.iter_unpack(f"<{element}", content)]


def _make_error(name: str, message: str | None, members: dict[str, object]) -> object:
    members["name"] = name
    if message is not None:
        members["message"] = message
    return members


def _itself(value: object) -> object:
    return value


PLAIN = Codec(
    Model(
        undefined=UNDEFINED,
        null=None,
        hole=UNDEFINED,
        parts={
            dict: (Kind.OBJECT, _itself),
            list: (Kind.ARRAY, _itself),
            tuple: (Kind.ARRAY, _itself),
            set: (Kind.SET, _itself),
            frozenset: (Kind.SET, _itself),
            datetime: (Kind.DATE, _date_parts),
            bytearray: (Kind.BUFFER, _itself),
            bytes: (Kind.VIEW, lambda value: ("Uint8Array", bytearray(value), 0, len(value))),
        },
        make_object=_itself,
        make_array=_itself,
        make_map=_make_map,
        make_set=_make_set,
        make_date=_make_date,
        make_buffer=bytes,
        make_view=_make_view,
        make_error=_make_error,
        make_regexp=lambda source, flags: f"/{source}/{flags}",
        make_boxed=_itself,
    )
)

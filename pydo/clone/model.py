"""The model: what Python's values are in JavaScript's terms, told to the codec by another layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Kind(Enum):
    """A kind of JavaScript value, with the parts that a model takes such a value apart into."""

    OBJECT = "members: dict[str, object]"
    ARRAY = "items: list[object], in which `Model.hole` stands for an item that is not there"
    MAP = "its pairs: an iterable of (key, value) with a length"
    SET = "its elements: an iterable with a length"
    DATE = "milliseconds since 1970: float, NaN when invalid"
    BUFFER = "its bytes: bytearray or bytes"
    VIEW = "(constructor's name, buffer, offset in bytes, length in bytes)"
    ERROR = "(name, message or None, other members: dict with 'stack', 'cause' and its own)"
    REGEXP = "(source, flags)"
    BOXED = "the primitive inside"
    BIGINT = "int"


# What a part is depends on the kind, which no annotation can say.
Parts = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Model:
    """How values are told apart, taken apart and made.

    A Python bool, int, float and str need no mention: they are themselves.  `undefined`, `null`
    and `hole` are singletons, told by their types; `hole` may be the same as `undefined` where
    a missing item need not be told from an undefined one.

    `parts` gives for a type its kind and the function that takes such a value apart; a subclass
    is what its nearest base is.  What it does not mention cannot be cloned.

    Containers are made empty and filled afterwards, so that they may hold themselves:
    `make_object` gets the dict that will hold the members, `make_array` the list of items,
    `make_error` its name, its message if it has one, and the dict for all other members;
    `make_map` and `make_set` return the new container and a function that adds to it.
    `make_view` gets what `Kind.VIEW` lists, `make_regexp` what `Kind.REGEXP` lists.
    """

    undefined: object
    null: object
    hole: object
    parts: Mapping[type, tuple[Kind, Parts]]
    make_object: Callable[[dict[str, object]], object]
    make_array: Callable[[list[object]], object]
    make_map: Callable[[], tuple[object, Callable[[object, object], object]]]
    make_set: Callable[[], tuple[object, Callable[[object], object]]]
    make_date: Callable[[float], object]
    make_buffer: Callable[[bytearray], object]
    make_view: Callable[[str, Any, int, int], object]
    make_error: Callable[[str, str | None, dict[str, object]], object]
    make_regexp: Callable[[str, str], object]
    make_boxed: Callable[[object], object]
    make_bigint: Callable[[int], object] = int

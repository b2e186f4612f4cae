"""What Python's dicts take for the keys of a `Map` and the values of a `Set`.

They are the same by SameValueZero: objects by identity, NaN is NaN, and 1 is not true.
"""

from __future__ import annotations

import math
from typing import Any, cast, final

from pydo.host.js.error import JsError
from pydo.host.js.value import JsProxy, cross, jsnull

__all__ = ["Identity", "key_of", "python_key", "value_of"]


@final
class Identity:
    """A key that stands for one object, or for a boolean (which Python takes for a number)."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


_NAN = math.nan


def key_of(value: Any) -> Any:
    """Give the key that stands for a value."""
    value = cross(value)
    kind = cast("type", type(value))
    if kind is str or kind is int or value is None or value is jsnull:
        return value
    if kind is float:
        return _NAN if math.isnan(value) else value
    return Identity(value)


def value_of(key: Any) -> Any:
    """Give the value that a key stands for."""
    return key.value if type(key) is Identity else key


def python_key(key: Any, container: str) -> Any:
    """Give a key as one of Python's containers has it.

    Raises:
        JsException: it stands for an object of JavaScript's, which has no hash in Python.

    """
    value = value_of(key)
    if isinstance(value, JsProxy):
        raise JsError(f"Cannot use key of type {type(value).name} as a key to a Python {container}")
    return value

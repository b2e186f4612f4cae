"""`Object(5)`: any primitive as the object that its methods are called on."""

from __future__ import annotations

from typing import Any

from pydo.host.js.bigint import BigInt, JsBigInt
from pydo.host.js.box import Boolean
from pydo.host.js.number import Number
from pydo.host.js.string import String
from pydo.host.js.value import MAX_SAFE_INTEGER

__all__ = ["boxed"]


def boxed(value: Any) -> Any:
    """Give a string, a number or a boolean as an object, and anything else as it is."""
    if isinstance(value, bool):
        return Boolean.new(value)
    if isinstance(value, str):
        return String.new(value)
    if isinstance(value, JsBigInt) or (isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER):
        return type.__call__(BigInt, value)
    return Number.new(value) if isinstance(value, (int, float)) else value

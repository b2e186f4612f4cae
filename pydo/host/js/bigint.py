"""BigInt: whole numbers of any size, which Python reads as `int`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.box import Box
from pydo.host.js.error import JsRangeError, JsSyntaxError, JsTypeError
from pydo.host.js.function import JsFunction
from pydo.host.js.text import integer, js_string
from pydo.host.js.value import MAX_SAFE_INTEGER, jsnull

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BigInt", "JsBigInt", "big_int", "big_int_function", "js_big_int", "to_big_int"]


class JsBigInt(int):
    """A BigInt in Pyodide from 314 on: an `int` that stays one of JavaScript's."""

    __slots__ = ()
    __bigint__ = True  # for `cross`, which is beneath this module


def _closed(name: str) -> Callable[..., Any]:
    """Make an operation that stays among BigInts."""
    of_int = getattr(int, name)

    def operate(self: JsBigInt, *others: Any) -> Any:
        result = of_int(self, *others)
        return JsBigInt(result) if type(result) is int else result

    return operate


_OPERATIONS = (
    "abs add and floordiv invert lshift mod mul neg or pos pow radd rand rfloordiv rmod rmul ror"
    " rshift rsub rxor sub xor"
)
for _name in _OPERATIONS.split():
    setattr(JsBigInt, f"__{_name}__", _closed(f"__{_name}__"))


class BigInt(Box):
    """A boxed BigInt."""

    __slots__ = ()


def big_int(value: Any = None, *_: object) -> int:
    """Make a BigInt, which Python reads as an `int`.

    Raises:
        JsException: a `TypeError`, `SyntaxError` or `RangeError` for what is no whole number.

    """
    if isinstance(value, (bool, int)):
        return int(value)
    if not isinstance(value, float):
        return to_big_int(value)
    if not value.is_integer():
        raise JsRangeError(
            f"The number {js_string(value)} cannot be converted to a BigInt because it is not an"
            " integer"
        )
    return int(value)


def js_big_int(value: Any = None, *_: object) -> JsBigInt:
    """Make a BigInt, as Pyodide from 314 on reads it.

    Raises:
        JsException: as `big_int` does.

    """
    return JsBigInt(big_int(value))


def to_big_int(value: Any) -> int:
    """Read a BigInt where one is wanted: of what Python has, an `int` that no Number holds.

    Raises:
        JsException: a `TypeError` for a Number and what is neither, a `SyntaxError` for a text
            that is no whole number.

    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        if getattr(type(value), "__bigint__", False) or abs(value) > MAX_SAFE_INTEGER:
            return int(value)
        raise JsTypeError(f"Cannot convert {value} to a BigInt")
    if value is None or value is jsnull or isinstance(value, float):
        raise JsTypeError(f"Cannot convert {js_string(value)} to a BigInt")
    text = js_string(value)
    try:
        return int(text.strip() or "0", 0)
    except ValueError:
        raise JsSyntaxError(f"Cannot convert {text} to a BigInt") from None


def big_int_function(*, tells_big_ints: bool) -> JsFunction:
    """Give the function `BigInt`; from Pyodide 314 on what it makes is more than an `int`."""
    made = JsBigInt if tells_big_ints else int

    def as_unsigned(bits: Any = None, value: Any = None, *_: object) -> int:
        return made(to_big_int(value) & ((1 << integer(bits)) - 1))

    def as_signed(bits: Any = None, value: Any = None, *_: object) -> int:
        size = integer(bits)
        cut = to_big_int(value) & ((1 << size) - 1)
        return made(cut - (1 << size) if size and cut >> (size - 1) else cut)

    function = JsFunction(js_big_int if tells_big_ints else big_int, "BigInt")
    vars(function)["asIntN"] = JsFunction(as_signed, "asIntN")
    vars(function)["asUintN"] = JsFunction(as_unsigned, "asUintN")
    return function

"""BigInt: whole numbers of any size, which Python reads as `int`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.box import Box
from pydo.host.js.error import JsRangeError, JsSyntaxError
from pydo.host.js.text import js_number, js_string

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BigInt", "JsBigInt", "big_int", "js_big_int"]


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
        JsException: a `SyntaxError` or a `RangeError` for what is no whole number.

    """
    number = js_number(value) if not isinstance(value, str) else None
    if number is None:
        try:
            return int(value.strip() or "0", 0)
        except ValueError:
            raise JsSyntaxError(f"Cannot convert {value} to a BigInt") from None
    if not float(number).is_integer():
        raise JsRangeError(
            f"The number {js_string(number)} cannot be converted to a BigInt because it is not an"
            " integer"
        )
    return int(number)


def js_big_int(value: Any = None, *_: object) -> JsBigInt:
    """Make a BigInt, as Pyodide from 314 on reads it.

    Raises:
        JsException: as `big_int` does.

    """
    return JsBigInt(big_int(value))

"""`Number`, `String` and `Boolean`: conversions when called, boxes when constructed."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from pydo.host.js.error import JsRangeError, JsSyntaxError
from pydo.host.js.text import integer, js_number, js_string, truthy
from pydo.host.js.value import MAX_SAFE_INTEGER, Conversion, JsClass, JsProxy

__all__ = ["Boolean", "Number", "String", "big_int", "parse_float", "parse_int"]

_FLOAT = re.compile(r"\s*([+-]?(?:Infinity|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?))")


class Box(JsProxy, js_name="Object"):
    """A primitive as an object; `primitive` is what it boxes."""

    __slots__ = ("__dict__", "primitive")

    def __init__(self, primitive: Any) -> None:
        self.primitive = primitive

    def valueOf(self) -> Any:
        """Give the primitive."""
        return self.primitive

    def toString(self) -> str:
        """Give the primitive's text."""
        return js_string(self.primitive)

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        return conversion.leave(self)


class NumberClass(JsClass):
    """`Number`, with what belongs to it."""

    MAX_SAFE_INTEGER = MAX_SAFE_INTEGER
    MIN_SAFE_INTEGER = -MAX_SAFE_INTEGER
    EPSILON = 2.0**-52
    MAX_VALUE = 1.7976931348623157e308
    MIN_VALUE = 5e-324
    NaN = math.nan
    POSITIVE_INFINITY = math.inf
    NEGATIVE_INFINITY = -math.inf

    if not TYPE_CHECKING:

        def new(cls, value: Any = 0, *_: object) -> Number:
            """Box a number."""
            return type.__call__(cls, js_number(value))

        def __call__(cls, value: Any = 0, *_: object) -> Any:
            return js_number(value)

    def isInteger(cls, value: Any = None, *_: object) -> bool:
        """Tell whether the value is a whole number."""
        return cls.isFinite(value) and float(value).is_integer()

    def isSafeInteger(cls, value: Any = None, *_: object) -> bool:
        """Tell whether the value is a whole number that a Number holds exactly."""
        return cls.isInteger(value) and abs(value) <= MAX_SAFE_INTEGER

    def isFinite(cls, value: Any = None, *_: object) -> bool:
        """Tell whether the value is a number, and a finite one."""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and math.isfinite(value)

    def isNaN(cls, value: Any = None, *_: object) -> bool:
        """Tell whether the value is NaN."""
        return isinstance(value, float) and math.isnan(value)

    def parseFloat(cls, text: Any = None, *_: object) -> Any:
        """Read a number from the start of a text."""
        return parse_float(text)

    def parseInt(cls, text: Any = None, radix: Any = None, *_: object) -> Any:
        """Read a whole number from the start of a text."""
        return parse_int(text, radix)


class Number(Box, metaclass=NumberClass):
    """A boxed number."""

    __slots__ = ()


class StringClass(JsClass):
    """`String`, with what belongs to it."""

    if not TYPE_CHECKING:

        def new(cls, value: Any = "", *_: object) -> String:
            """Box a string."""
            return type.__call__(cls, js_string(value))

        def __call__(cls, value: Any = "", *_: object) -> Any:
            return js_string(value)

    def fromCharCode(cls, *codes: Any) -> str:
        """Make a string of UTF-16 code units."""
        units = b"".join((integer(code) & 0xFFFF).to_bytes(2, "little") for code in codes)
        return units.decode("utf-16-le", "surrogatepass")

    def fromCodePoint(cls, *codes: Any) -> str:
        """Make a string of code points."""
        return "".join(chr(integer(code)) for code in codes)


class String(Box, metaclass=StringClass):
    """A boxed string."""

    __slots__ = ()

    @property
    def length(self) -> int:
        """The number of UTF-16 code units."""
        return len(self.primitive.encode("utf-16-le", "surrogatepass")) // 2


class BooleanClass(JsClass):
    """`Boolean`."""

    if not TYPE_CHECKING:

        def new(cls, value: Any = None, *_: object) -> Boolean:
            """Box a boolean."""
            return type.__call__(cls, truthy(value))

        def __call__(cls, value: Any = None, *_: object) -> Any:
            return truthy(value)


class Boolean(Box, metaclass=BooleanClass):
    """A boxed boolean."""

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


def parse_float(text: Any = None, *_: object) -> Any:
    """Read a number from the start of a text; NaN if none stands there."""
    found = _FLOAT.match(js_string(text))
    return js_number(found[1]) if found else math.nan


def parse_int(text: Any = None, radix: Any = None, *_: object) -> Any:
    """Read a whole number from the start of a text; NaN if none stands there."""
    base = integer(radix) or 10
    source = js_string(text).strip().lower()
    sign = -1 if source.startswith("-") else 1
    source = source.lstrip("+-")
    if source.startswith("0x") and base in {10, 16}:
        source, base = source[2:], 16
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"[:base]
    found = re.match(f"[{digits}]+", source)
    return js_number(sign * int(found[0], base)) if found else math.nan

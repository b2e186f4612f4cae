"""`Number`: a conversion when it is called, a box when it is constructed."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from pydo.host.js.box import Box
from pydo.host.js.error import JsRangeError
from pydo.host.js.localeform import only_the_default
from pydo.host.js.text import integer, js_number, js_string
from pydo.host.js.value import MAX_SAFE_INTEGER, JsClass

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Number", "localized", "parse_float", "parse_int"]

_MOST_DIGITS = 100
_SCIENTIFIC_FROM = 1e21
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_FLOAT = re.compile(r"\s*([+-]?(?:Infinity|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?))")


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
    """A boxed number, with the texts that JavaScript makes of numbers."""

    __slots__ = ()

    def toString(self, radix: Any = None, *_: object) -> str:
        """Give the number's text, to a base from 2 to 36."""
        base = integer(radix, 10)
        if not 2 <= base <= 36:  # noqa: PLR2004 - JavaScript's bases
            raise JsRangeError("toString() radix argument must be between 2 and 36")
        if base == 10 or not math.isfinite(self.primitive):  # noqa: PLR2004 - decimal
            return js_string(self.primitive)
        return _texts().in_base(self.primitive, base)

    def toFixed(self, digits: Any = None, *_: object) -> str:
        """Give the number's text with as many digits after the point."""
        count = integer(digits)
        if not 0 <= count <= _MOST_DIGITS:
            raise JsRangeError("toFixed() digits argument must be between 0 and 100")
        if not math.isfinite(self.primitive) or abs(self.primitive) >= _SCIENTIFIC_FROM:
            return js_string(self.primitive)
        return _texts().fixed(self.primitive, count)

    def toPrecision(self, digits: Any = None, *_: object) -> str:
        """Give the number's text with as many digits in all."""
        if digits is None or not math.isfinite(self.primitive):
            return js_string(self.primitive)
        count = integer(digits)
        if not 1 <= count <= _MOST_DIGITS:
            raise JsRangeError("toPrecision() argument must be between 1 and 100")
        return _texts().precise(self.primitive, count)

    def toExponential(self, digits: Any = None, *_: object) -> str:
        """Give the number's text as a digit, as many after the point, and a power of ten."""
        if not math.isfinite(self.primitive):
            return js_string(self.primitive)
        count = None if digits is None else integer(digits)
        if count is not None and not 0 <= count <= _MOST_DIGITS:
            raise JsRangeError("toExponential() argument must be between 0 and 100")
        return _texts().exponential(self.primitive, count)

    def toLocaleString(self, *arguments: Any, **named: Any) -> str:
        """Give the number's text as it is written in the United States.

        Raises:
            JsException: for another place, or another form, which are not simulated.

        """
        only_the_default("a Number", arguments, named)
        return localized(self.primitive)


def localized(number: float) -> str:
    """Write a number as is done in the United States, with up to three digits after the point."""
    return _texts().localized(number)


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
    digits = _DIGITS[:base]
    found = re.match(f"[{digits}]+", source)
    return js_number(sign * int(found[0], base)) if found else math.nan


def _texts() -> ModuleType:
    from pydo.host.js import numbertext  # noqa: PLC0415 - it is rarely needed, and slow to load

    return numbertext

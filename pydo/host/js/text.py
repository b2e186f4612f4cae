"""JavaScript's conversions between primitives: ToString, ToNumber, ToBoolean, USVString."""

from __future__ import annotations

import math
import re
from typing import Any

from pydo.errors import JsException
from pydo.host.js.value import JsNull, JsProxy, jsnull, plain_number

__all__ = [
    "integer",
    "is_callable",
    "js_number",
    "js_string",
    "number_text",
    "truthy",
    "usv",
    "well_formed",
]

_EXPONENT = re.compile(r"e([+-])0*(\d+)")
_NUMERAL = re.compile(r"[+-]?(Infinity|\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?)", re.IGNORECASE)
_RADIX = {"0x": 16, "0o": 8, "0b": 2}
_SCIENTIFIC_FROM = 1e21
_SCIENTIFIC_BELOW = 1e-6


def js_string(value: Any) -> str:
    """Give JavaScript's text of any value; that of a Python object is its `str`."""
    if isinstance(value, str):
        return str.__str__(value)
    if value is None:
        return "undefined"
    if value is jsnull:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return number_text(value)
    return str(value)


def number_text(value: float) -> str:
    """Give a Number as JavaScript writes it: `1`, `0.1`, `1e+21`, `1e-7`, `NaN`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value.is_integer() and abs(value) < _SCIENTIFIC_FROM:
        return _integral(value)
    text = float.__repr__(value)
    if "e" not in text:
        return text
    if _SCIENTIFIC_BELOW <= abs(value) < 1:
        digits, exponent = text.lstrip("-").split("e")
        sign = "-" if value < 0 else ""
        return f"{sign}0.{'0' * (-int(exponent) - 1)}{digits.replace('.', '')}"
    return _EXPONENT.sub(r"e\1\2", text)


def js_number(value: Any) -> int | float:
    """Convert to a Number; what is none becomes NaN."""
    if isinstance(value, (bool, int)):
        return int(value)
    if isinstance(value, float):
        return plain_number(value)
    if value is jsnull:
        return 0
    if isinstance(value, JsProxy):
        primitive = value.valueOf()
        return js_number(str(value) if isinstance(primitive, JsProxy) else primitive)
    if value is None:
        return math.nan
    return _parsed(js_string(value).strip())


def integer(value: Any, default: int = 0) -> int:
    """Convert to an integer, as array indices and lengths are read; `default` if undefined."""
    if value is None:
        return default
    number = js_number(value)
    if isinstance(number, int):
        return number
    if math.isnan(number):
        return 0
    return int(max(min(number, 2.0**63), -(2.0**63)))


def truthy(value: Any) -> bool:
    """Convert to a Boolean; every object is true, an empty one too."""
    if value is None or isinstance(value, JsNull):
        return False
    if isinstance(value, float):
        return not (value == 0 or math.isnan(value))
    if isinstance(value, (bool, int, str)):
        return bool(value)
    return True


def usv(text: str) -> str:
    """Replace lone surrogates, as wherever a string becomes UTF-8."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def well_formed(text: str) -> str:
    """Give what comes back of a text that workerd has stored.

    Each lone surrogate is three replacement characters: it is stored as the three bytes that it
    would have in UTF-8, which are none.
    """
    if text.isascii():
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return joined.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def is_callable(value: object, method: str, position: int = 1) -> None:
    """Refuse an argument that is no function.

    Raises:
        JsException: a `TypeError` in workerd's words (src/workerd/jsg/util.c++).

    """
    if not callable(value):
        raise JsException(
            "TypeError",
            f"Failed to execute '{method}' on 'ServiceWorkerGlobalScope': "
            f"parameter {position} is not of type 'function'.",
        )


def _integral(value: float) -> str:
    # An integral double is written with its shortest digits, then zeros: 1e20 has no others.
    text = float.__repr__(value)
    if "e" not in text:
        return text.removesuffix(".0").replace("-0", "0") if value == 0 else text[:-2]
    digits, exponent = text.split("e")
    sign = "-" if digits.startswith("-") else ""
    digits = digits.lstrip("-")
    whole, _, fraction = digits.partition(".")
    return f"{sign}{whole}{fraction.ljust(int(exponent), '0')}"


def _parsed(text: str) -> int | float:
    if not text:
        return 0
    radix = _RADIX.get(text[:2].lower())
    if radix is not None:
        try:
            return plain_number(float(int(text[2:], radix)))
        except ValueError:
            return math.nan
    if not _NUMERAL.fullmatch(text):
        return math.nan
    return plain_number(float(text.replace("Infinity", "inf")))

"""`Math`, and the functions on numbers that are global."""

from __future__ import annotations

import math
import random
import struct
from typing import TYPE_CHECKING, Any

from pydo.host.js.error import JsTypeError
from pydo.host.js.function import JsFunction, Namespace
from pydo.host.js.number import parse_float, parse_int
from pydo.host.js.text import js_number
from pydo.host.js.value import iterated, jsnull, plain_number

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NUMBER_FUNCTIONS", "Math"]


class Math(Namespace, js_name="Object"):
    """The object `Math`; what is out of a function's domain is NaN."""

    __slots__ = ()
    TAG = "Math"

    def __init__(self) -> None:
        super().__init__()
        vars(self).update(_CONSTANTS)
        vars(self).update({name: JsFunction(_unary(f), name) for name, f in _UNARY.items()})
        vars(self).update({name: JsFunction(f, name) for name, f in _OTHERS.items()})


def _unary(function: Callable[[float], float]) -> Callable[..., Any]:
    def call(value: Any = None, *_: object) -> Any:
        number = js_number(value)
        if math.isnan(number):
            return math.nan
        try:
            return plain_number(float(function(number)))
        except (ValueError, OverflowError):
            return _outside(function, number)

    return call


def _outside(function: Callable[[float], float], number: float) -> float:
    if function in (math.exp, math.cosh, math.expm1) and number > 0:
        return math.inf
    if function in (math.log, math.log2, math.log10) and number == 0:
        return -math.inf
    if function in (math.floor, math.ceil, math.trunc):
        return number
    return math.nan


def _round(number: float) -> float:
    return math.floor(number + 0.5)


def _sign(number: float) -> float:
    return (number > 0) - (number < 0)


def _most(*values: Any) -> Any:
    numbers = [js_number(value) for value in values]
    return math.nan if any(map(math.isnan, numbers)) else max(numbers, default=-math.inf)


def _least(*values: Any) -> Any:
    numbers = [js_number(value) for value in values]
    return math.nan if any(map(math.isnan, numbers)) else min(numbers, default=math.inf)


def _pow(base: Any = None, exponent: Any = None, *_: object) -> Any:
    try:
        result = js_number(base) ** js_number(exponent)
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    return math.nan if isinstance(result, complex) else plain_number(float(result))


def _unsigned(value: Any) -> int:
    number = js_number(value)
    return int(number) & 0xFFFFFFFF if math.isfinite(number) else 0


def _imul(first: Any = None, second: Any = None, *_: object) -> int:
    product = _unsigned(first) * _unsigned(second) & 0xFFFFFFFF
    return product - 2**32 if product >> 31 else product


def _narrowed(code: str) -> Callable[[float], float]:
    def narrow(number: float) -> float:
        try:
            return float(struct.unpack(code, struct.pack(code, number))[0])
        except OverflowError:
            return math.copysign(math.inf, number)

    return narrow


def _cbrt(number: float) -> float:
    root = math.cbrt(number)
    return float(round(root)) if math.isfinite(root) and round(root) ** 3 == number else root


def _sum_precise(values: Any = None, *_: object) -> Any:
    if values is None or values is jsnull:
        raise JsTypeError("Math.sumPrecise called on null or undefined")
    return plain_number(math.fsum(iterated(values)))


def _log1p(number: float) -> float:
    return -math.inf if number == -1 else math.log1p(number)


def _atanh(number: float) -> float:
    return math.copysign(math.inf, number) if abs(number) == 1 else math.atanh(number)


_CONSTANTS = {
    "E": math.e,
    "LN10": math.log(10),
    "LN2": math.log(2),
    "LOG10E": math.log10(math.e),
    "LOG2E": math.log2(math.e),
    "PI": math.pi,
    "SQRT1_2": math.sqrt(0.5),
    "SQRT2": math.sqrt(2),
}
_UNARY: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "acos": math.acos,
    "acosh": math.acosh,
    "asin": math.asin,
    "asinh": math.asinh,
    "atan": math.atan,
    "atanh": _atanh,
    "cbrt": _cbrt,
    "ceil": math.ceil,
    "cos": math.cos,
    "cosh": math.cosh,
    "exp": math.exp,
    "expm1": math.expm1,
    "f16round": _narrowed("e"),
    "floor": math.floor,
    "fround": _narrowed("f"),
    "log": math.log,
    "log10": math.log10,
    "log1p": _log1p,
    "log2": math.log2,
    "round": _round,
    "sign": _sign,
    "sin": math.sin,
    "sinh": math.sinh,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "tanh": math.tanh,
    "trunc": math.trunc,
}
_OTHERS: dict[str, Callable[..., Any]] = {
    "atan2": lambda y=None, x=None, *_: math.atan2(js_number(y), js_number(x)),
    "clz32": lambda value=None, *_: 32 - _unsigned(value).bit_length(),
    "hypot": lambda *values: plain_number(math.hypot(*map(js_number, values))),
    "imul": _imul,
    "max": _most,
    "min": _least,
    "pow": _pow,
    "random": lambda *_: random.random(),  # noqa: S311 - as in JavaScript
    "sumPrecise": _sum_precise,
}


def _is_nan(value: Any = None, *_: object) -> bool:
    return math.isnan(js_number(value))


def _is_finite(value: Any = None, *_: object) -> bool:
    return math.isfinite(js_number(value))


NUMBER_FUNCTIONS = {
    name: JsFunction(function, name)
    for name, function in {
        "isFinite": _is_finite,
        "isNaN": _is_nan,
        "parseFloat": parse_float,
        "parseInt": parse_int,
    }.items()
}

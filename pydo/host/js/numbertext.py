"""The texts of numbers that take more than the shortest digits: `toFixed` and its kin.

It is imported where it is used, since decimals take their time to load.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal, localcontext

__all__ = ["exponential", "fixed", "in_base", "localized", "precise"]

_HALF = 0.5
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def fixed(number: float, places: int) -> str:
    """Write a number with as many digits after the point."""
    return f"{_rounded(number, places):f}"


def precise(number: float, digits: int) -> str:
    """Write a number with as many digits in all, as a power of ten where that is shorter."""
    exponent = _exponent(number, digits - 1)
    if not -7 < exponent < digits:  # noqa: PLR2004 - where JavaScript turns to the other form
        return exponential(number, digits - 1)
    return fixed(number, digits - 1 - exponent)


def exponential(number: float, places: int | None) -> str:
    """Write a number as a digit, as many after the point (None: all there are), and a power."""
    value = Decimal(number)
    if places is None:
        value = Decimal(repr(number)).normalize()
        places = len(value.as_tuple().digits) - 1
    exponent = _exponent(number, places)
    return f"{_rounded(value.scaleb(-exponent), places):f}e{exponent:+d}"


def localized(number: float) -> str:
    """Write a number as is done in the United States, with up to three digits after the point."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else ("-∞" if number < 0 else "∞")
    whole, _, fraction = f"{_rounded(number, 3):,f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _rounded(number: float | Decimal, places: int) -> Decimal:
    with localcontext() as context:
        context.prec = 1000  # a double has fewer digits
        return Decimal(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _exponent(number: float, places: int) -> int:
    """Tell the power of ten of the first digit, once rounded to `places` after it."""
    if number == 0:
        return 0
    exact = Decimal(number)
    exponent = exact.adjusted()
    return exponent + _rounded(exact.scaleb(-exponent), places).adjusted()


def in_base(number: float, base: int) -> str:
    """Write a number with the fewest digits that tell it from its neighbours (V8's way)."""
    sign, number = "-" if number < 0 else "", abs(number)
    whole, fraction = int(number), float(number - int(number))
    digits = ""
    while whole:
        whole, digit = divmod(whole, base)
        digits = _DIGITS[digit] + digits
    if not fraction:
        return sign + (digits or "0")
    delta = max(0.5 * math.ulp(number), math.ulp(0.0))
    after: list[int] = []
    while True:
        fraction, delta = fraction * base, delta * base
        after.append(int(fraction))
        fraction -= after[-1]
        is_over_half = fraction > _HALF or (fraction == _HALF and after[-1] % 2 == 1)
        if is_over_half and fraction + delta > 1:
            after[-1] += 1
            break
        if fraction < delta:
            break
    return f"{sign}{digits or '0'}." + "".join(_DIGITS[each] for each in after)

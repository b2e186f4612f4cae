"""Sets of characters that a pattern of JavaScript's names, written as Python's `re` has them."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TERMINATORS", "character", "named_set", "property_set"]

_LAST = 0x10FFFF
_Ranges = tuple[tuple[int, int], ...]

# What ends a line for `.`, `^` and `$`, as it stands within brackets.
TERMINATORS: Final = r"\n\r\u2028\u2029"
_NAMED: Final[dict[str, _Ranges]] = {
    "d": ((0x30, 0x39),),
    "w": ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)),
    "s": (
        *((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
        *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
        (0xFEFF, 0xFEFF),
    ),
}
# The names of each general category of Unicode's, the short one first.
_CATEGORIES: Final = {
    long: short
    for short, *names in map(
        str.split,
        """L Letter; Lu Uppercase_Letter; Ll Lowercase_Letter; Lt Titlecase_Letter
        Lm Modifier_Letter; Lo Other_Letter; M Mark Combining_Mark; Mn Nonspacing_Mark
        Mc Spacing_Mark; Me Enclosing_Mark; N Number; Nd Decimal_Number digit; Nl Letter_Number
        No Other_Number; P Punctuation punct; Pc Connector_Punctuation; Pd Dash_Punctuation
        Ps Open_Punctuation; Pe Close_Punctuation; Pi Initial_Punctuation; Pf Final_Punctuation
        Po Other_Punctuation; S Symbol; Sm Math_Symbol; Sc Currency_Symbol; Sk Modifier_Symbol
        So Other_Symbol; Z Separator; Zs Space_Separator; Zl Line_Separator
        Zp Paragraph_Separator; C Other; Cc Control cntrl; Cf Format; Cs Surrogate
        Co Private_Use; Cn Unassigned""".replace("\n", ";").split(";"),
    )
    for long in (short, *names)
}


def character(char: str) -> str:
    """Write a character that stands for itself, within brackets and outside of them."""
    return f"\\{char}" if char.isascii() and not char.isalnum() else char


@cache
def named_set(letter: str, *, is_folded: bool) -> str:
    r"""Write what `\d`, `\w`, `\s` or the contrary of one stands for, for within brackets.

    A word has two letters more, which are `s` and `k` in the other case, if case does not matter
    and the pattern is Unicode's.
    """
    ranges = _NAMED[letter.lower()]
    if is_folded and letter in "wW":
        ranges = (*ranges, (0x17F, 0x17F), (0x212A, 0x212A))
    return _written(ranges if letter.islower() else _others(ranges))


@lru_cache(maxsize=64)
def property_set(name: str, *, is_negated: bool) -> str | None:
    r"""Write what `\p{name}`, or `\P{name}`, stands for, for within brackets.

    None if there is no general category of that name; `Any`, `ASCII` and `Alphabetic`, which is
    taken for the letters and the numbers that are letters, are there as well.
    """
    ranges = _with_property(name)
    if ranges is None:
        return None
    return _written(_others(ranges) if is_negated else ranges)


def _with_property(name: str) -> _Ranges | None:
    if name in {"Any", "ASCII"}:
        return ((0, _LAST if name == "Any" else 0x7F),)
    if name == "Alphabetic":
        return _of_categories("L", "Nl")
    label, equals, value = name.partition("=")
    if equals and label not in {"gc", "General_Category"}:
        return None
    wanted = value if equals else name
    if wanted in {"LC", "Cased_Letter"}:
        return _of_categories("Lu", "Ll", "Lt")
    return _of_categories(_CATEGORIES[wanted]) if wanted in _CATEGORIES else None


def _of_categories(*wanted: str) -> _Ranges:
    return tuple((first, last) for category, first, last in _runs() if category.startswith(wanted))


@cache
def _runs() -> tuple[tuple[str, int, int], ...]:
    """Give the runs of characters of a category, in order: its name, the first, the last."""
    found: list[tuple[str, int, int]] = []
    for category, run in groupby(
        range(_LAST + 1), key=lambda code: unicodedata.category(chr(code))
    ):
        codes = list(run)
        found.append((category, codes[0], codes[-1]))
    return tuple(found)


def _others(ranges: _Ranges) -> _Ranges:
    """Give the characters that are not in ranges, which are in order."""
    found: list[tuple[int, int]] = []
    start = 0
    for first, last in ranges:
        if first > start:
            found.append((start, first - 1))
        start = last + 1
    if start <= _LAST:
        found.append((start, _LAST))
    return tuple(found)


def _written(ranges: Iterable[tuple[int, int]]) -> str:
    return "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in ranges)

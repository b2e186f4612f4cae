"""`String`: a conversion when it is called, a box with JavaScript's methods when constructed.

Positions count UTF-16 code units, as JavaScript's do.
"""

from __future__ import annotations

import math
import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

from pydo.host.js.array import JsArray
from pydo.host.js.box import Box
from pydo.host.js.error import JsRangeError, JsTypeError
from pydo.host.js.iterator import JsIterator
from pydo.host.js.regexp import Match, RegExp
from pydo.host.js.text import integer, js_number, js_string, usv
from pydo.host.js.value import JsClass, jsnull

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["String", "compared"]


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
        return "".join(chr(_code_point(code)) for code in codes)


def _code_point(given: Any) -> int:
    number = js_number(given)
    if isinstance(number, int) and 0 <= number <= sys.maxunicode:
        return number
    raise JsRangeError(f"Invalid code point {js_string(number)}")


class String(Box, metaclass=StringClass):
    """A boxed string."""

    __slots__ = ()

    @property
    def length(self) -> int:
        """The number of UTF-16 code units."""
        return len(_units(self.primitive))

    def at(self, index: Any = None, *_: object) -> Any:
        """Give a code unit, from the end if the index is negative."""
        units, position = _units(self.primitive), integer(index)
        return units[position] if -len(units) <= position < len(units) else None

    def charAt(self, index: Any = None, *_: object) -> str:
        """Give a code unit, empty where there is none."""
        position = integer(index)
        return _units(self.primitive)[position : position + 1] if position >= 0 else ""

    def charCodeAt(self, index: Any = None, *_: object) -> float:
        """Give the number of a code unit; NaN where there is none."""
        unit = self.charAt(index)
        return ord(unit) if unit else float("nan")

    def codePointAt(self, index: Any = None, *_: object) -> int | None:
        """Give the number of the character that begins at a position."""
        position = integer(index)
        rest = _text(_units(self.primitive)[position:]) if position >= 0 else ""
        return ord(rest[0]) if rest else None

    def concat(self, *others: Any) -> str:
        """Give this text with the others after it."""
        return _text(self.primitive + "".join(map(js_string, others)))

    def endsWith(self, wanted: Any = None, end: Any = None, *_: object) -> bool:
        """Tell whether the text ends with another."""
        units = _units(self.primitive)
        return units[: integer(end, len(units))].endswith(_units(js_string(wanted)))

    def startsWith(self, wanted: Any = None, start: Any = None, *_: object) -> bool:
        """Tell whether another text stands at a position, the start if none is given."""
        units = _units(self.primitive)
        return units.startswith(_units(js_string(wanted)), max(integer(start), 0))

    def includes(self, wanted: Any = None, start: Any = None, *_: object) -> bool:
        """Tell whether another text is in this one."""
        return self.indexOf(wanted, start) >= 0

    def indexOf(self, wanted: Any = None, start: Any = None, *_: object) -> int:
        """Give the first position of another text, or -1."""
        return _units(self.primitive).find(_units(js_string(wanted)), max(integer(start), 0))

    def lastIndexOf(self, wanted: Any = None, start: Any = None, *_: object) -> int:
        """Give the last position of another text, at most `start`; -1 if there is none."""
        units, sought = _units(self.primitive), _units(js_string(wanted))
        if start is None or math.isnan(js_number(start)):
            return units.rfind(sought)
        return units.rfind(sought, 0, max(integer(start), 0) + len(sought))

    def localeCompare(self, other: Any = None, *_: object) -> int:
        """Tell the order of two texts: -1, 0 or 1."""
        return compared(self.primitive, js_string(other))

    def match(self, pattern: Any = None, *_: object) -> Any:
        """Give the first match with its groups, or all matches of a global pattern; or null."""
        regexp = _pattern(pattern)
        if "g" not in regexp.flags:
            return regexp.exec(self.primitive)
        found = [match[0] for match in regexp.matches(self.primitive)]
        return JsArray(found) if found else jsnull

    def matchAll(self, pattern: Any = None, *_: object) -> JsIterator:
        """Iterate over the matches of a global pattern, each with its groups."""
        regexp = _pattern(pattern, "g")
        if "g" not in regexp.flags:
            raise JsTypeError("String.prototype.matchAll called with a non-global RegExp argument")
        found = RegExp.new(regexp).matches(self.primitive, integer(regexp.lastIndex))
        return JsIterator(found, "RegExp String Iterator")

    def normalize(self, form: Any = None, *_: object) -> str:
        """Give the text in a normal form of Unicode's."""
        name = "NFC" if form is None else js_string(form)
        if name not in {"NFC", "NFD", "NFKC", "NFKD"}:
            raise JsRangeError("The normalization form should be one of NFC, NFD, NFKC, NFKD.")
        return unicodedata.normalize(name, self.primitive)  # type: ignore[arg-type] # one of them

    def padEnd(self, length: Any = None, filler: Any = " ", *_: object) -> str:
        """Give the text with a filler after it, up to a length."""
        return _text(_units(self.primitive) + self._padding(length, filler))

    def padStart(self, length: Any = None, filler: Any = " ", *_: object) -> str:
        """Give the text with a filler before it, up to a length."""
        return _text(self._padding(length, filler) + _units(self.primitive))

    def repeat(self, count: Any = None, *_: object) -> str:
        """Give the text several times over."""
        times = integer(count)
        if times < 0:
            raise JsRangeError(f"Invalid count value: {js_string(count)}")
        return self.primitive * times

    def replace(self, pattern: Any = None, replacement: Any = None, *_: object) -> str:
        """Give the text with the first match replaced, or all those of a global pattern."""
        regexp = _literal(pattern)
        return _replaced(self.primitive, regexp, replacement)

    def replaceAll(self, pattern: Any = None, replacement: Any = None, *_: object) -> str:
        """Give the text with every match replaced."""
        regexp = _literal(pattern, "g")
        if "g" not in regexp.flags:
            raise JsTypeError(
                "String.prototype.replaceAll called with a non-global RegExp argument"
            )
        return _replaced(self.primitive, regexp, replacement)

    def search(self, pattern: Any = None, *_: object) -> int:
        """Give the position of the first match, or -1."""
        found = _pattern(pattern).first(self.primitive)
        return -1 if found is None else found.__position__

    def slice(self, start: Any = None, end: Any = None, *_: object) -> str:
        """Give a part of the text, counted from its end where a position is negative."""
        return _text(_units(self.primitive)[integer(start) : _stop(end)])

    def split(self, separator: Any = None, limit: Any = None, *_: object) -> JsArray:
        """Give the parts between a separator."""
        if separator is None:
            parts: list[Any] = [self.primitive]
        elif isinstance(separator, RegExp):
            parts = separator.split(self.primitive)
        else:
            between = js_string(separator)
            parts = self.primitive.split(between) if between else list(_units(self.primitive))
        return JsArray(parts[: _stop(limit)])

    def substr(self, start: Any = None, length: Any = None, *_: object) -> str:
        """Give a part of the text by its start and its length."""
        units, first = _units(self.primitive), integer(start)
        first = max(len(units) + first, 0) if first < 0 else first
        return _text(units[first:] if length is None else units[first : first + integer(length)])

    def substring(self, start: Any = None, end: Any = None, *_: object) -> str:
        """Give the part between two positions, whichever comes first."""
        units = _units(self.primitive)
        first, last = max(integer(start), 0), max(integer(end, len(units)), 0)
        return _text(units[min(first, last) : max(first, last)])

    def isWellFormed(self, *_: object) -> bool:
        """Tell whether there is no lone surrogate."""
        return usv(self.primitive) == self.primitive

    def toWellFormed(self, *_: object) -> str:
        """Give the text with lone surrogates replaced."""
        return usv(self.primitive)

    def toLowerCase(self, *_: object) -> str:
        """Give the text in lower case."""
        return str(self.primitive.lower())

    toLocaleLowerCase = toLowerCase

    def toUpperCase(self, *_: object) -> str:
        """Give the text in upper case."""
        return str(self.primitive.upper())

    toLocaleUpperCase = toUpperCase

    def trim(self, *_: object) -> str:
        """Give the text without the blanks around it."""
        return str(self.primitive.strip(_BLANKS))

    def trimStart(self, *_: object) -> str:
        """Give the text without the blanks before it."""
        return str(self.primitive.lstrip(_BLANKS))

    trimLeft = trimStart

    def trimEnd(self, *_: object) -> str:
        """Give the text without the blanks after it."""
        return str(self.primitive.rstrip(_BLANKS))

    trimRight = trimEnd

    @property
    def __members__(self) -> dict[str, Any]:
        return {str(index): unit for index, unit in enumerate(_units(self.primitive))}

    def __names__(self) -> list[str]:
        return [*self.__members__, "length"]

    def __iter__(self) -> Iterator[str]:
        return iter(self.primitive)

    def __len__(self) -> int:
        return self.length

    def _padding(self, length: Any, filler: Any) -> str:
        missing = integer(length) - self.length
        units = _units(js_string(filler))
        if missing <= 0 or not units:
            return ""
        return (units * (missing // len(units) + 1))[:missing]


# What JavaScript takes for a blank: white space of Unicode's, line ends, a byte order mark.
_BLANKS = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def compared(first: str, second: str) -> int:
    """Tell the order of two texts as English has it: letters before their case."""
    ours, theirs = _collated(first), _collated(second)
    return (ours > theirs) - (ours < theirs)


def _collated(text: str) -> tuple[str, str]:
    return text.casefold(), text.swapcase()


def _pattern(given: Any, flags: str = "") -> RegExp:
    if isinstance(given, RegExp):
        return given
    return RegExp.new("(?:)" if given is None else given, flags)


def _literal(wanted: Any, flags: str = "") -> RegExp:
    """Give the pattern that finds a text as it is."""
    return wanted if isinstance(wanted, RegExp) else RegExp.new(re.escape(js_string(wanted)), flags)


def _replaced(text: str, pattern: RegExp, replacement: Any) -> str:
    if not callable(replacement):
        shape = js_string(replacement)
        return pattern.replaced(text, lambda match: match.filled(shape))

    def made(match: Match) -> str:
        groups = () if match.groups is None else (match.groups,)
        return js_string(replacement(*match, match.__position__, text, *groups))

    return pattern.replaced(text, made)


def _units(text: str) -> str:
    """Give a text in which every character is a UTF-16 code unit."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(int.from_bytes(data[i : i + 2], "little")) for i in range(0, len(data), 2))


def _text(units: str) -> str:
    """Give the text of code units."""
    if units.isascii():
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _stop(end: Any) -> int | None:
    return None if end is None else integer(end)

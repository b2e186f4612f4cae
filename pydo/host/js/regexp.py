r"""`RegExp`: a pattern in JavaScript's syntax, run by Python's `re`.

The two syntaxes are the same for what patterns are made of; named groups, `\d` and `$` are
written or meant differently and are translated.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydo.host.js.array import JsArray
from pydo.host.js.error import ERROR_CLASSES, JsTypeError
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string
from pydo.host.js.value import JsClass, JsProxy, jsnull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Match", "RegExp"]

_FLAG_OF = {
    "dotAll": "s",
    "global": "g",
    "global_": "g",
    "hasIndices": "d",
    "ignoreCase": "i",
    "multiline": "m",
    "sticky": "y",
    "unicode": "u",
    "unicodeSets": "v",
}
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_BARE_SLASH = re.compile(r"(?<!\\)/")
_PLACE = re.compile(r"\$([$&`']|\d\d?|<[^>]*>)")
# What is written in another way in Python, and what must be passed over to find it.
_TOKEN = re.compile(
    r"\\k<\w+>|\\u\{[0-9a-fA-F]+\}|\\p\{\w+\}|\\.|\[\^?(?:\\.|[^\]\\])*\]|\(\?<(?![=!])|\$",
    re.DOTALL,
)
_PROPERTIES = {
    **dict.fromkeys(("L", "Letter", "Alphabetic"), r"[^\W\d_]"),
    **dict.fromkeys(("N", "Nd", "Number"), r"\d"),
}
_BARE_BRACKET = re.compile(r"(?<!\\)\[")
_CLASSES = {"[]": "(?!)", "[^]": r"[\s\S]"}


class Match(JsArray, js_name="Array"):
    """What was found: all of it, then its groups.

    JavaScript's `index` is hidden from Python by the method of arrays that has the name.
    """

    __slots__ = ("__found__", "groups", "input")
    __found__: re.Match[str]
    input: str
    groups: JsObject | None

    @property
    def __position__(self) -> int:
        """Where it was found."""
        return int(self.__found__.start())

    def filled(self, shape: str) -> str:
        """Give what replaces the match: `shape` with `$&`, `$1` and `$<name>` filled in."""
        return _PLACE.sub(self._part, shape)

    def _part(self, place: re.Match[str]) -> str:
        what = place[1]
        if what in {"$", "&"}:
            return "$" if what == "$" else self.__items__[0]
        if what == "`":
            return self.input[: self.__found__.start()]
        if what == "'":
            return self.input[self.__found__.end() :]
        if what.startswith("<"):
            if self.groups is None:
                return place[0]
            return js_string(getattr(self.groups, what[1:-1], None) or "")
        number = int(what)
        if not 0 < number < len(self.__items__):
            return place[0]
        return self.__items__[number] or ""


class RegExpClass(JsClass):
    """`RegExp`, called or constructed."""

    def escape(cls, text: Any = None, *_: object) -> str:
        """Give a pattern that finds a text."""
        if not isinstance(text, str):
            raise JsTypeError("RegExp.escape only accepts strings")
        first = text[:1]
        start = f"\\x{ord(first):02x}" if first.isascii() and first.isalnum() else ""
        rest = text[1:] if start else text
        return start + "".join(_escaped(char) for char in rest)


class RegExp(JsProxy, metaclass=RegExpClass):
    """A pattern; `lastIndex` is where a global or sticky one goes on."""

    __slots__ = ("__dict__", "_pattern", "flags", "lastIndex", "source")
    source: str
    flags: str

    def __init__(self, source: Any = "(?:)", flags: Any = None, *_: object) -> None:
        if isinstance(source, RegExp):
            source, flags = source.source, source.flags if flags is None else flags
        self.source = _BARE_SLASH.sub(r"\/", js_string(source)) or "(?:)"
        self.flags = "".join(sorted("" if flags is None else js_string(flags)))
        self.lastIndex: Any = 0
        if set(self.flags) - set("dgimsuvy") or len(set(self.flags)) != len(self.flags):
            raise ERROR_CLASSES["SyntaxError"](
                f"Invalid flags supplied to RegExp constructor '{self.flags}'"
            )
        translated = _TOKEN.sub(lambda found: self._translated(found[0]), self.source)
        options = re.ASCII if "u" not in self.flags and "v" not in self.flags else re.UNICODE
        for flag in self.flags:
            options |= _FLAGS.get(flag, re.NOFLAG)
        try:
            self._pattern = re.compile(translated, options)
        except re.error as error:
            raise ERROR_CLASSES["SyntaxError"](
                f"Invalid regular expression: /{self.source}/{self.flags}: {_explain(error)}"
            ) from None

    def _translated(self, part: str) -> str:
        """Write a part of the pattern as Python does."""
        if part == "(?<":
            return "(?P<"
        if part == "$":
            return part if "m" in self.flags else r"\Z"
        if part.startswith(r"\k"):
            return f"(?P={part[3:-1]})"
        if part.startswith(r"\u{"):
            return re.escape(chr(int(part[3:-1], 16)))
        if part.startswith(r"\p{"):
            return _PROPERTIES.get(part[3:-1], part)
        if part.startswith("["):
            return _CLASSES.get(part) or part[0] + _BARE_BRACKET.sub(r"\[", part[1:])
        return part

    @property
    def goes_on(self) -> bool:
        """Whether a search goes on where the last one has ended."""
        return "g" in self.flags or "y" in self.flags

    def __getattr__(self, name: str) -> Any:
        flag = _FLAG_OF.get(name)
        if flag is None:
            raise AttributeError(name)
        return flag in self.flags

    def exec(self, text: Any = None, *_: object) -> Any:
        """Give the next match, with its groups, or null."""
        source = js_string(text)
        start = int(self.lastIndex) if self.goes_on else 0
        find = self._pattern.match if "y" in self.flags else self._pattern.search
        found = find(source, start) if start <= len(source) else None
        if found is None:
            if self.goes_on:
                self.lastIndex = 0
            return jsnull
        if self.goes_on:
            self.lastIndex = found.end()
        return _match(found)

    def matches(self, text: str) -> Iterator[Match]:
        """Give every match, or only the first if the pattern is not global."""
        found = self._pattern.finditer(text)
        return map(_match, found if "g" in self.flags else islice(found, 1))

    def split(self, text: str) -> list[Any]:
        """Give the parts of a text between the matches, and the groups of these."""
        return self._pattern.split(text) if text else [text]

    def replaced(self, text: str, make: Callable[[Match], str]) -> str:
        """Give a text with what `make` gives in the place of each match."""
        count = 0 if "g" in self.flags else 1
        return self._pattern.sub(lambda found: make(_match(found)), text, count)

    def test(self, text: Any = None, *_: object) -> bool:
        """Tell whether the pattern is found."""
        return self.exec(text) is not jsnull

    def toString(self) -> str:
        """Give the pattern as it is written in JavaScript."""
        return f"/{self.source}/{self.flags}"


def _match(found: re.Match[str]) -> Match:
    match = Match([found[0], *found.groups()])
    match.__found__, match.input = found, found.string
    named = found.groupdict()
    match.groups = JsObject(named) if named else None
    return match


# What V8 says where Python's `re` says it otherwise.
_WORDS = {
    "unterminated character set": "Unterminated character class",
    "missing ), unterminated subpattern": "Unterminated group",
    "unbalanced parenthesis": "Unmatched ')'",
    "nothing to repeat": "Nothing to repeat",
    "multiple repeat": "Nothing to repeat",
    "min repeat greater than max repeat": "numbers out of order in {} quantifier",
    "bad escape (end of pattern)": "\\ at end of pattern",
    "bad character range": "Range out of order in character class",
    "redefinition of group name": "Duplicate capture group name",
    "unknown extension": "Invalid group",
    "unknown group name": "Invalid named reference",
}


def _explain(error: re.error) -> str:
    return next((said for begin, said in _WORDS.items() if error.msg.startswith(begin)), error.msg)


def _escaped(char: str) -> str:
    if char in "^$\\.*+?()[]{}|/":
        return f"\\{char}"
    if char in ",-=<>#&!%:;@~'`\" \t\n\v\f\r":
        return _CONTROLS.get(char, f"\\x{ord(char):02x}")
    return char


_CONTROLS = {"\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r"}

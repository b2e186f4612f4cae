"""`RegExp`: a pattern in JavaScript's syntax, translated for Python's `re` (`pattern`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydo.host.js.array import JsArray
from pydo.host.js.error import ERROR_CLASSES, JsTypeError
from pydo.host.js.object import JsObject
from pydo.host.js.text import integer, js_string
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
_BARE_SLASH = re.compile(r"(?<!\\)/")
_PLACE = re.compile(r"\$([$&`']|[0-9]{1,2}|<[^>]*>)")


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
        # Two digits are one and a text after it where there are not as many groups.
        for digits, rest in ((what, ""), (what[0], what[1:])):
            if 0 < int(digits) < len(self.__items__):
                return (self.__items__[int(digits)] or "") + rest
        return place[0]


class RegExpClass(JsClass):
    """`RegExp`, called or constructed."""

    def escape(cls, text: Any = None, *_: object) -> str:
        """Give a pattern that finds a text."""
        if not isinstance(text, str):
            raise JsTypeError("input argument must be a string")
        first = text[:1]
        start = f"\\x{ord(first):02x}" if first.isascii() and first.isalnum() else ""
        rest = text[1:] if start else text
        return start + "".join(_escaped(char) for char in rest)


class RegExp(JsProxy, metaclass=RegExpClass):
    """A pattern; `lastIndex` is where a global or sticky one goes on."""

    __slots__ = ("__dict__", "_pattern", "flags", "lastIndex", "source")
    source: str
    flags: str

    def __init__(self, source: Any = None, flags: Any = None, *_: object) -> None:
        if isinstance(source, RegExp):
            source, flags = source.source, source.flags if flags is None else flags
        self.source = _BARE_SLASH.sub(r"\/", "" if source is None else js_string(source)) or "(?:)"
        self.flags = "".join(sorted("" if flags is None else js_string(flags)))
        self.lastIndex: Any = 0
        is_twice = len(set(self.flags)) != len(self.flags) or {"u", "v"} <= set(self.flags)
        if is_twice or set(self.flags) - set("dgimsuvy"):
            raise ERROR_CLASSES["SyntaxError"](
                f"Invalid flags supplied to RegExp constructor '{self.flags}'"
            )
        from pydo.host.js.pattern import PatternError, compiled  # noqa: PLC0415 - few Workers need it

        try:
            self._pattern = compiled(self.source, self.flags)
        except PatternError as error:
            raise ERROR_CLASSES["SyntaxError"](
                f"Invalid regular expression: /{self.source}/{self.flags}: {error}"
            ) from None

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
        start = max(integer(self.lastIndex), 0) if self.goes_on else 0
        found = self._found(source, start)
        if found is None:
            if self.goes_on:
                self.lastIndex = 0
            return jsnull
        if self.goes_on:
            self.lastIndex = found.end()
        return self._match(found)

    def first(self, text: str) -> Match | None:
        """Give the first match, wherever the last search has ended."""
        found = self._found(text, 0)
        return None if found is None else self._match(found)

    def matches(self, text: str, start: int = 0) -> Iterator[Match]:
        """Give every match from a position on, or only the next if the pattern is not global."""
        if "g" not in self.flags:
            match = self.exec(text)
            yield from () if match is jsnull else (match,)
            return
        self.lastIndex = 0
        while found := self._found(text, start):
            yield self._match(found)
            start = found.end() + (found.end() == found.start())

    def split(self, text: str) -> list[Any]:
        """Give the parts of a text between the matches, and the groups of these."""
        if not text:
            return [] if self._pattern.compiled.match(text) else [text]
        parts: list[Any] = []
        begin = start = 0
        while found := self._pattern.compiled.search(text, start):
            if found.start() >= len(text):
                break
            if found.end() == begin:  # nothing was found where the part begins
                start = begin + 1
                continue
            parts += [text[begin : found.start()], *found.groups()]
            begin = start = found.end()
        return [*parts, text[begin:]]

    def replaced(self, text: str, make: Callable[[Match], str]) -> str:
        """Give a text with what `make` gives in the place of each match."""
        parts: list[str] = []
        begin = 0
        for match in self.matches(text):
            parts += [text[begin : match.__position__], make(match)]
            begin = match.__found__.end()
        return "".join([*parts, text[begin:]])

    def test(self, text: Any = None, *_: object) -> bool:
        """Tell whether the pattern is found."""
        return self.exec(text) is not jsnull

    def toString(self, *_: object) -> str:
        """Give the pattern as it is written in JavaScript."""
        return f"/{self.source}/{self.flags}"

    def _found(self, text: str, start: int) -> re.Match[str] | None:
        if start > len(text):
            return None
        pattern = self._pattern.compiled
        return pattern.match(text, start) if "y" in self.flags else pattern.search(text, start)

    def _match(self, found: re.Match[str]) -> Match:
        match = Match([found[0], *found.groups()])
        match.__found__, match.input = found, found.string
        named = {
            name: next((found[number] for number in numbers if found[number] is not None), None)
            for name, numbers in self._pattern.names.items()
        }
        match.groups = JsObject(named) if named else None
        return match


def _escaped(char: str) -> str:
    if char in "^$\\.*+?()[]{}|/":
        return f"\\{char}"
    if char in ",-=<>#&!%:;@~'`\" \t\n\v\f\r":
        return _CONTROLS.get(char, f"\\x{ord(char):02x}")
    return char


_CONTROLS = {"\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r"}

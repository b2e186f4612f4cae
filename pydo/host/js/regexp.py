r"""`RegExp`: a pattern in JavaScript's syntax, run by Python's `re`.

The two syntaxes are the same for what patterns are made of; named groups, `\d` and `$` are
written or meant differently and are translated.
"""

from __future__ import annotations

import re
from typing import Any

from pydo.host.js.array import JsArray
from pydo.host.js.error import ERROR_CLASSES
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string
from pydo.host.js.value import JsClass, JsProxy, jsnull

__all__ = ["RegExp"]

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_NAMED = re.compile(r"\(\?<(?![=!])")
_REFERENCE = re.compile(r"\\k<(\w+)>")
_BARE_SLASH = re.compile(r"(?<!\\)/")
_END = re.compile(r"(?<!\\)\$")


class _Match(JsArray, js_name="Array"):
    """What was found: all of it, then its groups."""

    __slots__ = ("groups", "index", "input")
    index: Any  # JavaScript's position, where Python has a method
    input: str
    groups: JsObject | None


class RegExp(JsProxy, metaclass=JsClass):
    """A pattern; `lastIndex` is where a global or sticky one goes on."""

    __slots__ = ("__dict__", "_pattern", "flags", "lastIndex", "source")
    source: str
    flags: str

    def __init__(self, source: Any = "(?:)", flags: Any = None, *_: object) -> None:
        if isinstance(source, RegExp):
            source, flags = source.source, source.flags if flags is None else flags
        self.source = _BARE_SLASH.sub(r"\/", js_string(source))
        self.flags = "".join(sorted("" if flags is None else js_string(flags)))
        self.lastIndex: Any = 0
        if set(self.flags) - set("dgimsuvy") or len(set(self.flags)) != len(self.flags):
            raise ERROR_CLASSES["SyntaxError"](
                f"Invalid flags supplied to RegExp constructor '{self.flags}'"
            )
        translated = _REFERENCE.sub(r"(?P=\1)", _NAMED.sub("(?P<", self.source))
        if "m" not in self.flags:
            translated = _END.sub(r"\\Z", translated)
        options = re.ASCII if "u" not in self.flags and "v" not in self.flags else re.UNICODE
        for flag in self.flags:
            options |= _FLAGS.get(flag, re.NOFLAG)
        try:
            self._pattern = re.compile(translated, options)
        except re.error as error:
            raise ERROR_CLASSES["SyntaxError"](
                f"Invalid regular expression: /{self.source}/{self.flags}: {error.msg}"
            ) from None

    @property
    def is_global(self) -> bool:
        """Whether a search goes on where the last one has ended."""
        return "g" in self.flags or "y" in self.flags

    @property
    def ignoreCase(self) -> bool:
        """Whether upper and lower case are the same."""
        return "i" in self.flags

    @property
    def multiline(self) -> bool:
        """Whether `^` and `$` are found at each line."""
        return "m" in self.flags

    def exec(self, text: Any = None, *_: object) -> Any:
        """Give the next match, with its groups, or null."""
        source = js_string(text)
        start = int(self.lastIndex) if self.is_global else 0
        find = self._pattern.match if "y" in self.flags else self._pattern.search
        found = find(source, start) if start <= len(source) else None
        if found is None:
            if self.is_global:
                self.lastIndex = 0
            return jsnull
        if self.is_global:
            self.lastIndex = found.end()
        match = _Match([found[0], *found.groups()])
        match.index, match.input = found.start(), source
        named = found.groupdict()
        match.groups = JsObject(named) if named else None
        return match

    def test(self, text: Any = None, *_: object) -> bool:
        """Tell whether the pattern is found."""
        return self.exec(text) is not jsnull

    def toString(self) -> str:
        """Give the pattern as it is written in JavaScript."""
        return f"/{self.source}/{self.flags}"

"""wrangler.toml as values with a place for each.

tomli reads the values and judges the syntax.  It keeps no positions, so a small scanner of our own
goes over the same text, which is valid TOML by then, and notes where each key, table and array
element begins.  A path that it did not note has the place of the nearest one around it.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import tomli

from pydo.config.diagnostics import Diagnostics
from pydo.config.document import Document, KeyPath, Places, spell
from pydo.config.syntax import describe
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from pydo.config.source import SourceFile

__all__ = ["Document", "KeyPath", "parse", "scan", "spell"]


def parse(source: SourceFile) -> Document:
    """Read a TOML text.

    Raises ConfigError, with line and column and the words found there, if it is not TOML.
    """
    try:
        return Document(source, tomli.loads(source.text), scan(source.text))
    # Beside its own error, which is a ValueError, tomli lets through those of int() and of depth.
    except (ValueError, RecursionError) as error:
        raise ConfigError(Diagnostics([describe(source, str(error))])) from None


def scan(text: str) -> Places:
    """Note where each key, value, table header and array element of a valid TOML text stands.

    What the scanner cannot follow (text that is not TOML, thousands of nested brackets) ends it;
    what was noted until then is kept.
    """
    scanner = _Scanner(text)
    # A missing place is no reason to fail: `Document.span` falls back.
    with contextlib.suppress(LookupError, RecursionError):
        scanner.scan()
    return scanner.places


_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_KEY = re.compile(r"""  "(?:[^"\\]|\\.)*"  |  '[^']*'  |  [^\s.=,\[\]{}"'#]+  """, re.VERBOSE)
# A multi-line string may end with one or two quotes of its own before the three that close it.
_SCALAR = re.compile(
    r'''
      """ (?: [^\\] | \\. )*? """ "{0,2}
    | \'\'\' .*? \'\'\' '{0,2}
    | " (?: [^"\\] | \\. )* "
    | ' [^']* '
    | [^\s,\[\]{}"'#] [^,\]}\#\n]*
    ''',
    re.VERBOSE | re.DOTALL,
)


class _Scanner:
    """One pass over a TOML text; LookupError means that it is lost."""

    def __init__(self, text: str) -> None:
        self.places = Places()
        self._text = text
        self._at = 0
        self._last_of: dict[KeyPath, int] = {}  # arrays of tables: the index of the last table

    def scan(self) -> None:
        table: KeyPath = ()
        self._take(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._take(_BLANK)

    def _header(self) -> KeyPath:
        start = self._at
        brackets = 2 if self._text.startswith("[[", start) else 1
        self._at += brackets
        *parents, (name, _) = self._keys()
        self._at += brackets
        place, names = range(start, self._at), self.places.names
        path: KeyPath = ()
        for parent, _ in parents:
            path = (*path, parent)
            names.setdefault(path, place)
            if path in self._last_of:
                path = (*path, self._last_of[path])
        path = (*path, name)
        if brackets == 2:  # noqa: PLR2004 - as in `[[`
            names.setdefault(path, place)
            index = self._last_of[path] = self._last_of.get(path, -1) + 1
            path = (*path, index)
        names[path] = place  # over that of an earlier `[path.child]`, which implied it
        self.places.headers.add(path)
        return path

    def _pair(self, table: KeyPath) -> None:
        path = table
        for name, place in self._keys():
            path = (*path, name)
            self.places.names.setdefault(path, place)
        self._expect("=")
        self.places.values[path] = self._value(path)

    def _keys(self) -> list[tuple[str, range]]:
        keys: list[tuple[str, range]] = []
        while True:
            self._take(_SPACE)
            start = self._at
            keys.append((_unquoted(self._take(_KEY)), range(start, self._at)))
            self._take(_SPACE)
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _value(self, path: KeyPath) -> range:
        self._take(_SPACE)
        start = self._at
        match self._text[start]:
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case _:
                return range(start, start + len(self._take(_SCALAR).rstrip()))
        return range(start, self._at)

    def _array(self, path: KeyPath) -> None:
        self._expect("[")
        index = 0
        while not self._closes("]"):
            element = (*path, index)
            self.places.names.setdefault(element, range(self._at, self._at + 1))
            self.places.names[element] = self._value(element)
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._expect("{")
        while not self._closes("}"):
            self._pair(path)

    def _closes(self, bracket: str) -> bool:
        """Step over blanks and a comma, and over the closing bracket if that is next."""
        self._take(_BLANK)
        if self._text[self._at] == ",":
            self._at += 1
            self._take(_BLANK)
        if self._text[self._at] != bracket:
            return False
        self._at += 1
        return True

    def _expect(self, character: str) -> None:
        if self._text[self._at] != character:
            raise LookupError(character)
        self._at += 1

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise LookupError(pattern.pattern)
        self._at = match.end()
        return match[0]


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    if key.startswith('"'):
        return str(tomli.loads(f"key = {key}")["key"])
    return key

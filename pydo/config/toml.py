"""wrangler.toml as values with a place for each.

tomli reads the values and judges the syntax.  It keeps no positions, so a small scanner of our own
goes over the same text, which is valid TOML by then, and notes where each key, table and array
element begins.  A path that it did not note has the place of the nearest one around it.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, TypeAlias

import tomli

from pydo.config.diagnostics import Diagnostics
from pydo.config.syntax import describe
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.config.source import SourceFile, Span

__all__ = ["Document", "KeyPath", "parse", "scan", "spell"]

KeyPath: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys of tables and indexes of arrays; () is the whole file."""


class Document:
    """The values of a file, and where they stand in it."""

    def __init__(self, source: SourceFile, values: Mapping[str, object]) -> None:
        self.source = source
        self.values = values
        self._offsets = scan(source.text)

    def span(self, path: KeyPath) -> Span:
        """Give the place of the key, header or array element at `path`, or of what is around it."""
        while path and path not in self._offsets:
            path = path[:-1]
        return self.source.span(self._offsets.get(path, 0))

    def has_header(self, path: KeyPath) -> bool:
        """Whether a line `[...]` or `[[...]]` opens the table at `path`.

        Then it holds every key down to the next such line, be it meant or not.
        """
        offset = self._offsets.get(path)
        return offset is not None and self.source.text.startswith("[", offset)

    def swallowed(self, key: str) -> KeyPath | None:
        """Find the table with a header of its own that holds a top-level `key` by mistake."""
        tables = (path[:-1] for path in self._offsets if len(path) > 1 and path[-1] == key)
        return next((path for path in tables if path[0] != "env" and self.has_header(path)), None)


def parse(source: SourceFile) -> Document:
    """Read a TOML text.

    Raises ConfigError, with line and column and the words found there, if it is not TOML.
    """
    try:
        return Document(source, tomli.loads(source.text))
    # Beside its own error, which is a ValueError, tomli lets through those of int() and of depth.
    except (ValueError, RecursionError) as error:
        raise ConfigError(Diagnostics([describe(source, str(error))])) from None


def spell(path: KeyPath) -> str:
    """Write a path as wrangler does: `durable_objects.bindings[0].class_name`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        key = part if _BARE_KEY.fullmatch(part) else json.dumps(part, ensure_ascii=False)
        text += f".{key}" if text else key
    return text


def scan(text: str) -> dict[KeyPath, int]:
    """Note the offset of every key, table header and array element of a valid TOML text.

    What the scanner cannot follow (text that is not TOML, thousands of nested brackets) ends it;
    what was noted until then is kept.
    """
    scanner = _Scanner(text)
    # A missing place is no reason to fail: `Document.span` falls back.
    with contextlib.suppress(LookupError, RecursionError):
        scanner.scan()
    return scanner.offsets


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
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
        self.offsets: dict[KeyPath, int] = {}
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
        path: KeyPath = ()
        for parent, _ in parents:
            path = (*path, parent)
            self.offsets.setdefault(path, start)
            if path in self._last_of:
                path = (*path, self._last_of[path])
        path = (*path, name)
        if brackets == 1:
            self.offsets[path] = start  # over that of an earlier `[path.child]`, which implied it
            return path
        self.offsets.setdefault(path, start)
        index = self._last_of[path] = self._last_of.get(path, -1) + 1
        self.offsets[*path, index] = start
        return (*path, index)

    def _pair(self, table: KeyPath) -> None:
        path = table
        for name, offset in self._keys():
            path = (*path, name)
            self.offsets.setdefault(path, offset)
        self._expect("=")
        self._value(path)

    def _keys(self) -> list[tuple[str, int]]:
        keys: list[tuple[str, int]] = []
        while True:
            self._take(_SPACE)
            offset = self._at
            keys.append((_unquoted(self._take(_KEY)), offset))
            self._take(_SPACE)
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _value(self, path: KeyPath) -> None:
        self._take(_SPACE)
        match self._text[self._at]:
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case _:
                self._take(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._expect("[")
        index = 0
        while not self._closes("]"):
            self.offsets[*path, index] = self._at
            self._value((*path, index))
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

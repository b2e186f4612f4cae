"""wrangler.json and wrangler.jsonc as values with a place for each.

JSON with comments and trailing commas, in both (cloudflare/workers-sdk
`packages/workers-utils/src/parse.ts`).  A reader of our own, since no library tells where a value
stood; strings and numbers are judged by Python's.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NoReturn

from pydo.config.diagnostics import Diagnostics
from pydo.config.document import Document, KeyPath, Places
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from pydo.config.source import SourceFile

__all__ = ["parse"]


def parse(source: SourceFile) -> Document:
    """Read a JSON text that may have comments and trailing commas.

    Raises ConfigError, with its place, at the first thing that is none.
    """
    reader = _Reader(source)
    try:
        values = reader.read()
    except RecursionError:
        _fail(source, 0, "The values are nested too deeply")
    if not isinstance(values, dict):
        start = reader.places.names[()].start
        _fail(source, start, "A configuration is an object", "put it between { and }")
    return Document(source, values, reader.places, is_json=True)


_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![\w.])")
_WORD = re.compile(r"[\w$.+'`-]+|.")
_LITERALS: dict[str, object] = {"true": True, "false": False, "null": None}


class _Reader:
    """One pass over the text."""

    def __init__(self, source: SourceFile) -> None:
        self.places = Places()
        self._source = source
        self._text = source.text
        self._at = 0

    def read(self) -> object:
        self._skip()
        start = self._at
        value = self._value(())
        self.places.names[()] = range(start, start + 1)
        if self._peek():
            self._fail("The file goes on after its object", "remove what follows the last }")
        return value

    def _value(self, path: KeyPath) -> object:
        match self._peek():
            case "{":
                return self._object(path)
            case "[":
                return self._array(path)
            case '"':
                return self._string()
            case _:
                return self._bare()

    def _bare(self) -> object:
        number = _NUMBER.match(self._text, self._at)
        if number is not None:
            self._at = number.end()
            return json.loads(number[0])
        word = self._word()
        if word not in _LITERALS:
            hint = (
                "text stands between double quotes" if word[:1].isalpha() or word == "'" else None
            )
            self._fail("A value is missing", hint)
        self._at += len(word)
        return _LITERALS[word]

    def _object(self, path: KeyPath) -> dict[str, object]:
        values: dict[str, object] = {}
        opened = self._open()
        while not self._closes("}", opened):
            key, place = self._key()
            inner = (*path, key)
            if key in values:
                self.places.repeated[inner] = self.places.names[inner]
                self._forget(inner)
            self.places.names[inner] = place
            if self._peek() != ":":
                self._fail(f'A colon is missing after "{key}"')
            self._at += 1
            self._skip()
            start = self._at
            values[key] = self._value(inner)
            self.places.values[inner] = range(start, self._at)
            self._comma("}", opened)
        return values

    def _array(self, path: KeyPath) -> list[object]:
        values: list[object] = []
        opened = self._open()
        while not self._closes("]", opened):
            inner, start = (*path, len(values)), self._at
            values.append(self._value(inner))
            self.places.names[inner] = range(start, self._at)
            self._comma("]", opened)
        return values

    def _key(self) -> tuple[str, range]:
        start = self._at
        if self._peek() != '"':
            self._fail("A key is missing", "keys stand between double quotes")
        return self._string(), range(start, self._at)

    def _string(self) -> str:
        match = _STRING.match(self._text, self._at)
        if match is None:
            self._fail("A string has no end", "it ends with its quote on the line where it begins")
        try:
            value = str(json.loads(match[0]))
        except json.JSONDecodeError as error:
            self._at += error.pos
            self._fail(f"Not allowed in a string: {error.msg}")
        self._at = match.end()
        return value

    def _forget(self, path: KeyPath) -> None:
        """Drop the places within a value that another replaces."""
        for places in (self.places.names, self.places.values):
            for other in [each for each in places if each[: len(path)] == path]:
                del places[other]

    def _open(self) -> int:
        self._at += 1
        return self._at - 1

    def _closes(self, bracket: str, opened: int) -> bool:
        found = self._peek()
        if not found:
            self._unclosed(bracket, opened)
        if found != bracket:
            return False
        self._at += 1
        return True

    def _comma(self, bracket: str, opened: int) -> None:
        found = self._peek()
        if found == ",":
            self._at += 1
            self._skip()
        elif not found:
            self._unclosed(bracket, opened)
        elif found != bracket:
            end = len(_before(self._text, self._at))
            _fail(self._source, end - 1, f"A comma is missing after this, or a {bracket}")

    def _peek(self) -> str:
        """Give the next character that is neither blank nor comment; "" at the end."""
        self._skip()
        return self._text[self._at : self._at + 1]

    def _skip(self) -> None:
        match = _BLANK.match(self._text, self._at)
        assert match is not None, "it matches nothing as well"
        self._at = match.end()
        if self._text.startswith("/*", self._at):
            self._fail("A comment has no end", "it ends with */")

    def _word(self) -> str:
        match = _WORD.match(self._text, self._at)
        return "" if match is None else match[0]

    def _unclosed(self, bracket: str, opened: int) -> NoReturn:
        message = f"The file ends before the {bracket} that belongs to this"
        _fail(self._source, opened, message)

    def _fail(self, message: str, hint: str | None = None) -> NoReturn:
        found = self._word()
        what = f"`{found}`" if found else "the end of the file"
        text = f"{message}, found {what}"
        at = self._at if found else max(0, len(self._text.rstrip()) - 1)
        _fail(self._source, at, text, hint, max(1, len(found)))


def _before(text: str, at: int) -> str:
    """Give the text up to `at` without the blanks and comments at its end."""
    end = 0
    for match in _TOKEN.finditer(text, 0, at):
        if not match[0].startswith(("//", "/*")):
            end = match.end()
    return text[:end]


_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|\S', re.DOTALL)


def _fail(
    source: SourceFile, at: int, message: str, hint: str | None = None, width: int = 1
) -> NoReturn:
    diagnostics = Diagnostics()
    diagnostics.error(f"{message}.", source.span(at, width), hint)
    raise ConfigError(diagnostics)

"""What tomli says of a text that is not TOML, in our form: a place and the words found there."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pydo.config.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    from pydo.config.source import SourceFile

__all__ = ["describe"]

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TABLE = re.compile(r"\('.*\)")  # tomli writes the path of a table as Python writes a tuple


def describe(source: SourceFile, said: str) -> Diagnostic:
    """Make a diagnostic of tomli's message.

    Its attributes differ between versions of tomli, but the message ends with
    `(at line 3, column 8)` or `(at end of document)` in all of them; one that does not is about
    the file as a whole.
    """
    message = _TABLE.sub(lambda match: ".".join(ast.literal_eval(match[0])), _PLACE.sub("", said))
    place = _PLACE.search(said)
    if place is None:
        return Diagnostic(Severity.ERROR, f"{message}.", source.span(0))
    if place[1] is None:
        offset, found = len(source.text.rstrip()), "the end of the file"
    else:
        offset = _offset(source.text, int(place[1]), int(place[2]))
        found = _words(source.text, offset)
    hint = next((each for start, each in _HINTS.items() if message.startswith(start)), None)
    if hint == _SET_TWICE:
        # tomli stands behind the second one then.
        offset, found = _line(source.text, offset)
    message = f"{message}, found {found}."
    width = len(found) - 2 if found.startswith("`") else 1
    return Diagnostic(Severity.ERROR, message, source.span(offset, width), hint)


_SET_TWICE = "a key or table is set once: remove one of the two"
_HINTS = {
    "Invalid value": 'text stands between quotes: key = "text"',
    "Illegal character '\\n'": "a string ends with its quote on the line where it begins",
    "Cannot": _SET_TWICE,
    "Duplicate": _SET_TWICE,
}


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start + column - 1


_WORDS = re.compile(r"[^\s,\[\]{}#=]+|.", re.DOTALL)


def _words(text: str, offset: int) -> str:
    words = _WORDS.match(text, offset)
    if words is None:
        return "the end of the file"
    return "the end of the line" if words[0] == "\n" else f"`{words[0]}`"


def _line(text: str, offset: int) -> tuple[int, str]:
    start = text.rfind("\n", 0, offset) + 1
    line = text[start:].partition("\n")[0]
    return start + len(line) - len(line.lstrip()), f"`{line.strip()}`"

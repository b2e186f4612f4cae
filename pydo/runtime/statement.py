"""SQL text as the statements that SQLite would find in it.

What a statement does is not told from its text: SQLite says so once it has compiled it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import apsw

from pydo.errors import JsException

__all__ = ["Statement", "split", "statements"]

_LONGEST = 100_000  # bytes: SQLITE_LIMIT_SQL_LENGTH
_LONGEST_KEPT = 8192  # characters; what is longer carries data, and will not come again
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|;", re.DOTALL
)
_NOTHING = re.compile(r"(?:[\s;]++|--[^\n]*+|/\*.*?(?:\*/|\Z))*+", re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n\f]*")
_LIMITED = re.compile(
    r"(?:delete|update|with)\b.*\b(?:order\s+by|limit)\b", re.IGNORECASE | re.DOTALL
)
_RENAMED = re.compile(r"alter\b.*\brename\s+to\s+[\"'`\[]?_cf_", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, with its semicolon; `is_blank` when there is nothing but comments."""

    text: str
    is_blank: bool
    is_limited_change: bool  # a DELETE or an UPDATE with LIMIT, for which SQLite can be built
    renames_to_reserved: bool  # which SQLite's authorizer is not told


def statements(text: str) -> tuple[Statement, ...]:
    """Split SQL text; there is always a last statement, which may be blank.

    Raises:
        JsException: the text is too long.

    """
    return _kept(text) if len(text) <= _LONGEST_KEPT else _statements(text)


def split(text: str) -> tuple[Statement, ...]:
    """Split SQL text of any length; there may be no statement."""
    return tuple(map(_statement, _split(text)))


@lru_cache(1024)
def _kept(text: str) -> tuple[Statement, ...]:
    return _statements(text)


def _statements(text: str) -> tuple[Statement, ...]:
    text = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if len(text) > _LONGEST or (not text.isascii() and len(text.encode()) > _LONGEST):
        raise JsException("Error", "statement too long: SQLITE_TOOBIG")
    text, nul, _ = text.partition("\0")
    found = [_statement(part) for part in _split(text)]
    if nul or not found:  # SQLite stops at a NUL, and finds no statement there
        found.append(_statement(""))
    return tuple(found)


def _split(text: str) -> list[str]:
    text = text.rstrip(" \t\r\n\f")
    parts: list[str] = []
    start, begin = 0, _end_of(_NOTHING, text)
    for token in _TOKEN.finditer(text):
        end = token.end()
        # A trigger has semicolons of its own: SQLite knows where it is complete.
        if end > begin and token[0] == ";" and apsw.complete(text[start:end]):
            parts.append(text[start:end])
            start = _end_of(_SPACE, text, end)
            begin = _end_of(_NOTHING, text, start)
    if start < len(text):
        parts.append(text[start:])
    return parts


def _statement(text: str) -> Statement:
    begin = _end_of(_NOTHING, text)
    return Statement(
        text,
        begin == len(text),
        _LIMITED.match(text, begin) is not None,
        _RENAMED.match(text, begin) is not None,
    )


def _end_of(pattern: re.Pattern[str], text: str, start: int = 0) -> int:
    found = pattern.match(text, start)
    assert found is not None, "both patterns match nothing, too"
    return found.end()

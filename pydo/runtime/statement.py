"""SQL text as statements: where each ends, and what kind it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import apsw

from pydo.errors import JsException

__all__ = ["Kind", "Statement", "statements"]

_WORD = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))*([A-Za-z]*)", re.DOTALL)
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|;", re.DOTALL
)
_READING = frozenset({"SELECT", "VALUES", "EXPLAIN", "PRAGMA"})
_TRANSACTION = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"})
_TO_RESERVED = re.compile(r"\brename\s+to\s+[\"'`\[]?_cf_", re.IGNORECASE)
_LIMITED = re.compile(r"\blimit\b", re.IGNORECASE)


class Kind(Enum):
    """What running a statement needs."""

    READ = "nothing"
    WRITE = "a transaction"
    NONE = "nothing: it is white space and comments"
    TRANSACTION = "it begins or ends a transaction, which is not the user's to do"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, with its semicolon."""

    text: str
    kind: Kind
    is_limited_change: bool  # a DELETE or an UPDATE with a LIMIT


@lru_cache(1024)
def statements(text: str) -> tuple[Statement, ...]:
    """Split SQL text; the last of them is what the caller wants rows of.

    Raises:
        JsException: the last one is empty, or there is none.

    """
    parts = tuple(_statement(part) for part in _split(text))
    if not parts or parts[-1].kind is Kind.NONE:
        raise JsException("Error", "SQL code did not contain a statement.")
    return parts


def _split(text: str) -> list[str]:
    text = text.rstrip()
    if ";" not in text[:-1]:
        return [text]
    parts: list[str] = []
    start = 0
    for token in _TOKEN.finditer(text):
        # A trigger has semicolons of its own: SQLite knows where it is complete.
        if token[0] == ";" and apsw.complete(text[start : token.end()]):
            parts.append(text[start : token.end()])
            start = token.end()
    if text[start:].strip():
        parts.append(text[start:])
    return parts


def _statement(text: str) -> Statement:
    found = _WORD.match(text)
    word = "" if found is None else found[1].upper()
    if not word:
        is_blank = text[found.end() :].strip(" \t\r\n;") == "" if found else True
        return Statement(text, Kind.NONE if is_blank else Kind.READ, is_limited_change=False)
    if word in _TRANSACTION:
        return Statement(text, Kind.TRANSACTION, is_limited_change=False)
    if word == "ALTER" and _TO_RESERVED.search(text):
        raise JsException("Error", "not authorized: SQLITE_AUTH")
    kind = Kind.READ if word in _READING else Kind.WRITE
    limited = word in ("DELETE", "UPDATE") and _LIMITED.search(text) is not None
    return Statement(text, kind, limited)

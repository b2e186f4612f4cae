"""The key-value table of one object: keys are text, values the bytes of a structured clone.

Keys are ordered as their UTF-8 bytes are, which is how SQLite compares text.  The table is made
by the first write.  Sources: src/workerd/util/sqlite-kv.{h,c++}, src/workerd/api/actor-state.c++.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import apsw

from pydo.errors import JsException
from pydo.runtime.database import raise_sqlite_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydo.runtime.database import Database

__all__ = ["KeyValueTable", "ListOptions"]

_CREATE = "CREATE TABLE IF NOT EXISTS _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"
_GET = "SELECT value FROM _cf_KV WHERE key = ?"
_PUT = "INSERT INTO _cf_KV VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_DELETE = "DELETE FROM _cf_KV WHERE key = ?"


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which keys to list; `start` is inclusive, `start_after` and `end` are exclusive."""

    start: str | None = None
    start_after: str | None = None
    end: str | None = None
    prefix: str = ""
    limit: int | None = None
    reverse: bool = False

    def __post_init__(self) -> None:
        if self.start is not None and self.start_after is not None:
            raise JsException(
                "TypeError", "list() cannot be called with both start and startAfter values."
            )
        if self.limit is not None and self.limit <= 0:
            raise JsException("TypeError", "List limit must be positive.")


class KeyValueTable:
    """Reads and writes the keys of one object, in its running turn's transaction."""

    __slots__ = ("_database", "_epoch", "listings")

    def __init__(self, database: Database) -> None:
        self._database = database
        self.listings = 0  # how often `list` was called: an iterator may be of the last one only
        self._epoch = -1  # the database's epoch in which the table is known to be there

    def get(self, key: str) -> bytes | None:
        """Give the value of a key; None when there is none."""
        connection = self._reading()
        if connection is None:
            return None
        try:
            row: Any = connection.execute(_GET, (key,)).fetchone()
        except apsw.Error as error:
            self._database.failed(error)
            raise_sqlite_error(error)
        return None if row is None else row[0]

    def get_many(self, keys: Iterable[str]) -> list[tuple[str, bytes]]:
        """Give those of the keys that exist, in the order of keys."""
        found = ((key, self.get(key)) for key in sorted(set(keys), key=_utf8))
        return [(key, value) for key, value in found if value is not None]

    def list(self, options: ListOptions) -> list[tuple[str, bytes]]:
        """Give the keys that `options` select, in order."""
        self.listings += 1
        connection = self._reading()
        if connection is None:
            return []
        query, bindings = _list_query(options)
        try:
            rows: list[Any] = connection.execute(query, bindings).fetchall()
        except apsw.Error as error:
            self._database.failed(error)
            raise_sqlite_error(error)
        return rows

    def put(self, key: str, value: bytes) -> None:
        """Set the value of a key."""
        try:
            self._writing().execute(_PUT, (key, value))
        except apsw.Error as error:
            self._database.failed(error)
            raise_sqlite_error(error)

    def put_many(self, entries: Sequence[tuple[str, bytes]]) -> None:
        """Set several keys, or none of them."""
        if not entries:
            return
        connection = self._writing()
        try:
            with connection:  # a savepoint
                connection.executemany(_PUT, entries)
        except apsw.Error as error:
            self._database.failed(error)
            raise_sqlite_error(error)

    def delete(self, key: str) -> bool:
        """Delete a key; whether it existed."""
        if self._reading() is None:
            return False
        connection = self._writing()
        try:
            connection.execute(_DELETE, (key,))
        except apsw.Error as error:
            self._database.failed(error)
            raise_sqlite_error(error)
        return bool(connection.changes())

    def delete_many(self, keys: Iterable[str]) -> int:
        """Delete keys; how many of them existed."""
        return sum([self.delete(key) for key in keys])

    def _reading(self) -> apsw.Connection | None:
        connection = self._database.reading()
        if connection is None or self._epoch == self._database.epoch:
            return connection
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_cf_KV'").fetchone():
            return None
        self._epoch = self._database.epoch
        return connection

    def _writing(self) -> apsw.Connection:
        connection = self._database.writing()
        if self._epoch != self._database.epoch:
            connection.execute(_CREATE)
            self._epoch = self._database.epoch
        return connection


def _list_query(options: ListOptions) -> tuple[str, list[str | int]]:
    conditions: list[str] = []
    bindings: list[str | int] = []
    for condition, bound in (
        ("key >= ?", options.start),
        ("key > ?", options.start_after),
        ("key < ?", options.end),
        ("key >= ?", options.prefix or None),
        ("key < ?", _after_prefix(options.prefix)),
    ):
        if bound is not None:
            conditions.append(condition)
            bindings.append(bound)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = " ORDER BY key DESC" if options.reverse else " ORDER BY key"
    limit = ""
    if options.limit is not None:
        limit = " LIMIT ?"
        bindings.append(options.limit)
    return f"SELECT key, value FROM _cf_KV{where}{order}{limit}", bindings  # noqa: S608 - no input


def _after_prefix(prefix: str) -> str | None:
    """Give the first text after all that begin with `prefix`; None when there is none."""
    while prefix:
        last = ord(prefix[-1])
        prefix = prefix[:-1]
        if last < sys.maxunicode:
            # UTF-8 has no form for the surrogates, so the next code point lies behind them.
            return prefix + ("\ue000" if last == ord("\ud7ff") else chr(last + 1))
    return None


def _utf8(key: str) -> bytes:
    return key.encode()

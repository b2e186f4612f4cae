"""The key-value table of one object: keys are text, values the bytes of a structured clone.

Keys are ordered as their UTF-8 bytes are, which is how SQLite compares text.  The table is made
by the first write.  Sources: src/workerd/util/sqlite-kv.{h,c++}, src/workerd/api/actor-state.c++.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import ref

import apsw

from pydo.errors import JsException, internal_error
from pydo.runtime.sqlite_error import raise_sqlite_error, sqlite_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from weakref import ReferenceType

    from pydo.runtime.database import Database
    from pydo.runtime.livecursors import LiveCursor

__all__ = ["KeyValueTable", "ListOptions", "Listing"]

_CREATE = "CREATE TABLE IF NOT EXISTS _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE name = '_cf_KV'"
_GET = "SELECT value FROM _cf_KV WHERE key = ?"
_PUT = "INSERT INTO _cf_KV VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_DELETE = "DELETE FROM _cf_KV WHERE key = ?"
_INVALIDATED = (
    "kv.list() iterator was invalidated because a new call to kv.list() was started. Only one"
    " kv.list() iterator can exist at a time."
)


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

    __slots__ = ("_database", "_epoch", "_listing")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._epoch = -1  # the database's epoch in which the table is known to be there
        self._listing: ReferenceType[Listing] | None = None

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
        self._end_listing()
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

    def iterate(self, options: ListOptions) -> Listing:
        """Go through the keys that `options` select, and see what changes meanwhile."""
        self._end_listing()
        connection = self._reading()
        cursor = None if connection is None else connection.cursor()
        if cursor is not None:
            try:
                cursor.execute(*_list_query(options))
            except apsw.Error as error:
                self._database.failed(error)
                raise_sqlite_error(error)
        listing = Listing(self._database, cursor)
        self._listing = ref(listing)
        return listing

    def _end_listing(self) -> None:
        listing = None if self._listing is None else self._listing()
        if listing is not None:
            listing.end(JsException("Error", _INVALIDATED))
            self._listing = None

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
        if not self._database.execute(connection, _IS_THERE).fetchone():
            return None
        self._epoch = self._database.epoch
        return connection

    def _writing(self) -> apsw.Connection:
        connection = self._database.writing()
        if self._epoch != self._database.epoch:
            self._database.execute(connection, _CREATE)
            self._epoch = self._database.epoch
        return connection


class Listing:
    """A pass over the keys, one at a time; there is one for a table at most."""

    __slots__ = ("__weakref__", "_cursor", "_database", "_error", "_mark")

    def __init__(self, database: Database, cursor: apsw.Cursor | None) -> None:
        self._database = database
        self._error: JsException | None = None
        self._cursor = cursor  # while it is not at its end, with
        self._mark: ReferenceType[LiveCursor]  # which the database knows of it
        if cursor is not None:
            self._mark = database.cursors.watch(self)

    def next(self) -> tuple[str, bytes] | None:
        """Give the next key and its value; None when there is none.

        Raises:
            JsException: another pass has begun, or the database was emptied.

        """
        if self._error is not None:
            raise self._error
        if self._cursor is None:
            return None
        try:
            row: Any = self._cursor.fetchone()
        except apsw.Error as error:
            self._database.failed(error)
            self.end(sqlite_error(error))
            raise_sqlite_error(error)
        if row is None:
            self.end()
        return row  # type: ignore[no-any-return] # the two columns of the table

    def end(self, error: JsException | None = None) -> None:
        """End the pass, with an error if it was not at its end."""
        if self._cursor is not None:
            self._cursor.close(True)  # noqa: FBT003 - apsw's own way to say: whatever is left
            self._cursor = None
            self._error = error
            self._database.cursors.open.discard(self._mark)

    def cancel(self) -> None:
        """End it: the database goes from under it."""
        self.end(internal_error())


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

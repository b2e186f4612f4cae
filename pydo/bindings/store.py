"""Where bindings keep their data: a SQLite file for each store, in a directory of its own.

The file is made at the first write (a key-value store) or the first use (a database).  Errors are
SQLite's, as a Worker sees them.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TypeAlias

import apsw

from pydo.errors import JsException
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.database import Database
from pydo.runtime.sql import SqlDatabase
from pydo.runtime.sqlite_error import sqlite_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pydo.runtime.sql import Binding

__all__ = ["Entry", "KvStore", "Query", "QueryResult", "SqlStore"]

_Listed: TypeAlias = tuple[str, int | None, str | None]
_ENTRIES = """
    CREATE TABLE IF NOT EXISTS entries (
        key TEXT PRIMARY KEY, value BLOB NOT NULL, expiration INTEGER, metadata TEXT
    ) WITHOUT ROWID;
"""
_LIVE = "(expiration IS NULL OR expiration > ?)"
_TOO_LONG = "D1 DB exceeded its CPU time limit and was reset."  # docs: D1, debug, errors
_STEPS = 100_000  # of SQLite's machine, about a millisecond: how often a query is looked at


@dataclass(frozen=True, slots=True)
class Entry:
    """What a key holds; `expiration` is in seconds since 1970, `metadata` is JSON."""

    value: bytes
    expiration: int | None = None
    metadata: str | None = None


class KvStore:
    """Keys and values that may expire, in the order of their UTF-8 bytes."""

    def __init__(self, directory: Path, now: Callable[[], float] = time.time) -> None:
        self._path = directory / "db.sqlite"
        self._now = now
        self._connection: apsw.Connection | None = None

    def now(self) -> int:
        """Give the time in whole seconds since 1970."""
        return int(self._now())

    def get(self, key: str) -> Entry | None:
        """Give what a key holds, unless it has expired."""
        query = f"SELECT value, expiration, metadata FROM entries WHERE key = ? AND {_LIVE}"  # noqa: S608 - a constant
        rows = self._execute(query, (key, self.now()))
        return Entry(*rows[0]) if rows else None

    def put(self, key: str, entry: Entry) -> None:
        """Set a key, and forget what has expired."""
        self._execute("DELETE FROM entries WHERE expiration <= ?", (self.now(),))
        query = "REPLACE INTO entries (key, value, expiration, metadata) VALUES (?, ?, ?, ?)"
        self._execute(query, (key, entry.value, entry.expiration, entry.metadata))

    def delete(self, key: str) -> None:
        """Delete a key, if it is there."""
        self._execute("DELETE FROM entries WHERE key = ?", (key,))

    def select(self, prefix: str, after: str, limit: int) -> list[_Listed]:
        """Give key, expiration and metadata of the first keys after `after` with a prefix."""
        query = (
            "SELECT key, expiration, metadata FROM entries WHERE key >= ? AND key > ?"  # noqa: S608 - a constant
            f" AND {_LIVE} ORDER BY key LIMIT ?"
        )
        rows = self._execute(query, (prefix, after, self.now(), limit))
        # Keys with a prefix stand together, and no function of SQLite's looks beyond a NUL.
        return list(takewhile(lambda row: row[0].startswith(prefix), rows))

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _execute(self, query: str, bindings: tuple[object, ...]) -> list[Any]:
        try:
            return list(self._opened().execute(query, bindings))
        except apsw.Error as error:
            raise sqlite_error(error) from error

    def _opened(self) -> apsw.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = apsw.Connection(str(self._path))
            connection.set_busy_timeout(5000)
            connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
            connection.execute(_ENTRIES)
            self._connection = connection
        return self._connection


@dataclass(frozen=True, slots=True)
class Query:
    """SQL text and what is bound in it."""

    text: str
    bindings: tuple[Binding, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a query, and what it did and cost."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    duration_ms: int
    changes: int
    last_row_id: int
    has_changed: bool
    size: int
    rows_read: int
    rows_written: int


class SqlStore:
    """A database whose queries are atomic; it allows what that of an object allows.

    With `limit_s`, queries that are run together may take so many seconds.
    """

    def __init__(self, directory: Path, limit_s: float = math.inf) -> None:
        self._directory = directory
        self._limit_s = limit_s
        self._end = math.inf  # of what runs now, by `time.monotonic`
        self._last_row_id = 0  # of connections before this one, until it is asked
        self._open()
        self.requests = 0  # of which bookmarks are made

    def run(self, queries: Sequence[Query]) -> list[QueryResult]:
        """Run queries one after the other, all of them or none.

        Raises:
            JsException: one failed, and nothing was done.

        """
        self.requests += 1
        self._end = time.monotonic() + self._limit_s
        try:
            # Python hears of signals where it is called: a query that goes on must not be deaf.
            self._sql.connection().set_progress_handler(self._is_late, _STEPS)
            results = [self._run(query) for query in queries]
            self._database.end_turn()
            self._database.commit()
        except BaseException as error:
            self._last_row_id = self._sql.connection().last_insert_rowid()
            self._database.rollback_turn()
            self._database.close()  # whatever state it was left in
            self._open()
            if isinstance(error, JsException) and self._is_late():
                raise JsException("Error", _TOO_LONG) from error
            raise
        return results

    def interrupt(self) -> None:
        """Stop the query that runs, from any thread."""
        self._database.interrupt()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _is_late(self) -> bool:
        return time.monotonic() >= self._end

    def _open(self) -> None:
        self._database = Database(self._directory, OpenDatabases(), lambda: None)
        self._sql = SqlDatabase(self._database)

    def _run(self, query: Query) -> QueryResult:
        sql, connection = self._sql, self._sql.connection()
        if self._last_row_id:  # a connection goes on with what the one before has told
            connection.set_last_insert_rowid(self._last_row_id)
            self._last_row_id = 0
        before = (connection.total_changes(), connection.last_insert_rowid(), sql.size)
        started = time.perf_counter()
        cursor = sql.execute(query.text, query.bindings)
        rows = cursor.rest()
        after = (connection.total_changes(), connection.last_insert_rowid(), sql.size)
        return QueryResult(
            columns=cursor.columns,
            rows=rows,
            duration_ms=int((time.perf_counter() - started) * 1000),
            changes=after[0] - before[0],
            last_row_id=after[1],
            has_changed=after != before,
            size=after[2],
            rows_read=cursor.rows_read,
            rows_written=cursor.rows_written,
        )

"""SQL on one object's database: statements in its running turn's transaction, and their cursors.

A statement runs up to its first row when it is given, and one row further each time that one is
taken.  One that writes has written all by then: of its rows only those are left that RETURNING
gives, and a turn must not end before they are read.  Bindings are what SQLite stores: None,
float, str and bytes; the host converts before.  Sources: src/workerd/api/sql.{h,c++},
src/workerd/util/sqlite.c++.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, NoReturn

import apsw

from pydo.errors import JsException
from pydo.runtime.authorizer import Authorizer
from pydo.runtime.cost import cost_of, rows_scanned
from pydo.runtime.sqlite_error import raise_sqlite_error
from pydo.runtime.statement import statements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from weakref import ReferenceType

    from pydo.runtime.database import Database
    from pydo.runtime.livecursors import LiveCursor
    from pydo.runtime.statement import Statement

__all__ = ["Binding", "SqlCursor", "SqlDatabase"]

Binding = None | float | str | bytes

_BINDINGS = "Wrong number of parameter bindings for SQL query."
_ONLY_LAST = (
    "When executing multiple SQL statements in a single call, only the last statement can have"
    " parameters."
)
_NO_LIMIT = (
    " (Cloudflare takes ORDER BY and LIMIT in DELETE and UPDATE; the SQLite that pydo runs on was"
    " built without it: select the rows by `rowid IN (SELECT rowid ... LIMIT n)`, which both take)"
)
_REFUSED = ('near "limit"', 'near "order"')
_CANCELED = "SQLite query was canceled because the database was deleted."
_PAGE = 4096


class SqlDatabase:
    """Runs the user's SQL."""

    __slots__ = ("authorizer", "database", "watched")

    def __init__(self, database: Database) -> None:
        self.database = database
        self.authorizer = Authorizer()
        self.watched: apsw.Connection | None = None  # the connection that is set up for it

    def execute(self, text: str, bindings: Sequence[Binding]) -> SqlCursor:
        """Run SQL text; the cursor gives the rows of its last statement.

        Raises:
            JsException: in SQLite's words, or in those of production.

        """
        *before, last = statements(text)
        for statement in before:
            SqlCursor(self, statement, ()).run(_ONLY_LAST).close()
        return SqlCursor(self, last, bindings).run(_BINDINGS)

    def connection(self) -> apsw.Connection:
        """Give the connection, with what the user may do on it set up."""
        connection = self.database.opened()
        if connection is not self.watched:
            self.watched = connection
            self.authorizer.set_up(connection)
            self.database.has_sql = True
        return connection

    @property
    def size(self) -> int:
        """The bytes of the database, without the pages that are free."""
        connection = self.database.opened()
        pages = int(connection.pragma("page_count"))
        return max((pages - int(connection.pragma("freelist_count"))) * _PAGE, _PAGE)


class SqlCursor:
    """The rows of one statement, one of them ahead of the reader."""

    __slots__ = (
        "__weakref__",
        "_bindings",
        "_changes",
        "_cursor",
        "_direct_changes",
        "_fetched",
        "_is_canceled",
        "_mark",
        "_next",
        "_rows",
        "_sql",
        "_statement",
        "columns",
    )

    def __init__(self, sql: SqlDatabase, statement: Statement, bindings: Sequence[Binding]) -> None:
        self._sql = sql
        self._statement = statement
        self._bindings = bindings
        self._cursor: apsw.Cursor | None = None  # while SQLite has rows left, with
        self._mark: ReferenceType[LiveCursor]  # which the database knows of it
        self._rows: list[tuple[Any, ...]] | None = None  # what is left, last first, of RETURNING
        self._next: tuple[Any, ...] | None = None
        self._fetched = 0
        self._changes = self._direct_changes = -1  # of a statement that only reads
        self._is_canceled = False
        self.columns: tuple[str, ...] = ()

    def run(self, wrong_bindings: str) -> SqlCursor:
        """Run the statement to its first row; the text is for bindings that do not fit it."""
        statement, sql = self._statement, self._sql
        if statement.is_blank:
            raise JsException("Error", "SQL code did not contain a statement.")
        if statement.renames_to_reserved:
            raise JsException("Error", "not authorized: SQLITE_AUTH")
        cursor = sql.connection().cursor()
        cursor.exec_trace = self._compiled
        sql.authorizer.is_open = False
        try:
            self._execute(cursor)
        except apsw.BindingsError:
            raise JsException("Error", wrong_bindings) from None
        except apsw.Error as error:
            sql.database.failed(error)
            raise_sqlite_error(error, _hint(statement, error))
        finally:
            sql.authorizer.is_open = True
            cursor.exec_trace = None  # a cursor that the user lets go must go at once
        self._begin(cursor)
        return self

    def _execute(self, cursor: apsw.Cursor) -> None:
        # pydo's own statements are kept without the flag: one that was compiled for pydo must
        # not be found when the user gives the same text.
        text, flags = self._statement.text, apsw.SQLITE_PREPARE_PERSISTENT
        try:
            cursor.execute(text, self._bindings, prepare_flags=flags)
        except apsw.LockedError:
            gc.collect()  # the SDK's wrapper of a cursor that was let go is a cycle
            cursor.execute(text, self._bindings, prepare_flags=flags)

    def _compiled(self, cursor: apsw.Cursor, _: str, __: object) -> bool:
        """Hear, before the statement runs, what it is."""
        self.columns = tuple([column[0] for column in cursor.get_description()])
        if not cursor.is_readonly:
            authorizer = self._sql.authorizer
            authorizer.is_open = True
            self._changes = self._sql.database.writing().total_changes()
            authorizer.is_open = False
        return True

    def _begin(self, cursor: apsw.Cursor) -> None:
        row = self._next = cursor.fetchone()
        if self._changes >= 0:
            connection = cursor.connection
            self._rows = [] if row is None else cursor.fetchall()[::-1]
            self._direct_changes = connection.changes()
            self._changes = connection.total_changes() - self._changes
            if row is not None:
                self._sql.database.cursors.unread[self] = self._statement.text
        elif row is not None:
            self._cursor = cursor
            self._mark = self._sql.database.cursors.watch(self)
        self._fetched = 0 if row is None else 1

    def next(self) -> tuple[Any, ...] | None:
        """Give the next row; None when there is none.

        Raises:
            JsException: the database was emptied under it.

        """
        row = self._next
        if row is None:
            self._check()
            return None
        if self._cursor is not None:
            self._next = self._ahead(self._cursor)
        else:
            self._next = self._rows.pop() if self._rows else None
        if self._next is None:
            self._end()
        else:
            self._fetched += 1
        return row

    def rest(self) -> list[tuple[Any, ...]]:
        """Give all rows that are left.

        Raises:
            JsException: the database was emptied under it.

        """
        if self._next is None:
            self._check()
            return []
        if self._cursor is not None:
            rows = [self._next, *self._all(self._cursor)]
        else:
            rows = [self._next, *(self._rows or ())[::-1]]
        self._fetched += len(rows) - 1
        self._end()
        return rows

    def close(self) -> None:
        """Let the statement go; what it gave so far is all."""
        if self._cursor is not None:
            self._cursor.close(True)  # noqa: FBT003 - apsw's own way to say: whatever is left
        self._end()

    def cancel(self) -> None:
        """End it from outside: the database was emptied or is being closed."""
        self._is_canceled = self._next is not None
        self.close()

    def _end(self) -> None:
        database = self._sql.database
        if self._cursor is not None:
            self._cursor = None
            database.cursors.open.discard(self._mark)
        elif self._rows is not None:
            database.cursors.unread.pop(self, None)
        self._next = self._rows = None

    def _check(self) -> None:
        if self._is_canceled:
            raise JsException("Error", _CANCELED)

    def _ahead(self, cursor: apsw.Cursor) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = cursor.fetchone()
        except apsw.Error as error:
            self._failed(error)
        return row

    def _all(self, cursor: apsw.Cursor) -> list[tuple[Any, ...]]:
        try:
            return cursor.fetchall()
        except apsw.Error as error:
            self._failed(error)

    def _failed(self, error: apsw.Error) -> NoReturn:
        self.close()
        self._sql.database.failed(error)
        raise_sqlite_error(error)

    # -- what it cost

    @property
    def rows_read(self) -> int:
        """The rows that SQLite has looked at so far, as near as it tells.

        Raises:
            JsException: the database was emptied under it.

        """
        self._check()
        text, bindings = self._statement.text, self._bindings
        connection = self._sql.connection()
        is_whole = self._cursor is None and self._changes < 0
        scanned = rows_scanned(connection, text, bindings) if is_whole else 0
        cost = cost_of(connection, text, len(bindings))
        return cost.rows_read(self._fetched, self._direct_changes, scanned)

    @property
    def rows_written(self) -> int:
        """The rows that were written, in tables and in their indexes.

        Raises:
            JsException: the database was emptied under it.

        """
        self._check()
        if self._changes <= 0:
            return 0
        cost = cost_of(self._sql.connection(), self._statement.text, len(self._bindings))
        return cost.rows_written(self._direct_changes, self._changes)


def _hint(statement: Statement, error: apsw.Error) -> str:
    is_refused = str(error).lower().startswith(_REFUSED)
    return _NO_LIMIT if statement.is_limited_change and is_refused else ""

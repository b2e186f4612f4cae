"""SQL on one object's database: statements in its running turn's transaction, and their cursors.

A statement runs up to its first row when it is given; one that writes runs to its end.  Bindings
are what SQLite stores: None, float, str and bytes; the host converts before.  Sources:
src/workerd/api/sql.{h,c++}, src/workerd/util/sqlite.c++.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import apsw

from pydo.errors import JsException
from pydo.runtime.authorizer import LIMITS, Authorizer
from pydo.runtime.database import raise_sqlite_error
from pydo.runtime.statement import Kind, Statement, statements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydo.runtime.database import Database

__all__ = ["Binding", "SqlCursor", "SqlDatabase"]

Binding = None | float | str | bytes

_NOT_THEIRS = (
    "To execute a transaction, please use the state.storage.transaction() or"
    " state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT"
    " statements. The JavaScript API is safer because it will automatically roll back on"
    " exceptions, and because it interacts correctly with Durable Objects' automatic atomic write"
    " coalescing."
)
_BINDINGS = "Wrong number of parameter bindings for SQL query."
_ONLY_LAST = (
    "When executing multiple SQL statements in a single call, only the last statement can have"
    " parameters."
)
_NO_LIMIT = (
    " (Cloudflare takes LIMIT in DELETE and UPDATE; the SQLite that pydo runs on was built without"
    " it: select the rows by `rowid IN (SELECT rowid ... LIMIT n)`, which both take)"
)
_CANCELED = "SQLite query was canceled because the database was deleted."
_PAGE = 4096


class SqlDatabase:
    """Runs the user's SQL."""

    __slots__ = ("_authorizer", "_database", "_prepared")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._authorizer = Authorizer()
        self._prepared: apsw.Connection | None = None  # the connection that is set up for it

    def execute(self, text: str, bindings: Sequence[Binding]) -> SqlCursor:
        """Run SQL text; the cursor gives the rows of its last statement.

        Raises:
            JsException: in SQLite's words, or in those of production.

        """
        if len(text) > LIMITS[apsw.SQLITE_LIMIT_SQL_LENGTH]:
            raise JsException("Error", "statement too long: SQLITE_TOOBIG")
        *before, last = statements(text)
        for statement in before:
            self._run(statement, (), _ONLY_LAST)
        return self._run(last, bindings, _BINDINGS)

    def _run(self, statement: Statement, bindings: Sequence[Binding], wrong: str) -> SqlCursor:
        if statement.kind is Kind.TRANSACTION:
            raise JsException("Error", _NOT_THEIRS)
        is_write = statement.kind is Kind.WRITE
        connection = self._connection(is_write=is_write)
        cursor = SqlCursor(self._database, connection)
        self._authorizer.is_open = False
        try:
            cursor.run(statement.text, bindings, is_write=is_write)
        except apsw.BindingsError:
            raise JsException("Error", wrong) from None
        except apsw.Error as error:
            self._database.failed(error)
            hint = _NO_LIMIT if statement.is_limited_change else ""
            raise_sqlite_error(error, hint)
        finally:
            self._authorizer.is_open = True
        return cursor

    def _connection(self, *, is_write: bool) -> apsw.Connection:
        connection = self._database.writing() if is_write else self._database.opened()
        if connection is not self._prepared:
            self._prepared = connection
            connection.authorizer = self._authorizer
            for limit, value in LIMITS.items():
                connection.limit(limit, value)
            for option in (
                apsw.SQLITE_DBCONFIG_DEFENSIVE,
                apsw.SQLITE_DBCONFIG_DQS_DML,
                apsw.SQLITE_DBCONFIG_DQS_DDL,
            ):
                connection.config(option, 1)
            self._database.has_sql = True
        return connection

    @property
    def size(self) -> int:
        """The bytes of the database, without the pages that are free."""
        connection = self._database.opened()
        pages = int(connection.pragma("page_count"))
        return max((pages - int(connection.pragma("freelist_count"))) * _PAGE, _PAGE)


class SqlCursor:
    """The rows of one statement, one of them ahead of the reader."""

    __slots__ = (
        "_connection",
        "_cursor",
        "_database",
        "_next",
        "_rows",
        "columns",
        "rows_read",
        "rows_written",
    )

    def __init__(self, database: Database, connection: apsw.Connection) -> None:
        self._database = database
        self._connection = connection
        self._cursor: apsw.Cursor | None = None
        self._rows: list[tuple[Any, ...]] = []  # of a statement that has run to its end
        self._next: tuple[Any, ...] | None = None
        self.columns: tuple[str, ...] = ()
        self.rows_read = 0
        self.rows_written = 0

    def run(self, text: str, bindings: Sequence[Binding], *, is_write: bool) -> None:
        """Run the statement to its first row, or to its end if it writes."""
        connection = self._connection
        cursor = connection.cursor()
        cursor.exec_trace = self._begins
        changes = connection.total_changes() if is_write else 0
        cursor.execute(text, bindings)
        if is_write:
            self._rows = cursor.fetchall()[::-1]
            self.rows_written = connection.total_changes() - changes
            self._next = self._rows.pop() if self._rows else None
            self.rows_read += self._next is not None
            return
        self._next = cursor.fetchone()
        if self._next is not None:
            self.rows_read = 1
            self._cursor = cursor
            self._database.cursors.add(self)

    def _begins(self, cursor: apsw.Cursor, _: str, __: object) -> bool:
        self.columns = tuple(column[0] for column in cursor.get_description())
        return True

    def next(self) -> tuple[Any, ...] | None:
        """Give the next row; None when there is none.

        Raises:
            JsException: the database was emptied or closed under it.

        """
        row = self._next
        if row is None:
            return None
        if self._cursor is not None:
            self._next = self._ahead(self._cursor)
        else:
            self._next = self._rows.pop() if self._rows else None
        self.rows_read += self._next is not None
        return row

    def rest(self) -> list[tuple[Any, ...]]:
        """Give all rows that are left."""
        if self._next is None:
            return []
        if self._cursor is None:
            rows = [self._next, *self._rows[::-1]]
        else:
            rows = [self._next, *self._all(self._cursor)]
        self.rows_read += len(rows) - 1
        self.close()
        return rows

    def close(self) -> None:
        """Let the statement go."""
        self._next, self._rows = None, []
        if self._cursor is not None:
            self._cursor = None
            self._database.cursors.discard(self)

    def _ahead(self, cursor: apsw.Cursor) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = cursor.fetchone()
        except apsw.Error as error:
            self._failed(error)
        if row is None:
            self._cursor = None
            self._database.cursors.discard(self)
        return row

    def _all(self, cursor: apsw.Cursor) -> list[tuple[Any, ...]]:
        try:
            return cursor.fetchall()
        except apsw.Error as error:
            self._failed(error)

    def _failed(self, error: apsw.Error) -> NoReturn:
        self.close()
        if isinstance(error, (apsw.CursorClosedError, apsw.ConnectionClosedError)):
            raise JsException("Error", _CANCELED) from None
        self._database.failed(error)
        raise_sqlite_error(error)

    def cancel(self) -> None:
        """End it from outside: the database was emptied or is being closed."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.close(True)  # noqa: FBT003 - apsw's own way to say: whatever is left
            self._cursor = cursor  # which says that it is closed

"""One object's SQLite database, and the transactions that its turns make.

The file is `db.sqlite` in the object's own folder; both are made at the first write.  The first
write of a turn begins the *implicit transaction*, or a savepoint in it if an earlier turn of the
same pass has begun one; the end of the turn keeps what it holds, the end of the pass commits.
So a turn can be taken back alone, and a crash never shows half of one.

    NONE ──write──> OPEN ──end_turn──> KEPT ──commit──> NONE
                     │ ^                 │
       rollback_turn │ └──────write──────┘  (with a savepoint)
                     v
            NONE, or KEPT if earlier turns had written

An *explicit transaction* (`transaction()`) takes the place of the implicit one for many turns:
while it is open the ends of turns and passes commit nothing.  Within either, *levels* can be
taken back alone: nested transactions and `transactionSync()`.  Each is a savepoint, made at its
first write.

Journal mode is WAL and `synchronous` NORMAL: what is committed survives the death of the process
at any moment.  With FULL each commit is also forced to the disk, and survives a power loss.  The
first commit of a new file is made with OFF: that the log's head is on the disk before its content
matters only where older content can be mistaken for it, and to wait for a disk twice would be most
of what a new object costs.  An error of the disk is one of SQLite's for the Worker, with the file's
path for the terminal if the file is damaged.
Source: src/workerd/io/actor-sqlite.c++ (`ImplicitTxn`).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import apsw

from pydo.errors import internal_error
from pydo.runtime.databasefile import DatabaseFile
from pydo.runtime.history.recorder import CHECKPOINT
from pydo.runtime.livecursors import LiveCursors
from pydo.runtime.sqlite_error import (
    constraints_violated,
    raise_sqlite_error,
    sqlite_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydo.runtime.budget import OpenDatabases
    from pydo.runtime.history.recorder import Recording

__all__ = ["Database"]

_CRITICAL = (apsw.FullError, apsw.IOError, apsw.NoMemError, apsw.InterruptError)


class _Transaction(Enum):
    NONE = "nothing written"
    OPEN = "the running turn has written"
    KEPT = "only turns that have ended have written"
    EXPLICIT = "transaction() is running"


class Database(DatabaseFile):
    """The database of one object; opened when it is needed, closed when it is not."""

    def __init__(
        self,
        directory: Path,
        budget: OpenDatabases,
        on_create: Callable[[], object],
        recording: Recording | None = None,
    ) -> None:
        super().__init__(directory, budget, on_create, recording)
        self._transaction = _Transaction.NONE
        self._has_savepoint = False
        self._levels: list[bool] = []  # for each, whether its savepoint was made
        self.has_sql = False  # whether the user's own tables may have constraints
        self.cursors = LiveCursors()

    @property
    def is_pinned(self) -> bool:
        """Whether it must stay open: something is not committed, or being read."""
        return self._transaction is not _Transaction.NONE or bool(self.cursors.open)

    def writing(self) -> apsw.Connection:
        """Give the connection to write to, in the running turn's part of the transaction.

        Raises:
            JsException: SQLite has given the transaction up; nothing more may be written in it.

        """
        if self._critical is not None:
            raise self._critical
        connection = self.opened()
        if not self._is_followed:
            self._follow(connection)
        if self._transaction is _Transaction.NONE:
            connection.execute("BEGIN")
            self._transaction = _Transaction.OPEN
        elif self._transaction is _Transaction.KEPT:
            connection.execute("SAVEPOINT _cf_turn")
            self._transaction = _Transaction.OPEN
            self._has_savepoint = True
        if self._levels:
            self._make_levels(connection)
        return connection

    # -- the ends of turns and passes

    def failed(self, error: apsw.Error) -> None:
        """Note an error of a statement: some make SQLite give the whole transaction up."""
        super().failed(error)
        connection = self._connection
        if self._transaction is _Transaction.NONE or self._critical is not None:
            return
        if connection is not None and not connection.in_transaction:
            is_known = isinstance(error, _CRITICAL)
            self._critical = sqlite_error(error) if is_known else internal_error()
            self._critical.__cause__ = error

    def end_turn(self) -> None:
        """Keep what the turn has written.

        Raises:
            JsException: it cannot be kept: SQLite gave the transaction up, or constraints that
                were to be checked at its end do not hold.

        """
        if self._critical is not None:
            raise self._critical
        if self._transaction is _Transaction.OPEN:
            self.cursors.check_read()
            if self.has_sql and self._require().status(apsw.SQLITE_DBSTATUS_DEFERRED_FKS)[0]:
                raise constraints_violated()
            self._has_savepoint = False  # the commit releases it, and the next one has its name
            self._transaction = _Transaction.KEPT

    def rollback_turn(self) -> None:
        """Take back what the running turn has written."""
        self.cursors.unread.clear()
        if self._transaction is _Transaction.NONE or self._transaction is _Transaction.KEPT:
            return
        if self._has_savepoint and self._require().in_transaction:
            connection = self._require()
            self.epoch += 1
            self._levels.clear()
            connection.execute("ROLLBACK TO _cf_turn")
            connection.execute("RELEASE _cf_turn")
            self._has_savepoint = False
            self._transaction = _Transaction.KEPT
        else:
            self._rollback(self._connection)

    def commit(self) -> None:
        """Commit what the turns of the pass have written.

        Raises:
            JsException: it could not be, and all of it is rolled back.

        """
        if self._critical is not None:  # it took what earlier turns of the pass had written
            self._rollback(self._connection)
            raise self._critical
        if self._transaction is _Transaction.NONE or self._transaction is _Transaction.EXPLICIT:
            return
        connection = self._require()
        try:
            connection.execute("COMMIT")
        except apsw.Error as error:
            self.failed(error)
            self._rollback(connection)
            raise_sqlite_error(error)
        self._transaction = _Transaction.NONE
        self._has_savepoint = False
        if self.is_new:
            self._has_first_commit(connection)

    def _has_first_commit(self, connection: apsw.Connection) -> None:
        self.is_new = False
        if not self._budget.syncs_commits:
            connection.execute("PRAGMA synchronous=NORMAL")
        if self.recorder is None:
            connection.wal_autocheckpoint(CHECKPOINT)

    def _rollback(self, connection: apsw.Connection | None) -> None:
        self.epoch += 1
        self._transaction = _Transaction.NONE
        self._has_savepoint = False
        self._levels.clear()
        self.cursors.unread.clear()
        if (
            connection is not None and connection.in_transaction
        ):  # a full disk makes SQLite roll back by itself
            connection.execute("ROLLBACK")

    # -- levels

    @property
    def is_explicit(self) -> bool:
        """Whether `transaction()` is running."""
        return self._transaction is _Transaction.EXPLICIT

    @property
    def levels(self) -> int:
        """How many levels are open."""
        return len(self._levels)

    def begin_explicit(self) -> int:
        """Begin an explicit transaction, or one within it; what came before is committed already.

        The level that it gives is for `keep` and `undo`.
        """
        if not self._levels:
            assert self._transaction is _Transaction.NONE, "what came before is committed"
            self._transaction = _Transaction.EXPLICIT
        return self.begin_level()

    def begin_level(self) -> int:
        """Begin what can be taken back alone; the level that it gives is for `keep` and `undo`."""
        self._levels.append(False)
        return len(self._levels)

    def keep(self, level: int) -> None:
        """End a level and keep what was written; the outermost explicit one commits.

        Raises:
            JsException: the commit failed, and everything is rolled back.

        """
        if len(self._levels) != level:  # a reset has ended it
            return
        if self._levels.pop():
            try:
                if self.is_explicit and not self._levels:
                    self.cursors.check_read()
                self._require().execute(f"RELEASE _cf_level_{level}")
            except apsw.ConstraintError as error:  # a deferred one
                self._rollback(self._require())
                raise internal_error() from error
            except apsw.Error as error:
                self._rollback(self._require())
                raise_sqlite_error(error)
        self._level_ended()

    def undo(self, level: int) -> None:
        """End a level and take back what was written in it."""
        if len(self._levels) != level:
            return
        if self._levels.pop():
            connection = self._require()
            self.cursors.unread.clear()
            self.epoch += 1
            if connection.in_transaction:
                connection.execute(f"ROLLBACK TO _cf_level_{level}")
                connection.execute(f"RELEASE _cf_level_{level}")
        self._level_ended()

    def _level_ended(self) -> None:
        if self._transaction is _Transaction.EXPLICIT and not self._levels:
            self._transaction = _Transaction.NONE
            if self.is_new:
                self._has_first_commit(self._require())

    def _make_levels(self, connection: apsw.Connection) -> None:
        for index, is_made in enumerate(self._levels):
            if not is_made:
                connection.execute(f"SAVEPOINT _cf_level_{index + 1}")
                self._levels[index] = True

    # -- the whole file

    def delete_all(self) -> None:
        """Empty the database at once: tables, rows, and what is not committed yet.

        SQLite's own reset does it in one step, so that a crash shows all or nothing.
        """
        connection = self.reading()
        if connection is None:
            return
        self.cursors.cancel()
        self._rollback(connection)
        if not self._is_followed:
            self._follow(connection)
        connection.config(apsw.SQLITE_DBCONFIG_RESET_DATABASE, 1)
        try:
            connection.execute("VACUUM")
        except apsw.Error as error:
            self.failed(error)
            self._critical = sqlite_error(error)
            raise self._critical from error
        finally:
            connection.config(apsw.SQLITE_DBCONFIG_RESET_DATABASE, 0)
        if self.is_new:
            self._has_first_commit(connection)

    def close(self) -> None:
        """Close the file, taking back what is not committed; it opens again when needed."""
        self.cursors.cancel()
        if self._connection is not None:
            self._rollback(self._connection)
            super().close()

    def _require(self) -> apsw.Connection:
        assert self._connection is not None, "a transaction keeps its connection open"
        return self._connection

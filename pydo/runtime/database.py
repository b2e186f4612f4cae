"""One object's SQLite database, and the transactions that its turns make.

The file is `db.sqlite` in the object's own folder; both are made at the first write.  The first
write of a turn begins the *implicit transaction*, or a savepoint in it if an earlier turn of the
same pass has begun one; the end of the turn keeps the savepoint, the end of the pass commits.
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
from textwrap import shorten
from typing import TYPE_CHECKING, NoReturn, Protocol
from weakref import ref

import apsw

from pydo.errors import JsException, internal_error
from pydo.platform import atomic_write, sync_directory
from pydo.runtime.history.recorder import CHECKPOINT, Recorder
from pydo.runtime.history.wal import empty_database
from pydo.runtime.sqlite_error import (
    constraints_violated,
    disk_error,
    raise_sqlite_error,
    sqlite_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from weakref import ReferenceType

    from pydo.runtime.budget import OpenDatabases
    from pydo.runtime.history.recorder import Recording

__all__ = ["Database", "LiveCursor"]

_FILE = "db.sqlite"
_LENGTH_LIMIT = 4 * 1024 * 1024  # bytes of a string, blob or row: util/sqlite.c++ `setupSecurity`
_PAGE = 4096
_DAMAGED = (apsw.CorruptError, apsw.NotADBError)
_CRITICAL = (apsw.FullError, apsw.IOError, apsw.NoMemError, apsw.InterruptError)


class LiveCursor(Protocol):
    """A statement that has rows left."""

    def cancel(self) -> None:
        """End it: the database goes from under it."""
        ...


class _Transaction(Enum):
    NONE = "nothing written"
    OPEN = "the running turn has written"
    KEPT = "only turns that have ended have written"
    EXPLICIT = "transaction() is running"


class Database:
    """The database of one object; opened when it is needed, closed when it is not."""

    def __init__(
        self,
        directory: Path,
        budget: OpenDatabases,
        on_create: Callable[[], object],
        recording: Recording | None = None,
    ) -> None:
        self.directory = directory
        self.path = directory / _FILE
        self.epoch = 0  # changes whenever what was known of the schema may be wrong
        self._budget = budget
        self._on_create = on_create
        self._recording = recording
        self._recorder: Recorder | None = None
        self._connection: apsw.Connection | None = None
        self._exists: bool | None = None
        self.is_new = False  # its file was made just now, and nothing was committed to it
        self._is_followed = False  # by the recorder, or will be from its first commit on
        self._transaction = _Transaction.NONE
        self._has_savepoint = False
        self._levels: list[bool] = []  # for each, whether its savepoint was made
        self._critical: JsException | None = None
        self.has_sql = False  # whether the user's own tables may have constraints
        self.cursors: set[ReferenceType[LiveCursor]] = set()
        self.unread: dict[LiveCursor, str] = {}  # what wrote and has rows left, with its text

    @property
    def is_pinned(self) -> bool:
        """Whether it must stay open: something is not committed, or being read."""
        return self._transaction is not _Transaction.NONE or bool(self.cursors)

    # -- access

    def reading(self) -> apsw.Connection | None:
        """Give the connection to read from; None when nothing was ever written.

        Raises:
            JsException: the file cannot be read.

        """
        if self._connection is not None:
            self._budget.used(self)
            return self._connection
        if self._exists is None:
            self._exists = self._is_there()
        return self._open() if self._exists else None

    def _is_there(self) -> bool:
        size = _size(self.path)
        if size == 0 and _size(self.path.with_name(f"{_FILE}-wal")):
            # A power loss may leave a name without content.  What is in the log is then all that
            # was ever committed, and belongs to an empty file.
            self._create_file()
            return True
        return bool(size)

    def opened(self) -> apsw.Connection:
        """Give the connection to read from, making the file if there is none."""
        return self.reading() or self._create()

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

    @property
    def recorder(self) -> Recorder | None:
        """What writes its history; None if none is kept."""
        if self._recorder is None and self._recording is not None:
            self._recorder = Recorder(self.path, self._recording)
        return self._recorder

    def _follow(self, connection: apsw.Connection) -> None:
        self._is_followed = True
        if (recorder := self.recorder) is not None:
            attach = recorder.attach_new if self.is_new else recorder.attach
            attach(connection)

    def execute(
        self, connection: apsw.Connection, text: str, bindings: tuple[object, ...] = ()
    ) -> apsw.Cursor:
        """Run a statement of pydo's own.

        Raises:
            JsException: SQLite or the disk does not allow it.

        """
        try:
            return connection.execute(text, bindings)
        except apsw.Error as error:
            self.failed(error)
            raise_sqlite_error(error)

    def _create(self) -> apsw.Connection:
        try:
            self._on_create()  # first: an object that is noted and not there does no harm
        except apsw.Error as error:
            self._give_up(sqlite_error(error), error)
        self._create_file()
        self.is_new = True
        return self._open()

    def _give_up(self, critical: JsException, error: Exception) -> NoReturn:
        # A tenant that cannot have its database is reset: the next one tries again.
        self._critical = critical
        raise critical from error

    def _create_file(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            if self._budget.syncs_commits:
                atomic_write(self.path, empty_database())
                sync_directory(self.directory.parent)
            else:
                new = self.path.with_suffix(".new")
                new.write_bytes(empty_database())
                new.replace(self.path)
        except OSError as error:
            self._give_up(disk_error(error), error)
        self._exists = True

    def _open(self) -> apsw.Connection:
        try:
            connection = self._connect()
        except apsw.Error as error:
            self.failed(error)
            self._give_up(sqlite_error(error), error)
        self._connection = connection
        self.epoch += 1
        self._budget.opened(self)
        return connection

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(
            str(self.path), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOMUTEX
        )
        try:
            self._set_up(connection)
        except apsw.Error:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: apsw.Connection) -> None:
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
        # A checkpoint costs milliseconds of disk, and closing has to be cheap: the log stays.
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, _LENGTH_LIMIT)
        connection.set_busy_timeout(5000)  # another program may be reading the file
        if self.is_new:
            connection.set_wal_hook(None)  # to write the log back has to wait for the disk
        mode = "FULL" if self._budget.syncs_commits else "OFF" if self.is_new else "NORMAL"
        connection.execute(f"PRAGMA synchronous={mode}")
        if self._budget.is_strict:
            connection.execute(f"PRAGMA max_page_count={self._budget.most_bytes // _PAGE}")

    # -- the ends of turns and passes

    def failed(self, error: apsw.Error) -> None:
        """Note an error of a statement: some make SQLite give the whole transaction up."""
        if isinstance(error, _DAMAGED):
            self._budget.is_damaged(self, error)
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
            self._check_read()
            if self.has_sql and self._require().status(apsw.SQLITE_DBSTATUS_DEFERRED_FKS)[0]:
                raise constraints_violated()
            if self._has_savepoint:
                self._require().execute("RELEASE _cf_turn")
                self._has_savepoint = False
            self._transaction = _Transaction.KEPT

    def _check_read(self) -> None:
        if not self.unread:
            return
        text = shorten(next(iter(self.unread.values())), 120, placeholder=" …")
        self.unread.clear()
        raise internal_error() from RuntimeError(
            f"SQLite cannot commit before all rows of `{text}` are read: take them with one,"
            " toArray or a loop before the object waits for anything, or leave RETURNING out"
        )

    def rollback_turn(self) -> None:
        """Take back what the running turn has written."""
        self.unread.clear()
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
        self.unread.clear()
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
                    self._check_read()
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
            self.unread.clear()
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
        self._cancel_cursors()
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

    def interrupt(self) -> None:
        """Stop the statement that runs, from any thread."""
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    def close(self) -> None:
        """Close the file, taking back what is not committed; it opens again when needed."""
        self._cancel_cursors()
        connection, self._connection = self._connection, None
        if connection is not None:
            self._rollback(connection)
            self.is_new = self._is_followed = False
            self._budget.closed(self)
            if self._recorder is not None:
                self._recorder.close()
            connection.close()

    def watch(self, cursor: LiveCursor) -> ReferenceType[LiveCursor]:
        """Stay open for a cursor; until it is let go, or what this gives is out of `cursors`."""
        mark = ref(cursor, self.cursors.discard)
        self.cursors.add(mark)
        return mark

    def _cancel_cursors(self) -> None:
        open_ = filter(None, [mark() for mark in self.cursors])
        for cursor in [*open_, *self.unread]:
            cursor.cancel()

    def _require(self) -> apsw.Connection:
        assert self._connection is not None, "a transaction keeps its connection open"
        return self._connection


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None

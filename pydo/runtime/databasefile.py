"""The file of one object's database: made at the first write, opened when it is needed.

It counts in the budget of open databases while it is open, and its history follows it from the
first write on.  A file that cannot be had resets the object; the next tenant tries again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import apsw

from pydo.runtime.history.recorder import Recorder
from pydo.runtime.sqlite_error import disk_error, raise_sqlite_error, sqlite_error
from pydo.runtime.sqlitefile import connect, is_there, make_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydo.errors import JsException
    from pydo.runtime.budget import OpenDatabases
    from pydo.runtime.history.recorder import Recording

__all__ = ["DatabaseFile"]

_FILE = "db.sqlite"
_DAMAGED = (apsw.CorruptError, apsw.NotADBError)
_REFUSED = (apsw.CantOpenError, apsw.ReadOnlyError)


class DatabaseFile:
    """What a database is read and written through; what is written in it is `Database`'s."""

    def __init__(
        self,
        directory: Path,
        budget: OpenDatabases,
        on_create: Callable[[], object],
        recording: Recording | None = None,
    ) -> None:
        self.directory = directory
        self.path = directory / _FILE
        self.epoch: int = 0  # changes whenever what was known of the schema may be wrong
        self.is_new = False  # its file was made just now, and nothing was committed to it
        self._budget = budget
        self._on_create = on_create
        self._recording = recording
        self._recorder: Recorder | None = None
        self._connection: apsw.Connection | None = None
        self._exists: bool | None = None
        self._is_followed = False  # by the recorder, or will be from its first commit on
        self._critical: JsException | None = None  # why nothing can be written any more

    def reading(self) -> apsw.Connection | None:
        """Give the connection to read from; None when nothing was ever written.

        Raises:
            JsException: the file cannot be read.

        """
        if self._connection is not None:
            self._budget.used(self)
            return self._connection
        if self._exists is None:
            self._look_for_file()
        return self._open() if self._exists else None

    def opened(self) -> apsw.Connection:
        """Give the connection to read from, making the file if there is none."""
        return self.reading() or self._create()

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

    def failed(self, error: apsw.Error) -> None:
        """Note an error of SQLite's."""
        if isinstance(error, _DAMAGED):
            self._budget.is_damaged(self, error)
        elif isinstance(error, _REFUSED):
            self._budget.is_refused(self, error)

    @property
    def is_pinned(self) -> bool:
        """Whether it must stay open."""
        return False

    def close(self) -> None:
        """Close it; it opens again when needed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self.is_new = self._is_followed = False
            self._budget.closed(self)
            if self._recorder is not None:
                self._recorder.close()
            connection.close()

    def interrupt(self) -> None:
        """Stop the statement that runs, from any thread."""
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    # -- its history

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

    # -- making and opening it

    def _look_for_file(self) -> None:
        try:
            self._exists = is_there(self.path)
        except OSError as error:
            self._give_up(disk_error(error), error)

    def _create(self) -> apsw.Connection:
        try:
            self._on_create()  # first: an object that is noted and not there does no harm
        except apsw.Error as error:
            self._give_up(sqlite_error(error), error)
        try:
            make_file(self.path, syncs=self._budget.syncs_commits)
        except OSError as error:
            self._give_up(disk_error(error), error)
        self._exists = self.is_new = True
        return self._open()

    def _open(self) -> apsw.Connection:
        try:
            connection = connect(self.path, self._budget, is_new=self.is_new)
        except apsw.Error as error:
            self.failed(error)
            self._give_up(sqlite_error(error), error)
        self._connection = connection
        self.epoch += 1
        self._budget.opened(self)
        return connection

    def _give_up(self, critical: JsException, error: Exception) -> NoReturn:
        self._critical = critical
        raise critical from error

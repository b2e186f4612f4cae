"""What must be known of a class's objects without opening each: `metadata.sqlite`.

One row an object, made with its folder: the id and the name that it was first reached by.  One
row an alarm, which follows the object's own (`alarms.py`).
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import apsw

from pydo.errors import StateError
from pydo.platform import sync_directory
from pydo.runtime.sqlitefile import has_content

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["ClassMetadata", "StoredAlarm"]

_CREATE = """
CREATE TABLE IF NOT EXISTS objects (id TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alarms (
    id TEXT PRIMARY KEY, scheduled_ms INTEGER, due_ms INTEGER, retries INTEGER, backoff INTEGER
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class StoredAlarm:
    """An alarm: when it was set for, when it is to be tried, how often it was."""

    object_id: str
    scheduled_ms: int
    due_ms: int
    retries: int
    backoff: int


class ClassMetadata:
    """The metadata of one class directory; the file is made with its first object.

    `syncs_commits` tells whether what is noted has to survive a power loss.  All methods raise
    SQLite's own errors: what a failure means, their callers know.
    """

    def __init__(self, path: Path, *, syncs_commits: bool = False) -> None:
        self.path = path
        self._syncs_commits = syncs_commits
        self._connection: apsw.Connection | None = None

    def make_anew(self, alarms: Mapping[str, int | None]) -> None:
        """Make the file that is not there: objects without names, and when their alarms ring.

        A crash leaves all of it or no file.

        Raises:
            OSError: the disk does not allow it, which SQLite's own errors tell as well.

        """
        draft = self.path.with_name(f"{self.path.name}.new")
        for each in (
            *draft.parent.glob(f"{draft.name}*"),
            *self.path.parent.glob(f"{self.path.name}-*"),
        ):
            each.unlink()  # of a crash; a log would be taken for the new file's
        with closing(apsw.Connection(str(draft))) as connection, connection:
            connection.execute(_CREATE).fetchall()
            connection.executemany(
                "INSERT INTO objects (id) VALUES (?)", [(id_,) for id_ in alarms]
            )
            connection.executemany(
                "INSERT INTO alarms VALUES (?, ?, ?, 0, 0)",
                [(id_, at_ms, at_ms) for id_, at_ms in alarms.items() if at_ms is not None],
            )
        draft.replace(self.path)
        sync_directory(self.path.parent)

    def record(self, object_id: str, name: str | None) -> None:
        """Note that an object has a folder; a name is never forgotten for none."""
        self._open().execute(
            "INSERT INTO objects VALUES (?, ?) ON CONFLICT (id) DO UPDATE"
            " SET name = coalesce(excluded.name, name)",
            (object_id, name),
        )

    def name_of(self, object_id: str) -> str | None:
        """Give the name that an object was reached by; None when none is known."""
        if not self.exists:
            return None
        row = self._open().execute("SELECT name FROM objects WHERE id = ?", (object_id,)).fetchone()
        return None if row is None else row[0]

    @property
    def exists(self) -> bool:
        """Whether there is a file; one without content is what a power loss has left of it."""
        return self._connection is not None or has_content(self.path)

    def names(self) -> dict[str, str | None]:
        """Give the name of every object that is noted, by its id.

        Raises:
            StateError: the file cannot be read.

        """
        if not self.exists:
            return {}
        try:
            rows: list[Any] = self._open().execute("SELECT id, name FROM objects").fetchall()
        except apsw.Error as error:
            raise self._unreadable(error) from error
        return dict(rows)

    def forget(self, object_id: str) -> None:
        """Forget an object and its alarm: its folder is gone."""
        with self._open() as connection:
            connection.execute("DELETE FROM objects WHERE id = ?", (object_id,))
            connection.execute("DELETE FROM alarms WHERE id = ?", (object_id,))

    # -- alarms

    def alarms(self) -> list[StoredAlarm]:
        """Give every alarm.

        Raises:
            StateError: the file cannot be read.

        """
        if not self.exists:
            return []
        text = "SELECT id, scheduled_ms, due_ms, retries, backoff FROM alarms"
        try:
            return [StoredAlarm(*row) for row in self._open().execute(text)]
        except apsw.Error as error:
            raise self._unreadable(error) from error

    def set_alarm(self, object_id: str, name: str | None, at_ms: int) -> None:
        """Note an alarm that was not tried yet, and the name of its object."""
        if name is not None:
            self.record(object_id, name)
        self._open().execute(
            "INSERT OR REPLACE INTO alarms VALUES (?, ?, ?, 0, 0)", (object_id, at_ms, at_ms)
        )

    def advance_alarm(self, object_id: str, at_ms: int) -> None:
        """Let an alarm ring at a time, or before that if it is noted for then."""
        self._open().execute(
            "INSERT INTO alarms VALUES (?, ?, ?, 0, 0) ON CONFLICT (id) DO UPDATE SET"
            " scheduled_ms = min(scheduled_ms, excluded.scheduled_ms),"
            " due_ms = min(due_ms, excluded.due_ms)",
            (object_id, at_ms, at_ms),
        )

    def retry_alarm(self, object_id: str, retries: int, backoff: int, due_ms: int) -> None:
        """Note that an alarm has failed and is to be tried again."""
        self._open().execute(
            "UPDATE alarms SET retries = ?, backoff = ?, due_ms = ? WHERE id = ?",
            (retries, backoff, due_ms, object_id),
        )

    def delete_alarm(self, object_id: str) -> None:
        """Forget an alarm."""
        self._open().execute("DELETE FROM alarms WHERE id = ?", (object_id,))

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _unreadable(self, error: apsw.Error) -> StateError:
        return StateError(
            f"{self.path} cannot be read ({error}): put it back from a copy, or take it away:"
            " the objects and their alarms stay, and pydo forgets the names"
        )

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = apsw.Connection(str(self.path))
            try:
                connection.set_busy_timeout(5000)
                mode = "FULL" if self._syncs_commits else "NORMAL"
                connection.execute(
                    f"PRAGMA synchronous = {mode}; PRAGMA journal_mode = WAL;{_CREATE}"
                ).fetchall()
            except apsw.Error:
                connection.close()  # and not when the collector comes: it has descriptors
                raise
            self._connection = connection
        return self._connection

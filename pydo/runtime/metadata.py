"""What must be known of a class's objects without opening each: `metadata.sqlite`.

One row an object, made with its folder: the id and the name that it was first reached by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ClassMetadata"]

_CREATE = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS objects (id TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID
"""


class ClassMetadata:
    """The metadata of one class directory; the file is made with its first object."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: apsw.Connection | None = None

    def record(self, object_id: str, name: str | None) -> None:
        """Note that an object has a folder; a name is never forgotten for none."""
        self._open().execute(
            "INSERT INTO objects VALUES (?, ?) ON CONFLICT (id) DO UPDATE"
            " SET name = coalesce(excluded.name, name)",
            (object_id, name),
        )

    def name_of(self, object_id: str) -> str | None:
        """Give the name that an object was reached by; None when none is known."""
        if self._connection is None and not self._path.exists():
            return None
        row = self._open().execute("SELECT name FROM objects WHERE id = ?", (object_id,)).fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = apsw.Connection(str(self._path))
            self._connection.set_busy_timeout(5000)
            self._connection.execute(_CREATE).fetchall()
        return self._connection

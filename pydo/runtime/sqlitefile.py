"""The file of a database: made at the first write, opened, and found again after a power loss.

A new file has the bytes of an empty database before anything opens it, since SQLite takes a file
without content for a new database and deletes the log beside it.  A power loss may leave just that,
a name without content and a log: what is in the log is then all that was ever committed, and
belongs to an empty file, which is made again.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import apsw

from pydo.platform import atomic_write, sync_directory
from pydo.runtime.history.wal import PAGE, empty_database

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from pydo.runtime.budget import OpenDatabases

__all__ = ["connect", "has_content", "is_there", "left_as_found", "make_file"]

_LENGTH_LIMIT = 4 * 1024 * 1024  # bytes of a string, blob or row: util/sqlite.c++ `setupSecurity`
_PATIENCE_MS = 5000  # another program may be reading the file


def is_there(path: Path) -> bool:
    """Tell whether anything was ever committed to the database at a path, mending its file.

    Raises:
        OSError: it cannot be mended.

    """
    if has_content(path):
        return True
    if path.exists() and has_content(path.with_name(f"{path.name}-wal")):
        make_file(path, syncs=True)
        return True
    return False


def make_file(path: Path, *, syncs: bool) -> None:
    """Make the file of an empty database, and its folder; `syncs` lets it outlive a power loss.

    Raises:
        OSError: the disk does not allow it.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if syncs:
        atomic_write(path, empty_database())
        sync_directory(path.parent.parent)
    else:
        new = path.with_suffix(".new")
        new.write_bytes(empty_database())
        new.replace(path)


def connect(path: Path, budget: OpenDatabases, *, is_new: bool) -> apsw.Connection:
    """Open an object's database; `is_new` if nothing was committed to it.

    Raises:
        apsw.Error: it cannot be opened.

    """
    connection = apsw.Connection(
        str(path), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOMUTEX
    )
    try:
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
        # A checkpoint costs milliseconds of disk, and closing has to be cheap: the log stays.
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, _LENGTH_LIMIT)
        connection.set_busy_timeout(_PATIENCE_MS)
        if is_new:
            connection.set_wal_hook(None)  # to write the log back has to wait for the disk
        mode = "FULL" if budget.syncs_commits else "OFF" if is_new else "NORMAL"
        connection.execute(f"PRAGMA synchronous={mode}")
        if budget.is_strict:
            connection.execute(f"PRAGMA max_page_count={budget.most_bytes // PAGE}")
    except apsw.Error:
        connection.close()
        raise
    return connection


@contextmanager
def left_as_found(path: Path) -> Generator[apsw.Connection]:
    """Open a database to be read from outside: its log stays where it is.

    Raises:
        apsw.Error: it cannot be opened.
        OSError: it cannot be mended.

    """
    is_there(path)
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.set_busy_timeout(_PATIENCE_MS)
        yield connection
    finally:
        connection.close()


def has_content(path: Path) -> bool:
    """Tell whether a file is there and not empty."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False

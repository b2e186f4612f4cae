"""The form of SQLite's write-ahead log, as far as a history needs it (sqlite.org/fileformat2).

A file header, then frames: a header with the number of a page and, in the last frame of a commit,
the size of the database after it; then the page.  The salts in the headers change whenever the
file is begun anew, which is a new *generation*.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from struct import Struct
from typing import TYPE_CHECKING, BinaryIO

import apsw

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

__all__ = [
    "FRAME",
    "FRAME_HEADER",
    "PAGE",
    "Salts",
    "copy_frames",
    "empty_database",
    "frames_in",
    "headers",
    "pack_header",
    "salts_of",
    "write_back",
]

PAGE = 4096  # bytes: what pydo and workerd make databases with
FRAME_HEADER = 24
FRAME = FRAME_HEADER + PAGE
_FILE_HEADER = Struct(">IIIIII8x")
_MAGIC = (0x377F0682, 0x377F0683)
_HEADER = Struct(">II16s")
_CHUNK = 256  # frames copied at a time

Salts = tuple[int, int]


def salts_of(wal: Path) -> Salts | None:
    """Give the salts of the generation in a log; None if there is none with pages of 4096 bytes."""
    try:
        with wal.open("rb", buffering=0) as file:
            header = file.read(_FILE_HEADER.size)
    except FileNotFoundError:
        return None
    if len(header) < _FILE_HEADER.size:
        return None
    magic, _, page, _, salt1, salt2 = _FILE_HEADER.unpack(header)
    return (salt1, salt2) if magic in _MAGIC and page == PAGE else None


def frames_in(connection: apsw.Connection) -> int:
    """Give how many frames the log of an open database has up to its last commit."""
    connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()  # opens the log
    try:
        return _noop_checkpoint(connection)
    except apsw.LockedError:  # it is reading, and SQLite does not tell it meanwhile
        with _beside(connection) as other:
            return _noop_checkpoint(other)


def write_back(connection: apsw.Connection) -> None:
    """Write all of the log into the file, though the connection is reading rows.

    Raises:
        apsw.BusyError: somebody reads an earlier state.

    """
    with _beside(connection) as other:
        total, done = other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    if done < total:
        raise apsw.BusyError("an earlier state of the database is being read")


@contextmanager
def _beside(connection: apsw.Connection) -> Generator[apsw.Connection]:
    other = apsw.Connection(connection.filename, flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        other.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        other.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()  # opens the log
        yield other
    finally:
        other.close()


def _noop_checkpoint(connection: apsw.Connection) -> int:
    return max(connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)[0], 0)


def copy_frames(wal: Path, first: int, count: int, target: BinaryIO) -> None:
    """Append `count` frames from the one with the number `first` (from 0) to a file."""
    with wal.open("rb", buffering=0) as source:
        source.seek(32 + first * FRAME)
        while count > 0:
            data = source.read(min(count, _CHUNK) * FRAME)
            if not data:
                raise OSError(f"{wal} ends before its last commit")
            target.write(data)
            count -= len(data) // FRAME


def headers(frames: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Yield of each frame in a file its page, the size after the commit it ends, and its mark.

    The size is 0 in a frame that ends none.
    """
    offset = 0
    while len(header := frames.read(FRAME_HEADER)) == FRAME_HEADER:
        yield _HEADER.unpack(header)
        offset += FRAME
        frames.seek(offset)


def pack_header(page: int, size: int, mark: bytes) -> bytes:
    """Give the header of a frame."""
    return _HEADER.pack(page, size, mark)


@cache
def empty_database() -> bytes:
    """Give the file of a database that nothing was written to, in WAL mode."""
    # Writing these bytes and opening them costs a third of what making a database and switching
    # its journal mode does.
    memory = apsw.Connection(":memory:")
    memory.execute(
        f"PRAGMA page_size={PAGE}; CREATE TABLE made (a); DROP TABLE made; VACUUM"
    ).fetchall()
    image = bytearray(memory.serialize("main"))
    memory.close()
    image[18] = image[19] = 2  # "write version" and "read version" of the header: WAL
    return bytes(image)

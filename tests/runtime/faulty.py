"""A disk that fails when it is told to, and one that loses what was not brought to it in time.

SQLite's own files go through it; it counts what is written, and keeps what was synchronised apart
from what was not.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Self

import apsw

if TYPE_CHECKING:
    from random import Random

__all__ = ["FaultyDisk"]

_NAME = "faulty"


class _Content:
    """What a file has on the disk for certain, and the writes that may have got there."""

    def __init__(self, certain: bytes) -> None:
        self.certain = bytearray(certain)
        self.pending: list[tuple[int, bytes | None]] = []  # without bytes: cut off there
        self.was_synced = False

    def apply(self, change: tuple[int, bytes | None]) -> None:
        offset, data = change
        if data is None:
            del self.certain[offset:]
            return
        self.certain.extend(bytes(max(0, offset - len(self.certain))))
        self.certain[offset : offset + len(data)] = data

    def sync(self) -> None:
        for change in self.pending:
            self.apply(change)
        self.pending.clear()
        self.was_synced = True

    def after_a_power_loss(self, random: Random) -> bytes:
        left = _Content(bytes(self.certain))
        for change in self.pending:
            if random.random() < 0.7:
                left.apply(change)
        return bytes(left.certain)


class FaultyDisk(apsw.VFS):
    """The file system of every database that is opened while it is in use (`with`)."""

    def __init__(self) -> None:
        self._base = apsw.vfs_names()[0]
        super().__init__(_NAME, self._base, makedefault=True)
        self.contents: dict[Path, _Content] = {}
        self.writes = 0
        self.fails_from: int | None = None  # the number of the write that fails, and all after it
        self.error = apsw.SQLITE_FULL

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unregister()

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - apsw's
        """Open a file."""
        return _File(self, self._base, name, flags)

    def content_of(self, path: Path) -> _Content:
        """Give what is known of a file: at its first opening, all of it is on the disk."""
        if path not in self.contents:
            self.contents[path] = _Content(path.read_bytes() if path.exists() else b"")
        return self.contents[path]

    def count(self) -> None:
        """Count a write, and fail if it is to."""
        self.writes += 1
        if self.fails_from is not None and self.writes >= self.fails_from:
            raise apsw.exception_for(self.error)

    def lose_power(
        self, source: Path, target: Path, random: Random, *, empties: bool = False
    ) -> None:
        """Copy a directory as a power loss would leave it.

        With `empties` a file that was written past SQLite, and never synchronised since, may have
        its name and no content.
        """
        for path in source.rglob("*"):
            there = target / path.relative_to(source)
            if path.is_dir():
                there.mkdir(parents=True, exist_ok=True)
            elif path in self.contents:
                there.parent.mkdir(parents=True, exist_ok=True)
                content = self.contents[path]
                if empties and not content.was_synced and random.random() < 0.5:
                    content.certain.clear()
                there.write_bytes(content.after_a_power_loss(random))
            elif path.suffix != ".sqlite-shm":
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, there)


class _File(apsw.VFSFile):
    def __init__(
        self, disk: FaultyDisk, base: str, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        super().__init__(base, name, flags)
        self._disk = disk
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._content = disk.content_of(Path(text)) if text else _Content(b"")

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - apsw's
        self._disk.count()
        self._content.pending.append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - as above
        self._disk.count()
        self._content.pending.append((newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - as above
        self._disk.count()
        super().xSync(flags)
        self._content.sync()

"""One segment of a history: the frames of one generation of the write-ahead log, and their times.

    <position>.frames    the frames as they were in the log
    <position>.index     records of a fixed size, only appended to

The position, in the names, counts the frames of all segments before.  A segment is there as soon
as its index is.  An *image* is a segment that was not copied from a log: the pages in which the
database, as it was found, differs from what the history had last.

A commit has the time of the last record at or before it: only the first commit of a millisecond
is recorded.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import islice
from struct import Struct
from typing import TYPE_CHECKING, Any, Self

from pydo.runtime.history.bookmark import Bookmark
from pydo.runtime.history.wal import FRAME, headers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydo.runtime.history.wal import Salts

__all__ = ["Commit", "DamagedError", "Kind", "Record", "Segment"]

_RECORD = Struct("<BBxxIQII")
_BEGINNING = 2  # records: what it is, and of which epoch


class DamagedError(OSError):
    """A history holds something else than was written to it, and to try again is no use."""


class Kind(IntEnum):
    """What a record says."""

    GENERATION = 1  # the first: a generation with these salts
    IMAGE = 2  # the first of an image
    COMMIT = 3  # one that was made at this time
    EPOCH = 4  # commits behind this position are of this epoch
    CLOSED = 5  # all frames up to here are in the segment, and nobody was writing
    HIDDEN = 6  # commits up to this position are in the image before, and none here


@dataclass(frozen=True, slots=True)
class Record:
    """A record of an index."""

    kind: Kind
    position: int
    time_ms: int = 0
    # Salts, or an epoch: of what follows, or of the last commit before the closing.  Of an image, 1
    # if it is complete.
    a: int = 0
    b: int = 0
    is_fresh: bool = False  # of the first: before it there was an empty database

    def pack(self) -> bytes:
        """Give it as it is stored."""
        return _RECORD.pack(self.kind, self.is_fresh, self.position, self.time_ms, self.a, self.b)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, and what it wrote: `frames` pages."""

    bookmark: Bookmark
    time_ms: int
    frames: int

    @property
    def position(self) -> int:
        """The position of its last frame."""
        return self.bookmark.position


@dataclass(frozen=True)
class Segment:
    """A segment as its index says it is."""

    index: Path
    records: tuple[Record, ...]

    @classmethod
    def read(cls, index: Path) -> Self:
        """Read an index, as far as it is whole.

        Raises:
            DamagedError: not even its beginning is.

        """
        records = tuple(_records(index.read_bytes()))
        if not _is_beginning(records):
            raise DamagedError(f"{index} is damaged")
        return cls(index, records)

    @classmethod
    def ends(cls, index: Path) -> Self | None:
        """Read the first record of an index and the last; None if they are not whole."""
        with index.open("rb", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size == 0 or size % _RECORD.size:
                return None
            file.seek(0)
            first = _record(_RECORD.unpack(file.read(_RECORD.size)))
            file.seek(size - _RECORD.size)
            last = _record(_RECORD.unpack(file.read(_RECORD.size)))
        return None if first is None or last is None else cls(index, (first, last))

    @staticmethod
    def has_begun(index: Path) -> bool:
        """Whether an index says what it is: a power loss may have left a name without content."""
        with index.open("rb", buffering=0) as file:
            data = file.read(_BEGINNING * _RECORD.size)
        return _is_beginning(tuple(_records(data)))

    @property
    def frames(self) -> Path:
        """The file with its frames."""
        return self.index.with_suffix(".frames")

    @property
    def start(self) -> int:
        """The position before its first frame."""
        return self.records[0].position

    @property
    def salts(self) -> Salts:
        """The salts of its generation; of an image they mean nothing."""
        return self.records[0].a, self.records[0].b

    @property
    def is_image(self) -> bool:
        """Whether it was not copied from a log."""
        return self.records[0].kind is Kind.IMAGE

    @property
    def is_complete(self) -> bool:
        """Whether it is an image of all pages, so that nothing has to be known of before."""
        return self.is_image and self.records[0].a == 1

    @property
    def is_fresh(self) -> bool:
        """Whether the history of its object begins with it, at an empty database."""
        return self.records[0].is_fresh

    @property
    def is_closed(self) -> bool:
        """Whether nobody has written since it was last brought up to date."""
        return self.is_image or self.records[-1].kind is Kind.CLOSED

    @property
    def copied(self) -> int:
        """How many whole frames it has."""
        try:
            return self.frames.stat().st_size // FRAME
        except FileNotFoundError:
            return 0

    @property
    def end(self) -> int:
        """The position of its last frame."""
        return self.start + self.copied

    @property
    def is_whole(self) -> bool:
        """Whether it has the frames of every commit that is recorded."""
        return self.end >= max(each.position for each in self.records)

    @property
    def last_ms(self) -> int:
        """When the last commit was made that is recorded."""
        return self.records[-1].time_ms

    @property
    def begins_ms(self) -> int:
        """When its first commit was made."""
        return self.records[0].time_ms

    @property
    def epoch(self) -> int:
        """The epoch at its end."""
        return self._epochs[-1].a if self._epochs else self.records[-1].a

    @property
    def _hidden(self) -> int:
        hidden = (each.position for each in self.records if each.kind is Kind.HIDDEN)
        return next(hidden, self.start)

    @cached_property
    def _epochs(self) -> list[Record]:
        return [each for each in self.records if each.kind is Kind.EPOCH]

    def _epoch_at(self, position: int) -> int:
        # An epoch begins behind its position.
        return self._epochs[bisect_left(self._epochs, position, key=_position) - 1].a

    def last(self) -> Bookmark | None:
        """Give the bookmark of its last commit: its last frame, since whole commits are copied."""
        count = self.copied
        if self.end <= self._hidden:
            return None
        with self.frames.open("rb", buffering=0) as file:
            file.seek((count - 1) * FRAME)
            _, size, mark = next(headers(file))
        return Bookmark(self._epoch_at(self.end), self.end, size, mark.hex()) if size else None

    def commits(self) -> Iterator[Commit]:
        """Yield what it holds, in order."""
        times = [each for each in self.records if each.kind is Kind.COMMIT]
        position, before = self.start, self._hidden
        if not self.frames.exists():
            return
        with self.frames.open("rb", buffering=0) as file:
            for _, size, mark in islice(headers(file), self.copied):
                position += 1
                if size and position > before:
                    timed = bisect_right(times, position, key=_position) - 1
                    time_ms = times[timed].time_ms if timed >= 0 else self.begins_ms
                    name = Bookmark(self._epoch_at(position), position, size, mark.hex())
                    yield Commit(name, time_ms, position - before)
                    before = position


def _position(record: Record) -> int:
    return record.position


_KINDS = {each.value: each for each in Kind}


def _records(data: bytes) -> Iterator[Record]:
    for stored in _RECORD.iter_unpack(data[: len(data) - len(data) % _RECORD.size]):
        record = _record(stored)
        if record is None:
            return
        yield record


def _is_beginning(records: tuple[Record, ...]) -> bool:
    return (
        len(records) >= _BEGINNING
        and records[0].kind in (Kind.GENERATION, Kind.IMAGE)
        and records[1].kind is Kind.EPOCH
        and records[0].position == records[1].position
    )


def _record(stored: tuple[Any, ...]) -> Record | None:
    kind, fresh, position, time_ms, a, b = stored
    known = _KINDS.get(kind)
    return None if known is None else Record(known, position, time_ms, a, b, bool(fresh))

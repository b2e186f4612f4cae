"""Follows the commits of one open database, so that its history has every one of them.

The write-ahead log is a log of commits already, so a commit costs nothing here but noting its time,
once in each millisecond.  The frames are copied into the history before SQLite may overwrite them:
pydo does the checkpoints, and copies first.

    commit       what it wrote is in the write-ahead log; its time goes into the index
    archive      the frames are copied; before a checkpoint, on closing, and when somebody asks
    attach       at the first write after opening: what a crash has left behind is copied
    attach_new   the same for a new file, of which there is nothing to be copied

What is found in the write-ahead log on attaching was committed, whether its time was noted or not:
it has the time at which the log was last written to.  If the database does not continue what the
history has last (another program has written to it, it was imported, or is older than its history),
the difference becomes a commit of its own.

A history that cannot be written stops being written, and never stops the object: it is made good
when the database is opened the next time.
"""

from __future__ import annotations

import errno
import logging
import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import apsw

from pydo.runtime.history.log import History
from pydo.runtime.history.segment import DamagedError, Kind, Record, Segment
from pydo.runtime.history.wal import (
    FRAME,
    copy_frames,
    empty_database,
    frames_in,
    salts_of,
    write_back,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO
    from pathlib import Path

    from pydo.runtime.history.log import Retention
    from pydo.runtime.history.wal import Salts

__all__ = ["CHECKPOINT", "Recorder", "Recording"]

logger = logging.getLogger("pydo.runtime")

CHECKPOINT = 1000  # frames in the log before it is written back, as SQLite's own
_U32 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Recording:
    """How histories are kept: by which clock, how much, and when the log is written back."""

    now_ms: Callable[[], int]
    retention: Retention
    checkpoint: int = CHECKPOINT
    told: set[Path] = field(default_factory=set["Path"])  # whose history was cut


class Recorder:
    """Writes the history of one database while it is open."""

    def __init__(self, database: Path, recording: Recording) -> None:
        self.history = History(database, recording.retention)
        self._recording = recording
        self._database = database
        self._wal = database.with_name(f"{database.name}-wal")
        self._connection: apsw.Connection | None = None
        self._segment: Segment | None = None  # of the generation that is being written
        self._index: FileIO | None = None
        self._frames = 0  # in the generation, up to the last commit
        self._copied = 0  # of them in the segment
        self._end = 0  # the position of the last commit
        self._epoch = 1
        self._last_ms = 0
        self._is_closed = True  # as the index has it
        self._error: Exception | None = None  # why it is not written
        self._may_restart = False  # whether the next commit may begin a generation
        self._checkpoint_at = recording.checkpoint

    # -- beginning

    def attach(self, connection: apsw.Connection) -> None:
        """Bring the history up to what the database holds, and follow it from here."""
        if self._connection is not None:
            return
        self._connection, self._error = connection, None
        try:
            self._frames = frames_in(connection)
            salts = salts_of(self._wal) if self._frames else None
            if not self._goes_on(salts):
                self.history.finish()
                self._catch_up(connection, salts)
                self._prune()
        except (OSError, apsw.Error) as error:
            self._give_up(error)
        else:
            connection.set_wal_hook(self._committed)

    def attach_new(self, connection: apsw.Connection) -> None:
        """Follow a database that was made just now, from its first commit on."""
        if self.history.exists:  # of a file that is no longer there; or but an order is in it
            self.attach(connection)
            return
        self._connection, self._error = connection, None
        connection.set_wal_hook(self._committed)

    def bring_up_to_date(self, connection: apsw.Connection) -> None:
        """Let the history have every commit that there is.

        Raises:
            OSError: it cannot be written.

        """
        if self._error is not None:
            self._connection = None  # once more
        self.attach(connection)
        self.archive()
        if isinstance(self._error, DamagedError):
            raise self._error
        if self._error is not None:
            raise OSError(str(self._error))

    def mend(self) -> None:
        """Let a history of which a part is lost go on, when it is next brought up to date.

        Raises:
            OSError: it cannot be read or written.

        """
        if not self.history.is_whole:
            self._leave()
            self.history.finish()
            self._connection = None

    def _goes_on(self, salts: Salts | None) -> bool:
        """Go on where the history was closed, if nothing has happened since."""
        resting = self.history.resting()
        if resting is None or resting.salts != salts or resting.copied != self._frames:
            return False
        self._epoch, self._last_ms = resting.epoch, resting.last_ms
        self._open(resting, self._frames, is_closed=True)
        return True

    def _prune(self) -> None:
        database, recording = self._database, self._recording
        if self.history.prune(recording.now_ms()) and database not in recording.told:
            recording.told.add(database)
            logger.warning(
                "the history of %s is larger than %d MB: its oldest part is let go of"
                " (history-size-mb in [tool.pydo] allows for more)",
                database,
                recording.retention.most_bytes // 1024**2,
            )

    def _catch_up(self, connection: apsw.Connection, salts: Salts | None) -> None:
        last, lost = self.history.latest(), self.history.lost()
        if last is None:
            is_empty = not self._frames and self._database.read_bytes() == empty_database()
            if lost is not None or self.history.base.exists() or not is_empty:
                self._add_image(connection)
            return
        self._end, self._epoch, self._last_ms = last.end, last.epoch, last.last_ms
        if salts is None or last.is_image or lost is not None:
            self._add_image(connection)
        elif salts == last.salts:
            self._resume(last)
        elif salts[0] == (last.salts[0] + 1) & _U32 and last.is_whole:
            self._begin(salts, self._found_ms(self._wal))
            self._copy_found()
        else:
            self._add_image(connection)

    def _resume(self, last: Segment) -> None:
        copied = last.copied
        if not last.is_closed or copied > self._frames:
            # A power loss may have left anything in what was not synchronised.
            copied = 0
        if last.frames.exists():
            os.truncate(last.frames, copied * FRAME)
        kept = [each for each in last.records if each.position <= last.start + self._frames]
        if len(kept) < len(last.records):
            logger.warning(
                "%s has lost its last commits, as after a power loss: the latest that it has is of"
                " %s",
                self._database,
                _time_text(kept[-1].time_ms),
            )
        records = b"".join(each.pack() for each in kept)
        if len(records) < last.index.stat().st_size:
            draft = last.index.with_suffix(".new")
            draft.write_bytes(records)
            draft.replace(last.index)
        self._last_ms = kept[-1].time_ms
        self._open(Segment(last.index, tuple(kept)), copied, is_closed=last.is_closed)
        if copied < self._frames:
            self._copy_found()

    def _copy_found(self) -> None:
        """Copy what was committed while nobody followed, or noted no more."""
        self._end = self._require().start + self._frames
        self._copy()
        segment = Segment.read(self._require().index)
        commits = list(segment.commits())
        noted = [each.position for each in segment.records if each.kind is Kind.COMMIT]
        if not noted:  # the first is, by the record that begins the segment
            noted = [each.position for each in commits[:1]]
        first = next((each for each in commits if each.position > max(noted)), None)
        if first is not None:
            self._last_ms = self._found_ms(self._wal)
            self._write(Record(Kind.COMMIT, first.position, self._last_ms))
            self._is_closed = False

    def _add_image(self, connection: apsw.Connection) -> None:
        # The log is emptied, so that the file is the database, and what follows another generation.
        found_ms = self._found_ms(self._wal if self._frames else self._database)
        frames = 0
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.LockedError:  # rows are being read: the log stays
            write_back(connection)
            frames = self._frames
        self._leave()
        if self.history.add_image(found_ms):
            self._last_ms = found_ms
        last = self.history.latest()
        assert last is not None, "there is an image at least"
        self._end, self._epoch, self._frames = last.end, last.epoch, 0
        if frames:
            self._go_on_behind(frames)

    def _go_on_behind(self, frames: int) -> None:
        """Follow a generation from its middle on: what is before is in the image, and no commit."""
        salts = salts_of(self._wal)
        assert salts is not None, "it has frames"
        self._begin(salts, self._last_ms, frames)
        # All of it is written back, so the next commit may begin another.
        self._frames, self._may_restart = frames, True
        self._end = self._require().start + frames
        self._copy()

    def _found_ms(self, file: Path) -> int:
        written_ms = int(file.stat().st_mtime * 1000)
        return max(self._last_ms, min(written_ms, self._recording.now_ms()))

    # -- commits

    def _committed(self, connection: apsw.Connection, _: str, frames: int) -> int:
        try:
            if self._segment is None or self._may_restart or frames <= self._frames:
                self._look_for_generation()
            self._frames = frames
            self._end = self._require().start + frames
            now_ms = self._recording.now_ms()
            if now_ms > self._last_ms or self._is_closed:
                self._last_ms = max(now_ms, self._last_ms)
                self._write(Record(Kind.COMMIT, self._end, self._last_ms))
                self._is_closed = False
            if frames >= self._checkpoint_at:
                self._checkpoint(connection)
        except OSError as error:
            self._give_up(error)
        return apsw.SQLITE_OK

    def _look_for_generation(self) -> None:
        salts = salts_of(self._wal)
        if salts is None:
            raise OSError("its pages have another size than 4096 bytes")
        segment = self._segment
        if segment is not None:
            if segment.salts == salts:
                return
            if self._copied < self._frames:
                raise OSError("another program has changed it")
            self._leave()
        self._prune()
        if segment is not None and not segment.index.exists():
            raise DamagedError("a part of it is lost")  # which it was set aside with
        self._begin(salts, max(self._recording.now_ms(), self._last_ms))
        self._checkpoint_at, self._may_restart = self._recording.checkpoint, False

    def _begin(self, salts: Salts, begins_ms: int, hidden: int = 0) -> None:
        segment = self.history.begin(self._end, begins_ms, salts, self._epoch, hidden)
        segment.frames.unlink(missing_ok=True)
        self._open(segment, 0, is_closed=False)
        self._last_ms = begins_ms

    def _open(self, segment: Segment, copied: int, *, is_closed: bool) -> None:
        self._segment, self._copied = segment, copied
        self._end = segment.start + copied
        self._index = segment.index.open("ab", buffering=0)
        self._is_closed = is_closed

    def _write(self, record: Record) -> None:
        assert self._index is not None, "a segment is open"
        data = record.pack()
        if self._index.write(data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _require(self) -> Segment:
        assert self._segment is not None, "a generation has begun"
        return self._segment

    def _checkpoint(self, connection: apsw.Connection) -> None:
        self._copy(syncs=True)
        with suppress(apsw.Error):  # as SQLite's own: a later commit tries again
            total, done = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._may_restart = total == done
        self._checkpoint_at = self._frames + self._recording.checkpoint

    # -- archiving

    def archive(self) -> None:
        """Copy what is not in the history yet.

        Raises:
            OSError: it cannot be written, or another program has changed the database.

        """
        if self._segment is not None and self._copied < self._frames:
            self._copy()

    def _copy(self, *, syncs: bool = False) -> None:
        segment = self._require()
        if salts_of(self._wal) != segment.salts:
            raise OSError("another program has changed it")
        with segment.frames.open("ab") as target:
            copy_frames(self._wal, self._copied, self._frames - self._copied, target)
            target.flush()
            if syncs:
                os.fsync(target.fileno())
        self._copied = self._frames
        if syncs:
            assert self._index is not None, "a segment is open"
            os.fsync(self._index.fileno())

    def begin_epoch(self, epoch: int) -> None:
        """Let the commits that follow be of an epoch.

        Raises:
            OSError: it cannot be noted.

        """
        if self._epoch < epoch:
            last = self.history.latest()
            if last is not None:
                with last.index.open("ab", buffering=0) as index:
                    index.write(Record(Kind.EPOCH, self._end, self._last_ms, epoch).pack())
                    os.fsync(index.fileno())
            self._epoch = epoch
            self._is_closed = False

    def note(self, connection: apsw.Connection) -> None:
        """Note a commit of which SQLite does not tell."""
        self._committed(connection, "main", frames_in(connection))

    def close(self) -> None:
        """Copy what is not in the history yet, and follow the database no longer."""
        if self._connection is None:
            return
        self._connection.set_wal_hook(None)
        try:
            self.archive()
            if self._segment is not None and not self._is_closed:
                self._write(Record(Kind.CLOSED, self._end, self._last_ms, self._epoch))
        except OSError as error:
            self._give_up(error)
        self._leave()
        self._connection = None
        self._last_ms = 0

    def _leave(self) -> None:
        self._segment = None
        self._copied = self._frames = 0
        self._is_closed = True
        if self._index is not None:
            self._index.close()
            self._index = None

    def _give_up(self, error: Exception) -> None:
        self._error = error
        logger.warning(
            "%s: the history of this object is not written for now: %s", self._database, error
        )
        self._leave()
        assert self._connection is not None, "it is followed"
        self._connection.set_wal_hook(None)
        self._connection.wal_autocheckpoint(self._recording.checkpoint)


def _time_text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(" ", "milliseconds")

"""The history of one database: its segments in order, and what they can be asked.

    <database>.history/
      base                         the database as it was before the first segment
      <position>.frames, .index    segments
      <position>.expired           the index of a segment that is becoming part of the base
      <position>.damaged           what was set aside (`damage.py`)
      restore                      what the next session is to restore (`restore.py`)

What is older than is kept is written into the base, which so follows the database at a distance.
That can be done twice: a crash in the middle is made good the next time.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from typing import TYPE_CHECKING, Self

from pydo.platform import atomic_write
from pydo.runtime.history.bookmark import NOTHING, Bookmark
from pydo.runtime.history.damage import lost_in, not_led_to, set_aside
from pydo.runtime.history.pages import Pages
from pydo.runtime.history.segment import DamagedError, Kind, Record, Segment
from pydo.runtime.history.wal import FRAME, FRAME_HEADER, PAGE, empty_database, headers, pack_header

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydo.runtime.history.damage import Lost
    from pydo.runtime.history.segment import Commit

__all__ = ["History", "Retention"]


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of a history is kept: what is younger, as long as its size allows it."""

    age_ms: int = 30 * 24 * 3600 * 1000
    most_bytes: int = 256 * 1024**2

    @classmethod
    def of(cls, days: int, megabytes: int) -> Self | None:
        """Give what is kept for so many days; None for none."""
        return cls(days * 24 * 3600 * 1000, megabytes * 1024**2) if days else None


class History:
    """The history of the database at a path; nothing is made before something is added."""

    def __init__(self, database: Path, retention: Retention) -> None:
        self.database = database
        self.directory = database.with_name(f"{database.stem}.history")
        self.retention = retention

    @property
    def base(self) -> Path:
        """The database as it was before the first segment, if there is such a file."""
        return self.directory / "base"

    @property
    def order(self) -> Path:
        """The file that says what the next session is to restore."""
        return self.directory / "restore"

    # -- what there is

    @property
    def exists(self) -> bool:
        """Whether anything was ever added."""
        return self.directory.exists()

    def segments(self) -> list[Segment]:
        """Give all segments in order."""
        return [Segment.read(each) for each in self._indexes()]

    def latest(self) -> Segment | None:
        """Give the last segment."""
        indexes = self._indexes()
        return Segment.read(indexes[-1]) if indexes else None

    def resting(self) -> Segment | None:
        """Give the last segment, with its first record and its last, if all is as it should be.

        That is: it was closed, and nothing has to be finished.  It is found without reading more.
        """
        try:
            names = os.listdir(self.directory)  # noqa: PTH208 - each time an object wakes
        except OSError:
            return None
        indexes = [each for each in names if each.endswith(".index")]
        if not indexes or any(each.endswith(".expired") for each in names):
            return None
        ends = Segment.ends(self.directory / max(indexes))
        return ends if ends is not None and ends.records[-1].kind is Kind.CLOSED else None

    def _indexes(self) -> list[Path]:
        try:
            found = sorted(each for each in self.directory.iterdir() if each.suffix == ".index")
        except FileNotFoundError:
            return []
        return found if not found or Segment.has_begun(found[-1]) else found[:-1]

    def commits(self) -> list[Commit]:
        """Give all commits in order."""
        return [commit for each in self.segments() for commit in each.commits()]

    def begins_with_nothing(self) -> bool:
        """Tell whether it goes back to before the first commit."""
        indexes = self._indexes()
        return not indexes or Segment.read(indexes[0]).is_fresh

    # -- bookmarks

    def current(self) -> Bookmark:
        """Give the bookmark of the last commit."""
        for index in reversed(self._indexes()):
            last = Segment.read(index).last()
            if last is not None:
                return last
        return NOTHING

    @property
    def epoch(self) -> int:
        """The epoch of today."""
        last = self.latest()
        return 1 if last is None else last.epoch

    def at(self, time_ms: int) -> Bookmark | None:
        """Give the bookmark of the state that there was at a time; None if it is not kept."""
        found = self._last(lambda s: s.begins_ms <= time_ms, lambda c: c.time_ms <= time_ms)
        is_known = found is None or found.time_ms == time_ms or not self._is_cut_off(found)
        return self._found(found) if is_known else None

    def find(self, wanted: Bookmark) -> Bookmark | None:
        """Give the commit that a bookmark means, or `NOTHING`; None if there is no such commit."""
        if wanted.is_end:
            last = self._last(lambda _: True, lambda c: c.bookmark <= wanted)
            return None if last is not None and self._is_cut_off(last) else self._found(last)
        if wanted == NOTHING:
            return self._found(None)
        at = wanted.position
        found = self._last(lambda s: s.start < at, lambda c: c.position <= at)
        return wanted if found is not None and found.bookmark == wanted else None

    def following(self, bookmark: Bookmark) -> Commit | None:
        """Give the commit that came after one, if any did."""
        indexes = self._indexes()
        for index, behind in zip_longest(indexes, indexes[1:]):
            if behind is None or int(behind.stem, 16) > bookmark.position:
                commits = Segment.read(index).commits()
                found = next((each for each in commits if each.bookmark > bookmark), None)
                if found is not None:
                    return found
        return None

    def _is_cut_off(self, commit: Commit) -> bool:
        """Whether what came after a commit is lost."""
        following = self.following(commit.bookmark)
        if following is None:
            return False
        index = self.directory / f"{following.position - following.frames:08x}.index"
        return index.exists() and Segment.read(index).is_complete

    def _found(self, commit: Commit | None) -> Bookmark | None:
        if commit is not None:
            return commit.bookmark
        return NOTHING if self.begins_with_nothing() else None

    def _last(
        self, may_hold: Callable[[Segment], bool], holds: Callable[[Commit], bool]
    ) -> Commit | None:
        for index in reversed(self._indexes()):
            segment = Segment.read(index)
            if may_hold(segment):
                found = deque(takewhile(holds, segment.commits()), maxlen=1)
                if found:
                    return found[0]
        return None

    def pages_at(self, bookmark: Bookmark) -> Pages:
        """Give the state of the database at a commit that is there.

        Raises:
            DamagedError: a part of what leads to it is missing.

        """
        has_base = self.base.exists()
        pages = Pages.of_file(self.base) if has_base else Pages.of_bytes(empty_database())
        end = None if has_base else 0
        for segment in self.segments():
            if segment.start >= bookmark.position:
                break
            if segment.is_complete:
                pages = Pages()
            elif end not in (None, segment.start):
                raise DamagedError(f"{self.directory} lacks what was before {segment.index.name}")
            end = segment.end
            pages.add(segment, bookmark.position)
        return pages

    # -- what is added

    def begin(
        self, position: int, time_ms: int, salts: tuple[int, int], epoch: int, hidden: int = 0
    ) -> Segment:
        """Begin the segment of a generation, without frames yet.

        Its first frames, `hidden` of them, were committed before, and are in the image before it.
        """
        first = Record(Kind.GENERATION, position, time_ms, *salts, is_fresh=position == 0)
        records = [first, Record(Kind.EPOCH, position, time_ms, epoch)]
        if hidden:
            records.append(Record(Kind.HIDDEN, position + hidden, time_ms))
        index = self.directory / f"{position:08x}.index"
        self.directory.mkdir(exist_ok=True)
        draft = index.with_suffix(".new")
        draft.write_bytes(b"".join(each.pack() for each in records))
        draft.replace(index)
        return Segment(index, tuple(records))

    def add_image(self, time_ms: int) -> bool:
        """Add what the database, all of it in its file, has now and the history has not.

        Tells whether there was a difference.  It is all of it if a part of the history is lost.
        """
        last, lost = self.latest(), self.lost()
        position, epoch = (last.end, last.epoch) if last is not None else (0, 1)
        now, known, is_fresh = Pages.of_file(self.database), None, False
        if lost is not None:  # bookmarks go on in the order of time
            position, epoch = max(position, lost.position), max(epoch, lost.epoch) + 1
        elif last is not None:
            known = self.pages_at(Bookmark(epoch, position, 0, ""))
            is_fresh = last.is_fresh and position == last.start
        changed = [
            number
            for number in range(1, now.count + 1)
            if known is None or now.read(number) != known.read(number)
        ]
        if not changed:  # the first page says how many there are
            return False
        self.directory.mkdir(exist_ok=True)
        frames = self.directory / f"{position:08x}.frames"
        try:
            with frames.open("wb") as file:
                for number in changed:
                    size = now.count if number == changed[-1] else 0
                    file.write(pack_header(number, size, os.urandom(16)))
                    file.write(now.read(number))
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            frames.unlink(missing_ok=True)  # a full disk is not to stay full of it
            raise
        first = Record(Kind.IMAGE, position, time_ms, int(known is None), is_fresh=is_fresh)
        of_epoch = Record(Kind.EPOCH, position, time_ms, epoch)
        at = Record(Kind.COMMIT, position + len(changed), time_ms)
        index = frames.with_suffix(".index")
        atomic_write(index, first.pack() + of_epoch.pack() + at.pack())
        return True

    # -- what goes

    def prune(self, now_ms: int) -> bool:
        """Let go of what is older than is kept, and of the oldest if there is too much.

        Tells whether there was too much.  Nothing goes while a restore is to be done.
        """
        if not self.exists:
            return False
        self.finish()
        if self.order.exists():
            return False
        indexes = self._indexes()
        sizes = [_size(each.with_suffix(".frames")) for each in indexes]
        too_many = sum(sizes) - self.retention.most_bytes
        was_cut = False
        for index, following, size in zip(indexes, indexes[1:], sizes, strict=False):
            ends = Segment.ends(following)
            if ends is None or ends.begins_ms >= now_ms - self.retention.age_ms:
                if too_many <= 0:
                    break
                was_cut = True
            too_many -= size
            index.rename(index.with_suffix(".expired"))
            self._finish_expired()
        return was_cut

    def finish(self) -> None:
        """Do what a crash or the disk did not let be done, and set aside what nothing leads to.

        What was to go into the base goes there; an index without content goes before others come.
        """
        self._finish_expired()
        set_aside(self._not_led_to())

    @property
    def is_whole(self) -> bool:
        """Whether all that is there can be returned to."""
        return not self._not_led_to()

    def lost(self) -> Lost | None:
        """Give what was set aside, unless the history has gone on behind it."""
        lost, last = lost_in(self.directory), self.latest()
        return lost if lost is not None and (last is None or last.start < lost.begins) else None

    def _not_led_to(self) -> list[Path]:
        indexes = sorted(self.directory.glob("*.index"))
        return not_led_to(indexes, has_base=self.base.exists())

    def _finish_expired(self) -> None:
        for expired in sorted(self.directory.glob("*.expired")):
            frames = expired.with_suffix(".frames")
            if frames.exists():
                self._write_into_base(frames)
                frames.unlink()
            expired.unlink()

    def _write_into_base(self, frames: Path) -> None:
        if not self.base.exists():
            atomic_write(self.base, empty_database())
        with frames.open("rb", buffering=0) as source, self.base.open("r+b") as base:
            for number, (page, size, _) in enumerate(headers(source)):
                source.seek(number * FRAME + FRAME_HEADER)
                base.seek((page - 1) * PAGE)
                base.write(source.read(PAGE))
                if size:
                    base.truncate(size * PAGE)
            base.flush()
            os.fsync(base.fileno())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0

"""The history of a database: what is in it after crashes, other programs and a long time."""

from __future__ import annotations

import errno
import io
import logging
import os
import shutil
from typing import TYPE_CHECKING

import apsw
import pytest

from pydo.errors import JsException
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.database import Database
from pydo.runtime.history.bookmark import NOTHING, Bookmark
from pydo.runtime.history.log import History, Retention
from pydo.runtime.history.recorder import Recording
from pydo.runtime.history.segment import Kind, Record, Segment
from pydo.runtime.history.wal import FRAME, copy_frames, empty_database, salts_of
from pydo.runtime.timetravel import TimeTravel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_MS = 1_700_000_000_000
DAY_MS = 24 * 3600 * 1000


class Recorded:
    """A database with a history, and a clock that goes on by a millisecond with each commit."""

    def __init__(
        self, directory: Path, retention: Retention | None = None, now_ms: int = 0
    ) -> None:
        self.directory = directory
        self.retention = retention or Retention()
        self.now_ms = now_ms or START_MS
        recording = Recording(lambda: self.now_ms, self.retention, checkpoint=8)
        self.database = Database(directory, OpenDatabases(4), lambda: None, recording)
        self.travel = TimeTravel(self.database, lambda: self.now_ms)

    @property
    def history(self) -> History:
        return History(self.database.path, self.retention)

    def write(self, *numbers: int) -> None:
        """Commit each number by itself."""
        for number in numbers:
            self.now_ms += 1
            connection = self.database.writing()
            connection.execute("CREATE TABLE IF NOT EXISTS t (n)")
            connection.execute("INSERT INTO t VALUES (?)", (number,))
            self.database.end_turn()
            self.database.commit()

    def run(self, text: str) -> None:
        """Commit what statements do."""
        self.now_ms += 1
        self.database.writing().execute(text).fetchall()
        self.database.end_turn()
        self.database.commit()

    def read(self) -> list[int]:
        connection = self.database.reading()
        if connection is None or not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            return []
        return [int(str(n)) for (n,) in connection.execute("SELECT n FROM t ORDER BY n")]

    def times(self) -> list[int]:
        """Give when each commit was made, in milliseconds since the start."""
        self.travel.current()
        return [each.time_ms - START_MS for each in self.history.commits()]

    def return_to(self, bookmark: str) -> list[int]:
        self.travel.order(bookmark)
        assert self.travel.carry_out(lambda _: None, lambda _: None)
        return self.read()

    def after_a_crash(self) -> Recorded:
        """Give another, of the files as they are now."""
        copy = self.directory.with_name(f"{self.directory.name}x")
        shutil.copytree(self.directory, copy)
        self.database.close()
        return Recorded(copy, self.retention, self.now_ms)

    def elsewhere(self, text: str) -> None:
        """Let another program run something; the log is written back as it ends."""
        connection = apsw.Connection(str(self.database.path))
        connection.execute(text).fetchall()
        connection.close()
        os.utime(self.database.path, (self.now_ms / 1000, self.now_ms / 1000))

    def last_index(self) -> Path:
        return max(self.history.directory.glob("*.index"))


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    recorded = Recorded(tmp_path / "object")
    yield recorded
    recorded.database.close()


# -- commits


def test_every_commit_is_there_over_many_generations_of_the_log(recorded: Recorded) -> None:
    recorded.write(*range(50))

    assert len(recorded.history.segments()) > 3
    assert recorded.times() == list(range(1, 51))
    for count in (1, 8, 33):
        bookmark = recorded.travel.at(START_MS + count)
        assert recorded.return_to(bookmark) == list(range(count))
        recorded.return_to(str(recorded.history.commits()[49].bookmark))


def test_the_first_commit_is_there_whichever_way_it_was_made(tmp_path: Path) -> None:
    plain, explicit, empty = (Recorded(tmp_path / name) for name in ("plain", "explicit", "empty"))

    plain.write(1)
    level = explicit.database.begin_explicit()
    explicit.database.writing().execute("CREATE TABLE t (n)")
    explicit.now_ms += 1
    explicit.database.keep(level)
    empty.database.writing()
    empty.database.end_turn()
    empty.database.commit()
    assert empty.times() == []
    empty.write(1)

    for recorded in (plain, explicit, empty):
        assert recorded.times() == [1]
        assert recorded.history.begins_with_nothing()
        recorded.database.close()


def test_a_bookmark_of_the_first_turn_is_of_nothing(recorded: Recorded) -> None:
    recorded.database.writing().execute("CREATE TABLE t (n)")

    assert recorded.travel.at(START_MS) == str(NOTHING)
    assert recorded.travel.current() == str(NOTHING)

    recorded.write(1)
    assert recorded.times() == [1]


def test_a_file_that_was_taken_away_is_a_commit_of_its_history(recorded: Recorded) -> None:
    recorded.write(1, 2)
    recorded.database.close()
    recorded.database.path.unlink()
    recorded.database.path.with_name("db.sqlite-wal").unlink()
    recorded.database.path.with_name("db.sqlite-shm").unlink()
    after = Recorded(recorded.directory, now_ms=recorded.now_ms)

    after.write(3)

    assert after.return_to(after.travel.at(START_MS + 2)) == [1, 2]
    after.database.close()


@pytest.mark.parametrize("left", [0, 10])
def test_an_index_whose_content_a_power_loss_took_ends_nothing(
    recorded: Recorded, left: int
) -> None:
    recorded.write(1)
    crashed = recorded.after_a_crash()
    os.truncate(crashed.last_index(), left)

    crashed.write(2)

    assert crashed.read() == [1, 2]
    assert crashed.return_to(str(crashed.history.commits()[0].bookmark)) == [1]
    crashed.database.close()


def test_commits_of_the_same_millisecond_have_its_time(recorded: Recorded) -> None:
    recorded.write(1)
    for _ in range(3):
        recorded.now_ms -= 1
        recorded.write(2)

    assert recorded.times() == [1, 1, 1, 1]


def test_a_clock_that_is_set_back_makes_no_disorder(recorded: Recorded) -> None:
    recorded.write(1)
    recorded.now_ms -= 5000
    recorded.write(2)
    recorded.database.close()
    recorded.write(3)

    assert recorded.times() == [1, 1, 1]


def test_what_is_taken_back_is_not_in_it(recorded: Recorded) -> None:
    recorded.write(1)
    recorded.database.writing().execute("INSERT INTO t VALUES (2)")
    recorded.database.rollback_turn()
    recorded.database.commit()

    assert len(recorded.times()) == 1


# -- crashes


def test_a_commit_whose_time_was_not_noted_has_that_of_the_log(recorded: Recorded) -> None:
    recorded.write(1, 2, 3)
    crashed = recorded.after_a_crash()
    index = crashed.last_index()
    os.truncate(index, index.stat().st_size - 24)
    wal = crashed.database.path.with_name("db.sqlite-wal")
    os.utime(wal, (START_MS / 1000 + 0.5, START_MS / 1000 + 0.5))
    crashed.now_ms += 1000

    crashed.write(4)

    assert crashed.times() == [1, 2, 500, 1004]
    assert crashed.return_to(crashed.travel.at(START_MS + 500)) == [1, 2, 3]
    crashed.database.close()


def test_frames_that_a_crash_left_half_copied_are_copied_again(recorded: Recorded) -> None:
    recorded.write(1, 2)
    recorded.travel.current()
    recorded.write(3)
    crashed = recorded.after_a_crash()
    with crashed.last_index().with_suffix(".frames").open("ab") as frames:
        frames.write(b"\xff" * 5000)

    assert crashed.times() == [1, 2, 3]
    assert crashed.return_to(crashed.travel.at(START_MS + 2)) == [1, 2]
    crashed.database.close()


def test_a_commit_that_the_log_lost_is_not_claimed(recorded: Recorded) -> None:
    recorded.write(1)
    crashed = recorded.after_a_crash()
    with crashed.last_index().open("ab") as index:
        index.write(Record(Kind.COMMIT, 7, START_MS + 2).pack() + b"part of a record")

    crashed.write(3)

    assert crashed.times() == [1, 2]
    assert crashed.read() == [1, 3]
    crashed.database.close()


def test_a_closed_history_that_is_longer_than_the_log_is_made_anew(recorded: Recorded) -> None:
    recorded.write(1)
    recorded.database.close()
    frames = recorded.last_index().with_suffix(".frames")
    frames.write_bytes(frames.read_bytes() + bytes(2 * FRAME))

    recorded.write(2)

    assert recorded.times() == [1, 2]


def test_a_generation_whose_beginning_was_not_noted_goes_on(recorded: Recorded) -> None:
    recorded.write(*range(12))
    crashed = recorded.after_a_crash()
    assert crashed.history.segments()[-1].start >= 8
    crashed.last_index().unlink()

    crashed.write(12)

    assert len(crashed.times()) == 13
    assert crashed.return_to(crashed.travel.at(START_MS + 6)) == list(range(6))
    crashed.database.close()


def test_frames_that_are_missing_become_one_commit(recorded: Recorded) -> None:
    recorded.write(*range(12))
    crashed = recorded.after_a_crash()
    crashed.last_index().unlink()
    frames = crashed.last_index().with_suffix(".frames")
    os.truncate(frames, 3 * FRAME)

    crashed.write(12)

    commits = crashed.history.commits()
    assert crashed.return_to(str(commits[-1].bookmark)) == list(range(12))
    assert crashed.return_to(str(commits[0].bookmark)) == [0]
    crashed.database.close()


def test_what_is_unreadable_in_an_index_ends_it(tmp_path: Path) -> None:
    index = tmp_path / "00000000.index"
    first = Record(Kind.GENERATION, 0, START_MS, 1, 2, is_fresh=True).pack()
    epoch = Record(Kind.EPOCH, 0, START_MS, 1).pack()
    index.write_bytes(first + epoch + bytes(24) + first)

    segment = Segment.read(index)

    assert len(segment.records) == 2
    assert list(segment.commits()) == []


# -- other programs


def test_a_log_that_another_program_wrote_back_changes_nothing(recorded: Recorded) -> None:
    recorded.write(1, 2)
    recorded.database.close()
    recorded.elsewhere("SELECT * FROM t")

    recorded.write(3)

    assert recorded.times() == [1, 2, 3]
    assert recorded.return_to(recorded.travel.at(START_MS + 1)) == [1]


def test_what_another_program_wrote_is_a_commit(recorded: Recorded) -> None:
    recorded.write(1)
    recorded.database.close()
    recorded.now_ms += 5
    recorded.elsewhere("INSERT INTO t VALUES (2)")
    recorded.now_ms += 10

    recorded.write(3)

    assert recorded.times() == [1, 6, 17]
    assert recorded.return_to(recorded.travel.at(START_MS + 7)) == [1, 2]


def test_a_database_that_became_smaller_is_a_commit(recorded: Recorded) -> None:
    recorded.write(*range(6))
    rows = [(n,) for n in range(6, 5000)]
    recorded.database.writing().executemany("INSERT INTO t VALUES (?)", rows)
    recorded.write(5000)
    recorded.database.close()
    recorded.elsewhere("DELETE FROM t WHERE n > 5")
    recorded.elsewhere("VACUUM")
    bookmark = recorded.travel.current()
    recorded.write(6)

    assert recorded.return_to(bookmark) == list(range(6))


def test_a_database_from_before_its_history_cannot_be_nothing_again(recorded: Recorded) -> None:
    recorded.write(1)
    recorded.database.close()
    shutil.rmtree(recorded.history.directory)
    recorded.now_ms += 10
    recorded.elsewhere("SELECT 1 FROM t")
    recorded.now_ms += 10

    recorded.write(2)

    assert recorded.times() == [11, 22]
    assert recorded.return_to(recorded.travel.at(START_MS + 12)) == [1]
    with pytest.raises(JsException, match="before the history"):
        recorded.travel.at(START_MS + 5)
    with pytest.raises(JsException, match="older than the history"):
        recorded.travel.order(str(NOTHING))


def test_another_programs_checkpoint_in_the_middle_is_made_good(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.write(1)
    recorded.elsewhere("PRAGMA wal_checkpoint(TRUNCATE)")

    with caplog.at_level(logging.WARNING), pytest.raises(JsException, match="not available"):
        recorded.travel.current()
    recorded.write(2)
    bookmark = recorded.travel.current()
    recorded.write(3)

    assert "another program has changed it" in caplog.text
    assert recorded.return_to(bookmark) == [1, 2]


def test_a_generation_of_another_programs_is_made_good_on_closing_or_later(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.write(1)
    recorded.elsewhere("PRAGMA wal_checkpoint(TRUNCATE)")

    with caplog.at_level(logging.WARNING):
        recorded.write(2)
    recorded.database.close()
    bookmark = recorded.travel.current()

    assert "another program has changed it" in caplog.text
    assert recorded.return_to(bookmark) == [1, 2]


def test_closing_makes_do_with_a_history_that_is_gone(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.write(1)
    recorded.elsewhere("PRAGMA wal_checkpoint(TRUNCATE)")

    with caplog.at_level(logging.WARNING):
        recorded.database.close()

    assert "is not written for now" in caplog.text
    assert recorded.read() == [1]


def test_pages_of_another_size_are_not_recorded(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.directory.mkdir()
    other = apsw.Connection(str(recorded.database.path))
    other.execute("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; CREATE TABLE t (n)").fetchall()
    other.close()

    with caplog.at_level(logging.WARNING):
        recorded.write(1)

    assert "another size than 4096 bytes" in caplog.text
    assert recorded.read() == [1]


# -- a long time


def test_what_is_too_old_goes_into_the_base(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "object", Retention(age_ms=DAY_MS))
    recorded.write(*range(30))
    recorded.now_ms += 2 * DAY_MS
    recorded.write(*range(30, 60))
    late = recorded.travel.at(recorded.now_ms - 10)

    assert recorded.history.base.exists()
    assert recorded.history.segments()[0].start > 0
    assert recorded.return_to(late) == list(range(50))
    with pytest.raises(JsException, match="older than the history"):
        recorded.travel.order(str(Bookmark(1, 1, 2, "0" * 32)))
    recorded.database.close()


def test_a_crash_while_the_base_is_written_does_no_harm(recorded: Recorded) -> None:
    recorded.write(*range(30))
    recorded.travel.current()
    recorded.database.close()
    indexes = sorted(recorded.history.directory.glob("*.index"))
    first, second = indexes[:2]
    recorded.history.base.write_bytes(empty_database() + b"half of a page")
    first.rename(first.with_suffix(".expired"))
    third = second.with_name("unfinished.expired")
    third.touch()  # its frames are in the base already

    recorded.write(30)

    assert not list(recorded.history.directory.glob("*.expired"))
    assert recorded.return_to(recorded.travel.at(START_MS + 20)) == list(range(20))


def test_nothing_goes_while_a_return_is_to_be_made(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "object", Retention(most_bytes=20_000))
    recorded.write(1)
    bookmark = recorded.travel.current()
    recorded.travel.order(bookmark)
    recorded.write(*range(100))

    assert recorded.travel.carry_out(lambda _: None, lambda _: None)

    assert recorded.read() == [1]
    recorded.write(*range(20))
    with pytest.raises(JsException, match="older than the history"):
        recorded.travel.order(bookmark)
    recorded.database.close()


def test_the_current_segment_may_have_no_frames_yet(recorded: Recorded) -> None:
    recorded.write(*range(7))
    recorded.write(7)  # a checkpoint
    recorded.write(8)  # and a new generation, which is not copied yet

    recorded.history.prune(recorded.now_ms)

    assert recorded.history.following(recorded.history.current()) is None
    assert recorded.history.current().position >= 8


# -- the way back


def test_nothing_is_done_without_an_order(recorded: Recorded) -> None:
    recorded.write(1)

    assert not recorded.travel.carry_out(lambda _: None, lambda _: None)


def test_an_empty_database_returns_to_nothing(recorded: Recorded) -> None:
    recorded.database.opened()

    assert recorded.return_to(str(NOTHING)) == []


def test_a_crash_in_the_middle_of_a_return_shows_one_state_or_the_other(recorded: Recorded) -> None:
    class Died(Exception):  # noqa: N818 - no error of pydo's
        pass

    def die(_: int | None) -> None:
        raise Died

    recorded.write(1)
    bookmark = recorded.travel.current()
    recorded.write(2)
    undo = recorded.travel.order(bookmark)
    with pytest.raises(Died):
        recorded.travel.carry_out(die, die)
    crashed = recorded.after_a_crash()
    before = crashed.read()
    with pytest.raises(Died):
        crashed.travel.carry_out(lambda _: None, die)
    later = crashed.after_a_crash()

    assert (before, later.read()) == ([1, 2], [1])
    assert later.return_to(undo) == [1, 2]
    assert [each.bookmark.epoch for each in later.history.commits()] == [1, 1, 2, 3]
    later.database.close()


def test_a_return_is_undone_after_many_generations_of_the_log(recorded: Recorded) -> None:
    recorded.write(*range(5))
    bookmark = recorded.travel.at(START_MS + 2)
    undo = recorded.travel.order(bookmark)
    recorded.travel.carry_out(lambda _: None, lambda _: None)
    recorded.write(*range(10, 50))

    assert recorded.return_to(undo) == list(range(5))


def test_a_return_to_what_there_is_goes_on_in_the_order_of_time(recorded: Recorded) -> None:
    recorded.write(1)
    undo = recorded.travel.order(recorded.travel.current())
    recorded.travel.carry_out(lambda _: None, lambda _: None)

    assert recorded.travel.current() > undo


def test_a_return_waits_for_another_program(recorded: Recorded) -> None:
    recorded.write(1)
    bookmark = recorded.travel.current()
    recorded.write(2)
    recorded.travel.order(bookmark)
    other = apsw.Connection(str(recorded.database.path))
    other.execute("BEGIN IMMEDIATE")
    recorded.database.opened().set_busy_timeout(0)

    with pytest.raises(JsException, match="SQLITE_BUSY"):
        recorded.travel.carry_out(lambda _: None, lambda _: None)
    other.close()

    assert recorded.travel.carry_out(lambda _: None, lambda _: None)
    assert recorded.read() == [1]


def test_an_object_goes_on_if_what_is_to_be_restored_is_lost(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.write(1)
    bookmark = recorded.travel.current()
    recorded.write(2)
    recorded.travel.order(bookmark)
    recorded.database.close()
    for each in recorded.history.directory.glob("0*"):
        each.unlink()

    with caplog.at_level(logging.ERROR):
        assert not recorded.travel.carry_out(lambda _: None, lambda _: None)

    assert f"there is nothing at the bookmark {bookmark} any more" in caplog.text
    assert not recorded.travel.carry_out(lambda _: None, lambda _: None)
    assert recorded.read() == [1, 2]


def test_who_asks_for_a_return_that_cannot_be_made_is_told(recorded: Recorded) -> None:
    recorded.write(1)
    bookmark = recorded.travel.current()
    recorded.write(2)
    recorded.travel.order(bookmark)
    for each in recorded.history.directory.glob("*.frames"):
        each.write_bytes(
            each.read_bytes()[: FRAME - 4096] + bytes(4096) + each.read_bytes()[FRAME:]
        )

    with pytest.raises(JsException, match="not available"):
        recorded.travel.carry_out(lambda _: None, lambda _: None, must=True)

    assert not recorded.history.order.exists()
    assert recorded.read() == [1, 2]


def test_an_order_that_cannot_be_written_is_refused(recorded: Recorded) -> None:
    recorded.write(1)
    bookmark = recorded.travel.current()
    (recorded.history.directory / "restore").mkdir()

    with pytest.raises(JsException, match="not available"):
        recorded.travel.order(bookmark)


# -- the form of the log


def test_what_is_no_log_has_no_salts(tmp_path: Path) -> None:
    short, other = tmp_path / "short", tmp_path / "other"
    short.write_bytes(b"SQ")
    other.write_bytes(bytes(40))

    assert [salts_of(each) for each in (tmp_path / "none", short, other)] == [None, None, None]


def test_a_log_that_ends_too_early_is_an_error(tmp_path: Path) -> None:
    wal = tmp_path / "wal"
    wal.write_bytes(bytes(32 + FRAME))

    with (tmp_path / "copy").open("wb") as target, pytest.raises(OSError, match="ends before"):
        copy_frames(wal, 0, 2, target)


def test_a_history_is_kept_for_days_or_not_at_all() -> None:
    assert Retention.of(0, 5) is None
    assert Retention.of(2, 5) == Retention(2 * DAY_MS, 5 * 1024**2)


def test_what_is_written_while_rows_are_read_is_in_it(recorded: Recorded) -> None:
    recorded.write(1, 2, 3)
    recorded.database.close()

    connection = recorded.database.reading()
    assert connection is not None
    rows = connection.execute("SELECT n FROM t")
    next(rows)
    recorded.write(4, 5)
    bookmark = recorded.travel.current()
    rows.close()
    recorded.write(6)

    assert recorded.times() == [1, 2, 3, 4, 5, 6]
    assert recorded.return_to(bookmark) == [1, 2, 3, 4, 5]


def test_a_longer_generation_of_another_programs_is_not_taken_for_the_same(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.write(1)
    recorded.travel.current()
    recorded.elsewhere("PRAGMA wal_checkpoint(TRUNCATE)")

    with caplog.at_level(logging.WARNING):  # more frames than there were, so many as are copied
        connection = recorded.database.writing()
        connection.execute("INSERT INTO t SELECT zeroblob(3000) FROM json_each('[1,2,3,4,5,6,7]')")
        connection.execute("INSERT INTO t VALUES (2)")
        recorded.database.end_turn()
        recorded.database.commit()
    bookmark = _brought_up_to_date(recorded)

    assert "another program has changed it" in caplog.text
    assert recorded.database.reading() is not None
    recorded.write(3)
    recorded.travel.order(bookmark)
    assert recorded.travel.carry_out(lambda _: None, lambda _: None)
    connection = recorded.database.opened()
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT count(*) FROM t").fetchall() == [(9,)]


def _brought_up_to_date(recorded: Recorded) -> str:
    recorded.database.close()
    return recorded.travel.current()


def test_a_difference_is_found_after_a_crash_left_the_base_unfinished(recorded: Recorded) -> None:
    path = recorded.database.path
    recorded.write(1)
    recorded.run("CREATE TABLE u (n); INSERT INTO u VALUES ('before')")
    recorded.write(*range(2, 30))
    recorded.database.close()
    recorded.elsewhere("PRAGMA wal_checkpoint(TRUNCATE)")
    earlier = path.read_bytes()
    History(path, Retention(most_bytes=0)).prune(recorded.now_ms)
    recorded.run("UPDATE u SET n = 'after'")
    recorded.write(*range(30, 60))
    recorded.database.close()

    for doomed in sorted(recorded.history.directory.glob("*.index"))[:-1]:
        doomed.rename(doomed.with_suffix(".expired"))
    path.with_name("db.sqlite-wal").unlink()
    path.write_bytes(earlier)
    bookmark = recorded.travel.current()
    recorded.run("UPDATE u SET n = 'later'")

    assert recorded.return_to(bookmark) == list(range(1, 30))
    assert recorded.database.opened().execute("SELECT n FROM u").fetchall() == [("before",)]


def test_a_disk_that_takes_half_of_a_record_disorders_no_index(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(io.FileIO):
        def write(self, data: bytes, /) -> int:  # type: ignore[override]
            return super().write(data[:10])

    recorded.write(1)
    recorder = recorded.database.recorder
    assert recorder is not None
    assert recorder._index is not None  # noqa: SLF001 - no other disk takes half of so little
    recorder._index.close()  # noqa: SLF001
    recorder._index = Full(recorded.last_index(), "ab")  # noqa: SLF001

    with caplog.at_level(logging.WARNING):
        recorded.write(2)
    recorded.write(3)
    recorded.database.close()

    assert os.strerror(errno.ENOSPC) in caplog.text
    assert recorded.read() == [1, 2, 3]
    assert len(recorded.times()) == 3
    assert recorded.last_index().stat().st_size % len(Record(Kind.COMMIT, 0).pack()) == 0


def test_a_history_that_is_no_folder_does_not_stop_the_first_commit(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.directory.mkdir()
    recorded.history.directory.write_text("in the way")

    with caplog.at_level(logging.WARNING):
        recorded.write(1, 2)

        with pytest.raises(JsException, match="not available"):
            recorded.travel.current()

    assert "is not written for now" in caplog.text
    assert recorded.read() == [1, 2]


def test_the_bookmark_of_an_object_without_a_folder_is_refused(recorded: Recorded) -> None:
    recorded.directory.write_text("in the way")

    with pytest.raises(JsException, match="not available"):
        recorded.travel.current()


def test_a_return_that_fails_leaves_no_draft(recorded: Recorded) -> None:
    resource = pytest.importorskip("resource")
    recorded.write(1)
    recorded.run("CREATE TABLE u (n); INSERT INTO u VALUES (zeroblob(100000))")
    bookmark = recorded.travel.current()
    recorded.write(2)
    recorded.travel.order(bookmark)

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limit[1]))
    try:
        with pytest.raises(JsException, match="not available"):
            recorded.travel.carry_out(lambda _: None, lambda _: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)

    assert not (recorded.history.directory / "restored").exists()
    assert recorded.travel.carry_out(lambda _: None, lambda _: None)
    assert recorded.read() == [1]


def test_an_index_without_content_is_not_left_among_others(recorded: Recorded) -> None:
    recorded.write(*range(30))
    crashed = recorded.after_a_crash()
    last, before = sorted(crashed.history.directory.glob("*.index"))[:-3:-1]
    os.truncate(last, 0)
    os.truncate(before.with_suffix(".frames"), FRAME)

    crashed.write(*range(30, 60))

    assert crashed.return_to(crashed.travel.current()) == list(range(60))
    assert len(crashed.times()) > 30
    crashed.database.close()


@pytest.mark.parametrize("order", ["", "[]", "{}"])
def test_a_damaged_order_is_told_with_its_file_and_given_up(
    recorded: Recorded, caplog: pytest.LogCaptureFixture, order: str
) -> None:
    recorded.write(1)
    recorded.travel.current()
    recorded.history.order.write_text(order)

    with caplog.at_level(logging.ERROR):
        assert not recorded.travel.carry_out(lambda _: None, lambda _: None)

    recorded.write(2)
    assert recorded.read() == [1, 2]

    assert f"{recorded.history.order} is damaged" in caplog.text


def test_what_is_damaged_does_not_take_the_place_of_what_is_whole(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.write(*range(40))
    bookmark = recorded.travel.current()
    recorded.write(40)
    recorded.travel.order(bookmark)
    recorded.database.close()
    middle = sorted(recorded.history.directory.glob("*.index"))[1]
    middle.unlink()

    with caplog.at_level(logging.ERROR):
        assert not recorded.travel.carry_out(lambda _: None, lambda _: None)

    assert "lacks what was before" in caplog.text
    assert recorded.read() == list(range(41))


def test_an_index_that_is_damaged_is_set_aside_and_the_history_goes_on(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.write(*range(20))
    recorded.database.close()
    damaged = recorded.last_index()
    damaged.write_bytes(b"\xee" * 100)

    with caplog.at_level(logging.WARNING):
        recorded.write(20)

    assert f"{damaged} is damaged" in caplog.text
    assert recorded.return_to(recorded.travel.current()) == list(range(21))


def test_a_log_that_lost_commits_is_told_of(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.write(1, 2, 3)
    crashed = recorded.after_a_crash()
    wal = crashed.database.path.with_name("db.sqlite-wal")
    os.truncate(wal, wal.stat().st_size - FRAME)

    with caplog.at_level(logging.WARNING):
        crashed.write(4)

    (message,) = caplog.messages
    assert message.startswith(f"{crashed.database.path} has lost its last commits")
    assert crashed.read() == [1, 2, 4]
    crashed.database.close()


def test_a_history_begins_while_rows_are_read(recorded: Recorded) -> None:
    recorded.write(1, 2, 3)
    recorded.database.close()
    shutil.rmtree(recorded.history.directory)

    connection = recorded.database.reading()
    assert connection is not None
    rows = connection.execute("SELECT n FROM t")
    next(rows)
    recorded.write(4)
    first = recorded.travel.current()
    recorded.write(5)
    second = recorded.travel.current()
    rows.close()
    recorded.write(6)
    crashed = recorded.after_a_crash()
    crashed.write(7)

    assert len(crashed.history.commits()) == 5  # what was found, and one each
    assert crashed.return_to(first) == [1, 2, 3, 4]
    assert crashed.return_to(second) == [1, 2, 3, 4, 5]
    crashed.database.close()


def test_a_large_commit_after_a_history_began_while_rows_were_read_is_in_it(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.write(1, 2, 3)
    recorded.database.close()
    shutil.rmtree(recorded.history.directory)
    connection = recorded.database.reading()
    assert connection is not None
    rows = connection.execute("SELECT n FROM t")
    next(rows)
    recorded.travel.current()
    rows.close()

    with caplog.at_level(logging.WARNING):
        recorded.run("INSERT INTO t SELECT zeroblob(3000) FROM json_each('[1,2,3,4,5,6,7]')")
        recorded.write(4, 5, 6, 7)
        recorded.travel.current()
        recorded.write(8)

    assert not caplog.messages
    assert len(recorded.times()) == 7  # what was found, and one each


def test_a_return_is_made_though_the_file_is_gone(recorded: Recorded) -> None:
    recorded.write(1)
    bookmark = recorded.travel.current()
    recorded.write(2)
    undo = recorded.travel.order(bookmark)
    recorded.database.close()
    for each in recorded.directory.glob("db.sqlite*"):
        each.unlink()
    after = Recorded(recorded.directory, now_ms=recorded.now_ms)

    assert after.travel.carry_out(lambda _: None, lambda _: None)

    assert after.read() == [1]
    assert after.return_to(undo) == []
    after.database.close()


def test_a_return_that_was_told_as_failed_is_not_made_later(recorded: Recorded) -> None:
    def locked(_: int | None) -> None:
        raise apsw.BusyError("database is locked")

    recorded.write(1)
    bookmark = recorded.travel.current()
    recorded.write(2)
    recorded.travel.order(bookmark)

    with pytest.raises(JsException, match="is locked"):
        recorded.travel.carry_out(locked, locked, must=True)
    recorded.write(3)

    assert not recorded.travel.carry_out(lambda _: None, lambda _: None)
    assert recorded.read() == [1, 2, 3]
    assert {each.bookmark.epoch for each in recorded.history.commits()} == {1}


def _with_a_loss_in_the_middle(recorded: Recorded, number: int, *, is_gone: bool) -> str:
    """Write much, damage or remove an index, and let another program write; a lost bookmark."""
    recorded.write(*range(40))
    lost = recorded.travel.current()
    recorded.database.close()
    index = sorted(recorded.history.directory.glob("*.index"))[number]
    if is_gone:
        index.unlink()
    else:
        index.write_bytes(b"\xee" * 100)
    recorded.now_ms += 10
    recorded.elsewhere("INSERT INTO t VALUES (40)")
    recorded.now_ms += 10
    return lost


@pytest.mark.parametrize("is_gone", [False, True])
@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_history_goes_on_behind_a_loss_in_its_middle(
    recorded: Recorded, caplog: pytest.LogCaptureFixture, number: int, *, is_gone: bool
) -> None:
    recorded.write(0)
    early = recorded.travel.current()
    recorded.write(*range(1, 20))
    recorded.run("DELETE FROM t")
    end = Bookmark.end_of(1)
    lost = _with_a_loss_in_the_middle(recorded, number, is_gone=is_gone)

    with caplog.at_level(logging.WARNING):
        bookmarks = []
        for n in range(41, 61):
            recorded.write(n)
            bookmarks.append(recorded.travel.current())
    found = recorded.history.commits()

    assert caplog.text.count("does not return to what is lost") == 1
    assert bookmarks == sorted(bookmarks)
    assert bookmarks[0] > str(end) > lost
    assert [str(each.bookmark) for each in found] == sorted(str(each.bookmark) for each in found)
    for gone in (lost, str(end)):
        with pytest.raises(JsException, match=r"not one of|older than"):
            recorded.travel.order(gone)
    with pytest.raises(JsException, match="before the history"):
        recorded.travel.at(START_MS + 55)
    for n in (0, 7, 19):
        assert recorded.return_to(bookmarks[n]) == list(range(42 + n))
    if number:
        assert recorded.return_to(early) == [0]
    assert recorded.database.opened().execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_is_pruned_up_to_a_loss_leaves_no_old_rows_behind(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "object", Retention(age_ms=DAY_MS))
    recorded.write(0)
    recorded.run("CREATE TABLE u (n, wide)")
    for n in range(60):  # each on a page of its own
        recorded.run(f"INSERT INTO u VALUES ({n}, zeroblob(3000))")  # noqa: S608 - as below
    for n in range(40):
        recorded.run(f"UPDATE u SET n = 1000 + n WHERE n = {n}")  # noqa: S608 - a number
    now = recorded.database.opened().execute("SELECT * FROM u").fetchall()
    bookmark = recorded.travel.current()
    recorded.database.close()
    indexes = sorted(recorded.history.directory.glob("*.index"))
    indexes[-4].write_bytes(b"\xee" * 100)
    recorded.now_ms += 3 * DAY_MS
    recorded.history.prune(recorded.now_ms)

    with pytest.raises(JsException, match="not one of"):
        recorded.travel.order(bookmark)
    undo = recorded.travel.order(recorded.travel.current())
    assert recorded.travel.carry_out(lambda _: None, lambda _: None)
    assert recorded.database.opened().execute("SELECT * FROM u").fetchall() == now
    recorded.write(1)
    recorded.return_to(undo)

    assert recorded.database.opened().execute("SELECT * FROM u").fetchall() == now
    recorded.database.close()


def test_a_loss_that_is_found_while_the_object_runs_is_made_good_later(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.write(*range(20))
    sorted(recorded.history.directory.glob("*.index"))[1].write_bytes(b"\xee" * 100)

    with caplog.at_level(logging.WARNING):
        recorded.write(*range(20, 40))
    recorded.database.close()
    recorded.write(40)
    bookmark = recorded.travel.current()
    recorded.write(41)

    assert "a part of it is lost" in caplog.text
    assert recorded.return_to(bookmark) == list(range(41))


def test_who_orders_a_return_lets_the_history_go_on_behind_a_loss(recorded: Recorded) -> None:
    recorded.write(*range(40))
    recorded.database.close()
    sorted(recorded.history.directory.glob("*.index"))[1].unlink()
    lost = recorded.travel.current()

    with pytest.raises(JsException, match="not one of"):
        recorded.travel.order(lost)

    assert recorded.return_to(recorded.travel.current()) == list(range(40))

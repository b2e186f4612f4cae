"""What an object was, from outside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import apsw
import pytest

from pydo.clone import PLAIN
from pydo.errors import StateError
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.database import Database
from pydo.runtime.history.bookmark import NOTHING
from pydo.runtime.history.log import History, Retention
from pydo.runtime.history.recorder import Recording
from pydo.runtime.history.undisturbed import undisturbed
from pydo.runtime.kv import KeyValueTable
from pydo.runtime.metadata import ClassMetadata
from pydo.state import export_to, find_object, import_from, read
from pydo.state.past import Past

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.runtime.history.bookmark import Bookmark
    from pydo.runtime.history.pages import Pages
    from pydo.state.place import ObjectPlace

    from .conftest import Stored


class Server:
    """Stands for a running server."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def archive(self, place: ObjectPlace) -> None:
        self.asked.append(f"archive {place}")

    def restore(self, place: ObjectPlace, bookmark: str) -> str:
        self.asked.append(f"restore {place} {bookmark}")
        return "undo"


class Clock:
    """The machine's clock, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


def past_of(stored: Stored, name: str = "Notes/a") -> Past:
    return Past(find_object(stored.state, name), Retention(), None)


def record(clock: Clock, place: ObjectPlace, *commits: dict[str, object]) -> None:
    """Let an object commit keys one after the other, with its history following."""
    recording = Recording(clock.now_ms, Retention())
    database = Database(place.directory, OpenDatabases(1), lambda: None, recording)
    for keys in commits:
        KeyValueTable(database).put_many([(k, PLAIN.encode(v)) for k, v in keys.items()])
        database.end_turn()
        database.commit()
        clock.ahead_ms += 2
    database.close()


def test_commits_are_told_with_what_they_changed(stored: Stored) -> None:
    stored.write("a", {"k": 1, "l": 1}, "CREATE TABLE t (n)", "INSERT INTO t VALUES (1), (1)")
    past_of(stored)
    stored.write("a", {"k": 2, "m": 3}, "INSERT INTO t VALUES (1), (2)", alarm_ms=9_000_000_000_000)
    past_of(stored)
    stored.write("a", {}, "ALTER TABLE t ADD COLUMN b", "CREATE TABLE u (x)", "DELETE FROM _cf_KV")
    past_of(stored)
    stored.write("a", {}, "DROP TABLE u", "DELETE FROM t WHERE n = 2")

    entries = past_of(stored).entries(3)
    first, second, third = (each.changes for each in entries)

    assert list(first.changed) == ["k"]
    assert list(first.added) == ["m"]
    assert [(t.name, t.kind, sorted(t.added), t.removed) for t in first.tables] == [
        ("t", "changed", [(1,), (2,)], ())
    ]
    assert first.alarm_ms == (None, 9_000_000_000_000)
    assert list(second.removed) == ["k", "l", "m"]
    assert [(t.name, t.kind, t.has_other_columns) for t in second.tables] == [
        ("t", "changed", True),
        ("u", "created", False),
    ]
    assert [(t.name, t.kind, t.removed) for t in third.tables] == [
        ("t", "changed", ((2, None),)),
        ("u", "dropped", ()),
    ]
    assert not any(each.is_restore for each in entries)


def test_an_object_returns_while_nobody_runs_and_its_alarm_with_it(stored: Stored) -> None:
    stored.write("a", {"k": 1}, alarm_ms=9_000_000_000_000)
    target = past_of(stored).history.current()
    stored.write("a", {"k": 2})
    past = past_of(stored)

    undo = past.restore(target)
    place = past.place
    then = read(place)
    past_of(stored).restore(past.find(undo))

    assert (then.keys, then.alarm_ms) == ({"k": 1}, 9_000_000_000_000)
    assert read(place).keys == {"k": 2}
    assert [each.is_restore for each in past_of(stored).entries(9)] == [False, False, True, True]


def test_the_alarms_of_the_class_follow(stored: Stored) -> None:
    stored.write("a", {"k": 1})
    without = past_of(stored).history.current()
    stored.write("a", {}, alarm_ms=9_000_000_000_000)
    past = past_of(stored)
    metadata = ClassMetadata(past.place.owner.metadata_path)

    undo = past.restore(without)
    during = metadata.alarms()
    past.restore(past.find(undo))

    assert during == []
    assert [each.scheduled_ms for each in metadata.alarms()] == [9_000_000_000_000]
    metadata.close()


def test_a_return_crosses_an_import(stored: Stored, tmp_path: Path) -> None:
    stored.write("a", {"k": "before"})
    past = past_of(stored)
    target = past.history.current()
    past.history.order.write_text("what was to be restored is of no interest then")
    stored.write("a", {"k": "last"})
    other = type(stored)(tmp_path / "other")
    other.write("a", {"k": "imported"})
    export_to(other.state, tmp_path / "exported", overwrites=False)
    other.close()
    import_from(stored.state, tmp_path / "exported", lambda _: "sqlite", overwrites=True)
    assert read(past.place).keys == {"k": "imported"}

    undo = past_of(stored).restore(target)

    assert read(past.place).keys == {"k": "before"}
    past_of(stored).restore(past.find(undo))
    assert read(past.place).keys == {"k": "imported"}
    states = [past.content_at(each.bookmark).keys["k"] for each in past.commits()]
    assert [PLAIN.decode(each) for each in states] == [
        *("before", "last", "imported"),
        *("before", "imported"),
    ]


def test_what_is_not_kept_is_an_error_that_says_so(stored: Stored) -> None:
    stored.write("a", {"k": 1})
    past = past_of(stored)

    with pytest.raises(StateError, match="invalid"):
        past.find("nonsense")
    with pytest.raises(StateError, match="more than 30 days ago"):
        past.at(1)
    with pytest.raises(StateError, match="before the history"):
        past.at(time.time_ns() // 1_000_000 - 3_600_000)


def test_a_key_value_class_has_no_past(stored: Stored) -> None:
    owner = stored.state.class_directory("my-app", "Old", "key-value")
    owner.object_directory("0" * 64).mkdir()

    with pytest.raises(StateError, match="new_classes: objects with key-value storage"):
        past_of(stored, f"Old/{'0' * 64}")


def test_a_running_server_is_asked(stored: Stored) -> None:
    stored.write("a", {"k": 1})
    past_of(stored)
    server = Server()

    past = Past(find_object(stored.state, "Notes/a"), Retention(), server)
    target = past.history.current()

    assert past.restore(target) == "undo"
    assert server.asked == ["archive Notes/a", f"restore Notes/a {target}"]


def test_what_was_replaced_too_long_ago_is_not_listed(stored: Stored, clock: Clock) -> None:
    stored.write("a", {"k": 1})
    past_of(stored)
    stored.write("a", {"k": 2})
    past_of(stored)
    past = Past(find_object(stored.state, "Notes/a"), Retention(age_ms=60_000), None, clock.now_ms)
    before = len(past.commits())

    clock.ahead_ms = 60_001

    assert before == 2
    assert len(past.commits()) == 1


def test_an_object_without_a_file_has_an_empty_past(stored: Stored) -> None:
    owner = stored.state.class_directory("my-app", "Notes", "sqlite")
    owner.object_directory("0" * 64).mkdir()

    past = past_of(stored, f"Notes/{'0' * 64}")

    assert past.entries(5) == []
    assert not past.changes_by(NOTHING)


def test_a_part_that_goes_meanwhile_is_read_around(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(1, 4):
        stored.write("a", {"k": n, "l": "x" * 9000})
        past_of(stored)
        connection = apsw.Connection(str(find_object(stored.state, "Notes/a").database))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.close()
    past = past_of(stored)
    assert len(list(past.history.directory.glob("*.index"))) == 3
    pages_at, removed = History.pages_at, list[int]()

    def prune_first(history: History, bookmark: Bookmark) -> Pages:
        pages = pages_at(history, bookmark)
        if not removed:
            removed.append(1)
            History(past.place.database, Retention(most_bytes=0)).prune(int(time.time() * 1000))
        return pages

    monkeypatch.setattr(History, "pages_at", prune_first)
    (entry,) = past.entries(10)

    assert removed
    assert entry.commit == past.commits()[-1]
    assert list(entry.changes.changed) == ["k"]


def test_what_is_about_to_go_is_waited_for(stored: Stored) -> None:
    stored.write("a", {"k": 1})
    history = past_of(stored).history
    (index,) = history.directory.glob("*.index")
    index.rename(index.with_suffix(".expired"))

    def finish(_: float) -> None:
        index.with_suffix(".expired").rename(index)

    assert len(undisturbed(history, history.commits, finish)) == 1
    index.rename(index.with_suffix(".expired"))
    with pytest.raises(OSError, match="is being changed all the time"):
        undisturbed(history, history.commits, lambda _: None)


def test_an_object_that_is_damaged_returns_to_what_it_was(stored: Stored) -> None:
    stored.write("a", {"k": 1, "l": "x" * 9000})
    past = past_of(stored)
    whole = past.history.current()
    place = past.place
    connection = apsw.Connection(str(place.database))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    with place.database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (place.database.stat().st_size - 4096))

    past = past_of(stored)
    first, damaged = (each.changes for each in past.entries(10))

    assert list(first.added) == ["k", "l"]
    assert damaged.damage == past.changes_by(whole).damage == "database disk image is malformed"
    past.restore(whole)
    assert read(place).keys == {"k": 1, "l": "x" * 9000}


def test_a_history_that_cannot_be_read_is_told_with_its_path(stored: Stored) -> None:
    stored.write("a", {"k": 1})
    past = past_of(stored)
    bookmark = past.history.current()
    (frames,) = past.history.directory.glob("*.frames")
    frames.unlink()
    frames.mkdir()

    with pytest.raises(StateError, match=r"db\.history cannot be read"):
        past.content_at(bookmark)


def test_a_commit_is_compared_with_one_that_is_too_old_to_return_to(
    stored: Stored, clock: Clock
) -> None:
    stored.write("a", {"k": 0})
    place = past_of(stored).place
    record(clock, place, {"k": 1, "l": 1}, {"k": 2})  # of one generation, so they go together
    clock.ahead_ms += 60_001

    (entry,) = Past(place, Retention(age_ms=60_000), None, clock.now_ms).entries(5)

    assert list(entry.changes.changed) == ["k"]
    assert not entry.changes.added
    assert not entry.is_restore


def test_a_damaged_file_of_alarms_is_told_as_what_it_is(stored: Stored) -> None:
    stored.write("a", {"k": 1}, alarm_ms=9_000_000_000_000)
    target = past_of(stored).history.current()
    stored.write("a", {"k": 2})
    past = past_of(stored)
    metadata = past.place.owner.metadata_path
    for each in metadata.parent.glob(f"{metadata.name}-*"):
        each.unlink()
    metadata.write_bytes(b"\xff" * 8192)

    with pytest.raises(StateError) as refused:
        past.restore(target)

    assert f"cannot be noted in {metadata}" in str(refused.value)
    assert past.place.database.name not in str(refused.value).replace(str(metadata), "")
    assert read(past.place).keys == {"k": 2}


def test_an_alarm_that_cannot_be_taken_away_is_told_of_and_the_return_is_made(
    stored: Stored, caplog: pytest.LogCaptureFixture
) -> None:
    stored.write("a", {"k": 1})
    target = past_of(stored).history.current()
    stored.write("a", {"k": 2}, alarm_ms=9_000_000_000_000)
    past = past_of(stored)
    metadata = past.place.owner.metadata_path
    for each in metadata.parent.glob(f"{metadata.name}-*"):
        each.unlink()
    metadata.write_bytes(b"\xff" * 8192)

    past.restore(target)

    assert f"cannot be noted in {metadata}" in caplog.text
    connection = apsw.Connection(str(past.place.database))
    assert connection.execute("SELECT key FROM _cf_KV").fetchall() == [("k",)]
    connection.close()


def test_a_past_with_a_loss_in_it_is_told_with_what_is_there(
    stored: Stored, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(1, 4):
        stored.write("a", {"k": n, "l": "x" * 9000})
        past_of(stored)
    history = past_of(stored).history
    record(clock, past_of(stored).place, {"k": 4}, {"k": 5})
    sorted(history.directory.glob("*.index"))[2].unlink()

    first, second, last = past_of(stored).entries(9)

    assert "does not return to what is lost" in caplog.text
    assert [first.changes.added.keys(), second.changes.changed.keys()] == [{"k", "l"}, {"k"}]
    assert last.changes.changed.keys() == {"k"}
    assert not last.is_restore
    assert past_of(stored).commits()[-1].bookmark == last.commit.bookmark

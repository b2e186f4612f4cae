"""Restores against what was really there, over random writes, crashes, evictions and restores.

After each commit the test notes its time and all that the database holds.  A return to a time, or
to a bookmark that was asked for then, has to bring exactly that back, whatever happened since.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import apsw
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pydo.runtime.alarms import ObjectAlarm
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.database import Database
from pydo.runtime.history.log import Retention
from pydo.runtime.history.recorder import Recording
from pydo.runtime.kv import KeyValueTable
from pydo.runtime.timetravel import TimeTravel

KEYS = st.sampled_from("abcde")
VALUES = st.integers(0, 3).map(lambda n: bytes(n * 3000 + 1))
Found = dict[str, Any]
MANY = int(os.environ.get("EXAMPLES", "25"))


class TimeTravelMachine(RuleBasedStateMachine):
    """Writes, loses, returns, and compares."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.lives = 0
        self.now_ms = 1_700_000_000_000
        self.states: list[tuple[int, Found]] = [(self.now_ms, {})]
        self.bookmarks: list[tuple[str, Found]] = []
        self.alarm_ms: int | None = None  # as the scheduler knows it
        self.open(self.root / "0")

    def open(self, directory: Path) -> None:
        self.directory = directory
        recording = Recording(lambda: self.now_ms, Retention(), checkpoint=8)
        self.database = Database(directory, OpenDatabases(4), lambda: None, recording)
        self.table = KeyValueTable(self.database)
        self.alarm = ObjectAlarm(self.database)
        self.past = TimeTravel(self.database, lambda: self.now_ms)

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.root)

    def found(self) -> Found:
        connection = self.database.reading()
        return {} if connection is None else contents(connection)

    # -- writes

    @rule(key=KEYS, value=VALUES)
    def put(self, key: str, value: bytes) -> None:
        self.table.put(key, value)
        self.commit()

    @rule(pairs=st.dictionaries(KEYS, VALUES, max_size=4))
    def put_many(self, pairs: dict[str, bytes]) -> None:
        self.table.put_many(list(pairs.items()))
        self.commit()

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.table.delete(key)
        self.commit()

    @rule(number=st.integers(0, 2), count=st.integers(0, 300))
    def make_table(self, number: int, count: int) -> None:
        connection = self.database.writing()
        connection.execute(f"CREATE TABLE IF NOT EXISTS t{number} (a, b)")
        rows = [(n, "x" * 50) for n in range(count)]
        connection.executemany(f"INSERT INTO t{number} VALUES (?, ?)", rows)  # noqa: S608 - ours
        self.commit()

    @rule(number=st.integers(0, 2))
    def drop_table(self, number: int) -> None:
        self.database.writing().execute(f"DROP TABLE IF EXISTS t{number}")
        self.commit()

    @rule(after_ms=st.integers(0, 1000))
    def set_alarm(self, after_ms: int) -> None:
        self.alarm.set(self.now_ms + after_ms)
        self.commit()

    @rule()
    def delete_all(self) -> None:
        self.now_ms += 1
        self.database.delete_all()
        self.committed()

    @rule(key=KEYS)
    def take_back(self, key: str) -> None:
        self.table.put(key, bytes(20_000))
        self.database.rollback_turn()
        self.database.commit()

    def commit(self) -> None:
        self.now_ms += 1
        self.database.end_turn()
        self.database.commit()
        self.committed()

    def committed(self) -> None:
        self.alarm_ms = self.alarm.stored()
        self.states.append((self.now_ms, self.found()))

    # -- ends of sessions

    @rule()
    def sleep(self) -> None:
        self.database.close()

    @rule()
    def crash(self) -> None:
        self.lives += 1
        directory = self.root / str(self.lives)
        if self.directory.exists():
            shutil.copytree(self.directory, directory)
        self.database.close()
        self.open(directory)

    @rule()
    def be_looked_at_while_asleep(self) -> None:
        self.put("a", b"there is a file")
        self.database.close()
        self.run_elsewhere("SELECT count(*) FROM sqlite_master")

    @rule()
    def crash_and_be_looked_at(self) -> None:
        self.past.current()
        self.put("a", b"nobody can return to this")
        self.states.pop()
        self.put("a", b"last")
        self.states.pop()
        self.crash()
        self.run_elsewhere("SELECT count(*) FROM sqlite_master")
        self.is_found()

    @rule()
    def be_changed_by_another_program(self) -> None:
        self.be_looked_at_while_asleep()
        self.run_elsewhere("CREATE TABLE IF NOT EXISTS foreign_rows (a)")
        self.run_elsewhere("INSERT INTO foreign_rows VALUES (1)")
        self.is_found()

    def is_found(self) -> None:
        self.now_ms += 1
        self.past.current()  # what is not in the history is found when somebody asks
        self.states.append((self.now_ms, self.found()))

    def run_elsewhere(self, text: str) -> None:
        # SQLite writes the log back as the last connection ends.
        connection = apsw.Connection(str(self.database.path))
        connection.execute(text).fetchall()
        connection.close()

    @rule()
    def wait(self) -> None:
        self.now_ms += 1000

    # -- the past

    @rule()
    def ask_for_a_bookmark(self) -> None:
        self.bookmarks.append((self.past.current(), self.found()))

    @precondition(lambda self: self.states)
    @rule(data=st.data(), crashes=st.booleans())
    def return_to_a_time(self, data: st.DataObject, crashes: bool) -> None:  # noqa: FBT001 - by name
        time_ms, expected = data.draw(st.sampled_from(self.states))
        self.return_to(self.past.at(time_ms), expected, crashes=crashes)

    @precondition(lambda self: self.bookmarks)
    @rule(data=st.data(), crashes=st.booleans())
    def return_to_a_bookmark(self, data: st.DataObject, crashes: bool) -> None:  # noqa: FBT001 - by name
        bookmark, expected = data.draw(st.sampled_from(self.bookmarks))
        self.return_to(bookmark, expected, crashes=crashes)

    def return_to(self, bookmark: str, expected: Found, *, crashes: bool) -> None:
        before = self.past.current()
        undo = self.past.order(bookmark)
        assert before <= undo
        self.put("z", b"written between the order and the end of the session")
        was = self.found()
        if crashes:
            self.crash()
        self.now_ms += 1
        self.past.carry_out(lambda _: None, self.scheduled)
        assert self.found() == expected
        assert self.past.current() >= before
        self.states.append((self.now_ms, expected))
        self.bookmarks.append((undo, was))

    def scheduled(self, at_ms: int | None) -> None:
        self.alarm_ms = at_ms

    # -- what always holds

    @invariant()
    def the_alarm_is_known(self) -> None:
        assert self.alarm_ms == self.alarm.stored()

    @invariant()
    def bookmarks_are_in_the_order_of_time(self) -> None:
        texts = [bookmark for bookmark, _ in self.bookmarks]
        assert texts == sorted(texts)


def contents(connection: apsw.Connection) -> Found:
    """Give all that a database holds."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        str(name): sorted(connection.execute(f"SELECT * FROM {name}").fetchall())  # noqa: S608 - ours
        for (name,) in tables
    }


TestTimeTravel = TimeTravelMachine.TestCase
TestTimeTravel.settings = settings(
    max_examples=MANY, stateful_step_count=30, deadline=None, database=None, phases=[Phase.generate]
)

"""The key-value table against a dict, over random operations, crashes and evictions.

The model has what is committed, what the turns of the pass have kept, and what the running turn
sees.  A crash leaves the first of them, the end of a turn makes the second of the third.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pydo.errors import JsException
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.database import Database
from pydo.runtime.kv import KeyValueTable, ListOptions

# Few keys, so that operations meet: with all that orders text in an unusual way.
PARTS = ["", "a", "b", "ab", "\x00", "\ud7ff", "\ue000", "\uffff", "\U0001f600", "\U0010ffff"]
KEYS = st.builds("".join, st.lists(st.sampled_from(PARTS), max_size=3))
VALUES = st.binary(max_size=40) | st.integers(1, 3).map(lambda n: bytes(n * 3000))
BOUNDS = st.none() | KEYS


class KeyValueMachine(RuleBasedStateMachine):
    """Does to a table and to a dict the same."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.lives = 0
        self.committed: dict[str, bytes] = {}
        self.kept: dict[str, bytes] = {}
        self.now: dict[str, bytes] = {}
        self.marks: list[tuple[int, dict[str, bytes]]] = []
        self.open(self.root / "0")

    def open(self, directory: Path) -> None:
        self.database = Database(directory, OpenDatabases(4), lambda: None)
        self.table = KeyValueTable(self.database)

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.root)

    # -- operations

    @rule(key=KEYS, value=VALUES)
    def put(self, key: str, value: bytes) -> None:
        self.table.put(key, value)
        self.now[key] = value

    @rule(entries=st.lists(st.tuples(KEYS, VALUES), max_size=5))
    def put_many(self, entries: list[tuple[str, bytes]]) -> None:
        self.table.put_many(entries)
        self.now.update(entries)

    @rule(entries=st.lists(st.tuples(KEYS, VALUES), max_size=3), key=KEYS)
    def put_many_and_fail(self, entries: list[tuple[str, bytes]], key: str) -> None:
        with pytest.raises(JsException, match="too big"):
            self.table.put_many([*entries, (key, bytes(5 * 1024 * 1024))])

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        assert self.table.delete(key) == (self.now.pop(key, None) is not None)

    @rule(keys=st.lists(KEYS, max_size=5))
    def delete_many(self, keys: list[str]) -> None:
        assert self.table.delete_many(keys) == len([k for k in set(keys) if k in self.now])
        for key in keys:
            self.now.pop(key, None)

    @rule()
    def delete_all(self) -> None:
        if not self.marks:
            self.database.delete_all()
            self.committed, self.kept, self.now = {}, {}, {}

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        assert self.table.get(key) == self.now.get(key)

    @rule(keys=st.lists(KEYS, max_size=5))
    def get_many(self, keys: list[str]) -> None:
        expected = [(k, self.now[k]) for k in in_order({k for k in keys if k in self.now})]
        assert self.table.get_many(keys) == expected

    @rule(
        start=BOUNDS,
        after=BOUNDS,
        end=BOUNDS,
        prefix=KEYS,
        limit=st.none() | st.integers(1, 4),
        reverse=st.booleans(),
        is_iterated=st.booleans(),
    )
    def list(  # noqa: PLR0913, PLR0917 - as many as a list has options
        self,
        start: str | None,
        after: str | None,
        end: str | None,
        prefix: str,
        limit: int | None,
        reverse: bool,  # noqa: FBT001 - hypothesis gives them by name
        is_iterated: bool,  # noqa: FBT001 - as above
    ) -> None:
        start = None if after is not None else start
        options = ListOptions(start, after, end, prefix, limit, reverse)
        expected = [
            key
            for key in in_order(self.now)
            if key.startswith(prefix)
            and (start is None or key.encode() >= start.encode())
            and (after is None or key.encode() > after.encode())
            and (end is None or key.encode() < end.encode())
        ]
        expected = (expected[::-1] if reverse else expected)[:limit]
        if is_iterated:
            listing = self.table.iterate(options)
            found = list(iter(listing.next, None))
        else:
            found = self.table.list(options)
        assert found == [(key, self.now[key]) for key in expected]

    # -- levels that are taken back alone, as transactionSync has them

    @rule()
    def begin_level(self) -> None:
        if len(self.marks) < 3:
            self.marks.append((self.database.begin_level(), dict(self.now)))

    @rule()
    def keep_level(self) -> None:
        if self.marks:
            self.database.keep(self.marks.pop()[0])

    @rule()
    def undo_level(self) -> None:
        if self.marks:
            level, self.now = self.marks.pop()
            self.database.undo(level)

    def end_levels(self) -> None:
        while self.marks:
            self.keep_level()

    # -- the ends of turns, and of lives

    @rule()
    def end_turn(self) -> None:
        self.end_levels()
        self.database.end_turn()
        self.kept = dict(self.now)

    @rule()
    def take_the_turn_back(self) -> None:
        self.end_levels()
        self.database.rollback_turn()
        self.now = dict(self.kept)

    @rule()
    def commit(self) -> None:
        self.end_turn()
        self.database.commit()
        self.committed = dict(self.now)

    @rule()
    def evict(self) -> None:
        self.commit()
        self.database.close()

    @rule()
    def begin_anew(self) -> None:
        self.commit()
        self.database.close()
        self.open(self.database.directory)

    @rule()
    def crash(self) -> None:
        self.lives += 1
        copy = self.root / str(self.lives)
        copy.mkdir()
        for name in ("db.sqlite", "db.sqlite-wal"):  # as they are, with nothing closed
            if (self.database.directory / name).exists():
                shutil.copy(self.database.directory / name, copy / name)
        self.database.close()
        self.marks.clear()
        self.now, self.kept = dict(self.committed), dict(self.committed)
        self.open(copy)

    @invariant()
    def all_is_the_same(self) -> None:
        expected = [(key, self.now[key]) for key in in_order(self.now)]
        assert self.table.list(ListOptions()) == expected


def in_order(keys: set[str] | dict[str, bytes]) -> list[str]:
    """Sort keys as their UTF-8 is sorted."""
    return sorted(keys, key=str.encode)


TestKeyValueTable = KeyValueMachine.TestCase
TestKeyValueTable.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, database=None
)

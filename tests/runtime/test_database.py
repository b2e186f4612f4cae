"""One object's file: its transactions, its errors, and the budget of open files."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from pydo.errors import JsException
from pydo.platform import open_files_limit
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.database import Database
from pydo.runtime.sqlite_error import raise_sqlite_error

from .conftest import Object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Core, Stub


_OFF, _NORMAL, _FULL = 0, 1, 2  # of PRAGMA synchronous
_PAGE = 4096


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "object", OpenDatabases(8), lambda: None)
    yield database
    database.close()


def make_table(database: Database) -> None:
    database.writing().execute("CREATE TABLE t (a)")
    database.end_turn()
    database.commit()


def write(database: Database, number: int) -> None:
    database.writing().execute("INSERT INTO t VALUES (?)", (number,))


def numbers(database: Database) -> list[Any]:
    connection = database.reading()
    assert connection is not None
    return [row[0] for row in connection.execute("SELECT a FROM t ORDER BY a")]


def committed(database: Database) -> list[Any]:
    other = apsw.Connection(str(database.path))
    try:
        return [row[0] for row in other.execute("SELECT a FROM t ORDER BY a")]
    finally:
        other.close()


# -- the file


def test_nothing_is_made_before_the_first_write(tmp_path: Path) -> None:
    made: list[str] = []
    database = Database(tmp_path / "object", OpenDatabases(8), lambda: made.append("made"))

    assert database.reading() is None
    database.delete_all()
    database.commit()
    assert list(tmp_path.iterdir()) == []
    assert made == []

    database.writing()
    assert [path.name for path in tmp_path.iterdir()] == ["object"]
    assert (tmp_path / "object" / "db.sqlite").exists()
    assert made == ["made"]
    database.close()


def test_the_file_is_set_up_as_workerd_sets_it_up(database: Database) -> None:
    make_table(database)
    connection = database.reading()
    assert connection is not None

    def pragma(name: str) -> object:
        return connection.pragma(name)

    assert pragma("journal_mode") == "wal"
    assert pragma("page_size") == 4096
    assert pragma("foreign_keys") == 1
    assert pragma("synchronous") == 1
    assert not database.path.with_suffix(".new").exists()


def test_a_new_file_waits_for_the_disk_from_its_second_commit_on(database: Database) -> None:
    def synchronous() -> object:
        return database.opened().pragma("synchronous")

    database.writing().execute("CREATE TABLE t (a)")
    assert synchronous() == _OFF

    database.end_turn()
    database.commit()
    assert synchronous() == _NORMAL
    database.close()
    assert synchronous() == _NORMAL


def test_a_new_file_waits_for_the_disk_after_a_transaction_or_deleting_all(tmp_path: Path) -> None:
    for way in ("transaction", "deleteAll"):
        database = Database(tmp_path / way, OpenDatabases(8), lambda: None)
        level = database.begin_explicit() if way == "transaction" else 0
        database.writing().execute("CREATE TABLE t (a)")
        if level:
            database.keep(level)
        else:
            database.delete_all()

        assert database.opened().pragma("synchronous") == _NORMAL
        database.close()


def test_a_new_file_that_is_to_survive_a_power_loss_waits_for_every_commit(tmp_path: Path) -> None:
    database = Database(tmp_path / "object", OpenDatabases(8, syncs_commits=True), lambda: None)

    database.writing().execute("CREATE TABLE t (a)")
    assert database.opened().pragma("synchronous") == _FULL
    database.end_turn()
    database.commit()
    assert database.opened().pragma("synchronous") == _FULL
    database.close()


def test_the_log_of_a_new_file_is_not_written_back_before_it_is_on_the_disk(
    database: Database,
) -> None:
    database.writing().execute("CREATE TABLE t (a)")
    for number in range(1100):
        database.writing().execute("INSERT INTO t VALUES (zeroblob(4096) || ?)", (number,))
    database.end_turn()
    database.commit()
    assert database.path.stat().st_size == _PAGE

    write(database, 1)
    database.end_turn()
    database.commit()
    assert database.path.stat().st_size > 1000 * _PAGE


def test_what_is_committed_is_there_after_reopening(database: Database) -> None:
    make_table(database)
    write(database, 1)
    database.end_turn()
    database.commit()

    database.close()

    assert numbers(database) == [1]


def test_the_epoch_changes_when_the_schema_may_have(database: Database) -> None:
    epochs = [database.epoch]
    steps: list[Callable[[], object]] = [
        lambda: make_table(database),
        database.close,
        database.reading,
        database.writing,
        database.rollback_turn,
        database.delete_all,
    ]

    for do in steps:
        do()
        epochs.append(database.epoch)

    assert epochs[0] < epochs[1] < epochs[3] == epochs[4] < epochs[5] < epochs[6]


# -- transactions


def test_turns_of_a_pass_are_committed_together(database: Database) -> None:
    make_table(database)

    for number in range(3):
        write(database, number)
        write(database, number + 10)
        database.end_turn()
        assert database.is_pinned
        assert committed(database) == []
    database.commit()

    assert not database.is_pinned
    assert committed(database) == [0, 1, 2, 10, 11, 12]


@pytest.mark.parametrize("taken_back", [0, 1, 2])
def test_a_turn_is_taken_back_alone(database: Database, taken_back: int) -> None:
    make_table(database)

    for number in range(3):
        write(database, number)
        if number == taken_back:
            database.rollback_turn()
        database.end_turn()
    database.commit()

    assert committed(database) == [number for number in range(3) if number != taken_back]


def test_a_turn_is_taken_back_though_one_was_committed_before_its_end(database: Database) -> None:
    make_table(database)
    write(database, 1)
    database.end_turn()
    write(database, 2)
    database.commit()
    write(database, 3)

    database.rollback_turn()
    database.commit()

    assert committed(database) == [1, 2]


def test_a_turn_that_wrote_nothing_has_nothing_to_take_back(database: Database) -> None:
    make_table(database)
    write(database, 1)
    database.end_turn()

    database.rollback_turn()
    database.end_turn()
    database.commit()
    database.rollback_turn()

    assert committed(database) == [1]


def test_closing_takes_back_what_is_not_committed(database: Database) -> None:
    make_table(database)
    write(database, 1)
    database.end_turn()
    write(database, 2)

    database.close()
    database.close()

    assert numbers(database) == []
    assert not database.is_pinned


def test_a_commit_that_fails_takes_everything_back(database: Database) -> None:
    make_table(database)
    write(database, 1)
    database.end_turn()
    database.writing().execute("CREATE TABLE p (id PRIMARY KEY)")
    database.writing().execute("CREATE TABLE c (id REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
    database.writing().execute("INSERT INTO c VALUES (1)")
    database.end_turn()

    with pytest.raises(JsException) as failed:
        database.commit()

    assert failed.value.message == (
        "FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)"
    )
    assert committed(database) == []
    assert not database.is_pinned


# -- deleting everything


def test_deleting_all_empties_the_file_at_once(database: Database) -> None:
    make_table(database)
    write(database, 1)
    database.end_turn()
    database.commit()
    write(database, 2)

    database.delete_all()

    assert not database.is_pinned
    other = apsw.Connection(str(database.path))
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == []
    other.close()
    make_table(database)
    assert numbers(database) == []
    assert database.writing().pragma("journal_mode") == "wal"


# -- errors


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        (
            "INSERT INTO t VALUES (1)",
            (
                "UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT"
                " (extended: SQLITE_CONSTRAINT_PRIMARYKEY)"
            ),
        ),
        ("SELECT * FROM missing", "no such table: missing: SQLITE_ERROR"),
        ("SELECT zeroblob(5000000)", "string or blob too big: SQLITE_TOOBIG"),
    ],
)
def test_an_error_of_sqlite_has_the_form_that_workerd_gives_it(sql: str, text: str) -> None:
    connection = apsw.Connection(":memory:")
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, 4 * 1024 * 1024)
    connection.execute("CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES (1)")

    with pytest.raises(apsw.Error) as raised:
        connection.execute(sql).fetchall()
    with pytest.raises(JsException) as seen:
        raise_sqlite_error(raised.value)

    assert (seen.value.name, seen.value.message) == ("Error", text)
    assert seen.value.__cause__ is raised.value
    connection.close()


# -- the budget


def test_the_budget_follows_the_limit_on_open_files() -> None:
    files = open_files_limit()

    budget = OpenDatabases()

    assert 8 <= budget.limit <= 1000
    if files is not None:
        assert budget.limit == max(8, min(1000, (files - 96) // 4))


def test_the_database_used_least_recently_is_closed(tmp_path: Path) -> None:
    budget = OpenDatabases(2)
    first, second, third = (Database(tmp_path / name, budget, lambda: None) for name in "abc")
    for database in (first, second):
        make_table(database)
    numbers(first)

    make_table(third)

    assert len(budget) == 2
    epochs = (first.epoch, second.epoch)
    assert numbers(first) == []
    assert numbers(second) == []
    assert first.epoch == epochs[0]
    assert second.epoch > epochs[1]
    for database in (first, second, third):
        database.close()
    assert len(budget) == 0


def test_databases_in_the_middle_of_something_stay_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    budget = OpenDatabases(2)
    databases = [Database(tmp_path / str(number), budget, lambda: None) for number in range(5)]
    with caplog.at_level(logging.WARNING, "pydo.runtime"):
        for number, database in enumerate(databases):
            database.writing().execute(f"CREATE TABLE t{number} (a)")

    assert len(budget) == 5
    (warning,) = caplog.records
    assert warning.getMessage() == (
        "3 databases are open, more than the 2 that the limit on open files allows for; "
        "all of them are in the middle of something (raise it with ulimit -n)"
    )
    for database in databases:
        database.end_turn()
        database.commit()
    extra = Database(tmp_path / "extra", budget, lambda: None)
    make_table(extra)
    assert len(budget) == 2
    for database in (*databases, extra):
        database.close()


async def test_many_live_objects_share_few_open_databases(start: Callable[..., Core]) -> None:
    core: Core = start(open_databases=4)
    most: list[int] = []

    class Counter(Object):
        def __init__(self, actor: Any) -> None:
            super().__init__(actor)
            self.in_memory = 0

        async def increment(self) -> None:
            self.in_memory += 1
            self.write(self.read() + 1)
            most.append(len(core.runtime.budget))

        async def both(self) -> tuple[int, int]:
            return self.in_memory, self.read()

    stubs: list[Stub] = [core.stub(Counter, str(number)) for number in range(50)]

    for _ in range(3):
        await asyncio.gather(*(stub.call("increment") for stub in stubs))
    for stub in stubs:
        await stub.call("increment")

    assert [await stub.call("both") for stub in stubs] == [(4, 4)] * 50
    assert max(most) <= 4

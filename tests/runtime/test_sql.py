"""SQL in the turns of objects: cursors, what they hold, what ends them, and what they count."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from pydo.errors import JsException
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.database import Database
from pydo.runtime.sql import SqlDatabase

from .conftest import Object, failure_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydo.runtime.sql import SqlCursor

    from .conftest import Core

CANCELED = "SQLite query was canceled because the database was deleted."
UNREAD = "INSERT INTO t(b) VALUES (1), (2) RETURNING a"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "object", OpenDatabases(8), lambda: None)
    yield database
    database.close()


@pytest.fixture
def sql(database: Database) -> SqlDatabase:
    sql = SqlDatabase(database)
    sql.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b, c)", ())
    return sql


def fill(sql: SqlDatabase, rows: int) -> None:
    for number in range(1, rows + 1):
        sql.execute("INSERT INTO t VALUES (?, ?, ?)", (number, f"b{number}", number % 3))


def end_turn(database: Database) -> None:
    database.end_turn()
    database.commit()


def said(sql: SqlDatabase, text: str, *bindings: Any) -> str:
    with pytest.raises(JsException) as raised:
        sql.execute(text, bindings).rest()
    return raised.value.message


# -- turns


def test_a_read_begins_no_transaction_and_a_write_does(
    sql: SqlDatabase, database: Database
) -> None:
    end_turn(database)
    connection = database.opened()

    for text in (
        "SELECT * FROM t",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "VALUES (1)",
        "PRAGMA foreign_keys",
    ):
        sql.execute(text, ()).rest()
        assert not connection.in_transaction, text

    sql.execute("WITH x AS (SELECT 1) INSERT INTO t(b) SELECT * FROM x", ())
    assert connection.in_transaction


def test_61_a_statement_that_fails_leaves_the_others_of_its_turn(
    sql: SqlDatabase, database: Database
) -> None:
    sql.execute("INSERT INTO t VALUES (1, 2, 3)", ())

    assert said(sql, "INSERT INTO t VALUES (2, 2, 2); INSERT INTO t VALUES (1, 1, 1)") == (
        "UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)"
    )

    end_turn(database)
    assert sql.execute("SELECT a FROM t", ()).rest() == [(1,), (2,)]


def test_rows_of_returning_that_nobody_reads_fail_the_turn(
    sql: SqlDatabase, database: Database
) -> None:
    end_turn(database)
    sql.execute(UNREAD, ()).next()

    with pytest.raises(JsException, match="internal error; reference = ") as raised:
        database.end_turn()

    assert UNREAD in str(raised.value.__cause__)
    database.rollback_turn()
    assert sql.execute("SELECT * FROM t", ()).rest() == []
    end_turn(database)


@pytest.mark.parametrize("take", ["next", "rest", "close"])
def test_rows_of_returning_may_be_read_or_let_go(
    sql: SqlDatabase, database: Database, take: str
) -> None:
    cursor = sql.execute("INSERT INTO t(b) VALUES (5) RETURNING b", ())

    assert getattr(cursor, take)() in ((5.0,), (5,), [(5,)], None)

    assert cursor.next() is None
    end_turn(database)


def test_a_statement_that_was_taken_back_leaves_nothing_unread(
    sql: SqlDatabase, database: Database
) -> None:
    level = database.begin_level()
    sql.execute(UNREAD, ())
    database.undo(level)

    end_turn(database)
    assert sql.execute("SELECT * FROM t", ()).rest() == []


def test_a_transaction_does_not_commit_unread_rows(sql: SqlDatabase, database: Database) -> None:
    end_turn(database)
    level = database.begin_explicit()
    sql.execute(UNREAD, ())

    with pytest.raises(JsException, match="internal error"):
        database.keep(level)


def test_a_deferred_constraint_fails_a_transaction(sql: SqlDatabase, database: Database) -> None:
    sql.execute("CREATE TABLE c (a REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)", ())
    end_turn(database)
    level = database.begin_explicit()
    sql.execute("INSERT INTO c VALUES (1)", ())

    with pytest.raises(JsException, match="internal error"):
        database.keep(level)

    assert sql.execute("SELECT * FROM c", ()).rest() == []


def test_or_rollback_fails_the_turn_whatever_comes_after(
    sql: SqlDatabase, database: Database
) -> None:
    end_turn(database)
    fill(sql, 1)

    assert said(sql, "INSERT OR ROLLBACK INTO t VALUES (1, 1, 1)").startswith("UNIQUE")

    assert said(sql, "INSERT INTO t VALUES (9, 9, 9)").startswith("internal error")
    assert said(sql, "SELECT nope").startswith("no such column")
    with pytest.raises(JsException, match="internal error"):
        database.end_turn()
    database.rollback_turn()


class Keeper(Object):
    """An object with a table, whose disk may be full."""

    async def make(self) -> None:
        self.actor.sql.execute("CREATE TABLE t (a)", ())

    async def overfill(self) -> str:
        self.actor.sql.execute("INSERT INTO t VALUES (1)", ())
        connection = self.actor.database.opened()
        connection.pragma("max_page_count", connection.pragma("page_count"))
        try:
            self.actor.sql.execute("INSERT INTO t VALUES (zeroblob(100000))", ())
        except JsException as error:
            return error.message
        return "nothing"

    async def loop_for_ever(self) -> None:
        connection = self.actor.sql.connection()
        # As the watchdog does from its thread, once the statement runs.
        connection.set_progress_handler(self.interrupt, 1000)
        self.actor.sql.execute("INSERT INTO t VALUES (1)", ())
        self.actor.sql.execute(
            "INSERT INTO t WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT n"
            " FROM r",
            (),
        )

    async def interrupted_read(self) -> str:
        connection = self.actor.sql.connection()
        connection.set_progress_handler(self.interrupt, 1000)
        cursor = self.actor.sql.execute(
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r"
            " WHERE n < 2 OR n > 1000000000",
            (),
        )
        try:
            cursor.rest()
        except JsException as error:
            return error.message
        return "nothing"

    def interrupt(self) -> bool:
        self.actor.interrupt()
        return False

    async def count(self) -> object:
        return self.actor.sql.execute("SELECT count(*) FROM t", ()).rest()[0][0]


async def test_a_full_disk_resets_the_object_even_if_the_error_is_caught(core: Core) -> None:
    stub = core.stub(Keeper)
    await stub.call("make")

    error = await failure_of(stub.call("overfill"))

    assert error.message == "database or disk is full: SQLITE_FULL"
    assert await core.stub(Keeper).call("count") == 0


async def test_a_write_that_is_interrupted_resets_the_object(core: Core) -> None:
    stub = core.stub(Keeper)
    await stub.call("make")

    error = await failure_of(stub.call("loop_for_ever"))

    assert error.message == "interrupted: SQLITE_INTERRUPT"
    assert await core.stub(Keeper).call("count") == 0


async def test_a_read_that_is_interrupted_fails_alone(core: Core) -> None:
    stub = core.stub(Keeper)
    await stub.call("make")

    assert await stub.call("interrupted_read") == "interrupted: SQLITE_INTERRUPT"

    assert await stub.call("count") == 0


# -- cursors


def test_53_a_cursor_is_a_row_ahead_of_its_reader(sql: SqlDatabase) -> None:
    fill(sql, 3)
    cursor = sql.execute("SELECT a FROM t", ())

    read = [cursor.rows_read]
    while cursor.next() is not None:
        read.append(cursor.rows_read)

    assert read == [1, 2, 3, 3]


def test_54_cursors_on_the_same_text_are_independent(sql: SqlDatabase) -> None:
    fill(sql, 2)
    first, second = (sql.execute("SELECT a FROM t", ()) for _ in range(2))

    assert [each.next() for each in (first, second, first, second)] == [(1,), (1,), (2,), (2,)]


def test_a_cursor_sees_what_is_written_while_it_is_open(
    sql: SqlDatabase, database: Database
) -> None:
    fill(sql, 2)
    cursor = sql.execute("SELECT a FROM t", ())
    end_turn(database)

    sql.execute("INSERT INTO t VALUES (9, 9, 9)", ())
    end_turn(database)

    assert cursor.rest() == [(1,), (2,), (9,)]
    assert cursor.rest() == []


def test_an_open_cursor_locks_its_table_and_pins_its_database(
    sql: SqlDatabase, database: Database
) -> None:
    fill(sql, 2)
    end_turn(database)
    cursor = sql.execute("SELECT a FROM t", ())
    assert database.is_pinned
    assert said(sql, "DROP TABLE t") == "database table is locked: SQLITE_LOCKED"
    end_turn(database)

    cursor.rest()

    assert not database.is_pinned
    sql.execute("DROP TABLE t", ())


def test_a_cursor_that_nobody_holds_is_gone_at_once(sql: SqlDatabase, database: Database) -> None:
    fill(sql, 2)
    end_turn(database)
    gc.disable()
    try:
        cursor = sql.execute("SELECT a FROM t", ())
        cursor.next()
        del cursor
        assert not database.is_pinned
    finally:
        gc.enable()


def test_a_cursor_that_is_at_its_end_holds_nothing(sql: SqlDatabase, database: Database) -> None:
    fill(sql, 2)
    end_turn(database)
    cursor = sql.execute("SELECT a FROM t", ())

    cursor.next()
    assert database.is_pinned
    cursor.next()

    assert not database.is_pinned


@pytest.mark.parametrize(
    "text", ["SELECT a FROM t", "INSERT INTO t(b) VALUES (1), (2) RETURNING a"]
)
@pytest.mark.parametrize("use", ["next", "rest", "rows_read", "rows_written"])
def test_a_cursor_does_not_outlive_its_database(
    sql: SqlDatabase, database: Database, text: str, use: str
) -> None:
    fill(sql, 2)
    cursor = sql.execute(text, ())
    database.delete_all()

    with pytest.raises(JsException, match=CANCELED):
        used(cursor, use)

    assert cursor.columns == ("a",)
    assert said(sql, "SELECT * FROM t") == "no such table: t: SQLITE_ERROR"


def used(cursor: SqlCursor, use: str) -> object:
    found = getattr(cursor, use)
    return found() if callable(found) else found


def test_a_cursor_that_was_read_to_its_end_outlives_its_database(
    sql: SqlDatabase, database: Database
) -> None:
    fill(sql, 2)
    cursor = sql.execute("SELECT a FROM t", ())
    cursor.rest()

    database.delete_all()

    assert cursor.next() is None


def test_an_error_that_comes_late_ends_the_cursor(sql: SqlDatabase) -> None:
    fill(sql, 2)
    sql.execute("INSERT INTO t(c) VALUES (-9223372036854775808)", ())
    one_by_one, at_once = (sql.execute("SELECT abs(c) FROM t", ()) for _ in range(2))

    assert one_by_one.next() == (1,)
    for take in (one_by_one.next, at_once.rest):
        with pytest.raises(JsException, match="integer overflow: SQLITE_ERROR"):
            take()
    assert one_by_one.next() is None


def test_52_columns_are_those_of_the_text(sql: SqlDatabase) -> None:
    assert sql.execute("SELECT 1 a, 2 b, 3 a, count(*), ?, 'x'", (1.0,)).columns == (
        "a",
        "b",
        "a",
        "count(*)",
        "?",
        "'x'",
    )
    assert sql.execute("INSERT INTO t(b) VALUES (1)", ()).columns == ()


# -- what the user's SQL may not do


def test_a_text_of_pydos_own_is_judged_anew(sql: SqlDatabase, database: Database) -> None:
    assert sql.size % 4096 == 0
    database.opened().execute("PRAGMA page_count").fetchall()

    assert said(sql, "PRAGMA page_count") == "not authorized: SQLITE_AUTH"

    database.opened().execute("PRAGMA page_count").fetchall()


def test_a_limited_change_is_named_for_what_it_is(sql: SqlDatabase) -> None:
    for text in ("DELETE FROM t LIMIT 1", "UPDATE t SET b = 1 ORDER BY a LIMIT 1"):
        assert "built without it" in said(sql, text)
    assert "built" not in said(sql, "DELETE FROM nope WHERE a IN (SELECT 1 LIMIT 1)")


def test_the_rules_hold_on_each_new_connection(sql: SqlDatabase, database: Database) -> None:
    end_turn(database)
    database.close()

    assert said(sql, "PRAGMA user_version") == "not authorized: SQLITE_AUTH"
    assert "too many terms" in said(sql, " UNION ALL ".join(["SELECT 1"] * 6))


def test_63_the_size_is_that_of_the_pages_in_use(sql: SqlDatabase) -> None:
    before = sql.size

    sql.execute("CREATE TABLE u (a)", ())
    assert sql.size == before + 4096

    sql.execute("DROP TABLE u", ())
    assert sql.size == before


# -- what it costs


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SELECT * FROM t", 10),
        ("SELECT * FROM t WHERE b = 'b3'", 10),
        ("SELECT * FROM t WHERE a = 3", 1),
        ("SELECT * FROM t WHERE a > 7", 3),
        ("SELECT * FROM t LIMIT 2", 2),
        ("SELECT * FROM t ORDER BY b", 20),
        ("SELECT * FROM t ORDER BY a DESC", 10),
        ("SELECT c, count(*) FROM t GROUP BY c", 20),
        ("SELECT DISTINCT c FROM t", 10),
        ("SELECT count(*) FROM t", 10),
        ("SELECT (SELECT count(*) FROM t)", 10),
        ("SELECT sum(a) FROM t", 10),
        ("SELECT max(a) FROM t", 1),
        ("SELECT * FROM json_each('[1, 2, 3]')", 3),
        ("SELECT 1", 0),
        ("VALUES (1), (2)", 0),
        ("PRAGMA foreign_keys", 0),
    ],
)
def test_reads_cost_what_they_cost_on_cloudflare(sql: SqlDatabase, text: str, rows: int) -> None:
    fill(sql, 10)
    cursor = sql.execute(text, ())

    cursor.rest()

    assert (cursor.rows_read, cursor.rows_written) == (rows, 0)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("INSERT INTO t VALUES (50, 1, 1)", 3),
        ("INSERT INTO t VALUES (50, 1, 1), (51, 1, 1)", 6),
        ("INSERT INTO t VALUES (3, 2, 2) ON CONFLICT DO UPDATE SET b = 3", 3),
        ("INSERT INTO t VALUES (3, 2, 2) ON CONFLICT DO NOTHING", 0),
        ("REPLACE INTO t VALUES (3, 2, 2)", 3),
        ("INSERT INTO t SELECT a + 100, b, c FROM t", 30),
        ("INSERT INTO t VALUES (50, 1, 1), (51, 1, 1) RETURNING *", 6),
        ("UPDATE t SET b = 'z' WHERE a = 3", 2),
        ("UPDATE t SET a = 77 WHERE a = 3", 3),
        ("UPDATE t SET c = c + 1", 20),
        ("DELETE FROM t WHERE a < 7", 6),
        ("DELETE FROM t", 10),
        ("INSERT INTO w VALUES ('a', 1), ('b', 2)", 2),
        ("INSERT INTO p VALUES ('q', 1)", 3),
        ("INSERT INTO s (v) VALUES (1), (2)", 3),
        ("INSERT INTO s (v) SELECT a FROM t", 11),
        ("CREATE TABLE v (a)", 0),
    ],
)
def test_writes_cost_what_they_cost_on_cloudflare(sql: SqlDatabase, text: str, rows: int) -> None:
    fill(sql, 10)
    sql.execute(
        "CREATE INDEX ib ON t (b); CREATE INDEX ic ON t (c);"
        " CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID;"
        " CREATE TABLE p (k TEXT PRIMARY KEY, v);"
        " CREATE TRIGGER g AFTER INSERT ON p BEGIN INSERT INTO w VALUES (NEW.k, NEW.v); END;"
        " CREATE TABLE s (a INTEGER PRIMARY KEY AUTOINCREMENT, v)",
        (),
    )
    cursor = sql.execute(text, ())

    cursor.rest()

    assert cursor.rows_written == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("INSERT INTO f VALUES ('one two')", 1),
        ("DELETE FROM f", 1),
        ("INSERT INTO d VALUES (2, 'three four')", 3),
        ("DELETE FROM d", 2),
        ("INSERT INTO t VALUES (50, 1, 1)", 1),
    ],
)
def test_what_fts5_writes_for_itself_costs_nothing(sql: SqlDatabase, text: str, rows: int) -> None:
    fill(sql, 1)
    sql.execute(
        "CREATE VIRTUAL TABLE f USING fts5(text); INSERT INTO f VALUES ('zero');"
        " CREATE TABLE d (n INTEGER PRIMARY KEY, text); CREATE INDEX id ON d (text);"
        " CREATE VIRTUAL TABLE df USING fts5(text, content = 'd', content_rowid = 'n');"
        " CREATE TRIGGER di AFTER INSERT ON d BEGIN"
        " INSERT INTO df (rowid, text) VALUES (NEW.n, NEW.text); END;"
        " CREATE TRIGGER dd AFTER DELETE ON d BEGIN"
        " INSERT INTO df (df, rowid, text) VALUES ('delete', OLD.n, OLD.text); END;"
        " INSERT INTO d VALUES (1, 'one two')",
        (),
    )

    assert sql.execute(text, ()).rows_written == rows


def test_what_is_put_in_place_is_not_looked_for(sql: SqlDatabase) -> None:
    sql.execute("CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID", ())

    assert sql.execute("INSERT INTO w VALUES ('a', 1), ('b', 2)", ()).rows_read == 0
    assert sql.execute("REPLACE INTO w VALUES ('a', 1)", ()).rows_read == 0
    assert sql.execute("SELECT * FROM w WHERE k = 'a'", ()).rows_read == 1


def test_what_is_not_there_any_more_is_counted_without_looking(sql: SqlDatabase) -> None:
    fill(sql, 3)
    read = sql.execute("SELECT * FROM t WHERE b = 'b1'", ())
    read.rest()
    written = sql.execute("UPDATE t SET b = 1", ())

    sql.execute("DROP TABLE t", ())

    assert (read.rows_read, written.rows_written) == (1, 3)


def test_a_failure_is_sqlites_own(sql: SqlDatabase) -> None:
    with pytest.raises(JsException) as raised:
        sql.execute("SELECT nope", ())

    assert isinstance(raised.value.__cause__, apsw.SQLError)


@pytest.mark.parametrize("literal", ["x'ff'", "X'fffe'", "x''", "x'00'", "'it''s x''ff'' here'"])
def test_blobs_written_out_in_sql_are_counted_like_others(sql: SqlDatabase, literal: str) -> None:
    written = sql.execute(f"INSERT INTO t(b) VALUES ({literal})", ())  # noqa: S608 - a test
    read = sql.execute(f"SELECT b FROM t WHERE b = {literal}", ())  # noqa: S608 - a test

    assert len(read.rest()) == 1
    assert (written.rows_written, read.rows_read) == (1, 1)

"""D1: results, errors and types as wrangler's database gives them."""

from __future__ import annotations

from threading import Timer
from typing import TYPE_CHECKING, Any

import pytest

from pydo.bindings.store import Query, SqlStore
from pydo.errors import JsException

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.host.project import Project

_TABLE = """
await db.prepare("CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT, r REAL, b BLOB)").run()
insert = db.prepare("INSERT INTO t (n, r, b) VALUES (?, ?, ?)")
await insert.bind("a", 1.5, bytes([1, 2])).run()
await insert.bind("b", 2, None).run()
"""
_WAITING = """
class A(DurableObject):
    running = 0
    async def both(self):
        type(self).running += 1
        await self.env.DB.prepare("SELECT 1").all()
        return type(self).running

async def main(env, ctx):
    stub = env.A.getByName("x")
    return list(await asyncio.gather(stub.both(), stub.both()))
"""
_TRANSACTIONS = "To execute a transaction, please use the state.storage.transaction() or"


def test_rows_come_as_objects_with_what_they_cost(run: Callable[[str], Any]) -> None:
    assert run(f"""{_TABLE}
result = await db.prepare("SELECT * FROM t WHERE id = ?").bind(1).all()
meta = result.meta
return [
    result.success, [(row.id, row["n"], row.r, row.b) for row in result.results],
    meta.served_by, meta.changes, meta.last_row_id, meta.changed_db,
    meta.rows_read, meta.rows_written, list(dict(meta)),
]
""") == [
        True, [(1, "a", 1.5, [1, 2])], "miniflare.db", 0, 2, False, 1, 0,
        ["served_by", "duration", "changes", "last_row_id", "changed_db", "size_after",
         "rows_read", "rows_written"],
    ]  # fmt: skip


def test_changes_are_counted(run: Callable[[str], Any]) -> None:
    assert run(f"""{_TABLE}
done = []
for text in (
    "INSERT INTO t (n) VALUES ('c'), ('d')", "INSERT INTO t (n) VALUES ('e') RETURNING id, n",
    "UPDATE t SET n = 'z' WHERE id <= 2", "UPDATE t SET n = 'z' WHERE id = 99",
    "DELETE FROM t WHERE id = 5", "SELECT count(*) FROM t",
):
    result = await db.prepare(text).run()
    meta = result.meta
    done.append((meta.changes, meta.last_row_id, meta.changed_db, meta.rows_written))
    rows = [dict(row) for row in result.results]
return [done, rows]
""") == [
        [(2, 4, True, 2), (1, 5, True, 1), (2, 5, True, 2), (0, 5, False, 0), (1, 5, True, 1),
         (0, 5, False, 0)],
        [{"count(*)": 4}],
    ]  # fmt: skip


def test_the_first_row_and_the_first_column(run: Callable[[str], Any]) -> None:
    assert run(f"""{_TABLE}
every = db.prepare("SELECT id, n FROM t")
none = db.prepare("SELECT * FROM t WHERE id = 99")
return [
    dict(await every.first()), await every.first("n"), await none.first(), await none.first("n"),
    await tried(lambda: every.first("zz")), await tried(lambda: every.first(None)),
    await every._binding.first(None) is not None,
]
""") == [
        {"id": 1, "n": "a"}, "a", None, None,
        "Error: D1_COLUMN_NOTFOUND: Column not found (zz)",
        "Error: D1_COLUMN_NOTFOUND: Column not found (null)", True,
    ]  # fmt: skip


def test_raw_rows_are_arrays(run: Callable[[str], Any]) -> None:
    assert run(f"""{_TABLE}
query = db.prepare("SELECT id, n FROM t")
none = db.prepare("SELECT id, n FROM t WHERE id = 99")
same = db.prepare("SELECT 1 AS a, 2 AS a")
return [
    await query.raw(), await query.raw(columnNames=True),
    await none.raw({{"columnNames": True}}), await none.raw(),
    await same.raw({{"columnNames": True}}), dict((await same.all()).results[0]),
]
""") == [
        [[1, "a"], [2, "b"]], [["id", "n"], [1, "a"], [2, "b"]], [["id", "n"]], [],
        [["a", "a"], [1, 2]], {"a": 2},
    ]  # fmt: skip


def test_a_batch_is_done_as_a_whole(run: Callable[[str], Any]) -> None:
    assert run(f"""{_TABLE}
results = await db.batch([
    db.prepare("SELECT 1 AS x"), db.prepare("INSERT INTO t (n) VALUES (?)").bind("c"),
    db.prepare("SELECT count(*) AS c FROM t"),
])
failed = await tried(lambda: db.batch([
    db.prepare("INSERT INTO t (n) VALUES ('gone')"), db.prepare("SELECT * FROM nope"),
]))
return [
    [[dict(row) for row in each.results] for each in results], failed,
    await db.prepare("SELECT count(*) AS c FROM t").first("c"), await tried(lambda: db.batch([])),
    await tried(lambda: raw_db.batch()),
]
""") == [
        [[{"x": 1}], [], [{"c": 3}]], "Error: D1_ERROR: no such table: nope: SQLITE_ERROR", 3,
        "Error: D1_ERROR: No SQL statements detected.",
        "TypeError: Cannot read properties of undefined (reading 'map')",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("CREATE TABLE x (a);\nINSERT INTO x VALUES (1);", 2),
        ("SELECT 1", 1),
        ("SELECT 1; SELECT 2;", 1),
        ("SELECT 1;\nSELECT * FROM nope", "Error: D1_EXEC_ERROR: Error in line 1: SELECT 1;: no such table: nope: SQLITE_ERROR"),  # noqa: E501 - as said
        ("CREATE TABLE m (\n id INTEGER)", "Error: D1_EXEC_ERROR: Error in line 1: CREATE TABLE m (: incomplete input: SQLITE_ERROR"),  # noqa: E501 - as said
        ("", "Error: D1_EXEC_ERROR: Error in line 1: : No SQL statements detected."),
        ("-- hi", "Error: D1_EXEC_ERROR: Error in line 1: -- hi: SQL code did not contain a statement."),  # noqa: E501 - as said
    ],
)  # fmt: skip
def test_exec_runs_each_line(run: Callable[[str], Any], text: str, answer: object) -> None:
    assert run(f"""
result = await tried(lambda: db.exec({text!r}))
return result if isinstance(result, str) else result.count
""") == answer  # fmt: skip


@pytest.mark.parametrize(
    ("text", "bound", "said"),
    [
        ("SELEC 1", "", 'near "SELEC": syntax error at offset 0: SQLITE_ERROR'),
        ("SELECT * FROM nope", "", "no such table: nope: SQLITE_ERROR"),
        ("INSERT INTO t (id) VALUES (1)", "", "UNIQUE constraint failed: t.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)"),  # noqa: E501 - as said
        ("SELECT zz FROM t", "", "no such column: zz at offset 7: SQLITE_ERROR"),
        ("", "", "No SQL statements detected."),
        ("-- x", "", "SQL code did not contain a statement."),
        ("SELECT ?, ?", "1", "Wrong number of parameter bindings for SQL query."),
        ("SELECT ?", "1, 2", "Wrong number of parameter bindings for SQL query."),
        ("SELECT ?", "", "Wrong number of parameter bindings for SQL query."),
        ("PRAGMA journal_mode", "", "not authorized: SQLITE_AUTH"),
        ("ATTACH 'x' AS y", "", "not authorized: SQLITE_AUTH"),
        ("CREATE TABLE _cf_x (a)", "", "not authorized: SQLITE_AUTH"),
        ("SELECT sqlite_version()", "", "not authorized to use function: sqlite_version at offset 7: SQLITE_ERROR"),  # noqa: E501 - as said
    ],
)  # fmt: skip
def test_errors_of_queries(run: Callable[[str], Any], text: str, bound: str, said: str) -> None:
    answer = run(f"{_TABLE}return await tried(lambda: db.prepare({text!r}).bind({bound}).all())")

    assert answer == f"Error: D1_ERROR: {said}"


def test_an_error_tells_its_cause_and_leaves_the_database_usable(run: Callable[[str], Any]) -> None:
    assert run("""
        try:
            await raw_db.prepare("SELECT * FROM nope").all()
        except JsException as error:
            cause = told(error.cause)
        return [cause, await db.prepare("SELECT 1 AS a").first("a")]
    """) == ["Error: no such table: nope: SQLITE_ERROR", 1]


def test_transactions_are_not_sqls_to_make(run: Callable[[str], Any]) -> None:
    answer = run("return await tried(lambda: db.prepare('BEGIN TRANSACTION').run())")

    assert answer.startswith(f"Error: D1_ERROR: {_TRANSACTIONS}")


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("True", (1, "real")), ("False", (0, "real")), ("1", (1, "real")), ("1.5", (1.5, "real")),
        ("None", (None, "null")), ("'é'", ("é", "text")), ("b'ab'", ([97, 98], "blob")),
        ("[1, 2, 3]", ([1, 2, 3], "blob")), ("[]", ([], "blob")),
        ("float('nan')", (None, "null")), ("float('inf')", (None, "null")),
        ("2 ** 53 - 1", (9007199254740991, "real")),
        ("Uint16Array.new(to_js([1, 256]))", ([1, 0], "blob")),
    ],
)  # fmt: skip
def test_values_that_are_bound(run: Callable[[str], Any], value: str, answer: object) -> None:
    assert run(f"""
row = await db.prepare("SELECT ?1 AS a, typeof(?1) AS t").bind({value}).first()
return (row.a, row.t)
""") == answer  # fmt: skip


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{'a': 1}", "Type 'object' not supported for value '[object Object]'"),
        ("[1, 'x', 300, None]", "Type 'object' not supported for value '1,x,300,'"),
        ("2 ** 60", "Type 'bigint' not supported for value '1152921504606846976'"),
    ],
)
def test_values_that_cannot_be_bound(run: Callable[[str], Any], value: str, said: str) -> None:
    answer = run(f"return await tried(lambda: db.prepare('SELECT ?').bind({value}))")

    assert answer == f"thrown Error: D1_TYPE_ERROR: {said}"


def test_undefined_cannot_be_bound(run: Callable[[str], Any]) -> None:
    answer = run("return await tried(lambda: raw_db.prepare('SELECT ?').bind(None))")

    assert (
        answer
        == "thrown Error: D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'"
    )


def test_numbers_of_sqlite_become_those_of_javascript(run: Callable[[str], Any]) -> None:
    assert run("""
        row = await db.prepare(
            "SELECT 9223372036854775807 AS a, 9007199254740993 AS b, 1e999 AS i, 1.0 AS f"
        ).first()
        return dict(row)
    """) == {"a": 9223372036854775807.0, "b": 9007199254740992.0, "i": None, "f": 1}


def test_a_statement_may_be_bound_twice(run: Callable[[str], Any]) -> None:
    assert run("""
        query = db.prepare("SELECT ? AS a")
        one, two = query.bind(1), query.bind(2)
        return [await one.first("a"), await two.first("a")]
    """) == [1, 2]


def test_sessions_tell_bookmarks(run: Callable[[str], Any]) -> None:
    assert run("""
        session = db.withSession()
        before = session.getBookmark()
        one = await session.prepare("SELECT 1 AS a").first("a")
        first = session.getBookmark()
        await session.batch([session.prepare("SELECT 1")])
        second = session.getBookmark()
        later = db.withSession(second)
        return [before, one, first < second, len(second), later.getBookmark() == second,
                raw_db.withSession("").getBookmark() is jsnull]
    """) == [None, 1, True, 59, True, True]


def test_a_database_cannot_be_dumped(run: Callable[[str], Any]) -> None:
    assert run("return await tried(lambda: db.dump())") == "Error: D1_DUMP_ERROR: Status + 404"


def test_an_object_lets_others_in_while_it_waits_for_a_database(project: Project) -> None:
    assert project.run(_WAITING) == [2, 2]


def test_an_object_relational_mapper_reads_it_as_django_does(run: Callable[[str], Any]) -> None:
    assert run("""
        from pyodide.ffi import run_sync
        await db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT)")

        def execute(text, values):
            statement = raw_db.prepare(text)
            if values:
                statement = statement.bind(*values)
            result = run_sync(statement.all())
            rows = result.results.to_py()
            return rows, result.meta.last_row_id, result.meta.rows_read, result.meta.changes

        inserted = execute("INSERT INTO t (n) VALUES (?)", ["a"])
        found = execute("SELECT id, n FROM t WHERE n = ?", ("a",))
        arrays = run_sync(raw_db.prepare("SELECT id, n FROM t").raw()).to_py()
        return [inserted[1], inserted[3], found[0], arrays]
    """) == [1, 1, [{"id": 1, "n": "a"}], [[1, "a"]]]


def test_a_column_may_default_to_the_current_time(run: Callable[[str], Any]) -> None:
    found = run("""
        await db.exec("CREATE TABLE t (a, at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)")
        await db.prepare("INSERT INTO t (a) VALUES (1)").run()
        return len(await db.prepare("SELECT at FROM t").first("at"))
    """)

    assert found == len("2026-01-01 00:00:00")


def test_a_query_that_fails_does_not_make_the_last_row_id_forgotten(
    run: Callable[[str], Any],
) -> None:
    found = run("""
        await db.exec("CREATE TABLE t (a)")
        await db.prepare("INSERT INTO t VALUES (1), (2)").run()
        await tried(lambda: raw_db.prepare("SELECT * FROM nope").all())
        return (await db.prepare("SELECT 1").run()).meta.last_row_id
    """)

    assert found == 2


_ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"


def test_a_query_ends_at_its_limit_and_takes_back_what_came_with_it(tmp_path: Path) -> None:
    store = SqlStore(tmp_path / "d1", limit_s=0.05)
    store.run([Query("CREATE TABLE t (x)")])

    with pytest.raises(JsException, match="D1 DB exceeded its CPU time limit and was reset"):
        store.run([Query("INSERT INTO t VALUES (1)"), Query(_ENDLESS)])

    assert store.run([Query("SELECT count(*) FROM t")])[0].rows == [(0,)]
    store.close()


def test_a_query_can_be_stopped_from_another_thread(tmp_path: Path) -> None:
    store = SqlStore(tmp_path / "d1", limit_s=30)
    timer = Timer(0.1, store.interrupt)
    timer.start()

    with pytest.raises(JsException, match="interrupted"):
        store.run([Query(_ENDLESS)])

    timer.join()
    store.close()

"""`storage.sql` and `storage.kv` by the answers that workerd gives to the same calls.

Each test bears the number of the reference's checklist where there is one.
"""

# ruff: noqa: E501 - programs and messages are one line each
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.host.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CODE = """
import json
from js import Object
from pyodide.ffi import JsException, jsnull, to_js

class A(DurableObject):
    async def run(self, source):
        s = self.ctx.storage
        names = {"s": s, "q": s.sql, "told": told, "rows": rows}
        body = "async def body():\\n" + "".join(f"    {line}\\n" for line in source.splitlines())
        exec(body, names)
        return json.dumps(await names["body"](), default=repr)

def told(action):
    try:
        action()
    except JsException as error:
        return str(error)
    return "nothing"

def rows(cursor):
    return [dict(row) for row in cursor]

async def main(env, ctx):
    return await env.A.getByName("a").run(SOURCE)
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


def run(project: Project, source: str) -> Any:
    return json.loads(project.run(f"SOURCE = {source!r}\n" + CODE))


MANY = "','.join(str(i) for i in range({}))"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("''", "SQL code did not contain a statement."),
        ("';'", "SQL code did not contain a statement."),
        ("'SELECT 1; -- done'", "SQL code did not contain a statement."),
        ("'SELECT ;'", 'near ";": syntax error at offset 7: SQLITE_ERROR'),
        ("'SELEC 1'", 'near "SELEC": syntax error at offset 0: SQLITE_ERROR'),
        ("'SELECT * FROM nope'", "no such table: nope: SQLITE_ERROR"),
        ('"SELECT \'abc"', 'unrecognized token: "\'abc" at offset 7: SQLITE_ERROR'),
        ("'SELECT ?'", "Wrong number of parameter bindings for SQL query."),
        (
            "'SELECT ?; SELECT 1'",
            (
                "When executing multiple SQL statements in a single call, only the last statement can"
                " have parameters."
            ),
        ),
        ("'ATTACH \"x\" AS y'", "not authorized: SQLITE_AUTH"),
        ("'CREATE TEMP TABLE x (a)'", "not authorized: SQLITE_AUTH"),
        ("'CREATE VIRTUAL TABLE x USING dbstat'", "not authorized: SQLITE_AUTH"),
        ("'PRAGMA user_version'", "not authorized: SQLITE_AUTH"),
        ("'PRAGMA journal_mode=DELETE'", "not authorized: SQLITE_AUTH"),
        ("'CREATE TABLE _CF_x (a)'", "not authorized: SQLITE_AUTH"),
        ("'SELECT * FROM _cf_KV'", "access to _cf_KV.key is prohibited: SQLITE_AUTH"),
        ("'SELECT count(*) FROM _cf_KV'", "not authorized: SQLITE_AUTH"),
        ("'DROP TABLE _cf_KV'", "not authorized: SQLITE_AUTH"),
        (
            "'SELECT sqlite_version()'",
            "not authorized to use function: sqlite_version at offset 7: SQLITE_ERROR",
        ),
        ("'VACUUM'", "cannot VACUUM from within a transaction: SQLITE_ERROR"),
        ("'SELECT \"' + 'x' * 100001", "statement too long: SQLITE_TOOBIG"),
        (
            "'CREATE TABLE c (' + ','.join(f'c{i}' for i in range(101)) + ')'",
            "too many columns on c: SQLITE_ERROR",
        ),
        (
            "'SELECT ' + ','.join(str(i) for i in range(101))",
            "too many columns in result set: SQLITE_ERROR",
        ),
        (
            "' UNION ALL '.join(['SELECT 1'] * 6)",
            "too many terms in compound SELECT: SQLITE_ERROR",
        ),
        (
            "f\"SELECT 'a' LIKE '{'x' * 51}'\"",
            "LIKE or GLOB pattern too complex: SQLITE_ERROR",
        ),
        (
            "'SELECT max(' + ','.join(str(i) for i in range(128)) + ')'",
            "too many arguments on function max at offset 7: SQLITE_ERROR",
        ),
        ("'SELECT zeroblob(5000000)'", "string or blob too big: SQLITE_TOOBIG"),
    ],
)
def test_what_sql_may_not_do_is_said_in_the_words_of_production(
    project: Project, query: str, expected: str
) -> None:
    source = f"await s.put('k', 1)\nreturn told(lambda: q.exec({query}).toArray())"

    assert run(project, source) == f"Error: {expected}"


@pytest.mark.parametrize(
    "word", ["BEGIN", "commit", "End", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "/* x */ BEGIN"]
)
def test_55_transactions_are_not_made_by_sql(project: Project, word: str) -> None:
    said = run(project, f"return told(lambda: q.exec({word!r}))")

    assert said.startswith("Error: To execute a transaction, please use the state.storage")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            (
                "q.exec('CREATE TABLE t (a)'); q.exec('INSERT INTO t VALUES (1)')\n"
                "return rows(q.exec('SELECT a FROM t'))"
            ),
            [{"a": 1}],
        ),
        (
            "return rows(q.exec('SELECT typeof(?) a, 5/? b, typeof(?) c, ? d', 1, 2, True, False))",
            [{"a": "real", "b": 2.5, "c": "text", "d": "false"}],
        ),
        (
            (
                "q.exec('CREATE TABLE t (a INTEGER)'); q.exec('INSERT INTO t VALUES (?)', 1)\n"
                "return rows(q.exec('SELECT typeof(a) k FROM t'))"
            ),
            [{"k": "integer"}],
        ),
        ("return bytes(q.exec(\"SELECT x'0102' b\").one().b).hex()", "0102"),
        ("return q.exec('SELECT 9007199254740993 a').one().a", 9007199254740992),
        (
            (
                "return [told(lambda: q.exec('SELECT 1 WHERE 0').one()),"
                " told(lambda: q.exec('SELECT 1 UNION SELECT 2').one())]"
            ),
            [
                "Error: Expected exactly one result from SQL query, but got no results.",
                "Error: Expected exactly one result from SQL query, but got multiple results.",
            ],
        ),
        (
            "c = q.exec('SELECT 1 a UNION SELECT 2')\nreturn [len(c.toArray()), len(c.toArray())]",
            [2, 0],
        ),
        (
            (
                "return [rows(q.exec('SELECT 1 a, 2 b, 3 a')),"
                " [list(r) for r in q.exec('SELECT 1 a, 2 b, 3 a').raw()],"
                " list(q.exec('SELECT 1 a, 2 b, 3 a').columnNames)]"
            ),
            [[{"a": 3, "b": 2}], [[1, 2, 3]], ["a", "b", "a"]],
        ),
        (
            (
                "q.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)')\n"
                "c = s.sql.exec('SELECT a FROM t')\n"
                "c.next()\nreturn c.rowsRead"
            ),
            2,
        ),
        (
            (
                "q.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)')\n"
                "a, b = q.exec('SELECT a FROM t'), q.exec('SELECT a FROM t')\n"
                "return [c.next().value.a for c in (a, b, a, b)]"
            ),
            [1, 1, 2, 2],
        ),
        (
            "return rows(q.exec(\"SELECT count(*), 'hello', ?\", 1))",
            [{"count(*)": 1, "'hello'": "hello", "?": 1}],
        ),
        (
            (
                "q.exec('CREATE TABLE t (a)')\n"
                "return [list(q.exec('SELECT a, a b FROM t').columnNames),"
                " list(q.exec('INSERT INTO t VALUES (1)').columnNames)]"
            ),
            [["a", "b"], []],
        ),
        (
            (
                "q.exec('CREATE TABLE t (a)')\n"
                "c = q.exec('INSERT INTO t VALUES (7), (8) RETURNING a')\n"
                "return [q.exec('SELECT count(*) n FROM t').one().n, c.next().value.a, c.rowsWritten,"
                " len(c.toArray())]"
            ),
            [2, 7, 2, 1],
        ),
        (
            (
                "q.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)')\n"
                "c = q.exec('SELECT a FROM t')\n"
                "return told(lambda: q.exec('DROP TABLE t'))"
            ),
            "Error: database table is locked: SQLITE_LOCKED",
        ),
        (
            (
                "q.exec('CREATE TABLE ck (a CHECK (a > 0))')\n"
                "return told(lambda: q.exec('INSERT INTO ck VALUES (-1)'))"
            ),
            (
                "Error: CHECK constraint failed: a > 0: SQLITE_CONSTRAINT (extended:"
                " SQLITE_CONSTRAINT_CHECK)"
            ),
        ),
        (
            (
                "q.exec('CREATE TABLE t (a)')\n"
                "q.exec('CREATE TRIGGER tg AFTER INSERT ON t BEGIN INSERT INTO t SELECT 5 WHERE 0;"
                " SELECT 1; END; SELECT 7 a')\n"
                "return q.exec('SELECT count(*) n FROM sqlite_master WHERE type = ?', 'trigger').one().n"
            ),
            1,
        ),
        (
            "return [rows(q.exec('PRAGMA foreign_keys')), rows(q.exec('PRAGMA quick_check'))]",
            [[{"foreign_keys": 1}], [{"quick_check": "ok"}]],
        ),
        (
            (
                "q.exec('CREATE VIRTUAL TABLE r USING rtree(id, a, b); INSERT INTO r VALUES (1, 0, 1)')\n"
                "return q.exec('SELECT count(*) n FROM r').one().n"
            ),
            1,
        ),
        (
            "return rows(q.exec(\"SELECT json_extract('{\\\"a\\\": [1]}', '$.a[0]') v\"))",
            [{"v": 1}],
        ),
        (
            "return rows(q.exec('SELECT sum(x) OVER (ORDER BY x) n FROM (SELECT 1 x UNION SELECT 2)'))",
            [{"n": 1}, {"n": 3}],
        ),
        (
            (
                "q.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')\n"
                "return 'LIMIT' in told(lambda: q.exec('DELETE FROM t ORDER BY a LIMIT 1'))"
                " or q.exec('SELECT count(*) n FROM t').one().n == 0"
            ),
            True,
        ),
        ("before = q.databaseSize\nreturn before % 4096", 0),
    ],
)
def test_sql_answers_as_workerd_does(project: Project, body: str, expected: object) -> None:
    assert run(project, body) == expected


def test_42_sql_writes_are_part_of_the_turn(project: Project) -> None:
    source = """
q.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE)")
q.exec("INSERT INTO t VALUES (1, 'x')")
said = told(lambda: q.exec("INSERT INTO t VALUES (2, 'x')"))
return [said, q.exec("SELECT count(*) n FROM t").one().n]
"""

    assert run(project, source) == [
        (
            "Error: UNIQUE constraint failed: t.b: SQLITE_CONSTRAINT (extended:"
            " SQLITE_CONSTRAINT_UNIQUE)"
        ),
        1,
    ]


def test_62_a_deferred_constraint_that_does_not_hold_resets_the_object(project: Project) -> None:
    text = project.run(
        CODE.replace(
            'return await env.A.getByName("a").run(SOURCE)',
            """
    await env.A.getByName("a").run("q.exec('CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE"
        " c (pid REFERENCES p (id))')")
    try:
        await env.A.getByName("a").run("q.exec('PRAGMA defer_foreign_keys = on; INSERT INTO c"
            " VALUES (1)')")
    except JsException as error:
        said = str(error)
    left = await env.A.getByName("a").run("return q.exec('SELECT count(*) n FROM c').one().n")
    return [said, left]
""",
        )
    )

    assert text[0].startswith("Error: Durable Object was reset and rolled back to its last known")
    assert text[1] == "0"


def test_37_a_synchronous_transaction_takes_sql_and_keys_back_together(project: Project) -> None:
    source = """
q.exec("CREATE TABLE t (a)")
def both():
    q.exec("INSERT INTO t VALUES (1)")
    s.kv.put("k", 1)
    raise ValueError("no")
try:
    s.transactionSync(both)
except Exception as error:
    said = type(error).__name__
return [said, q.exec("SELECT count(*) n FROM t").one().n, s.kv.get("k")]
"""

    assert run(project, source) == ["ValueError", 0, None]


def test_38_the_two_key_value_interfaces_are_one(project: Project) -> None:
    source = """
await s.put("a", {"x": [1]})
s.kv.put("b", [2])
return [s.kv.get("a")["x"], await s.get("b"), [k for k, _ in s.kv.list()], s.kv.delete("a"),
        s.kv.delete("a"), [k for k, _ in s.kv.list(limit=1, reverse=True)]]
"""

    assert run(project, source) == [[1], [2], ["a", "b"], True, False, ["b"]]


def test_40_a_listing_is_invalidated_by_the_next(project: Project) -> None:
    source = """
s.kv.put("a", 1)
s.kv.put("b", 2)
first = s.kv.list()
second = s.kv.list()
second.next()
return told(first.next)
"""

    assert run(project, source).startswith("Error: kv.list() iterator was invalidated because")


def test_30_a_cursor_ends_with_the_database_it_reads(project: Project) -> None:
    source = """
q.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)")
cursor = q.exec("SELECT a FROM t")
await s.deleteAll()
return [told(cursor.next), told(lambda: q.exec("SELECT * FROM t"))]
"""

    assert run(project, source) == [
        "Error: SQLite query was canceled because the database was deleted.",
        "Error: no such table: t: SQLITE_ERROR",
    ]

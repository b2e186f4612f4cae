"""`storage.sql` by the answers that workerd gives to the same calls.

Each test bears the number of the reference's checklist where there is one.
"""

# ruff: noqa: E501, S608 - programs and messages are one line each, and SQL is what they are about
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
from js import Array, Object, Uint8Array
from pyodide.ffi import JsException, jsnull, to_js

class A(DurableObject):
    async def run(self, source):
        s = self.ctx.storage
        names = {**globals(), "s": s, "q": s.sql, "raw": raw_storage(s).sql, "ctx": self.ctx}
        body = "async def body():\\n" + "".join(f"    {line}\\n" for line in source.splitlines())
        exec(body, names)
        return json.dumps(await names["body"](), default=repr)

def raw_storage(storage):
    return storage._binding

def told(action):
    try:
        action()
    except JsException as error:
        return str(error)
    return "nothing"

def rows(cursor):
    return [dict(row) for row in cursor]

def shown(step):
    value = step.value
    return [step.done, value if value is None or isinstance(value, list) else value.to_py()]

async def main(env, ctx):
    out = []
    for source in SOURCES:
        try:
            out.append(await env.A.getByName("a").run(source))
        except JsException as error:
            out.append(json.dumps(str(error)))
    return out
"""
AUTH = "Error: not authorized: SQLITE_AUTH"
T = "q.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE)')\n"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


def run(project: Project, *sources: str) -> Any:
    """Run programs in one object, a call for each; one alone gives its result and no list."""
    results = [json.loads(each) for each in project.run(f"SOURCES = {sources!r}\n" + CODE)]
    return results[0] if len(results) == 1 else results


def error_of(project: Project, query: str) -> Any:
    return run(project, f"return told(lambda: q.exec({query}).toArray())")


# -- running


def test_42_what_is_executed_has_its_effect_whether_it_is_read_or_not(project: Project) -> None:
    assert run(
        project,
        T + "q.exec(\"INSERT INTO t VALUES (1, 'x')\")\nq.exec('DELETE FROM t WHERE a = 5')",
        "return rows(q.exec('SELECT * FROM t'))",
    ) == [None, [{"a": 1, "b": "x"}]]


@pytest.mark.parametrize(
    "call",
    ["'SELECT ?'", "'SELECT ?', 1, 2", "'SELECT 1', 1", "'SELECT ?2 a', 1", "'SELECT :a, @b', 1"],
)
def test_43_there_are_as_many_bindings_as_parameters(project: Project, call: str) -> None:
    said = run(project, f"return told(lambda: q.exec({call}))")

    assert said == "Error: Wrong number of parameter bindings for SQL query."


def test_43_a_named_parameter_is_bound_once(project: Project) -> None:
    assert run(project, "return rows(q.exec('SELECT :a a, :a b, ?2 c, $d d', 1, 2, 3))") == [
        {"a": 1, "b": 1, "c": 2, "d": 3}
    ]


def test_44_of_several_statements_the_last_one_gives_rows(project: Project) -> None:
    source = """
first = rows(q.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1); SELECT 7; SELECT a FROM t WHERE a = ?", 1))
return [first, told(lambda: q.exec("SELECT ?; SELECT 1")), told(lambda: q.exec("INSERT INTO t VALUES (2); SELEC")),
        q.exec("SELECT count(*) n FROM t").one().n]
"""

    assert run(project, source) == [
        [{"a": 1}],
        (
            "Error: When executing multiple SQL statements in a single call, only the last"
            " statement can have parameters."
        ),
        'Error: near "SELEC": syntax error at offset 0: SQLITE_ERROR',
        2,
    ]


@pytest.mark.parametrize(
    "query", ["", ";", " ", "-- x", "SELECT 1; -- x", "SELECT 1;;", "SELECT 1\0"]
)
def test_45_there_is_a_last_statement(project: Project, query: str) -> None:
    assert error_of(project, repr(query)) == "Error: SQL code did not contain a statement."


def test_45_a_comment_may_stand_anywhere_else(project: Project) -> None:
    source = "return [len(q.exec(x).toArray()) for x in (';SELECT 1', 'SELECT 1 -- x', '/* ; */ SELECT 1', 'SELECT 1; /**/ SELECT 2')]"

    assert run(project, source) == [1, 1, 1, 1]


def test_a_query_is_a_text(project: Project) -> None:
    source = (
        "return [told(lambda: raw.exec()), told(lambda: raw.exec(None)), told(lambda: raw.exec(1))]"
    )

    assert run(project, source) == [
        "TypeError: Failed to execute 'exec' on 'SqlStorage': parameter 1 is not of type 'JsString'.",
        'Error: near "undefined": syntax error at offset 0: SQLITE_ERROR',
        'Error: near "1": syntax error at offset 0: SQLITE_ERROR',
    ]


# -- types


def test_46_numbers_are_bound_as_real(project: Project) -> None:
    source = """
q.exec("CREATE TABLE t (i INTEGER, x)")
q.exec("INSERT INTO t VALUES (?, ?)", 1, 1)
return [rows(q.exec("SELECT typeof(?) a, 5/? b, CAST(? AS TEXT) c", 1, 2, 1)), rows(q.exec("SELECT typeof(i) i, typeof(x) x FROM t"))]
"""

    assert run(project, source) == [
        [{"a": "real", "b": 2.5, "c": "1.0"}],
        [{"i": "integer", "x": "real"}],
    ]


def test_47_what_is_no_number_and_no_bytes_is_a_text(project: Project) -> None:
    source = """
row = q.exec("SELECT ? a, ? b, typeof(?) c, typeof(?) d", True, False, None, jsnull).one()
direct = raw.exec("SELECT ? a, ? b, ? c, ? d", to_js([1, 2]), Object.new(), [1, 2], b"x").one()
return [dict(row), direct.to_py(), told(lambda: raw.exec("SELECT ?", 2**60))]
"""

    assert run(project, source) == [
        {"a": "true", "b": "false", "c": "null", "d": "null"},
        {"a": "1,2", "b": "[object Object]", "c": "[1, 2]", "d": "b'x'"},
        "TypeError: Cannot convert a BigInt value to a number",
    ]


def test_48_a_blob_is_an_array_buffer(project: Project) -> None:
    source = """
row = q.exec("SELECT ? a, x'0102' b, length(?) c", b"xyz", bytearray(2) and b"")
direct = raw.exec("SELECT ? a, typeof(?) b", to_js(b"xyz"), Uint8Array.new(2)).one()
one = row.one()
return [bytes(one.a).decode(), list(bytes(one.b)), one.c, direct.a.to_bytes().decode(), direct.a.toString(), direct.b]
"""

    assert run(project, source) == ["xyz", [1, 2], 0, "xyz", "[object ArrayBuffer]", "blob"]


def test_49_a_big_integer_loses_what_a_number_cannot_hold(project: Project) -> None:
    source = "return [q.exec('SELECT 9007199254740993 a').one().a, q.exec('SELECT 9007199254740991 a').one().a, q.exec('SELECT 1.0 a').one().a]"

    assert run(project, source) == [9007199254740992, 9007199254740991, 1]


def test_numbers_that_sqlite_does_not_know_are_null(project: Project) -> None:
    source = "row = raw.exec('SELECT typeof(?) a, typeof(?) b, ? c', float('nan'), float('inf'), float('inf')).one()\nreturn [row.a, row.b, str(row.c)]"

    assert run(project, source) == ["null", "real", "inf"]


def test_a_lone_surrogate_comes_back_as_replacement_characters(project: Project) -> None:
    source = (
        "return [q.exec('SELECT ? a', '\\ud800é').one().a, q.exec(\"SELECT '\\ud800' a\").one().a]"
    )

    assert run(project, source) == ["\ufffd\ufffd\ufffdé", "\ufffd\ufffd\ufffd"]


# -- cursors


def test_50_one_is_for_exactly_one_row(project: Project) -> None:
    source = """
c = q.exec("SELECT 1 a UNION SELECT 2 UNION SELECT 3")
c.next()
d = q.exec("SELECT 1 a UNION SELECT 2")
d.next()
return [told(lambda: q.exec("SELECT 1 WHERE 0").one()), told(c.one), len(c.toArray()), d.one().a, told(d.one)]
"""

    none = "Error: Expected exactly one result from SQL query, but got no results."
    assert run(project, source) == [
        none,
        "Error: Expected exactly one result from SQL query, but got multiple results.",
        0,
        2,
        none,
    ]


def test_51_a_cursor_gives_each_row_once(project: Project) -> None:
    source = """
c = raw.exec("SELECT 1 a UNION SELECT 2 UNION SELECT 3")
r = c.raw()
steps = [shown(each.next()) for each in (r, c, r, r)]
d = q.exec("SELECT 1 a UNION SELECT 2")
for _ in d:
    break
return [steps, len(c.toArray()), len(d.toArray()), len(d.toArray())]
"""

    assert run(project, source) == [
        [[False, [1]], [False, {"a": 2}], [False, [3]], [True, None]],
        0,
        1,
        0,
    ]


def test_52_columns_of_one_name_are_one_member(project: Project) -> None:
    source = """
text = "SELECT 1 a, 2 b, 3 a"
return [rows(q.exec(text)), [list(r) for r in q.exec(text).raw()], q.exec(text).raw().toArray(), list(q.exec(text).columnNames)]
"""

    assert run(project, source) == [
        [{"a": 3, "b": 2}],
        [[1, 2, 3]],
        [[1, 2, 3]],
        ["a", "b", "a"],
    ]


def test_52_members_stand_in_the_order_of_javascript(project: Project) -> None:
    source = 'return list(raw.exec(\'SELECT 2 AS b, 1 AS "1", 3 AS "", 4 AS "__proto__", 5 AS a\').one().to_py().items())'

    assert run(project, source) == [["1", 1], ["b", 2], ["", 3], ["a", 5]]


def test_53_rows_are_counted_as_they_are_fetched(project: Project) -> None:
    source = """
q.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)")
c = raw.exec("SELECT a FROM t")
counts = [c.rowsRead]
for _ in range(3):
    c.next()
    counts.append(c.rowsRead)
return [counts, q.exec("INSERT INTO t VALUES (4)").rowsWritten, raw.exec("SELECT 1").rowsRead]
"""

    assert run(project, source) == [[1, 2, 3, 3], 1, 0]


def test_54_cursors_live_side_by_side(project: Project) -> None:
    source = """
q.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
a, b = q.exec("SELECT a FROM t"), q.exec("SELECT a FROM t")
taken = [c.next().value.a for c in (a, b, a)]
await asyncio.sleep(0)
q.exec("INSERT INTO t VALUES (3)")
locked = told(lambda: q.exec("DROP TABLE t"))
del a, b
q.exec("DROP TABLE t")
return [taken, locked]
"""

    assert run(project, source) == [
        [1, 1, 2],
        "Error: database table is locked: SQLITE_LOCKED",
    ]


def test_54_a_cursor_lives_on_while_the_object_waits(project: Project) -> None:
    source = """
q.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
c = raw.exec("SELECT a FROM t")
await asyncio.sleep(0.001)
q.exec("INSERT INTO t VALUES (3)")
return [each.a for each in c]
"""

    assert run(project, source) == [1, 2, 3]


def test_30_a_cursor_ends_with_the_database_it_reads(project: Project) -> None:
    source = """
q.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)")
cursor = raw.exec("SELECT a FROM t")
await s.deleteAll()
return [told(cursor.next), told(lambda: cursor.rowsRead), list(cursor.columnNames), told(lambda: q.exec("SELECT * FROM t"))]
"""

    canceled = "Error: SQLite query was canceled because the database was deleted."
    assert run(project, source) == [
        canceled,
        canceled,
        ["a"],
        "Error: no such table: t: SQLITE_ERROR",
    ]


def test_texts_and_members_are_those_of_production(project: Project) -> None:
    source = """
c = raw.exec("SELECT 1 a")
return [raw.toString(), c.toString(), c.raw().toString(), [hasattr(raw, name) for name in ("prepare", "ingest")],
        list(Object.keys(raw.exec("SELECT 1 WHERE 0").next()))]
"""

    assert run(project, source) == [
        "[object SqlStorage]",
        "[object Cursor]",
        "[object RawIterator]",
        [False, False],
        ["done", "value"],
    ]


def test_rows_as_arrays_have_the_helpers_of_iterators(project: Project) -> None:
    source = """
def arrays():
    return raw.exec("SELECT 1 AS a, 2 AS b UNION SELECT 3, 4").raw()
def lists(found):
    return [list(each) for each in found]
some = arrays()
first = lists(some.take(1).toArray())
return [list(arrays().map(lambda row, _: row[0])), lists(arrays().drop(1).toArray()),
        lists(arrays().filter(lambda row, _: row[0] > 1).toArray()), first, lists(some.toArray()),
        arrays().reduce(lambda total, row, _: total + row[1], 0),
        list(arrays().flatMap(lambda row, _: row).toArray()), arrays().map(lambda row, _: 0).toString(),
        hasattr(raw.exec("SELECT 1"), "map")]
"""

    assert run(project, source) == [
        [1, 3],
        [[3, 4]],
        [[3, 4]],
        [[1, 2]],
        [[3, 4]],
        6,
        [1, 2, 3, 4],
        "[object Iterator Helper]",
        False,
    ]


def test_rows_of_returning_that_are_not_read_reset_the_object(project: Project) -> None:
    before, unread, after = run(
        project,
        T,
        "q.exec('INSERT INTO t(b) VALUES (1), (2) RETURNING a').next()",
        "return q.exec('SELECT count(*) n FROM t').one().n",
    )

    assert before is None
    assert unread.startswith("Error: internal error; reference = ")
    assert after == 0


def test_rows_of_returning_are_read_like_any(project: Project) -> None:
    source = (
        T
        + """
c = q.exec("INSERT INTO t VALUES (7, 1), (8, 2) RETURNING a")
before = q.exec("SELECT count(*) n FROM t").one().n
return [before, rows(c), c.rowsWritten, q.exec("UPDATE t SET b = 5 WHERE a = 7 RETURNING b").one().b]
"""
    )

    assert run(project, source) == [2, [{"a": 7}, {"a": 8}], 4, 5]


# -- what is refused


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN",
        "commit",
        "End",
        "ROLLBACK",
        "ROLLBACK TO a",
        "SAVEPOINT a",
        "SAVEPOINT _cf_a",
        "RELEASE a",
        "/* x */ BEGIN",
        "EXPLAIN BEGIN",
        "SELECT 1; BEGIN",
    ],
)
def test_55_transactions_are_not_made_by_sql(project: Project, text: str) -> None:
    assert error_of(project, repr(text)) == (
        "Error: To execute a transaction, please use the state.storage.transaction() or"
        " state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT"
        " statements. The JavaScript API is safer because it will automatically roll back on"
        " exceptions, and because it interacts correctly with Durable Objects' automatic atomic"
        " write coalescing."
    )


def errors(project: Project, queries: list[str]) -> dict[str, str]:
    source = (
        f"await s.put('k', 1)\n{T}return [told(lambda: q.exec(x).toArray()) for x in {queries!r}]"
    )
    return dict(zip(queries, run(project, source), strict=True))


def test_56_what_is_pydos_own_cannot_be_touched(project: Project) -> None:
    expected = {
        "CREATE TABLE _cf_x (a)": AUTH,
        "CREATE TABLE _CF_x (a)": AUTH,
        'CREATE VIEW "_cf_v" AS SELECT 1': AUTH,
        "CREATE INDEX _cf_i ON t (a)": AUTH,
        "CREATE INDEX x ON _cf_KV (key)": AUTH,
        "CREATE TRIGGER _cf_g AFTER INSERT ON t BEGIN SELECT 1; END": AUTH,
        "CREATE TRIGGER x AFTER INSERT ON _cf_KV BEGIN SELECT 1; END": AUTH,
        "ALTER TABLE t RENAME TO _cf_t": AUTH,
        "ALTER TABLE _cf_KV RENAME TO y": AUTH,
        "ALTER TABLE _cf_KV ADD COLUMN z": AUTH,
        "DROP TABLE _cf_KV": AUTH,
        "DELETE FROM _cf_KV": AUTH,
        "INSERT INTO _cf_KV VALUES (1, 2)": AUTH,
        "UPDATE _cf_KV SET value = 1": AUTH,
        "SELECT * FROM _cf_KV": "Error: access to _cf_KV.key is prohibited: SQLITE_AUTH",
        "SELECT value FROM _cf_KV": "Error: access to _cf_KV.value is prohibited: SQLITE_AUTH",
        "SELECT count(*) FROM _cf_KV": AUTH,
        "EXPLAIN SELECT key FROM _cf_KV": "Error: access to _cf_KV.key is prohibited: SQLITE_AUTH",
        "PRAGMA table_info(_cf_KV)": AUTH,
        "PRAGMA index_list('_cf_KV')": AUTH,
        "CREATE TABLE sqlite_x (a)": "Error: object name reserved for internal use: sqlite_x: SQLITE_ERROR",
        "DELETE FROM sqlite_master": "Error: table sqlite_master may not be modified: SQLITE_ERROR",
    }

    assert errors(project, list(expected)) == expected


def test_56_a_column_may_have_any_name(project: Project) -> None:
    expected = dict.fromkeys(
        [
            "ALTER TABLE t ADD COLUMN _cf_c",
            "ALTER TABLE t RENAME b TO _cf_b",
            "SELECT _cf_b FROM t",
            "UPDATE t SET _cf_c = 1",
            "SELECT 1 AS _cf_a",
            "WITH _cf_x AS (SELECT 1) SELECT * FROM _cf_x",
            "SELECT count(*) FROM sqlite_master",
            "ANALYZE",
        ],
        "nothing",
    )

    assert errors(project, list(expected)) == expected


def test_57_pragmas_are_those_of_the_list(project: Project) -> None:
    allowed = [
        "foreign_keys",
        "foreign_keys=off",
        "foreign_keys='true'",
        "foreign_keys=[on]",
        "foreign_keys(1)",
        "data_version",
        "page_size",
        "table_list",
        "table_list(t)",
        "table_info(t)",
        "main.table_xinfo(t)",
        "foreign_key_check",
        "foreign_key_check(t)",
        "foreign_key_list(t)",
        "index_list(t)",
        "index_info(i)",
        "index_xinfo(i)",
        "quick_check",
        "quick_check(2)",
        "quick_check(t)",
        "optimize",
        "optimize(0x10002)",
        "defer_foreign_keys=on",
        "case_sensitive_like=1",
        "recursive_triggers",
        "ignore_check_constraints=yes",
        "legacy_alter_table=1",
        "reverse_unordered_selects=1",
    ]
    denied = [
        "foreign_keys=2",
        "data_version=1",
        "page_size=4096",
        "optimize(x)",
        "user_version",
        "journal_mode",
        "page_count",
        "max_page_count",
        "synchronous",
        "cache_size",
        "function_list",
        "module_list",
        "integrity_check",
        "database_list",
        "compile_options",
        "writable_schema",
        "schema_version",
        "wal_checkpoint",
        "temp_store",
        "query_only",
        "nope",
        "FOREIGN_KEYS",
        "temp.foreign_keys",
    ]

    found = errors(project, [f"PRAGMA {each}" for each in (*allowed, *denied)])

    assert found == {
        **{f"PRAGMA {each}": "nothing" for each in allowed},
        **{f"PRAGMA {each}": AUTH for each in denied},
    }


def test_58_functions_are_those_of_the_list(project: Project) -> None:
    allowed = [
        "abs(-1)", "ABS(-1)", "iif(1, 2, 3)", "json_extract('{}', '$')", "'{}' -> '$'", "'{}' ->> '$'",
        "row_number() OVER ()", "pow(2, 2)", "ceil(1.5)", "sum(1)", "group_concat(1)", "date('now')",
        "current_timestamp", "'a' LIKE 'b'", "'a' GLOB 'b'", "printf('%d', 1)", "random()", "total_changes()",
        "last_insert_rowid()", "json_group_array(1)", "unhex('ff')", "concat_ws(',', 1, 2)", "jsonb('{}')",
    ]  # fmt: skip
    denied = [
        "sqlite_version", "sqlite_source_id", "ceiling", "power", "log10", "json_pretty",
        "json_error_position", "fts5_source_id", "sqlite_log", "affinity",
    ]  # fmt: skip
    calls = {
        f"SELECT {name}({'1, 1' if name in ('power', 'sqlite_log') else '' if name.startswith(('sqlite_', 'fts5')) else 1})": name
        for name in denied
    }

    found = errors(project, [*(f"SELECT {each}" for each in allowed), *calls])

    assert found == {
        **{f"SELECT {each}": "nothing" for each in allowed},
        **{
            call: f"Error: not authorized to use function: {name} at offset 7: SQLITE_ERROR"
            for call, name in calls.items()
        },
    }


def test_59_other_databases_and_modules_are_refused(project: Project) -> None:
    denied = [
        "ATTACH 'x' AS y", "ATTACH ':memory:' AS y", "DETACH main", "CREATE TEMP TABLE x (a)",
        "CREATE TABLE temp.x (a)", "CREATE TEMP VIEW x AS SELECT 1",
        "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE temp.x USING fts5(a)", "CREATE VIRTUAL TABLE x USING fts4(a)",
        "CREATE VIRTUAL TABLE x USING dbstat", "CREATE VIRTUAL TABLE x USING nope",
        "CREATE VIRTUAL TABLE _cf_x USING fts5(a)",
    ]  # fmt: skip
    allowed = [
        "CREATE VIRTUAL TABLE f USING FTS5(a)", "CREATE VIRTUAL TABLE v USING fts5vocab(f, row)",
        "CREATE VIRTUAL TABLE r USING rtree(a, b, c)", "CREATE VIRTUAL TABLE i USING rtree_i32(a, b, c)",
        "INSERT INTO f VALUES ('hello world')", "SELECT highlight(f, 0, '<', '>') FROM f('hello') ORDER BY bm25(f)",
        "INSERT INTO r VALUES (1, 0, 1)", "SELECT * FROM json_each('[1]')", "DROP TABLE f",
    ]  # fmt: skip

    expected = {
        **dict.fromkeys(denied, AUTH),
        **dict.fromkeys(allowed, "nothing"),
        "SELECT * FROM dbstat": "Error: no such table: dbstat: SQLITE_ERROR",
        "VACUUM": "Error: cannot VACUUM from within a transaction: SQLITE_ERROR",
        "VACUUM INTO 'x'": "Error: cannot VACUUM from within a transaction: SQLITE_ERROR",
    }

    assert errors(project, list(expected)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("'CREATE TABLE c (' + ','.join(f'c{i}' for i in range(101)) + ')'", "too many columns on c: SQLITE_ERROR"),
        ("'SELECT ' + ','.join(str(i) for i in range(101))", "too many columns in result set: SQLITE_ERROR"),
        ("'SELECT 1 WHERE 1 IN (' + ','.join(['?'] * 101) + ')', *[1] * 101", "too many SQL variables at offset 221: SQLITE_ERROR"),
        ("'SELECT ?101'", "variable number must be between ?1 and ?100 at offset 7: SQLITE_ERROR"),
        ("' UNION ALL '.join(['SELECT 1'] * 6)", "too many terms in compound SELECT: SQLITE_ERROR"),
        ("f\"SELECT 'a' LIKE '{'x' * 51}'\"", "LIKE or GLOB pattern too complex: SQLITE_ERROR"),
        ("'SELECT \"' + 'x' * 100001", "statement too long: SQLITE_TOOBIG"),
        ("'SELECT max(' + ','.join(str(i) for i in range(128)) + ')'", "too many arguments on function max at offset 7: SQLITE_ERROR"),
        ("'SELECT ' + '+'.join(['1'] * 101)", "Expression tree is too large (maximum depth 100): SQLITE_ERROR"),
        ("'SELECT zeroblob(5000000)'", "string or blob too big: SQLITE_TOOBIG"),
        ("'SELECT length(?)', 'x' * 4194305", "string or blob too big: SQLITE_TOOBIG"),
    ],
)  # fmt: skip
def test_60_limits_are_those_of_production(project: Project, query: str, expected: str) -> None:
    assert error_of(project, query) == f"Error: {expected}"


def test_60_up_to_the_limits_all_is_well(project: Project) -> None:
    source = """
texts = ["CREATE TABLE c (" + ",".join(f"c{i}" for i in range(100)) + ")", "SELECT " + ",".join(map(str, range(100))),
         " UNION ALL ".join(["SELECT 1"] * 5), f"SELECT 'a' LIKE '{'x' * 50}'", "SELECT 1" + " " * 99992, "SELECT " + "+".join(["1"] * 100)]
several = q.exec("SELECT 1 WHERE 1 IN (" + ",".join(["?"] * 100) + ")", *[1] * 100)
return [len(several.toArray()), [told(lambda: q.exec(text).toArray()) for text in texts]]
"""

    assert run(project, source) == [1, ["nothing"] * 6]


def test_61_a_failed_statement_leaves_the_others_of_its_turn(project: Project) -> None:
    assert run(
        project,
        T
        + "q.exec(\"INSERT INTO t VALUES (1, 'x')\")\nreturn told(lambda: q.exec(\"INSERT INTO t VALUES (2, 'x')\"))",
        "return q.exec('SELECT count(*) n FROM t').one().n",
    ) == [
        "Error: UNIQUE constraint failed: t.b: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)",
        1,
    ]


def test_61_errors_are_in_the_words_of_sqlite(project: Project) -> None:
    expected = {
        "SELECT ;": 'near ";": syntax error at offset 7: SQLITE_ERROR',
        "SELECT nope": "no such column: nope at offset 7: SQLITE_ERROR",
        "SELECT * FROM nope": "no such table: nope: SQLITE_ERROR",
        "SELECT 'abc": 'unrecognized token: "\'abc" at offset 7: SQLITE_ERROR',
        "SELECT (": "incomplete input: SQLITE_ERROR",
        "SELECT nope(1)": "no such function: nope at offset 7: SQLITE_ERROR",
        "/* é */ SELEC 2": 'near "SELEC": syntax error at offset 9: SQLITE_ERROR',
        "INSERT INTO t VALUES ('x', 1)": "datatype mismatch: SQLITE_MISMATCH",
        "CREATE TABLE ck (a CHECK (a > 0)); INSERT INTO ck VALUES (-1)": "CHECK constraint failed: a > 0: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)",
        "CREATE TABLE nn (a NOT NULL); INSERT INTO nn VALUES (NULL)": "NOT NULL constraint failed: nn.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_NOTNULL)",
        "SELECT json('{')": "malformed JSON: SQLITE_ERROR",
        "CREATE TABLE t (a)": "table t already exists at offset 13: SQLITE_ERROR",
    }

    assert errors(project, list(expected)) == {k: f"Error: {v}" for k, v in expected.items()}


def test_61_a_text_in_double_quotes_is_a_string_where_it_is_no_name(project: Project) -> None:
    source = 'return [q.exec(\'SELECT "foo" a\').one().a, told(lambda: q.exec("SELECT [foo]"))]'

    assert run(project, source) == ["foo", "Error: no such column: foo at offset 7: SQLITE_ERROR"]


PARENTS = (
    "q.exec('CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (pid REFERENCES p (id))')"
)


def test_62_foreign_keys_hold(project: Project) -> None:
    source = (
        PARENTS
        + """
return [told(lambda: q.exec("INSERT INTO c VALUES (1)")), told(lambda: q.exec("PRAGMA foreign_keys = off; INSERT INTO c VALUES (1)"))]
"""
    )

    failed = (
        "Error: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended:"
        " SQLITE_CONSTRAINT_FOREIGNKEY)"
    )
    assert run(project, source) == [failed, failed]


def test_62_a_deferred_constraint_that_does_not_hold_resets_the_object(project: Project) -> None:
    made, said, left = run(
        project,
        PARENTS,
        "q.exec('PRAGMA defer_foreign_keys = on; INSERT INTO c VALUES (1)')",
        "return q.exec('SELECT count(*) n FROM c').one().n",
    )

    assert made is None
    assert said == (
        "Error: Durable Object was reset and rolled back to its last known good state because the"
        " application left the database in a state where constraints were violated: FOREIGN KEY"
        " constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)"
    )
    assert left == 0


def test_62_a_deferred_constraint_may_be_met_later_in_the_turn(project: Project) -> None:
    assert run(
        project,
        PARENTS
        + "\nq.exec('PRAGMA defer_foreign_keys = on; INSERT INTO c VALUES (1)')\nq.exec('INSERT INTO p VALUES (1)')",
        "return [q.exec('SELECT count(*) n FROM c').one().n, q.exec('PRAGMA defer_foreign_keys').one().defer_foreign_keys]",
    ) == [None, [1, 0]]


def test_63_the_size_grows_by_a_page_for_each_table(project: Project) -> None:
    source = """
sizes = [raw.databaseSize]
for name in ("t", "u"):
    raw.exec(f"CREATE TABLE {name} (a)")
    sizes.append(raw.databaseSize)
return sizes
"""

    assert run(project, source) == [4096, 8192, 12288]


# -- with the rest of storage


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


def test_41_a_class_without_sql_says_how_to_get_it(project: Project) -> None:
    project.bound["A"].has_sql = False
    source = """
return [told(lambda: s.sql.exec("SELECT 1")), told(lambda: raw.databaseSize), s.transactionSync(lambda: 5)]
"""

    refused = (
        "Error: SQL is not enabled for this Durable Object class. To enable it, change"
        " `new_classes` to `new_sqlite_classes` within the 'migrations' field in your"
        " wrangler.jsonc or wrangler.toml file. If using workerd directly,set `enableSql = true`"
        " in your workerd config for the class. Note that this change cannot be made after the"
        " class is already deployed to production."
    )
    assert run(project, source) == [refused, refused, 5]


def test_what_sqlite_is_built_with_can_be_used(project: Project) -> None:
    source = """
q.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END; INSERT INTO t(b) VALUES (1), (2)")
return [rows(q.exec("SELECT sum(b) OVER (ORDER BY b) n FROM t")), rows(q.exec("INSERT INTO t VALUES (1, 5) ON CONFLICT DO UPDATE SET b = 7 RETURNING b")),
        rows(q.exec("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT sum(n) n FROM r")),
        rows(q.exec("SELECT json_extract('{\\"a\\": [1]}', '$.a[0]') v"))]
"""

    assert run(project, source) == [[{"n": 1}, {"n": 3}], [{"b": 7}], [{"n": 6}], [{"v": 1}]]

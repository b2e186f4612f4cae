"""Numbers 42 to 63 of the reference's checklist: `storage.sql`."""

# ruff: noqa: E501, S608 - programs are what they are, and SQL is what they are about
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .lab import Lab

AUTH = "Error: not authorized: SQLITE_AUTH"
TABLE = "q.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE)')\n"
FIVE = "q.exec('CREATE TABLE five AS SELECT value AS a FROM json_each(\"[1,2,3,4,5]\")')\n"


def error_of(lab: Lab, query: str) -> str:
    said = lab.run_in(f"return error_of(lambda: q.exec({query!r}).toArray())")
    assert isinstance(said, str)
    return said


def test_042_a_statement_has_its_effect_though_nobody_reads_it(lab: Lab) -> None:
    program = (
        TABLE
        + """
q.exec("INSERT INTO t VALUES (1, 'x')")
q.exec("INSERT INTO t VALUES (2, 'y') RETURNING a").toArray()
return rows(q.exec("SELECT a FROM t"))
"""
    )

    assert lab.run_in(program) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("call", ["'SELECT ?'", "'SELECT ?', 1, 2", "'SELECT 1', 1"])
def test_043_there_are_as_many_bindings_as_parameters(lab: Lab, call: str) -> None:
    assert lab.run_in(f"q.exec({call})") == (
        "Error: Wrong number of parameter bindings for SQL query."
    )


def test_044_of_several_statements_the_last_one_has_rows_and_parameters(lab: Lab) -> None:
    program = """
    found = rows(q.exec("CREATE TABLE t (a); INSERT INTO t VALUES (7); SELECT a FROM t WHERE a = ?", 7))
    refused = error_of(lambda: q.exec("SELECT ?; SELECT 1", 1))
    failed = error_of(lambda: q.exec("INSERT INTO t VALUES (8); SELECT nope"))
    return [found, refused, failed[:21], rows(q.exec("SELECT a FROM t"))]
    """

    assert lab.run_in(program) == [
        [{"a": 7}],
        (
            "Error: When executing multiple SQL statements in a single call, only the last statement"
            " can have parameters."
        ),
        "Error: no such column",
        [{"a": 7}, {"a": 8}],
    ]


@pytest.mark.parametrize("query", ["", ";", "  ", "SELECT 1; -- the end"])
def test_045_a_text_without_a_statement_is_refused(lab: Lab, query: str) -> None:
    assert error_of(lab, query) == "Error: SQL code did not contain a statement."


def test_045_white_space_at_the_end_is_nothing(lab: Lab) -> None:
    assert lab.run_in("return rows(q.exec('SELECT 1 AS a; \\n'))") == [{"a": 1}]


def test_046_numbers_are_bound_as_reals(lab: Lab) -> None:
    program = """
    q.exec("CREATE TABLE t (whole INTEGER, any)")
    q.exec("INSERT INTO t VALUES (?, ?)", 1, 1)
    return [q.exec("SELECT typeof(?) AS t", 1).one().t, q.exec("SELECT 5 / ? AS n", 2).one().n,
            rows(q.exec("SELECT typeof(whole) AS w, typeof(any) AS a FROM t"))]
    """

    assert lab.run_in(program) == ["real", 2.5, [{"w": "integer", "a": "real"}]]


def test_047_booleans_are_bound_as_text(lab: Lab) -> None:
    assert lab.run_in("return rows(q.exec('SELECT ? AS t, ? AS f', True, False))") == [
        {"t": "true", "f": "false"}
    ]


def test_048_blobs_are_array_buffers(lab: Lab) -> None:
    program = """
    blob = raw.sql.exec("SELECT ? AS b", to_js(b"\\x01\\x02")).one().b
    return [str(blob.constructor.name), list(blob.to_bytes())]
    """

    assert lab.run_in(program) == ["ArrayBuffer", [1, 2]]


def test_049_large_integers_lose_their_last_digits(lab: Lab) -> None:
    program = "return [q.exec('SELECT 9007199254740993 AS n').one().n == 9007199254740992]"

    assert lab.run_in(program) == [True]


def test_050_one_is_exactly_one(lab: Lab) -> None:
    program = """
    return [error_of(lambda: q.exec("SELECT 1 WHERE 0").one()),
            error_of(lambda: q.exec("SELECT 1 UNION SELECT 2").one()), q.exec("SELECT 3 AS n").one().n]
    """

    assert lab.run_in(program) == [
        "Error: Expected exactly one result from SQL query, but got no results.",
        "Error: Expected exactly one result from SQL query, but got multiple results.",
        3,
    ]


def test_051_rows_are_given_once(lab: Lab) -> None:
    program = """
    cursor = q.exec("SELECT 1 AS n")
    return [len(cursor.toArray()), len(cursor.toArray())]
    """

    assert lab.run_in(program) == [1, 0]


def test_052_of_columns_with_one_name_an_object_keeps_the_last(lab: Lab) -> None:
    program = """
    cursor = raw.sql.exec("SELECT 1 AS a, 2 AS b, 3 AS a")
    names = cursor.columnNames.to_py()
    other = raw.sql.exec("SELECT 1 AS a, 2 AS b, 3 AS a").raw()
    return [list(cursor.one().to_py().items()), other.next().value.to_py(), names]
    """

    assert lab.run_in(program) == [[["a", 3], ["b", 2]], [1, 2, 3], ["a", "b", "a"]]


def test_053_rows_read_are_those_taken_and_one_ahead(lab: Lab) -> None:
    program = (
        FIVE
        + """
cursor = raw.sql.exec("SELECT a FROM five")
seen = [cursor.rowsRead]
for _ in range(6):
    cursor.next()
    seen.append(cursor.rowsRead)
return seen
"""
    )

    assert lab.run_in(program) == [1, 2, 3, 4, 5, 5, 5]


COSTS = [
    ("INSERT INTO t (b) VALUES (9)", [0, 2]),
    ("INSERT INTO t VALUES (1, 2)", [1, 2]),
    ("INSERT INTO t VALUES (2, 3), (3, 4)", [2, 4]),
    ("UPDATE t SET b = b + 5 WHERE a = 99", [1, 0]),
    ("DELETE FROM t WHERE a = 99", [1, 0]),
    ("SELECT * FROM t WHERE a = 99", [1, 0]),
    ("SELECT 1", [0, 0]),
]
SCANS = [
    ("UPDATE five SET a = a WHERE a > 90", [5, 0]),
    ("UPDATE five SET a = a WHERE a > 3", [5, 2]),
    ("DELETE FROM five WHERE a > 90", [5, 0]),
    ("DELETE FROM five WHERE a > 2", [5, 3]),
]


@pytest.mark.parametrize(("query", "cost"), [*COSTS, *SCANS])
def test_053_what_a_statement_costs_is_what_workerd_counts(
    lab: Lab, query: str, cost: list[int]
) -> None:
    program = f"""
    cursor = raw.sql.exec({query!r})
    cursor.toArray()
    return [cursor.rowsRead, cursor.rowsWritten]
    """
    lab.run_in(TABLE + FIVE)

    assert lab.run_in(program) == cost


def test_054_cursors_of_one_text_are_independent(lab: Lab) -> None:
    program = (
        FIVE
        + """
one, other = (raw.sql.exec("SELECT a FROM five") for _ in range(2))
one.next()
one.next()
return [other.next().value.a, one.next().value.a, other.next().value.a]
"""
    )

    assert lab.run_in(program) == [1, 3, 2]


@pytest.mark.parametrize(
    "query", ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT x", "RELEASE x"]
)
def test_055_transactions_are_not_begun_in_sql(lab: Lab, query: str) -> None:
    assert error_of(lab, query) == (
        "Error: To execute a transaction, please use the state.storage.transaction() or"
        " state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT"
        " statements. The JavaScript API is safer because it will automatically roll back on"
        " exceptions, and because it interacts correctly with Durable Objects' automatic atomic"
        " write coalescing."
    )


def test_056_reserved_names_are_refused(lab: Lab) -> None:
    lab.run_in("await s.put('k', 1)")

    assert error_of(lab, "CREATE TABLE _CF_x (a)") == AUTH
    assert error_of(lab, "SELECT * FROM _cf_KV") == (
        "Error: access to _cf_KV.key is prohibited: SQLITE_AUTH"
    )


@pytest.mark.parametrize("name", ["user_version", "journal_mode", "page_count"])
def test_057_most_pragmas_are_refused(lab: Lab, name: str) -> None:
    assert error_of(lab, f"PRAGMA {name}") == AUTH


@pytest.mark.parametrize(
    "name", ["foreign_keys", "table_info(t)", "table_list", "quick_check", "optimize"]
)
def test_057_some_pragmas_are_allowed(lab: Lab, name: str) -> None:
    lab.run_in(TABLE)

    assert error_of(lab, f"PRAGMA {name}") == "nothing"


def test_058_functions_that_are_not_listed_are_refused(lab: Lab) -> None:
    said = error_of(lab, "SELECT sqlite_version()")

    assert said.startswith("Error: not authorized to use function: sqlite_version")


@pytest.mark.parametrize(
    "query",
    [
        "ATTACH ':memory:' AS other",
        "CREATE TEMP TABLE t (a)",
        "CREATE VIRTUAL TABLE v USING dbstat",
    ],
)
def test_059_other_databases_and_most_modules_are_refused(lab: Lab, query: str) -> None:
    assert error_of(lab, query) != "nothing"


def test_059_full_text_and_ranges_are_allowed(lab: Lab) -> None:
    program = """
    q.exec("CREATE VIRTUAL TABLE words USING fts5(text)")
    q.exec("INSERT INTO words VALUES ('hello world')")
    q.exec("CREATE VIRTUAL TABLE boxes USING rtree(id, low, high)")
    q.exec("INSERT INTO boxes VALUES (1, 2, 3)")
    return [len(rows(q.exec("SELECT * FROM words WHERE words MATCH 'world'"))),
            len(rows(q.exec("SELECT * FROM boxes WHERE low < 3")))]
    """

    assert lab.run_in(program) == [1, 1]


@pytest.mark.parametrize(
    "query",
    [
        f"CREATE TABLE t ({', '.join(f'c{n}' for n in range(101))})",
        f"SELECT {', '.join('?' for _ in range(101))}",
        " UNION ALL ".join("SELECT 1" for _ in range(6)),
        f"SELECT 'x' LIKE '{'x' * 51}'",
        f"SELECT '{'x' * 100_001}'",
    ],
    ids=["columns", "parameters", "terms", "pattern", "text"],
)
def test_060_the_limits_hold(lab: Lab, query: str) -> None:
    assert error_of(lab, query) != "nothing"


@pytest.mark.parametrize(
    "query",
    [
        f"CREATE TABLE t ({', '.join(f'c{n}' for n in range(100))})",
        " UNION ALL ".join("SELECT 1" for _ in range(5)),
        f"SELECT 'x' LIKE '{'x' * 50}'",
    ],
    ids=["columns", "terms", "pattern"],
)
def test_060_what_is_within_the_limits_is_allowed(lab: Lab, query: str) -> None:
    assert error_of(lab, query) == "nothing"


def test_061_a_constraint_fails_its_statement_alone(lab: Lab) -> None:
    program = (
        TABLE
        + """
q.exec("INSERT INTO t VALUES (1, 'x')")
return error_of(lambda: q.exec("INSERT INTO t VALUES (2, 'x')"))
"""
    )

    said, kept = lab.run_in(program, "return rows(q.exec('SELECT a FROM t'))")

    assert said == (
        "Error: UNIQUE constraint failed: t.b: SQLITE_CONSTRAINT"
        " (extended: SQLITE_CONSTRAINT_UNIQUE)"
    )
    assert kept == [{"a": 1}]


FAMILY = """
q.exec("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
q.exec("CREATE TABLE child (id REFERENCES parent)")
"""


def test_062_foreign_keys_hold_at_once(lab: Lab) -> None:
    program = FAMILY + "return error_of(lambda: q.exec('INSERT INTO child VALUES (1)'))"

    assert lab.run_in(program) == (
        "Error: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT"
        " (extended: SQLITE_CONSTRAINT_FOREIGNKEY)"
    )


def test_062_deferred_foreign_keys_reset_the_object_at_the_commit(lab: Lab) -> None:
    program = """
    await s.put("k", 1)
    q.exec("PRAGMA defer_foreign_keys = ON")
    q.exec("INSERT INTO child VALUES (1)")
    return "the caller does not see this"
    """
    lab.run_in(FAMILY)

    assert lab.run_in(program) == (
        "Error: Durable Object was reset and rolled back to its last known good state because the"
        " application left the database in a state where constraints were violated: FOREIGN KEY"
        " constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)"
    )
    assert lab.run_in("return [await s.get('k'), rows(q.exec('SELECT * FROM child'))]") == [
        None,
        [],
    ]


def test_063_the_size_is_in_pages(lab: Lab) -> None:
    program = """
    sizes = [raw.sql.databaseSize]  # the SDK's wrapper keeps what it was once given
    for name in ("t", "u"):
        q.exec(f"CREATE TABLE {name} (a)")
        sizes.append(raw.sql.databaseSize)
    return sizes
    """

    assert lab.run_in(program) == [4096, 8192, 12288]

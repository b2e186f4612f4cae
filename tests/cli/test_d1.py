"""`pydo d1`: what wrangler's commands do to the local database, with their words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pydo.bindings.store import Query, SqlStore
from pydo.statedir import store_directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.cli.conftest import CommandLine

CONFIG = """\
name = "app"
main = "entry.py"
compatibility_date = "2026-01-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "my-db"
database_id = "an-id"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "wrangler.toml").write_text(CONFIG)
    (tmp_path / "entry.py").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def d1(project: Path, command_line: CommandLine) -> Callable[..., Result]:
    del project
    return lambda *arguments: command_line.run("d1", *arguments)


def rows(result: Result) -> list[list[dict[str, Any]]]:
    """Give the rows of each statement."""
    assert result.exit_code == 0, result.output
    return [each["results"] for each in json.loads(result.stdout)]


def test_statements_run_and_give_wranglers_json(d1: Callable[..., Result]) -> None:
    d1(
        "execute",
        "my-db",
        "--local",
        "--command",
        "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x;y')",
    )
    result = d1(
        "execute",
        "DB",
        "--json",
        "--command",
        "SELECT * FROM t; SELECT 1.5 f, x'0102' b, 1.0 w, NULL n",
    )

    told = json.loads(result.stdout)
    assert rows(result) == [
        [{"a": 1, "b": "x;y"}],
        [{"f": 1.5, "b": "[1, 2]", "w": 1, "n": None}],
    ]
    assert '"w": 1,' in result.stdout
    assert told[0]["success"] is True
    assert list(told[0]["meta"]) == ["duration"]


def test_without_json_the_place_is_told_first(d1: Callable[..., Result]) -> None:
    result = d1("execute", "my-db", "--command", "SELECT 1; SELECT 2")

    place, done, rest = result.stdout.split("\n", 2)
    assert place == "🌀 Executing on local database my-db (an-id) from .pydo/state/v1/d1/an-id:"
    assert done == "🚣 2 commands executed successfully."
    assert [each["results"] for each in json.loads(rest)] == [[{"1": 1}], [{"2": 2}]]


def test_a_file_is_split_where_statements_end(d1: Callable[..., Result], project: Path) -> None:
    (project / "dump.sql").write_text(
        "\ufeff-- a dump\nCREATE TABLE t (a);\n/* ; */ INSERT INTO t VALUES ('a;b');\n"
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = a || '!'; SELECT 1; END;\n"
        + f"INSERT INTO t VALUES ('{'x' * 70_000}');\n" * 2  # noqa: S608 - a test
        + "SELECT count(*) n, sum(length(a)) l FROM t;\n-- the end\n",
        "utf-8",
    )

    found = rows(d1("execute", "my-db", "--json", "--file", "dump.sql"))

    assert len(found) == 6
    assert found[-1][0]["n"] == 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "Error: must provide --command or --file."),
        (("--command", ""), "Error: must provide --command or --file."),
        (
            ("--command", "SELECT 1", "--file", "x.sql"),
            "Error: can't provide both --command and --file.",
        ),
        (("--file", "x.sql"), 'Unable to read SQL text file "x.sql". Please check'),
        (("--file", "app.db"), "Provided file is a binary SQLite database file instead of"),
        (("--command", "SELECT * FROM nope"), "no such table: nope: SQLITE_ERROR"),
        (("--local", "--remote", "--command", "x"), "Error: can't use --local and --remote at"),
        (("--remote", "--command", "x"), "pydo has local databases only"),
    ],
)
def test_what_cannot_be_run(
    d1: Callable[..., Result], project: Path, arguments: tuple[str, ...], text: str
) -> None:
    (project / "app.db").write_bytes(b"SQLite format 3\0" + bytes(80))

    result = d1("execute", "my-db", *arguments)

    assert result.exit_code == 1
    assert text in result.output


def test_an_error_as_json(d1: Callable[..., Result]) -> None:
    result = d1("execute", "my-db", "--json", "--command", "SELECT * FROM nope")

    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"error": {"text": "no such table: nope: SQLITE_ERROR"}}


def test_statements_that_fail_leave_nothing_behind(d1: Callable[..., Result]) -> None:
    d1("execute", "my-db", "--command", "CREATE TABLE t (a)")
    d1("execute", "my-db", "--command", "INSERT INTO t VALUES (1); INSERT INTO nope VALUES (1)")

    assert rows(d1("execute", "my-db", "--json", "--command", "SELECT * FROM t")) == [[]]


def test_a_database_that_is_not_configured(d1: Callable[..., Result]) -> None:
    result = d1("execute", "other", "--command", "SELECT 1")

    assert result.exit_code == 1
    assert (
        "Couldn't find a D1 DB with the name or binding 'other' in your wrangler.toml file."
        in result.output
    )


def test_a_database_that_is_being_served_may_be_used(
    d1: Callable[..., Result], project: Path
) -> None:
    served = SqlStore(store_directory(project / ".pydo" / "state", "d1", "an-id"))
    served.run([Query("CREATE TABLE t (a)")])

    d1("execute", "my-db", "--command", "INSERT INTO t VALUES (1)")
    served.run([Query("INSERT INTO t VALUES (2)")])
    found = rows(d1("execute", "my-db", "--json", "--command", "SELECT a FROM t"))

    assert found == [[{"a": 1}, {"a": 2}]]
    assert served.run([Query("SELECT a FROM t")])[0].rows == [(1,), (2,)]
    served.close()


# -- migrations


def write(project: Path, **files: str) -> None:
    folder = project / "migrations"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text)


def test_migrations_are_numbered_after_the_highest(
    d1: Callable[..., Result], project: Path
) -> None:
    first = d1("migrations", "create", "my-db", "add users table")
    write(project, **{"0041_x": ""})
    d1("migrations", "create", "my-db", "second")

    names = sorted(each.name for each in (project / "migrations").iterdir())
    assert names == ["0001_add_users_table.sql", "0041_x.sql", "0042_second.sql"]
    assert "✅ Successfully created Migration '0001_add_users_table.sql'!" in first.stdout
    text = (project / "migrations" / "0001_add_users_table.sql").read_text()
    assert text.startswith("-- Migration number: 0001 \t 20")


def test_migrations_are_listed_and_applied_once(d1: Callable[..., Result], project: Path) -> None:
    write(
        project,
        **{
            "0001_users": "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)",
            "0002_data": "INSERT INTO users (name) VALUES ('Ada'); -- the first",
        },
    )

    listed = d1("migrations", "list", "my-db")
    applied = d1("migrations", "apply", "my-db", "--local", "--yes")
    again = d1("migrations", "apply", "my-db")

    assert listed.stdout == (
        "Migrations to be applied:\n"
        "┌────────────────┐\n│ Name           │\n├────────────────┤\n│ 0001_users.sql │\n"
        "├────────────────┤\n│ 0002_data.sql  │\n└────────────────┘\n"
    )
    assert "│ 0002_data.sql  │ ✅     │" in applied.stdout
    assert again.stdout == "✅ No migrations to apply!\n"
    told = d1(
        "execute",
        "my-db",
        "--json",
        "--command",
        "SELECT * FROM d1_migrations; SELECT * FROM users",
    )
    noted, users = rows(told)
    assert [list(each) for each in noted] == [["id", "name", "applied_at"]] * 2
    assert [each["name"] for each in noted] == ["0001_users.sql", "0002_data.sql"]
    assert users == [{"id": 1, "name": "Ada"}]


def test_a_migration_that_fails_is_undone_and_those_before_it_stay(
    d1: Callable[..., Result], project: Path
) -> None:
    write(
        project, **{"1_a": "CREATE TABLE a (x)", "2_b": "INSERT INTO a VALUES (1); SELECT * FROM b"}
    )

    result = d1("migrations", "apply", "my-db")

    assert result.exit_code == 1
    assert "Migration 2_b.sql failed with the following errors:" in result.output
    assert "no such table: b: SQLITE_ERROR" in result.output
    told = d1(
        "execute", "my-db", "--json", "--command", "SELECT name FROM d1_migrations; SELECT * FROM a"
    )
    assert rows(told) == [[{"name": "1_a.sql"}], []]


def test_migrations_are_applied_in_the_order_of_their_numbers(
    d1: Callable[..., Result], project: Path
) -> None:
    write(project, **{"10_b": "INSERT INTO a VALUES (10)", "9_a": "CREATE TABLE a (x)"})

    assert d1("migrations", "apply", "my-db").exit_code == 0


def test_folder_and_table_may_be_named(d1: Callable[..., Result], project: Path) -> None:
    (project / "wrangler.toml").write_text(
        f'{CONFIG}migrations_dir = "db/steps"\nmigrations_table = "steps"\n'
    )
    d1("migrations", "create", "DB", "one")

    d1("migrations", "apply", "DB")

    assert (project / "db" / "steps" / "0001_one.sql").exists()
    told = d1("execute", "DB", "--json", "--command", "SELECT name FROM steps")
    assert rows(told) == [[{"name": "0001_one.sql"}]]


@pytest.mark.parametrize("command", ["list", "apply"])
def test_without_a_folder_nothing_is_applied(d1: Callable[..., Result], command: str) -> None:
    result = d1("migrations", command, "my-db")

    assert result.exit_code == 1
    assert "No migrations folder found. Set `migrations_dir` in your wrangler.toml" in result.output
    assert "No migrations present at" in result.output

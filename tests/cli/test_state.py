"""`pydo state`: whole outputs."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING

import apsw
import pytest

from pydo.runtime.facetstore import FacetStore
from pydo.statedir import StateDirectory
from tests.state.conftest import Stored

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import CommandLine


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A state directory with two objects, held by nobody."""
    stored = Stored(tmp_path / "state")
    stored.write("a", {"k": {"x": [1, "two"]}}, "CREATE TABLE t (n)", "INSERT INTO t VALUES (5)")
    stored.write("b", {"k": 1}, class_name="Others")
    stored.close()
    return tmp_path / "state"


@pytest.fixture
def a_id(root: Path) -> str:
    """The id of the first of them."""
    return next(
        each.name for each in (root / "v1" / "do" / "my-app-Notes").iterdir() if each.is_dir()
    )


def test_objects_are_listed_by_their_classes(command_line: CommandLine, root: Path) -> None:
    result = command_line.run("state", "list", "--persist-to", str(root))

    assert (result.exit_code, result.stderr) == (0, "")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines == [
        ["Notes:", "1", "object"],
        ["NAME", "SIZE", "KEYS", "TABLES", "ALARM"],
        ["a", lines[2][1], "KB", "1", "1", "-"],
        [],
        ["Others:", "1", "object"],
        ["NAME", "SIZE", "KEYS", "TABLES", "ALARM"],
        ["b", lines[6][1], "KB", "1", "0", "-"],
    ]


def test_one_class_is_listed_alone(command_line: CommandLine, root: Path) -> None:
    result = command_line.run("state", "list", "Others", "--persist-to", str(root))

    assert "Notes" not in result.stdout


def test_an_object_is_shown(command_line: CommandLine, root: Path, a_id: str) -> None:
    result = command_line.run("state", "show", "Notes/a", "--persist-to", str(root))

    assert result.stdout == (
        f"Notes/a  ({a_id})\n  'k': {{'x': [1, 'two']}}\n\nt: 1 row\n  n\n  5\n"
    )


def test_an_object_is_shown_as_json(command_line: CommandLine, root: Path, a_id: str) -> None:
    result = command_line.run("state", "show", "Notes/a", "--json", "--persist-to", str(root))

    assert json.loads(result.stdout) == {
        "class": "Notes",
        "id": a_id,
        "name": "a",
        "alarm": None,
        "keys": {"k": {"x": [1, "two"]}},
        "tables": {"t": [{"n": 5}]},
        "facets": {},
    }


def test_facets_are_listed_and_shown(command_line: CommandLine, root: Path, a_id: str) -> None:
    store = FacetStore(root / "v1" / "do" / "my-app-Notes" / a_id)
    folder = store.path(store.number(store.number(0, "outer"), "inner"))
    folder.mkdir()
    connection = apsw.Connection(str(folder / "db.sqlite"))
    connection.execute("CREATE TABLE u (m); INSERT INTO u VALUES (7)")
    connection.close()

    listed = command_line.run("state", "list", "Notes", "--persist-to", str(root))
    shown = command_line.run("state", "show", "Notes/a", "--persist-to", str(root))

    heading, line = (each.split() for each in listed.stdout.splitlines()[1:])
    assert heading == ["NAME", "SIZE", "KEYS", "TABLES", "FACETS", "ALARM"]
    assert line[3:] == ["1", "1", "1", "-"]
    assert shown.stdout.endswith(
        "\n\nfacet 'outer'\n\n  facet 'inner'\n\n    u: 1 row\n      m\n      7\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Notes/a"], "1 object deleted.\n"),
        (["Notes"], "1 object deleted.\n"),
        ([], "2 objects deleted.\n"),
    ],
)
def test_a_reset_asks_or_is_told_not_to(
    command_line: CommandLine, root: Path, arguments: list[str], said: str
) -> None:
    asked = command_line.run("state", "reset", *arguments, "--persist-to", str(root))
    kept = command_line.run("state", "show", "Notes/a", "--persist-to", str(root))
    told = command_line.run("state", "reset", *arguments, "--yes", "--persist-to", str(root))
    gone = command_line.run("state", "show", "Notes/a", "--persist-to", str(root))

    assert (asked.exit_code, kept.exit_code) == (1, 0)
    assert "[y/N]" in asked.stdout
    assert (told.exit_code, told.stdout, gone.exit_code) == (0, said, 1)


def test_a_snapshot_is_kept_and_put_back(command_line: CommandLine, root: Path) -> None:
    at = ("--persist-to", str(root))

    kept = command_line.run("state", "snapshot", "one", *at)
    command_line.run("state", "reset", "--yes", *at)
    names = command_line.run("state", "restore", *at)
    asked = command_line.run("state", "restore", "one", *at)
    restored = command_line.run("state", "restore", "one", "--yes", *at)

    assert kept.stdout == 'Kept as "one"; `pydo state restore one` puts it back.\n'
    assert names.stdout == "one\n"
    assert asked.exit_code == 1
    assert restored.stdout == 'All is as it was in "one".\n'
    assert command_line.run("state", "show", "Notes/a", *at).exit_code == 0


def test_a_snapshot_without_a_name_has_the_time(command_line: CommandLine, root: Path) -> None:
    assert command_line.run("state", "snapshot", "--persist-to", str(root)).stdout.startswith(
        'Kept as "20'
    )


def test_objects_go_to_wrangler_and_come_back(
    command_line: CommandLine, root: Path, tmp_path: Path
) -> None:
    there, at = str(tmp_path / "wrangler"), ("--persist-to", str(root))

    out = command_line.run("state", "export", there, *at)
    command_line.run("state", "reset", "--yes", *at)
    back = command_line.run("state", "import", there, *at)
    again = command_line.run("state", "import", there, *at)

    assert out.stdout == (
        "Notes: 1 object exported, 0 alarms\nOthers: 1 object exported, 0 alarms\n"
    )
    assert back.stdout == (
        "Notes: 1 object imported, 0 alarms\nOthers: 1 object imported, 0 alarms\n"
    )
    assert "already there, and left alone: 1 object (--overwrite replaces them)" in again.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["show", "Notes/a"],
        ["reset", "--yes"],
        ["snapshot"],
        ["restore", "one"],
        ["import", "elsewhere"],
        ["export", "elsewhere"],
    ],
    ids=lambda each: each[0],
)
def test_nothing_is_done_while_a_server_holds_the_directory(
    command_line: CommandLine, root: Path, arguments: list[str]
) -> None:
    with StateDirectory.open(root, port=8787):
        result = command_line.run("state", *arguments, "--persist-to", str(root))

    assert result.exit_code == 1
    assert "is in use by pydo dev" in result.stderr
    assert "port 8787" in result.stderr


def test_without_a_place_it_is_beside_the_configuration(
    command_line: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "wrangler.toml").touch()

    result = command_line.run("state", "list", "--cwd", str(tmp_path))

    assert result.exit_code == 1
    assert f"{tmp_path / '.pydo' / 'state'} is not there" in result.stderr


def test_what_is_odd_is_shown_too(command_line: CommandLine, tmp_path: Path) -> None:
    stored = Stored(tmp_path / "state")
    stored.write("empty", {}, "CREATE TABLE gone (a)", "DROP TABLE gone")
    stored.write("late", {"k": 1}, alarm_ms=9_223_372_036_854)
    stored.write("soon", {"k": 1}, alarm_ms=1_800_000_000_000)
    many = "INSERT INTO t SELECT value FROM generate_series(1, 25)"
    rows = many.replace("generate_series(1, 25)", "json_each('[" + ",".join("1" * 25) + "]')")
    stored.write("long", {}, "CREATE TABLE t (n)", rows)
    damaged = stored.write("damaged", {"k": 1})
    stored.close()
    folder = tmp_path / "state" / "v1" / "do" / "my-app-Notes" / damaged
    (folder / "db.sqlite").write_bytes(b"no database" * 1000)
    (folder / "db.sqlite-wal").unlink(missing_ok=True)
    at = ("--persist-to", str(tmp_path / "state"))

    listed = command_line.run("state", "list", *at).stdout

    assert "damaged: file is not a database" in listed
    assert "2262-04-11" in listed
    assert "2027-01-15" in listed
    assert "It stores nothing." in command_line.run("state", "show", "Notes/empty", *at).stdout
    assert "alarm  2027-01-15" in command_line.run("state", "show", "Notes/soon", *at).stdout
    assert "t: 25 rows, the first 20" in command_line.run("state", "show", "Notes/long", *at).stdout
    failed = command_line.run("state", "show", "Notes/damaged", *at)
    assert failed.exit_code == 1
    assert "pydo state reset Notes/damaged" in failed.stderr


def test_an_empty_directory_has_no_objects(command_line: CommandLine, tmp_path: Path) -> None:
    StateDirectory.open(tmp_path / "state").close()
    at = ("--persist-to", str(tmp_path / "state"))

    assert command_line.run("state", "list", *at).stdout == "No objects.\n"
    assert command_line.run("state", "restore", *at).stdout == "No snapshots.\n"
    assert command_line.run("state", "export", str(tmp_path / "w"), *at).stdout == "No objects.\n"


CONFIGURATION = """
name = "my-app"
main = "entry.py"
compatibility_date = "2026-09-01"
compatibility_flags = ["python_workers"]
durable_objects.bindings = [{ name = "NOTES", class_name = "Notes" }]
migrations = [{ tag = "v1", new_classes = ["Notes"] }]
"""


def test_a_class_that_is_new_here_has_the_storage_that_the_configuration_says(
    command_line: CommandLine, root: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "wrangler.toml").write_text(CONFIGURATION)
    (project / "entry.py").touch()
    command_line.run("state", "export", str(project / "from"), "--persist-to", str(root))

    result = command_line.run("state", "import", "from", "--cwd", str(project))

    assert result.exit_code == 0
    with StateDirectory.open(project / ".pydo" / "state") as state:
        found = {each.class_name: each.storage for each in state.class_directories()}
    assert found == {"Notes": "key-value", "Others": "sqlite"}


def test_what_cannot_be_carried_is_told(
    command_line: CommandLine, root: Path, tmp_path: Path
) -> None:
    there = tmp_path / "w"
    record = root / "v1" / "do" / "my-app-Notes" / "namespace.json"
    record.write_text(record.read_text().replace('"my-app-Notes"', '"my-app-Drafts"'))
    at = ("--persist-to", str(root))

    result = command_line.run("state", "export", str(there), *at)

    assert "Notes was renamed (my-app-Drafts): its objects have other ids in" in result.stdout


def test_a_damaged_object_is_named_and_the_others_are_carried(
    command_line: CommandLine, root: Path, tmp_path: Path, a_id: str
) -> None:
    file = root / "v1" / "do" / "my-app-Notes" / a_id / "db.sqlite"
    file.write_bytes(b"no database" * 1000)
    file.with_name("db.sqlite-wal").unlink()

    result = command_line.run("state", "export", str(tmp_path / "w"), "--persist-to", str(root))

    assert result.exit_code == 1
    assert "Others: 1 object exported, 0 alarms" in result.stdout
    assert f"{file} cannot be carried over: file is not a database" in result.stderr


def test_a_project_without_history_takes_over_without_one(
    command_line: CommandLine, root: Path, tmp_path: Path
) -> None:
    at = ("--persist-to", str(root))
    command_line.run("state", "export", str(tmp_path / "w"), *at)
    project = tmp_path / "project"
    project.mkdir()
    (project / "wrangler.toml").write_text('name = "my-app"')
    (project / "pyproject.toml").write_text("[tool.pydo]\nhistory-days = 0\n")

    result = command_line.run("state", "import", str(tmp_path / "w"), "--cwd", str(project))

    assert result.exit_code == 0
    assert not list((project / ".pydo").rglob("db.history"))


def test_a_file_that_the_system_does_not_give_away_is_named(
    command_line: CommandLine, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr("pydo.state.reset._set_aside", refuse)

    result = command_line.run("state", "reset", "Notes/a", "--yes", "--persist-to", str(root))

    assert result.exit_code == 1
    assert "cannot be used (Permission denied)" in result.stderr

"""`pydo time-travel`: whole outputs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pydo.cli.moment import moment_ms
from pydo.runtime.history.log import Retention
from pydo.state import find_object, read
from pydo.state.past import Past
from pydo.statedir import StateDirectory
from tests.state.conftest import Stored

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import CommandLine

ALARM_MS = 9_000_000_000_000


def noted(stored: Stored) -> None:
    """Let the history have what was written."""
    Past(find_object(stored.state, "Notes/a"), Retention(), None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A state directory with an object of three commits, held by nobody."""
    stored = Stored(tmp_path / "state")
    stored.write("a", {"k": 1, "l": "x"}, "CREATE TABLE t (n, who)")
    noted(stored)
    stored.write("a", {"k": 2, "m": 3}, "INSERT INTO t VALUES (5, 'Ann')", alarm_ms=ALARM_MS)
    noted(stored)
    keys: dict[str, object] = {f"key {number}": number for number in range(25)}
    statements = ("DELETE FROM _cf_KV WHERE key = 'l'", "DROP TABLE t", "CREATE TABLE u (x)")
    stored.write("a", keys, *statements)
    stored.close()
    return tmp_path / "state"


def run(command_line: CommandLine, root: Path, *arguments: str) -> list[str]:
    result = command_line.run("time-travel", "Notes/a", "--persist-to", str(root), *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def bookmarks(command_line: CommandLine, root: Path) -> list[str]:
    return [each["bookmark"] for each in json.loads("\n".join(run(command_line, root, "--json")))]


def keys(root: Path) -> dict[str, object]:
    with StateDirectory.open(root) as state:
        return read(find_object(state, "Notes/a")).keys


def test_the_commits_are_listed(command_line: CommandLine, root: Path) -> None:
    lines = run(command_line, root, "--list")

    assert re.fullmatch(r"Notes/a  \([0-9a-f]{64}\)", lines[0])
    assert lines[1].split() == ["TIME", "BOOKMARK", "WRITTEN", "CHANGES"]
    shown = [re.split(r" {2,}", line.strip())[-1] for line in lines[2:]]
    alarm = datetime.fromtimestamp(ALARM_MS / 1000, UTC).astimezone()
    assert shown == [
        "+'k', +'l', new table t",
        f"+'m', ~'k', t +1 rows, alarm at {alarm.isoformat(' ', 'milliseconds')}",
        "+'key 0', +'key 1', +'key 10', +22 more keys, -'l', no table t -1 rows, new table u",
    ]


def test_few_are_listed_if_few_are_asked_for(command_line: CommandLine, root: Path) -> None:
    lines = run(command_line, root, "-n", "1")

    assert lines[1] == "  … 2 earlier commits: -n shows more"
    assert len(lines) == 4


def test_no_commits_are_not_listed(command_line: CommandLine, root: Path) -> None:
    result = command_line.run("time-travel", "Notes/a", "-n", "0", "--persist-to", str(root))

    assert result.exit_code == 2
    assert "0 is not in the range x>=1" in result.stderr


def test_the_list_is_to_be_had_as_json(command_line: CommandLine, root: Path) -> None:
    found: list[dict[str, Any]] = json.loads("\n".join(run(command_line, root, "--json")))

    assert [each["restore"] for each in found] == [False, False, False]
    assert found[1]["changes"] == {
        "keys": {
            "added": {"m": 3},
            "changed": {"k": {"before": 1, "after": 2}},
            "removed": {},
        },
        "tables": {
            "t": {
                "table": "changed",
                "columns": ["n", "who"],
                "added": [[5, "Ann"]],
                "removed": [],
            }
        },
        "alarm": {"before": None, "after": ALARM_MS},
    }
    assert datetime.fromisoformat(found[0]["time"]).tzinfo is not None
    assert found[0]["bytes"] % 4096 == 0


def test_a_return_shows_what_it_changes_and_asks(command_line: CommandLine, root: Path) -> None:
    first = bookmarks(command_line, root)[0]

    result = command_line.run("time-travel", "Notes/a", "--persist-to", str(root), "--to", first)

    assert result.exit_code == 1
    assert "Return to that? [y/N]:" in result.stdout
    lines = result.stdout.splitlines()
    assert lines[0].startswith("Notes/a as it was 20")
    assert lines[1:4] == ["  + 'l': 'x'", "  ~ 'k': 2 -> 1", "  - 'key 0': 0"]
    assert lines[21:25] == [
        "  … 8 more",
        "  t: created",
        "  u: dropped",
        f"  alarm: {alarm_text()} -> none",
    ]
    assert len(keys(root)) == 27


def test_a_return_is_made_and_undone(command_line: CommandLine, root: Path) -> None:
    second = bookmarks(command_line, root)[1]

    done = run(command_line, root, "--to", second, "--yes")
    then = keys(root)
    undo = re.search(r"--to (\S+)` undoes it", done[-1])
    assert undo is not None
    run(command_line, root, "--to", undo[1], "-y")

    assert then == {"k": 2, "l": "x", "m": 3}
    assert len(keys(root)) == 27
    assert "restore: " in run(command_line, root)[-1]


def test_a_return_to_a_time_is_to_be_had_as_json(command_line: CommandLine, root: Path) -> None:
    last = bookmarks(command_line, root)[-1]

    found = json.loads("\n".join(run(command_line, root, "--to", "now", "--json", "--yes")))

    assert found["bookmark"] == last
    assert found["changes"] == {
        "keys": {"added": {}, "changed": {}, "removed": {}},
        "tables": {},
        "alarm": {"before": ALARM_MS, "after": ALARM_MS},
    }


def test_a_return_to_what_there_is_changes_nothing(command_line: CommandLine, root: Path) -> None:
    lines = run(command_line, root, "--to", "now")

    assert lines[1] == "  nothing changes"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "never"], '"never" is neither a time nor a bookmark'),
        (["--to", "40d ago"], "more than 30 days ago"),
        (["--to", "2h"], "before the history"),
        (["--to", f"00000007-00000001-00000001-{'0' * 32}"], "is in the future"),
    ],
)
def test_what_cannot_be_returned_to_is_told(
    command_line: CommandLine, root: Path, arguments: list[str], message: str
) -> None:
    result = command_line.run("time-travel", "Notes/a", "--persist-to", str(root), *arguments)

    assert result.exit_code == 1
    assert message in result.stderr


def test_two_things_at_once_are_wrong_usage(command_line: CommandLine, root: Path) -> None:
    result = command_line.run(
        "time-travel", "Notes/a", "--persist-to", str(root), "--list", "--to", "now"
    )

    assert result.exit_code == 2


def test_a_project_may_keep_no_history(command_line: CommandLine, root: Path) -> None:
    project = root.parent
    (project / "wrangler.toml").touch()
    (project / "pyproject.toml").write_text("[tool.pydo]\nhistory-days = 0\n")

    result = command_line.run(
        "time-travel", "Notes/a", "--persist-to", str(root), "--cwd", str(project)
    )

    assert "history-days in [tool.pydo] is 0" in result.stderr


def test_a_server_that_cannot_be_asked_is_named(command_line: CommandLine, root: Path) -> None:
    with StateDirectory.open(root):
        result = command_line.run("time-travel", "Notes/a", "--persist-to", str(root))

    assert result.exit_code == 1
    assert f"the server that holds {root}" in result.stderr
    assert "cannot be asked" in result.stderr


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("10m ago", NOW - timedelta(minutes=10)),
        ("10m", NOW - timedelta(minutes=10)),
        ("1.5 hours ago", NOW - timedelta(minutes=90)),
        ("1h 30m", NOW - timedelta(minutes=90)),
        ("90 seconds ago", NOW - timedelta(seconds=90)),
        ("2 days", NOW - timedelta(days=2)),
        ("1 week ago", NOW - timedelta(days=7)),
        ("11:30", NOW - timedelta(minutes=30)),
        ("2026-02-28 12:00", NOW - timedelta(days=1)),
        ("2026-02-28T12:00:00Z", datetime(2026, 2, 28, 12, tzinfo=UTC)),
        (str(int(NOW.timestamp() * 1000)), NOW),
        ("soon", None),
        ("", None),
    ],
)
def test_a_moment_is_written_in_many_ways(text: str, moment: datetime | None) -> None:
    expected = None if moment is None else round(moment.timestamp() * 1000)

    assert moment_ms(text, NOW) == expected


def alarm_text() -> str:
    moment = datetime.fromtimestamp(ALARM_MS / 1000, UTC).astimezone()
    return moment.isoformat(" ", "milliseconds")

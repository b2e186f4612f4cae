"""Cron expressions: the times that they name, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pydo.config import ConfigError, load
from pydo.config.cron import Cron

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
main = "entry.py"
compatibility_date = "2026-01-01"
compatibility_flags = ["python_workers"]
"""


def following(text: str, start: str, count: int = 1) -> list[str]:
    """Give the next times after `start`."""
    cron = Cron.parse(text)
    now = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp() * 1000)
    found: list[str] = []
    for _ in range(count):
        after = cron.next_after(now)
        assert after is not None
        now = after
        found.append(datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("* * * * *", "2026-11-28 10:00:30", ["2026-11-28 10:01", "2026-11-28 10:02"]),
        ("*/15 * * * *", "2026-11-28 10:50", ["2026-11-28 11:00", "2026-11-28 11:15"]),
        ("5/20 * * * *", "2026-11-28 10:00", ["2026-11-28 10:05", "2026-11-28 10:25"]),
        ("0 17 * * sun", "2026-11-28 10:00", ["2026-11-29 17:00", "2026-12-06 17:00"]),
        ("0 17 * * 1", "2026-11-28 10:00", ["2026-11-29 17:00"]),
        ("10 7 * * mon-fri", "2026-11-27 08:00", ["2026-11-30 07:10", "2026-12-01 07:10"]),
        ("10 7 * * 2-6", "2026-11-27 08:00", ["2026-11-30 07:10"]),
        ("0 0 * * fri-mon", "2026-11-30 01:00", ["2026-12-04 00:00", "2026-12-05 00:00"]),
        ("0 15 1 * *", "2026-11-28 10:00", ["2026-12-01 15:00", "2027-01-01 15:00"]),
        ("0 18 * * 6L", "2026-11-01 00:00", ["2026-11-27 18:00", "2026-12-25 18:00"]),
        ("0 18 * * friL", "2026-11-01 00:00", ["2026-11-27 18:00"]),
        ("0 0 * * 2#1", "2026-11-03 00:00", ["2026-12-07 00:00"]),
        ("0 0 * * L", "2026-11-22 00:00", ["2026-11-28 00:00"]),
        ("0 0 L * *", "2026-02-01 00:00", ["2026-02-28 00:00", "2026-03-31 00:00"]),
        ("0 0 L-2 * *", "2026-02-01 00:00", ["2026-02-26 00:00"]),
        ("59 23 LW * *", "2026-01-01 00:00", ["2026-01-30 23:59", "2026-02-27 23:59"]),
        ("0 0 1W * *", "2026-07-31 00:00", ["2026-08-03 00:00"]),
        ("0 0 15W * *", "2026-08-01 00:00", ["2026-08-14 00:00"]),
        ("0 0 31W * *", "2026-05-01 00:00", ["2026-05-29 00:00", "2026-07-31 00:00"]),
        ("0 0 29 feb *", "2026-01-01 00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 0 13 * FRI", "2026-11-10 00:00", ["2026-11-13 00:00", "2026-11-20 00:00"]),
        ("0 22-2 * * *", "2026-11-28 23:30", ["2026-11-29 00:00", "2026-11-29 01:00"]),
        ("0,30 9,17 * * *", "2026-11-28 09:00", ["2026-11-28 09:30", "2026-11-28 17:00"]),
    ],
)
def test_the_times_that_an_expression_names(text: str, start: str, expected: list[str]) -> None:
    assert following(text, start, len(expected)) == expected


def test_a_day_that_never_comes_has_no_time() -> None:
    assert Cron.parse("0 0 30 2 *").next_after(0) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *"),
        *("* * * 13 *", "* * * * 0", "* * * * 8", "a * * * *", "*/0 * * * *", "1- * * * *"),
        *("* * * foo *", "* * * * 2#6", "-1 * * * *", "1.5 * * * *", "*,1 * * *", "@daily"),
    ],
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ValueError, match=r"it has|is no|is from"):
        Cron.parse(text)


def test_triggers_are_read_and_checked(tmp_path: Path) -> None:
    (tmp_path / "entry.py").touch()
    path = tmp_path / "wrangler.toml"
    path.write_text(f'{HEAD}[triggers]\ncrons = ["* * * * *", "0 0 * * 1"]\n')

    assert load(path)[0].crons == ("* * * * *", "0 0 * * 1")

    path.write_text(f'{HEAD}[triggers]\ncrons = ["* * * * *", "99 * * * *"]\n')
    with pytest.raises(ConfigError) as caught:
        load(path)
    told = [each.message for each in caught.value.diagnostics]
    assert told == ['"99 * * * *" is no cron expression: "99" is no minute, which is from 0 to 59.']


def test_routes_tell_the_names_of_hosts(tmp_path: Path) -> None:
    (tmp_path / "entry.py").touch()
    path = tmp_path / "wrangler.toml"
    path.write_text(
        'routes = ["a.test/*", "*.b.test/x", { pattern = "https://c.test", custom_domain = 1 }]\n'
        f"{HEAD}"
    )

    assert load(path)[0].hosts == ("a.test", "b.test", "c.test")

"""`--log-level` in wrangler's order."""

from __future__ import annotations

import pytest

from pydo.console import Level


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("none", set[str]()),
        ("error", {"error"}),
        ("warn", {"error", "warn"}),
        ("info", {"error", "warn", "info"}),
        ("log", {"error", "warn", "info", "log"}),
        ("debug", {"error", "warn", "info", "log", "debug"}),
    ],
)
def test_a_level_shows_what_is_at_least_as_urgent(level: str, shown: set[str]) -> None:
    assert {str(each) for each in Level(level).shown} == shown

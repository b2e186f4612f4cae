"""Each rule by what it finds, and by what looks like it and is right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.check.conftest import Check

# `== name: rule`, then a module in which the line with `# here` is found, or `== name: right`.
_TEXT = Path(__file__).with_name("cases.txt").read_text("utf-8")
CASES = {
    title.partition(": ")[0]: (title.partition(": ")[2], code)
    for case in f"\n{_TEXT}".split("\n== ")[1:]
    for title, _, code in [case.partition("\n")]
}
RIGHT = {name: code for name, (rule, code) in CASES.items() if rule == "right"}
FOUND = {name: case for name, case in CASES.items() if case[0] != "right"}


@pytest.mark.parametrize("name", FOUND)
def test_what_breaks_is_found_at_its_line(name: str, check: Check) -> None:
    rule, code = FOUND[name]
    line = next(n for n, text in enumerate(code.split("\n"), 1) if "# here" in text)

    found = check(code)

    assert [(each.rule, each.span and each.span.line) for each in found] == [(rule, line)]


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_left_alone(name: str, check: Check) -> None:
    assert check(RIGHT[name]) == []


def test_another_rule_s_excuse_does_not_count(check: Check) -> None:
    found = check("import time\ndef f():\n    time.sleep(1)  # pydo: ignore[thread]")

    assert [each.rule for each in found] == ["blocking"]


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("import socket\ndef f():\n    socket.socket()", "socket"),
        ("import termios", "absent-module"),
    ],
)
def test_what_a_later_python_has_is_found_before_it_only(
    code: str, rule: str, check: Check
) -> None:
    assert [each.rule for each in check(code)] == [rule]
    assert check(code, date="2026-09-08") == []

"""What acts on a terminal is shown as an escape."""

from __future__ import annotations

import pytest

from pydo.console.visible import visible, visible_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ✓ 日本語 é", "plain ✓ 日本語 é"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("over\rwritten", r"over\rwritten"),
        ("\x00\x08\x7f", r"\x00\x08\x7f"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("a\u2028b", r"a\u2028b"),
        ("half \ud800", r"half \ud800"),
        ("lines\r\nand\ttabs\nstay", "lines\nand\ttabs\nstay"),
    ],
)
def test_control_characters_become_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_line_stays_one_line() -> None:
    assert visible_line("a\nb\r\nc\td") == r"a\nb\r\nc\td"

"""Offsets as lines and columns, and paths as short as they can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from pydo.config.source import SourceFile, shortest


@pytest.mark.parametrize(
    ("offset", "line", "column"), [(0, 1, 1), (2, 1, 3), (3, 2, 1), (4, 3, 1), (7, 3, 4)]
)
def test_an_offset_is_a_line_and_a_column_from_one(offset: int, line: int, column: int) -> None:
    span = SourceFile(Path("a.toml"), "ab\n\ncde").span(offset)

    assert (span.line, span.column) == (line, column)
    assert str(span) == f"a.toml:{line}:{column}"


@pytest.mark.parametrize(
    ("text", "offset", "width", "excerpt"),
    [
        ("name = 1 # x", 7, 1, "1 │ name = 1 # x\n  ╵        ^"),
        ("a\n\n\n\n\n\n\n\n\nb = 2  \n", 10, 1, "10 │ b = 2\n   ╵ ^"),
        ("\tk = [\n1]", 5, 5, "1 │ \tk = [\n  ╵ \t    ^"),
        ('k = "日本é" + 1', 4, 5, '1 │ k = "日本é" + 1\n  ╵     ^^^^^^^'),
        ("日本 = x", 5, 1, "1 │ 日本 = x\n  ╵        ^"),
        ("a", 1, 1, "1 │ a\n  ╵  ^"),
        ("", 0, 1, "1 │\n  ╵ ^"),
        (
            "x" * 80 + "y" + "z" * 80,
            80,
            1,
            f"1 │ …{'x' * 50}y{'z' * 49}…\n  ╵ {' ' * 51}^",
        ),
        ("y" + "z" * 200, 0, 201, f"1 │ y{'z' * 99}…\n  ╵ {'^' * 100}"),
    ],
)
def test_an_excerpt_has_the_line_and_a_mark(
    text: str, offset: int, width: int, excerpt: str
) -> None:
    assert SourceFile(Path("x"), text).span(offset, width).excerpt() == excerpt


def test_a_path_is_relative_where_that_is_shorter(project: Path) -> None:
    assert shortest(project / "wrangler.toml") == "wrangler.toml"
    assert shortest(project.parent / "a.toml") == "../a.toml"
    assert shortest(Path("/etc/a.toml")) == "/etc/a.toml"

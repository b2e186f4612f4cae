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
    assert str(span) == f"a.toml:{line}"


def test_a_path_is_relative_where_that_is_shorter(project: Path) -> None:
    assert shortest(project / "wrangler.toml") == "wrangler.toml"
    assert shortest(project.parent / "a.toml") == "../a.toml"
    assert shortest(Path("/etc/a.toml")) == "/etc/a.toml"

"""`pydo migrate` promises nothing that it does not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conftest import CommandLine


def test_it_says_that_nothing_is_applied_yet(command_line: CommandLine) -> None:
    result = command_line.run("migrate")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "Nothing was changed: this version of pydo does not apply migrations yet.\n"
        "New classes need no migration here: `pydo dev` makes a place for each class that is "
        "bound.\n"
        "A class that was renamed, deleted or transferred keeps its objects under its old name.\n"
    )

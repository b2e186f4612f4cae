"""`pydo migrate`: says what this version does about migrations, and what it does not."""

from __future__ import annotations

import click

from pydo.cli.option import CONTEXT_SETTINGS, verbose
from pydo.console import Console, open_stdout

__all__ = ["migrate"]


@click.command(
    short_help="Apply migrations (not there yet).",
    context_settings=CONTEXT_SETTINGS,
    epilog="Example: pydo migrate",
)
@verbose
def migrate() -> None:
    """Apply the migrations of wrangler.toml to the local state (not there yet)."""
    Console(open_stdout()).say(
        "Nothing was changed: this version of pydo does not apply migrations yet.\n"
        "New classes need no migration here: `pydo dev` makes a place for each class that is "
        "bound.\n"
        "A class that was renamed, deleted or transferred keeps its objects under its old name."
    )

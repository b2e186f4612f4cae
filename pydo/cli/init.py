"""`pydo init`: a project from a template."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pydo.cli.option import CONTEXT_SETTINGS, verbose
from pydo.console import Console, open_stdout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydo.scaffold import Template

__all__ = ["init"]


@click.command(
    context_settings=CONTEXT_SETTINGS,
    epilog="Example: pydo init my-app",
)
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option(
    "--template", default="counter", show_default=True, metavar="NAME", help="What to start from."
)
@click.option("--list", "lists", is_flag=True, help="List the templates, and write nothing.")
@click.option(
    "--force",
    is_flag=True,
    help="Write into a directory that is not empty, over files that the template holds too.",
)
@verbose
def init(directory: Path | None, *, template: str, lists: bool, force: bool) -> None:
    """Write a new project into DIRECTORY, which is made, or is there and empty."""
    # Here and not above: `pydo dev` does not wait for what only this needs.
    from pydo import scaffold  # noqa: PLC0415 - as said

    console = Console(open_stdout())
    if lists:
        _list(console, scaffold.templates())
        return
    if directory is None:
        raise click.UsageError("Missing argument 'DIRECTORY'.")
    plan = scaffold.plan(scaffold.find_template(template), directory, force=force)
    scaffold.write(plan)
    console.say(f'{directory} is made from the template "{template}".')
    for heading, files in (("created", plan.created), ("overwritten", plan.overwritten)):
        for file in files:
            console.say(f"  {heading:<11}  {directory / file.path}")
    console.say("\nNext:")
    if os.path.relpath(directory) != os.curdir:
        console.say(f"  cd {shlex.quote(str(directory))}")
    console.say("  pydo dev")


def _list(console: Console, templates: Iterable[Template]) -> None:
    known = list(templates)
    width = max((len(each.name) for each in known), default=0)
    for each in known:
        console.say(f"{each.name:<{width}}  {each.description}")

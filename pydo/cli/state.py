"""`pydo state`: what the objects of a project have stored, seen and changed from outside.

Each command refuses while a server holds the directory.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pydo.cli.form import columned, contents_as_json, contents_lines, count, listed
from pydo.cli.option import CONTEXT_SETTINGS
from pydo.cli.project import on_project
from pydo.errors import StateError

if TYPE_CHECKING:
    from pydo.cli.project import Project
    from pydo.console import Console
    from pydo.state import Carried

__all__ = ["state", "yes_option"]

_MOST_ROWS = 20  # of each table, as text


yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
_overwrite = click.option(
    "--overwrite", is_flag=True, help="Replace objects that are there already."
)


@click.group(
    context_settings=CONTEXT_SETTINGS,
    epilog="Example: pydo state list",
)
def state() -> None:
    """See and change what the objects of this project have stored; no server may run."""


# -- seeing


@state.command("list", short_help="List the objects.", context_settings=CONTEXT_SETTINGS)
@click.argument("class_name", metavar="[CLASS]", required=False)
@on_project
def list_(project: Project, console: Console, class_name: str | None) -> None:
    """List the objects, with their names, sizes, keys and alarms."""
    from pydo.state import find_class, objects_of, summarize  # noqa: PLC0415 - `pydo --help` needs none

    with project.held() as held:
        owners = (
            list(held.class_directories()) if class_name is None else [find_class(held, class_name)]
        )
        found = [(each, [summarize(place) for place in objects_of(each)]) for each in owners]
    if not found:
        console.say("No objects.")
    for number, (owner, objects) in enumerate(found):
        console.say(
            ("\n" if number else "") + f"{owner.class_name}: {count(len(objects), 'object')}"
        )
        if objects:
            console.say(columned(*listed(objects)))


@state.command(short_help="Show what one object stores.", context_settings=CONTEXT_SETTINGS)
@click.argument("named", metavar="CLASS/NAME")
@click.option("--json", "as_json_", is_flag=True, help="Everything, as JSON.")
@on_project
def show(project: Project, console: Console, named: str, *, as_json_: bool) -> None:
    """Show the keys, the tables and the alarm of one object, named by its name or its id."""
    from pydo.state import (  # noqa: PLC0415 - as above
        Contents,
        as_json,
        as_line,
        as_text,
        find_object,
        read,
    )

    with project.held() as held:
        place = find_object(held, named)
        contents = read(place, None if as_json_ else _MOST_ROWS)
    if as_json_:
        found = {"class": place.owner.class_name, "id": place.id, "name": place.name}
        console.say(json.dumps({**found, **contents_as_json(contents, as_json)}, indent=2))
        return
    console.say(f"{place}  ({place.id})")
    if contents == Contents():
        console.say("It stores nothing.")
    for line in contents_lines(contents, as_text, as_line):
        console.say(line)


# -- changing


@state.command(short_help="Delete objects.", context_settings=CONTEXT_SETTINGS)
@click.argument("named", metavar="[CLASS[/NAME]]", required=False)
@yes_option
@on_project
def reset(project: Project, console: Console, named: str | None, *, yes: bool) -> None:
    """Delete what is stored: one object's, a class's, or everybody's."""
    from pydo.state import (  # noqa: PLC0415 - as above
        find_class,
        find_object,
        reset_all,
        reset_class,
        reset_object,
    )

    with project.held() as held:
        if named is None:
            _confirm(f"Delete all objects in {held.root}?", yes=yes)
            number = reset_all(held)
        elif "/" in named:
            place = find_object(held, named)
            _confirm(f"Delete {place}?", yes=yes)
            reset_object(place)
            number = 1
        else:
            owner = find_class(held, named)
            _confirm(f"Delete all objects of {owner.class_name}?", yes=yes)
            number = reset_class(owner)
    console.say(f"{count(number, 'object')} deleted.")


@state.command(short_help="Keep everything under a name.", context_settings=CONTEXT_SETTINGS)
@click.argument("name", required=False)
@on_project
def snapshot(project: Project, console: Console, name: str | None) -> None:
    """Keep everything that is stored under NAME, by default the time."""
    from pydo.state import snapshot as keep  # noqa: PLC0415 - as above

    name = name or datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
    with project.held() as held:
        keep(held, name)
    console.say(f'Kept as "{name}"; `pydo state restore {name}` puts it back.')


@state.command(short_help="Put a snapshot back.", context_settings=CONTEXT_SETTINGS)
@click.argument("name", required=False)
@yes_option
@on_project
def restore(project: Project, console: Console, name: str | None, *, yes: bool) -> None:
    """Put the snapshot NAME back in the place of all that is stored; list them without a NAME."""
    from pydo.state import restore as put_back  # noqa: PLC0415 - as above
    from pydo.state import snapshots  # noqa: PLC0415 - as above

    with project.held() as held:
        if name is None:
            console.say("\n".join(snapshots(held)) or "No snapshots.")
            return
        if name in snapshots(held):
            _confirm(f'Put "{name}" in the place of all that is stored now?', yes=yes)
        put_back(held, name)
    console.say(f'All is as it was in "{name}".')


# -- exchange with wrangler


@state.command(
    "import", short_help="Take wrangler's objects over.", context_settings=CONTEXT_SETTINGS
)
@click.argument("directory", type=click.Path(path_type=Path))
@_overwrite
@on_project
def import_(project: Project, console: Console, directory: Path, *, overwrite: bool) -> None:
    """Take over the objects of `wrangler dev` from DIRECTORY: its .wrangler/state.

    One that is damaged is left out and named at the end.
    """
    from pydo.state import import_from  # noqa: PLC0415 - as above

    with project.held(makes=True) as held:
        source = project.cwd.absolute() / directory
        found = import_from(
            held,
            source,
            project.storage_of,
            overwrites=overwrite,
            has_history=project.tool.history_days > 0,
        )
    for each in found:
        _tell(console, each, "imported")
    _fail_for_damaged(found)


@state.command(
    "export", short_help="Write objects for wrangler.", context_settings=CONTEXT_SETTINGS
)
@click.argument("directory", type=click.Path(path_type=Path))
@_overwrite
@on_project
def export(project: Project, console: Console, directory: Path, *, overwrite: bool) -> None:
    """Write all objects into DIRECTORY, in the form of wrangler's .wrangler/state.

    One that is damaged is left out and named at the end.
    """
    from pydo.state import export_to  # noqa: PLC0415 - as above

    with project.held() as held:
        found = export_to(held, project.cwd.absolute() / directory, overwrites=overwrite)
    for each in found:
        _tell(console, each, "exported")
    if not found:
        console.say("No objects.")
    _fail_for_damaged(found)


def _fail_for_damaged(found: list[Carried]) -> None:
    damaged = [why for each in found for why in each.damaged]
    if damaged:
        raise StateError("\n".join(damaged))


def _tell(console: Console, carried: Carried, what: str) -> None:
    console.say(
        f"{carried.class_name}: {count(carried.objects, 'object')} {what},"
        f" {count(carried.alarms, 'alarm')}"
        + (f", {count(carried.facets, 'facet')}" if carried.facets else "")
    )
    if carried.kept:
        console.say(
            f"  already there, and left alone: {count(carried.kept, 'object')}"
            " (--overwrite replaces them)"
        )
    if carried.was_renamed:
        console.warn(
            f"{carried.class_name} was renamed ({carried.other_key}): its objects have other ids in"
            " wrangler. Those with names were carried by name; ids that are stored in values, and"
            f" {count(carried.nameless, 'object')} without a name, were not"
        )


def _confirm(question: str, *, yes: bool) -> None:
    if not yes:
        click.confirm(question, abort=True)

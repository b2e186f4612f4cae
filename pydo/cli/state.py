"""`pydo state`: what the objects of a project have stored, seen and changed from outside.

Each command refuses while a server holds the directory.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pydo.cli.option import (
    CONTEXT_SETTINGS,
    config_option,
    cwd_option,
    env_option,
    persist_option,
    verbose,
)
from pydo.console import Console, open_stdout

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from pydo.config import Location
    from pydo.state import Carried, Contents, Summary
    from pydo.statedir import StateDirectory

__all__ = [
    "Project",
    "columned",
    "count",
    "on_project",
    "state",
    "time_text",
    "yes_option",
]

_MOST_ROWS = 20  # of each table, as text


@dataclass(frozen=True, slots=True)
class Project:
    """Where the state is, and the configuration beside it if one is needed."""

    cwd: Path
    config: Path | None
    persist_to: Path | None
    env: str | None = None

    @property
    def root(self) -> Path:
        """The state directory."""
        if self.persist_to is not None:
            return self.cwd.absolute() / self.persist_to
        return self.location.home / ".pydo" / "state"

    @property
    def location(self) -> Location:
        """Where the configuration is.

        Raises:
            ConfigError: there is none.

        """
        from pydo.config import locate  # noqa: PLC0415 - `pydo --help` needs none

        return locate(self.cwd, self.config)

    @property
    def folder(self) -> Path:
        """The folder of the configuration; that of the command, if there is none."""
        from pydo.config import ConfigError  # noqa: PLC0415 - as above

        try:
            return self.location.home
        except ConfigError:
            return self.cwd

    def storage_of(self, class_name: str) -> str:
        """Tell the storage kind of a class, as far as a configuration says it."""
        from pydo.config import ConfigError, Overrides, load  # noqa: PLC0415 - as above

        try:
            return load(self.location, Overrides(env=self.env))[0].storage_of(class_name).value
        except ConfigError:
            return "sqlite"

    @contextmanager
    def held_or_shared(self) -> Generator[tuple[StateDirectory, bool]]:
        """Give the state directory, and whether a server holds it, which is then to be asked."""
        from pydo.statedir import HeldError, StateDirectory  # noqa: PLC0415 - as above

        with ExitStack() as stack:
            try:
                state, is_shared = stack.enter_context(self.held()), False
            except HeldError:
                state, is_shared = StateDirectory.look_at(self.root), True
            yield state, is_shared

    @contextmanager
    def held(self, *, makes: bool = False) -> Generator[StateDirectory]:
        """Hold the state directory, after what a crash has left is finished.

        Raises:
            StateError: there is none, unless it is to be made, or another process holds it.

        """
        from pydo.migrate.journal import recover  # noqa: PLC0415 - as above
        from pydo.state import hold  # noqa: PLC0415 - as above
        from pydo.statedir import StateDirectory  # noqa: PLC0415 - as above

        with StateDirectory.open(self.root) if makes else hold(self.root) as state:
            recover(state)
            yield state


def on_project(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which project is meant; it gets that, and a console."""

    @wraps(function)
    def command(**given: Any) -> None:
        named = {key: given.pop(key) for key in ("cwd", "config", "persist_to", "env")}
        function(Project(**named), Console(open_stdout()), **given)

    for option in (
        verbose,
        persist_option,
        env_option,
        config_option,
        cwd_option,
    ):
        command = option(command)
    return command


yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
_overwrite = click.option(
    "--overwrite", is_flag=True, help="Replace objects that are there already."
)


@click.group(
    short_help="See, reset, keep and exchange what is stored.",
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
    from pydo.state import find_class, objects_of, summarize  # noqa: PLC0415 - as above

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
            console.say(columned(*_listed(objects)))


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
        console.say(json.dumps({**found, **_as_json(contents, as_json)}, indent=2))
        return
    console.say(f"{place}  ({place.id})")
    if contents == Contents():
        console.say("It stores nothing.")
    for line in _lines(contents, as_text, as_line):
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
    """Take over the objects of `wrangler dev` from DIRECTORY: its .wrangler/state."""
    from pydo.state import import_from  # noqa: PLC0415 - as above

    with project.held(makes=True) as held:
        source = project.cwd.absolute() / directory
        found = import_from(held, source, project.storage_of, overwrites=overwrite)
    for each in found:
        _tell(console, each, "imported")


@state.command(
    "export", short_help="Write objects for wrangler.", context_settings=CONTEXT_SETTINGS
)
@click.argument("directory", type=click.Path(path_type=Path))
@_overwrite
@on_project
def export(project: Project, console: Console, directory: Path, *, overwrite: bool) -> None:
    """Write all objects into DIRECTORY, in the form of wrangler's .wrangler/state."""
    from pydo.state import export_to  # noqa: PLC0415 - as above

    with project.held() as held:
        found = export_to(held, project.cwd.absolute() / directory, overwrites=overwrite)
    for each in found:
        _tell(console, each, "exported")
    if not found:
        console.say("No objects.")


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


# -- the form of what is said


def _confirm(question: str, *, yes: bool) -> None:
    if not yes:
        click.confirm(question, abort=True)


def _listed(objects: list[Summary]) -> tuple[list[str], list[list[str]]]:
    """Give the heading and the lines of a list; facets have a column if there are any."""
    counted = ["KEYS", "TABLES"]
    if any(each.facets for each in objects):
        counted.append("FACETS")
    lines = [_line(each, len(counted)) for each in objects]
    return ["NAME", "SIZE", *counted, "ALARM"], lines


def _line(summary: Summary, counted: int) -> list[str]:
    name = summary.place.id if summary.place.name is None else summary.place.name
    if summary.damage is not None:
        return [name, _size(summary.size), *["-"] * counted, f"damaged: {summary.damage}"]
    alarm = "-" if summary.alarm_ms is None else time_text(summary.alarm_ms)
    counts = (summary.keys, summary.tables, summary.facets)[:counted]
    return [name, _size(summary.size), *map(str, counts), alarm]


def columned(heading: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Give lines in columns below their heading."""
    table = [list(heading), *(list(each) for each in lines)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(
        (
            "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )


def _lines(
    contents: Contents, as_text: Callable[[object], str], as_line: Callable[[object], str]
) -> Generator[str]:
    if contents.alarm_ms is not None:
        yield f"alarm  {time_text(contents.alarm_ms)}"
    for key, value in contents.keys.items():
        yield _indented(f"{key!r}: ", as_text(value))
    for table in contents.tables:
        shown = "" if table.count <= len(table.rows) else f", the first {len(table.rows)}"
        yield f"\n{table.name}: {count(table.count, 'row')}{shown}"
        yield columned(table.columns, (map(as_line, row) for row in table.rows))
    for name, facet in contents.facets.items():
        yield f"\nfacet {name!r}"
        for line in _lines(facet, as_text, as_line):
            yield "\n".join(f"  {each}".rstrip() for each in line.split("\n"))


def _indented(head: str, text: str) -> str:
    return "  " + head + text.replace("\n", "\n" + " " * (len(head) + 2))


def _as_json(contents: Contents, convert: Callable[[object], object]) -> dict[str, object]:
    return {
        "alarm": contents.alarm_ms,
        "keys": {key: convert(value) for key, value in contents.keys.items()},
        "tables": {
            table.name: [
                dict(zip(table.columns, map(convert, row), strict=True)) for row in table.rows
            ]
            for table in contents.tables
        },
        "facets": {name: _as_json(facet, convert) for name, facet in contents.facets.items()},
    }


def time_text(ms: int) -> str:
    """Give a time in the zone of this machine."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone().isoformat(" ", "milliseconds")


def _size(size: int) -> str:
    return f"{size / 1024:,.0f} KB"


def count(number: int, noun: str) -> str:
    """Give a number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

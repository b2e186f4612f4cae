"""`pydo time-travel`: the past of one object, and the return to it.

It works while a server runs, which is then asked, and while none does.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pydo.cli.form import columned, count, size_text, time_text
from pydo.cli.moment import moment_ms
from pydo.cli.option import CONTEXT_SETTINGS
from pydo.cli.project import on_project
from pydo.cli.state import yes_option
from pydo.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from pydo.cli.project import Project
    from pydo.console import Console
    from pydo.runtime.history.bookmark import Bookmark
    from pydo.state.changes import Changes, TableChanges
    from pydo.state.past import Entry, Past
    from pydo.state.place import ObjectPlace

__all__ = ["time_travel"]

_MOST_LINES = 20  # shown of the keys, and of the rows of a table
_MOST_NAMES = 3  # of keys named in a line


@click.command(
    "time-travel",
    context_settings=CONTEXT_SETTINGS,
    epilog="Example: pydo time-travel Counter/test --to '10m ago'",
)
@click.argument("named", metavar="CLASS/NAME")
@click.option(
    "--to",
    metavar="TIME|BOOKMARK",
    help="Return to this: a time such as '10m ago', '14:30' or '2026-03-01 12:00', or a bookmark.",
)
@click.option("--list", "lists", is_flag=True, help="List the commits, as without --to.")
@click.option(
    "-n",
    "--number",
    type=click.IntRange(min=1),
    default=20,
    metavar="N",
    help="List so many commits. [default: 20]",
)
@click.option("--json", "as_json", is_flag=True, help="Say it as JSON.")
@yes_option
@on_project
def time_travel(  # noqa: PLR0913 - as many as it has options
    project: Project,
    console: Console,
    named: str,
    to: str | None,
    number: int,
    *,
    lists: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """See what one object was at each of its commits, and return to one of them.

    A server may be running: the object is then reset, and its next event meets the earlier state.
    """
    if to is not None and lists:
        raise click.UsageError("--list and --to are two things: use one of them")
    with _past(project, named) as past:
        if to is None:
            _list(console, past, number, as_json=as_json)
        else:
            _return(console, past, to, as_json=as_json, yes=yes)


@contextmanager
def _past(project: Project, named: str) -> Generator[Past]:
    from pydo.runtime.history.log import Retention  # noqa: PLC0415 - `pydo --help` needs none
    from pydo.state import find_object  # noqa: PLC0415 - as above
    from pydo.state.past import Past  # noqa: PLC0415 - as above

    tool = project.tool
    retention = Retention.of(tool.history_days, tool.history_size_mb)
    if retention is None:
        raise StateError("No history is kept: history-days in [tool.pydo] is 0")
    with project.held_or_shared() as (state, is_shared):
        server = _Asked(state.control) if is_shared else None
        yield Past(find_object(state, named), retention, server)


class _Asked:
    """The server that holds the directory."""

    def __init__(self, control: Path) -> None:
        self._control = control

    def archive(self, place: ObjectPlace) -> None:
        self._ask("archive", place)

    def restore(self, place: ObjectPlace, bookmark: str) -> str:
        return self._ask("restore", place, bookmark=bookmark)

    def _ask(self, command: str, place: ObjectPlace, **fields: object) -> str:
        from pydo.control import ask  # noqa: PLC0415 - as above

        which = {"class": place.owner.unique_key, "id": place.id, "name": place.name}
        return str(ask(self._control, command, **which, **fields))


# -- seeing


def _list(console: Console, past: Past, number: int, *, as_json: bool) -> None:
    entries = past.entries(number)
    if as_json:
        console.say(json.dumps([_entry_json(each) for each in entries], indent=2))
        return
    console.say(f"{past.place}  ({past.place.id})")
    if not entries:
        console.say("It has stored nothing yet.")
        return
    hidden = len(past.commits()) - len(entries)
    if hidden:
        console.say(f"  … {count(hidden, 'earlier commit')}: -n shows more")
    lines = [
        (
            time_text(each.commit.time_ms),
            str(each.commit.bookmark),
            size_text(each.commit.frames * 4096),
            ("restore: " if each.is_restore else "") + _summary(each.changes),
        )
        for each in entries
    ]
    console.say(columned(("TIME", "BOOKMARK", "WRITTEN", "CHANGES"), lines))


def _summary(changes: Changes) -> str:
    if changes.damage is not None:
        return f"damaged here or before: {changes.damage}"
    parts = [
        *_named("+", changes.added),
        *_named("~", changes.changed),
        *_named("-", changes.removed),
        *(_table_summary(each) for each in changes.tables),
    ]
    before, after = changes.alarm_ms
    if before != after:
        parts.append("no alarm" if after is None else f"alarm at {time_text(after)}")
    return ", ".join(parts) or "nothing to be seen"


def _named(sign: str, keys: dict[str, bytes] | dict[str, tuple[bytes, bytes]]) -> list[str]:
    names = [f"{sign}{key!r}" for key in list(keys)[:_MOST_NAMES]]
    more = len(keys) - len(names)
    return [*names, f"{sign}{count(more, 'more key')}"] if more else names


def _table_summary(table: TableChanges) -> str:
    rows = [f"+{len(table.added)}"] if table.added else []
    rows += [f"-{len(table.removed)}"] if table.removed else []
    what = {"created": "new table ", "dropped": "no table "}.get(table.kind, "")
    columns = " other columns" if table.has_other_columns else ""
    return f"{what}{table.name}{columns}" + (f" {' '.join(rows)} rows" if rows else "")


def _entry_json(entry: Entry) -> dict[str, object]:
    return {
        "time": _iso(entry.commit.time_ms),
        "bookmark": str(entry.commit.bookmark),
        "bytes": entry.commit.frames * 4096,
        "restore": entry.is_restore,
        "changes": _changes_json(entry.changes),
    }


# -- the return


def _return(console: Console, past: Past, to: str, *, as_json: bool, yes: bool) -> None:
    target = _target(past, to)
    changes = past.changes_by(target)
    if not as_json:
        time_ms = next((e.time_ms for e in past.commits() if e.bookmark == target), None)
        when = "before the first commit" if time_ms is None else time_text(time_ms)
        console.say(f"{past.place} as it was {when}")
        console.say(_difference(changes) or "  nothing changes")
        if changes and not yes:
            click.confirm("Return to that?", abort=True)
    undo = past.restore(target)
    if as_json:
        found = {"bookmark": str(target), "undo": undo, "changes": _changes_json(changes)}
        console.say(json.dumps(found, indent=2))
        return
    console.say(f"Done; `pydo time-travel {past.place} --to {undo}` undoes it.")


def _target(past: Past, to: str) -> Bookmark:
    from pydo.runtime.history.bookmark import Bookmark  # noqa: PLC0415 - as above

    if Bookmark.parse(to) is not None:
        return past.find(to)
    time_ms = moment_ms(to, datetime.now().astimezone())
    if time_ms is None:
        raise StateError(
            f'"{to}" is neither a time nor a bookmark: write "10m ago", "14:30",'
            ' "2026-03-01 12:00", or what --list shows'
        )
    return past.at(time_ms)


def _difference(changes: Changes) -> str:
    from pydo.state.shown import as_line  # noqa: PLC0415 - as above
    from pydo.state.stored import decoded  # noqa: PLC0415 - as above

    def shown(value: bytes) -> str:
        return as_line(decoded(value))

    if changes.damage is not None:
        return f"  what changes cannot be told: {changes.damage}"
    keys = [f"+ {key!r}: {shown(value)}" for key, value in changes.added.items()]
    keys += [
        f"~ {key!r}: {shown(before)} -> {shown(after)}"
        for key, (before, after) in changes.changed.items()
    ]
    keys += [f"- {key!r}: {shown(value)}" for key, value in changes.removed.items()]
    lines = _cut(keys)
    for table in changes.tables:
        note = "" if table.kind == "changed" else f": {table.kind}"
        note += ", other columns" if table.has_other_columns else ""
        rows = [f"  + {_row(row, as_line)}" for row in table.added]
        rows += [f"  - {_row(row, as_line)}" for row in table.removed]
        lines += [f"{table.name}{note}", *_cut(rows)]
    before, after = changes.alarm_ms
    if before != after:
        lines.append(f"alarm: {_alarm(before)} -> {_alarm(after)}")
    return "\n".join(f"  {line}" for line in lines)


def _row(row: tuple[object, ...], shown: Callable[[object], str]) -> str:
    return "  ".join(map(shown, row))


def _cut(lines: list[str]) -> list[str]:
    more = len(lines) - _MOST_LINES
    return lines if more <= 0 else [*lines[:_MOST_LINES], f"… {more} more"]


def _alarm(at_ms: int | None) -> str:
    return "none" if at_ms is None else time_text(at_ms)


def _changes_json(changes: Changes) -> dict[str, object]:
    from pydo.state.shown import as_json  # noqa: PLC0415 - as above
    from pydo.state.stored import decoded  # noqa: PLC0415 - as above

    def shown(values: dict[str, bytes]) -> dict[str, object]:
        return {key: as_json(decoded(value)) for key, value in values.items()}

    return {
        "keys": {
            "added": shown(changes.added),
            "changed": {
                key: {"before": as_json(decoded(before)), "after": as_json(decoded(after))}
                for key, (before, after) in changes.changed.items()
            },
            "removed": shown(changes.removed),
        },
        "tables": {
            table.name: {
                "table": table.kind,
                "columns": list(table.columns),
                "added": [[as_json(cell) for cell in row] for row in table.added],
                "removed": [[as_json(cell) for cell in row] for row in table.removed],
            }
            for table in changes.tables
        },
        "alarm": {"before": changes.alarm_ms[0], "after": changes.alarm_ms[1]},
        **({} if changes.damage is None else {"damage": changes.damage}),
    }


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")

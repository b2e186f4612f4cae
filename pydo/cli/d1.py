"""`pydo d1`: SQL and migrations on local databases, with wrangler's flags, answers and table."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
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
    from collections.abc import Callable, Sequence

    from pydo.config import Config
    from pydo.d1 import LocalDatabase, Migrations, Rows

__all__ = ["d1"]


@dataclass(frozen=True, slots=True)
class _Project:
    """Which configuration and which state are meant."""

    cwd: Path
    config: Path | None
    env: str | None
    persist_to: Path | None

    def load(self) -> Config:
        # Here and not above: `pydo --help` needs none of it.
        from pydo.config import Overrides, load, locate  # noqa: PLC0415 - as said

        return load(locate(self.cwd.absolute(), self.config), Overrides(env=self.env))[0]

    def database(self, name: str) -> LocalDatabase:
        from pydo.d1 import LocalDatabase  # noqa: PLC0415 - as above

        config = self.load()
        given = self.persist_to
        root = config.home / ".pydo" / "state" if given is None else self.cwd.absolute() / given
        return LocalDatabase.find(config, name, root)


def _on_project(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say what is meant; it gets that, and a console."""

    @wraps(function)
    def command(  # noqa: PLR0913 - wrangler's options
        *,
        cwd: Path,
        config: Path | None,
        env: str | None,
        persist_to: Path | None,
        remote: bool,
        preview: bool,
        local: bool,
        **given: Any,
    ) -> None:
        from pydo.d1 import D1Error  # noqa: PLC0415 - as above

        if local and remote:
            raise D1Error("Error: can't use --local and --remote at the same time")
        if remote or preview:
            what = "--remote" if remote else "--preview"
            raise D1Error(f"pydo has local databases only: for {what} run wrangler d1")
        function(_Project(cwd, config, env, persist_to), Console(open_stdout()), **given)

    for option in (
        verbose,
        click.option("--preview", is_flag=True, hidden=True),
        click.option("--remote", is_flag=True, hidden=True),
        click.option("--local", is_flag=True, help="Accepted as in wrangler: all is local."),
        persist_option,
        env_option,
        config_option,
        cwd_option,
    ):
        command = option(command)
    return command


_yes = click.option("-y", "--yes", is_flag=True, help='Answer "yes" to any question.')


@click.group(context_settings=CONTEXT_SETTINGS)
def d1() -> None:
    """Run SQL and migrations on the D1 databases of this machine, also while they are served."""


@d1.command(
    short_help="Run SQL.",
    context_settings=CONTEXT_SETTINGS,
    epilog='Example: pydo d1 execute my-db --command "SELECT * FROM users"',
)
@click.argument("database")
@click.option("--command", help="The SQL to run, statements separated by semicolons.")
@click.option("--file", type=click.Path(path_type=Path), help="A file of SQL to run.")
@click.option("--json", "as_json", is_flag=True, help="Give the results as JSON and nothing else.")
@_yes
@_on_project
def execute(  # noqa: PLR0913 - wrangler's options
    project: _Project,
    console: Console,
    *,
    database: str,
    command: str | None,
    file: Path | None,
    as_json: bool,
    yes: bool,
) -> None:
    """Run statements on DATABASE, a name or a binding: all of them or none."""
    del yes  # there is nothing to ask
    from pydo.d1 import D1Error  # noqa: PLC0415 - as above

    try:
        results = _executed(project, None if as_json else console, database, command, file)
    except D1Error as error:
        if not as_json:
            raise
        click.echo(json.dumps({"error": {"text": str(error)}}, indent=2))
        click.get_current_context().exit(1)
    if sys.stdout.isatty() and not as_json:
        for result in results:
            if result.rows:
                console.say(_table([_texts(row) for row in result.rows]))
    else:
        told = [result.as_json() for result in results]
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))


def _executed(
    project: _Project,
    console: Console | None,
    name: str,
    command: str | None,
    file: Path | None,
) -> list[Rows]:
    from pydo.d1 import D1Error  # noqa: PLC0415 - as above
    from pydo.d1.database import read_sql  # noqa: PLC0415 - as above

    if command and file:
        raise D1Error("Error: can't provide both --command and --file.")
    if not command and not file:
        raise D1Error("Error: must provide --command or --file.")
    text = command or ""
    if file:
        text = read_sql(project.cwd / file, str(file))
    with project.database(name) as database:
        if console is not None:
            _say_where(console, name, database)
        results = database.execute(text)
    if console is not None:
        _say_done(console, len(results))
    return results


@d1.group(short_help="Migrations of a database.", context_settings=CONTEXT_SETTINGS)
def migrations() -> None:
    """Write, list and apply the migrations of a database."""


@migrations.command(short_help="Write a new migration.", context_settings=CONTEXT_SETTINGS)
@click.argument("database")
@click.argument("message")
@_yes
@_on_project
def create(project: _Project, console: Console, *, database: str, message: str, yes: bool) -> None:
    """Write an empty migration for DATABASE, named by MESSAGE."""
    with project.database(database) as opened:
        found = _migrations(opened)
        if not found.folder.is_dir():
            _confirm(f"{found.advice}\nOk to create {found.folder}?", yes=yes)
            found.folder.mkdir(parents=True)
        path = found.create(message)
    console.say(
        f"✅ Successfully created Migration '{path.name}'!\n\n"
        f"The migration is available for editing here\n{path}"
    )


@migrations.command(
    "list", short_help="Show what is to be applied.", context_settings=CONTEXT_SETTINGS
)
@click.argument("database")
@_on_project
def list_(project: _Project, console: Console, *, database: str) -> None:
    """Show the migrations of DATABASE that were not applied yet."""
    with project.database(database) as opened:
        found = _existing(opened, console)
        pending = found.pending()
    if not pending:
        console.say("✅ No migrations to apply!")
        return
    console.say("Migrations to be applied:")
    console.say(_table([{"Name": name} for name in pending]))


@migrations.command(short_help="Apply what was not applied.", context_settings=CONTEXT_SETTINGS)
@click.argument("database")
@_yes
@_on_project
def apply(project: _Project, console: Console, *, database: str, yes: bool) -> None:
    """Apply the migrations of DATABASE that were not applied yet, each as a whole or not at all."""
    with project.database(database) as opened:
        found = _existing(opened, console)
        pending = found.in_order(found.pending())
        if not pending:
            console.say("✅ No migrations to apply!")
            return
        console.say("Migrations to be applied:")
        console.say(_table([{"name": name} for name in pending]))
        _confirm(
            f"About to apply {len(pending)} migration(s)\nYour database may not be available to"
            " serve requests during the migration, continue?",
            yes=yes,
        )
        _say_where(console, database, opened)
        _apply_all(found, pending, console)


def _apply_all(found: Migrations, pending: list[str], console: Console) -> None:
    from pydo.d1 import D1Error  # noqa: PLC0415 - as above

    status = dict.fromkeys(pending, "🕒️")
    for name in pending:
        try:
            count = found.apply(name)
        except D1Error:
            status[name] = "❌"
            console.say(_table([{"name": each, "status": status[each]} for each in pending]))
            console.error(f"Migration {name} failed with the following errors:")
            raise
        status[name] = "✅"
        _say_done(console, count)
    console.say(_table([{"name": each, "status": status[each]} for each in pending]))


def _migrations(database: LocalDatabase) -> Migrations:
    from pydo.d1 import Migrations  # noqa: PLC0415 - as above

    return Migrations(database)


def _existing(database: LocalDatabase, console: Console) -> Migrations:
    found = _migrations(database)
    if not found.folder.is_dir():
        console.warn(found.advice)
    found.check_folder()
    return found


def _say_where(console: Console, name: str, database: LocalDatabase) -> None:
    place = database.directory
    root = Path.cwd()
    shown = place.relative_to(root) if place.is_relative_to(root) else place
    console.say(
        f"🌀 Executing on local database {name} ({database.settings.database_id}) from {shown}:"
    )


def _say_done(console: Console, count: int) -> None:
    plural = "" if count == 1 else "s"
    console.say(f"🚣 {count} command{plural} executed successfully.")


def _confirm(question: str, *, yes: bool) -> None:
    """Ask, where somebody can answer; elsewhere the answer is yes, as wrangler has it."""
    if not yes and sys.stdin.isatty():
        click.confirm(question, default=True, abort=True)


def _texts(row: dict[str, Any]) -> dict[str, str]:
    return {key: _text(value) for key, value in row.items()}


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return str(value)


def _table(rows: Sequence[dict[str, str]]) -> str:
    """Draw rows in boxes, as wrangler does."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, *([row.get(name, "") for name in names] for row in rows)]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(names))]

    def ruled(left: str, middle: str, right: str) -> str:
        return left + middle.join("─" * (width + 2) for width in widths) + right

    def filled(line: list[str]) -> str:
        cells = (text + " " * (widths[i] - _width(text)) for i, text in enumerate(line))
        return "│ " + " │ ".join(cells) + " │"

    body = f"\n{ruled('├', '┼', '┤')}\n".join(filled(line) for line in lines)
    return f"{ruled('┌', '┬', '┐')}\n{body}\n{ruled('└', '┴', '┘')}"


def _width(text: str) -> int:
    from pydo.console.bindings import width  # noqa: PLC0415 - as above

    return width(text)

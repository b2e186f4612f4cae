"""`pydo migrate`: the migrations of the configuration, applied to the objects on this machine.

Exit codes: 0 clean or done, 1 refused, 2 wrong usage, 3 something is pending, 4 drift.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from pydo.cli.option import (
    CONTEXT_SETTINGS,
    config_option,
    cwd_option,
    env_option,
    persist_option,
    verbose,
)
from pydo.console import Console, open_stdout
from pydo.errors import MigrationError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pydo.config import Config
    from pydo.migrate import Drift, Migrator, Plan

__all__ = ["migrate"]

_PENDING, _DRIFT = 3, 4


@dataclass(frozen=True, slots=True)
class _Project:
    """Which configuration and which state are meant."""

    cwd: Path
    config: Path | None
    env: str | None
    name: str | None
    persist_to: Path | None
    from_state: Path | None

    @contextmanager
    def opened(self, console: Console) -> Generator[tuple[Config, Migrator]]:
        # Here and not above: none of this is needed for `pydo --help`.
        from pydo.config import Overrides, load, locate, read_environ  # noqa: PLC0415 - as said
        from pydo.migrate import Migrator  # noqa: PLC0415 - as said
        from pydo.statedir import StateDirectory  # noqa: PLC0415 - as said

        cwd = self.cwd.absolute()
        location = locate(cwd, self.config)
        environ = read_environ(cwd, self.env, (), os.environ)
        config, _ = load(location, Overrides(env=self.env, name=self.name, environ=environ))
        given = self.persist_to
        root = config.home / ".pydo" / "state" if given is None else cwd / given
        with StateDirectory.open(root) as state:
            migrator = Migrator(state, None if self.from_state is None else cwd / self.from_state)
            if migrator.was_interrupted:
                console.info("A migration that was interrupted has been finished")
            yield config, migrator


def _on_project(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say what is meant."""

    @wraps(function)
    def command(**given: Any) -> None:
        names = ("cwd", "config", "env", "name", "persist_to", "from_state")
        project = _Project(*(_given(each, given.pop(each)) for each in names))
        function(project, Console(open_stdout()), **given)

    for option in (
        verbose,
        click.option(
            "--from-state",
            type=click.Path(path_type=Path),
            metavar="DIRECTORY",
            help="Another state directory, to transfer classes from.",
        ),
        persist_option,
        click.option("--name", metavar="NAME", help="The Worker's name."),
        env_option,
        config_option,
        cwd_option,
    ):
        command = option(command)
    return command


def _given(name: str, value: Any) -> Any:
    """Give an option's value, which may also stand before the name of the subcommand."""
    context = click.get_current_context()
    is_default = context.get_parameter_source(name) is ParameterSource.DEFAULT
    above = context.parent
    return above.params[name] if is_default and above and name in above.params else value


_json = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
_yes = click.option("-y", "--yes", is_flag=True, help="Delete and transfer without asking.")
_to = click.option("--to", metavar="TAG", help="Go no further than this tag.")
_expect = click.option(
    "--expect-tag", "expect", metavar="TAG", help="Refuse unless this tag was applied last."
)


@click.group(
    context_settings=CONTEXT_SETTINGS,
    invoke_without_command=True,
    epilog="Example: pydo migrate --dry-run",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@_json
@_yes
@_expect
@_to
@_on_project
def migrate(project: _Project, console: Console, *, dry_run: bool, **given: Any) -> None:
    """Apply the migrations of the configuration to the objects on this machine; none may run.

    Exit codes: 0 clean or done, 1 refused, 2 wrong usage, 3 pending, 4 drift.
    """
    context = click.get_current_context()
    if context.invoked_subcommand is not None:
        return
    if dry_run:
        given.pop("yes")
        _show_plan(project, console, **given)
    else:
        _apply(project, console, **given)


@migrate.command("apply", short_help="Apply what is pending.", context_settings=CONTEXT_SETTINGS)
@_json
@_yes
@_expect
@_to
@_on_project
def apply_(project: _Project, console: Console, **given: Any) -> None:
    """Apply what is pending, tag by tag: the same as `pydo migrate`."""
    _apply(project, console, **given)


@migrate.command("plan", short_help="Show what would be done.", context_settings=CONTEXT_SETTINGS)
@_json
@_expect
@_to
@_on_project
def plan_(project: _Project, console: Console, **given: Any) -> None:
    """Show what would be done, and change nothing: the same as `pydo migrate --dry-run`."""
    _show_plan(project, console, **given)


@migrate.command(short_help="Show tags and classes.", context_settings=CONTEXT_SETTINGS)
@_json
@_on_project
def status(project: _Project, console: Console, *, as_json: bool) -> None:
    """Show which tags are applied, what each class holds, the backups, and what has drifted."""
    from pydo.migrate.report import look, status_json, status_text  # noqa: PLC0415 - as above

    with project.opened(console) as (config, migrator):
        found = look(config, migrator)
        is_pending = bool(migrator.plan(config).steps)
    console.say(_dumped(status_json(found)) if as_json else status_text(found))
    click.get_current_context().exit(_DRIFT if found.drift else _PENDING if is_pending else 0)


@migrate.command(short_help="Take the last tag back.", context_settings=CONTEXT_SETTINGS)
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@_json
@_yes
@_on_project
def undo(project: _Project, console: Console, *, dry_run: bool, as_json: bool, yes: bool) -> None:
    """Take the last applied tag back; Cloudflare has no such thing."""
    from pydo.migrate.report import step_text  # noqa: PLC0415 - as above

    with project.opened(console) as (config, migrator):
        plan = migrator.plan_undo(config.name)
        is_refused = _is_shown_only(plan, console, as_json=as_json, dry_run=dry_run)
        if not is_refused:
            _agree(plan, yes=yes)
            migrator.apply(plan)
    if is_refused:
        click.get_current_context().exit(1 if plan.refusals else 0)
    if as_json:
        _say_json(console, plan, is_applied=True)
        return
    for step in plan.steps:
        console.say(f"{step.tag or 'exports'} undone: {step_text(step).partition(': ')[2]}")
    console.say("This is for this machine only: on Cloudflare an applied migration stays applied.")


def _show_plan(
    project: _Project, console: Console, *, as_json: bool, to: str | None, expect: str | None
) -> None:
    with project.opened(console) as (config, migrator):
        plan = _plan(config, migrator, to, expect)
        drift = _drift(config, migrator)
    _is_shown_only(plan, console, as_json=as_json, dry_run=True)
    click.get_current_context().exit(
        1 if plan.refusals else _PENDING if plan.steps else _DRIFT if drift and not to else 0
    )


def _apply(  # noqa: PLR0913 - what the command line says
    project: _Project,
    console: Console,
    *,
    as_json: bool,
    yes: bool,
    to: str | None,
    expect: str | None,
) -> None:
    from pydo.migrate.report import drift_text, step_text  # noqa: PLC0415 - as above

    with project.opened(console) as (config, migrator):
        plan = _plan(config, migrator, to, expect)
        if _is_shown_only(plan, console, as_json=as_json, dry_run=False):
            click.get_current_context().exit(1)
        _agree(plan, yes=yes)
        migrator.apply(plan)
        drift = _drift(config, migrator)
    if as_json:
        _say_json(console, plan, is_applied=True)
    else:
        console.say("\n".join(map(step_text, plan.steps)) or "Nothing is pending.")
        for note in plan.notes:
            console.say(note)
        if drift:
            console.warn(drift_text(drift))
    click.get_current_context().exit(_DRIFT if drift and not plan.steps else 0)


def _plan(config: Config, migrator: Migrator, to: str | None, expect: str | None) -> Plan:
    from pydo.migrate import Goal  # noqa: PLC0415 - as above

    return migrator.plan(config, Goal(to, expect))


def _is_shown_only(plan: Plan, console: Console, *, as_json: bool, dry_run: bool) -> bool:
    """Show a plan that is not to be applied, or cannot be; whether it is one."""
    from pydo.migrate.report import plan_text  # noqa: PLC0415 - as above

    if not dry_run and not plan.refusals:
        return False
    if as_json:
        _say_json(console, plan)
    else:
        console.say(plan_text(plan))
    return True


def _say_json(console: Console, plan: Plan, *, is_applied: bool = False) -> None:
    from pydo.migrate.report import plan_json  # noqa: PLC0415 - as above

    console.say(_dumped(plan_json(plan, is_applied=is_applied)))


def _dumped(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _drift(config: Config, migrator: Migrator) -> tuple[Drift, ...]:
    from pydo.migrate.report import look  # noqa: PLC0415 - as above

    return look(config, migrator).drift


def _agree(plan: Plan, *, yes: bool) -> None:
    """Ask for the name of each class that goes; without a terminal there is nobody to ask."""
    from pydo.migrate.report import plan_text  # noqa: PLC0415 - as above

    if yes or not plan.is_destructive:
        return
    click.echo(plan_text(plan), err=True)
    if not sys.stdin.isatty():
        raise click.UsageError("This deletes or transfers objects: say --yes to mean it.")
    for action in (each for each in plan.actions if each.is_destructive):
        name = action.source or action.class_name
        typed = click.prompt(f"Type {name} to {action.kind.value} it", err=True)
        if typed != name:
            raise MigrationError(f"{typed} is not {name}: nothing was changed")

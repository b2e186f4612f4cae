"""The `pydo` command itself, and what holds for every subcommand.

Exit codes: 0 done, 1 the user's problem (a `PydoError`, shown without pydo's own traceback unless
`--verbose` asks for it), 2 wrong usage.  Mistakes of pydo's own keep their tracebacks.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from pydo import __version__
from pydo.cli.option import CONTEXT_SETTINGS, is_verbose, verbose
from pydo.errors import ConfigError, PydoError

__all__ = ["cli"]

# Each subcommand is the function of its name in the module of its name, without hyphens.
_COMMANDS = {
    "check": "Tell what would break on Cloudflare.",
    "d1": "SQL and migrations on local D1 databases.",
    "dev": "Serve the Worker of this directory.",
    "init": "Write a new project.",
    "migrate": "Apply migrations to what is stored.",
    "state": "See, reset, keep and exchange what is stored.",
    "time-travel": "See what an object was, and return to that.",
}


class _Group(click.Group):
    """The subcommands, each imported when it is run: `pydo --help` and the others need it not."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx  # they are the same everywhere
        return [*_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"pydo.cli.{cmd_name.replace('-', '')}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([*_COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PydoError as error:
            _show(error, is_verbose=is_verbose(ctx))
            ctx.exit(1)


def _show(error: PydoError, *, is_verbose: bool) -> None:
    from pydo.console import Console  # noqa: PLC0415 - not needed for `pydo --help`

    # Not the console of the command: its level is for what the server says while it runs.
    console = Console(sys.stderr)
    if isinstance(error, ConfigError):
        console.diagnostics(error.diagnostics)
    else:
        console.error(str(error))
    if is_verbose:
        import traceback  # noqa: PLC0415 - as above

        console.say("".join(traceback.format_exception(error)).rstrip("\n"))


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    if not value or ctx.resilient_parsing:
        return
    from pydo.console import Console  # noqa: PLC0415 - as above
    from pydo.foreign import foreign_pydo  # noqa: PLC0415 - it reads what is installed

    console = Console(sys.stdout)
    console.say(f"pydo {__version__}")
    if (foreign := foreign_pydo()) is not None:
        Console(sys.stderr).warn(foreign)
    ctx.exit()


@click.group(
    cls=_Group,
    context_settings=CONTEXT_SETTINGS,
    epilog="Example: pydo init my-app && cd my-app && pydo dev",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@verbose
def cli() -> None:
    """Run Cloudflare's Python Workers with their Durable Objects on this machine."""

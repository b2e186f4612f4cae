"""The `pydo` command itself, and what holds for every subcommand.

Exit codes: 0 done, 1 the user's problem (a `PydoError`, shown without pydo's own traceback unless
`--verbose` asks for it), 2 wrong usage.  Mistakes of pydo's own keep their tracebacks.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any

import click

from pydo import __version__
from pydo.cli.check import check
from pydo.cli.d1 import d1
from pydo.cli.dev import dev
from pydo.cli.init import init
from pydo.cli.migrate import migrate
from pydo.cli.option import CONTEXT_SETTINGS, is_verbose, verbose
from pydo.cli.state import state
from pydo.cli.timetravel import time_travel
from pydo.console import Console
from pydo.errors import ConfigError, PydoError

__all__ = ["cli"]


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PydoError as error:
            _show(error, is_verbose=is_verbose(ctx))
            ctx.exit(1)


def _show(error: PydoError, *, is_verbose: bool) -> None:
    # Not the console of the command: its level is for what the server says while it runs.
    console = Console(sys.stderr)
    if isinstance(error, ConfigError):
        console.diagnostics(error.diagnostics)
    else:
        console.error(str(error))
    if is_verbose:
        console.say("".join(traceback.format_exception(error)).rstrip("\n"))


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    if not value or ctx.resilient_parsing:
        return
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


for _command in (init, dev, migrate, d1, state, time_travel, check):
    cli.add_command(_command)

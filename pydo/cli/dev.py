"""`pydo dev`: the command line of the server, with wrangler's names and defaults.

Source: cloudflare/workers-sdk `packages/wrangler/src/dev.ts`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from pydo.cli.lasting import lasting
from pydo.cli.option import CONTEXT_SETTINGS, SectionedCommand, SectionedOption, as_pairs, verbose
from pydo.console import Console, Level, configure_log, open_stdout

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.dev.options import Options

    Run = Callable[[Options, Console], int]

__all__ = ["dev"]

_PROJECT = "Project"
_SERVER = "Server"
_STATE = "State"
_OUTPUT = "Output"


class _Given(TypedDict):
    config: tuple[Path, ...]
    cwd: Path
    env: str | None
    assets: Path | None
    name: str | None
    compatibility_date: str | None
    variables: dict[str, str]
    env_files: tuple[Path, ...]
    ip: str | None
    port: int | None
    sockets: str
    reload_mode: str
    persist_to: Path | None
    cron: bool
    test_scheduled: bool
    local: bool
    remote: bool
    strict: bool
    auto_migrate: bool
    log_level: str


@click.command(
    cls=SectionedCommand,
    context_settings=CONTEXT_SETTINGS,
    epilog="Example: pydo dev --port 8080 --var GREETING:hello",
)
@click.option(
    "-c",
    "--config",
    cls=SectionedOption,
    section=_PROJECT,
    type=click.Path(path_type=Path),
    multiple=True,
    help="The configuration; by default wrangler.json, .jsonc or .toml, here or above; given again,"
    " further Workers that it is bound to.",
)
@click.option(
    "--cwd",
    cls=SectionedOption,
    section=_PROJECT,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Run as if started in this directory.",
)
@click.option(
    "-e",
    "--env",
    cls=SectionedOption,
    section=_PROJECT,
    metavar="NAME",
    envvar="CLOUDFLARE_ENV",
    show_envvar=True,
    help="The environment of the configuration to use.",
)
@click.option(
    "--assets",
    cls=SectionedOption,
    section=_PROJECT,
    type=click.Path(path_type=Path),
    help="The folder of static assets to serve beside the Worker.",
)
@click.option(
    "--name", cls=SectionedOption, section=_PROJECT, metavar="NAME", help="The Worker's name."
)
@click.option(
    "--compatibility-date",
    cls=SectionedOption,
    section=_PROJECT,
    metavar="YYYY-MM-DD",
    help="The date whose behaviour of the runtime to use.",
)
@click.option(
    "--var",
    "variables",
    cls=SectionedOption,
    section=_PROJECT,
    multiple=True,
    metavar="KEY:VALUE",
    callback=as_pairs,
    help="A variable for the Worker's env; may be given again for more.",
)
@click.option(
    "--env-file",
    "env_files",
    cls=SectionedOption,
    section=_PROJECT,
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="A .env file to read secrets from, instead of .dev.vars and .env; may be given again,"
    " and the last one counts.",
)
@click.option(
    "--ip",
    cls=SectionedOption,
    section=_SERVER,
    metavar="ADDRESS",
    help="The address to listen on; by default localhost.",
)
@click.option(
    "--port",
    cls=SectionedOption,
    section=_SERVER,
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="The port to listen on; by default 8787, or the next one that is free.",
)
@click.option(
    "--sockets",
    cls=SectionedOption,
    section=_SERVER,
    type=click.Choice(["keep", "close"]),
    default="keep",
    show_default=True,
    help="What a reload does with WebSockets: keep those that hibernate, or cut them all, as"
    " wrangler does.",
)
@click.option(
    "--reload",
    "reload_mode",
    cls=SectionedOption,
    section=_SERVER,
    type=click.Choice(["auto", "modules", "process"]),
    default="auto",
    show_default=True,
    metavar="HOW",
    help="How a change is taken up: modules imports anew, process starts anew, as Django needs it,"
    " and auto looks whether Django is there.",
)
@click.option(
    "--cron",
    cls=SectionedOption,
    section=_SERVER,
    is_flag=True,
    help="Fire the cron triggers of the configuration on their schedule, in UTC.",
)
@click.option(
    "--test-scheduled",
    cls=SectionedOption,
    section=_SERVER,
    is_flag=True,
    help="Accepted as in wrangler: /__scheduled is there in any case.",
)
@click.option(
    "-l",
    "--local",
    cls=SectionedOption,
    section=_SERVER,
    is_flag=True,
    help="Accepted as in wrangler: all is local.",
)
@click.option("-r", "--remote", is_flag=True, hidden=True)
@click.option(
    "--persist-to",
    cls=SectionedOption,
    section=_STATE,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the objects live; by default .pydo/state beside the configuration.",
)
@click.option(
    "--auto-migrate",
    cls=SectionedOption,
    section=_STATE,
    is_flag=True,
    help="Apply migrations that delete or transfer objects too; backups are made first.",
)
@click.option(
    "--strict",
    cls=SectionedOption,
    section=_PROJECT,
    is_flag=True,
    help="Refuse what works here and breaks on Cloudflare, instead of telling of it.",
)
@click.option(
    "--log-level",
    cls=SectionedOption,
    section=_OUTPUT,
    type=click.Choice([each.value for each in reversed(Level)]),
    default=Level.LOG.value,
    show_default=True,
    help="How much to show; with none, only what the Worker itself prints.",
)
@verbose
@click.pass_context
def dev(ctx: click.Context, **given: Unpack[_Given]) -> None:
    """Serve the Worker of this directory, and load it anew whenever it is changed."""
    if given["remote"]:
        raise click.UsageError("pydo serves on this machine only: for --remote run wrangler dev")
    console = Console(open_stdout(), level=given["log_level"])
    configure_log(console)
    _warn_of_a_foreign_pydo(console)
    run: Run | None = ctx.obj
    try:
        if run is None:
            # Here and not above: the server and the runtime are nothing to `pydo --help`.
            with lasting():
                from pydo.dev.session import run  # noqa: PLC0415 - as said
        assert run is not None
        code = run(_options(given), console)
    except KeyboardInterrupt:  # before the session listens for it
        code = 0
    ctx.exit(code)


def _options(given: _Given) -> Options:
    from pydo.config import Overrides  # noqa: PLC0415 - as above
    from pydo.dev.options import Options  # noqa: PLC0415 - as above
    from pydo.dev.restart import ReloadMode  # noqa: PLC0415 - as above

    cwd = _plain(given["cwd"].absolute())
    persist_to = given["persist_to"]
    return Options(
        cwd=cwd,
        configs=tuple(_plain(cwd / each) for each in given["config"]),
        persist_to=None if persist_to is None else cwd / persist_to,
        cuts_sockets=given["sockets"] == "close",
        strict=given["strict"],
        fires_crons=given["cron"],
        migrates=given["auto_migrate"],
        reload=ReloadMode(given["reload_mode"]),
        overrides=Overrides(
            name=given["name"],
            compatibility_date=given["compatibility_date"],
            vars=given["variables"],
            env_files=given["env_files"],
            env=given["env"],
            ip=given["ip"],
            port=given["port"],
            assets=None if given["assets"] is None else cwd / given["assets"],
        ),
    )


def _plain(path: Path) -> Path:
    """Take the dots out: what is shown of a project, as in tracebacks, begins with this."""
    return Path(os.path.normpath(path))


def _warn_of_a_foreign_pydo(console: Console) -> None:
    from pydo.foreign import foreign_pydo  # noqa: PLC0415 - it reads what is installed

    if (foreign := foreign_pydo()) is not None:
        console.warn(foreign)

"""The options that several commands have, and sections for a long `--help`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "CONTEXT_SETTINGS",
    "SectionedCommand",
    "SectionedOption",
    "as_pairs",
    "config_option",
    "cwd_option",
    "env_option",
    "is_verbose",
    "persist_option",
    "verbose",
]

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_VERBOSE = "pydo.verbose"
_OTHERS = "Options"

_Function = TypeVar("_Function", bound="Callable[..., Any]")


class SectionedOption(click.Option):
    """An option that `--help` shows under the heading `section`."""

    def __init__(self, *args: Any, section: str, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.section = section


class SectionedCommand(click.Command):
    """A command whose help has a list of options for each section, in the order of first use."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections; options without one come last."""
        sections: dict[str, list[tuple[str, str]]] = {}
        others: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            if isinstance(parameter, SectionedOption):
                sections.setdefault(parameter.section, []).append(record)
            else:
                others.append(record)
        for heading, records in {**sections, _OTHERS: others}.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def _only_one(_: click.Context, __: click.Parameter, given: tuple[Path, ...]) -> Path | None:
    if len(given) > 1:
        raise click.UsageError("--config names one configuration here: say the command for each.")
    return next(iter(given), None)


config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    multiple=True,
    callback=_only_one,
    help="The configuration; by default wrangler.json, .jsonc or .toml, here or above.",
)
cwd_option = click.option(
    "--cwd",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Run as if started in this directory.",
)
env_option = click.option(
    "-e",
    "--env",
    metavar="NAME",
    envvar="CLOUDFLARE_ENV",
    show_envvar=True,
    help="The environment of the configuration to use.",
)
persist_option = click.option(
    "--persist-to",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Where the state is; by default .pydo/state beside the configuration.",
)


def as_pairs(_: click.Context, __: click.Parameter, given: Iterable[str]) -> dict[str, str]:
    """Read what was given as `KEY:VALUE`, each at its first colon; the last one of a key counts."""
    pairs: dict[str, str] = {}
    for each in given:
        key, colon, value = each.partition(":")
        if not key or not colon:
            raise click.BadParameter(f"'{each}' is not of the form KEY:VALUE.")
        pairs[key] = value
    return pairs


def is_verbose(ctx: click.Context) -> bool:
    """Tell whether `--verbose` was given, before or after the name of the command."""
    return bool(ctx.meta.get(_VERBOSE))


def _note_verbose(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    if value:
        ctx.meta[_VERBOSE] = True


def verbose(function: _Function) -> _Function:
    """Give a command the option `--verbose`."""
    option = click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_note_verbose,
        help="With an error, show where in pydo it came from.",
    )
    return option(function)

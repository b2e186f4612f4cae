"""`pydo check` tells what of a folder would not run on Cloudflare as it does here.

Exit codes: 0 nothing is wrong (there may be warnings), 1 something would break, 2 wrong usage.
"""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pydo.cli.lasting import lasting
from pydo.cli.option import CONTEXT_SETTINGS, config_option, cwd_option, env_option, verbose
from pydo.console import Console, Level, open_stdout
from pydo.errors import ConfigError, NotExportedError, UserCodeError

if TYPE_CHECKING:
    from pydo.check import Finding
    from pydo.config import Config, Diagnostic, Project, Span

__all__ = ["check"]


@click.command(
    context_settings=CONTEXT_SETTINGS,
    epilog="A line with the comment `# pydo: ignore` or `# pydo: ignore[rule]` is left alone.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.option("--no-load", is_flag=True, help="Do not import the code; only read it.")
@cwd_option
@config_option
@env_option
@verbose
@click.pass_context
def check(ctx: click.Context, /, *, as_json: bool, no_load: bool, **given: Any) -> None:
    """Tell what would break on Cloudflare: configuration, packages, code; nothing is changed.

    The code is imported once, as Cloudflare does when it deploys, and is called nowhere.
    """
    from pydo.config import Diagnostics  # noqa: PLC0415 - not needed for `pydo --help`

    diagnostics, findings = _look(given["cwd"].absolute(), given, loads=not no_load)
    shown = Diagnostics([*diagnostics, *(each.diagnostic for each in findings)])
    console = Console(open_stdout())
    if as_json:
        console.say(json.dumps([*map(_of_config, diagnostics), *map(_as_json, findings)], indent=2))
    else:
        console.diagnostics(shown)
        console.say(_summary(len(shown.errors), len(shown.warnings)))
    ctx.exit(1 if shown.has_errors else 0)


def _look(
    cwd: Path, given: dict[str, Any], *, loads: bool
) -> tuple[list[Diagnostic], list[Finding]]:
    # Here and not above: none of it is needed for `pydo --help`.
    from pydo.check import check_project  # noqa: PLC0415 - as said
    from pydo.config import Overrides, Project, Severity, locate  # noqa: PLC0415 - as said
    from pydo.dev.environment import use_the_projects_environment  # noqa: PLC0415 - as said

    try:
        project = Project(locate(cwd, given["config"]), Overrides(env=given["env"]))
        config, warnings = project.read()
    except ConfigError as error:
        return list(error.diagnostics), []
    use_the_projects_environment(config)
    exported, broken = _loaded(project, config) if loads else (None, [])
    found = check_project(config, exported)
    # What the text tells of a line says more than that it fails, or the configuration's warning.
    errors = (each for each in found if each.span and each.severity is Severity.ERROR)
    told = {_line(each.span) for each in errors}
    found[:0] = [each for each in broken if _line(each.span) not in told]
    return [each for each in warnings if _line(each.span) not in told], found


def _line(span: Span | None) -> tuple[str, int] | None:
    return None if span is None else (str(span.file.path), span.line)


def _loaded(project: Project, config: Config) -> tuple[frozenset[str] | None, list[Finding]]:
    """Import the code as strictly as Cloudflare does, with nothing stored."""
    with lasting():
        from pydo.dev.options import Options  # noqa: PLC0415 - as above
        from pydo.dev.session import DevSession  # noqa: PLC0415 - as above
        from pydo.statedir import StateDirectory  # noqa: PLC0415 - as above

    quiet = Console(io.StringIO(), level=Level.NONE.value)
    options = Options(cwd=config.root, strict=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        StateDirectory.open(Path(folder)) as state,
    ):
        try:
            return DevSession(options, [project], [config], state, quiet).try_loading(), []
        except NotExportedError as error:  # told at the places of the classes
            return error.classes, []
        except UserCodeError as error:
            if isinstance(error.error, SyntaxError):  # told with the other things in the text
                return None, []
            return None, [_not_loaded(error)]


def _not_loaded(error: UserCodeError) -> Finding:
    from pydo.check import Finding  # noqa: PLC0415 - as above
    from pydo.config import SourceFile, Span  # noqa: PLC0415 - as above

    span = None
    trace = error.traceback
    while trace is not None:
        code, line = trace.tb_frame.f_code, trace.tb_lineno
        text = Path(code.co_filename).read_text("utf-8", "replace")
        span = Span(SourceFile(Path(code.co_filename), text), line, 1)
        trace = trace.tb_next
    return Finding(
        "does-not-load",
        f"the code does not load: {error}",
        "Cloudflare imports it when it is deployed, and refuses what fails",
        span,
    )


def _of_config(each: Diagnostic) -> dict[str, object]:
    return {
        "rule": "configuration",
        "severity": each.severity.value,
        "file": None if each.span is None else str(each.span.file.path),
        "line": None if each.span is None else each.span.line,
        "column": None if each.span is None else each.span.column,
        "message": each.message,
        "hint": each.hint,
    }


def _as_json(finding: Finding) -> dict[str, object]:
    return {**_of_config(finding.diagnostic), "rule": finding.rule, "message": finding.message}


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "Nothing was found that would break on Cloudflare."
    return f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

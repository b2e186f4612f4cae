"""`assets`: a folder of files that are served beside the Worker, or without one.

Texts: cloudflare/workers-sdk `packages/workers-utils/src/config/validation.ts`
(`validateAssetsConfig`), `packages/wrangler/src/assets.ts` (`getAssetsOptions`) and
`packages/workers-shared/utils/configuration/parseStaticRouting.ts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydo.config.document import spell
from pydo.config.report import as_array, as_strings, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydo.config.document import KeyPath
    from pydo.config.environment import Environment
    from pydo.config.report import Report

__all__ = ["NO_WORKER", "Assets", "read_assets"]

NO_WORKER = Path(__file__).parent.parent / "bindings" / "assets" / "alone" / "entry.py"
"""The module that stands for the Worker where there are assets only."""

_HTML = ("auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none")
_NOT_FOUND = ("single-page-application", "404-page", "none")
_KEYS = ("directory", "binding", "html_handling", "not_found_handling", "run_worker_first")
_MOST_RULES = 100
_MOST_CHARACTERS = 100  # of a rule


@dataclass(frozen=True, slots=True)
class Assets:
    """The folder and how it is served; `run_worker_first` may be a list of patterns."""

    directory: Path
    binding: str | None = None
    html_handling: str = "auto-trailing-slash"
    not_found_handling: str = "none"
    run_worker_first: bool | tuple[str, ...] = False


def read_assets(
    report: Report, environment: Environment, root: Path, command_line: Path | None = None
) -> Assets | None:
    """Read the section; None if there is none, or if it cannot be used, which is reported.

    `command_line` is the folder that `--assets` names, which goes before the file's.
    """
    found = environment.find("assets")
    if found is None:
        return None if command_line is None else _checked(report, Assets(command_line), None)
    path, table = found.path, report.table(found.path, found.value)
    report.unexpected(path, table, _KEYS)
    directory = _text(report, path, table, "directory")
    assets = Assets(
        directory=command_line or root / (directory or ""),
        binding=_text(report, path, table, "binding") or None,
        html_handling=_text(report, path, table, "html_handling", _HTML) or _HTML[0],
        not_found_handling=_text(report, path, table, "not_found_handling", _NOT_FOUND) or "none",
        run_worker_first=_first(report, path, table),
    )
    if command_line is None and not directory:
        if "directory" not in table:
            message = (
                "The `assets` property in your configuration is missing the required `directory`"
                " property."
            )
            report.error(message, path, 'add directory = "public", the folder of the files')
        elif directory == "":
            message = "The assets directory cannot be an empty string."
            report.error(message, (*path, "directory"), "name the folder of the files")
        return None
    has_worker = environment.find("main") is not None
    if not has_worker:
        _check_without_worker(report, path, assets)
    elif assets.run_worker_first is True and assets.binding is None:
        report.warn(
            "run_worker_first=true set without an assets binding",
            (*path, "run_worker_first"),
            "Setting run_worker_first to true will always invoke your Worker script.\n"
            'To fetch your assets from your Worker, add binding = "ASSETS".',
        )
    place = (*path, "directory") if command_line is None else None
    return _checked(report, assets, place)


def _checked(report: Report, assets: Assets, place: KeyPath | None) -> Assets | None:
    """Give assets whose folder is there."""
    folder = assets.directory
    if folder.is_dir():
        return assets
    of_file = '"assets.directory" field in your configuration file'
    source = '"--assets" command line argument' if place is None else of_file
    if folder.exists():
        message = f"The path specified by the {source} doesn't point to a directory:\n{folder}"
    else:
        message = f"The directory specified by the {source} does not exist:\n{folder}"
    if place is None:
        report.error_of_command_line(message, "name a folder that is there")
    else:
        report.error(message, place, "create it, or correct the path")
    return None


def _check_without_worker(report: Report, path: KeyPath, assets: Assets) -> None:
    if assets.binding is not None:
        report.error(
            "Cannot use assets with a binding in an assets-only Worker.",
            (*path, "binding"),
            "Please remove the asset binding from your configuration file, or provide a Worker"
            " script in your configuration file (`main`).",
        )
    if assets.run_worker_first is not False:
        report.error(
            "Cannot set run_worker_first without a Worker script.",
            (*path, "run_worker_first"),
            "Please remove run_worker_first from your configuration file, or provide a Worker"
            " script in your configuration file (`main`).",
        )


def _text(
    report: Report,
    path: KeyPath,
    table: Mapping[str, object],
    key: str,
    choices: Sequence[str] = (),
) -> str | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        report.wrong_type((*path, key), "string", value)
        return None
    if choices and value not in choices:
        where = spell((*path, key))
        options = show(list(choices))
        message = f'Expected "{where}" field to be one of {options} but got {show(value)}.'
        report.error(message, (*path, key))
        return None
    return value


def _first(report: Report, path: KeyPath, table: Mapping[str, object]) -> bool | tuple[str, ...]:
    value = table.get("run_worker_first", False)
    if isinstance(value, bool):
        return value
    rules = as_strings(value)
    place = (*path, "run_worker_first")
    if rules is not None:
        problems = list(_wrong_rules(rules))
        if problems:
            report.error("\n".join(problems), place)
        return () if problems else rules
    if as_array(value) is not None:
        report.wrong_type(place, "string array", value)
        return False
    where = spell(place)
    message = f'The field "{where}" should be an array of strings or a boolean, but got '
    report.error(f"{message}{show(value)}.", place)
    return False


def _wrong_rules(rules: tuple[str, ...]) -> Iterator[str]:
    if not rules:
        yield "No `run_worker_first` rules were provided; must provide at least 1 rule."
        return
    if len(rules) > _MOST_RULES:
        count = len(rules)
        yield (
            f"Too many `run_worker_first` rules were provided; {count} rules provided exceeds max"
            f" of {_MOST_RULES}."
        )
        return
    positive = tuple(rule for rule in rules if rule.startswith("/"))
    negative = tuple(rule for rule in rules if rule.startswith("!/"))
    if negative and not positive:
        yield (
            "Only negative `run_worker_first` rules were provided; must provide at least 1"
            " non-negative rule"
        )
        return
    wrong = [*_misshaped(rules), *_redundant(positive), *_redundant(negative)]
    if wrong:
        yield "Invalid routes in `run_worker_first`:"
        yield from wrong


def _misshaped(rules: tuple[str, ...]) -> Iterator[str]:
    for rule in rules:
        if rule.startswith("!") and not rule.startswith("!/"):
            yield f"'{rule}': negative rules must start with '!/'"
        elif not rule.startswith(("/", "!/")):
            yield f"'{rule}': rules must start with '/' or '!/'"


def _redundant(rules: tuple[str, ...]) -> Iterator[str]:
    for index, rule in enumerate(rules):
        if len(rule) > _MOST_CHARACTERS:
            yield (f"'{rule}': all rules must be less than {_MOST_CHARACTERS} characters in length")
        if rule in rules[:index]:
            yield f"'{rule}': rule is a duplicate; rules must be unique"
        if rule.endswith("*"):
            for other in rules:
                if other != rule and other.startswith(rule[:-1]):
                    yield f"'{other}': rule '{rule}' makes it redundant"

"""`vars` and `secrets`: the values that a Worker finds in its `env`, and which of them to hide.

Texts: cloudflare/workers-sdk `packages/workers-utils/src/config/validation.ts`, `validateVars` and
`validateSecrets`.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from datetime import date, datetime, time
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydo.config.binding import bound_names
from pydo.config.document import spell
from pydo.config.report import as_array, as_strings, as_table, show
from pydo.config.secrets import read_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.config.document import KeyPath
    from pydo.config.environment import Environment
    from pydo.config.report import Report
    from pydo.config.secrets import Wanted

__all__ = ["Variables", "read_variables"]


@dataclass(frozen=True, slots=True)
class Variables:
    """The values by name, the names that are not to be shown, and what the hidden ones are from."""

    values: Mapping[str, object]
    hidden: frozenset[str]
    origins: tuple[str, ...]


def read_variables(
    report: Report, environment: Environment, given: Mapping[str, str], wanted: Wanted
) -> Variables:
    """Read `vars`, the secrets over them, and `given` by the command line over both."""
    values = _vars(report, environment)
    names = _required(report, environment)
    secrets = read_secrets(wanted, report.diagnostics, chosen=names is not None)
    found = {**secrets.values} if names is None else _of(report, names, secrets.values)
    for name, kind, _ in bound_names(environment):
        if found.pop(name, None) is not None:
            report.diagnostics.warn(
                f"The secret {name} is not used: a {kind} binding has this name.",
                hint=f"rename one of the two; the secret is from {' or '.join(secrets.origins)}",
            )
    return Variables(
        MappingProxyType({**values, **found, **given}),
        frozenset((*found, *given)),
        secrets.origins,
    )


def _vars(report: Report, environment: Environment) -> dict[str, object]:
    found = environment.find("vars")
    if found is None:
        return {}
    values: dict[str, object] = {}
    for name, value in report.table(found.path, found.value).items():
        path = (*found.path, name)
        if isinstance(value, datetime | date | time):
            report.error(
                f'The field "{spell(path)}" is a TOML date, which is not supported.',
                path,
                f'use a string instead: {name} = "{value.isoformat()}"',
            )
        values[name] = _json(report, path, value)
    return values


def _required(report: Report, environment: Environment) -> dict[str, KeyPath] | None:
    """Give the names in `secrets.required` and their places; None if nothing names secrets."""
    found = environment.find("secrets")
    if found is None:
        return None
    table = report.table(found.path, found.value)
    report.unexpected(found.path, table, ("required",))
    path = (*found.path, "required")
    names = as_strings(table.get("required", []))
    if names is None:
        got = show(table["required"])
        report.error(f'Expected "{spell(path)}" to be of type string array but got {got}.', path)
        return {}
    return {name: (*path, index) for index, name in enumerate(names)}


def _of(report: Report, names: Mapping[str, KeyPath], values: Mapping[str, str]) -> dict[str, str]:
    missing = [name for name in names if name not in values]
    if missing:
        report.warn(
            f"Missing required secrets: {', '.join(missing)}.",
            names[missing[0]],
            "add them to .dev.vars, .env, or set them as environment variables",
        )
    return {name: values[name] for name in names if name in values}


_LARGEST = 2**53 - 1


def _json(report: Report, path: KeyPath, value: object) -> object:
    """Make a JSON value of a TOML value, as wrangler does when it uploads one."""
    match value:
        case dict():
            table = as_table(value) or {}
            return {key: _json(report, (*path, key), each) for key, each in table.items()}
        case list():
            array = as_array(value) or []
            return [_json(report, (*path, index), each) for index, each in enumerate(array)]
        case datetime() | date() | time():  # within a value: JSON has text for it
            return value.isoformat()
        case float():
            return _float(report, path, value)
        case int():  # or a boolean
            return _integer(report, path, value)
        case _:
            return value


def _float(report: Report, path: KeyPath, value: float) -> int | float | None:
    if not math.isfinite(value):
        message = f'"{spell(path)}" is {value}, which JSON does not have; the Worker gets null'
        report.warn(message, path, "put it between quotes")
        return None
    # To JavaScript 1.0 is 1.
    return int(value) if value.is_integer() and abs(value) <= _LARGEST else value


def _integer(report: Report, path: KeyPath, value: int) -> int | float | None:
    if abs(value) <= _LARGEST:
        return value
    if abs(value) > sys.float_info.max:
        return _float(report, path, math.inf if value > 0 else -math.inf)
    message = f'"{spell(path)}" is {value}, more than a number in JavaScript can hold exactly'
    nearest = int(float(value))
    if report.document.is_json:
        report.warn(message, path, f"the Worker gets {nearest}: put it between quotes")
    else:  # wrangler's reader of TOML refuses it as well
        report.error(message, path, "put it between quotes")
    return nearest

"""Which values count: the top level of a file, or one `[env.NAME]` over it.

The rules are wrangler's (cloudflare/workers-sdk `packages/workers-utils/src/config/validation.ts`,
`inheritable` and `notInheritable`): some keys are inherited, and those that bind something in the
Worker's `env` are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.config.keys import BINDINGS, KEYS, OF_TOOLS, TYPES, Reach, Treatment
from pydo.config.report import as_table, did_you_mean, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.config.document import KeyPath
    from pydo.config.report import Report

__all__ = ["Environment", "Field", "check_keys", "choose"]


@dataclass(frozen=True, slots=True)
class Field:
    """A value and the path that it stands at."""

    path: KeyPath
    value: object


@dataclass(frozen=True, slots=True)
class Environment:
    """The top level of a file and, if one was chosen, the table of an environment.

    `name` and `own` are None together.  `asked` is the name that was asked for, also where the
    file has no environments at all, so that the top level counts for it.
    """

    top: Mapping[str, object]
    name: str | None = None
    own: Mapping[str, object] | None = None
    asked: str | None = None

    @property
    def path(self) -> KeyPath:
        """The path of the environment's table, () for the top level."""
        return () if self.name is None else ("env", self.name)

    def find(self, key: str) -> Field | None:
        """Find the value that counts for a key, if any does."""
        reach = KEYS[key].reach
        if self.own is not None and reach is not Reach.TOP_LEVEL:
            if key in self.own:
                return Field((*self.path, key), self.own[key])
            if reach is Reach.ENVIRONMENT:
                return None
        return Field((key,), self.top[key]) if key in self.top else None


def choose(report: Report, name: str | None, *, is_redirected: bool = False) -> Environment:
    """Choose the environment `name`; none (or an empty name, as in wrangler) is the top level.

    A file that a tool has made is of one environment already, and has no others.
    """
    top = report.document.values
    environments = report.table(("env",), top["env"]) if "env" in top else {}
    if is_redirected:
        _check_target(report, name, environments)
        return Environment(top)
    if not name:
        return Environment(top)
    if name not in environments:
        message = f'No environment found in configuration with name "{name}".'
        say = report.error if "env" in top else report.warn
        say(message, ("env",), _unknown_environment(report, name, environments))
        return Environment(top, asked=name)
    return Environment(top, name, report.table(("env", name), environments[name]), name)


def check_keys(report: Report, environment: Environment, *, is_redirected: bool = False) -> None:
    """Warn of keys that wrangler does not know, pydo does not simulate, or nobody inherits.

    The types of keys that have no effect here are checked too, since wrangler would refuse them.
    """
    known = (*KEYS, *OF_TOOLS) if is_redirected else (*KEYS,)
    report.unexpected((), environment.top, known, "top-level")
    if environment.own is not None:
        inside = [key for key, rule in KEYS.items() if rule.reach is not Reach.TOP_LEVEL]
        report.unexpected(environment.path, environment.own, inside)
        _warn_of_what_is_not_inherited(report, environment, environment.own)
    for key, rule in KEYS.items():
        found = environment.find(key)
        if rule.treatment is Treatment.NOT_SIMULATED and found is not None and found.value:
            message = f'"{key}" is not simulated by pydo'
            report.warn_of_key(message, found.path, _without(key))
        if key in TYPES and found is not None and not isinstance(found.value, TYPES[key][0]):
            report.wrong_type(found.path, TYPES[key][1], found.value)


def _check_target(report: Report, name: str | None, environments: Mapping[str, object]) -> None:
    if environments:
        listed = "\n".join(f"- {each}" for each in environments)
        report.error(
            "Redirected configurations cannot include environments but the following have been "
            f"found:\n{listed}",
            ("env",),
            "a tool has made this file: report it to the tool's author",
        )
    target = report.document.values.get("targetEnvironment")
    if name and target and target != name:
        report.error(
            f'You have specified the environment "{name}". This does not match the target '
            f"environment {show(target)} that was used when building the application.",
            ("targetEnvironment",),
            f'build the project anew with "{name}" as the selected environment',
        )


def _unknown_environment(report: Report, name: str, environments: Mapping[str, object]) -> str:
    hint = (
        f"Before using `--env={name}` there should be an equivalent environment section in the "
        "configuration.\n"
    )
    if "env" in report.document.values:
        hint += f"The available configured environment names are: {show([*environments])}\n"
    section = report.example("env", {name: {}}) if report.document.is_json else f"[env.{name}]"
    return hint + (did_you_mean(name, environments) or f"Consider adding {section}")


def _warn_of_what_is_not_inherited(
    report: Report, environment: Environment, own: Mapping[str, object]
) -> None:
    section = f"env.{environment.name}"
    for key, value in environment.top.items():
        if key not in KEYS or KEYS[key].reach is not Reach.ENVIRONMENT:
            continue
        if key not in own:
            report.warn(
                f'"{key}" exists at the top level, but not on "{section}".',
                environment.path,
                f'This is not what you probably want, since "{key}" is not inherited by '
                f'environments.\nPlease add "{key}" to "{section}".',
            )
        elif key == "vars":
            _warn_of_missing_vars(report, environment, as_table(value), as_table(own[key]))


def _warn_of_missing_vars(
    report: Report,
    environment: Environment,
    top: Mapping[str, object] | None,
    own: Mapping[str, object] | None,
) -> None:
    if top is None or own is None:
        return  # reported where the values are read
    section = f"env.{environment.name}"
    for name in top:
        if name not in own:
            report.warn(
                f'"vars.{name}" exists at the top level, but not on "{section}.vars".',
                (*environment.path, "vars"),
                f'This is not what you probably want, since "vars" is not inherited by '
                f'environments.\nPlease add "vars.{name}" to "{section}".',
            )


def _without(key: str) -> str:
    if key in BINDINGS:
        return f"what uses its {BINDINGS[key].label} bindings in env fails with an error"
    return "it has no effect here"

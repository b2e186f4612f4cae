"""From a parsed file to a `Config`: every problem is gathered, none ends the reading.

What is wrong is replaced by something harmless, so that the rest can still be looked at; whoever
called must not use a Config while the diagnostics hold errors.  The only look at the disk is
whether `main` exists.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from pydo.config.assets import NO_WORKER, read_assets
from pydo.config.binding import check_names, read_bindings
from pydo.config.cron import read_crons
from pydo.config.document import spell
from pydo.config.environment import check_keys, choose
from pydo.config.exports import read_exports
from pydo.config.host import read_hosts
from pydo.config.keys import DEV_KEYS
from pydo.config.migration import check_classes, check_history, read_migrations
from pydo.config.report import Report, as_array, as_strings, as_table, show
from pydo.config.schema import Config, DevOptions
from pydo.config.service import read_services
from pydo.config.store import read_d1_databases, read_kv_namespaces
from pydo.config.unsimulated import read_unsimulated
from pydo.config.variable import read_variables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydo.config.diagnostics import Diagnostics
    from pydo.config.discover import Location
    from pydo.config.document import Document, KeyPath
    from pydo.config.environment import Environment
    from pydo.config.schema import Overrides

__all__ = ["validate"]


def validate(
    document: Document,
    location: Location,
    overrides: Overrides,
    today: date,
    diagnostics: Diagnostics,
) -> Config:
    """Make a Config of a file and the command line, and add what is wrong to `diagnostics`."""
    report = Report(document, diagnostics)
    is_redirected = location.redirect is not None
    wanted = overrides.wanted(location.home)
    environment = choose(report, wanted.env, is_redirected=is_redirected)
    check_keys(report, environment, is_redirected=is_redirected)
    _check_repeated(report)
    root = location.path.parent
    name = _name(report, environment, overrides)
    bindings = read_bindings(report, environment, name)
    migrations = read_migrations(report, environment)
    exports = read_exports(report, environment)
    check_names(report, environment, overrides.vars)
    check_history(report, migrations)
    check_classes(report, bindings, migrations, exports)
    variables = read_variables(report, environment, overrides.vars, wanted)
    config = Config(
        path=location.path,
        root=root,
        name=name,
        main=_main(report, environment, root, overrides),
        compatibility_date=_compatibility_date(report, environment, overrides, today),
        vars=variables.values,
        hidden=variables.hidden,
        secret_origins=variables.origins,
        made_for=location.home if is_redirected else None,
        compatibility_flags=_compatibility_flags(report, environment, overrides),
        durable_objects=tuple(each.binding for each in bindings),
        migrations=tuple(each.migration for each in migrations),
        dev=_dev(report, environment, overrides),
        uploads=_uploads(report, environment),
        kv_namespaces=read_kv_namespaces(report, environment),
        d1_databases=read_d1_databases(report, environment),
        services=read_services(report, environment),
        assets=read_assets(report, environment, root, overrides.assets),
        crons=read_crons(report, environment),
        hosts=read_hosts(environment),
        unsimulated=read_unsimulated(environment),
        exports=None if exports is None else tuple(each.export for each in exports),
        environment=environment.name,
    )
    report.warn_of_strays()
    return config


def _check_repeated(report: Report) -> None:
    for path, span in report.document.repeated().items():
        message = f'"{spell(path)}" stands here and on line {report.document.span(path).line}'
        report.diagnostics.warn(message, span, "the one that comes last counts: remove one of them")


_NAME = re.compile(r"[a-z0-9_][a-z0-9-_]*")
_NAME_SHAPE = "string, alphanumeric and lowercase with dashes only"


def _name(report: Report, environment: Environment, overrides: Overrides) -> str:
    if overrides.name is not None:
        if not _NAME.fullmatch(overrides.name):
            report.error_of_command_line(
                f'Expected "--name" to be of type {_NAME_SHAPE} but got {show(overrides.name)}.',
                _name_hint(overrides.name),
            )
        return overrides.name
    found = environment.find("name")
    if found is None:
        return "worker"
    if not isinstance(found.value, str) or not _NAME.fullmatch(found.value):
        report.wrong_type(found.path, _NAME_SHAPE, found.value, _name_hint(found.value))
        return "worker"
    # An environment's own name is taken as it is; an inherited one gets the environment's.
    is_inherited = environment.asked is not None and found.path == ("name",)
    name = f"{found.value}-{environment.asked}" if is_inherited else found.value
    if not _NAME.fullmatch(name):
        message = f'Expected "name" to be of type {_NAME_SHAPE} but got {show(name)}.'
        hint = f"give {spell(environment.path)} a name of its own, {_name_hint(name)}"
        report.error(message, environment.path, hint)
    return name


def _name_hint(name: object) -> str:
    words = re.findall(r"[a-z0-9_]+", str(name).lower())
    return f'for example "{"-".join(words) or "my-worker"}"'


def _main(report: Report, environment: Environment, root: Path, overrides: Overrides) -> Path:
    found = environment.find("main")
    if found is None and _is_assets_only(environment, overrides):
        return NO_WORKER
    if found is None:
        message = "Missing entry-point to Worker script or to assets directory"
        add = report.example("main", "src/entry.py")
        at, why = _missing(report, "main")
        report.error(message, at, why or f"add {add}, the module of the Worker")
        return root
    if not isinstance(found.value, str):
        report.wrong_type(found.path, "string", found.value)
        return root
    main = root / found.value
    if not found.value.endswith(".py"):
        report.error(
            f"Main module needs to end with a .py file extension but got {show(found.value)}.",
            found.path,
            "pydo runs Python Workers; name the module that holds yours",
        )
    elif not main.is_file():
        report.error(
            f'The entry-point file at "{found.value}" was not found.',
            found.path,
            f'create it, or correct "{spell(found.path)}"; '
            "it is looked for beside the configuration file",
        )
    return main


def _is_assets_only(environment: Environment, overrides: Overrides) -> bool:
    has_assets = environment.find("assets") is not None or overrides.assets is not None
    return has_assets and environment.find("main") is None


def _compatibility_date(
    report: Report, environment: Environment, overrides: Overrides, today: date
) -> str:
    found = environment.find("compatibility_date")
    if overrides.compatibility_date is not None:
        problem = _date_problem("--compatibility-date", overrides.compatibility_date, today)
        if problem is not None:
            report.error_of_command_line(*problem)
        return overrides.compatibility_date
    if found is None:
        at, why = _missing(report, "compatibility_date")
        report.warn(
            f"No compatibility_date was specified. Using today's date: {today}.",
            at,
            why
            or f"Add one to your configuration: {report.example('compatibility_date', str(today))}",
        )
        return today.isoformat()
    if not isinstance(found.value, str):
        hint = "put the date between quotes"
        report.wrong_type(found.path, "string", found.value, hint)
        return today.isoformat()
    problem = _date_problem(spell(found.path), found.value, today)
    if problem is not None:
        report.error(problem[0], found.path, problem[1])
    return found.value


def _date_problem(field: str, value: str, today: date) -> tuple[str, str] | None:
    hint = f'for example "{today}"'
    parsed = _date(value)
    if parsed is None:
        message = f'"{field}" field should be a valid ISO-8601 date (YYYY-MM-DD), but got'
        return f"{message} {show(value)}.", hint
    if parsed > today:
        return (
            f'Compatibility date "{value}" is in the future and unsupported',
            f"the latest one is today's: {today}",
        )
    return None


def _date(value: str) -> date | None:
    # date.fromisoformat takes 20260901 and 2026-W36-2 as well, and production does not.
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _compatibility_flags(
    report: Report, environment: Environment, overrides: Overrides
) -> tuple[str, ...]:
    found = environment.find("compatibility_flags")
    path, value = ((), []) if found is None else (found.path, found.value)
    flags = as_strings(value)
    if flags is None:
        report.wrong_type(path, "string array", value)
        return ()
    if "python_workers" not in flags and not _is_assets_only(environment, overrides):
        add = report.example("compatibility_flags", [*flags, "python_workers"])
        verb = "add" if found is None else "make it"
        at, why = _missing(report, "compatibility_flags") if found is None else (path, None)
        report.error(
            "The `python_workers` compatibility flag is required to use Python.",
            at,
            why or f"{verb} {add}",
        )
    return flags


def _uploads(report: Report, environment: Environment) -> tuple[str, ...]:
    found = environment.find("rules")
    rules = [] if found is None else as_array(found.value)
    if rules is None:
        assert found is not None, "nothing is an array without rules"
        report.wrong_type(found.path, "array", found.value)
        return ()
    patterns: list[str] = []
    for rule in rules:
        table = as_table(rule)
        patterns += as_strings(table.get("globs")) or () if table is not None else ()
    return tuple(patterns)


def _missing(report: Report, key: str) -> tuple[KeyPath, str | None]:
    """Tell where a key is that is missing at the top level, and why, if a table swallowed it."""
    table = report.document.swallowed(key)
    return ((), None) if table is None else ((*table, key), report.why_swallowed(table, key))


def _dev(report: Report, environment: Environment, overrides: Overrides) -> DevOptions:
    found = environment.find("dev")
    table = {} if found is None else report.table(found.path, found.value)
    report.unexpected(("dev",), table, DEV_KEYS)
    _check_other_dev_keys(report, table)
    ip = table.get("ip", "localhost")
    if not isinstance(ip, str):
        report.wrong_type(("dev", "ip"), "string", ip)
    if overrides.port is not None and not 0 <= overrides.port <= _LAST_PORT:
        message = f'Expected "--port" to be a port from 0 to 65535 but got {overrides.port}.'
        report.error_of_command_line(message, "0 takes any free port")
    port = _port(report, table["port"]) if "port" in table else None
    return DevOptions(
        ip=overrides.ip if overrides.ip is not None else str(ip),
        port=overrides.port if overrides.port is not None else port,
    )


_LAST_PORT = 0xFFFF


def _port(report: Report, value: object) -> int | None:
    # In Python True is an int, in TOML it is not.
    if not isinstance(value, int) or isinstance(value, bool):
        report.wrong_type(("dev", "port"), "number", value)
        return None
    if not 0 <= value <= _LAST_PORT:
        message = f'Expected "dev.port" to be a port from 0 to 65535 but got {value}.'
        report.error(message, ("dev", "port"), "0 takes any free port")
    return value


def _check_other_dev_keys(report: Report, table: Mapping[str, object]) -> None:
    for key in ("local_protocol", "upstream_protocol"):
        value = table.get(key, "http")
        if value not in ("http", "https"):
            report.error(
                f'Expected "dev.{key}" field to be one of ["http","https"] but got {show(value)}.',
                ("dev", key),
            )
    if table.get("local_protocol") == "https":
        message = '"dev.local_protocol" is not simulated by pydo'
        report.warn(message, ("dev", "local_protocol"), "it listens to http only")
    if "host" in table:
        message = '"dev.host" is not simulated by pydo'
        report.warn(message, ("dev", "host"), "request.url keeps the host that was asked for")

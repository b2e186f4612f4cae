"""The names of hosts that a configuration tells: those of its routes, and `dev.host`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.config.report import as_array, as_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.config.environment import Environment

__all__ = ["read_hosts"]


def read_hosts(environment: Environment) -> tuple[str, ...]:
    """Give the hosts, without the `*` before them; what is no route says nothing."""
    return tuple(dict.fromkeys(each for each in _hosts(environment) if each))


def _hosts(environment: Environment) -> Iterator[str]:
    for key in ("route", "routes"):
        found = environment.find(key)
        if found is None:
            continue
        for route in as_array(found.value) or [found.value]:
            table = as_table(route)
            pattern = route if table is None else table.get("pattern")
            if isinstance(pattern, str):
                host = pattern.partition("://")[2] or pattern
                yield host.partition("/")[0].partition(":")[0].lstrip("*").lstrip(".")
    dev = environment.find("dev")
    named = None if dev is None else (as_table(dev.value) or {}).get("host")
    if isinstance(named, str):
        yield named

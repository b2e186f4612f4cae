"""`services`: names in `env` for other Workers, or for entrypoints of theirs.

Texts: cloudflare/workers-sdk `packages/workers-utils/src/config/validation.ts`,
`validateServiceBinding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.config.document import spell
from pydo.config.report import as_table, show
from pydo.config.schema import ServiceBinding
from pydo.config.table import read_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.config.environment import Environment
    from pydo.config.report import Report

__all__ = ["read_services"]

_REQUIRED = {
    "binding": "under which the Worker finds it in env",
    "service": "the name of the Worker that it leads to",
}
_OPTIONAL = ("environment", "entrypoint", "props", "remote")


def read_services(report: Report, environment: Environment) -> tuple[ServiceBinding, ...]:
    """Read the bindings; those that cannot be used are reported and left out."""
    return tuple(_services(report, environment))


def _services(report: Report, environment: Environment) -> Iterator[ServiceBinding]:
    for path, table in read_tables(report, environment, "services", _REQUIRED, _OPTIONAL):
        props = as_table(table.get("props", {}))
        if props is None:
            message = f'"{spell(path)}" bindings should, optionally, have an object "props" field'
            report.error(f"{message} but got {show(table)}.", (*path, "props"))
            continue
        entrypoint = table.get("entrypoint")
        yield ServiceBinding(
            binding=str(table["binding"]),
            service=str(table["service"]),
            entrypoint=None if entrypoint in (None, "", "default") else str(entrypoint),
            props=props,
        )

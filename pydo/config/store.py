"""`kv_namespaces` and `d1_databases`: names in `env` for stores that stand beside objects.

Texts: cloudflare/workers-sdk `packages/workers-utils/src/config/validation.ts`,
`validateKVBinding` and `validateD1Binding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.config.document import spell
from pydo.config.report import as_array, as_table, show
from pydo.config.schema import D1Database, KvNamespace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydo.config.document import KeyPath
    from pydo.config.environment import Environment
    from pydo.config.report import Report

__all__ = ["read_d1_databases", "read_kv_namespaces"]

_OF_KV = ("id", "preview_id", "remote")
_OF_D1 = (
    *("database_name", "database_id", "preview_database_id", "migrations_dir"),
    *("migrations_table", "migrations_pattern", "database_internal_env", "remote"),
)


def read_kv_namespaces(report: Report, environment: Environment) -> tuple[KvNamespace, ...]:
    """Read the namespaces; those that cannot be used are reported and left out."""
    return tuple(
        KvNamespace(
            binding=name,
            namespace_id=_first(table, "preview_id", "id") or name,
            shown_id=_first(table, "id") or "",
        )
        for name, table in _tables(report, environment, "kv_namespaces", _OF_KV)
    )


def read_d1_databases(report: Report, environment: Environment) -> tuple[D1Database, ...]:
    """Read the databases; those that cannot be used are reported and left out."""
    return tuple(
        D1Database(
            binding=name,
            database_name=_first(table, "database_name") or "",
            database_id=_first(table, "preview_database_id", "database_id") or name,
            migrations_dir=_first(table, "migrations_dir") or "migrations",
            migrations_table=_first(table, "migrations_table") or "d1_migrations",
        )
        for name, table in _tables(report, environment, "d1_databases", _OF_D1)
    )


def _tables(
    report: Report, environment: Environment, key: str, optional: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, object]]]:
    found = environment.find(key)
    if found is None:
        return
    array = as_array(found.value)
    if array is None:
        message = f'The field "{spell(found.path)}" should be an array but got {show(found.value)}.'
        shape = report.example(key, [{"binding": "…"}])
        report.error(message, found.path, f"write it as {shape}")
        return
    for index, value in enumerate(array):
        path: KeyPath = (*found.path, index)
        table = as_table(value)
        if table is None:
            message = f'"{spell(path)}" bindings should be objects, but got {show(value)}'
            report.error(message, path)
            continue
        if _is_usable(report, path, table, optional):
            yield str(table["binding"]), table


def _is_usable(
    report: Report, path: KeyPath, table: Mapping[str, object], optional: tuple[str, ...]
) -> bool:
    where = f'"{spell(path)}" bindings'
    report.unexpected(path, table, ("binding", *optional))
    is_usable = True
    if not isinstance(table.get("binding"), str) or not table["binding"]:
        message = f'{where} should have a string "binding" field but got {show(table)}.'
        hint = f"add {report.example('binding', '…')}, under which the Worker finds it in env"
        report.error(message, path, hint)
        is_usable = False
    for key in optional:
        if key != "remote" and not isinstance(table.get(key, ""), str):
            message = f'{where} should, optionally, have a string "{key}" field but got '
            report.error(f"{message}{show(table)}.", (*path, key), "put it between quotes")
            is_usable = False
    return is_usable


def _first(table: Mapping[str, object], *keys: str) -> str | None:
    return next((str(table[key]) for key in keys if table.get(key)), None)

"""`kv_namespaces` and `d1_databases`: names in `env` for stores that stand beside objects.

Texts: cloudflare/workers-sdk `packages/workers-utils/src/config/validation.ts`,
`validateKVBinding` and `validateD1Binding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.config.schema import D1Database, KvNamespace
from pydo.config.table import read_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.config.environment import Environment
    from pydo.config.report import Report

__all__ = ["read_d1_databases", "read_kv_namespaces"]

_BOUND = {"binding": "under which the Worker finds it in env"}
_OF_KV = ("id", "preview_id", "remote")
_OF_D1 = (
    *("database_name", "database_id", "preview_database_id", "migrations_dir"),
    *("migrations_table", "migrations_pattern", "database_internal_env", "remote"),
)


def read_kv_namespaces(report: Report, environment: Environment) -> tuple[KvNamespace, ...]:
    """Read the namespaces; those that cannot be used are reported and left out."""
    return tuple(
        KvNamespace(
            binding=str(table["binding"]),
            namespace_id=_first(table, "preview_id", "id") or str(table["binding"]),
            shown_id=_first(table, "id") or "",
        )
        for _, table in read_tables(report, environment, "kv_namespaces", _BOUND, _OF_KV)
    )


def read_d1_databases(report: Report, environment: Environment) -> tuple[D1Database, ...]:
    """Read the databases; those that cannot be used are reported and left out."""
    return tuple(
        D1Database(
            binding=str(table["binding"]),
            database_name=_first(table, "database_name") or "",
            database_id=_first(table, "preview_database_id", "database_id")
            or str(table["binding"]),
            migrations_dir=_first(table, "migrations_dir") or "migrations",
            migrations_table=_first(table, "migrations_table") or "d1_migrations",
        )
        for _, table in read_tables(report, environment, "d1_databases", _BOUND, _OF_D1)
    )


def _first(table: Mapping[str, object], *keys: str) -> str | None:
    return next((str(table[key]) for key in keys if table.get(key)), None)

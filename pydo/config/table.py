"""Arrays of tables that each bind a name: what most kinds of bindings are written as.

Texts: cloudflare/workers-sdk `packages/workers-utils/src/config/validation.ts`, `validateKVBinding`
and its kin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.config.document import spell
from pydo.config.report import as_array, as_table, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydo.config.document import KeyPath
    from pydo.config.environment import Environment
    from pydo.config.report import Report

__all__ = ["read_tables"]

_NOT_TEXT = frozenset({"remote", "props"})


def read_tables(
    report: Report,
    environment: Environment,
    key: str,
    required: Mapping[str, str],
    optional: tuple[str, ...],
) -> Iterator[tuple[KeyPath, Mapping[str, object]]]:
    """Give each table of the array at `key`, with its path; what cannot be used is reported.

    `required` has the strings that a table needs, and what each is for; `optional` are those that
    it may have.
    """
    found = environment.find(key)
    if found is None:
        return
    array = as_array(found.value)
    if array is None:
        message = f'The field "{spell(found.path)}" should be an array but got {show(found.value)}.'
        shape = report.example(key, [dict.fromkeys(required, "…")])
        report.error(message, found.path, f"write it as {shape}")
        return
    for index, value in enumerate(array):
        path: KeyPath = (*found.path, index)
        table = as_table(value)
        if table is None:
            message = f'"{spell(path)}" bindings should be objects, but got {show(value)}'
            report.error(message, path)
        elif _is_usable(report, path, table, required, optional):
            yield path, table


def _is_usable(
    report: Report,
    path: KeyPath,
    table: Mapping[str, object],
    required: Mapping[str, str],
    optional: tuple[str, ...],
) -> bool:
    where = f'"{spell(path)}" bindings'
    report.unexpected(path, table, (*required, *optional))
    is_usable = True
    for key, purpose in required.items():
        if not isinstance(table.get(key), str) or not table[key]:
            message = f'{where} should have a string "{key}" field but got {show(table)}.'
            report.error(message, path, f"add {report.example(key, '…')}, {purpose}")
            is_usable = False
    for key in optional:
        if key not in _NOT_TEXT and not isinstance(table.get(key, ""), str):
            message = f'{where} should, optionally, have a string "{key}" field but got '
            report.error(f"{message}{show(table)}.", (*path, key), "put it between quotes")
            is_usable = False
    return is_usable

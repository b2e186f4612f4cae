"""`exports`: the Durable Object classes of a Worker, each with where it is in its life.

The newer form of `migrations`, and only one of both may stand in a file.  Texts: cloudflare/
workers-sdk `packages/workers-utils/src/config/validation.ts`, `validateExports`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.config.document import spell
from pydo.config.report import as_table, did_you_mean, show
from pydo.config.schema import ClassExport, ExportState, StorageKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.config.document import KeyPath
    from pydo.config.environment import Environment
    from pydo.config.report import Report

__all__ = ["PlacedExport", "read_exports"]

_STORAGES = {"sqlite": StorageKind.SQLITE, "legacy-kv": StorageKind.KEY_VALUE}
# What each state needs beside `type` and `state`; `container` may stand with a class that is live.
_NEEDS = {
    ExportState.CREATED: ("storage",),
    ExportState.DELETED: (),
    ExportState.RENAMED: ("renamed_to",),
    ExportState.TRANSFERRED: ("transferred_to",),
    ExportState.EXPECTING_TRANSFER: ("storage", "transfer_from"),
}


@dataclass(frozen=True, slots=True)
class PlacedExport:
    """A class of the map and the path of its table."""

    path: KeyPath
    export: ClassExport


def read_exports(report: Report, environment: Environment) -> tuple[PlacedExport, ...] | None:
    """Read the map; None where it has no Durable Object classes."""
    found = environment.find("exports")
    if found is None:
        return None
    read: list[PlacedExport] = []
    for name, value in report.table(found.path, found.value).items():
        path = (*found.path, name)
        export = _Entry(report, path, name).read(value)
        if export is not None:
            read.append(PlacedExport(path, export))
    if not read:
        return None
    _check_targets(report, read)
    migrations = environment.find("migrations")
    if migrations is not None and migrations.value:
        report.error(
            "`migrations` and `exports` are mutually exclusive. Choose one or the other to declare "
            "your Durable Object lifecycle, but not both.",
            found.path,
            f"`migrations` begins on line {report.document.span(migrations.path).line}",
        )
    return tuple(read)


class _Entry:
    """Reads the entry of a class at `path`."""

    def __init__(self, report: Report, path: KeyPath, name: str) -> None:
        self._report = report
        self._path = path
        self._name = name

    def read(self, value: object) -> ClassExport | None:
        table = as_table(value)
        if table is None:
            self._report.error(
                f'"{spell(self._path)}" should be an object but got {show(value)}.', self._path
            )
            return None
        kind = table.get("type")
        if kind not in ("durable-object", "worker"):
            self._report.error(
                f'"{spell(self._path)}.type" must be "durable-object" or "worker", '
                f"but got {show(kind)}.",
                self._at(table, "type"),
            )
            return None
        if kind == "worker":
            return None
        state = self._state(table)
        if state is None:
            return None
        self._forbid(table, state)
        given = {key: self._needed(table, state, key) for key in _NEEDS[state]}
        storage = _STORAGES[given.pop("storage", "sqlite")]
        if given.get("renamed_to") == self._name:
            self._report.error(
                f'"{spell(self._path)}.renamed_to" cannot equal the source class name '
                f'"{self._name}".',
                self._at(table, "renamed_to"),
            )
        return ClassExport(self._name, state, storage, **given)

    def _state(self, table: Mapping[str, object]) -> ExportState | None:
        given = table.get("state", ExportState.CREATED.value)
        known = {each.value: each for each in ExportState}
        if isinstance(given, str) and given in known:
            return known[given]
        names = ", ".join(f'"{each}"' for each in known)
        self._report.error(
            f'"{spell(self._path)}.state" must be one of {names}, but got {show(given)}.',
            self._at(table, "state"),
            did_you_mean(str(given), known),
        )
        return None

    def _forbid(self, table: Mapping[str, object], state: ExportState) -> None:
        needs = _NEEDS[state]
        allowed = (*(("container",) if state.is_live else ()), *needs)
        words = ["type", *needs, "state"] if needs else ["type", "state"]
        for key in table:
            if key not in ("type", "state", *allowed):
                self._report.error(
                    f'"{spell(self._path)}.{key}" is forbidden on state "{state.value}".',
                    (*self._path, key),
                    f"Allowed properties are: {', '.join(words[:-1])} and {words[-1]}.",
                )

    def _needed(self, table: Mapping[str, object], state: ExportState, key: str) -> str:
        value = table.get(key)
        choices = " or ".join(f'"{each}"' for each in _STORAGES)
        if key == "storage":
            if isinstance(value, str) and value in _STORAGES:
                return value
            expected = f"one of {choices}"
        elif isinstance(value, str) and value:
            return value
        else:
            expected = "a non-empty string"
        got = "" if value is None else f", but got {show(value)}"
        example = self._report.example(key, "sqlite" if key == "storage" else "…")
        self._report.error(
            f'"{spell(self._path)}.{key}" is required for state "{state.value}" and must be '
            f"{expected}{got}.",
            self._at(table, key),
            f"add {example}" if value is None else None,
        )
        return "sqlite" if key == "storage" else ""

    def _at(self, table: Mapping[str, object], key: str) -> KeyPath:
        return (*self._path, key) if key in table else self._path


def _check_targets(report: Report, exports: list[PlacedExport]) -> None:
    created = {
        each.export.class_name for each in exports if each.export.state is ExportState.CREATED
    }
    for each in exports:
        target = each.export.renamed_to
        if target and target != each.export.class_name and target not in created:
            report.error(
                f'"{spell(each.path)}.renamed_to" names "{target}", which is no live entry of '
                "`exports`.",
                (*each.path, "renamed_to"),
                f'add {target} = {{ type = "durable-object", storage = "sqlite" }}',
            )

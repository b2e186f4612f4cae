"""What migrations would do: a pure function of the configuration, the ledger and the inventory.

It follows production: pending are the entries behind the last applied tag, and what the API
refuses is refused with its words and its code.  Each entry is taken as if it were deployed by
itself.  Within one the order is wrangler's: delete, rename, new, new with SQLite, transfer.

An `exports` map has no entries: see `reconcile.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pydo.config.schema import StorageKind
from pydo.migrate.action import Found, Plan, Refusal
from pydo.migrate.classes import Classes
from pydo.migrate.reconcile import reconcile
from pydo.migrate.version import check_deletes, check_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydo.config.schema import Config, Migration, TransferredClass
    from pydo.migrate.action import Elsewhere, Inventory
    from pydo.migrate.ledger import Ledger

__all__ = ["Goal", "fingerprint", "pending", "plan"]


@dataclass(frozen=True, slots=True)
class Goal:
    """How far to go: to a tag, and only from the tag that is expected to be the last applied."""

    to: str | None = None
    expect: str | None = None


def fingerprint(migration: Migration) -> str:
    """Give the hash that tells whether an applied entry was edited."""
    text = json.dumps(asdict(migration), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def pending(migrations: Sequence[Migration], applied: Sequence[str]) -> list[Migration]:
    """Give the entries behind the last applied tag; if that is gone, all that were never applied.

    Source: cloudflare/workers-sdk `packages/deploy-helpers/src/deploy/helpers/durable.ts`.
    """
    tags = [each.tag for each in migrations]
    if applied and applied[-1] in tags:
        return list(migrations[tags.index(applied[-1]) + 1 :])
    return [each for each in migrations if each.tag not in applied]


def plan(  # noqa: PLR0913 - all that a pure function needs to know
    config: Config,
    ledger: Ledger,
    inventory: Inventory,
    *,
    exported: frozenset[str] | None = None,
    goal: Goal | None = None,
    elsewhere: Elsewhere | None = None,
    checks_version: bool = True,
) -> Plan:
    """Plan what is pending.

    `exported` are the names in the main module, None where it cannot be told.  Without
    `checks_version`, what production refuses of code and bindings that do not fit is let through:
    whoever serves them tells of it instead.
    """
    record, goal = ledger.of(config.name), goal or Goal()
    if goal.expect is not None and goal.expect != (record.current_tag or ""):
        message = f"Migration tag precondition failed; current tag is {record.current_tag or ''}"
        return Plan(config.name, record.current_tag, refusals=(Refusal(None, message, 10079),))
    classes = Classes(config.name, ledger, inventory)
    if config.exports is not None:
        reconcile(
            config.exports,
            ledger,
            classes,
            elsewhere,
            exported if checks_version else None,
            refuses_undeclared=checks_version,
        )
        return classes.plan()
    if goal.to in record.tags:
        return classes.plan()
    coming = pending(config.migrations, record.tags)
    until = next((n for n, each in enumerate(coming, 1) if each.tag == goal.to), len(coming))
    for each in coming[:until]:
        _Entry(classes, each, elsewhere).follow()
    if coming and until == len(coming) and not classes.refusals:
        check_deletes(config, coming, classes)
        if checks_version:
            check_version(config, coming, classes, exported)
    return classes.plan()


class _Entry:
    """One entry of `migrations`, followed step by step; `classes` notes what it does."""

    def __init__(self, classes: Classes, migration: Migration, elsewhere: Elsewhere | None) -> None:
        self._classes = classes
        self._migration = migration
        self._elsewhere = elsewhere

    def follow(self) -> None:
        classes, migration = self._classes, self._migration
        classes.begin(migration.tag)
        if self._has_one_target_each():
            for name in migration.deleted_classes:
                self._delete(name)
            for rename in migration.renamed_classes:
                self._rename(rename.old_name, rename.new_name)
            for name in migration.new_classes:
                self._create(name, StorageKind.KEY_VALUE, "new-class")
            for name in migration.new_sqlite_classes:
                self._create(name, StorageKind.SQLITE, "new-sqlite-class")
            for transfer in migration.transferred_classes:
                self._transfer(transfer)
        classes.end(fingerprint(migration))

    def _delete(self, name: str) -> None:
        if self._is_live(name, "delete-class"):
            self._classes.delete(name)

    def _rename(self, old: str, new: str) -> None:
        if self._is_live(old, "rename-class") and self._is_free(new, "rename-class"):
            self._classes.rename(old, new)

    def _create(self, name: str, storage: StorageKind, migration: str) -> None:
        if self._is_free(name, migration):
            self._classes.create(name, storage.value)

    def _transfer(self, transfer: TransferredClass) -> None:
        if not self._is_free(transfer.new_name, "transfer-class"):
            return
        classes, source = self._classes, (transfer.old_script, transfer.old_name)
        other = self._elsewhere
        if other is not None and source in other.inventory:
            found: Found = other.inventory[source]
            classes.receive(source, transfer.new_name, other.path, found)
        elif source in classes.found and transfer.old_script != classes.worker:
            classes.transfer(source, (classes.worker, transfer.new_name))
        else:
            classes.refuse(
                f"Cannot apply transfer-class migration to class '{transfer.old_name}' of script "
                f"'{transfer.old_script}', which has no objects in this state directory; another "
                "one is named with --from-state DIRECTORY.",
                10066,
            )

    def _has_one_target_each(self) -> bool:
        repeated = [name for name, n in Counter(_targets(self._migration)).items() if n > 1]
        for name in repeated:
            self._classes.refuse(
                f"class '{name}' cannot be the target of more than one migration", 10074
            )
        return not repeated

    def _is_live(self, name: str, migration: str) -> bool:
        if name in self._classes.live:
            return True
        self._classes.refuse(
            f"Cannot apply {migration} migration to class '{name}' which was not exported in the "
            "previous version of the script",
            10074,
        )
        return False

    def _is_free(self, name: str, migration: str) -> bool:
        if name not in self._classes.live:
            return True
        self._classes.refuse(
            f"Cannot apply {migration} migration to class '{name}' that is already depended on by "
            "existing Durable Objects",
            10074,
        )
        return False


def _targets(migration: Migration) -> Iterator[str]:
    yield from migration.deleted_classes
    yield from (each.new_name for each in migration.renamed_classes)
    yield from migration.new_classes
    yield from migration.new_sqlite_classes
    yield from (each.new_name for each in migration.transferred_classes)

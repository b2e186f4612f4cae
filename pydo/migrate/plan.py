"""What migrations would do: a pure function of the configuration, the ledger and the inventory.

It follows production: pending are the entries behind the last applied tag, and what the API
refuses is refused with its words and its code.  Within an entry the order is wrangler's: delete,
rename, new, new with SQLite, transfer.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from pydo.config.schema import StorageKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydo.config.schema import Config, Migration

__all__ = [
    "Action",
    "Found",
    "History",
    "Kind",
    "Plan",
    "Refusal",
    "Step",
    "fingerprint",
    "pending",
    "plan",
]


class Kind(Enum):
    """What happens to a class."""

    CREATE = "create"
    ADOPT = "adopt"  # its directory is there: it was served before a migration declared it
    RENAME = "rename"
    DELETE = "delete"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Found:
    """A class directory as it lies there; `key` makes the ids of its objects."""

    key: str
    storage: str
    objects: int = 0
    size: int = 0  # bytes


@dataclass(frozen=True, slots=True)
class Action:
    """One thing done to one class; `class_name` is what it is called afterwards, or was.

    `source` and `source_worker` say where it comes from, `source_state` in which other state
    directory, and `key` which class directory it concerns, None where one is to be made.
    """

    kind: Kind
    class_name: str
    storage: str
    objects: int = 0
    size: int = 0
    key: str | None = None
    source: str | None = None
    source_worker: str | None = None
    source_state: str | None = None

    @property
    def is_destructive(self) -> bool:
        """Whether somebody who did not mean it would miss something."""
        return self.kind in {Kind.DELETE, Kind.TRANSFER} and self.objects > 0


@dataclass(frozen=True, slots=True)
class Step:
    """What one tag does."""

    tag: str
    fingerprint: str
    actions: tuple[Action, ...]

    @property
    def is_destructive(self) -> bool:
        """Whether one of its actions is."""
        return any(each.is_destructive for each in self.actions)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why production would not take it; `code` is the API's, None where the words are pydo's."""

    tag: str
    message: str
    code: int | None = None

    def __str__(self) -> str:
        code = "" if self.code is None else f" [code: {self.code}]"
        return f"{self.message}{code}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that are to come; with refusals, none of them may be made."""

    worker: str
    current_tag: str | None
    steps: tuple[Step, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def is_destructive(self) -> bool:
        """Whether one of its steps is."""
        return any(each.is_destructive for each in self.steps)


@dataclass(frozen=True, slots=True)
class History:
    """What the ledger knows of one Worker: its tags in order, its live classes and their kinds."""

    tags: tuple[str, ...] = ()
    classes: Mapping[str, str] = field(default_factory=dict[str, str])


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
    history: History,
    inventory: Mapping[str, Found],
    *,
    exported: frozenset[str] | None = None,
    to: str | None = None,
    elsewhere: tuple[str, Mapping[str, Found]] | None = None,
) -> Plan:
    """Plan the pending migrations, up to the tag `to` if one is given.

    `inventory` has the class directories by `<worker>-<Class>`, `elsewhere` those of another state
    directory and its path; `exported` are the names in the main module, None where it cannot be
    told.
    """
    coming = pending(config.migrations, history.tags)
    until = next((n for n, each in enumerate(coming) if each.tag == to), None)
    is_whole = until is None or until == len(coming) - 1
    if until is not None:
        coming = coming[: until + 1]
    simulation = _Simulation(config.name, dict(history.classes), dict(inventory), elsewhere)
    steps = [simulation.follow(each) for each in coming]
    if steps and is_whole and not simulation.refusals:
        simulation.check_version(config, coming, exported)
    current = history.tags[-1] if history.tags else None
    return Plan(config.name, current, tuple(steps), tuple(simulation.refusals))


class _Simulation:
    """The classes as they would be, entry after entry."""

    def __init__(
        self,
        worker: str,
        live: dict[str, str],
        inventory: dict[str, Found],
        elsewhere: tuple[str, Mapping[str, Found]] | None,
    ) -> None:
        self.refusals: list[Refusal] = []
        self._worker = worker
        self._live = live
        self._inventory = inventory
        self._elsewhere = elsewhere
        self._tag = ""
        self._actions: list[Action] = []

    def follow(self, migration: Migration) -> Step:
        self._tag, self._actions = migration.tag, []
        for name in migration.deleted_classes:
            self._delete(name)
        for rename in migration.renamed_classes:
            self._rename(rename.old_name, rename.new_name)
        for name in migration.new_classes:
            self._create(name, "new-class", StorageKind.KEY_VALUE.value)
        for name in migration.new_sqlite_classes:
            self._create(name, "new-sqlite-class", StorageKind.SQLITE.value)
        for each in migration.transferred_classes:
            self._transfer(each.old_script, each.old_name, each.new_name)
        return Step(migration.tag, fingerprint(migration), tuple(self._actions))

    def check_version(
        self, config: Config, migrations: Iterable[Migration], exported: frozenset[str] | None
    ) -> None:
        """Check the version that the steps would be deployed with."""
        bound = {each.class_name for each in config.durable_objects}
        deleted = [name for each in migrations for name in each.deleted_classes]
        for name in deleted:
            if name in bound and name not in self._live:
                self._refuse(
                    f"Cannot apply --delete-class migration to class '{name}' without also "
                    "removing the binding that references it.",
                    10061,
                )
        for binding in config.durable_objects:
            name = binding.class_name
            if binding.script_name is None and name not in self._live and name not in deleted:
                self._refuse(
                    f"Cannot create binding for class '{name}' because it is not currently "
                    "configured to implement Durable Objects. Ensure a --new-class migration has "
                    "been applied to it.",
                    10061,
                )
        for name in self._live:
            if exported is not None and name not in exported:
                self._refuse(
                    f"New version of script does not export class '{name}' which is depended on "
                    "by existing Durable Objects. If you want to delete these Durable Objects, "
                    "use a delete-class migration.",
                    10064,
                )

    def _delete(self, name: str) -> None:
        if not self._is_live(name, "delete-class"):
            return
        storage = self._live.pop(name)
        found = self._inventory.pop(self._label(name), Found("", storage))
        self._act(Kind.DELETE, name, found)

    def _rename(self, old: str, new: str) -> None:
        if not self._is_live(old, "rename-class") or not self._is_free(new, "rename-class"):
            return
        storage = self._live.pop(old)
        found = self._inventory.pop(self._label(old), Found("", storage))
        self._act(Kind.RENAME, new, self._place(new, found), old)
        self._live[new] = storage

    def _transfer(self, script: str, old: str, new: str) -> None:
        if not self._is_free(new, "transfer-class"):
            return
        state = None
        label = f"{script}-{old}"
        if self._elsewhere is not None and label in self._elsewhere[1]:
            state, found = self._elsewhere[0], self._elsewhere[1][label]
        elif label in self._inventory:
            found = self._inventory.pop(label)
        else:
            self._refuse(
                f"Cannot apply transfer-class migration to class '{old}' of script '{script}', "
                "which has no objects in this state directory; another one is named with "
                "--from-state DIRECTORY.",
                10066,
            )
            return
        self._act(Kind.TRANSFER, new, self._place(new, found), old, script, state)
        self._live[new] = found.storage

    def _create(self, name: str, migration: str, storage: str) -> None:
        if not self._is_free(name, migration):
            return
        found = self._inventory.get(self._label(name))
        if found is not None and found.storage != storage:
            self._refuse(
                f"{name} has {found.objects} objects with {found.storage} storage already, and is "
                f"declared with {storage} storage; a class keeps its storage for ever: declare it "
                f"as it was, or throw its objects away (pydo state reset {name})."
            )
            return
        self._act(Kind.ADOPT if found else Kind.CREATE, name, found or Found("", storage))
        self._inventory[self._label(name)] = found or Found("", storage)
        self._live[name] = storage

    def _place(self, name: str, found: Found) -> Found:
        """Let a class arrive at a name where objects may lie that no migration knows."""
        there = self._inventory.get(self._label(name))
        if there is not None and there.objects:
            if found.objects:
                self._refuse(
                    f"{name} has {there.objects} objects already, made before this migration, and "
                    f"{found.objects} would come to it: throw one of both away "
                    f"(pydo state reset {name})."
                )
            found = there
        self._inventory[self._label(name)] = found
        return found

    def _is_live(self, name: str, migration: str) -> bool:
        if name in self._live:
            return True
        self._refuse(
            f"Cannot apply {migration} migration to class '{name}' which was not exported in the "
            "previous version of the script",
            10074,
        )
        return False

    def _is_free(self, name: str, migration: str) -> bool:
        if name not in self._live:
            return True
        self._refuse(
            f"Cannot apply {migration} migration to class '{name}' that is already depended on by "
            "existing Durable Objects",
            10074,
        )
        return False

    def _act(self, kind: Kind, name: str, found: Found, *source: str | None) -> None:
        action = Action(kind, name, found.storage, found.objects, found.size, found.key or None)
        old, worker, state = (*source, None, None, None)[:3]
        self._actions.append(replace(action, source=old, source_worker=worker, source_state=state))

    def _refuse(self, message: str, code: int | None = None) -> None:
        self.refusals.append(Refusal(self._tag, message, code))

    def _label(self, name: str) -> str:
        return f"{self._worker}-{name}"

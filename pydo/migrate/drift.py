"""Drift: where the configuration, the ledger and the class directories do not tell one story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.migrate.plan import fingerprint, pending
from pydo.migrate.version import cannot_bind, not_exported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.config.schema import Config, Migration
    from pydo.migrate.action import Inventory
    from pydo.migrate.ledger import Applied, Ledger, WorkerRecord

__all__ = ["Drift", "find_drift", "tag_state"]


@dataclass(frozen=True, slots=True)
class Drift:
    """Something that has parted; `kind` is a word for programs, `subject` a tag or a class."""

    kind: str
    subject: str
    message: str


def find_drift(
    config: Config,
    ledger: Ledger,
    inventory: Inventory,
    exported: frozenset[str] | None = None,
) -> list[Drift]:
    """Give all that has parted, in the order of tags, classes and directories.

    `exported` are the names in the main module, None where it cannot be told.
    """
    record = ledger.of(config.name)
    coming = [] if config.exports is not None else pending(config.migrations, record.tags)
    return [
        *(() if config.exports is not None else _tags(config, record)),
        *(() if coming else _storages(config, record, inventory)),
        *(() if coming else _declarations(config, record)),
        *(() if coming or exported is None else _codes(config, record, exported)),
        *_directories(config, ledger, inventory, coming),
    ]


def tag_state(config: Config, applied: Applied) -> str:
    """Tell whether an applied tag still stands in the file as it was: applied, changed, missing."""
    known = next((each for each in config.migrations if each.tag == applied.tag), None)
    if known is None:
        return "missing"
    return "applied" if fingerprint(known) == applied.fingerprint else "changed"


def _tags(config: Config, record: WorkerRecord) -> Iterator[Drift]:
    states = {each.tag: tag_state(config, each) for each in record.applied if each.tag}
    last = max((n for n, state in enumerate(states.values()) if state != "missing"), default=-1)
    for number, (tag, state) in enumerate(states.items()):
        if state == "changed":
            yield Drift(
                "changed",
                tag,
                f'the tag "{tag}" was edited after it was applied: that has no effect, write a '
                "new migration",
            )
        # A history whose beginning has gone from the file does no harm.
        if state == "missing" and number > last:
            yield Drift(
                "missing",
                tag,
                f'the tag "{tag}" was applied and has gone from the file: put it back, or take it '
                "back (pydo migrate undo)",
            )
    waiting = {each.tag for each in pending(config.migrations, record.tags)}
    for each in config.migrations:
        if each.tag not in waiting and each.tag not in states:
            yield Drift(
                "skipped",
                each.tag,
                f'the tag "{each.tag}" stands before one that was applied, and is never applied '
                "itself: move it to the end",
            )


def _storages(config: Config, record: WorkerRecord, inventory: Inventory) -> Iterator[Drift]:
    for name, declared in config.declared_storage.items():
        found = inventory.get((config.name, name))
        storage = found.storage if found is not None else record.classes.get(name)
        if storage is not None and storage != declared.value:
            yield Drift(
                "storage",
                name,
                f"{name} is a {storage} class and is declared as {declared.value}: a class keeps "
                "its storage for ever",
            )


def _declarations(config: Config, record: WorkerRecord) -> Iterator[Drift]:
    for each in config.durable_objects:
        name = each.class_name
        is_known = name in record.classes or name in record.expected
        if each.script_name is None and not is_known:
            yield Drift("undeclared", name, f"{cannot_bind(name)} [code: 10061]")
    if config.exports is not None:
        declared = {each.class_name for each in config.exports}
        for name in record.classes:
            if name not in declared:
                message = f"A namespace exists for '{name}' but no `exports` entry declares it."
                yield Drift("unlisted", name, f"{message} [code: 100402]")


def _codes(config: Config, record: WorkerRecord, exported: frozenset[str]) -> Iterator[Drift]:
    for name in record.classes:
        if name not in exported and name not in config.bound_classes:
            yield Drift("unexported", name, f"{not_exported(name)} [code: 10064]")


def _directories(
    config: Config, ledger: Ledger, inventory: Inventory, coming: list[Migration]
) -> Iterator[Drift]:
    record = ledger.of(config.name)
    own = {*config.classes, *record.classes, *(name for each in coming for name in _left(each))}
    is_new = not any(n.objects for (worker, _), n in inventory.items() if worker == config.name)
    for (worker, name), found in inventory.items():
        if not found.objects:
            continue
        count = f"{found.objects} object{'' if found.objects == 1 else 's'}"
        if worker == config.name and name not in own:
            yield Drift(
                "orphan",
                name,
                f"{worker}-{name} holds {count} of no class: did you rename without a migration?",
            )
        if is_new and name in own and not _is_known_to_be_another(config, ledger, worker):
            yield Drift(
                "worker",
                name,
                f"{worker}-{name} holds {count}, and {config.name}-{name} none: was the Worker "
                "renamed? Give it its old name, or transfer the class",
            )


def _left(migration: Migration) -> Iterator[str]:
    """Yield the classes that a migration takes away."""
    yield from migration.deleted_classes
    yield from (each.old_name for each in migration.renamed_classes)


def _is_known_to_be_another(config: Config, ledger: Ledger, worker: str) -> bool:
    """Tell whether a Worker is of another environment, or classes go between it and this one."""
    base = config.name.removesuffix(f"-{config.environment}")
    if worker.startswith(f"{base}-") or (config.environment is not None and worker == base):
        return True
    pair = {config.name, worker}
    return any(
        {each.action.source_worker or owner, each.action.target_worker or owner} == pair
        for owner in pair
        for applied in ledger.of(owner).applied
        for each in applied.done
    )

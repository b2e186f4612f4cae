"""Drift: where the configuration, the ledger and the class directories do not tell one story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.migrate.plan import fingerprint, pending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydo.config.schema import Config
    from pydo.migrate.ledger import Ledger, WorkerRecord
    from pydo.migrate.plan import Found

__all__ = ["Drift", "find_drift"]


@dataclass(frozen=True, slots=True)
class Drift:
    """Something that has parted; `kind` is a word for programs."""

    kind: str
    message: str


def find_drift(config: Config, ledger: Ledger, inventory: Mapping[str, Found]) -> list[Drift]:
    """Give all that has parted, in the order of tags, classes and directories."""
    record = ledger.of(config.name)
    return [
        *_tags(config, record),
        *_classes(config, record, inventory),
        *_directories(config, ledger, record, inventory),
    ]


def _tags(config: Config, record: WorkerRecord) -> Iterator[Drift]:
    known = {each.tag: each for each in config.migrations}
    waiting = {each.tag for each in pending(config.migrations, record.history.tags)}
    for each in record.applied:
        if each.tag not in known:
            yield Drift("missing", f'the tag "{each.tag}" was applied and has gone from the file')
        elif fingerprint(known[each.tag]) != each.fingerprint:
            yield Drift(
                "changed",
                f'the tag "{each.tag}" was edited after it was applied: that has no effect, write '
                "a new migration",
            )
    for tag in known:
        if tag not in waiting and tag not in record.history.tags:
            yield Drift(
                "skipped",
                f'the tag "{tag}" stands before one that was applied, and is never applied itself: '
                "move it to the end",
            )


def _classes(
    config: Config, record: WorkerRecord, inventory: Mapping[str, Found]
) -> Iterator[Drift]:
    for name in config.classes:
        found = inventory.get(f"{config.name}-{name}")
        storage = config.storage_of(name).value
        if found is not None and found.storage != storage:
            yield Drift(
                "storage",
                f"{name} is a {found.storage} class and is declared as {storage}: a class keeps "
                "its storage for ever",
            )
    if pending(config.migrations, record.history.tags):
        return
    for each in config.durable_objects:
        if each.script_name is None and each.class_name not in record.classes:
            yield Drift(
                "undeclared",
                f"{each.name} binds {each.class_name}, which no migration declares: Cloudflare "
                "refuses that [code: 10061]",
            )


def _directories(
    config: Config, ledger: Ledger, record: WorkerRecord, inventory: Mapping[str, Found]
) -> Iterator[Drift]:
    own = {f"{config.name}-{name}" for name in (*config.classes, *record.classes)}
    others = {
        f"{worker}-{name}"
        for worker, each in ledger.workers.items()
        if worker != config.name
        for name in each.classes
    }
    for label, found in inventory.items():
        if label in own or not found.objects:
            continue
        count = f"{found.objects} object{'' if found.objects == 1 else 's'}"
        if label.startswith(f"{config.name}-") and label not in others:
            yield Drift(
                "orphan",
                f"{label} holds {count} of no class: did you rename without a migration?",
            )
        elif not any(each in inventory and inventory[each].objects for each in own):
            for name in config.classes:
                if label.endswith(f"-{name}"):
                    yield Drift(
                        "worker",
                        f"{label} holds {count}, and {config.name}-{name} none: was the Worker "
                        "renamed? Give it its old name, or transfer the class",
                    )

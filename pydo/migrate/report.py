"""Plans and states as text for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pydo.migrate.action import EXPORTS, Found, Kind
from pydo.migrate.apply import inventory
from pydo.migrate.backup import backups
from pydo.migrate.drift import find_drift, tag_state
from pydo.migrate.exported import exported_names
from pydo.migrate.plan import pending

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.config.schema import Config
    from pydo.migrate.action import Action, Plan, Step
    from pydo.migrate.apply import Migrator
    from pydo.migrate.backup import Backup
    from pydo.migrate.drift import Drift

__all__ = [
    "Status",
    "action_text",
    "amount",
    "drift_text",
    "look",
    "plan_json",
    "plan_text",
    "status_json",
    "status_text",
    "step_text",
]


# -- plans


def amount(objects: int, size: int) -> str:
    """Say how much there is: `12 objects, 3.1 MB`."""
    count = f"{objects:,} object{'' if objects == 1 else 's'}"
    if not objects:
        return "no objects"
    return f"{count}, {_size(size)}"


def action_text(action: Action) -> str:
    """Say what is done to a class."""
    name, much = action.class_name, amount(action.objects, action.size)
    copied = ", after a backup" if action.takes_away else ""
    return {
        Kind.CREATE: f"create {name} ({action.storage})",
        Kind.ADOPT: f"take up {name} ({action.storage}): {much}",
        Kind.RELEASE: f"declare {name} no more: {much} stay",
        Kind.RENAME: f"rename {action.source} → {name}: {much}",
        Kind.DELETE: f"delete {name}: {much}{copied}",
        Kind.RESTORE: f"restore {name}: {much}",
        Kind.TRANSFER: f"transfer {_source(action)} → {_target(action)}: {much}{copied}",
        Kind.EXPECT: f"transfer pending: {name} ← {action.source_worker}",
        Kind.CANCEL: f"transfer no longer pending: {name} ← {action.source_worker}",
    }[action.kind]


def _source(action: Action) -> str:
    worker = "" if action.source_worker is None else f"{action.source_worker}/"
    state = "" if action.source_state is None else f" (a copy from {action.source_state})"
    return f"{worker}{action.source}{state}"


def _target(action: Action) -> str:
    worker = "" if action.target_worker is None else f"{action.target_worker}/"
    return f"{worker}{action.class_name}"


def step_text(step: Step) -> str:
    """Say what a tag does, in one line."""
    return f"{_label(step.tag)}: " + ("; ".join(map(action_text, step.actions)) or "nothing")


def plan_text(plan: Plan) -> str:
    """Say what a plan does, action by action, and why it is refused if it is."""
    lines: list[str] = [f"refused: {each}" for each in plan.refusals if each.tag is None]
    refused = {each.tag for each in plan.refusals}
    for step in plan.steps:
        lines.append(f"{_label(step.tag)}{', undone' if step.is_undo else ''}")
        lines += [f"  {action_text(each)}" for each in step.actions]
        if not step.actions and step.tag not in refused:
            lines.append("  nothing")
        lines += [f"  refused: {each}" for each in plan.refusals if each.tag == step.tag]
    return "\n".join([*(lines or ["Nothing is pending."]), *plan.notes])


def plan_json(plan: Plan, *, is_applied: bool = False) -> dict[str, object]:
    """Give a plan for programs; a step of an `exports` map has the tag null."""
    return {
        "worker": plan.worker,
        "current_tag": plan.current_tag,
        "applied": is_applied,
        "steps": [
            {
                "tag": step.tag or None,
                "undo": step.is_undo,
                "actions": [_action_json(each) for each in step.actions],
            }
            for step in plan.steps
        ],
        "refusals": [{**asdict(each), "tag": each.tag or None} for each in plan.refusals],
        "notes": list(plan.notes),
    }


def _action_json(action: Action) -> dict[str, object]:
    return {
        "kind": action.kind.value,
        "class": action.class_name,
        "from": action.source,
        "from_worker": action.source_worker,
        "from_state": action.source_state,
        "to_worker": action.target_worker,
        "storage": action.storage,
        "objects": action.objects,
        "bytes": action.size,
        "unique_key": action.key,
        "destructive": action.is_destructive,
    }


# -- the state


@dataclass(frozen=True, slots=True)
class Status:
    """What there is: tags with their state and time, classes, backups, and what has parted."""

    worker: str
    current_tag: str | None
    tags: tuple[tuple[str, str, str], ...]
    classes: Mapping[str, Found]
    backups: tuple[Backup, ...]
    drift: tuple[Drift, ...]


def look(config: Config, migrator: Migrator) -> Status:
    """Look at a Worker's state."""
    ledger, found = migrator.ledger, inventory(migrator.state)
    record = ledger.of(config.name)
    names = dict.fromkeys((*record.classes, *config.classes))
    done = [(each.tag, tag_state(config, each), each.at) for each in record.applied if each.tag]
    coming = [] if config.exports is not None else pending(config.migrations, record.tags)
    classes = {
        name: found.get((config.name, name)) or Found("", record.classes[name])
        for name in names
        if name in record.classes or (config.name, name) in found
    }
    return Status(
        config.name,
        record.current_tag,
        (*done, *((each.tag, "pending", "") for each in coming)),
        classes,
        tuple(backups(migrator.state)),
        tuple(find_drift(config, ledger, found, exported_names(config.main))),
    )


def status_json(status: Status) -> dict[str, object]:
    """Give it for programs."""
    return {
        "worker": status.worker,
        "current_tag": status.current_tag,
        "tags": [{"tag": tag, "state": state, "at": at or None} for tag, state, at in status.tags],
        "classes": [
            {"class": name, "storage": each.storage, "objects": each.objects, "bytes": each.size}
            for name, each in status.classes.items()
        ],
        "backups": [
            {
                "name": each.name,
                "worker": each.worker,
                "class": each.class_name,
                "tag": each.tag,
                "at": each.at,
                "objects": each.objects,
                "bytes": each.size,
            }
            for each in status.backups
        ],
        "drift": [asdict(each) for each in status.drift],
    }


def status_text(status: Status) -> str:
    """Say it for people."""
    lines = [f"{tag}  {state}{f'  {at}' if at else ''}" for tag, state, at in status.tags]
    parts = [lines or ["No migrations."]]
    parts.append(
        [
            f"{name} ({each.storage}): {amount(each.objects, each.size)}"
            for name, each in status.classes.items()
        ]
    )
    if status.backups:
        kept = [f"  {each.name}: {amount(each.objects, each.size)}" for each in status.backups]
        parts.append(["Backups:", *kept])
    if status.drift:
        parts.append([drift_text(status.drift)])
    return "\n\n".join("\n".join(part) for part in parts if part)


def drift_text(drift: tuple[Drift, ...]) -> str:
    """Say what has parted."""
    return "\n".join(
        ["The state and the configuration have parted:", *(f"  {d.message}" for d in drift)]
    )


def _label(tag: str) -> str:
    return "exports" if tag == EXPORTS else tag


def _size(size: int) -> str:
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if size >= least:
            return f"{size / least:.1f} {unit}"
    return f"{size} bytes"

"""Plans, states and drift as text for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pydo.migrate.apply import inventory
from pydo.migrate.backup import backups
from pydo.migrate.drift import find_drift
from pydo.migrate.plan import Kind, pending

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.config.schema import Config
    from pydo.migrate.apply import Migrator
    from pydo.migrate.drift import Drift
    from pydo.migrate.plan import Action, Found, Plan, Step

__all__ = [
    "action_text",
    "amount",
    "drift_text",
    "plan_json",
    "plan_text",
    "status_json",
    "status_text",
    "step_text",
]


def amount(objects: int, size: int) -> str:
    """Say how much there is: `12 objects, 3.1 MB`."""
    count = f"{objects:,} object{'' if objects == 1 else 's'}"
    if not objects:
        return "no objects"
    return f"{count}, {_size(size)}"


def action_text(action: Action) -> str:
    """Say what is done to a class."""
    name, much = action.class_name, amount(action.objects, action.size)
    match action.kind:
        case Kind.CREATE:
            return f"create {name} ({action.storage})"
        case Kind.ADOPT:
            return f"take up {name} ({action.storage}): {much}"
        case Kind.RENAME:
            return f"rename {action.source} → {name}: {much}"
        case Kind.DELETE:
            copied = ", after a backup" if action.objects else ""
            return f"delete {name}: {much}{copied}"
        case Kind.TRANSFER:
            source = f"{action.source_worker}/{action.source}"
            if action.source_state is not None:
                return f"transfer {source} of {action.source_state} → {name}: {much}, as a copy"
            return f"transfer {source} → {name}: {much}, after a backup"


def step_text(step: Step) -> str:
    """Say what a tag does, in one line."""
    return f"{step.tag}: " + ("; ".join(map(action_text, step.actions)) or "nothing")


def plan_text(plan: Plan) -> str:
    """Say what a plan does, action by action, and why it is refused if it is."""
    lines: list[str] = []
    refused = {each.tag for each in plan.refusals}
    for step in plan.steps:
        lines.append(step.tag)
        lines += [f"  {action_text(each)}" for each in step.actions]
        if not step.actions and step.tag not in refused:
            lines.append("  nothing")
        lines += [f"  refused: {each}" for each in plan.refusals if each.tag == step.tag]
    return "\n".join(lines) or "Nothing is pending."


def plan_json(plan: Plan) -> dict[str, object]:
    """Give a plan for programs."""
    return {
        "worker": plan.worker,
        "current_tag": plan.current_tag,
        "steps": [
            {
                "tag": step.tag,
                "actions": [
                    {**asdict(each), "kind": each.kind.value, "destructive": each.is_destructive}
                    for each in step.actions
                ],
            }
            for step in plan.steps
        ],
        "refusals": [asdict(each) for each in plan.refusals],
    }


def status_json(config: Config, migrator: Migrator) -> dict[str, object]:
    """Give the tags, the classes, the backups and the drift for programs."""
    record, found = migrator.ledger.of(config.name), inventory(migrator.state)
    drift = find_drift(config, migrator.ledger, found)
    return {
        "worker": config.name,
        "current_tag": record.applied[-1].tag if record.applied else None,
        "tags": [
            {"tag": tag, "state": state, "at": at} for tag, state, at in _tags(config, migrator)
        ],
        "classes": [
            {"class": name, "storage": each.storage, "objects": each.objects, "bytes": each.size}
            for name, each in _classes(config, migrator, found).items()
        ],
        "backups": [asdict(each) for each in backups(migrator.state)],
        "drift": [asdict(each) for each in drift],
    }


def status_text(config: Config, migrator: Migrator) -> str:
    """Say the same for people."""
    found = inventory(migrator.state)
    lines = [
        f"{tag}  {state}" + (f"  {at}" if at else "") for tag, state, at in _tags(config, migrator)
    ]
    lines = lines or ["No migrations."]
    classes = _classes(config, migrator, found)
    if classes:
        lines.append("")
    lines += [
        f"{name} ({each.storage}): {amount(each.objects, each.size)}"
        for name, each in classes.items()
    ]
    kept = backups(migrator.state)
    if kept:
        lines += ["", "Backups:"]
    lines += [f"  {each.name}: {amount(each.objects, each.size)}" for each in kept]
    drift = find_drift(config, migrator.ledger, found)
    if drift:
        lines += ["", drift_text(drift)]
    return "\n".join(lines)


def drift_text(drift: list[Drift]) -> str:
    """Say what has parted."""
    return "\n".join(
        ["The state and the configuration have parted:", *(f"  {d.message}" for d in drift)]
    )


def _tags(config: Config, migrator: Migrator) -> list[tuple[str, str, str]]:
    record = migrator.ledger.of(config.name)
    drift = {
        each.message.split('"')[1]: each.kind
        for each in find_drift(config, migrator.ledger, {})
        if each.kind in {"missing", "changed"}
    }
    done = [(each.tag, drift.get(each.tag, "applied"), each.at) for each in record.applied]
    coming = pending(config.migrations, record.history.tags)
    return [*done, *((each.tag, "pending", "") for each in coming)]


def _classes(config: Config, migrator: Migrator, found: Mapping[str, Found]) -> dict[str, Found]:
    names = dict.fromkeys((*migrator.ledger.of(config.name).classes, *config.classes))
    labels = {name: f"{config.name}-{name}" for name in names}
    return {name: found[label] for name, label in labels.items() if label in found}


def _size(size: int) -> str:
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if size >= least:
            return f"{size / least:.1f} {unit}"
    return f"{size} bytes"

"""Whether code and bindings fit the classes that migrations leave: what a deploy would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.migrate.action import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydo.config.schema import Config, Migration
    from pydo.migrate.classes import Classes

__all__ = ["cannot_bind", "check_deletes", "check_version", "not_exported"]

_MAKERS = {
    Kind.CREATE: "new-class",
    Kind.ADOPT: "new-class",
    Kind.RENAME: "rename-class",
    Kind.TRANSFER: "transfer-class",
}


def check_deletes(config: Config, migrations: Iterable[Migration], classes: Classes) -> None:
    """Refuse to delete a class that is still bound.

    Its name alone decides, even if the binding says that another Worker has the class.
    """
    deleted = {name for each in migrations for name in each.deleted_classes}
    for name in dict.fromkeys(each.class_name for each in config.durable_objects):
        if name in deleted and name not in classes.live:
            classes.refuse(
                f"Cannot apply --delete-class migration to class '{name}' without also removing "
                "the binding that references it.",
                10061,
            )


def check_version(
    config: Config,
    migrations: Iterable[Migration],
    classes: Classes,
    exported: frozenset[str] | None,
) -> None:
    """Check that what the version binds is declared, and that it exports what is live."""
    deleted = {name for each in migrations for name in each.deleted_classes}
    for name in config.bound_classes:
        if name not in classes.live and name not in deleted:
            classes.refuse(cannot_bind(name), 10061)
    if exported is None:
        return
    made = {
        action.class_name: _MAKERS[action.kind]
        for action in classes.plan().actions
        if action.kind in _MAKERS and action.target_worker is None
    }
    for name in classes.live:
        if name in exported:
            continue
        if name in made:
            classes.refuse(
                f"Cannot apply {made[name]} migration to class '{name}' that is not exported by "
                "script",
                10070,
            )
        else:
            classes.refuse(not_exported(name), 10064)


def cannot_bind(name: str) -> str:
    """Say that a class is bound which no migration declares: production's 10061."""
    return (
        f"Cannot create binding for class '{name}' because it is not currently configured to "
        "implement Durable Objects. Ensure a --new-class migration has been applied to it."
    )


def not_exported(name: str) -> str:
    """Say that the code lacks a class which there are objects of: production's 10064."""
    return (
        f"New version of script does not export class '{name}' which is depended on by existing "
        "Durable Objects. If you want to delete these Durable Objects, use a delete-class "
        "migration."
    )

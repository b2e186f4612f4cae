"""The last applied tag, taken back: something that production has not.

Undoing a rename or a transfer keeps what was written since.  Undoing a delete puts the backup
back, and undoing a new class takes an empty class away; both refuse where objects would be lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.errors import MigrationError
from pydo.migrate.backup import backups
from pydo.migrate.journal import Operation
from pydo.migrate.plan import Kind

if TYPE_CHECKING:
    from pydo.migrate.ledger import Applied, Done, Ledger
    from pydo.statedir import StateDirectory

__all__ = ["doomed", "undo"]


def undo(state: StateDirectory, ledger: Ledger, worker: str) -> tuple[Applied, list[Operation]]:
    """Take the last tag out of the ledger; the tag, and the operations that undo it.

    Raises:
        MigrationError: nothing was applied, or something would be lost.

    """
    record = ledger.of(worker)
    if not record.applied:
        raise MigrationError(f"No migration has been applied to {worker}: there is nothing to undo")
    applied = record.applied.pop()
    operations: list[Operation] = []
    for each in reversed(applied.done):
        operations += _undone(state, ledger, worker, each)
    return applied, operations


def doomed(applied: Applied) -> list[Done]:
    """Give what is copied before an undo takes it away: classes from other state directories."""
    return [each for each in applied.done if each.action.source_state is not None]


def _undone(state: StateDirectory, ledger: Ledger, worker: str, done: Done) -> list[Operation]:
    action, classes = done.action, ledger.of(worker).classes
    name = action.class_name
    if action.kind is not Kind.DELETE:
        classes.pop(name, None)
    match action.kind:
        case Kind.CREATE:
            return _empty(state, worker, name)
        case Kind.ADOPT:
            return []
        case Kind.DELETE:
            classes[name] = action.storage
            return _restored(state, worker, done)
        case Kind.TRANSFER if action.source_state is not None:
            return [Operation("remove", key=done.key)]
        case Kind.RENAME | Kind.TRANSFER:
            source, owner = action.source or name, action.source_worker or worker
            ledger.of(owner).classes[source] = action.storage
            moved = [Operation("name", key=done.key, worker=owner, class_name=source)]
            return [*_empty(state, owner, source, but=done.key), *(moved if done.key else [])]


def _empty(
    state: StateDirectory, worker: str, name: str, *, but: str | None = None
) -> list[Operation]:
    """Take a class directory away, which must be empty."""
    owner = state.find(worker, name)
    if owner is None or owner.unique_key == but:
        return []
    count = sum(1 for _ in owner.list_objects())
    if count:
        raise MigrationError(
            f"{name} has {count} new {'object' if count == 1 else 'objects'}, which would be lost: "
            f"nothing was undone (pydo state reset {name} throws them away)"
        )
    return [Operation("remove", key=owner.unique_key)]


def _restored(state: StateDirectory, worker: str, done: Done) -> list[Operation]:
    name = done.action.class_name
    operations = _empty(state, worker, name)
    if done.backup is None:
        storage = done.action.storage
        return [
            *operations,
            Operation("make", worker=worker, class_name=name, storage=storage),
        ]
    if done.backup not in {each.name for each in backups(state)}:
        raise MigrationError(
            f"The backup of {name}, {done.backup}, has gone: the delete cannot be undone"
        )
    return [
        *operations,
        Operation("restore", key=done.key, worker=worker, class_name=name, name=done.backup),
    ]

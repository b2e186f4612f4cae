"""The last step, taken back: a plan like any other, of something that production has not.

Undoing a rename or a transfer keeps what was written since.  Undoing a delete puts the backup
back, and undoing a new class takes an empty class away; both are refused where objects would be
lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.errors import MigrationError
from pydo.migrate.action import Kind
from pydo.migrate.classes import Classes

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydo.migrate.action import Inventory, Place, Plan
    from pydo.migrate.ledger import Done, Ledger

__all__ = ["plan_undo"]


def plan_undo(worker: str, ledger: Ledger, inventory: Inventory, backups: Collection[str]) -> Plan:
    """Plan to take back what was applied last; `backups` are the names of those there are.

    Raises:
        MigrationError: nothing was applied.

    """
    record = ledger.of(worker)
    if not record.applied:
        raise MigrationError(f"No migration has been applied to {worker}: there is nothing to undo")
    applied = record.applied[-1]
    undoing = _Undoing(Classes(worker, ledger, inventory), backups)
    undoing.classes.begin(applied.tag)
    for each in reversed(applied.done):
        undoing.take_back(each)
    undoing.classes.end(applied.fingerprint, is_undo=True)
    return undoing.classes.plan()


class _Undoing:
    def __init__(self, classes: Classes, backups: Collection[str]) -> None:
        self.classes = classes
        self._backups = backups

    def take_back(self, done: Done) -> None:
        classes, action = self.classes, done.action
        name, worker = action.class_name, classes.worker
        before = (action.source_worker or worker, action.source or name)
        now = (action.target_worker or worker, name)
        match action.kind:
            case Kind.CREATE if self._is_there(now) and self._is_empty(now):
                classes.delete(name)
            case Kind.ADOPT if self._is_there(now):
                classes.release(name)
            case Kind.DELETE if self._is_empty(now) and self._is_kept(done):
                classes.restore(action, done.backup)
            case Kind.TRANSFER if action.source_state is not None:
                if self._is_there(now):
                    classes.delete(name)
            case Kind.RENAME if self._is_there(now) and self._is_empty(before):
                classes.rename(name, before[1])
            case Kind.TRANSFER if self._is_there(now) and self._is_empty(before):
                classes.transfer(now, before)
            case Kind.EXPECT:
                classes.cancel(name, action.storage, before[0])
            case Kind.CANCEL:
                classes.expect(name, action.storage, before[0])
            case _:  # refused by the guard of its case
                pass

    def _is_there(self, place: Place) -> bool:
        worker, name = place
        is_own = worker == self.classes.worker
        if name in self.classes.live if is_own else place in self.classes.found:
            return True
        self.classes.refuse(
            f"{name} is no class of {worker} any more: undo first what has taken it away"
        )
        return False

    def _is_empty(self, place: Place) -> bool:
        there = self.classes.found.get(place)
        if there is None or not there.objects:
            return True
        count = f"{there.objects} new object{'' if there.objects == 1 else 's'}"
        self.classes.refuse(
            f"{place[1]} has {count}, which would be lost: nothing was undone "
            f"(pydo state reset {place[1]} throws them away)"
        )
        return False

    def _is_kept(self, done: Done) -> bool:
        if done.backup is None or done.backup in self._backups:
            return True
        self.classes.refuse(
            f"The backup of {done.action.class_name}, {done.backup}, has gone: the delete cannot "
            "be undone"
        )
        return False

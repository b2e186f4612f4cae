"""Plans, carried out on a state directory that this process holds.

Each tag is one step of the journal.  Before the first operation of a step, what it takes away is
copied; the copies become backups in that step.
"""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydo.errors import MigrationError
from pydo.migrate import backup
from pydo.migrate.action import EXPORTS, Elsewhere, Found, Inventory, Kind
from pydo.migrate.exported import exported_names
from pydo.migrate.journal import INCOMING, Operation, commit, recover
from pydo.migrate.ledger import Applied, Done, Ledger
from pydo.migrate.plan import Goal, plan
from pydo.migrate.undo import plan_undo
from pydo.statedir import StateDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydo.config.schema import Config
    from pydo.migrate.action import Action, Plan, Step
    from pydo.statedir import ClassDirectory

__all__ = ["Migrator", "inventory"]


def inventory(state: StateDirectory, *, counts: bool = True, sizes: bool = True) -> Inventory:
    """Give every class that has a directory; counting its objects takes time, weighing more."""
    return {
        (each.worker, each.class_name): _found(each, counts=counts, sizes=sizes)
        for each in state.class_directories()
    }


class Migrator:
    """Plans and applies the migrations of one directory.

    `from_state` is another state directory, out of which classes are transferred.  With `in_use`,
    objects are open meanwhile, and class directories get their new names at the next start.
    """

    def __init__(
        self, state: StateDirectory, from_state: Path | None = None, *, in_use: bool = False
    ) -> None:
        self.state = state
        self.was_interrupted = recover(state)
        self._from_state = from_state
        self._in_use = in_use

    @property
    def ledger(self) -> Ledger:
        """What has been applied, read anew."""
        return Ledger.read(self.state.layout)

    def plan(self, config: Config, goal: Goal | None = None) -> Plan:
        """Plan what is pending for a Worker.

        Raises:
            MigrationError: there is no such tag, or no such state to transfer from.

        """
        tags = {each.tag for each in config.migrations}
        if goal is not None and goal.to is not None and goal.to not in tags:
            raise MigrationError(f'There is no migration with the tag "{goal.to}".')
        return plan(
            config,
            self.ledger,
            inventory(self.state),
            exported=exported_names(config.main),
            goal=goal,
            elsewhere=self._elsewhere(),
        )

    def plan_undo(self, worker: str) -> Plan:
        """Plan to take back what was applied last.

        Raises:
            MigrationError: nothing was.

        """
        kept = {each.name for each in backup.backups(self.state)}
        return plan_undo(worker, self.ledger, inventory(self.state), kept)

    def apply(self, planned: Plan) -> None:
        """Make the steps of a plan.

        Raises:
            MigrationError: the plan has refusals.
            StateError: what is to be taken away cannot be copied.

        """
        if planned.refusals:
            raise MigrationError("\n".join(map(str, planned.refusals)))
        for step in planned.steps:
            self._make(planned.worker, step)
        if not self._in_use:
            self.state.finish_naming()
        backup.prune(self.state)

    def _make(self, worker: str, step: Step) -> None:
        ledger, now = self.ledger, datetime.now(UTC)
        done = [Done(each, self._keep(worker, step, each, now)) for each in step.actions]
        for each in step.actions:
            if each.source_state is not None:
                self._fetch(each)
        operations = [Operation("keep", name=each.backup) for each in done if each.backup]
        operations += [each for action in step.actions for each in _operations(worker, action)]
        at = now.isoformat(timespec="milliseconds")
        ledger.note(worker, step, Applied(step.tag, step.fingerprint, at, tuple(done)))
        commit(self.state, operations, ledger)

    def _keep(self, worker: str, step: Step, action: Action, now: datetime) -> str | None:
        """Copy what an action takes away; the name that the copy has as a backup."""
        if not action.takes_away or action.key is None:
            return None
        owner = self.state.find_key(action.key)
        assert owner is not None, "it was found when the plan was made"
        called = action.source or action.class_name
        tag = f"{'undo-' if step.is_undo else ''}{step.tag if step.tag != EXPORTS else 'exports'}"
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", f"{worker}-{called}-{tag}")
        note = backup.Backup(
            name=f"{now.strftime('%Y%m%dT%H%M%S.%f')}-{plain}",
            worker=action.source_worker or worker,
            class_name=called,
            tag=tag,
            at=now.isoformat(timespec="milliseconds"),
            objects=action.objects,
            size=action.size,
        )
        backup.draft(self.state, owner, note)
        return note.name

    def _fetch(self, action: Action) -> None:
        """Copy a class of the other state directory to where the journal takes it from."""
        assert self._from_state is not None
        if action.key is None:
            return
        target = self.state.layout / INCOMING
        target.mkdir(exist_ok=True)
        shutil.rmtree(target / action.class_name, ignore_errors=True)
        with StateDirectory.open(self._from_state) as other:
            owner = other.find_key(action.key)
            assert owner is not None, "it was found when the plan was made"
            backup.copy_class(owner.path, target / action.class_name)

    def _elsewhere(self) -> Elsewhere | None:
        if self._from_state is None:
            return None
        if not self._from_state.exists():
            raise MigrationError(f"{self._from_state} is not there")
        if self._from_state.resolve() == self.state.root.resolve():
            return None
        with StateDirectory.open(self._from_state) as other:
            recover(other)
            return Elsewhere(str(self._from_state), inventory(other))


def _operations(worker: str, action: Action) -> Iterator[Operation]:
    """Yield what is done to files; an action without a class directory does nothing to any."""
    owner = {"worker": action.target_worker or worker, "class_name": action.class_name}
    if action.replaces is not None:
        yield Operation("remove", key=action.replaces)
    if action.key is None:
        return
    match action.kind:
        case Kind.DELETE:
            yield Operation("remove", key=action.key)
        case Kind.TRANSFER if action.source_state is not None:
            yield Operation("receive", key=action.key, name=action.class_name, **owner)
        case Kind.RENAME | Kind.TRANSFER:
            yield Operation("name", key=action.key, **owner)
        case Kind.RESTORE if action.backup is not None:
            yield Operation("restore", key=action.key, name=action.backup, **owner)
        case _:
            pass


def _found(owner: ClassDirectory, *, counts: bool, sizes: bool) -> Found:
    objects = list(owner.list_objects()) if counts else []
    size = sum(
        file.stat().st_size
        for each in (objects if sizes else [])
        for file in owner.object_directory(each).rglob("*")
        if file.is_file()
    )
    return Found(owner.unique_key, owner.storage, len(objects), size)

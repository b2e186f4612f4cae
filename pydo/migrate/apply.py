"""Plans, carried out on a state directory that this process holds.

Each tag is one step of the journal.  Before the first operation of a step, what it takes away is
copied; the copies become backups in that step.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydo.errors import MigrationError
from pydo.migrate import backup, undo
from pydo.migrate.exported import exported_names
from pydo.migrate.journal import INCOMING, Operation, commit, recover
from pydo.migrate.ledger import Applied, Done, Ledger
from pydo.migrate.plan import Action, Found, Kind, Plan, Step, pending, plan
from pydo.statedir import StateDirectory

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.config.schema import Config
    from pydo.statedir import ClassDirectory

__all__ = ["Migrator", "inventory"]


def inventory(state: StateDirectory) -> dict[str, Found]:
    """Give every class directory, by what it is called."""
    return {each.label: _found(each) for each in state.class_directories()}


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
        self._finish_naming()

    @property
    def ledger(self) -> Ledger:
        """What has been applied, read anew."""
        return Ledger.read(self.state.layout)

    def pending(self, config: Config) -> list[str]:
        """Give the tags that are to be applied to a Worker."""
        history = self.ledger.of(config.name).history
        return [each.tag for each in pending(config.migrations, history.tags)]

    def plan(self, config: Config, *, to: str | None = None, expect: str | None = None) -> Plan:
        """Plan what is pending for a Worker.

        Raises:
            MigrationError: there is no tag `to`, or `expect` is not the tag that was applied last.

        """
        history = self.ledger.of(config.name).history
        if to is not None and to not in {each.tag for each in config.migrations}:
            raise MigrationError(f'There is no migration with the tag "{to}".')
        current = history.tags[-1] if history.tags else ""
        if expect is not None and expect != current:
            raise MigrationError(
                f"Migration tag precondition failed; current tag is {current} [code: 10079]"
            )
        if to is not None and to in history.tags:
            return Plan(config.name, current)
        return plan(
            config,
            history,
            inventory(self.state),
            exported=exported_names(config.main),
            to=to,
            elsewhere=self._elsewhere(),
        )

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
        self._finish_naming()
        backup.prune(self.state)

    def undo(self, worker: str) -> Applied:
        """Take the last applied tag of a Worker back.

        Raises:
            MigrationError: there is none, or it cannot be taken back.

        """
        ledger = self.ledger
        applied, operations = undo.undo(self.state, ledger, worker)
        for each in undo.doomed(applied):
            self._draft_backup(each.key, worker, each.action, f"undo-{applied.tag}", operations)
        commit(self.state, operations, ledger)
        self._finish_naming()
        backup.prune(self.state)
        return applied

    def _finish_naming(self) -> None:
        if not self._in_use:
            self.state.finish_naming()

    def _make(self, worker: str, step: Step) -> None:
        ledger = self.ledger
        record = ledger.of(worker)
        operations: list[Operation] = []
        done = [self._prepare(worker, step.tag, each, operations) for each in step.actions]
        for each in step.actions:
            _note(ledger, worker, each)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        record.applied.append(Applied(step.tag, step.fingerprint, now, tuple(done)))
        commit(self.state, operations, ledger)

    def _prepare(self, worker: str, tag: str, action: Action, operations: list[Operation]) -> Done:
        """Add the operations of an action, and make the copies that it needs."""
        name, key = action.class_name, action.key
        kept: str | None = None
        if action.kind in {Kind.DELETE, Kind.TRANSFER} and key and action.source_state is None:
            kept = self._draft_backup(key, worker, action, tag, operations)
        match action.kind:
            case Kind.DELETE:
                if key:
                    operations.append(Operation("remove", key=key))
            case Kind.TRANSFER if action.source_state is not None:
                key = self._receive(worker, action, operations)
            case Kind.RENAME | Kind.TRANSFER if key:
                self._clear(worker, name, key, operations)
                operations.append(Operation("name", key=key, worker=worker, class_name=name))
            case _:
                made = Operation("make", worker=worker, class_name=name, storage=action.storage)
                operations.append(made)
        return Done(action, key or "", kept)

    def _clear(self, worker: str, name: str, key: str, operations: list[Operation]) -> None:
        """Remove the empty directory that stands where a class is to come."""
        there = self.state.find(worker, name)
        if there is not None and there.unique_key != key and not any(there.list_objects()):
            operations.append(Operation("remove", key=there.unique_key))

    def _draft_backup(
        self, key: str, worker: str, action: Action, tag: str, operations: list[Operation]
    ) -> str | None:
        owner = self.state.find_key(key)
        if owner is None or not any(owner.list_objects()):
            return None
        now = datetime.now(UTC)
        called = action.source or action.class_name
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", f"{worker}-{called}-{tag}")
        name = f"{now.strftime('%Y%m%dT%H%M%S.%f')}-{plain}"
        found = _found(owner)
        note = backup.Backup(
            *(name, worker, called, tag, now.isoformat(timespec="milliseconds")),
            *(found.objects, found.size),
        )
        backup.draft(self.state, owner, note)
        operations.insert(0, Operation("keep", name=name))
        return name

    def _receive(self, worker: str, action: Action, operations: list[Operation]) -> str:
        assert self._from_state is not None
        assert action.key is not None
        target = self.state.layout / INCOMING
        target.mkdir(exist_ok=True)
        shutil.rmtree(target / action.class_name, ignore_errors=True)
        with StateDirectory.open(self._from_state) as other:
            owner = other.find_key(action.key)
            assert owner is not None
            backup.copy_class(owner.path, target / action.class_name)
        if self.state.find_key(action.key) is not None:
            raise MigrationError(
                f'This state has a class with the key "{action.key}" already: its objects have the '
                f"ids of those that {self._from_state} would give"
            )
        self._clear(worker, action.class_name, action.key, operations)
        fields = {"key": action.key, "worker": worker, "class_name": action.class_name}
        operations.append(Operation("receive", name=action.class_name, **fields))
        return action.key

    def _elsewhere(self) -> tuple[str, dict[str, Found]] | None:
        if self._from_state is None:
            return None
        if not self._from_state.exists():
            raise MigrationError(f"{self._from_state} is not there")
        with StateDirectory.open(self._from_state) as other:
            return str(self._from_state), inventory(other)


def _note(ledger: Ledger, worker: str, action: Action) -> None:
    """Note in the ledger what becomes live and what is no longer."""
    classes = ledger.of(worker).classes
    match action.kind:
        case Kind.DELETE:
            classes.pop(action.class_name, None)
            return
        case Kind.RENAME if action.source is not None:
            classes.pop(action.source, None)
        case Kind.TRANSFER if action.source_worker is not None and action.source_state is None:
            ledger.of(action.source_worker).classes.pop(action.source or "", None)
        case _:
            pass
    classes[action.class_name] = action.storage


def _found(owner: ClassDirectory) -> Found:
    objects = list(owner.list_objects())
    size = sum(
        file.stat().st_size
        for each in objects
        for file in owner.object_directory(each).rglob("*")
        if file.is_file()
    )
    return replace(Found(owner.unique_key, owner.storage), objects=len(objects), size=size)

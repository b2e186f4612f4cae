"""The classes of a state as they would be, action after action: what every plan is made with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.migrate.action import Action, Found, Inventory, Kind, Plan, Refusal, Step

if TYPE_CHECKING:
    from pydo.migrate.action import Place
    from pydo.migrate.ledger import Ledger

__all__ = ["Classes"]


class Classes:
    """Notes what is done to the classes of `worker`, and what cannot be done.

    `live` are its classes by name with their storage, `found` those of all Workers as they lie.
    The ledger and the inventory that are given stay as they are.
    """

    def __init__(self, worker: str, ledger: Ledger, inventory: Inventory) -> None:
        self.worker = worker
        self.live = dict(ledger.of(worker).classes)
        self.found: Inventory = {
            **{
                (name, each): Found("", storage)
                for name, record in ledger.workers.items()
                for each, storage in record.classes.items()
            },
            **inventory,
        }
        self.refusals: list[Refusal] = []
        self.notes: list[str] = []
        self._current_tag = ledger.of(worker).current_tag
        self._steps: list[Step] = []
        self._actions: list[Action] = []
        self._tag: str | None = None

    # -- steps

    def begin(self, tag: str) -> None:
        """Let what follows belong to a tag."""
        self._tag, self._actions = tag, []

    def end(self, fingerprint: str, *, is_undo: bool = False) -> None:
        """Let the step be complete."""
        assert self._tag is not None
        self._steps.append(Step(self._tag, fingerprint, tuple(self._actions), is_undo))

    @property
    def is_idle(self) -> bool:
        """Whether nothing was done since the step began."""
        return not self._actions

    def plan(self) -> Plan:
        """Give all of it as a plan."""
        steps, refusals = tuple(self._steps), tuple(self.refusals)
        return Plan(self.worker, self._current_tag, steps, refusals, tuple(self.notes))

    def refuse(self, message: str, code: int | None = None) -> None:
        """Say why it cannot be done."""
        self.refusals.append(Refusal(self._tag, message, code))

    # -- what is done to a class

    def own(self, name: str) -> Found | None:
        """Give a class of this Worker as it lies."""
        return self.found.get((self.worker, name))

    def create(self, name: str, storage: str) -> None:
        """Declare a class; what was stored before it was declared is its own."""
        found = self.own(name)
        if found is not None and found.objects and found.storage != storage:
            self.refuse(
                f"{name} has {found.objects} objects with {found.storage} storage already, and is "
                f"declared with {storage} storage; a class keeps its storage for ever: declare it "
                f"as it was, or throw its objects away (pydo state reset {name})."
            )
            return
        replaces = None
        if found is None or found.storage != storage:
            replaces = (found.key or None) if found is not None else None
            found = Found("", storage)
        kind = Kind.ADOPT if found.key else Kind.CREATE
        self._act(kind, name, found, replaces=replaces)
        self.found[self.worker, name] = found
        self.live[name] = storage

    def delete(self, name: str) -> None:
        """Delete a class and its objects."""
        storage = self.live.pop(name)
        self._act(Kind.DELETE, name, self.found.pop((self.worker, name), Found("", storage)))

    def release(self, name: str) -> None:
        """Let a class no longer be declared; its objects stay."""
        storage = self.live.pop(name)
        self._act(Kind.RELEASE, name, self.own(name) or Found("", storage))

    def restore(self, action: Action, backup: str | None) -> None:
        """Put a class that was deleted back."""
        name = action.class_name
        there = self.found.pop((self.worker, name), Found("", action.storage))
        restored = Found(action.key or "", action.storage, action.objects, action.size)
        if backup is None:
            restored = Found("", action.storage)
        replaces = there.key or None
        self._act(Kind.RESTORE, name, restored, replaces=replaces, backup=backup)
        self.found[self.worker, name] = restored
        self.live[name] = action.storage

    def rename(self, old: str, new: str) -> None:
        """Give the objects of a class to another one."""
        storage = self.live.pop(old)
        found = self.found.pop((self.worker, old), Found("", storage))
        found, replaces = self._arrive((self.worker, new), found)
        self._act(Kind.RENAME, new, found, source=old, replaces=replaces)
        self.live[new] = storage

    def transfer(self, source: Place, target: Place) -> None:
        """Give the objects of a Worker's class to another one's."""
        found, replaces = self._arrive(target, self.found.pop(source))
        self._act(
            Kind.TRANSFER,
            target[1],
            found,
            source=source[1],
            source_worker=None if self._is(source[0]) else source[0],
            target_worker=None if self._is(target[0]) else target[0],
            replaces=replaces,
        )
        if self._is(source[0]):
            self.live.pop(source[1], None)
        if self._is(target[0]):
            self.live[target[1]] = found.storage

    def receive(self, source: Place, name: str, state: str, found: Found) -> None:
        """Take a copy of a class of another state directory in."""
        if found.key and any(each.key == found.key for each in self.found.values()):
            self.refuse(
                f'This state has a class with the key "{found.key}" already: its objects have the '
                f"ids of those that {state} would give"
            )
            return
        found, replaces = self._arrive((self.worker, name), found)
        worker, old = source
        origin = {"source": old, "source_worker": worker, "source_state": state}
        self._act(Kind.TRANSFER, name, found, replaces=replaces, **origin)
        self.live[name] = found.storage

    def expect(self, name: str, storage: str, worker: str) -> None:
        """Await a class of another Worker."""
        self._act(Kind.EXPECT, name, Found("", storage), source_worker=worker)

    def cancel(self, name: str, storage: str, worker: str) -> None:
        """Await it no more."""
        self._act(Kind.CANCEL, name, Found("", storage), source_worker=worker)

    # -- places

    def _arrive(self, place: Place, found: Found) -> tuple[Found, str | None]:
        """Let a class arrive at a name, where a directory may lie that no migration knows.

        Gives what is at the name then, and the key of the empty directory that goes for it.
        """
        there = self.found.get(place)
        kept, gone = found, None
        if there is not None and there.objects:
            if found.objects or found.storage != there.storage:
                self.refuse(
                    f"{place[1]} has {there.objects} objects already, made before this migration, "
                    f"and {found.objects} ({found.storage}) would come to it: throw one of both "
                    f"away (pydo state reset {place[1]})."
                )
            kept, gone = there, found
        elif there is not None:
            gone = there
        self.found[place] = kept
        return kept, (gone.key or None) if gone is not None else None

    def _act(self, kind: Kind, name: str, found: Found, **fields: str | None) -> None:
        key = found.key or None
        self._actions.append(
            Action(kind, name, found.storage, found.objects, found.size, key, **fields)
        )

    def _is(self, worker: str) -> bool:
        return worker == self.worker

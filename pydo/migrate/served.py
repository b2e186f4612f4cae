"""Migrations while a Worker is served: which are made by themselves, and where its classes lie.

A configuration is prepared, then the code that goes with it is loaded with the places that its
classes will have, and only if both fit is anything made of it:

    prepare(config)     what would be done, and the place of each class; changes nothing
    make(coming)        done

New classes and renames are made by themselves.  A tag that this process has made goes back by
itself too, if its lines have gone from the file again and nothing is lost: whoever tries a rename
and thinks better of it has said all there is to say.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.errors import MigrationError
from pydo.migrate.action import EXPORTS, after
from pydo.migrate.apply import Migrator, inventory
from pydo.migrate.drift import find_drift, tag_state
from pydo.migrate.ledger import Applied
from pydo.migrate.plan import pending, plan
from pydo.migrate.report import plan_text, step_text
from pydo.migrate.undo import plan_undo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.config.schema import Config
    from pydo.migrate.action import Inventory, Plan
    from pydo.migrate.drift import Drift
    from pydo.migrate.ledger import Ledger
    from pydo.statedir import ClassDirectory, StateDirectory

__all__ = ["Coming", "ServedClasses"]


@dataclass(frozen=True, slots=True)
class Coming:
    """What a configuration asks for.

    `places` are the class directories of the Worker's classes, made or not, and `gone` the keys of
    those that there will be no more.  `is_new` tells whether `config` is another one than before.
    """

    config: Config
    plans: tuple[Plan, ...]
    places: Mapping[str, ClassDirectory]
    gone: tuple[str, ...] = ()
    is_new: bool = True


class ServedClasses:
    """The classes of the Worker that this process serves, and the migrations that it makes.

    With `is_auto`, deletes and transfers are made by themselves too.
    """

    def __init__(self, state: StateDirectory, *, is_auto: bool = False) -> None:
        self._state = state
        self._migrator = Migrator(state, in_use=True)
        self.was_interrupted = self._migrator.was_interrupted
        self._is_auto = is_auto
        self._made: set[str] = set()  # tags, by this process
        self._config: Config | None = None  # which nothing is pending for

    def prepare(self, config: Config) -> Coming:
        """Say what is to be done before `config` can be served.

        Raises:
            MigrationError: it cannot be done, or not without being asked.
            StateError: the state directory is damaged, or cannot hold a class of that name.

        """
        ledger, before = self._migrator.ledger, inventory(self._state, counts=False, sizes=False)
        plans: tuple[Plan, ...] = ()
        is_new = config is not self._config
        if is_new and self._may_do_something(config, ledger):
            before = inventory(self._state)
            plans = self._plans(config, ledger, before)
        found = before
        for each in plans:
            ledger, found = _noted(ledger, each), after(found, each)
        gone = {each.key for each in before.values()} - {each.key for each in found.values()}
        places = self._places(config, ledger, found)
        return Coming(config, plans, places, tuple(sorted(gone)), is_new)

    def as_they_are(self, config: Config) -> Coming:
        """Give the places for a configuration whose migrations are let be."""
        found = inventory(self._state, counts=False, sizes=False)
        return Coming(config, (), self._places(config, self._migrator.ledger, found))

    def make(self, coming: Coming) -> list[str]:
        """Do what is to be done; a line for each step.

        Raises:
            StateError: it could not be done.

        """
        lines: list[str] = []
        for planned in coming.plans:
            self._migrator.apply(planned)
            for step in planned.steps:
                if step.is_undo:
                    self._made.discard(step.tag)
                    lines.append(f"Took back {step_text(step)}")
                else:
                    if step.tag != EXPORTS:  # a map that has changed says itself what is to be
                        self._made.add(step.tag)
                    lines.append(f"Migrated {step_text(step)}")
        for place in coming.places.values():
            self._state.make(place)
        self._config = coming.config
        return lines

    def drift(self, config: Config, exported: frozenset[str]) -> tuple[Drift, ...]:
        """Give what has parted, of what matters to whoever serves it."""
        found = inventory(self._state, sizes=False)
        return tuple(find_drift(config, self._migrator.ledger, found, exported))

    def _may_do_something(self, config: Config, ledger: Ledger) -> bool:
        record = ledger.of(config.name)
        return (
            config.exports is not None
            or bool(pending(config.migrations, record.tags))
            or any(each.tag in self._made for each in record.applied)
        )

    def _plans(self, config: Config, ledger: Ledger, found: Inventory) -> tuple[Plan, ...]:
        plans: list[Plan] = []
        while (undo := self._undo(config, ledger, found)) is not None:
            plans.append(undo)
            ledger, found = _noted(ledger, undo), after(found, undo)
        planned = plan(config, ledger, found, checks_version=False)
        if planned.refusals:
            raise MigrationError(f"The migrations cannot be applied:\n{plan_text(planned)}")
        if planned.is_destructive and not self._is_auto:
            raise MigrationError(
                f"The migrations would take objects away:\n{plan_text(planned)}\n"
                "Nothing was changed. Stop pydo dev and run `pydo migrate`, or start it with "
                "--auto-migrate."
            )
        return (*plans, *((planned,) if planned.steps else ()))

    def _undo(self, config: Config, ledger: Ledger, found: Inventory) -> Plan | None:
        """Plan to take the last tag back, if it is this process's own and was withdrawn."""
        record = ledger.of(config.name)
        last = record.applied[-1] if record.applied else None
        if last is None or last.tag not in self._made or tag_state(config, last) == "applied":
            return None
        undo = plan_undo(config.name, ledger, found, ())
        return None if undo.refusals or undo.is_destructive else undo

    def _places(
        self, config: Config, ledger: Ledger, found: Inventory
    ) -> Mapping[str, ClassDirectory]:
        return {name: self._place(config, name, ledger, found) for name in config.classes}

    def _place(self, config: Config, name: str, ledger: Ledger, found: Inventory) -> ClassDirectory:
        known = found.get((config.name, name))
        if known is None:
            storage = ledger.of(config.name).classes.get(name) or config.storage_of(name).value
            return self._state.propose(config.name, name, storage)
        place = self._state.find_key(known.key)
        assert place is not None, "it was found just now"
        return place


def _noted(ledger: Ledger, planned: Plan) -> Ledger:
    noted = copy.deepcopy(ledger)
    for step in planned.steps:
        noted.note(planned.worker, step, Applied(step.tag, step.fingerprint, ""))
    return noted

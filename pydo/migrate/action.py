"""What migrations do, as values: actions on classes, gathered in steps, gathered in a plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = [
    "EXPORTS",
    "Action",
    "Elsewhere",
    "Found",
    "Inventory",
    "Kind",
    "Place",
    "Plan",
    "Refusal",
    "Step",
    "after",
]

EXPORTS = ""
"""Stands for a tag in a step that makes the state as an `exports` map says, which has no tags."""

Place = tuple[str, str]
"""The name of a Worker and that of a class."""


class Kind(Enum):
    """What happens to a class."""

    CREATE = "create"
    ADOPT = "adopt"  # its directory is there: it was served before a migration declared it
    RELEASE = "release"  # an adoption taken back
    RENAME = "rename"
    DELETE = "delete"
    RESTORE = "restore"  # a delete taken back
    TRANSFER = "transfer"
    EXPECT = "expect"  # a transfer is awaited, which the other Worker makes
    CANCEL = "cancel"  # it is awaited no more


@dataclass(frozen=True, slots=True)
class Found:
    """A class as it lies there; `key` makes the ids of its objects.

    A class that is declared and has no directory yet has the key "".
    """

    key: str
    storage: str
    objects: int = 0
    size: int = 0  # bytes


Inventory = dict[Place, Found]
"""Every class of a state directory."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another state directory, which classes may come from."""

    path: str
    inventory: Inventory


@dataclass(frozen=True, slots=True)
class Action:
    """One thing done to one class.

    `class_name` and `target_worker` are what it is called afterwards (or was), `source` and
    `source_worker` what it was called before, where that differs; None stands for the Worker whose
    plan it is.  `source_state` is another state directory that it is copied from.  `key` names the
    class directory that it concerns, `replaces` an empty one that makes room, and `backup` what is
    put back.
    """

    kind: Kind
    class_name: str
    storage: str
    objects: int = 0
    size: int = 0
    key: str | None = None
    source: str | None = None
    source_worker: str | None = None
    source_state: str | None = None
    target_worker: str | None = None
    replaces: str | None = None
    backup: str | None = None

    @property
    def is_destructive(self) -> bool:
        """Whether somebody who did not mean it would miss something."""
        return self.kind in {Kind.DELETE, Kind.TRANSFER} and self.objects > 0

    @property
    def takes_away(self) -> bool:
        """Whether objects leave the place that they have in this state directory."""
        return self.is_destructive and self.source_state is None


@dataclass(frozen=True, slots=True)
class Step:
    """What one tag does, or what takes it back."""

    tag: str
    fingerprint: str
    actions: tuple[Action, ...]
    is_undo: bool = False

    @property
    def is_destructive(self) -> bool:
        """Whether one of its actions is; to give a transferred class back is not."""
        kinds = {Kind.DELETE} if self.is_undo else {Kind.DELETE, Kind.TRANSFER}
        return any(each.is_destructive and each.kind in kinds for each in self.actions)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why production would not take it; `code` is the API's, None where the words are pydo's."""

    tag: str | None
    message: str
    code: int | None = None

    def __str__(self) -> str:
        code = "" if self.code is None else f" [code: {self.code}]"
        return f"{self.message}{code}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that are to come; with refusals, none of them may be made.

    `notes` say what else is worth knowing.
    """

    worker: str
    current_tag: str | None
    steps: tuple[Step, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_destructive(self) -> bool:
        """Whether one of its steps is."""
        return any(each.is_destructive for each in self.steps)

    @property
    def actions(self) -> tuple[Action, ...]:
        """All actions of all steps."""
        return tuple(action for step in self.steps for action in step.actions)


def after(inventory: Inventory, plan: Plan) -> Inventory:
    """Give what would lie there once a plan is applied; what has no directory is not in it."""
    found = dict(inventory)
    for action in plan.actions:
        source = (action.source_worker or plan.worker, action.source or action.class_name)
        target = (action.target_worker or plan.worker, action.class_name)
        match action.kind:
            case Kind.CREATE | Kind.DELETE:
                found.pop(target, None)
            case Kind.RENAME | Kind.TRANSFER | Kind.RESTORE:
                if action.source_state is None:
                    found.pop(source, None)
                found.pop(target, None)
                if action.key is not None:
                    found[target] = Found(action.key, action.storage, action.objects, action.size)
            case Kind.ADOPT | Kind.RELEASE | Kind.EXPECT | Kind.CANCEL:
                pass
    return found

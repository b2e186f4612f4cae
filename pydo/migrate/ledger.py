"""The ledger: which tags were applied to this state, when, and what they did.

One file, `v1/migrations.json`, for all Workers of the directory; it is replaced as a whole, by the
journal alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pydo.errors import StateError
from pydo.migrate.action import EXPORTS, Action, Kind

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.migrate.action import Step

__all__ = ["Applied", "Done", "Ledger", "WorkerRecord"]

NAME = "migrations.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Done:
    """An action as it was carried out, and the backup of what it took away."""

    action: Action
    backup: str | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """A tag that was applied, at a time in ISO's form."""

    tag: str
    fingerprint: str
    at: str
    done: tuple[Done, ...] = ()


@dataclass(slots=True)
class WorkerRecord:
    """What was applied for one Worker, and what is so by it.

    `classes` are those that are live, with their storage, and `expected` those that another Worker
    is to transfer to this one, with its name.
    """

    applied: list[Applied] = field(default_factory=list[Applied])
    classes: dict[str, str] = field(default_factory=dict[str, str])
    expected: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that were applied, in order."""
        return tuple(each.tag for each in self.applied if each.tag != EXPORTS)

    @property
    def current_tag(self) -> str | None:
        """The tag that was applied last."""
        return self.tags[-1] if self.tags else None


@dataclass(slots=True)
class Ledger:
    """The records of all Workers."""

    workers: dict[str, WorkerRecord] = field(default_factory=dict[str, WorkerRecord])

    def of(self, worker: str) -> WorkerRecord:
        """Give the record of a Worker; one that is not known has done nothing yet."""
        return self.workers.get(worker) or WorkerRecord()

    def note(self, worker: str, step: Step, applied: Applied) -> None:
        """Note a step that is being made, and what is live by it."""
        for action in step.actions:
            self._note(worker, action)
        record = self._opened(worker)
        if step.is_undo:
            record.applied.pop()
        else:
            record.applied.append(applied)

    def _note(self, worker: str, action: Action) -> None:
        before = self._opened(action.source_worker or worker)
        after = self._opened(action.target_worker or worker)
        name = action.class_name
        match action.kind:
            case Kind.CREATE | Kind.ADOPT | Kind.RESTORE:
                after.classes[name] = action.storage
            case Kind.DELETE | Kind.RELEASE:
                after.classes.pop(name, None)
            case Kind.RENAME | Kind.TRANSFER:
                if action.source_state is None:
                    before.classes.pop(action.source or name, None)
                after.classes[name] = action.storage
                after.expected.pop(name, None)
            case Kind.EXPECT:
                after.expected[name] = action.source_worker or worker
            case Kind.CANCEL:
                after.expected.pop(name, None)

    def _opened(self, worker: str) -> WorkerRecord:
        return self.workers.setdefault(worker, WorkerRecord())

    @classmethod
    def read(cls, layout: Path) -> Ledger:
        """Read the ledger of a state directory; one that has none is new.

        Raises:
            StateError: the file is damaged, or of a newer pydo.

        """
        path = layout / NAME
        try:
            return cls.decode(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(
                f"{path} cannot be read ({error}): put it back from a copy, or move it away, and "
                "the migrations count as never applied"
            ) from error

    @classmethod
    def decode(cls, record: dict[str, Any]) -> Ledger:
        """Make a ledger of its JSON."""
        if record["format"] != _FORMAT:
            raise ValueError(f'"format" is {record["format"]!r}')
        return cls({name: _worker(each) for name, each in record["workers"].items()})

    def encode(self) -> dict[str, object]:
        """Give the ledger as JSON; a Worker without tags and classes is left out."""
        workers = {
            name: {
                "classes": each.classes,
                "expected": each.expected,
                "applied": [_applied_json(applied) for applied in each.applied],
            }
            for name, each in self.workers.items()
            if each.applied or each.classes or each.expected
        }
        return {"format": _FORMAT, "workers": workers}


def _applied_json(applied: Applied) -> dict[str, object]:
    steps = [
        {
            "action": {**asdict(each.action), "kind": each.action.kind.value},
            "backup": each.backup,
        }
        for each in applied.done
    ]
    return {"tag": applied.tag, "sha256": applied.fingerprint, "at": applied.at, "steps": steps}


def _worker(record: dict[str, Any]) -> WorkerRecord:
    applied = [
        Applied(each["tag"], each["sha256"], each["at"], tuple(map(_done, each["steps"])))
        for each in record["applied"]
    ]
    return WorkerRecord(applied, dict(record["classes"]), dict(record["expected"]))


def _done(record: dict[str, Any]) -> Done:
    fields = cast("dict[str, Any]", dict(record["action"]))
    kind = Kind(fields.pop("kind"))
    return Done(Action(kind=kind, **fields), record["backup"])

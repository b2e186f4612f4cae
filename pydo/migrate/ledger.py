"""The ledger: which tags were applied to this state, when, and what they did.

One file, `v1/migrations.json`, for all Workers of the directory; it is replaced as a whole, by the
journal alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pydo.errors import StateError
from pydo.migrate.plan import Action, History, Kind

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Applied", "Done", "Ledger", "WorkerRecord"]

NAME = "migrations.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Done:
    """An action as it was carried out: which class directory it met, and what was kept of it."""

    action: Action
    key: str
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
    """What was applied for one Worker, and the storage of its classes that are live by it."""

    applied: list[Applied] = field(default_factory=list[Applied])
    classes: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def history(self) -> History:
        """What a plan needs to know."""
        return History(tuple(each.tag for each in self.applied), dict(self.classes))


@dataclass(slots=True)
class Ledger:
    """The records of all Workers."""

    workers: dict[str, WorkerRecord] = field(default_factory=dict[str, WorkerRecord])

    def of(self, worker: str) -> WorkerRecord:
        """Give the record of a Worker, an empty one if there is none."""
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
            name: {"classes": each.classes, "applied": [_applied_json(a) for a in each.applied]}
            for name, each in self.workers.items()
            if each.applied or each.classes
        }
        return {"format": _FORMAT, "workers": workers}


def _applied_json(applied: Applied) -> dict[str, object]:
    steps = [
        {
            "action": {**asdict(each.action), "kind": each.action.kind.value},
            "key": each.key,
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
    return WorkerRecord(applied, dict(record["classes"]))


def _done(record: dict[str, Any]) -> Done:
    fields = cast("dict[str, Any]", dict(record["action"]))
    kind = Kind(fields.pop("kind"))
    return Done(Action(kind=kind, **fields), record["key"], record["backup"])

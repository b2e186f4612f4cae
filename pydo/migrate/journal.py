"""The journal: a step of file operations, written down before it begins.

Each operation may be done again from its start, so whoever opens a directory in which a journal
lies does them all and then writes the ledger that lies in it.  What happens before the journal is
written leaves drafts only, which the same opening removes.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydo.errors import StateError
from pydo.migrate import backup
from pydo.migrate.ledger import NAME as LEDGER
from pydo.platform import atomic_write, sync_directory

if TYPE_CHECKING:
    from pydo.migrate.ledger import Ledger
    from pydo.statedir import StateDirectory

__all__ = ["Operation", "commit", "recover"]

_NAME = "migrating.json"
INCOMING = ".incoming"


@dataclass(frozen=True, slots=True)
class Operation:
    """One change to the directory.

    `kind` is name (give a class directory to a Worker and a class), remove, keep (take a draft
    into the backups), restore (put a backup in place) or receive (take a class in that was copied
    from another state directory).
    """

    kind: str
    key: str = ""
    worker: str = ""
    class_name: str = ""
    name: str = ""  # of a backup or of a draft


def commit(state: StateDirectory, operations: list[Operation], ledger: Ledger) -> None:
    """Do the operations and write the ledger, as a whole."""
    record = {"operations": [asdict(each) for each in operations], "ledger": ledger.encode()}
    atomic_write(state.layout / _NAME, _encoded(record))
    _perform(state, record)


def recover(state: StateDirectory) -> bool:
    """Finish the step that a crash interrupted, if there is one, and remove drafts; whether so.

    Raises:
        StateError: the journal is damaged.

    """
    path = state.layout / _NAME
    is_interrupted = path.exists()
    if is_interrupted:
        try:
            record = json.loads(path.read_bytes())
        except ValueError as error:
            raise StateError(f"{path} is damaged ({error}): put it back from a copy") from error
        _perform(state, record)
        state.finish_naming()
    for draft in state.layout.glob(".migrat*.json.*"):  # of a write that was cut off
        draft.unlink()
    backup.remove_drafts(state)
    shutil.rmtree(state.layout / INCOMING, ignore_errors=True)
    return is_interrupted


def _perform(state: StateDirectory, record: dict[str, Any]) -> None:
    for each in record["operations"]:
        _do(state, Operation(**each))
    atomic_write(state.layout / LEDGER, _encoded(record["ledger"]))
    (state.layout / _NAME).unlink()
    sync_directory(state.layout)


def _do(state: StateDirectory, operation: Operation) -> None:
    match operation.kind:
        case "name":
            state.give_class(operation.key, operation.worker, operation.class_name)
        case "remove":
            state.remove_class(operation.key)
        case "keep":
            backup.keep(state, operation.name)
        case "restore":
            backup.restore(state, operation.name, operation.worker, operation.class_name)
        case "receive":
            draft = state.layout / INCOMING / operation.name
            state.receive_class(draft, operation.key, operation.worker, operation.class_name)
        case other:
            raise StateError(f'The journal holds "{other}", which a newer pydo has written')


def _encoded(record: object) -> bytes:
    return json.dumps(record, indent=2).encode() + b"\n"

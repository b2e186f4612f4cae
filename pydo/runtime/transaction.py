"""`transaction()` as its callback sees it: open, then committed or rolled back, for good.

Sources: src/workerd/api/actor-state.c++ (`DurableObjectTransaction`),
src/workerd/io/actor-sqlite.c++ (`ExplicitTxn`).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from pydo.errors import JsException
from pydo.runtime.section import TakenBackError, outcome
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.database import Database

__all__ = ["Transaction", "transacted"]


class _State(Enum):
    OPEN = "open"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"


class Transaction:
    """One `transaction()`, from where its section begins."""

    __slots__ = ("_database", "_level", "_state")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._level = database.begin_explicit()
        self._state = _State.OPEN

    def check(self, operation: str) -> None:
        """Check that the transaction may still be used for `operation`, such as `get()`.

        Raises:
            JsException: it has ended.

        """
        if self._state is _State.ROLLED_BACK:
            raise JsException("Error", f"Cannot {operation} on rolled back transaction")
        if self._state is _State.COMMITTED:
            raise JsException(
                "Error",
                f"Cannot call {operation} on transaction that has already committed: did you move"
                " `txn` outside of the closure?",
            )

    def rollback(self) -> None:
        """Take back what was written since the transaction began; once is enough.

        Raises:
            JsException: a transaction within this one is still running, or this one has committed.

        """
        if self._state is _State.ROLLED_BACK:
            return
        self.check("rollback()")
        if self._database.levels > self._level:
            raise JsException(
                "Error",
                "Cannot roll back an outer transaction while a nested transaction is still"
                " running.",
            )
        self._database.undo(self._level)
        self._state = _State.ROLLED_BACK

    def commit(self) -> None:
        """Keep what was written, unless it was rolled back.

        Raises:
            JsException: it could not be committed, and is lost.

        """
        if self._state is _State.OPEN:
            self._state = _State.COMMITTED
            self._database.keep(self._level)

    def abandon(self) -> None:
        """Take everything back: the callback has raised."""
        if self._state is _State.OPEN:
            self._state = _State.ROLLED_BACK
            self._database.undo(self._level)


async def transacted(
    database: Database,
    commit: Callable[[Callable[[], None]], None],
    callback: Callable[[Transaction], object],
) -> object:
    """Run `callback` (plain or async) in a transaction, and `commit` it.

    Raises:
        TakenBackError: the callback raised, and what it wrote is taken back.

    """
    if not database.levels:
        commit(database.commit)  # what earlier turns of this pass have written
    transaction = Transaction(database)
    try:
        result = await outcome(pinned(callback, transaction))
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        transaction.abandon()
        raise TakenBackError(error) from error
    commit(transaction.commit)
    return result

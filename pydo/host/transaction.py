"""`txn`: what the callback of `ctx.storage.transaction()` is given.

Source: src/workerd/api/actor-state.{h,c++} (`DurableObjectTransaction`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.js.illegal import RuntimeObject
from pydo.host.taken import TRANSACTION, check, time_ms

if TYPE_CHECKING:
    from pydo.host.promise import JsPromise
    from pydo.host.storage import DurableObjectStorage
    from pydo.runtime.transaction import Transaction

__all__ = ["DurableObjectTransaction"]


class DurableObjectTransaction(RuntimeObject):
    """The storage within one transaction; each method refuses when the transaction has ended."""

    __slots__ = ("_storage", "_transaction")

    def __init__(self, storage: DurableObjectStorage, transaction: Transaction) -> None:
        self._storage = storage
        self._transaction = transaction

    def get(self, *arguments: Any, **named: Any) -> JsPromise:
        """Give the value of a key, or a Map of those of several keys that exist."""
        check(TRANSACTION, "get", arguments)
        self._transaction.check("get()")
        return self._storage.get(*arguments, **named)

    def put(self, *arguments: Any, **named: Any) -> JsPromise:
        """Set a key, or all the members of an object at once."""
        check(TRANSACTION, "put", arguments)
        self._transaction.check("put()")
        return self._storage.put(*arguments, **named)

    def delete(self, *arguments: Any, **named: Any) -> JsPromise:
        """Delete a key (whether it existed), or several (how many existed)."""
        check(TRANSACTION, "delete", arguments)
        self._transaction.check("delete()")
        return self._storage.delete(*arguments, **named)

    def list(self, *arguments: Any, **named: Any) -> JsPromise:
        """Give a Map of the keys that the options select, in order."""
        check(TRANSACTION, "list", arguments)
        self._transaction.check("list()")
        return self._storage.list(*arguments, **named)

    def getAlarm(self, *arguments: Any, **named: Any) -> JsPromise:
        """Give when the alarm rings, in milliseconds since 1970; null for never."""
        check(TRANSACTION, "getAlarm", arguments)
        self._transaction.check("getAlarm()")
        return self._storage.getAlarm(*arguments, **named)

    def setAlarm(self, *arguments: Any, **named: Any) -> JsPromise:
        """Let the alarm ring at a time."""
        time_ms(TRANSACTION, arguments)
        self._transaction.check("setAlarm()")
        return self._storage.setAlarm(*arguments, **named)

    def deleteAlarm(self, *arguments: Any, **named: Any) -> JsPromise:
        """Let the alarm not ring."""
        check(TRANSACTION, "deleteAlarm", arguments)
        self._transaction.check("deleteAlarm()")
        return self._storage.deleteAlarm(*arguments, **named)

    def deleteAll(self, *_: object, **__: object) -> None:
        """Refuse.

        Raises:
            JsException: always.

        """
        raise JsException("Error", "Cannot call deleteAll() within a transaction")

    def rollback(self) -> None:
        """Take back what was written; `transaction()` then resolves as if nothing had been."""
        self._transaction.rollback()

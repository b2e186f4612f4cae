"""`ctx.storage`: the key-value face of an object's database.

With SQLite every operation is done when the call returns, so the promises that come back are
settled already and awaiting one lets nobody in.  Sources: src/workerd/api/actor-state.{h,c++}.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.clone import encode
from pydo.host.js.array import JsArray
from pydo.host.js.collection import JsMap
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.value import JsProxy, jsnull, options
from pydo.host.model import CODEC
from pydo.host.portability.limits import is_large, look_at_count, look_at_pair
from pydo.host.promise import JsPromise
from pydo.host.selection import selected
from pydo.host.sql import SqlStorage
from pydo.host.synckv import SyncKvStorage
from pydo.host.taken import STORAGE, check, check_callable, is_options, text, time_ms
from pydo.host.transaction import DurableObjectTransaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.host.flags import Flags
    from pydo.runtime.actor import Actor

__all__ = ["DurableObjectStorage"]

_PUT_FORMS = (
    "put() may only be called with a single key-value pair and optional options as put(key, value,"
    " options) or with multiple key-value pairs and optional options as put(entries, options)"
)


class DurableObjectStorage(RuntimeObject):
    """The storage of one object.

    Values are structured clones: what `get` gives is a fresh copy each time.
    """

    __slots__ = ("_actor", "_flags", "kv", "sql")

    def __init__(self, actor: Actor, flags: Flags) -> None:
        self._actor = actor
        self._flags = flags
        self.kv = SyncKvStorage(actor)
        self.sql = SqlStorage(actor)

    def get(self, *given: Any, **_: object) -> JsPromise:
        """Give the value of a key, or a Map of those of several keys that exist."""
        if len(given) != 1:
            check(STORAGE, "get", given)
        key, kv = given[0], self._actor.kv
        if type(key) is not str and isinstance(key, JsArray):
            look_at_count(key.__items__, "get()")
            return JsPromise.resolved(_map_of(kv.get_many([text(each) for each in key.__items__])))
        data = kv.get(text(key))
        return JsPromise.resolved(None if data is None else CODEC.decode(data))

    def put(self, *given: Any, **_: object) -> JsPromise:
        """Set a key, or all the members of an object at once.

        Raises:
            JsException: a `TypeError` for an undefined value or a wrong form of the call, a
                `DataCloneError` for a value that cannot be stored; nothing is written then.

        """
        if len(given) != 2:  # noqa: PLR2004 - the key and its value
            check(STORAGE, "put", given)
        key, value = given[0], given[1] if len(given) > 1 else None
        if type(key) is not str and isinstance(key, JsProxy) and not isinstance(key, JsArray):
            if not is_options(value):
                raise JsException("TypeError", _PUT_FORMS)
            self._put_members(key)
        elif value is None:
            raise JsException("TypeError", "put() called with undefined value.")
        else:
            name, data, actor = text(key), encode(value), self._actor
            if is_large(name, data):
                look_at_pair(name, data, has_sql=actor.has_sql)
            actor.kv.put(name, data)
        return JsPromise.resolved(None)

    def _put_members(self, entries: JsProxy) -> None:
        members = [(k, v) for k, v in entries.__members__.items() if v is not None]
        look_at_count(members, "put()", "pairs")
        pairs = [(text(k), encode(v)) for k, v in members]
        for key, data in pairs:
            look_at_pair(key, data, has_sql=self._actor.has_sql)
        self._actor.kv.put_many(pairs)

    def delete(self, *given: Any, **_: object) -> JsPromise:
        """Delete a key (whether it existed), or several (how many existed)."""
        if len(given) != 1:
            check(STORAGE, "delete", given)
        key, kv = given[0], self._actor.kv
        if isinstance(key, JsArray):
            look_at_count(key.__items__, "delete()")
            return JsPromise.resolved(kv.delete_many([text(each) for each in key.__items__]))
        return JsPromise.resolved(kv.delete(text(key)))

    def list(self, *given: Any, **named: object) -> JsPromise:
        """Give a Map of the keys that the options select, in order.

        Raises:
            JsException: a `TypeError` for options that contradict each other.

        """
        check(STORAGE, "list", given)
        selection = selected(options(given[0] if given else None, named))
        return JsPromise.resolved(_map_of(self._actor.kv.list(selection)))

    def deleteAll(self, *given: Any, **_: object) -> JsPromise:
        """Empty the object's storage; the alarm goes too, from 2026-02-24.

        Raises:
            JsException: a transaction is running.

        """
        check(STORAGE, "deleteAll", given)
        self._actor.delete_all(keeps_alarm=not self._flags.delete_all_deletes_alarm)
        return JsPromise.resolved(None)

    def transaction(self, *given: Any, **_: object) -> JsPromise:
        """Run a function with a transaction; it is kept if it returns, taken back if it raises."""
        check_callable(STORAGE, "transaction", given)
        callback: Callable[[object], object] = given[0]
        return JsPromise.of(
            self._actor.transaction(lambda txn: callback(DurableObjectTransaction(self, txn)))
        )

    def transactionSync(self, *given: Any, **_: object) -> Any:
        """Run a function, which may not wait, and take back what it wrote if it raises."""
        check_callable(STORAGE, "transactionSync", given)
        return self._actor.transaction_sync(given[0])

    def getAlarm(self, *given: Any, **_: object) -> JsPromise:
        """Give when the alarm rings, in milliseconds since 1970; null for never."""
        check(STORAGE, "getAlarm", given)
        at = self._actor.alarm.get()
        return JsPromise.resolved(jsnull if at is None else at)

    def setAlarm(self, *given: Any, **_: object) -> JsPromise:
        """Let the alarm ring at a time: a Date, or milliseconds since 1970; at once if it is past.

        Raises:
            JsException: a `TypeError` for what is no time, or none from 1970 to 2262.

        """
        ms = time_ms(STORAGE, given)
        if ms <= 0:
            raise JsException("TypeError", "setAlarm() cannot be called with an alarm time <= 0")
        self._actor.set_alarm(math.floor(ms))
        return JsPromise.resolved(None)

    def deleteAlarm(self, *given: Any, **_: object) -> JsPromise:
        """Let the alarm not ring; one that is running goes on."""
        check(STORAGE, "deleteAlarm", given)
        self._actor.alarm.delete()
        return JsPromise.resolved(None)

    def getCurrentBookmark(self, *_: object) -> JsPromise:
        """Give the bookmark of the state that this turn leaves behind."""
        try:
            return JsPromise.of(self._actor.current_bookmark())
        except JsException as error:
            return JsPromise.rejected(error)

    def getBookmarkForTime(self, *given: Any) -> JsPromise:
        """Give the bookmark of the state at a time: a Date, or milliseconds since 1970."""
        try:
            ms = time_ms(STORAGE, given, "getBookmarkForTime")
            return JsPromise.resolved(self._actor.bookmark_at(math.floor(ms)))
        except JsException as error:
            return JsPromise.rejected(error)

    def onNextSessionRestoreBookmark(self, *given: Any) -> JsPromise:
        """Let the object begin its next life with the state at a bookmark.

        Gives a bookmark that undoes it.
        """
        try:
            check(STORAGE, "onNextSessionRestoreBookmark", given)
            return JsPromise.resolved(self._actor.restore_next(text(given[0])))
        except JsException as error:
            return JsPromise.rejected(error)

    def sync(self, *_: object) -> JsPromise:
        """Settle when everything written so far is on disk."""
        return JsPromise.of(self._actor.sync())


def _map_of(rows: list[tuple[str, bytes]]) -> JsMap:
    made = JsMap.new()
    made.__data__ = {key: CODEC.decode(data) for key, data in rows}
    return made

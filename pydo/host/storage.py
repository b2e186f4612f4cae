"""`ctx.storage`: the key-value face of an object's database.

With SQLite every operation is done when the call returns, so the promises that come back are
settled already and awaiting one lets nobody in.  Sources: src/workerd/api/actor-state.{h,c++}.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

from pydo.errors import JsException
from pydo.host.clone import encode
from pydo.host.js.array import JsArray
from pydo.host.js.collection import JsMap
from pydo.host.js.date import JsDate
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, jsnull, options
from pydo.host.model import CODEC
from pydo.host.portability.limits import look_at_count, look_at_pair
from pydo.host.promise import JsPromise
from pydo.host.selection import selected
from pydo.host.sql import SqlStorage
from pydo.host.synckv import SyncKvStorage
from pydo.host.transaction import DurableObjectTransaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.host.flags import Flags
    from pydo.runtime.actor import Actor

__all__ = ["DurableObjectStorage"]

_NOT_YET = frozenset(
    {
        "getBookmarkForTime",
        "getCurrentBookmark",
        "onNextSessionRestoreBookmark",
    }
)
_LAST_MS = 9_223_372_036_854  # in nanoseconds still a number of 64 bits; workerd's words err
_NO_DATE = (
    "Failed to execute 'setAlarm' on 'DurableObjectStorage': parameter 1 is not of type 'date'."
)
_PUT_FORMS = (
    "put() may only be called with a single key-value pair and optional options as put(key, value,"
    " options) or with multiple key-value pairs and optional options as put(entries, options)"
)


class DurableObjectStorage(JsProxy):
    """The storage of one object.

    Values are structured clones: what `get` gives is a fresh copy each time.
    """

    __slots__ = ("_actor", "_flags", "kv", "sql")

    def __init__(self, actor: Actor, flags: Flags) -> None:
        self._actor = actor
        self._flags = flags
        self.kv = SyncKvStorage(actor)
        self.sql = SqlStorage(actor)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"ctx.storage.{name} is not simulated yet by pydo" if name in _NOT_YET else name
        )

    def get(self, key: Any = None, _options: object = None, **_: object) -> JsPromise:
        """Give the value of a key, or a Map of those of several keys that exist."""
        kv = self._actor.kv
        if isinstance(key, JsArray):
            look_at_count(key.items, "get()")
            found = kv.get_many([js_string(each) for each in key.items])
            return JsPromise.resolved(_map_of(found))
        data = kv.get(key if type(key) is str else js_string(key))
        return JsPromise.resolved(None if data is None else CODEC.decode(data))

    def put(self, key: Any = None, value: Any = None, *rest: object, **named: object) -> JsPromise:
        """Set a key, or all the members of an object at once.

        Raises:
            JsException: a `TypeError` for an undefined value or a wrong form of the call, a
                `DataCloneError` for a value that cannot be stored; nothing is written then.

        """
        if isinstance(key, JsObject):
            if rest or not (value is None or isinstance(value, (JsObject, dict))):
                raise JsException("TypeError", _PUT_FORMS)
            members = [(k, v) for k, v in key.__members__.items() if v is not None]
            look_at_count(members, "put()", "pairs")
            entries = [(_text(k), encode(v)) for k, v in members]
            for each, data in entries:
                look_at_pair(each, data, has_sql=self._actor.has_sql)
            self._actor.kv.put_many(entries)
        elif value is None:
            raise JsException("TypeError", "put() called with undefined value.")
        else:
            data = encode(value)
            name = key if type(key) is str else js_string(key)
            look_at_pair(name, data, has_sql=self._actor.has_sql)
            self._actor.kv.put(name, data)
        return JsPromise.resolved(None)

    def delete(self, key: Any = None, _options: object = None, **_: object) -> JsPromise:
        """Delete a key (whether it existed), or several (how many existed)."""
        kv = self._actor.kv
        if isinstance(key, JsArray):
            look_at_count(key.items, "delete()")
            return JsPromise.resolved(kv.delete_many([js_string(each) for each in key.items]))
        return JsPromise.resolved(kv.delete(js_string(key)))

    def list(self, selection: object = None, **named: object) -> JsPromise:
        """Give a Map of the keys that the options select, in order.

        Raises:
            JsException: a `TypeError` for options that contradict each other.

        """
        return JsPromise.resolved(_map_of(self._actor.kv.list(selected(options(selection, named)))))

    def deleteAll(self, _options: object = None, **_: object) -> JsPromise:
        """Empty the object's storage; the alarm goes too, from 2026-02-24.

        Raises:
            JsException: a transaction is running.

        """
        self._actor.delete_all(keeps_alarm=not self._flags.delete_all_deletes_alarm)
        return JsPromise.resolved(None)

    def transaction(self, callback: Callable[[object], object]) -> JsPromise:
        """Run `callback` with a transaction; it is kept if it returns, taken back if it raises."""
        return JsPromise.of(
            self._actor.transaction(lambda txn: callback(DurableObjectTransaction(self, txn)))
        )

    def transactionSync(self, callback: Callable[[], Any]) -> Any:
        """Run `callback`, which may not wait, and take back what it wrote if it raises."""
        return self._actor.transaction_sync(callback)

    def getAlarm(self, _options: object = None, **_: object) -> JsPromise:
        """Give when the alarm rings, in milliseconds since 1970; null for never."""
        at = self._actor.alarm.get()
        return JsPromise.resolved(jsnull if at is None else at)

    def setAlarm(self, at: object = None, _options: object = None, **_: object) -> JsPromise:
        """Let the alarm ring at a time: a Date, or milliseconds since 1970; at once if it is past.

        Raises:
            JsException: a `TypeError` for what is no time, or none from 1970 to 2262.

        """
        ms = _time(at)
        if ms <= 0:
            raise JsException("TypeError", "setAlarm() cannot be called with an alarm time <= 0")
        self._actor.set_alarm(math.floor(ms))
        return JsPromise.resolved(None)

    def deleteAlarm(self, _options: object = None, **_: object) -> JsPromise:
        """Let the alarm not ring; one that is running goes on."""
        self._actor.alarm.delete()
        return JsPromise.resolved(None)

    def sync(self) -> JsPromise:
        """Settle when everything written so far is on disk."""
        return JsPromise.of(self._actor.sync())


def _time(at: object) -> float:
    """Give a time as workerd takes it from JavaScript (src/workerd/jsg/value.c++)."""
    if isinstance(at, JsDate):
        ms = at.ms
    elif isinstance(at, (int, float)) and not isinstance(at, bool):
        ms = at
    else:
        raise JsException("TypeError", _NO_DATE)
    if not math.isfinite(ms):
        raise JsException(
            "TypeError", "The value cannot be converted because it is not a valid Date."
        )
    if ms > _LAST_MS:
        raise JsException("TypeError", "This API doesn't support dates after 2189.")
    if ms < -_LAST_MS:
        raise JsException("TypeError", "This API doesn't support dates before 1687.")
    return ms


def _text(key: object) -> str:
    return key if type(key) is str else js_string(key)


def _map_of(rows: list[tuple[str, bytes]]) -> JsMap:
    made = JsMap.new()
    made.data = {key: CODEC.decode(data) for key, data in rows}
    return made

"""`ctx.storage.kv`: the key-value table, without promises.

Source: src/workerd/api/sync-kv.c++.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.clone import encode
from pydo.host.js.array import JsArray
from pydo.host.js.error import JsTypeError
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.iterator import JsIterator
from pydo.host.js.value import options
from pydo.host.model import CODEC
from pydo.host.portability.limits import look_at_pair
from pydo.host.selection import selected
from pydo.host.taken import text

if TYPE_CHECKING:
    from pydo.runtime.actor import Actor
    from pydo.runtime.kv import KeyValueTable, Listing

__all__ = ["SyncKvStorage"]

_NOT_DECLARED = (
    "The storage.kv (synchronous KV) API is only available for SQLite-backed Durable Objects, but"
    " this object's namespace is not declared to use SQLite. You can use the older, asyncronous"
    " interface via methods of `storage` itself (e.g. `storage.get()`). Alternatively, to enable"
    " SQLite, change `new_classes` to `new_sqlite_classes` within the 'migrations' field in your"
    " wrangler.jsonc or wrangler.toml file. If using workerd directly, set `enableSql = true` in"
    " your workerd config for the class. Note that this change cannot be made after the class is"
    " already deployed to production."
)
_WRONG = "Failed to execute '{}' on 'SyncKvStorage': parameter {} is not of type '{}'."


class SyncKvStorage(RuntimeObject):
    """The keys and values of one object; they are those of the asynchronous methods."""

    __slots__ = ("_actor",)

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def get(self, *given: Any) -> Any:
        """Give the value of a key; undefined if there is none."""
        data = self._table().get(_key("get", given))
        return None if data is None else CODEC.decode(data)

    def put(self, *given: Any) -> None:
        """Set the value of a key: undefined is a value, too.

        Raises:
            JsException: a `DataCloneError` for a value that cannot be stored.

        """
        table = self._table()
        key = _key("put", given)
        if len(given) == 1:
            raise JsTypeError(_WRONG.format("put", 2, "JsValue"))
        data = encode(given[1])
        look_at_pair(key, data, has_sql=True)
        table.put(key, data)

    def delete(self, *given: Any) -> bool:
        """Delete a key; whether it existed."""
        return self._table().delete(_key("delete", given))

    def list(self, selection: object = None, /, *_: object, **named: object) -> ListIterator:
        """Iterate over pairs of key and value, in order; one iterator at a time.

        Raises:
            JsException: a `TypeError` for options that contradict each other.

        """
        table = self._table()
        if isinstance(selection, (bool, int, float, str)):
            raise JsTypeError(_WRONG.format("list", 1, "ListOptions"))
        return ListIterator(self._actor, table.iterate(selected(options(selection, named))))

    def _table(self) -> KeyValueTable:
        table = self._actor.kv
        if not self._actor.has_sql:
            raise JsException("Error", _NOT_DECLARED)
        return table


class ListIterator(JsIterator):
    """The pairs that `list` gives."""

    __slots__ = ()

    def __init__(self, actor: Actor, listing: Listing) -> None:
        super().__init__(_Pairs(actor, listing), "ListIterator")

    def toArray(self, *_: object) -> JsArray:
        """Give all pairs that are left."""
        return JsArray(list(self))


class _Pairs:
    __slots__ = ("_actor", "_listing")

    def __init__(self, actor: Actor, listing: Listing) -> None:
        self._actor = actor
        self._listing = listing

    def __iter__(self) -> _Pairs:
        return self

    def __next__(self) -> JsArray:
        self._actor.enter()
        row = self._listing.next()
        if row is None:
            raise StopIteration
        return JsArray([row[0], CODEC.decode(row[1])])


def _key(method: str, given: tuple[Any, ...]) -> str:
    if not given:
        raise JsTypeError(_WRONG.format(method, 1, "string"))
    key = given[0]
    return text(key)

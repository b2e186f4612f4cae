"""`ctx.storage.kv`: the key-value table, without promises.

Source: src/workerd/api/sync-kv.c++.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.clone import encode
from pydo.host.js.array import JsArray
from pydo.host.js.iterator import JsIterator
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, options
from pydo.host.model import CODEC
from pydo.host.selection import selected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydo.runtime.actor import Actor
    from pydo.runtime.kv import KeyValueTable

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
_INVALIDATED = (
    "kv.list() iterator was invalidated because a new call to kv.list() was started. Only one"
    " kv.list() iterator can exist at a time."
)


class SyncKvStorage(JsProxy):
    """The keys and values of one object; they are those of the asynchronous methods."""

    __slots__ = ("_actor",)

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def get(self, key: Any = None, *_: object) -> Any:
        """Give the value of a key; undefined if there is none."""
        data = self._table().get(js_string(key))
        return None if data is None else CODEC.decode(data)

    def put(self, key: Any = None, value: Any = None, *_: object) -> None:
        """Set the value of a key: undefined is a value, too.

        Raises:
            JsException: a `DataCloneError` for a value that cannot be stored.

        """
        table = self._table()
        table.put(js_string(key), encode(value))

    def delete(self, key: Any = None, *_: object) -> bool:
        """Delete a key; whether it existed."""
        return self._table().delete(js_string(key))

    def list(self, selection: object = None, /, *_: object, **named: object) -> JsIterator:
        """Iterate over pairs of key and value, in order; one iterator at a time.

        Raises:
            JsException: a `TypeError` for options that contradict each other.

        """
        table = self._table()
        rows = table.list(selected(options(selection, named)))
        return JsIterator(self._pairs(table, table.listings, rows), "Object")

    def _pairs(
        self, table: KeyValueTable, listing: int, rows: Iterable[tuple[str, bytes]]
    ) -> Iterator[JsArray]:
        for key, data in rows:
            if table.listings != listing:
                raise JsException("Error", _INVALIDATED)
            yield JsArray([key, CODEC.decode(data)])

    def _table(self) -> KeyValueTable:
        table = self._actor.kv
        if not self._actor.has_sql:
            raise JsException("Error", _NOT_DECLARED)
        return table

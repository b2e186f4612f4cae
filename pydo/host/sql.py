"""`ctx.storage.sql`: SQL with JavaScript's values.

Numbers are bound as REAL and integers come back as Numbers, whatever their size.  Source:
src/workerd/api/sql.{h,c++}.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.buffer import ArrayBuffer, bytes_of
from pydo.host.js.error import JsTypeError
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.iterator import WebIterator
from pydo.host.js.members import ordered
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string, well_formed
from pydo.host.js.value import MAX_SAFE_INTEGER, JsProxy, jsnull, plain_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.actor import Actor
    from pydo.runtime.sql import Binding, SqlCursor

__all__ = ["SqlStorage"]

_NO_QUERY = "Failed to execute 'exec' on 'SqlStorage': parameter 1 is not of type 'JsString'."
_ONE = "Expected exactly one result from SQL query, but got {}."


class SqlStorage(RuntimeObject):
    """The SQL database of one object."""

    __slots__ = ("_actor",)

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def exec(self, *given: Any) -> Cursor:
        """Run SQL text with bindings; the cursor gives the rows of its last statement.

        Raises:
            JsException: in the words of SQLite, or of production for what it does not allow.

        """
        if not given:
            raise JsTypeError(_NO_QUERY)
        query, *bindings = given
        text = well_formed(query if type(query) is str else js_string(query))
        return Cursor(self._actor, self._actor.sql.execute(text, [_bound(b) for b in bindings]))

    @property
    def databaseSize(self) -> int:
        """The bytes of the database."""
        return self._actor.sql.size


class _Rows(JsProxy):
    """Rows in one of their forms; those of one cursor share its position."""

    __slots__ = ("_actor", "_cursor", "_form")

    def __init__(self, actor: Actor, cursor: SqlCursor, form: Callable[..., Any]) -> None:
        self._actor = actor
        self._cursor = cursor
        self._form = form

    def next(self, *_: object) -> JsObject:
        """Give the next row, as an object of `done` and `value`."""
        self._actor.enter()
        row = self._cursor.next()
        if row is None:
            return JsObject({"done": True, "value": None})
        return JsObject({"done": False, "value": self._form(self._cursor.columns, row)})

    def toArray(self, *_: object) -> JsArray:
        """Give all rows that are left."""
        self._actor.enter()
        form, columns = self._form, self._cursor.columns
        return JsArray([form(columns, row) for row in self._cursor.rest()])

    def __iter__(self) -> _Rows:
        return self

    def __next__(self) -> Any:
        self._actor.enter()
        row = self._cursor.next()
        if row is None:
            raise StopIteration
        return self._form(self._cursor.columns, row)


class Cursor(_Rows):
    """The rows of a statement as objects."""

    __slots__ = ()

    def __init__(self, actor: Actor, cursor: SqlCursor) -> None:
        super().__init__(actor, cursor, _as_object if _is_plain(cursor.columns) else _as_ordered)

    def one(self, *_: object) -> Any:
        """Give the only row.

        Raises:
            JsException: there is none, or there are several.

        """
        self._actor.enter()
        row = self._cursor.next()
        if row is None:
            raise JsException("Error", _ONE.format("no results"))
        if self._cursor.next() is not None:
            self._cursor.close()
            raise JsException("Error", _ONE.format("multiple results"))
        return self._form(self._cursor.columns, row)

    def raw(self, *_: object) -> RawIterator:
        """Iterate over the rows as arrays, in which every column stands."""
        return RawIterator(_Rows(self._actor, self._cursor, _as_array))

    @property
    def columnNames(self) -> JsArray:
        """The names of the columns."""
        return JsArray(list(self._cursor.columns))

    @property
    def rowsRead(self) -> int:
        """The rows that were read: one more than were taken, while there are more."""
        return self._cursor.rows_read

    @property
    def rowsWritten(self) -> int:
        """The rows that were written."""
        return self._cursor.rows_written


class RawIterator(WebIterator):
    """The rows of a statement as arrays; unlike the cursor it has the helpers of iterators."""

    __slots__ = ()
    source: _Rows

    def __init__(self, rows: _Rows) -> None:
        super().__init__(rows, "RawIterator")

    def toArray(self, *_: object) -> JsArray:
        """Give all rows that are left."""
        return self.source.toArray()


def _as_object(columns: tuple[str, ...], row: tuple[Any, ...]) -> JsObject:
    return JsObject(dict(zip(columns, map(_value, row), strict=True)))


def _as_ordered(columns: tuple[str, ...], row: tuple[Any, ...]) -> JsObject:
    members = dict(zip(columns, map(_value, row), strict=True))
    members.pop("__proto__", None)  # it is no member in JavaScript
    return JsObject(ordered(members))


@lru_cache(1024)
def _is_plain(columns: tuple[str, ...]) -> bool:
    return not any(name[:1].isdigit() or name == "__proto__" for name in columns)


def _as_array(_: tuple[str, ...], row: tuple[Any, ...]) -> JsArray:
    return JsArray(list(map(_value, row)))


def _value(stored: Any) -> Any:
    kind = type(stored)
    if kind is str:
        return stored
    if kind is int:
        return stored if -MAX_SAFE_INTEGER <= stored <= MAX_SAFE_INTEGER else float(stored)
    if kind is float:
        return plain_number(stored)
    return jsnull if stored is None else ArrayBuffer.new(bytearray(stored))


def _bound(value: Any) -> Binding:
    kind = type(value)
    if kind is str:
        return value if value.isascii() else well_formed(value)
    if kind is float or value is None:
        return value  # type: ignore[no-any-return] # one of the two
    if kind is int:
        if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            raise JsTypeError("Cannot convert a BigInt value to a number")
        return float(value)
    if value is jsnull:
        return None
    data = bytes_of(value) if isinstance(value, JsProxy) else None  # bytes are a PyProxy: a text
    if data is not None:
        return data
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return well_formed(js_string(value))

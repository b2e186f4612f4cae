"""D1: a SQL database, its prepared statements and sessions.

Results and errors are as measured of wrangler's D1.  Sources: cloudflare/workerd
src/cloudflare/internal/d1-api.ts, cloudflare/workers-sdk
`packages/miniflare/src/workers/d1/database.worker.ts`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from pydo.bindings.outside import outside, rejecting
from pydo.bindings.store import Query
from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.buffer import ArrayBuffer, bytes_of
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.members import ordered
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string, truthy
from pydo.host.js.typedarray import TypedArray
from pydo.host.js.value import MAX_SAFE_INTEGER, JsProxy, jsnull, options, plain_number
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydo.bindings.store import QueryResult, SqlStore
    from pydo.runtime.sql import Binding

__all__ = ["D1Database", "D1DatabaseSession", "D1PreparedStatement", "plain_rows"]

_FIRST = ("first-primary", "first-unconstrained")
_BYTE = 256


class _Queries(JsProxy):
    """What a database and a session have in common."""

    __slots__ = ("_store",)

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def prepare(self, query: Any = None, *_: Any, **__: Any) -> D1PreparedStatement:
        """Give a statement to bind and to run; nothing is looked at yet."""
        return D1PreparedStatement(self, query)

    @rejecting
    def batch(self, statements: Any = None, *_: Any, **__: Any) -> JsPromise:
        """Run statements in order, all of them or none, and give the result of each."""
        if statements is None or statements is jsnull:
            shown = "undefined" if statements is None else "null"
            raise JsTypeError(f"Cannot read properties of {shown} (reading 'map')")
        queries = [_query(each) for each in statements]
        return self.__run__(queries, lambda results: JsArray([_result(each) for each in results]))

    def __run__(
        self, queries: Sequence[Query], finish: Callable[[list[QueryResult]], Any]
    ) -> JsPromise:
        """Run queries outside, and give what `finish` makes of their results."""

        def work() -> Any:
            return finish(self._send(queries))

        return outside(work)

    def _send(self, queries: Sequence[Query]) -> list[QueryResult]:
        try:
            return _run(self._store, queries)
        except JsException as error:
            raise _error("D1_ERROR", error.message) from error


class D1Database(_Queries):
    """A SQL database."""

    __slots__ = ()

    @rejecting
    def exec(self, text: Any = None, *_: Any, **__: Any) -> JsPromise:
        """Run each line of a text as a query, all of them or none."""
        if not isinstance(text, str):
            raise JsTypeError("query.trim is not a function")
        lines = text.strip().split("\n")

        def work() -> JsObject:
            try:
                results = _run(self._store, [Query(line) for line in lines])
            except JsException as error:
                # Whichever line it was: wrangler's database has one answer for all of them.
                shown = f"Error in line 1: {lines[0]}: {error.message}"
                raise _error("D1_EXEC_ERROR", shown) from error
            return JsObject(
                {"count": len(results), "duration": sum(each.duration_ms for each in results)}
            )

        return outside(work)

    def withSession(self, constraint: Any = None, *_: Any, **__: Any) -> D1DatabaseSession:
        """Give a session: queries that see what those before them have written."""
        given = constraint if truthy(constraint) else "first-unconstrained"
        return D1DatabaseSession(self._store, js_string(given).strip())

    def dump(self, *_: Any, **__: Any) -> JsPromise:
        """Refuse: only databases of D1's alpha gave a copy of their file."""
        cause = JsError("Status 404")
        return JsPromise.rejected(JsError("D1_DUMP_ERROR: Status + 404", {"cause": cause}))


class D1DatabaseSession(_Queries):
    """Queries in an order that a bookmark tells."""

    __slots__ = ("_bookmark",)

    def __init__(self, store: SqlStore, constraint: str) -> None:
        super().__init__(store)
        self._bookmark: Any = jsnull if constraint in _FIRST else constraint

    def getBookmark(self, *_: Any, **__: Any) -> Any:
        """Give what stands for the latest state that was seen; null before the first query."""
        return self._bookmark

    def _send(self, queries: Sequence[Query]) -> list[QueryResult]:
        results = super()._send(queries)
        self._bookmark = f"{0:08x}-{self._store.requests:08x}-{0:08x}-{0:032x}"
        return results


class D1PreparedStatement(JsProxy):
    """A query, and the values bound in it."""

    __slots__ = ("_queries", "params", "statement")

    def __init__(self, queries: _Queries, statement: Any, params: JsArray | None = None) -> None:
        self._queries = queries
        self.statement = statement
        self.params = JsArray([]) if params is None else params

    def bind(self, *values: Any, **_: Any) -> D1PreparedStatement:
        """Give a statement of the same query with these values.

        Raises:
            JsException: a value is of a type that SQL does not have.

        """
        params = JsArray([_param(value) for value in values])
        return D1PreparedStatement(self._queries, self.statement, params)

    @rejecting
    def run(self, *_: Any, **__: Any) -> JsPromise:
        """Run it, and give its rows as objects and what it cost."""
        return self._queries.__run__([_query(self)], lambda results: _result(results[0]))

    def all(self, *_: Any, **__: Any) -> JsPromise:
        """Run it; the same as `run`."""
        return self.run()

    @rejecting
    def first(self, *given: Any, **_: Any) -> JsPromise:
        """Run it, and give the first row, or one column of it; null if there is none."""
        column = given[0] if given else None

        def finish(results: list[QueryResult]) -> Any:
            rows = results[0].rows
            if not rows:
                return jsnull
            row = _object(results[0].columns, rows[0])
            if column is None:
                return row
            name = js_string(column)
            if name not in row.__members__:
                text = f"D1_COLUMN_NOTFOUND: Column not found ({name})"
                raise JsError(text, {"cause": JsError("Column not found")})
            return row.__members__[name]

        return self._queries.__run__([_query(self)], finish)

    @rejecting
    def raw(self, given: Any = None, *_: Any, **named: Any) -> JsPromise:
        """Run it, and give its rows as arrays, after one of the columns' names if asked for."""
        has_names = truthy(options(given, named).get("columnNames"))

        def finish(results: list[QueryResult]) -> JsArray:
            rows = [JsArray([_value(each) for each in row]) for row in results[0].rows]
            names = [JsArray(list(results[0].columns))] if has_names else []
            return JsArray([*names, *rows])

        return self._queries.__run__([_query(self)], finish)


def _run(store: SqlStore, queries: Sequence[Query]) -> list[QueryResult]:
    if not any(query.text.strip() for query in queries):
        raise JsException("Error", "No SQL statements detected.")
    return store.run(queries)


def _error(kind: str, message: str) -> JsError:
    return JsError(f"{kind}: {message}", {"cause": JsError(message)})


def _query(statement: Any) -> Query:
    if not isinstance(statement, D1PreparedStatement) or not isinstance(statement.statement, str):
        raise _error("D1_ERROR", "Failed to parse body as JSON, got: no SQL text")
    text = str.__str__(statement.statement)
    return Query(text, tuple(_binding(each) for each in statement.params.__items__))


# -- values that are bound


def _param(value: Any) -> Any:
    """Give a value as the request to the database carries it: JSON, bytes as an array."""
    if isinstance(value, bool):
        return 1 if value else 0
    if value is jsnull or isinstance(value, (str, float)):
        return value
    if isinstance(value, int) and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return value
    if isinstance(value, JsArray) and all(_is_byte(each) for each in value.__items__):
        return value
    if isinstance(value, TypedArray):  # each of its numbers is cut to a byte
        return JsArray([int(each) % _BYTE for each in value])
    if isinstance(value, ArrayBuffer):
        return JsArray(list(bytes_of(value) or b""))
    raise _refusal(value)


def _is_byte(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 <= value < _BYTE


def _refusal(value: Any) -> JsError:
    message = f"Type '{_typeof(value)}' not supported for value '{js_string(value)}'"
    return _error("D1_TYPE_ERROR", message)


def _typeof(value: Any) -> str:
    if value is None:
        return "undefined"
    if isinstance(value, int):
        return "bigint"
    if isinstance(value, JsProxy):
        return value.typeof
    return "function" if callable(value) else "object"


def _binding(param: Any) -> Binding:
    if param is jsnull:
        return None
    if isinstance(param, str):
        return str.__str__(param).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(param, JsArray):
        return bytes(int(each) for each in cast("list[float]", param.__items__))
    number = float(param)
    return number if math.isfinite(number) else None  # JSON has no other numbers


# -- values that come back


def _result(result: QueryResult) -> JsObject:
    meta = {
        "served_by": "miniflare.db",
        "duration": result.duration_ms,
        "changes": result.changes,
        "last_row_id": result.last_row_id,
        "changed_db": result.has_changed,
        "size_after": result.size,
        "rows_read": result.rows_read,
        "rows_written": result.rows_written,
    }
    rows = [_object(result.columns, row) for row in result.rows]
    return JsObject({"success": True, "meta": JsObject(meta), "results": JsArray(rows)})


def plain_rows(result: QueryResult) -> list[dict[str, Any]]:
    """Give rows as values of JSON, as a Worker's client would get them; bytes are lists."""
    named = (dict(zip(result.columns, row, strict=True)) for row in result.rows)
    return [{name: _plain(value) for name, value in ordered(row).items()} for row in named]


def _plain(stored: Any) -> Any:
    value = list(stored) if isinstance(stored, bytes) else _value(stored)
    if isinstance(value, float) and value.is_integer():  # JSON's numbers have no kinds
        return int(value)
    return None if value is jsnull else value


def _object(columns: tuple[str, ...], row: tuple[Any, ...]) -> JsObject:
    return JsObject(ordered(dict(zip(columns, map(_value, row), strict=True))))


def _value(stored: Any) -> Any:
    if isinstance(stored, bytes):
        return JsArray(list(stored))
    if isinstance(stored, float) and not math.isfinite(stored):
        return jsnull
    if isinstance(stored, (int, float)):
        return plain_number(float(stored))
    return jsnull if stored is None else stored

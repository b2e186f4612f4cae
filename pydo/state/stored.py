"""One object's database, read as it is on the disk; nothing of it is changed by that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import apsw

from pydo.clone import PLAIN, CloneDecodeError
from pydo.errors import JsException, StateError
from pydo.runtime.alarmrow import stored_alarm_ms
from pydo.runtime.facetstore import DATABASE, ROOT, FacetStore
from pydo.runtime.sqlitefile import left_as_found

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.state.place import ObjectPlace

__all__ = [
    "Contents",
    "Summary",
    "Table",
    "Unreadable",
    "columns_of",
    "decoded",
    "read",
    "summarize",
    "user_tables",
]

_RESERVED = "_cf_"


@dataclass(frozen=True, slots=True)
class Summary:
    """What there is to say of an object in a line; `damage` says why there is no more."""

    place: ObjectPlace
    size: int  # bytes of its database on the disk
    keys: int = 0
    tables: int = 0
    alarm_ms: int | None = None
    facets: int = 0  # whose databases count in its size
    damage: str | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a value whose bytes are damaged."""

    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """One of the user's tables."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    count: int  # of all rows, of which `rows` may be the first


@dataclass(frozen=True, slots=True)
class Contents:
    """All that an object or a facet stores; values are plain Python's (`pydo.clone.PLAIN`)."""

    alarm_ms: int | None = None
    keys: dict[str, object] = field(default_factory=dict[str, object])
    tables: tuple[Table, ...] = ()
    facets: dict[str, Contents] = field(default_factory=dict["str", "Contents"])


def summarize(place: ObjectPlace) -> Summary:
    """Say what an object holds, without reading its values."""
    size = facets = 0
    try:
        databases = [place.directory, *place.directory.glob("facets/[0-9]*")]
        size, facets = sum(_size(each) for each in databases), len(databases) - 1
        if not place.database.exists():
            return Summary(place, size, facets=facets)
        with left_as_found(place.database) as connection:
            return Summary(
                place,
                size,
                _count(connection, "_cf_KV") if _has(connection, "_cf_KV") else 0,
                len(user_tables(connection)),
                stored_alarm_ms(connection),
                facets,
            )
    except apsw.Error as error:
        return Summary(place, size, facets=facets, damage=str(error))
    except OSError as error:
        return Summary(place, size, facets=facets, damage=error.strerror or str(error))


def _size(directory: Path) -> int:
    files = [each for each in directory.glob("db.sqlite*") if each.suffix != ".sqlite-shm"]
    return sum(each.stat().st_size for each in files)


def read(place: ObjectPlace, most_rows: int | None = None) -> Contents:
    """Read all that an object stores, of each table `most_rows` at most.

    Raises:
        StateError: a database of it is damaged.

    """
    try:
        store = FacetStore(place.directory)
        return _read(place.directory, store, ROOT, most_rows)
    except (apsw.Error, OSError, JsException) as error:
        reason = error.__cause__ if isinstance(error, JsException) else error
        raise StateError(
            f"{place.database} cannot be read ({reason}): put it back from a copy, or begin anew"
            f" with `pydo state reset {place}`"
        ) from error


def _read(directory: Path, store: FacetStore, number: int, most_rows: int | None) -> Contents:
    facets = {
        name: contents
        for name, child in store.children(number)
        if (contents := _read(store.path(child), store, child, most_rows)) != Contents()
    }
    if not (directory / DATABASE).exists():
        return Contents(facets=facets)
    with left_as_found(directory / DATABASE) as connection:
        return Contents(
            stored_alarm_ms(connection),
            _keys(connection),
            tuple(_table(connection, name, most_rows) for name in user_tables(connection)),
            facets,
        )


def _has(connection: apsw.Connection, table: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,))
    return found.fetchone() is not None


def user_tables(connection: apsw.Connection) -> list[str]:
    """Give the names of the user's own tables, in order."""
    names = connection.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')"
        " ORDER BY name"
    )
    return [
        str(name) for (name,) in names if not str(name).lower().startswith((_RESERVED, "sqlite_"))
    ]


def _keys(connection: apsw.Connection) -> dict[str, object]:
    if not _has(connection, "_cf_KV"):
        return {}
    rows = connection.execute("SELECT key, value FROM _cf_KV ORDER BY key")
    return {str(key): decoded(value) for key, value in rows}


def decoded(data: Any) -> object:
    """Give a stored value, or what stands for one that is damaged."""
    try:
        return PLAIN.decode(data)
    except CloneDecodeError as error:
        return Unreadable(str(error))


def _table(connection: apsw.Connection, name: str, most_rows: int | None) -> Table:
    limit = -1 if most_rows is None else most_rows
    cursor = connection.execute(f"SELECT * FROM {_quoted(name)} LIMIT ?", (limit,))  # noqa: S608 - quoted
    rows = cursor.fetchall()
    count = _count(connection, name)
    return Table(name, columns_of(connection, name), tuple(rows), count)


def columns_of(connection: apsw.Connection, table: str) -> tuple[str, ...]:
    """Give the names of the columns of a table."""
    columns = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return tuple(str(each) for (each,) in columns)


def _count(connection: apsw.Connection, table: str) -> int:
    row: Any = connection.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()  # noqa: S608 - quoted
    return int(row[0])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

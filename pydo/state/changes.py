"""What differs between two states of an object: keys, rows, tables, the alarm."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import apsw

from pydo.runtime.alarmrow import stored_alarm_ms
from pydo.runtime.sqlitefile import left_as_found
from pydo.state.stored import columns_of, user_tables

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Changes", "Content", "TableChanges", "changes", "content_of"]

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """All that a database holds, its values as they are stored; `damage` if it cannot be read."""

    keys: dict[str, bytes] = field(default_factory=dict[str, bytes])
    tables: dict[str, tuple[tuple[str, ...], Counter[Row]]] = field(
        default_factory=dict[str, tuple[tuple[str, ...], "Counter[Row]"]]
    )
    alarm_ms: int | None = None
    damage: str | None = None


@dataclass(frozen=True, slots=True)
class TableChanges:
    """How a table differs: whether it came or went, its columns if they did, its rows."""

    name: str
    kind: str  # "created", "dropped" or "changed"
    columns: tuple[str, ...]
    added: tuple[Row, ...]
    removed: tuple[Row, ...]
    has_other_columns: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What one state has and another had not; values are as they are stored.

    Of a state that cannot be read, `damage` says why, and nothing else is told.
    """

    added: dict[str, bytes]
    changed: dict[str, tuple[bytes, bytes]]  # before and after
    removed: dict[str, bytes]
    tables: tuple[TableChanges, ...]
    alarm_ms: tuple[int | None, int | None]
    damage: str | None = None

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(
            self.added
            or self.changed
            or self.removed
            or self.tables
            or self.alarm_ms[0] != self.alarm_ms[1]
            or self.damage
        )


def content_of(database: Path) -> Content:
    """Read all that a database holds, if it is there; nothing of it is changed by that.

    Raises:
        apsw.Error: it cannot be read, for another reason than that it is damaged.
        OSError: as before.

    """
    if not database.exists():
        return Content()
    try:
        return _read(database)
    except (apsw.CorruptError, apsw.NotADBError) as error:
        return Content(damage=str(error))


def _read(database: Path) -> Content:
    with left_as_found(database) as connection:
        connection.execute("BEGIN")  # one state, though a server goes on writing
        has_keys = connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_cf_KV'")
        rows: list[Any] = []
        if has_keys.fetchone():
            rows = connection.execute("SELECT key, value FROM _cf_KV").fetchall()
        tables = {name: _table(connection, name) for name in user_tables(connection)}
        return Content(dict(rows), tables, stored_alarm_ms(connection))


def _table(connection: apsw.Connection, name: str) -> tuple[tuple[str, ...], Counter[Row]]:
    quoted = name.replace('"', '""')
    rows = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - quoted
    return columns_of(connection, name), Counter(rows)


def changes(before: Content, after: Content) -> Changes:
    """Give what the second has and the first had not."""
    damage = before.damage or after.damage
    if damage is not None:
        return Changes({}, {}, {}, (), (None, None), damage)
    return Changes(
        {key: value for key, value in after.keys.items() if key not in before.keys},
        {
            key: (before.keys[key], value)
            for key, value in after.keys.items()
            if key in before.keys and before.keys[key] != value
        },
        {key: value for key, value in before.keys.items() if key not in after.keys},
        tuple(_table_changes(before, after)),
        (before.alarm_ms, after.alarm_ms),
    )


def _table_changes(before: Content, after: Content) -> list[TableChanges]:
    found: list[TableChanges] = []
    for name in sorted(before.tables.keys() | after.tables.keys()):
        old_columns, old = before.tables.get(name, ((), Counter[Row]()))
        new_columns, new = after.tables.get(name, ((), Counter[Row]()))
        if name not in before.tables:
            kind = "created"
        elif name not in after.tables:
            kind = "dropped"
        elif (old_columns, old) == (new_columns, new):
            continue
        else:
            kind = "changed"
        found.append(
            TableChanges(
                name,
                kind,
                new_columns or old_columns,
                tuple((new - old).elements()),
                tuple((old - new).elements()),
                kind == "changed" and old_columns != new_columns,
            )
        )
    return found

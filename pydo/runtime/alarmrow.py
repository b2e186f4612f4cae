"""When the alarm of an object rings, as the row of its own database says: in nanoseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import apsw

__all__ = ["GET", "IS_THERE", "NS", "stored_alarm_ms"]

IS_THERE = "SELECT 1 FROM sqlite_master WHERE name = '_cf_METADATA'"
GET = "SELECT value FROM _cf_METADATA WHERE key = 1"
NS = 1_000_000  # nanoseconds in the milliseconds that everybody but the row counts in


def stored_alarm_ms(connection: apsw.Connection) -> int | None:
    """Give when the alarm of an open database rings, in milliseconds since 1970.

    Raises:
        apsw.Error: it cannot be read.

    """
    if not connection.execute(IS_THERE).fetchone():
        return None
    row: Any = connection.execute(GET).fetchone()
    return None if row is None or row[0] is None else int(row[0]) // NS

"""What is known of a class's objects, found out anew from their databases.

For a class directory whose `metadata.sqlite` was lost: each object's own row says when its alarm
rings.  The names are lost, since nothing else holds them; ids stay what they are.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import apsw

from pydo.runtime.sqlitefile import left_as_found

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.runtime.metadata import ClassMetadata

__all__ = ["recover_metadata"]

logger = logging.getLogger("pydo.runtime")

_OBJECT = re.compile(r"[0-9a-f]{64}")
_NS = 1_000_000  # nanoseconds in a millisecond


def recover_metadata(directory: Path, metadata: ClassMetadata) -> None:
    """Note every object of a class directory, with its alarm; nothing, if there is none."""
    if not directory.exists():
        return
    files = [each / "db.sqlite" for each in directory.iterdir() if _OBJECT.fullmatch(each.name)]
    found = [each for each in files if each.exists()]
    for file in found:
        metadata.record(file.parent.name, None)
        alarm_ms = _alarm_ms(file)
        if alarm_ms is not None:
            metadata.set_alarm(file.parent.name, None, alarm_ms)
    if found:
        logger.warning(
            "%s was lost: the alarms of %d objects are read from them, their names are forgotten",
            metadata.path,
            len(found),
        )


def _alarm_ms(file: Path) -> int | None:
    try:
        with left_as_found(file) as connection:
            query = "SELECT value FROM _cf_METADATA WHERE key = 1"
            row: Any = connection.execute(query).fetchone()
    except (
        apsw.Error,
        OSError,
    ):  # no such table: no alarm; a damaged file is told when its object is used
        return None
    return None if row is None or row[0] is None else int(row[0]) // _NS

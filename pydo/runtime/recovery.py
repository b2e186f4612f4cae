"""What is known of a class's objects, found out anew from their databases.

For a class directory whose `metadata.sqlite` was lost: each object's own row says when its alarm
rings.  The names are lost, since nothing else holds them; ids stay what they are.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import apsw

from pydo.errors import StateError
from pydo.runtime.alarmrow import stored_alarm_ms
from pydo.runtime.sqlitefile import left_as_found

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.runtime.metadata import ClassMetadata

__all__ = ["recover_metadata"]

logger = logging.getLogger("pydo.runtime")

_OBJECT = re.compile(r"[0-9a-f]{64}")


def recover_metadata(directory: Path, metadata: ClassMetadata) -> None:
    """Note every object of a class directory, with its alarm; nothing, if there is none.

    Raises:
        StateError: one cannot be read for now, or nothing be written.  Nothing is noted then, so
            that the next start tries it again.

    """
    if not directory.exists():
        return
    files = [each / "db.sqlite" for each in directory.iterdir() if _OBJECT.fullmatch(each.name)]
    alarms = {each.parent.name: _alarm_ms(each, metadata.path) for each in files if each.exists()}
    if not alarms:
        return
    try:
        metadata.make_anew(alarms)
    except (apsw.Error, OSError) as error:
        raise StateError(f"{metadata.path} was lost and cannot be made anew ({error})") from error
    logger.warning(
        "%s was lost: the alarms of %d objects are read from them, their names are forgotten",
        metadata.path,
        len(alarms),
    )


def _alarm_ms(file: Path, lost: Path) -> int | None:
    try:
        with left_as_found(file) as connection:
            return stored_alarm_ms(connection)
    except (apsw.SQLError, apsw.CorruptError, apsw.NotADBError):
        return None  # a damaged file is told when its object is used
    except (apsw.Error, OSError) as error:
        raise StateError(
            f"{lost} was lost, and {file}, which may have an alarm, cannot be read ({error}):"
            " see to it, and start again"
        ) from error

"""Reading a history while the server that keeps it lets go of its oldest part.

What is let go of goes into the base, a page at a time, and its files are removed.  Whoever reads
from another process meanwhile may miss a file, or find pages of two times.  Each segment that goes
is renamed first, so that the names tell afterwards whether what was read holds.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.history.log import History

__all__ = ["undisturbed"]

_Result = TypeVar("_Result")
_ATTEMPTS = 50
_PAUSE_S = 0.02  # in which a segment goes


def undisturbed(
    history: History, read: Callable[[], _Result], sleep: Callable[[float], None] = time.sleep
) -> _Result:
    """Give what `read` reads of a history, read again if something went meanwhile.

    Raises:
        OSError: it cannot be read, or things go all the time.

    """
    for _ in range(_ATTEMPTS):
        before = _beginning(history)
        if before.endswith(".expired"):
            sleep(_PAUSE_S)
            continue
        try:
            found = read()
        except FileNotFoundError:
            if _beginning(history) == before:
                raise
            continue
        if _beginning(history) == before:
            return found
    raise OSError(f"{history.directory} is being changed all the time: try again")


def _beginning(history: History) -> str:
    """Give the name of the segment that is about to go, or of the first that stays."""
    try:
        names = os.listdir(history.directory)  # noqa: PTH208 - names are what is asked for
    except FileNotFoundError:
        return ""
    going = [each for each in names if each.endswith(".expired")]
    return min(going or [each for each in names if each.endswith(".index")], default="")

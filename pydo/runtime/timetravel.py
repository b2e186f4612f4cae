"""Point-in-time recovery of one object: bookmarks, and the return to one.

    current, at      the bookmark of now, of a time
    order            the next session is to begin with what there was at a bookmark
    carry_out        what was ordered is done, before a session begins

docs/storage.md says what users can rely on; `history` keeps what they return to.  The texts of
production's errors are not public: what they say here is ours.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import apsw

from pydo.errors import JsException
from pydo.runtime.history.bookmark import Bookmark
from pydo.runtime.history.restore import (
    NOT_KEPT,
    Order,
    give_order,
    located,
    order_of,
    restore,
    time_located,
)
from pydo.runtime.sqlite_error import raise_sqlite_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.database import Database
    from pydo.runtime.history.recorder import Recorder

__all__ = ["TimeTravel"]

logger = logging.getLogger("pydo.runtime")


class TimeTravel:
    """The past states of an object, and the way back to them.

    Every method raises a `JsException` if no history is kept or it cannot be read or written.
    """

    __slots__ = ("_database", "_now_ms", "_recorder")

    def __init__(self, database: Database, now_ms: Callable[[], int]) -> None:
        if database.recorder is None:
            raise JsException("Error", NOT_KEPT)
        self._database = database
        self._recorder: Recorder = database.recorder
        self._now_ms = now_ms

    def current(self) -> str:
        """Give the bookmark of what is committed."""
        self._bring_up_to_date()
        return str(self._recorder.history.current())

    def at(self, time_ms: int) -> str:
        """Give the bookmark of what was committed at a time, in milliseconds since 1970.

        Raises:
            JsException: the time is in the future, or before what is kept.

        """
        self._bring_up_to_date()
        return str(time_located(self._recorder.history, time_ms, self._now_ms()))

    def order(self, text: str) -> str:
        """Let the next session begin with what there was at a bookmark; what undoes that.

        Raises:
            JsException: it is no bookmark, none of this object's, or no longer kept.

        """
        self._bring_up_to_date()
        history = self._recorder.history
        located(history, text, self._now_ms())
        try:
            give_order(history, Order(text, history.epoch))
        except OSError as error:
            raise _failed(error) from error
        return str(Bookmark.end_of(history.epoch))

    def carry_out(
        self,
        alarm_will_be: Callable[[int | None], None],
        alarm_now_is: Callable[[int | None], None],
    ) -> bool:
        """Do what was ordered, if anything was; whether it was.

        `alarm_will_be` hears of the alarm before that is committed, `alarm_now_is` after it.
        """
        try:
            order = order_of(self._recorder.history)
        except OSError as error:
            raise _failed(error) from error
        if order is None:
            return False
        if self._database.reading() is None:  # so there is but one state to return to
            self._recorder.history.order.unlink()
            return False
        try:
            alarm_now_is(restore(self._database.opened(), self._recorder, order, alarm_will_be))
        except apsw.Error as error:
            self._database.failed(error)
            raise_sqlite_error(error)
        except OSError as error:
            raise _failed(error) from error
        finally:
            self._database.close()  # what was known of the schema may be wrong now
        return True

    def _bring_up_to_date(self) -> None:
        connection = self._database.reading()
        if connection is None or self._database.is_new:  # nothing is committed
            return
        try:
            self._recorder.bring_up_to_date(connection)
        except OSError as error:
            raise _failed(error) from error


def _failed(error: OSError) -> JsException:
    logger.warning("point-in-time recovery failed: %s", error)
    return JsException("Error", "Point-in-time recovery is not available for now.")

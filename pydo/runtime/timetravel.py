"""Point-in-time recovery of one object: bookmarks, and the return to one.

    current, at      the bookmark of now, of a time
    archive          all of its commits are on disk, to be read from outside
    order            the next session is to begin with what there was at a bookmark
    carry_out        what was ordered is done, before a session begins

docs/storage.md says what users can rely on; `history` keeps what they return to.  The texts of
production's errors are not public: what they say here is ours.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
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
from pydo.runtime.history.segment import DamagedError
from pydo.runtime.sqlite_error import raise_sqlite_error

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

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
        with _told_if_it_fails():
            self._bring_up_to_date()
            return str(self._recorder.history.current())

    def archive(self) -> None:
        """Let the history have every commit that there is, and be readable as a whole."""
        with _told_if_it_fails():
            self._bring_up_to_date(mends=True)

    def at(self, time_ms: int) -> str:
        """Give the bookmark of what was committed at a time, in milliseconds since 1970.

        Raises:
            JsException: the time is in the future, or before what is kept.

        """
        with _told_if_it_fails():
            self._bring_up_to_date()
            return str(time_located(self._recorder.history, time_ms, self._now_ms()))

    def order(self, text: str) -> str:
        """Let the next session begin with what there was at a bookmark; what undoes that.

        Raises:
            JsException: it is no bookmark, none of this object's, or no longer kept.

        """
        with _told_if_it_fails():
            self._bring_up_to_date(mends=True)
            history = self._recorder.history
            located(history, text, self._now_ms())
            give_order(history, Order(text, history.epoch))
            return str(Bookmark.end_of(history.epoch))

    def carry_out(
        self,
        alarm_will_be: Callable[[int | None], None],
        alarm_now_is: Callable[[int | None], None],
        *,
        must: bool = False,
    ) -> bool:
        """Do what was ordered, if anything was; whether it was.

        `alarm_will_be` hears of the alarm before that is committed, `alarm_now_is` after it.  What
        nobody can carry out any more is told of and given up, so that the object goes on with what
        it has.  What the disk does not allow for now stays, unless it `must` be done: who asked
        hears of the failure, and it is not done later.
        """
        history = self._recorder.history
        with _told_if_it_fails():
            try:
                order = order_of(history)
                if order is None:
                    return False
                if self._database.reading() is None and not history.segments():
                    history.order.unlink()  # there is but one state to return to
                    return False
                alarm_now_is(self._restore(order, alarm_will_be))
            except DamagedError as error:
                history.order.unlink()
                if must:
                    raise
                logger.error(  # noqa: TRY400 - it says all
                    "%s does not return to an earlier state, and goes on with what it has: %s",
                    self._database.path,
                    error,
                )
                return False
            except BaseException:
                if must:
                    history.order.unlink(missing_ok=True)
                raise
        return True

    def _restore(self, order: Order, alarm_will_be: Callable[[int | None], None]) -> int | None:
        try:
            return restore(self._database.opened(), self._recorder, order, alarm_will_be)
        except apsw.Error as error:
            self._database.failed(error)
            raise_sqlite_error(error)
        finally:
            self._database.close()  # what was known of the schema may be wrong now

    def _bring_up_to_date(self, *, mends: bool = False) -> None:
        if mends:
            self._recorder.mend()
        connection = self._database.reading()
        if connection is not None and not self._database.is_new:  # something is committed
            self._recorder.bring_up_to_date(connection)


@contextmanager
def _told_if_it_fails() -> Generator[None]:
    try:
        yield
    except OSError as error:
        logger.warning("point-in-time recovery failed: %s", error)
        raise JsException("Error", "Point-in-time recovery is not available for now.") from error

"""A restore: what an object stored at a bookmark becomes what it stores.

It is asked for while the object runs, kept in a file beside its history, and done before the next
session begins.  The pages of that state are copied over those of today by SQLite, in one
transaction: a restore is a commit like any other, so a crash shows the one state or the other, and
what was there before is in the history, to be returned to.
"""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import apsw

from pydo.errors import JsException
from pydo.platform import atomic_write, sync_directory
from pydo.runtime.alarmrow import stored_alarm_ms
from pydo.runtime.history.bookmark import Bookmark
from pydo.runtime.history.segment import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydo.runtime.history.log import History
    from pydo.runtime.history.recorder import Recorder

__all__ = [
    "NOT_KEPT",
    "Order",
    "give_order",
    "has_order",
    "located",
    "order_of",
    "restore",
    "time_located",
]

# As workerd says it: src/workerd/io/actor-cache.h.
NOT_KEPT = "This Durable Object's storage back-end does not implement point-in-time recovery."
_DAY_MS = 24 * 3600 * 1000
_SKEW_MS = 1000  # by which the clock of the user's code may be ahead
_STRUCTURE = "*** in database"  # what else is found are rows that break constraints


@dataclass(frozen=True, slots=True)
class Order:
    """What the next session is to restore, and the epoch in which that was said."""

    bookmark: str
    epoch: int


def has_order(database: Path) -> bool:
    """Tell whether a restore of the database at a path was ordered."""
    return os.path.exists(f"{database.parent}/{database.stem}.history/restore")  # noqa: PTH110 - at each construction


def order_of(history: History) -> Order | None:
    """Give what the next session is to restore, if anything.

    Raises:
        DamagedError: it says nothing that can be done.
        OSError: it cannot be read.

    """
    try:
        record: Any = json.loads(history.order.read_bytes())
        return Order(str(record["bookmark"]), int(record["epoch"]))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedError(f"{history.order} is damaged ({error!r})") from error


def give_order(history: History, order: Order) -> None:
    """Let the next session restore a state, and no other that was asked for before."""
    history.directory.mkdir(parents=True, exist_ok=True)
    atomic_write(history.order, json.dumps(asdict(order)).encode())


def located(history: History, text: str, now_ms: int) -> Bookmark:
    """Give the commit that a bookmark means.

    Raises:
        JsException: it is no bookmark, none of this object's, or no longer kept.

    """
    bookmark = Bookmark.parse(text)
    if bookmark is None:
        raise JsException("Error", f'Bookmark "{text}" is invalid.')
    found = history.find(bookmark)
    if found is None or (bookmark.is_end and bookmark.epoch > history.epoch):
        if bookmark > history.current():
            raise JsException("Error", f"Bookmark {text} is in the future.")
        first = next((each for s in history.segments() for each in s.commits()), None)
        if first is not None and bookmark.position < first.position:
            raise JsException("Error", f"Bookmark {text} is older than the history.")
        raise JsException("Error", f"Bookmark {text} is not one of this Durable Object's.")
    following = history.following(found)
    if following is not None and following.time_ms < now_ms - history.retention.age_ms:
        days = history.retention.age_ms // _DAY_MS
        raise JsException("Error", f"Bookmark {text} is older than {days} days.")
    return found


def time_located(history: History, time_ms: int, now_ms: int) -> Bookmark:
    """Give the bookmark of the state that there was at a time.

    Raises:
        JsException: the time is in the future, or before what is kept.

    """
    if time_ms > now_ms + _SKEW_MS:
        raise JsException("Error", "Cannot get a bookmark for a time in the future.")
    days = history.retention.age_ms // _DAY_MS
    if time_ms < now_ms - history.retention.age_ms:
        raise JsException(
            "Error", f"Cannot get a bookmark for a time that is more than {days} days ago."
        )
    found = history.at(time_ms)
    if found is None:
        raise JsException("Error", "Cannot get a bookmark for a time that is before the history.")
    return found


def restore(
    connection: apsw.Connection,
    recorder: Recorder,
    order: Order,
    alarm_will_be: Callable[[int | None], None],
) -> int | None:
    """Put what there was at a bookmark in the place of what an open database holds.

    `alarm_will_be` hears before the commit for when the restored alarm is set, and so does the
    caller afterwards.  The order is fulfilled then.

    Raises:
        apsw.Error: SQLite or the disk does not allow it.
        DamagedError: what there was cannot be had from the history.
        OSError: the history cannot be read or written.

    """
    history = recorder.history
    recorder.bring_up_to_date(connection)
    bookmark = Bookmark.parse(order.bookmark)
    found = None if bookmark is None else history.find(bookmark)
    if found is None:
        raise DamagedError(f"there is nothing at the bookmark {order.bookmark} any more")
    target = history.pages_at(found)
    draft = history.directory / "restored"
    try:
        target.write_to(draft)
        with closing(apsw.Connection(str(draft), flags=apsw.SQLITE_OPEN_READONLY)) as source:
            _check(source, history)
            alarm_ms = stored_alarm_ms(source)
            alarm_will_be(alarm_ms)
            # A commit in any case, so that bookmarks go on in the order of time; but one only,
            # where a crash came between it and the end.
            last = history.current()
            recorder.begin_epoch(order.epoch + 1)
            if last.epoch <= order.epoch or not target.is_same(history.pages_at(last)):
                with connection.backup("main", source, "main") as backup:
                    backup.step()
                recorder.note(connection)
    finally:
        draft.unlink(missing_ok=True)
    history.order.unlink(missing_ok=True)
    sync_directory(history.directory)
    return alarm_ms


def _check(source: apsw.Connection, history: History) -> None:
    """See that it is a database: what is damaged may not take the place of what is whole."""
    try:
        found = [str(each) for (each,) in source.execute("PRAGMA quick_check")]
    except (apsw.CorruptError, apsw.NotADBError) as error:
        found = [f"{_STRUCTURE}: {error}"]
    damage = next((each for each in found if each.startswith(_STRUCTURE)), None)
    if damage is not None:
        raise DamagedError(f"{history.directory} is damaged ({damage.splitlines()[-1]})")

"""Alarms: one per object at most, kept by its own database, rung by one timer for them all.

    ObjectAlarm      the row in the object's own database, which decides; what `alarm()` runs under
    AlarmScheduler   follows what objects commit, wakes them, and tries again after a failure

A new or an earlier time is noted in the class's `metadata.sqlite` before the object commits it, a
later one or none after that, so that no crash loses an alarm.  What is noted too early is found
out when it rings: the object's own row is looked at first.

Sources: src/workerd/server/alarm-scheduler.{h,c++}, src/workerd/io/actor-sqlite.c++
(`armAlarmHandler`).
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import apsw

from pydo.errors import JsException
from pydo.runtime.alarmretry import MOST_RETRIES, is_counted, retry_delay_ms
from pydo.runtime.alarmrow import GET, IS_THERE, NS
from pydo.runtime.alarmtable import AlarmTable
from pydo.runtime.events import AlarmFired
from pydo.runtime.ids import DurableObjectId
from pydo.runtime.recovery import recover_metadata
from pydo.runtime.sqlite_error import raise_sqlite_error

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from random import Random

    from pydo.runtime.alarmtable import AlarmKey
    from pydo.runtime.clock import Timer
    from pydo.runtime.database import Database
    from pydo.runtime.events import Handler
    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.namespace import ActorNamespace
    from pydo.runtime.observer import Observer

__all__ = ["AlarmScheduler", "ObjectAlarm", "took_too_long"]

logger = logging.getLogger("pydo.runtime")

_CREATE = "CREATE TABLE IF NOT EXISTS _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)"
_SET = (
    "INSERT INTO _cf_METADATA VALUES (1, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)

_LONGEST_SLEEP_S = 30.0  # the wall clock may be set, and machines sleep


class ObjectAlarm:
    """The alarm of one object, in its running turn's transaction; times are ms since 1970."""

    __slots__ = ("_database", "_epoch", "_is_running", "_was_set", "is_changed")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._epoch = -1  # the database's epoch in which the table is known to be there
        self._is_running = False
        self._was_set = False  # by the handler that is running
        self.is_changed = False  # since the last commit

    def get(self) -> int | None:
        """Give when it will ring; None while the handler runs, until it sets it anew."""
        return None if self._is_running and not self._was_set else self.stored()

    def stored(self) -> int | None:
        """Give what the database has, whatever runs."""
        connection = self._database.reading()
        if connection is None:
            return None
        if self._epoch != self._database.epoch:
            if not self._database.execute(connection, IS_THERE).fetchone():
                return None
            self._epoch = self._database.epoch
        row = self._database.execute(connection, GET).fetchone()
        return None if row is None or row[0] is None else int(row[0]) // NS

    def set(self, at_ms: int) -> None:
        """Let it ring then, and not when it was to ring before."""
        self._write(at_ms * NS)
        self._was_set = True

    def delete(self) -> None:
        """Let it not ring; one that is running goes on."""
        if self.get() is not None:
            self._write(None)

    def was_lost(self) -> None:
        """Note that the whole database was emptied."""
        self.is_changed = True

    def _write(self, value: int | None) -> None:
        connection = self._database.writing()
        if self._epoch != self._database.epoch:
            self._database.execute(connection, _CREATE)
            self._epoch = self._database.epoch
        self._database.execute(connection, _SET, (value,))
        self.is_changed = True

    async def run(
        self, event: AlarmFired, handler: Handler, now_ms: int, check: Callable[[], None]
    ) -> int | None:
        """Run the handler if the alarm is due; give when it is to ring next, None for never.

        An alarm that was handled is gone with what its handler wrote: in the same turn.  `check`
        raises if the object was reset meanwhile.
        """
        at = self.stored()
        if at is None or at > now_ms:
            return at
        retries = event.retries if at == event.scheduled_ms else 0
        self._is_running, self._was_set = True, False
        try:
            await handler.handle(AlarmFired(at, retries))
            check()
            if not self._was_set:
                self._write(None)
        finally:
            self._is_running = False
        return self.stored()


@dataclass(slots=True)
class _Alarm:
    """What the scheduler knows of one object's alarm."""

    scheduled_ms: int
    due_ms: int  # when it is to be tried: later than scheduled after a failure
    retries: int = 0
    backoff: int = 0
    is_running: bool = False
    was_set: bool = False  # since it began to run
    is_abandoned: bool = False
    was_spared: bool = False  # its last failure was no fault of the handler's


class AlarmScheduler:
    """Rings the alarms of all objects, each at least once and never two at once in one object."""

    def __init__(self, loop: ObjectLoop, observer: Observer, random: Random) -> None:
        self._loop = loop
        self._observer = observer
        self._random = random
        self._alarms: dict[AlarmKey, _Alarm] = {}
        self._table = AlarmTable()
        self._timer: Timer | None = None
        self._timer_ms = 0
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._alarms)

    # -- what objects and their files say

    def load(self, namespace: ActorNamespace) -> None:
        """Take up the alarms that a class directory holds.

        Raises:
            StateError: they cannot be read.

        """
        if not namespace.metadata.exists:
            recover_metadata(namespace.directory, namespace.metadata)
        for stored in namespace.metadata.alarms():
            alarm = _Alarm(stored.scheduled_ms, stored.due_ms, stored.retries, stored.backoff)
            self._alarms[namespace, stored.object_id] = alarm
            self._table.set((namespace, stored.object_id), stored.due_ms)
        self._set_timer()

    def unload(self, namespace: ActorNamespace) -> None:
        """Let go of the alarms of a class directory that is about to go."""
        for key in [each for each in self._alarms if each[0] is namespace]:
            del self._alarms[key]
            self._table.remove(key)

    def will_be(
        self, namespace: ActorNamespace, object_id: DurableObjectId, at: int | None
    ) -> None:
        """An object is about to commit that its alarm is at a time: note what must not be lost.

        Raises:
            JsException: it cannot be noted, so the object may not commit.

        """
        known = self._alarms.get((namespace, object_id.hex))
        if at is None or (known is not None and at >= known.due_ms):
            return
        try:
            namespace.metadata.set_alarm(object_id.hex, object_id.name, at)
        except apsw.Error as error:
            raise_sqlite_error(error)

    def now_is(self, namespace: ActorNamespace, object_id: DurableObjectId, at: int | None) -> None:
        """An object has committed that its alarm is at a time, or that it has none."""
        key = (namespace, object_id.hex)
        alarm = self._alarms.get(key)
        if alarm is not None and alarm.is_running:
            alarm.was_set = at is not None
            alarm.scheduled_ms = -1 if at is None else at
            if at is not None:
                _note(
                    namespace,
                    partial(namespace.metadata.set_alarm, object_id.hex, object_id.name, at),
                )
        elif at is None:
            self._forget(key)
        else:
            self._alarms[key] = _Alarm(at, at)
            _note(
                namespace, partial(namespace.metadata.set_alarm, object_id.hex, object_id.name, at)
            )
            self._table.set(key, at)
            self._set_timer()

    def abandon(self, namespace: ActorNamespace, object_id: DurableObjectId) -> None:
        """Try the alarm that is running not again, should it fail."""
        alarm = self._alarms.get((namespace, object_id.hex))
        if alarm is not None:
            alarm.is_abandoned = alarm.is_running

    def close(self) -> None:
        """Ring no more; what is pending rings when the directory is opened again."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()

    # -- ringing

    def _set_timer(self) -> None:
        due = self._table.next_ms()
        if self._is_closed or due is None or (self._timer is not None and self._timer_ms <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        delay_s = (due - self._loop.clock.now_ms()) / 1000
        self._timer_ms = due
        self._timer = self._loop.clock.call_later(
            min(max(delay_s, 0), _LONGEST_SLEEP_S), self._timer_rang
        )

    def _timer_rang(self) -> None:
        self._timer = None
        for key in self._table.take_due(self._loop.clock.now_ms()):
            self._ring(key)
        self._set_timer()

    def _ring(self, key: AlarmKey) -> None:
        namespace, hex_id = key
        alarm = self._alarms[key]
        alarm.is_running, alarm.was_set = True, False
        future: asyncio.Future[object] = self._loop.create_future()
        future.add_done_callback(partial(self._ended, key, alarm))
        object_id = DurableObjectId(hex_id, _name_of(namespace, hex_id))
        namespace.container(object_id).deliver(
            AlarmFired(alarm.scheduled_ms, alarm.retries), namespace.worker.generation, future
        )

    def _ended(self, key: AlarmKey, alarm: _Alarm, future: asyncio.Future[object]) -> None:
        error = None if future.cancelled() else future.exception()
        if self._is_closed or key[0].is_closed:
            return
        alarm.is_running = False
        if error is None:
            at = None if future.cancelled() else future.result()
            self._again_at(key, at if isinstance(at, int) else None)
        elif alarm.was_set:
            self._failed(key, error, None)
            self._again_at(key, alarm.scheduled_ms)
        elif alarm.scheduled_ms < 0:  # the handler has deleted what it had set
            self._failed(key, error, None)
            self._forget(key)
        else:
            self._retry(key, alarm, error)

    def _again_at(self, key: AlarmKey, at: int | None) -> None:
        if at is None:
            self._forget(key)
            return
        self._alarms[key] = _Alarm(at, at)
        self._table.set(key, at)
        self._set_timer()

    def _retry(self, key: AlarmKey, alarm: _Alarm, error: BaseException) -> None:
        if is_counted(error):
            alarm.retries += 1
            if alarm.was_spared:
                alarm.was_spared, alarm.backoff = False, 0
        else:
            alarm.was_spared = True
        if alarm.is_abandoned or alarm.retries > MOST_RETRIES:
            self._failed(key, error, None)
            self._forget(key)
            with suppress(JsException):  # a disk that cannot be written: said by who finds out
                key[0].container(DurableObjectId(key[1], None)).clear_alarm(alarm.scheduled_ms)
            return
        delay_ms = retry_delay_ms(alarm.backoff, self._random)
        alarm.backoff += 1
        alarm.due_ms = self._loop.clock.now_ms() + delay_ms
        note = partial(key[0].metadata.retry_alarm, key[1], alarm.retries, alarm.backoff)
        _note(key[0], partial(note, alarm.due_ms))
        self._failed(key, error, delay_ms / 1000)
        self._table.set(key, alarm.due_ms)
        self._set_timer()

    def _failed(self, key: AlarmKey, error: BaseException, retry_s: float | None) -> None:
        namespace, hex_id = key
        label = namespace.label(DurableObjectId(hex_id, _name_of(namespace, hex_id)))
        self._observer.alarm_failed(label, error, retry_s)

    def _forget(self, key: AlarmKey) -> None:
        self._alarms.pop(key, None)
        self._table.remove(key)
        _note(key[0], partial(key[0].metadata.delete_alarm, key[1]))


def _note(namespace: ActorNamespace, write: Callable[[], None]) -> None:
    # No alarm is lost if this fails: at the next start it rings as it was noted last, which is
    # too early at most, and the object's own row decides.
    try:
        write()
    except apsw.Error as error:
        logger.warning("%s cannot be written: %s", namespace.metadata.path, error)


def _name_of(namespace: ActorNamespace, hex_id: str) -> str | None:
    try:
        return namespace.metadata.name_of(hex_id)
    except apsw.Error:  # an alarm rings without a name rather than not at all
        return None


def took_too_long() -> JsException:
    """Give the error of an `alarm()` that ran into its limit."""
    return JsException("Error", "Alarm exceeded its allowed execution time", overloaded=True)

"""The tenant of a container: one instance of the user's class, its gates and its open database.

What the host surface does on behalf of user code goes through here, and is refused when it does
not come from a turn of this object or when the object was reset.

Sources: src/workerd/io/worker.c++ (`Worker::Actor`), src/workerd/api/actor-state.c++.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydo.errors import JsException
from pydo.runtime.alarms import ObjectAlarm
from pydo.runtime.delivery import Deliveries
from pydo.runtime.failure import Stopped, exit_error, travelling
from pydo.runtime.instance import FailedConstructor, Instance
from pydo.runtime.kv import KeyValueTable
from pydo.runtime.lifecycle import Signal
from pydo.runtime.memory import Memory
from pydo.runtime.section import in_section, outcome
from pydo.runtime.sql import SqlDatabase
from pydo.runtime.strand import pinned
from pydo.runtime.timetravel import TimeTravel
from pydo.runtime.transaction import transacted
from pydo.runtime.turn import Callback, Turns

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from pydo.runtime.container import ActorContainer
    from pydo.runtime.database import Database
    from pydo.runtime.facet import Facets
    from pydo.runtime.hibernation import HibernationManager
    from pydo.runtime.ids import DurableObjectId
    from pydo.runtime.memory import Loss
    from pydo.runtime.transaction import Transaction
    from pydo.runtime.worker import Code, Worker

__all__ = ["Actor"]

_Result = TypeVar("_Result")
# A space is missing in workerd's words, too: src/workerd/api/sql.c++.
_NO_SQL = (
    "SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to"
    " `new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or wrangler.toml"
    " file. If using workerd directly,set `enableSql = true` in your workerd config for the class."
    " Note that this change cannot be made after the class is already deployed to production."
)


class Actor:
    """One life of an object: from its constructor to its eviction or reset."""

    def __init__(self, container: ActorContainer, worker: Worker, database: Database) -> None:
        self.container = container
        self.worker = worker
        self.broken: JsException | None = None
        self.database = database
        self._kv = KeyValueTable(database)
        self._sql = SqlDatabase(database)
        self._alarm = ObjectAlarm(database)
        self.turns = Turns(container.loop, self, str(container.label), worker.generation)
        self.deliveries = Deliveries(
            self.turns, worker.errors, remote=True, durableObjectId=self.id.hex
        )
        self.is_starting = True  # until its first event, or an abort
        self._class_name = container.label.class_name  # as the code of `worker` calls it
        self._memory: Memory | None = None
        self._stopped: JsException | None = None
        self.turns.arrive(
            Callback(self._construct, (), self.turns.event_context(worker.generation))
        )

    @property
    def id(self) -> DurableObjectId:
        """The object's id, with the name it was first reached by."""
        return self.container.id

    @property
    def generation(self) -> int:
        """The generation of the code that this instance is of."""
        return self.worker.generation

    @property
    def code(self) -> Code:
        """The code that this instance is of."""
        return self.worker.code

    @property
    def is_busy(self) -> bool:
        """Whether something keeps it awake: events, tasks, timers, a critical section."""
        return bool(self.deliveries) or self.turns.is_busy

    def _construct(self) -> None:
        # A Python constructor that raises does not fail construction: each event of this
        # instance then meets the error.  Source: src/pyodide/python-entrypoint-helper.ts.
        try:
            self.container.past.restore_ordered(self.database)
            handler = pinned(self.worker.instantiate, self._class_name, self)
        except (SystemExit, KeyboardInterrupt) as error:
            self.deliveries.handler = FailedConstructor(exit_error(error))
        except BaseException as error:  # noqa: BLE001 - the callers get it
            self.deliveries.handler = FailedConstructor(error)
        else:
            self.deliveries.handler = Instance(self, handler)
        if self.broken is None:
            self.container.started()

    def has_started(self) -> None:
        """The constructor has ended, and what it began: the first event is about to be handled."""
        self.is_starting = False
        handler = self.deliveries.handler
        if isinstance(handler, Instance) and self.container.settings.watches_memory:
            self._memory = Memory(handler.attributes())

    def losses(self) -> list[Loss]:
        """Give what the instance holds in memory and will have lost when it is let go."""
        handler = self.deliveries.handler
        if self._memory is None or not isinstance(handler, Instance):
            return []
        return self._memory.losses(handler.attributes())

    # -- what user code asks for

    def enter(self) -> None:
        """Check that user code of this object is what is running.

        Raises:
            JsException: the object was reset.
            RuntimeError: the call comes from outside the object's turns.

        """
        if self.broken is not None:
            raise JsException(
                "Error",
                "Durable Object storage is no longer accessible.",
                retryable=True,
                durableObjectReset=True,
            )
        if not self.turns.is_running:
            raise RuntimeError(
                f"{self.turns.name} was used outside its own turns, from another thread or from a"
                " callback of a transport; use it from code that the object runs itself"
            )

    @property
    def kv(self) -> KeyValueTable:
        """The key-value table, for the running turn."""
        if self.broken is not None or not self.turns.is_running:
            self.enter()  # which says why not
        return self._kv

    @property
    def sql(self) -> SqlDatabase:
        """The SQL database, for the running turn.

        Raises:
            JsException: the class is not declared to have one.

        """
        self.enter()
        if not self.container.namespace.has_sql:
            raise JsException("Error", _NO_SQL)
        return self._sql

    @property
    def has_sql(self) -> bool:
        """Whether the class is declared to be backed by SQL."""
        return self.container.namespace.has_sql

    @property
    def alarm(self) -> ObjectAlarm:
        """The object's alarm, for the running turn."""
        self.enter()
        return self._alarm

    @property
    def facets(self) -> Facets:
        """The object's facets, for the running turn."""
        self.enter()
        return self.container.facets

    @property
    def hibernation(self) -> HibernationManager:
        """The object's accepted sockets, for the running turn."""
        self.enter()
        return self.container.hibernation

    def set_alarm(self, at_ms: int) -> None:
        """Let the alarm ring at a time, at once if that is past."""
        self.alarm.set(max(at_ms, self.turns.loop.clock.now_ms()))

    def delete_all(self, *, keeps_alarm: bool = False) -> None:
        """Empty the object's database, and forget what is not committed.

        Raises:
            JsException: a transaction is running.

        """
        self.enter()
        if self.database.levels:
            raise JsException("Error", "Cannot call deleteAll() within a transaction")
        at = self._alarm.stored()
        self.container.facets.delete_all()
        self.database.delete_all()
        if at is None:
            return
        if keeps_alarm:
            self._alarm.set(at)
        else:
            self._alarm.was_lost()

    def sync(self) -> asyncio.Future[None]:
        """Give a future that settles when everything written so far is committed."""
        self.enter()
        return self.turns.when_kept(lambda: None)

    def wait_until(self, awaitable: Awaitable[object]) -> None:
        """Stay awake until `awaitable` is done; an error of it is told and goes no further."""
        self.enter()
        self.worker.wait_until(awaitable)

    def abort(self, reason: str | None, *, retries_alarm: bool = True) -> None:
        """Reset this object now: what the turn has written is lost."""
        if self.broken is None:
            self.enter()
            if not retries_alarm:
                self.container.abandon_alarm()
        self.is_starting = False
        text = "Application called abort() to reset Durable Object." if reason is None else reason
        self.break_with(JsException("Error", text))

    def block_concurrency_while(self, callback: Callable[[], object]) -> asyncio.Future[object]:
        """Run `callback` (plain or async) with every other event of the object kept out.

        The future gets its result.  If it raises, or takes longer than the limit, the object is
        reset and the future never settles.
        """
        self.enter()
        return in_section(self, lambda: outcome(pinned(callback)))

    def transaction(self, callback: Callable[[Transaction], object]) -> asyncio.Future[object]:
        """Run `callback` (plain or async) in a critical section and a transaction of its own.

        The future gets its result when it is committed, or else what it raises: then everything
        is taken back, and the object goes on.
        """
        self.enter()
        return in_section(self, lambda: transacted(self.database, self._commit, callback))

    def transaction_sync(self, callback: Callable[[], _Result]) -> _Result:
        """Run `callback` and keep what it writes, or take it back if it raises."""
        self.enter()
        level = self.database.begin_level()
        try:
            result = pinned(callback)
        except BaseException:
            self.database.undo(level)
            raise
        self.database.keep(level)
        return result

    # -- its past

    def current_bookmark(self) -> asyncio.Future[str]:
        """Give a future of the bookmark of what is there when the pass is committed."""
        return self.turns.when_kept(self._past().current)

    def bookmark_at(self, time_ms: int) -> str:
        """Give the bookmark of what there was at a time, in milliseconds since 1970.

        Raises:
            JsException: it is in the future, or no history reaches back to it.

        """
        return self._past().at(time_ms)

    def restore_next(self, bookmark: str) -> str:
        """Let the next session begin with what there was at a bookmark; what undoes that.

        Raises:
            JsException: there is nothing to return to by that bookmark.

        """
        undo = self._past().order(bookmark)
        self.container.past.restores_next()
        return undo

    def _past(self) -> TimeTravel:
        self.enter()
        return TimeTravel(self.database, self.turns.loop.clock.now_ms)

    # -- the end

    def break_with(self, error: BaseException, signal: Signal | None = None) -> None:
        """Reset the object: its callers get `error`, and the running turn is taken back.

        What earlier turns of a pass have answered is answered still, if it can be committed.
        """
        if self.broken is not None:
            return
        self.broken = travelling(error, self.worker.errors, durableObjectReset=True)
        is_in_pass = self.turns.loop.running is self.turns
        if is_in_pass:
            self.database.rollback_turn()
            self.turns.output.drop_turn()
        self._die()
        if not is_in_pass:
            self._be_gone(self.broken)
        if signal is None and self.is_starting:
            signal = Signal.START_FAILED
        self.container.broke(self.broken, signal)

    def evict(self) -> None:
        """Let the instance go; it has nothing to do."""
        self.broken = JsException("Error", "The Durable Object was evicted.")
        self._die()
        self._be_gone(self.broken)

    def _die(self) -> None:
        self.deliveries.stop()
        self.turns.die(self.worker.owns)

    def _be_gone(self, error: JsException) -> None:
        self.database.close()
        self.deliveries.fail(error)

    # -- the ends of turns (`turn.Owner`)

    def end_turn(self) -> None:
        """Keep what the turn has written, unless the watchdog stopped it."""
        if self._stopped is not None:
            self.break_with(self._stopped)
        try:
            self.database.end_turn()
        except JsException as error:
            self.break_with(error)

    def _commit(self, commit: Callable[[], None]) -> None:
        if not self._alarm.is_changed:
            commit()
            return
        at = self._alarm.stored()
        self.container.alarm_will_be(at)
        self._alarm.is_changed = False
        commit()
        self.container.alarm_now_is(at)

    def clear_alarm(self, at_ms: int) -> None:
        """Give up an alarm that failed too often, unless the object has set another by now."""
        self.turns.arrive(
            Callback(self._clear_alarm, (at_ms,), self.turns.event_context(self.generation))
        )

    def _clear_alarm(self, at_ms: int) -> None:
        if self.broken is None and self._alarm.stored() == at_ms:
            self._alarm.delete()

    def end_pass(self) -> bool:
        """Commit; a failure resets the object."""
        try:
            if not self.database.is_explicit:
                self._commit(self.database.commit)
        except JsException as error:
            self.break_with(error)
            return False
        return True

    def after_pass(self) -> None:
        """See whether anything is left to do."""
        if self.broken is not None:
            self._be_gone(self.broken)
        else:
            self.container.look()

    def contain(self, error: BaseException) -> None:
        """Tell of an error that nobody waits for."""
        if self.broken is None and not isinstance(error, Stopped):
            self.container.observer.uncaught(self.turns.name, error)

    def stop(self) -> JsException:
        """Note that the running turn is cut short: its end will reset the object."""
        self._stopped = JsException(
            "Error", "Durable Object exceeded its CPU time limit and was reset."
        )
        return self._stopped

    def interrupt(self) -> None:
        """Stop the statement that the database is busy with."""
        self.database.interrupt()

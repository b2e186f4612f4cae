"""The place of an object: it stays while the object comes and goes.

`deliver` is its only door.  `lifecycle` is its table of states; this file is what is done on each
edge.  Replacing code (`replace`) goes container by container: one that has work keeps its old
tenant for a time of grace, lets in what that work calls (the event carries the old generation),
and keeps everything else waiting.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydo.errors import JsException
from pydo.runtime.actor import Actor
from pydo.runtime.alarms import ObjectAlarm
from pydo.runtime.containerpast import ContainerPast
from pydo.runtime.database import Database
from pydo.runtime.hibernation import HibernationManager
from pydo.runtime.history.log import Retention
from pydo.runtime.idle import IdleTimer
from pydo.runtime.lifecycle import Signal, State, step

if TYPE_CHECKING:
    import asyncio

    from pydo.runtime.clock import Timer
    from pydo.runtime.delivery import Outcome
    from pydo.runtime.events import Event
    from pydo.runtime.facet import Facets
    from pydo.runtime.home import Home
    from pydo.runtime.ids import DurableObjectId
    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.observer import ObjectLabel, Observer

__all__ = ["ActorContainer", "Lifeline", "Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How long things take, in seconds, what is watched, and what commits survive."""

    idle_s: float = 10.0  # without work until eviction: server.c++ `ActorContainer`
    forget_s: float = 60.0  # after eviction, until the place is forgotten
    grace_s: float = 5.0  # for work in flight when the code is replaced
    block_s: float = 30.0  # for a critical section
    alarm_s: float = 900.0  # for an alarm handler
    turn_s: float = 30.0  # for a turn that does not end
    import_s: float = 5.0  # for the top level of the user's modules
    watches_memory: bool = True  # whether to tell what an object that slept has lost
    syncs_commits: bool = False  # whether each commit is forced to the disk
    is_strict: bool = False  # whether objects may be no larger than in production
    history: Retention | None = field(default_factory=Retention)  # what is kept to return to


class Lifeline:
    """What a stub that was used holds on to: a reset cuts it, and the stub fails from then on."""

    __slots__ = ("cut",)

    def __init__(self) -> None:
        self.cut: JsException | None = None


class ActorContainer:
    """One object's place: its id, its state, its tenant if there is one."""

    def __init__(
        self, namespace: Home, object_id: DurableObjectId, lifeline: Lifeline | None = None
    ) -> None:
        self.namespace = namespace
        self.id = object_id
        self.label: ObjectLabel = namespace.label(object_id)
        self.state = State.ABSENT
        self.actor: Actor | None = None
        self.lifeline = lifeline or Lifeline()
        self._hibernation: HibernationManager | None = None
        self._facets: Facets | None = None
        self._queued: deque[tuple[Event, Outcome]] = deque()
        self._grace: Timer | None = None
        self._leaving: list[asyncio.Future[bool]] = []
        self._idle = IdleTimer(self)
        self._is_over = False
        self.past = ContainerPast(self)

    @property
    def loop(self) -> ObjectLoop:
        """The loop that it runs on."""
        return self.namespace.loop

    @property
    def observer(self) -> Observer:
        """Who hears of it."""
        return self.namespace.observer

    @property
    def settings(self) -> Settings:
        """How long things take."""
        return self.namespace.settings

    # -- events

    def deliver(self, event: Event, generation: int, future: Outcome) -> None:
        """Bring an event to the object, constructing it if need be."""
        actor = self.actor
        if self._grace is not None and actor is not None and generation > actor.generation:
            self._queued.append((event, future))
            return
        if actor is None:
            actor = self._construct()
            self._deliver_held()
        elif self.state is State.IDLE:
            self._signal(Signal.DELIVER)
        actor.deliveries.deliver(event, generation, future)

    def _construct(self) -> Actor:
        self._signal(Signal.DELIVER)
        self.namespace.woke(self.label)
        self.actor = Actor(self, self.namespace.worker, self.database())
        return self.actor

    def database(self) -> Database:
        """Give its database, for one tenant or for whoever looks while there is none."""
        return Database(
            self.namespace.object_directory(self.id),
            self.namespace.budget,
            lambda: self.namespace.created(self.id),
            self.namespace.recording,
        )

    def started(self) -> None:
        """The constructor ran."""
        self._signal(Signal.STARTED)

    # -- its accepted sockets

    @property
    def hibernation(self) -> HibernationManager:
        """The accepted sockets."""
        if self._hibernation is None:
            self._hibernation = HibernationManager(self)
        return self._hibernation

    @property
    def _has_sockets(self) -> bool:
        return self._hibernation is not None and len(self._hibernation) > 0

    def _deliver_held(self) -> None:
        manager = self._hibernation
        if manager is not None:
            for delivery in manager.take_held():
                manager.deliver(delivery)

    # -- its facets

    @property
    def facets(self) -> Facets:
        """The facets."""
        if self._facets is None:
            self._facets = self.namespace.facets_of(self)
        return self._facets

    def _running_facets(self) -> list[ActorContainer]:
        return [] if self._facets is None else self._facets.containers

    def facet_left(self) -> None:
        """A facet has neither a tenant nor sockets: the place may be forgotten now."""
        if self.state is State.ABSENT:
            self.namespace.vacated(self)

    @property
    def is_needed(self) -> bool:
        """Whether it has a tenant or sockets, or one of its facets has."""
        return self.state is not State.ABSENT or bool(self._running_facets())

    # -- its alarm

    def alarm_will_be(self, at_ms: int | None) -> None:
        """The tenant is about to commit when its alarm rings."""
        self.namespace.alarm_will_be(self.id, at_ms)

    def alarm_now_is(self, at_ms: int | None) -> None:
        """The tenant has committed when its alarm rings."""
        self.namespace.alarm_now_is(self.id, at_ms)

    def abandon_alarm(self) -> None:
        """The alarm that is running is not tried again, should it fail."""
        self.namespace.abandon_alarm(self.id)

    def clear_alarm(self, at_ms: int) -> None:
        """Give up an alarm, unless the object has set another by now."""
        if self.actor is not None:
            self.actor.clear_alarm(at_ms)
            return
        database = self.database()
        try:
            alarm = ObjectAlarm(database)
            if alarm.stored() == at_ms:
                alarm.delete()
                database.end_turn()
                database.commit()
        finally:
            database.close()

    # -- idle, evicted, reset

    def look(self) -> None:
        """After a pass of the tenant's turns: see whether it has work or is idle."""
        actor = self.actor
        if actor is None or self.state is State.STARTING:
            return
        if actor.is_busy or (self._facets is not None and self._facets.are_busy):
            if self.state is State.IDLE:
                self._signal(Signal.DELIVER)
        elif self._grace is not None:
            self._let_go(Signal.REPLACED)
        elif self.state is State.RUNNING:
            self._signal(Signal.WORK_DONE)
            if self._leaving:
                self.sleep()
            else:
                self._idle.begin()

    def sleep(self) -> None:
        """Let the idle tenant go, and what it has lost be told."""
        losses = [] if self.actor is None else self.actor.losses()
        self._let_go(Signal.IDLE_TIMEOUT)
        for each in self._running_facets():
            if each.state is State.IDLE:
                each.sleep()
        if losses:
            self.namespace.lost(self.label, self.state, losses)

    # -- on demand, for whoever watches or tests

    def sleep_soon(self) -> asyncio.Future[bool]:
        """Let the tenant go as soon as it has no work, without waiting for it to be idle.

        The future tells whether there was one, and it left of itself.
        """
        future: asyncio.Future[bool] = self.loop.create_future()
        if self.actor is None:
            future.set_result(False)
            return future
        self._leaving.append(future)
        if self.state is State.IDLE:
            self.sleep()
        return future

    def crash(self) -> bool:
        """Reset the object as a crash would: what is not committed is lost, and its sockets too.

        Tells whether there was a tenant.
        """
        if self.actor is None:
            return False
        self.actor.is_starting = False
        self.actor.break_with(JsException("Error", "The Durable Object was crashed on demand."))
        return True

    def evict(self) -> None:
        """Let the tenant go at once; for the end of the process, when nothing may run."""
        for each in self._running_facets():
            each.evict()
        if self.actor is not None:
            self.actor.evict()
            self.actor = None

    def end(self, error: JsException) -> None:
        """Reset it for good, as was asked for; its callers, and who used a stub, get `error`."""
        self._is_over = True
        if self.actor is not None:
            self.actor.break_with(error)
        else:
            self.broke(error, None)

    def _let_go(self, signal: Signal) -> None:
        actor, self.actor = self.actor, None
        if actor is not None:
            actor.evict()
        self._vacated(signal)

    def broke(self, error: JsException, signal: Signal | None) -> None:
        """The tenant was reset: its callers and its used stubs get `error`."""
        self.lifeline.cut = error
        self.lifeline = Lifeline()
        self.actor = None
        if not self._is_over:
            self.observer.was_reset(self.label, error)
        signal = signal or Signal.BROKEN
        if signal is not Signal.REPLACED and self._facets is not None:
            self._facets.end(error)
        if signal is Signal.BROKEN and self._hibernation is not None:
            self._hibernation.drop()
        self._vacated(signal)

    def _vacated(self, signal: Signal) -> None:
        if self._hibernation is not None:
            self._hibernation.tenant_left()
        if self._facets is not None:
            self._facets.tenant_left()
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
        self._signal(signal)
        self.past.session_ended()
        leaving, self._leaving = self._leaving, []
        for waiting in leaving:
            if not waiting.done():
                waiting.set_result(signal is Signal.IDLE_TIMEOUT)
        if self.state is State.ABSENT:
            self.namespace.vacated(self)
        if signal is Signal.REPLACED:
            self._deliver_held()
        queued, self._queued = self._queued, deque()
        for event, future in queued:
            self.deliver(event, self.namespace.worker.generation, future)

    # -- new code

    def replace(self, *, cuts_sockets: bool = False) -> None:
        """The code was replaced: let the tenant go now, or when its work is done.

        Accepted sockets stay, unless all are to be cut.  The others end with their tenant, and are
        told to come again (1012).
        """
        for each in self._running_facets():
            each.replace(cuts_sockets=cuts_sockets)
        if cuts_sockets:
            self.cut_sockets()
        if self.actor is not None:
            self.actor.turns.end_sockets(self.observer, cuts=cuts_sockets)
        if self._grace is not None:
            return
        if self.actor is None:
            self._signal(Signal.REPLACED)
            self._deliver_held()
        elif self.actor.is_busy or self.state is State.STARTING:
            self._grace = self.loop.clock.call_later(self.settings.grace_s, self._grace_is_over)
        else:
            self._let_go(Signal.REPLACED)

    def _grace_is_over(self) -> None:
        if self.actor is not None:
            self.actor.break_with(
                JsException("Error", "Durable Object reset because its code was updated."),
                Signal.REPLACED,
            )

    def cut_sockets(self) -> None:
        """Cut every accepted socket, without a close frame."""
        if self._hibernation is not None:
            self._hibernation.drop()
            if self.state is State.HIBERNATED:
                self._signal(Signal.SOCKETS_GONE)
                self.namespace.vacated(self)

    def _signal(self, signal: Signal) -> None:
        before = self.state
        self.state = step(before, signal, has_sockets=self._has_sockets)
        if self.state is not before:
            self.namespace.moved(self, before)

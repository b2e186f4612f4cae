"""All objects of one class: from an id to its container, and from a stub to an event.

A namespace outlives the code: `replace` gives it a new Worker, its objects follow one by one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydo.errors import JsException
from pydo.runtime.channel import Channel
from pydo.runtime.container import ActorContainer, Lifeline
from pydo.runtime.facet import Facets
from pydo.runtime.facetstore import FacetStore
from pydo.runtime.failure import travelling
from pydo.runtime.ids import DurableObjectId, IdFactory
from pydo.runtime.metadata import ClassMetadata
from pydo.runtime.observer import ObjectLabel

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from pydo.runtime.alarms import AlarmScheduler
    from pydo.runtime.budget import OpenDatabases
    from pydo.runtime.events import Event
    from pydo.runtime.history.recorder import Recording
    from pydo.runtime.lifecycle import State
    from pydo.runtime.memory import Loss
    from pydo.runtime.runtime import Runtime
    from pydo.runtime.worker import Worker

__all__ = ["ActorChannel", "ActorNamespace"]

logger = logging.getLogger("pydo.runtime")

_MOST_LOSSES = 10_000  # noted at a time


class ActorNamespace:
    """The objects of one class, each in one container at most."""

    def __init__(
        self, runtime: Runtime, class_name: str, unique_key: str, directory: Path, worker: Worker
    ) -> None:
        self.loop = runtime.loop
        self.observer = runtime.observer
        self.settings = runtime.settings
        self.budget: OpenDatabases = runtime.budget
        self.alarms: AlarmScheduler = runtime.alarms
        self.class_name = class_name
        self.directory = directory
        self.ids = IdFactory(unique_key)
        self.metadata = ClassMetadata(
            directory / "metadata.sqlite", syncs_commits=runtime.settings.syncs_commits
        )
        self.worker = worker
        self.has_sql = True
        self.is_closed = False
        self._recording = runtime.recording
        self._containers: dict[str, ActorContainer] = {}
        self._vacant: dict[str, float] = {}  # since when, in the order of leaving
        self._lost: dict[str, tuple[State, list[Loss]]] = {}  # until the object wakes
        self._is_sweeping = False
        self._has_told_of_messages = False

    def __len__(self) -> int:
        return len(self._containers)

    def container(self, object_id: DurableObjectId) -> ActorContainer:
        """Give the one container of an id."""
        container = self._containers.get(object_id.hex)
        if container is None:
            inside = DurableObjectId(object_id.hex, object_id.delivered_name)
            container = ActorContainer(self, inside)
            self._containers[object_id.hex] = container
        return container

    def channel(self, object_id: DurableObjectId) -> ActorChannel:
        """Give the way of one stub to one object."""
        return ActorChannel(self, object_id)

    def object_directory(self, object_id: DurableObjectId) -> Path:
        """Give the folder that an object's files are in, if it has any."""
        return self.directory / object_id.hex

    def label(self, object_id: DurableObjectId) -> ObjectLabel:
        """Give what an object is called in what is told of it."""
        return ObjectLabel(self.class_name, object_id.hex, object_id.name)

    def cut_sockets(self) -> None:
        """Cut every accepted socket."""
        for container in list(self._containers.values()):
            container.cut_sockets()

    def rename(self, class_name: str) -> None:
        """Let its objects be of the class of this name, in code that is about to take over."""
        self.class_name = class_name
        for container in self._containers.values():
            container.label = self.label(container.id)

    @property
    def recording(self) -> Recording | None:
        """How histories of its objects are kept; None if they are not."""
        return self._recording if self.has_sql else None

    def replace(self, worker: Worker, *, cuts_sockets: bool = False) -> None:
        """Let every object go over to the new code; accepted sockets stay, or are cut."""
        self.worker = worker
        for container in list(self._containers.values()):
            container.replace(cuts_sockets=cuts_sockets)

    # -- what its containers ask for (`container.Home`)

    startup = None

    def facets_of(self, container: ActorContainer) -> Facets:
        """Make what the facets of an object are kept in."""
        syncs = self.settings.syncs_commits
        return Facets(container, FacetStore(self.object_directory(container.id), syncs=syncs))

    def created(self, object_id: DurableObjectId) -> None:
        """Note that an object is about to have a folder."""
        self.metadata.record(object_id.hex, object_id.name)

    def moved(self, container: ActorContainer, before: State) -> None:
        """Tell that an object went from one state to another."""
        self.observer.moved(container.label, before, container.state)

    def alarm_will_be(self, object_id: DurableObjectId, at_ms: int | None) -> None:
        """An object is about to commit when its alarm rings."""
        self.alarms.will_be(self, object_id, at_ms)

    def alarm_now_is(self, object_id: DurableObjectId, at_ms: int | None) -> None:
        """An object has committed when its alarm rings."""
        self.alarms.now_is(self, object_id, at_ms)

    def abandon_alarm(self, object_id: DurableObjectId) -> None:
        """Try the alarm of an object that is running not again, should it fail."""
        self.alarms.abandon(self, object_id)

    # -- memory

    def lost(self, label: ObjectLabel, state: State, losses: list[Loss]) -> None:
        """Note what an object has lost as it went to sleep (`state` says how)."""
        if len(self._lost) < _MOST_LOSSES:
            self._lost[label.hex] = (state, losses)

    def woke(self, label: ObjectLabel) -> None:
        """Tell what an object that wakes has lost."""
        if self._lost and label.hex in self._lost:
            state, losses = self._lost.pop(label.hex)
            self.observer.memory_lost(label, state, losses)

    # -- limits

    def has_large_messages(self, size: int, limit: int) -> None:
        """Tell, once, that sockets which hibernate get messages near the limit."""
        if not self._has_told_of_messages:
            self._has_told_of_messages = True
            logger.warning(
                "%s gets a message of %d bytes over a socket that hibernates, and the connection"
                " ends at more than %d",
                self.class_name,
                size,
                limit,
            )

    # -- on demand

    def sleep_soon(self, object_id: DurableObjectId) -> asyncio.Future[bool]:
        """Let an object sleep as soon as it has no work; tells whether it was awake."""
        return self.container(object_id).sleep_soon()

    def all_sleep_soon(self) -> list[asyncio.Future[bool]]:
        """Let every object sleep as soon as it has no work."""
        return [each.sleep_soon() for each in self._containers.values() if each.actor is not None]

    def crash(self, object_id: DurableObjectId) -> bool:
        """Reset an object as a crash would; tells whether it was awake."""
        return self.container(object_id).crash()

    # -- empty places

    def vacated(self, container: ActorContainer) -> None:
        """Note that a container has no tenant: it is forgotten unless one comes."""
        self._vacant.pop(container.id.hex, None)
        self._vacant[container.id.hex] = self.loop.clock.monotonic()
        self._sweep_later()

    def _sweep_later(self) -> None:
        if not self._is_sweeping:
            self._is_sweeping = True
            self.loop.clock.call_later(self.settings.forget_s, self._sweep)

    def _sweep(self) -> None:
        self._is_sweeping = False
        latest = self.loop.clock.monotonic() - self.settings.forget_s
        for hex_id, since in list(self._vacant.items()):
            if since > latest:
                break
            del self._vacant[hex_id]
            if not self._containers[hex_id].is_needed:
                del self._containers[hex_id]
        if self._vacant:
            self._sweep_later()

    def close(self) -> None:
        """Let every object go; all that was acknowledged is on disk already."""
        self.is_closed = True
        for container in self._containers.values():
            container.evict()
        self.metadata.close()


class ActorChannel(Channel):
    """The way of one stub to one object.

    Once used, the channel shares the fate of the tenant it reached: after a reset it fails with
    that reset's error.
    """

    __slots__ = ("_lifeline", "id", "namespace")

    def __init__(self, namespace: ActorNamespace, object_id: DurableObjectId) -> None:
        super().__init__(namespace.loop)
        self.namespace = namespace
        self.id = object_id
        self._lifeline: Lifeline | None = None

    @property
    def generation(self) -> int:
        """That of the code which is current."""
        return self.namespace.worker.generation

    def again(self) -> ActorChannel:
        """Give a way that does not share the fate of this one."""
        return ActorChannel(self.namespace, self.id)

    def deliver(self, event: Event, generation: int, future: asyncio.Future[object]) -> None:
        """Bring an event to the object."""
        if self.namespace.is_closed:
            gone = JsException("Error", f'The class "{self.namespace.class_name}" was deleted.')
            future.set_exception(gone)
            return
        if self._lifeline is not None and self._lifeline.cut is not None:
            errors = self.namespace.worker.errors
            future.set_exception(travelling(self._lifeline.cut, errors))
            return
        container = self.namespace.container(self.id)
        self._lifeline = container.lifeline
        container.deliver(event, generation, future)

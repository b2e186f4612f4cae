"""Facets: objects within an object, each with its own class, its own gates and its own database.

    Facets          those of one container, by their names
    Facet           one of them, from the first `get` of its name until it is aborted or deleted;
                    it is to its container what a namespace is to those of whole objects
    FacetChannel    the way of a stub to it

A facet is started by its first event: a callback of the parent's says of which class it is.  One
that was let go while idle is started so again; one whose sockets hibernate keeps its class.  What
ends with its parent: all of its facets, when that is reset; those that do not run, when it is let
go.  Sources: src/workerd/server/server.c++ (`ActorContainer::getFacet`),
src/workerd/api/actor-state.c++ (`DurableObjectFacets`).
"""

from __future__ import annotations

from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.errors import JsException, internal_error
from pydo.runtime.channel import Channel, gone
from pydo.runtime.container import ActorContainer, Lifeline
from pydo.runtime.failure import exit_error, travelling
from pydo.runtime.ids import DurableObjectId
from pydo.runtime.lifecycle import State
from pydo.runtime.observer import ObjectLabel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from pydo.runtime.budget import OpenDatabases
    from pydo.runtime.container import Settings
    from pydo.runtime.delivery import Outcome
    from pydo.runtime.events import Event
    from pydo.runtime.facetstore import FacetStore
    from pydo.runtime.history.recorder import Recording
    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.memory import Loss
    from pydo.runtime.observer import Observer
    from pydo.runtime.worker import Worker

__all__ = ["FacetChannel", "Facets", "Startup"]

_MOST_DEEP = 4  # the object itself included
_LONGEST_NAME = 256  # bytes, whatever the words say
_AT_WORK = frozenset({State.STARTING, State.RUNNING})


@dataclass(frozen=True, slots=True)
class Startup:
    """What a facet is to be: its class, what its `ctx.props` is, and its id if not its parent's."""

    class_name: str
    props: object = None
    object_id: DurableObjectId | str | None = None


class Facets:
    """The facets of one container: `number` is the parent's in the store, `depth` that of it."""

    def __init__(
        self, parent: ActorContainer, store: FacetStore, number: int = 0, depth: int = 1
    ) -> None:
        self.parent = parent
        self.store = store
        self.number = number
        self.depth = depth
        self._facets: dict[str, Facet] = {}

    # -- what user code asks for

    def get(self, name: str, start: Callable[[], Awaitable[Startup]]) -> FacetChannel:
        """Give a way to a facet; `start` is called, in the context of now, if it does not run.

        Raises:
            JsException: the name is too long, or there are too many parents above it.

        """
        self._check(name)
        facet = self._facets.get(name)
        if facet is None:
            facet = self._facets[name] = Facet(self, name)
        facet.starts_by(start)
        return FacetChannel(facet)

    def abort(self, name: str, error: JsException) -> None:
        """Reset a facet: `error` is for who waits for it, and for whoever uses a stub of it."""
        self._check(name)
        facet = self._facets.pop(name, None)
        if facet is not None:
            facet.end(error)

    def delete(self, name: str) -> None:
        """Reset a facet, and delete what it and its own facets have stored."""
        self.abort(name, JsException("Error", "Facet was deleted."))
        self._remove(name)

    def clone(self, source: str, target: str) -> None:
        """Let a facet store what another has committed, with all its facets, and nothing else."""
        self._check(source)
        if source == target:
            return
        self.abort(target, JsException("Error", "Facet was cloned-over."))
        self._remove(target)
        number = self.store.find(self.number, source)
        if number is not None:
            self.store.copy(number, self.store.number(self.number, target))

    def delete_all(self) -> None:
        """Delete every facet, since all that the parent stores is deleted."""
        for name, _ in self.store.children(self.number):
            self.delete(name)

    def _remove(self, name: str) -> None:
        number = self.store.find(self.number, name)
        if number is not None:
            self.store.remove(number)

    def _check(self, name: str) -> None:
        if not name:
            raise internal_error() from ValueError("the name of a facet is empty")
        if len(name.encode()) > _LONGEST_NAME:
            raise JsException("TypeError", "Facet name is too long (max 256 characters).")
        if self.depth == _MOST_DEEP:
            raise JsException(
                "Error",
                "Facet nesting depth limit exceeded. The maximum depth including the root Durable"
                f" Object is {_MOST_DEEP}.",
            )

    # -- what becomes of the parent

    @property
    def containers(self) -> list[ActorContainer]:
        """The places of those that run, or whose sockets hibernate."""
        return [each.container for each in self._facets.values() if each.container is not None]

    @property
    def are_busy(self) -> bool:
        """Whether one of them has work, so that its parent stays awake."""
        return any(each.state in _AT_WORK for each in self.containers)

    def end(self, error: JsException) -> None:
        """End them all, since their parent was reset."""
        facets, self._facets = self._facets, {}
        for each in facets.values():
            each.end(error)

    def tenant_left(self) -> None:
        """Forget those that do not run: whoever could start them is gone."""
        for name, facet in list(self._facets.items()):
            if facet.container is None:
                del self._facets[name]
                facet.end(gone())


class Facet:
    """One facet: where its events go, and what its container asks for."""

    def __init__(self, facets: Facets, name: str) -> None:
        self.facets = facets
        self.name = name
        self.lifeline = Lifeline()
        self.container: ActorContainer | None = None
        self.startup: Startup | None = None
        self._start: Callable[[], Awaitable[Startup]] | None = None
        self._context = Context()
        self._waiting: list[tuple[Event, int, Outcome]] = []

    # -- its events

    def starts_by(self, start: Callable[[], Awaitable[Startup]]) -> None:
        """Let it be started by `start`, unless it runs."""
        if self.container is None and not self._waiting:
            self._start, self._context = start, copy_context()

    def deliver(self, event: Event, generation: int, future: Outcome) -> None:
        """Bring an event to the facet, starting it if need be."""
        if self.lifeline.cut is not None:
            self._refuse(future)
        elif self.container is not None:
            self.container.deliver(event, generation, future)
        else:
            self._waiting.append((event, generation, future))
            if len(self._waiting) == 1:
                # An event of the parent's own, let in where `get` was called: a critical section
                # that waits for the facet does not keep its start out.
                self.loop.call_soon(self._begin, context=self._context)

    def _begin(self) -> None:
        self.loop.create_task(self._run_start())

    async def _run_start(self) -> None:
        assert self._start is not None, "whoever has a stub has called `get`"
        try:
            startup = await self._start()
            if self.lifeline.cut is None:
                self._open(startup)
        except (SystemExit, KeyboardInterrupt) as error:
            self._failed(exit_error(error))
        except Exception as error:  # noqa: BLE001 - whoever waits for the facet gets it
            self._failed(error)

    def _open(self, startup: Startup) -> None:
        self.startup = startup
        self.created()
        self._number = self.facets.store.number(self.facets.number, self.name)
        given = startup.object_id
        if isinstance(given, str):
            given = DurableObjectId(given, None)
        self.container = ActorContainer(self, given or self.facets.parent.id, self.lifeline)
        waiting, self._waiting = self._waiting, []
        for event, generation, future in waiting:
            self.container.deliver(event, generation, future)

    def _failed(self, error: Exception) -> None:
        # It stays so until it is aborted: workerd does not call the callback again either.
        self.lifeline.cut = travelling(error, self.worker.errors)
        self._refuse_all()

    def end(self, error: JsException) -> None:
        """Reset it, and let everybody who uses a stub of it get `error`."""
        container, self.container = self.container, None
        if container is not None:
            container.end(error)
        self.lifeline.cut = error
        self._refuse_all()

    def _refuse_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for _, _, future in waiting:
            self._refuse(future)

    def _refuse(self, future: Outcome) -> None:
        assert self.lifeline.cut is not None, "it has ended"
        if not future.done():
            future.set_exception(travelling(self.lifeline.cut, self.worker.errors))

    # -- what its container asks for (`container.Home`)

    @property
    def loop(self) -> ObjectLoop:
        """The loop that it runs on."""
        return self.facets.parent.loop

    @property
    def observer(self) -> Observer:
        """Who hears of it."""
        return self.facets.parent.observer

    @property
    def settings(self) -> Settings:
        """How long things take."""
        return self.facets.parent.settings

    @property
    def worker(self) -> Worker:
        """The code that is current."""
        return self.facets.parent.namespace.worker

    @property
    def budget(self) -> OpenDatabases:
        """The budget that its database counts in."""
        return self.facets.parent.namespace.budget

    @property
    def has_sql(self) -> bool:
        """Whether it is backed by SQL: as its parent."""
        return self.facets.parent.namespace.has_sql

    @property
    def recording(self) -> Recording | None:
        """How its history is kept: as its parent's."""
        return self.facets.parent.namespace.recording

    def label(self, object_id: DurableObjectId) -> ObjectLabel:
        """Give what it is called: the class, the parent's name and its own."""
        del object_id
        assert self.startup is not None, "it has started"
        parent = self.facets.parent.label
        name = f"{parent.hex if parent.name is None else parent.name}/{self.name}"
        return ObjectLabel(self.startup.class_name, f"{parent.hex}.{self._number}", name)

    def object_directory(self, object_id: DurableObjectId) -> Path:
        """Give the folder of its files."""
        del object_id
        return self.facets.store.path(self._number)

    def facets_of(self, container: ActorContainer) -> Facets:
        """Make what its own facets are kept in."""
        return Facets(container, self.facets.store, self._number, self.facets.depth + 1)

    def created(self, object_id: DurableObjectId | None = None) -> None:
        """Note that the object has a folder."""
        del object_id
        parent = self.facets.parent
        parent.namespace.created(parent.id)

    def moved(self, container: ActorContainer, before: State) -> None:
        """Let its parent be awake for as long as it is at work."""
        self.observer.moved(container.label, before, container.state)
        self.loop.call_unowned(self.facets.parent.look)

    def vacated(self, container: ActorContainer) -> None:
        """Let the next event start it anew; its parent may be all that is left of the object."""
        if self.container is container:
            self.container = None
            self.lifeline = container.lifeline
        self.facets.parent.facet_left()

    def woke(self, label: ObjectLabel) -> None:
        """Tell what it has lost."""
        self.facets.parent.namespace.woke(label)

    def lost(self, label: ObjectLabel, state: State, losses: list[Loss]) -> None:
        """Note what it has lost."""
        self.facets.parent.namespace.lost(label, state, losses)

    def has_large_messages(self, size: int, limit: int) -> None:
        """Tell of messages near the limit."""
        self.facets.parent.namespace.has_large_messages(size, limit)

    def alarm_will_be(self, object_id: DurableObjectId, at_ms: int | None) -> None:
        """Refuse an alarm: it is set in vain, and the facet is reset.

        Raises:
            JsException: there is to be one.

        """
        del object_id
        if at_ms is not None:
            raise JsException("Error", "Facets currently cannot set alarms.")

    def alarm_now_is(self, object_id: DurableObjectId, at_ms: int | None) -> None:
        """Nothing: there is none."""

    def abandon_alarm(self, object_id: DurableObjectId) -> None:
        """Nothing: there is none."""


class FacetChannel(Channel):
    """The way of one stub to one facet; once used, it shares the fate of the tenant it reached."""

    __slots__ = ("_facet", "_lifeline")

    def __init__(self, facet: Facet) -> None:
        super().__init__(facet.loop)
        self._facet = facet
        self._lifeline: Lifeline | None = None

    @property
    def generation(self) -> int:
        """That of the code which is current."""
        return self._facet.worker.generation

    def again(self) -> FacetChannel:
        """Give a way that does not share the fate of this one."""
        return FacetChannel(self._facet)

    def deliver(self, event: Event, generation: int, future: Outcome) -> None:
        """Bring an event to the facet."""
        if self._lifeline is None:
            self._lifeline = self._facet.lifeline
        if self._lifeline.cut is not None:
            future.set_exception(travelling(self._lifeline.cut, self._facet.worker.errors))
        else:
            self._facet.deliver(event, generation, future)

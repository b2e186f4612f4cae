"""What a container asks of whoever keeps it: a namespace, or the facet whose place it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.runtime.budget import OpenDatabases
    from pydo.runtime.container import ActorContainer, Settings
    from pydo.runtime.facet import Facets, Startup
    from pydo.runtime.history.recorder import Recording
    from pydo.runtime.ids import DurableObjectId
    from pydo.runtime.lifecycle import State
    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.memory import Loss
    from pydo.runtime.observer import ObjectLabel, Observer
    from pydo.runtime.worker import Worker

__all__ = ["Home"]


class Home(Protocol):
    """The keeper of a place."""

    @property
    def loop(self) -> ObjectLoop:
        """The loop that it runs on."""
        ...

    @property
    def observer(self) -> Observer:
        """Who hears of it."""
        ...

    @property
    def settings(self) -> Settings:
        """How long things take."""
        ...

    @property
    def worker(self) -> Worker:
        """The code that is current."""
        ...

    @property
    def budget(self) -> OpenDatabases:
        """The budget that its database counts in."""
        ...

    @property
    def has_sql(self) -> bool:
        """Whether its class is declared to be backed by SQL."""
        ...

    @property
    def startup(self) -> Startup | None:
        """What a facet was started as; None for an object."""
        ...

    @property
    def recording(self) -> Recording | None:
        """How its history is kept; None if it is not."""
        ...

    def label(self, object_id: DurableObjectId, /) -> ObjectLabel:
        """Give what it is called in what is told of it."""
        ...

    def object_directory(self, object_id: DurableObjectId, /) -> Path:
        """Give the folder that its files are in, if it has any."""
        ...

    def facets_of(self, container: ActorContainer, /) -> Facets:
        """Make what its facets are kept in."""
        ...

    def created(self, object_id: DurableObjectId, /) -> None:
        """Note that it is about to have a folder."""
        ...

    def moved(self, container: ActorContainer, before: State, /) -> None:
        """It went from one state to another."""
        ...

    def vacated(self, container: ActorContainer, /) -> None:
        """It has neither a tenant nor sockets."""
        ...

    def woke(self, label: ObjectLabel, /) -> None:
        """Tell what it has lost."""
        ...

    def lost(self, label: ObjectLabel, state: State, losses: list[Loss], /) -> None:
        """Note what it has lost."""
        ...

    def has_large_messages(self, size: int, limit: int, /) -> None:
        """Tell of messages near the limit."""
        ...

    def alarm_will_be(self, object_id: DurableObjectId, at_ms: int | None, /) -> None:
        """It is about to commit when its alarm rings."""
        ...

    def alarm_now_is(self, object_id: DurableObjectId, at_ms: int | None, /) -> None:
        """It has committed when its alarm rings."""
        ...

    def abandon_alarm(self, object_id: DurableObjectId, /) -> None:
        """Its alarm that is running is not tried again, should it fail."""
        ...

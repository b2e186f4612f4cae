"""The past of the object in a container, whether it has a tenant or not.

A return is ordered by the tenant, and made before the next session begins; or asked for from
outside, and made at once, which resets the tenant.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from pydo.errors import JsException
from pydo.runtime.history.restore import has_order
from pydo.runtime.lifecycle import State
from pydo.runtime.timetravel import TimeTravel

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.container import ActorContainer
    from pydo.runtime.database import Database

__all__ = ["ContainerPast"]

logger = logging.getLogger("pydo.runtime")

_Result = TypeVar("_Result")


class ContainerPast:
    """What is asked of an object's past, and the returns to it."""

    __slots__ = ("_container", "_has_order")

    def __init__(self, container: ActorContainer) -> None:
        self._container = container
        self._has_order = False

    def archive(self) -> None:
        """Let the history have every commit that there is.

        Raises:
            JsException: no history is kept, or it cannot be written.

        """
        self._ask(TimeTravel.archive)

    def restore(self, bookmark: str) -> str:
        """Return to a bookmark now, resetting the tenant if there is one; what undoes that.

        Raises:
            JsException: there is nothing to return to, or it cannot be done.

        """
        undo = self._ask(lambda past: past.order(bookmark))
        actor = self._container.actor
        if actor is not None:
            actor.is_starting = False
            actor.break_with(
                JsException("Error", "Durable Object was reset to return to an earlier state.")
            )
            actor.database.close()
        try:
            self.restore_ordered(self._container.database(), must=True)
        finally:
            self._vacate()
        return undo

    def _ask(self, ask: Callable[[TimeTravel], _Result]) -> _Result:
        actor = self._container.actor
        database = self._container.database() if actor is None else actor.database
        try:
            return ask(self._past(database))
        finally:
            if actor is None:
                database.close()
            self._vacate()

    def _past(self, database: Database) -> TimeTravel:
        return TimeTravel(database, self._container.loop.clock.now_ms)

    def _vacate(self) -> None:
        if self._container.state is State.ABSENT:
            self._container.namespace.vacated(self._container)

    # -- what the tenant has ordered

    def restores_next(self) -> None:
        """Note an order, which is carried out when the session ends.

        An alarm of that state then rings though no event comes.
        """
        self._has_order = True

    def restore_ordered(self, database: Database, *, must: bool = False) -> None:
        """Return to a state in the past, if that was ordered before this session.

        Raises:
            JsException: it cannot be done for now, or not at all though it `must`.

        """
        self._has_order = False
        container = self._container
        if has_order(database.path) and container.namespace.recording is not None:
            past = self._past(database)
            past.carry_out(container.alarm_will_be, container.alarm_now_is, must=must)

    def session_ended(self) -> None:
        """Carry an order out soon, unless another session begins before."""
        if self._has_order:
            self._container.loop.clock.call_later(0, self._restore_soon)

    def _restore_soon(self) -> None:
        container = self._container
        if self._has_order and container.actor is None:
            try:
                self.restore_ordered(container.database())
            except JsException as error:
                logger.warning("%s: what is to be restored waits: %s", container.label, error)

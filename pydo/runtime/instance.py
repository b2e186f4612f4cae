"""Who handles the events of a life of an object: an instance of the user's class, or its failure.

Alarms and messages of sockets have rules that hold before and after the user's own method.
Sources: src/workerd/io/worker.c++, src/workerd/api/global-scope.c++ (`runAlarm`,
`sendHibernatableWebSocketMessage`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.runtime.alarms import took_too_long
from pydo.runtime.events import AlarmFired, SocketEvent, SocketMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from pydo.runtime.actor import Actor
    from pydo.runtime.events import Event, Handler

__all__ = ["FailedConstructor", "Instance"]


class Instance:
    """An instance of a user's class; what keeps alarms and sockets is asked first."""

    __slots__ = ("_actor", "_handler")

    def __init__(self, actor: Actor, handler: Handler) -> None:
        self._actor = actor
        self._handler = handler

    def handle(self, event: Event) -> Coroutine[Any, Any, object]:
        """Handle an event by the user's method."""
        if self._actor.is_starting:
            self._actor.has_started()
        if isinstance(event, AlarmFired):
            return self._ring(event)
        if isinstance(event, SocketEvent):
            return self._hear(event)
        return self._handler.handle(event)

    def attributes(self) -> Mapping[str, object]:
        """Give what the user's instance holds in memory."""
        attributes: Callable[[], Mapping[str, object]] | None
        attributes = getattr(self._handler, "attributes", None)
        return {} if attributes is None else attributes()

    def _hear(self, event: SocketEvent) -> Coroutine[Any, Any, object]:
        accepted = event.socket
        if not accepted.begin(event):
            return _nothing()
        manager = accepted.manager
        if type(event) is not SocketMessage:
            # It is listed for as long as its handler runs without a pause.
            self._actor.turns.loop.call_soon(manager.remove, accepted)
        if manager.event_timeout_ms is None:
            return self._handler.handle(event)
        return self._hear_within(event, manager.event_timeout_ms / 1000)

    async def _hear_within(self, event: SocketEvent, limit_s: float) -> object:
        actor = self._actor
        limit = actor.turns.loop.clock.call_later(
            limit_s, lambda: actor.break_with(_event_took_too_long())
        )
        try:
            return await self._handler.handle(event)
        finally:
            limit.cancel()

    async def _ring(self, event: AlarmFired) -> int | None:
        actor = self._actor
        clock = actor.turns.loop.clock
        limit = clock.call_later(
            actor.container.settings.alarm_s, lambda: actor.break_with(took_too_long())
        )
        try:
            return await actor.alarm.run(event, self._handler, clock.now_ms(), actor.enter)
        finally:
            limit.cancel()


async def _nothing() -> None: ...


def _event_took_too_long() -> JsException:
    return JsException(
        "Error", "Actor exceeded event execution time and was disconnected.", retryable=True
    )


class FailedConstructor:
    """Stands for an instance whose constructor raised: every event meets the error."""

    def __init__(self, error: BaseException) -> None:
        self._error = error
        self._traceback = error.__traceback__

    async def handle(self, event: Event) -> object:  # noqa: ARG002 - whatever the event is
        """Raise what the constructor raised."""
        # Raising adds to a traceback: each caller gets the constructor's own.
        raise self._error.with_traceback(self._traceback)

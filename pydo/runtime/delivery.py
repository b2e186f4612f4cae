"""Events on their way through an owner: from the caller's future to the handler and back.

Each event is an arrival of its own and starts in a fresh context.  Its outcome leaves through the
owner's output gate, so a caller never hears of writes that are not committed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.runtime.events import RpcCall
from pydo.runtime.failure import exit_error, travelling
from pydo.runtime.turn import Callback

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from contextvars import Context

    from pydo.errors import JsException
    from pydo.runtime.events import Event, Handler
    from pydo.runtime.turn import Turns

__all__ = ["Deliveries", "answered"]


class Deliveries:
    """The events that an owner has taken and not answered yet."""

    __slots__ = ("_pending", "handler", "owns", "turns")

    def __init__(self, turns: Turns, owns: Callable[[str], bool]) -> None:
        self.turns = turns
        self.owns = owns
        self.handler: Handler | None = None
        self._pending: set[_Delivery] = set()

    def __len__(self) -> int:
        return len(self._pending)

    def deliver(self, event: Event, generation: int, future: asyncio.Future[object]) -> None:
        """Let `event` arrive; `future` gets what the handler gives or raises."""
        context = self.turns.event_context(generation)
        delivery = _Delivery(self, event, future, context)
        self._pending.add(delivery)
        self.turns.arrive(Callback(delivery.start, (), context))

    def fail(self, error: JsException) -> None:
        """Fail every pending event with `error`, and cancel what handles it."""
        pending, self._pending = self._pending, set()
        for delivery in pending:
            if not delivery.future.done():
                delivery.future.set_exception(answered(delivery.event, error, self.owns))
            if delivery.task is not None:
                delivery.task.cancel()

    def settled(self, delivery: _Delivery) -> None:
        """Take an answered event out."""
        self._pending.discard(delivery)


def answered(event: Event, error: BaseException, owns: Callable[[str], bool]) -> JsException:
    """Give the error that the caller of an event sees; that of a method is marked `remote`.

    Source: src/workerd/api/worker-rpc.c++.
    """
    if isinstance(event, RpcCall):
        return travelling(error, owns, remote=True)
    return travelling(error, owns)


class _Delivery:
    __slots__ = ("context", "deliveries", "error", "event", "future", "result", "task")

    def __init__(
        self,
        deliveries: Deliveries,
        event: Event,
        future: asyncio.Future[object],
        context: Context,
    ) -> None:
        self.deliveries = deliveries
        self.event = event
        self.future = future
        self.context = context
        self.task: asyncio.Task[None] | None = None
        self.result: object = None
        self.error: BaseException | None = None

    def start(self) -> None:
        if self.future.done():  # the caller has given up, or the object was reset
            self.deliveries.settled(self)
            return
        loop = self.deliveries.turns.loop
        self.task = loop.create_unowned_task(self._run(), self.context)

    async def _run(self) -> None:
        handler = self.deliveries.handler
        assert handler is not None, "the constructor arrives before any event"
        try:
            self.result = await handler.handle(self.event)
        except (SystemExit, KeyboardInterrupt) as error:
            self.error = exit_error(error)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
            self.error = error
        self.deliveries.turns.output.hold(self._leave)

    def _leave(self) -> None:
        self.deliveries.settled(self)
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(answered(self.event, self.error, self.deliveries.owns))

"""Events on their way through an owner: from the caller's future to the handler and back.

Each event is an arrival of its own and starts in a fresh context.  Its outcome leaves through the
owner's output gate, so a caller never hears of writes that are not committed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pydo.runtime.events import Addressed, Fetch, FunctionCall, RpcCall
from pydo.runtime.failure import exit_error, travelling
from pydo.runtime.turn import Callback

if TYPE_CHECKING:
    import asyncio
    from contextvars import Context

    from pydo.errors import JsException
    from pydo.runtime.events import Event, Handler
    from pydo.runtime.failure import ErrorForm
    from pydo.runtime.turn import Turns

__all__ = ["Deliveries", "Outcome"]


class Outcome(Protocol):
    """What is told how an event ended: a future, or whatever acts as one."""

    def done(self) -> bool:
        """Whether nobody is interested any more."""
        ...

    def set_result(self, result: object, /) -> None:
        """The handler gave this."""
        ...

    def set_exception(self, error: type | BaseException, /) -> None:
        """The handler raised this, or was never called because of it."""
        ...


class Deliveries:
    """The events that an owner has taken and not answered yet.

    `sessions` counts what others may still call: a function of the owner's that they hold.
    `marks` stand on the errors that an object's handlers raise.
    """

    __slots__ = ("_marks", "_pending", "errors", "handler", "sessions", "turns")

    def __init__(self, turns: Turns, errors: ErrorForm, **marks: object) -> None:
        self.turns = turns
        self.errors = errors
        self.handler: Handler | None = None
        self.sessions = 0
        self._marks = marks
        self._pending: set[_Delivery] = set()

    def __len__(self) -> int:
        return len(self._pending) + self.sessions

    def deliver(self, event: Event, generation: int, future: Outcome) -> None:
        """Let `event` arrive; `future` gets what the handler gives or raises."""
        context = self.turns.event_context(generation)
        delivery = _Delivery(self, event, future, context)
        self._pending.add(delivery)
        self.turns.arrive(Callback(delivery.start, (), context))

    def stop(self) -> None:
        """Cancel what handles the pending events; `fail` tells their callers."""
        for delivery in self._pending:
            if delivery.task is not None:
                delivery.task.cancel()

    def fail(self, error: JsException) -> None:
        """Fail every event that has no answer yet with `error`."""
        pending, self._pending = self._pending, set()
        for delivery in pending:
            if not delivery.future.done():
                # As measured: of a reset, the sender of a request hears that it was remote, and
                # the caller of a method does not.
                is_fetch = self._marks and isinstance(delivery.event, Fetch)
                marks = {"remote": True} if is_fetch else {}
                delivery.future.set_exception(travelling(error, self.errors, **marks))

    def settled(self, delivery: _Delivery, error: BaseException | None) -> None:
        """Take an answered event out, and tell its caller of `error`."""
        self._pending.discard(delivery)
        if error is None or delivery.future.done():
            return
        marks = self._marks or ({"remote": True} if _is_call(delivery.event) else {})
        delivery.future.set_exception(travelling(error, self.errors, **marks))


def _is_call(event: Event) -> bool:
    if isinstance(event, Addressed):
        return isinstance(event.event, RpcCall)
    return isinstance(event, FunctionCall)


class _Delivery:
    __slots__ = ("context", "deliveries", "error", "event", "future", "result", "task")

    def __init__(
        self,
        deliveries: Deliveries,
        event: Event,
        future: Outcome,
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
        if self.future.done():  # the caller has given up
            self.deliveries.settled(self, None)
            return
        turns = self.deliveries.turns
        if not turns.is_dead:
            self.task, begin = turns.loop.task_to_begin(self._run(), self.context, turns.name)
            begin()

    async def _run(self) -> None:
        handler = self.deliveries.handler
        assert handler is not None, "the constructor arrives before any event"
        try:
            self.result = await handler.handle(self.event)
        except (SystemExit, KeyboardInterrupt) as error:
            self.error = exit_error(error)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
            self.error = error
        turns = self.deliveries.turns
        if not turns.is_dead:  # the caller of what a reset has overtaken hears of the reset
            turns.output.hold(self._leave)

    def _leave(self) -> None:
        self.deliveries.settled(self, self.error)
        if not self.future.done():
            self.future.set_result(self.result)

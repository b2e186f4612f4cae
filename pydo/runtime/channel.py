"""The ways from the code that runs to other owners.

A call leaves its caller through the caller's output gate, in order: what the caller wrote before
it is committed when it arrives.  Source: src/workerd/io/io-context.c++ (`waitForOutputLocks`).
"""

from __future__ import annotations

import threading
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING

from pydo.errors import JsException
from pydo.runtime.events import Addressed, Fetch, RpcCall
from pydo.runtime.scope import SCOPE

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from pydo.runtime.delivery import Deliveries
    from pydo.runtime.events import Event
    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.scope import Execution, Scope
    from pydo.runtime.worker import Worker

__all__ = ["Channel", "EntrypointChannel", "FunctionChannel", "gone"]


class Channel:
    """The way to one owner."""

    __slots__ = ("loop",)

    def __init__(self, loop: ObjectLoop) -> None:
        self.loop = loop

    @property
    def generation(self) -> int:
        """The generation that a call belongs to which nobody's code has made."""
        raise NotImplementedError

    def deliver(self, event: Event, generation: int, future: asyncio.Future[object]) -> None:
        """Bring an event to the owner; it has left its caller."""
        raise NotImplementedError

    def again(self) -> Channel:
        """Give another way to the same owner, as one that was not used yet."""
        raise NotImplementedError

    def send(self, event: Event) -> asyncio.Future[object]:
        """Send an event; the future gets its outcome.

        Raises:
            RuntimeError: the call comes from outside the turns of the object that makes it.

        """
        scope = SCOPE.get()
        future: asyncio.Future[object] = self.loop.create_future()
        if scope is None:
            self.deliver(event, self.generation, future)
        elif scope.turns.is_dead:
            raise gone()
        elif not scope.turns.is_running:
            raise RuntimeError(
                f"{scope.turns.name} called an object from outside its own turns, from another"
                " thread or from a callback of a transport"
            )
        else:
            scope.turns.output.hold(lambda: self._leave(event, scope, future))
        return future

    def _leave(self, event: Event, scope: Scope, future: asyncio.Future[object]) -> None:
        if future.cancelled() and scope.turns.is_dead:
            # A reset has cancelled who waits for the answer; the call was made in a turn that is
            # committed, and what such a turn says is heard.
            future = self.loop.create_future()
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
        self.deliver(event, scope.generation, future)


class EntrypointChannel(Channel):
    """The way to an entrypoint, None for the default one, of the Worker that `current` gives.

    It is asked at each call: another Worker's code may be newer by then.
    """

    __slots__ = ("_current", "_entrypoint", "_props")

    def __init__(
        self, current: Callable[[], Worker], entrypoint: str | None, props: object
    ) -> None:
        super().__init__(current().turns.loop)
        self._current = current
        self._entrypoint = entrypoint
        self._props = props

    @property
    def generation(self) -> int:
        """That of the Worker."""
        return self._current().generation

    def deliver(self, event: Event, generation: int, future: asyncio.Future[object]) -> None:
        """Bring a request or a call to the Worker."""
        assert isinstance(event, (Fetch, RpcCall)), "a stub sends nothing else"
        addressed = Addressed(self._entrypoint, self._props, event)
        self._current().deliveries.deliver(addressed, generation, future)

    def again(self) -> Channel:
        """Give this way: it may be used again and again."""
        return self


class FunctionChannel(Channel):
    """The way to a function that its owner has given away: open until it is closed or dropped.

    An open one keeps its owner awake.
    """

    __slots__ = ("_deliveries", "_execution", "_is_open")

    def __init__(self, deliveries: Deliveries, execution: Execution | None) -> None:
        super().__init__(deliveries.turns.loop)
        self._deliveries = deliveries
        self._execution = execution
        self._is_open = True
        deliveries.sessions += 1

    @property
    def generation(self) -> int:
        """That of the owner's code."""
        return self._deliveries.turns.generation

    def deliver(self, event: Event, generation: int, future: asyncio.Future[object]) -> None:
        """Bring a call to the owner; it fails when that is gone."""
        execution = self._execution
        if self._deliveries.turns.is_dead or (execution is not None and execution.is_over):
            if not future.done():
                future.set_exception(gone())
        else:
            self._deliveries.deliver(event, generation, future)

    def again(self) -> Channel:
        """Give this way: its fate is its owner's in any case."""
        return self

    def close(self) -> None:
        """Let the owner sleep."""
        if self._is_open:
            self._is_open = False
            self._deliveries.sessions -= 1
            self._deliveries.turns.wake()

    def __del__(self) -> None:
        # The collector may run in any thread, and after everything has ended.
        if not self._is_open or self.loop.is_closed():
            return
        if threading.get_ident() == self.loop.thread_id:
            self.close()
        else:
            self._is_open = False
            with suppress(RuntimeError):  # it was closed meanwhile
                self.loop.call_soon_threadsafe(_dropped, self._deliveries, context=Context())


def _dropped(deliveries: Deliveries) -> None:
    deliveries.sessions -= 1
    deliveries.turns.wake()


def gone() -> JsException:
    """Make the error of a call to, or from, what has ended."""
    return JsException(
        "Error", "The execution context which hosts this callback is no longer running."
    )

"""One loaded version of the user's code: its classes, its entrypoint, and what they are doing.

The Worker's own handlers have turns too, with a gate that is always open: they are contained,
watched and counted as an object's are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pydo.errors import JsException
from pydo.runtime.delivery import Deliveries
from pydo.runtime.failure import Stopped, exit_error
from pydo.runtime.turn import Turns

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from pydo.runtime.actor import Actor
    from pydo.runtime.clock import Timer
    from pydo.runtime.events import Event, Handler
    from pydo.runtime.failure import ErrorForm
    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.observer import Observer

__all__ = ["Code", "Worker"]


class Code(Protocol):
    """What the loader and the host surface make of the user's modules."""

    @property
    def generation(self) -> int:
        """Its number; newer code has a higher one."""
        ...

    @property
    def handler(self) -> Handler:
        """What takes requests from outside."""
        ...

    @property
    def classes(self) -> Mapping[str, Callable[[Actor], Handler]]:
        """What constructs an instance of each class."""
        ...

    @property
    def errors(self) -> ErrorForm:
        """In which form its errors travel."""
        ...

    @property
    def tasks(self) -> Iterable[asyncio.Task[Any]]:
        """The tasks that its modules have made at their top level, and those that these made."""
        ...

    def owns(self, filename: str, /) -> bool:
        """Whether a file is the project's."""
        ...


class Worker:
    """A generation of code at work."""

    def __init__(self, code: Code, loop: ObjectLoop, observer: Observer) -> None:
        self.code = code
        self.generation = code.generation
        self.owns = code.owns
        self.errors = code.errors
        self.observer = observer
        self.turns: Turns = Turns(loop, self, "the Worker", code.generation)
        self.deliveries = Deliveries(self.turns, code.errors)
        self.deliveries.handler = code.handler
        self._grace: Timer | None = None

    @property
    def worker(self) -> Worker:
        """Itself."""
        return self

    def instantiate(self, class_name: str, actor: Actor) -> Handler:
        """Construct an instance of a class for `actor`.

        Raises:
            JsException: this version of the code has no such class.

        """
        construct = self.code.classes.get(class_name)
        if construct is None:
            raise JsException("Error", f'The Worker no longer exports a class "{class_name}".')
        return construct(actor)

    def deliver(self, event: Event) -> asyncio.Future[object]:
        """Bring an event from outside to the entrypoint."""
        future: asyncio.Future[object] = self.turns.loop.create_future()
        self.deliveries.deliver(event, self.generation, future)
        return future

    def wait_until(self, awaitable: Awaitable[object]) -> None:
        """Keep who calls awake until `awaitable` is done; an error of it is only told."""
        self.turns.loop.create_task(self._wait(awaitable))

    async def _wait(self, awaitable: Awaitable[object]) -> None:
        try:
            await awaitable
        except (SystemExit, KeyboardInterrupt) as error:
            self.observer.uncaught("waitUntil", exit_error(error))
        except Exception as error:  # noqa: BLE001 - nobody else hears of it
            self.observer.uncaught("waitUntil", error)

    # -- new code

    def retire(self, grace_s: float, *, cuts_sockets: bool = False) -> None:
        """Newer code has taken over: end when the work in flight is done, or by force."""
        self.turns.end_sockets(self.observer, cuts=cuts_sockets)
        if self._is_busy:
            clock = self.turns.loop.clock
            self._grace = clock.call_later(grace_s, lambda: self._grace_is_over(grace_s))
        else:
            self.end()

    def _grace_is_over(self, grace_s: float) -> None:
        if self.turns.lent:
            self.observer.streams_cut(self.turns.name, len(self.turns.lent), grace_s)
        self.end()

    def end(self) -> None:
        """Fail what is in flight and cancel the project's tasks."""
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
        self.deliveries.stop()
        self.deliveries.fail(
            JsException("Error", "The Worker was restarted while it handled this request.")
        )
        self.turns.die(self.owns)
        for task in list(self.code.tasks):
            task.cancel()

    @property
    def _is_busy(self) -> bool:
        return bool(self.deliveries) or self.turns.is_busy

    # -- the ends of turns (`turn.Owner`)

    def end_turn(self) -> None:
        """Nothing to keep: a Worker has no storage of its own."""

    def end_pass(self) -> bool:
        """Nothing to commit."""
        return True

    def after_pass(self) -> None:
        """When it is retired and done, end."""
        if self._grace is not None and not self._is_busy:
            self.end()

    def contain(self, error: BaseException) -> None:
        """Tell of an error that nobody waits for."""
        if not self.turns.is_dead and not isinstance(error, Stopped):
            self.observer.uncaught(self.turns.name, error)

    def stop(self) -> JsException:
        """The handler that is cut short fails with this."""
        return JsException("Error", "Worker exceeded CPU time limit.")

    def interrupt(self) -> None:
        """There is no database to be stopped."""

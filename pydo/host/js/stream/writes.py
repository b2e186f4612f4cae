"""What takes the chunks that are written to a `WritableStream`, and the sink of callbacks.

Sources: the Streams standard, src/workerd/api/streams/standard.c++ (`WritableImpl`).
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from pydo.host.js.abort import AbortSignal
from pydo.host.js.error import JsTypeError
from pydo.host.js.illegal import RuntimeClass, made
from pydo.host.js.stream.lending import Loan
from pydo.host.js.stream.strategy import Strategy, callback
from pydo.host.js.value import JsProxy, jsnull
from pydo.host.promise import JsPromise, rejection
from pydo.host.pythonerror import called_back, python_error
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = [
    "CLOSED",
    "Endings",
    "QueuedWrites",
    "Room",
    "WritableStreamDefaultController",
    "Writes",
]

CLOSED = "This WritableStream has been closed."

_SINK = "UnderlyingSink"


class Writes(Protocol):
    """What a `WritableStream` and its writer do their work through."""

    endings: Endings

    @property
    def desired_size(self) -> Any:
        """How much more may be written before writers should wait; null after an error."""
        ...

    def write(self, chunk: Any) -> JsPromise:
        """Take a chunk; settles when it has been taken."""
        ...

    def close(self) -> JsPromise:
        """End after everything that was written."""
        ...

    async def fail(self, reason: Any) -> None:
        """End at once."""
        ...

    def ready(self) -> JsPromise:
        """Settle when there is room."""
        ...

    def release(self, error: BaseException) -> None:
        """Let whoever waits for room have an error: the writer has let go."""
        ...


class Endings:
    """Who hears that a stream has ended, once: the writer's `closed`, and a pipe.

    `reason` is what it was ended with, which may be no error to JavaScript.
    """

    __slots__ = ("_told", "error", "has_ended", "reason")

    def __init__(self) -> None:
        self.has_ended = False
        self.error: BaseException | None = None
        self.reason: Any = None
        self._told: list[Callable[[], object]] = []

    def tell(self, listener: Callable[[], object]) -> None:
        """Call `listener` when it ends, or at once when it has."""
        if self.has_ended:
            listener()
        else:
            self._told.append(listener)

    def forget(self, listener: Callable[[], object]) -> None:
        """Call it no more."""
        if listener in self._told:
            self._told.remove(listener)

    def end(self, error: BaseException | None, reason: Any = None) -> None:
        """Tell everyone, unless they know."""
        if self.has_ended:
            return
        self.has_ended, self.error, self.reason = True, error, reason
        told, self._told = self._told, []
        for listener in told:
            listener()


class Room:
    """Who waits for room: until there is some, or an error says that there will be none."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def wait(self) -> JsPromise:
        """Wait for it."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return JsPromise.of(future)

    def tell(self, error: BaseException | None = None) -> None:
        """Let everyone go on, or fail."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if error is not None:
                fail(future, error)
            elif not future.done():
                future.set_result(None)


class _State(Enum):
    WRITABLE = "writable"
    CLOSING = "closing"
    CLOSED = "closed"
    ERRORED = "errored"


class QueuedWrites:
    """Chunks for the callbacks of a sink, one after the other, each when the last is done."""

    __slots__ = (
        "_controller",
        "_in_flight",
        "_is_writing",
        "_loan",
        "_queue",
        "_room",
        "_sink",
        "_size",
        "_state",
        "_strategy",
        "endings",
    )

    def __init__(self, sink: Any, strategy: Strategy) -> None:
        self._sink = {
            name: callback(sink, name, _SINK) for name in ("start", "write", "close", "abort")
        }
        self._strategy = strategy
        self._queue: deque[tuple[Callable[[], Any], int, asyncio.Future[None]]] = deque()
        self._size = 0
        self._state = _State.WRITABLE
        self._is_writing = False
        self._in_flight: asyncio.Future[None] | None = None
        self._room = Room()
        self._loan = Loan(self.error)
        self._controller = made(WritableStreamDefaultController, self)
        self.endings = Endings()

    def start(self) -> None:
        """Run the sink's `start`; the first `write` comes after it."""
        start = self._sink["start"]
        try:
            result = None if start is None else pinned(start, self._controller)
        except Exception as error:  # noqa: BLE001 - in workerd it is for the writers as well
            self.error(python_error(error))
            return
        if inspect.isawaitable(result):
            self._is_writing = True
            self._loan.run(self._started, result)

    async def _started(self, result: Any) -> None:
        try:
            await called_back(result)
        except Exception as error:  # noqa: BLE001 - it is for the writers
            self.error(python_error(error))
        finally:
            self._is_writing = False
            self._go_on()

    # -- what writers do

    @property
    def desired_size(self) -> Any:
        """How much more may be written before writers should wait; null after an error."""
        if self._state is _State.ERRORED:
            return jsnull
        if self._state is _State.CLOSED:
            return 0
        return self._strategy.high_water_mark - self._size

    def write(self, chunk: Any) -> JsPromise:
        """Write a chunk; settles when the sink has taken it."""
        refused = self._refusal()
        if refused is not None:
            return JsPromise.rejected(refused)
        try:
            size = self._strategy.size(chunk)
        except Exception as error:  # noqa: BLE001 - it ends the stream
            self.error(python_error(error))
            return JsPromise.rejected(error)
        return JsPromise.of(self._ask(lambda: self._call("write", chunk, self._controller), size))

    def close(self) -> JsPromise:
        """End the stream when everything is written."""
        refused = self._refusal()
        if refused is not None:
            return JsPromise.rejected(refused)
        self._state = _State.CLOSING
        return JsPromise.of(self._ask(self._close, 0))

    async def fail(self, reason: Any) -> None:
        """End the stream at once; the sink is told why when it is done with what it is at."""
        if self._state in (_State.CLOSED, _State.ERRORED):
            return
        at_work = self._in_flight
        self.error(reason)
        self._controller.aborted(reason)
        if at_work is not None and not at_work.done():
            await asyncio.wait([at_work])
        if self._sink["abort"] is not None:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._loan.run(self._run, lambda: self._call("abort", reason), done)
            await done

    def error(self, reason: Any = None) -> None:
        """End the stream at once; writers get `reason`."""
        if self._state in (_State.CLOSED, _State.ERRORED):
            return
        error = rejection(reason)
        self._state = _State.ERRORED
        queue, self._queue = self._queue, deque()
        for _, _, future in queue:
            fail(future, error)
        self._size = 0
        self._loan.returned()
        self.endings.end(error, reason)
        self.release(error)

    def ready(self) -> JsPromise:
        """Settle when there is room."""
        error = self.endings.error
        if error is not None:
            return JsPromise.rejected(error)
        if self._strategy.high_water_mark > self._size or self._state is _State.CLOSED:
            return JsPromise.resolved(None)
        return self._room.wait()

    def release(self, error: BaseException) -> None:
        """Let whoever waits for room have an error."""
        self._room.tell(error)

    def check(self) -> None:
        """Raise what the stream has failed with."""
        if self.endings.error is not None:
            raise self.endings.error

    # -- one after the other

    def _refusal(self) -> BaseException | None:
        if self._state is _State.ERRORED:
            return self.endings.error
        if self._state is not _State.WRITABLE:
            return JsTypeError(CLOSED)
        return None

    def _ask(self, action: Callable[[], Awaitable[Any]], size: int) -> asyncio.Future[None]:
        self._loan.used()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((action, size, future))
        self._size += size
        self._go_on()
        return future

    def _go_on(self) -> None:
        if self._queue and not self._is_writing:
            self._is_writing = True
            self._loan.run(self._work)

    async def _work(self) -> None:
        while self._queue:
            action, size, self._in_flight = self._queue.popleft()
            await self._run(action, self._in_flight)
            self._in_flight = None
            if self._state is not _State.ERRORED:
                self._size -= size
                self._has_room()
        self._is_writing = False

    async def _run(
        self, action: Callable[[], Awaitable[Any]], future: asyncio.Future[None]
    ) -> None:
        try:
            await action()
        except Exception as error:  # noqa: BLE001 - it is for the writers
            self.error(error)
            fail(future, error)
        else:
            if not future.done():
                future.set_result(None)

    async def _call(self, name: str, *arguments: Any) -> None:
        method = self._sink[name]
        if method is not None:
            result = pinned(method, *arguments)
            if inspect.isawaitable(result):
                await called_back(result)

    async def _close(self) -> None:
        await self._call("close")
        if self._state is _State.CLOSING:
            self._state = _State.CLOSED
            self._loan.returned()
            self.endings.end(None)

    def _has_room(self) -> None:
        if self._strategy.high_water_mark > self._size or self._state is _State.CLOSED:
            self._room.tell()


class WritableStreamDefaultController(JsProxy, metaclass=RuntimeClass):
    """What a sink may do to its stream."""

    __slots__ = ("_signal", "_writes")

    def __init__(self, writes: QueuedWrites) -> None:
        self._writes = writes
        self._signal: AbortSignal | None = None

    @property
    def signal(self) -> AbortSignal:
        """Aborts when the stream is aborted, while the sink may still be at work."""
        if self._signal is None:
            self._signal = AbortSignal.made()
        return self._signal

    def aborted(self, reason: Any) -> None:
        """Abort the signal."""
        self.signal.abort_for(reason)

    def error(self, reason: Any = None, *_: object) -> None:
        """End the stream at once; writers get `reason`."""
        self._writes.error(reason)


def fail(future: asyncio.Future[None], error: BaseException) -> None:
    """Let a future fail, unless it has ended before; nobody has to wait for it."""
    if not future.done():
        future.set_exception(error)
        future.exception()

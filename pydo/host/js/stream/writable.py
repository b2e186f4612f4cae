"""`WritableStream`: chunks go to a sink one after the other, each when the last is done.

Source: src/workerd/api/streams/writable.{h,c++}.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any

from pydo.host.js.error import JsTypeError
from pydo.host.js.stream.lending import Loan
from pydo.host.js.stream.strategy import Strategy, member
from pydo.host.js.text import js_number
from pydo.host.js.value import JsProxy, NativeClass, jsnull, options, plain_number
from pydo.host.portability.bridge import raw
from pydo.host.promise import JsPromise, rejection
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["WritableStream", "WritableStreamDefaultController", "WritableStreamDefaultWriter"]

_LOCKED = "This WritableStream is currently locked to a writer."
_CLOSED = "This WritableStream has been closed."
_RELEASED = "This WritableStream writer has been released."


class _State(Enum):
    WRITABLE = "writable"
    CLOSING = "closing"
    CLOSED = "closed"
    ERRORED = "errored"


class WritableStream(JsProxy, metaclass=NativeClass):
    """Somewhere to write chunks to."""

    __slots__ = (
        "__dict__",
        "_error",
        "_is_writing",
        "_loan",
        "_queue",
        "_sink",
        "_size",
        "_state",
        "_strategy",
        "_waiting",
        "controller",
        "locked_by",
    )

    controller: WritableStreamDefaultController
    locked_by: object | None
    _loan: Loan

    def __init__(self, sink: Any = None, strategy: Any = None, /, *_: Any, **named: Any) -> None:
        self._begin(options(sink, named) if named else sink, Strategy(strategy, 1))
        start = member(self._sink, "start")
        result = None if start is None else pinned(start, self.controller)
        if inspect.isawaitable(result):
            self._is_writing = True
            self._loan.run(self._started, result)

    @classmethod
    def of_sink(cls, sink: Any, strategy: Strategy) -> WritableStream:
        """Make a stream into a sink of the host's own."""
        self: WritableStream = object.__new__(cls)
        self._begin(sink, strategy)
        return self

    def _begin(self, sink: Any, strategy: Strategy) -> None:
        self._sink = sink
        self._strategy = strategy
        self._queue: deque[tuple[Callable[[], Any], float, asyncio.Future[None]]] = deque()
        self._size = 0.0
        self._state = _State.WRITABLE
        self._error: BaseException | None = None
        self._is_writing = False
        self._waiting: list[asyncio.Future[None]] = []  # for room
        self._loan = Loan(self.error)
        self.locked_by = None
        self.controller = WritableStreamDefaultController.new(self)

    async def _started(self, result: Any) -> None:
        try:
            await result
        except Exception as error:  # noqa: BLE001 - it is for the writers
            self.error(error)
        finally:
            self._is_writing = False
            self._go_on()

    @property
    def locked(self) -> bool:
        """Whether a writer holds the stream."""
        return self.locked_by is not None

    def getWriter(self, *_: object) -> WritableStreamDefaultWriter:
        """Give the writer that the stream is locked to.

        Raises:
            JsException: a `TypeError` when another one holds it.

        """
        return WritableStreamDefaultWriter.new(self)

    def abort(self, reason: Any = None, *_: object) -> JsPromise:
        """End the stream at once; what is not written yet is lost."""
        if self.locked:
            return JsPromise.rejected(JsTypeError(_LOCKED))
        return JsPromise.of(self.fail(reason))

    def close(self, *_: object) -> JsPromise:
        """End the stream when everything is written."""
        if self.locked:
            return JsPromise.rejected(JsTypeError(_LOCKED))
        return self._closing()

    # -- for the host: whoever holds the stream

    @property
    def desired_size(self) -> Any:
        """How much more may be written before writers should wait."""
        if self._state is _State.ERRORED:
            return jsnull
        if self._state is _State.CLOSED:
            return 0
        return plain_number(float(self._strategy.high_water_mark - self._size))

    def write(self, chunk: Any) -> JsPromise:
        """Write a chunk; settles when the sink has taken it."""
        refused = self._refusal()
        if refused is not None:
            return JsPromise.rejected(refused)
        size = js_number(self._strategy.size(chunk))
        return JsPromise.of(self._ask(lambda: self._to_sink("write", chunk, self.controller), size))

    def finish(self) -> JsPromise:
        """End the stream when everything is written, unless it has ended."""
        if self._state in (_State.CLOSED, _State.CLOSING):
            return JsPromise.resolved(None)
        return self._closing()

    def _closing(self) -> JsPromise:
        refused = self._refusal()
        if refused is not None:
            return JsPromise.rejected(refused)
        self._state = _State.CLOSING
        return JsPromise.of(self._ask(self._close_sink, 0))

    async def _close_sink(self) -> None:
        await self._to_sink("close")
        self._state = _State.CLOSED
        self._loan.returned()

    async def fail(self, reason: Any) -> None:
        """End the stream at once, and tell the sink why."""
        if self._state in (_State.CLOSED, _State.ERRORED):
            return
        abort = member(self._sink, "abort")
        self.error(reason)
        if abort is not None:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._loan.run(self._run, lambda: self._call(abort, reason), done)
            await done

    def error(self, reason: Any = None) -> None:
        """End the stream at once; writers get `reason`."""
        if self._state in (_State.CLOSED, _State.ERRORED):
            return
        self._state, self._error = _State.ERRORED, rejection(reason)
        queue, self._queue = self._queue, deque()
        for _, _, future in queue:
            _fail(future, self._error)
        self._size = 0
        self._has_room()
        self._loan.returned()

    def ready(self) -> JsPromise:
        """Settle when there is room."""
        if self._error is not None:
            return JsPromise.rejected(self._error)
        if self._strategy.high_water_mark - self._size > 0 or self._state is _State.CLOSED:
            return JsPromise.resolved(None)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return JsPromise.of(future)

    def check(self) -> None:
        """Raise what the stream has failed with."""
        if self._error is not None:
            raise self._error

    async def ended(self) -> None:
        """Wait for the end, and raise what the stream has failed with."""
        while self._state in (_State.WRITABLE, _State.CLOSING):
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
        if self._error is not None:
            raise self._error

    # -- one after the other

    def _refusal(self) -> BaseException | None:
        if self._state is _State.ERRORED:
            return self._error
        if self._state is not _State.WRITABLE:
            return JsTypeError(_CLOSED)
        return None

    def _ask(self, action: Callable[[], Awaitable[Any]], size: float) -> asyncio.Future[None]:
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
            action, size, future = self._queue.popleft()
            await self._run(action, future)
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
            _fail(future, error)
        else:
            if not future.done():
                future.set_result(None)

    async def _to_sink(self, name: str, *arguments: Any) -> None:
        method = member(self._sink, name)
        if method is not None:
            await self._call(method, *arguments)

    async def _call(self, method: Callable[..., Any], *arguments: Any) -> None:
        result = pinned(method, *arguments)
        if inspect.isawaitable(result):
            await result

    def _has_room(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


class WritableStreamDefaultController(JsProxy, metaclass=NativeClass):
    """What a sink may do to its stream."""

    __slots__ = ("_stream",)

    def __init__(self, stream: WritableStream) -> None:
        self._stream = stream

    def error(self, reason: Any = None, *_: object) -> None:
        """End the stream at once; writers get `reason`."""
        self._stream.error(reason)


class WritableStreamDefaultWriter(JsProxy, metaclass=NativeClass):
    """The one writer of a stream, until it lets go."""

    __slots__ = ("__dict__", "_stream")

    def __init__(self, stream: Any = None, *_: object) -> None:
        if not isinstance(stream, WritableStream):
            raise JsTypeError(
                "Failed to construct 'WritableStreamDefaultWriter': constructor parameter 1 is not"
                " of type 'WritableStream'."
            )
        if stream.locked:
            raise JsTypeError(_LOCKED)
        stream.locked_by = self
        self._stream: WritableStream | None = stream

    @property
    def closed(self) -> JsPromise:
        """A promise that settles when the stream has ended, or the writer was released."""
        if self._stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        promise = JsPromise.of(self._stream.ended())
        if promise.future is not None:
            promise.future.add_done_callback(_need_not_be_awaited)
        return promise

    @property
    def ready(self) -> JsPromise:
        """A promise that settles when there is room."""
        if self._stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        return self._stream.ready()

    @property
    def desiredSize(self) -> Any:
        """How much more may be written before one should wait; null after an error.

        Raises:
            JsException: a `TypeError` when the writer was released.

        """
        if self._stream is None:
            raise JsTypeError(_RELEASED)
        return self._stream.desired_size

    def write(self, chunk: Any = None, *_: object) -> JsPromise:
        """Write a chunk; settles when the sink has taken it."""
        raw(chunk, "write")
        if self._stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        return self._stream.write(chunk)

    def close(self, *_: object) -> JsPromise:
        """End the stream when everything is written."""
        if self._stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        return self._stream._closing()  # noqa: SLF001 - the two are one

    def abort(self, reason: Any = None, *_: object) -> JsPromise:
        """End the stream at once."""
        if self._stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        return JsPromise.of(self._stream.fail(reason))

    def releaseLock(self, *_: object) -> None:
        """Let the stream go."""
        if self._stream is not None:
            self._stream.locked_by = None
            self._stream = None


def _fail(future: asyncio.Future[None], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _need_not_be_awaited(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()

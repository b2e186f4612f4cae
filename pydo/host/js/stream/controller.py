"""The controller of a readable stream: what a source puts in, and what readers take out.

Sources: the Streams standard, src/workerd/api/streams/standard.{h,c++}.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pydo.host.js.buffer import bytes_of
from pydo.host.js.error import JsTypeError
from pydo.host.js.illegal import RuntimeClass
from pydo.host.js.stream.lending import Loan
from pydo.host.js.stream.strategy import Strategy, callback
from pydo.host.js.value import JsProxy, jsnull
from pydo.host.portability.bridge import raw
from pydo.host.promise import rejection
from pydo.host.pythonerror import called_back, python_error
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["END", "NOT_YET", "Read", "ReadableStreamDefaultController", "State"]

END: Final = object()  # what a source gives after its last chunk
NOT_YET: Final = object()  # what it gives when whoever reads has to wait

_SOURCE = "UnderlyingSource"


class State(Enum):
    """How far a stream is."""

    READABLE = "readable"
    CLOSING = "closed, with chunks left"
    CLOSED = "closed"
    ERRORED = "errored"


class Read:
    """Who waits for a chunk, and whether that is somebody outside the owner of the stream."""

    __slots__ = ("future", "is_outside")

    def __init__(self, *, is_outside: bool) -> None:
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.is_outside = is_outside


class ReadableStreamDefaultController(JsProxy, metaclass=RuntimeClass):
    """The queue between a source's callbacks and the readers of its stream."""

    __slots__ = (
        "_again",
        "_cancel",
        "_error",
        "_is_pulling",
        "_is_started",
        "_loan",
        "_on_end",
        "_pull",
        "_queue",
        "_reads",
        "_size",
        "_state",
        "_strategy",
    )

    def __init__(self, source: Any, strategy: Strategy) -> None:
        self._strategy = strategy
        self._pull: Callable[[Any], Any] | None = callback(source, "pull", _SOURCE)
        self._cancel: Callable[[Any], Any] | None = callback(source, "cancel", _SOURCE)
        self._queue: deque[tuple[Any, int]] = deque()
        self._size = 0
        self._reads: deque[Any] = deque()
        self._state = State.READABLE
        self._error: BaseException | None = None
        self._on_end: Callable[[BaseException | None], object] | None = None
        self._is_started = self._is_pulling = self._again = False
        self._loan = Loan(self.error)

    def start(self, source: Any) -> None:
        """Run the source's `start`; the first `pull` comes after it."""
        start = callback(source, "start", _SOURCE)
        try:
            result = None if start is None else pinned(start, self)
        except Exception as error:  # noqa: BLE001 - in workerd it is for the readers as well
            self.error(python_error(error))
            return
        if inspect.isawaitable(result):
            self._loan.run(self._started_later, result)
        else:
            self._is_started = True
            if self._pull is not None and self.wants:
                self._loan.run(self.pull_if_wanted)

    async def _started_later(self, result: Any) -> None:
        try:
            await called_back(result)
        except Exception as error:  # noqa: BLE001 - it is for the readers
            self.error(python_error(error))
        else:
            self._started()

    def _started(self) -> None:
        self._is_started = True
        self.pull_if_wanted()

    # -- what the source does

    @property
    def desiredSize(self) -> Any:
        """How much more the queue should get; null after an error."""
        if self._state is State.ERRORED:
            return jsnull
        if self._state is State.CLOSED:
            return 0
        return self._strategy.high_water_mark - self._size

    def enqueue(self, chunk: Any = None, *_: object) -> None:
        """Put a chunk into the queue, or into the hands of who waits for it.

        Raises:
            JsException: a `TypeError` when the stream has ended.

        """
        raw(chunk, "enqueue")
        if self._state is not State.READABLE:
            raise JsTypeError("Unable to enqueue")
        if not self._give(chunk):
            self._keep(chunk)
        self.pull_if_wanted()

    def _keep(self, chunk: Any) -> None:
        try:
            size = self._strategy.size(chunk)
        except Exception as error:  # noqa: BLE001 - it is for the readers
            self.error(python_error(error))
        else:
            self._queue.append((chunk, size))
            self._size += size

    def close(self, *_: object) -> None:
        """End the stream after what is in the queue.

        Raises:
            JsException: a `TypeError` when it has ended.

        """
        if self._state is not State.READABLE:
            raise JsTypeError("This ReadableStream is closed.")
        if self._queue:
            self._state = State.CLOSING
        else:
            self._end(State.CLOSED)

    def error(self, reason: Any = None, *_: object) -> None:
        """End the stream at once: everyone who reads gets `reason`."""
        if self._state not in (State.CLOSED, State.ERRORED):
            self._error = rejection(reason)
            self._queue.clear()
            self._end(State.ERRORED)

    def _end(self, state: State) -> None:
        self._state = state
        self._pull = self._cancel = None
        self._loan.returned()
        reads, self._reads = self._reads, deque()
        for read in reads:
            if self._error is None:
                self._answer(read, END)
            else:
                self._loan.give(partial(_fail, read.future, self._error), outside=read.is_outside)
        if self._on_end is not None:
            self._on_end(self._error)

    def _give(self, chunk: Any) -> bool:
        """Hand a chunk to the first who waits; False when nobody does."""
        while self._reads:
            read = self._reads.popleft()
            if not read.future.done():
                self._answer(read, chunk)
                return True
        return False

    def _answer(self, read: Read, chunk: Any) -> None:
        self._loan.give(partial(_fulfil, read.future, chunk), outside=read.is_outside)

    # -- what the readers do

    @property
    def is_open(self) -> bool:
        """Whether chunks may still be put in."""
        return self._state is State.READABLE

    @property
    def wants(self) -> bool:
        """Whether somebody waits for a chunk, or the queue has room."""
        if self._state is not State.READABLE:
            return False
        return bool(self._reads) or self._strategy.high_water_mark > self._size

    def tell(self, on_end: Callable[[BaseException | None], object]) -> None:
        """Let `on_end` hear that there is nothing more to read, with the error if it is one."""
        self._on_end = on_end
        if self._state in (State.CLOSED, State.ERRORED):
            on_end(self._error)

    async def next(self) -> Any:
        """Give the next chunk, or `END`.

        Raises:
            Exception: what the source has failed with.

        """
        chunk = self.take_now()
        return await self.arrival(self.coming()) if chunk is NOT_YET else chunk

    def take_now(self) -> Any:
        """Give the next chunk if it is there, `END` or `NOT_YET`.

        Raises:
            Exception: what the source has failed with.

        """
        if self._queue:
            self._loan.used()
            return self._take()
        if self._state is State.CLOSED:
            return END
        self._check()
        return NOT_YET

    def _check(self) -> None:
        if self._error is not None:
            raise self._loan.crossing(self._error)

    def coming(self) -> asyncio.Future[Any]:
        """Ask for the chunk after those that others have asked for."""
        return self._ask(Read(is_outside=self._loan.used()))

    async def arrival(self, coming: asyncio.Future[Any]) -> Any:
        """Wait for a chunk that was asked for.

        Raises:
            Exception: what the source has failed with.

        """
        try:
            return await coming
        except Exception as error:
            crossing = self._loan.crossing(error)
            if crossing is error:
                raise
            raise crossing from error

    def _ask(self, read: Read) -> asyncio.Future[Any]:
        self._reads.append(read)
        self.pull_if_wanted()
        return read.future

    def forsake(self, error: BaseException) -> None:
        """Fail everyone who waits: the chunks are for others."""
        reads, self._reads = self._reads, deque()
        for read in reads:
            _fail(read.future, error)

    def _take(self) -> Any:
        chunk, size = self._queue.popleft()
        self._size -= size
        self._look_after()
        return chunk

    def _look_after(self) -> None:
        if not self._queue and self._state is State.CLOSING:
            self._end(State.CLOSED)
        self.pull_if_wanted()

    def take_whole(self) -> bytes | None:
        """Give all bytes if they are all there; else None, and nothing is taken."""
        if self._state is not State.CLOSING and self._state is not State.CLOSED:
            return None
        chunks: list[bytes] = []
        for chunk, _ in self._queue:
            data = bytes_of(chunk)
            if data is None:  # an error, for whoever comes to it
                return None
            chunks.append(data)
        self._queue.clear()
        if self._state is State.CLOSING:
            self._end(State.CLOSED)
        return b"".join(chunks)

    async def cancel(self, reason: Any) -> None:
        """Tell the source that nobody wants the rest.

        Raises:
            Exception: what its `cancel` raises.

        """
        self._check()
        if self._loan.is_elsewhere:
            reason = None  # it is not carried over
        cancel = self._cancel
        self._queue.clear()
        if self._state is not State.CLOSED:
            self._end(State.CLOSED)
        if cancel is None:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._loan.run(_cancel, cancel, reason, done)
        await done

    # -- between the two

    def pull_if_wanted(self) -> None:
        """Ask the source for more, unless it is being asked."""
        if self._pull is None or not self._is_started or not self.wants:
            return
        if self._is_pulling:
            self._again = True
            return
        self._is_pulling = True
        self._loan.run(self._pull_now)

    async def _pull_now(self) -> None:
        try:
            while self._pull is not None:
                self._again = False
                result = pinned(self._pull, self)
                if inspect.isawaitable(result):
                    await called_back(result)
                if not (self._again and self.wants):
                    break
        except Exception as error:  # noqa: BLE001 - it is for the readers
            self.error(python_error(error))
        finally:
            self._is_pulling = False


async def _cancel(cancel: Callable[[Any], Any], reason: Any, done: asyncio.Future[None]) -> None:
    try:
        result = cancel(reason)
        if inspect.isawaitable(result):
            await called_back(result)
    except Exception as error:  # noqa: BLE001 - it is for the one who cancels
        _fail(done, error)
    else:
        _fulfil(done, None)


def _fulfil(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)

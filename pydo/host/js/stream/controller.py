"""The controllers of readable streams: what a source puts in, and what readers take out.

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
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.stream.lending import Loan
from pydo.host.js.stream.strategy import Strategy, member
from pydo.host.js.text import js_number
from pydo.host.js.value import JsProxy, NativeClass, jsnull, plain_number
from pydo.host.portability.bridge import raw
from pydo.host.promise import rejection
from pydo.host.pythonerror import python_error
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["END", "ReadableByteStreamController", "ReadableStreamDefaultController"]

END: Final = object()  # what a source gives after its last chunk


class _State(Enum):
    READABLE = "readable"
    CLOSING = "closed, with chunks left"
    CLOSED = "closed"
    ERRORED = "errored"


class ReadableStreamDefaultController(JsProxy, metaclass=NativeClass):
    """The queue between a source's callbacks and the readers of its stream."""

    __slots__ = (
        "_again",
        "_cancel",
        "_error",
        "_is_pulling",
        "_is_started",
        "_loan",
        "_pull",
        "_queue",
        "_reads",
        "_size",
        "_state",
        "_strategy",
    )

    def __init__(self, source: Any, strategy: Strategy) -> None:
        self._strategy = strategy
        self._pull: Callable[[Any], Any] | None = member(source, "pull")
        self._cancel: Callable[[Any], Any] | None = member(source, "cancel")
        self._queue: deque[tuple[Any, float]] = deque()
        self._size = 0.0
        self._reads: deque[tuple[asyncio.Future[Any], bool]] = deque()
        self._state = _State.READABLE
        self._error: BaseException | None = None
        self._is_started = self._is_pulling = self._again = False
        self._loan = Loan(self.error)

    def start(self, source: Any) -> None:
        """Run the source's `start`; the first `pull` comes after it."""
        start = member(source, "start")
        result = None if start is None else pinned(start, self)
        if inspect.isawaitable(result):
            self._loan.run(self._started_later, result)
        elif self._pull is not None:
            self._loan.run(self._started)
        else:
            self._is_started = True

    async def _started_later(self, result: Any) -> None:
        try:
            await result
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
        if self._state is _State.ERRORED:
            return jsnull
        if self._state is _State.CLOSED:
            return 0
        return plain_number(float(self._strategy.high_water_mark - self._size))

    def enqueue(self, chunk: Any = None, *_: object) -> None:
        """Put a chunk into the queue, or into the hands of who waits for it.

        Raises:
            JsException: a `TypeError` when the stream has ended.

        """
        raw(chunk, "enqueue")
        if self._state is not _State.READABLE:
            raise JsTypeError("Unable to enqueue")
        if not self._give(chunk):
            size = js_number(self._strategy.size(chunk))
            self._queue.append((chunk, size))
            self._size += size
        self.pull_if_wanted()

    def close(self, *_: object) -> None:
        """End the stream after what is in the queue.

        Raises:
            JsException: a `TypeError` when it has ended.

        """
        if self._state is not _State.READABLE:
            raise JsTypeError("This ReadableStream is closed.")
        if self._queue:
            self._state = _State.CLOSING
        else:
            self._end(_State.CLOSED)
            while self._give(END):
                pass

    def finish(self) -> None:
        """End the stream after what is in the queue, unless it has ended."""
        if self._state is _State.READABLE:
            self.close()

    def error(self, reason: Any = None, *_: object) -> None:
        """End the stream at once: everyone who reads gets `reason`."""
        if self._state in (_State.CLOSED, _State.ERRORED):
            return
        self._error = rejection(reason)
        self._queue.clear()
        self._end(_State.ERRORED)
        while self._reads:
            future, outside = self._reads.popleft()
            self._loan.give(partial(_fail, future, self._error), outside=outside)

    def _end(self, state: _State) -> None:
        self._state = state
        self._pull = self._cancel = None
        self._loan.returned()

    def _give(self, chunk: Any) -> bool:
        """Hand a chunk to the first who waits; False when nobody does."""
        while self._reads:
            future, outside = self._reads.popleft()
            if not future.done():
                self._loan.give(partial(_fulfil, future, chunk), outside=outside)
                return True
        return False

    # -- what the readers do

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing more to read, and never will be."""
        return self._state is _State.CLOSED

    @property
    def wants(self) -> bool:
        """Whether somebody waits for a chunk, or the queue has room."""
        if self._state is not _State.READABLE:
            return False
        return bool(self._reads) or self._strategy.high_water_mark - self._size > 0

    async def next(self) -> Any:
        """Give the next chunk, or `END`.

        Raises:
            Exception: what the source has failed with.

        """
        outside = self._loan.used()
        if self._queue:
            return self._take()
        if self._state is _State.CLOSED:
            return END
        if self._state is _State.ERRORED:
            assert self._error is not None, "it has failed with an error"
            raise self._error
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._reads.append((future, outside))
        self.pull_if_wanted()
        return await future

    def _take(self) -> Any:
        chunk, size = self._queue.popleft()
        self._size -= size
        if not self._queue and self._state is _State.CLOSING:
            self._end(_State.CLOSED)
        self.pull_if_wanted()
        return chunk

    def take_whole(self) -> bytes | None:
        """Give all bytes if they are all there; else None, and nothing is taken."""
        if self._state is not _State.CLOSING and self._state is not _State.CLOSED:
            return None
        chunks: list[bytes] = []
        for chunk, _ in self._queue:
            data = bytes_of(chunk)
            if data is None:  # an error, for whoever comes to it
                return None
            chunks.append(data)
        self._queue.clear()
        self._end(_State.CLOSED)
        return b"".join(chunks)

    async def cancel(self, reason: Any) -> None:
        """Tell the source that nobody wants the rest.

        Raises:
            Exception: what its `cancel` raises.

        """
        if self._state is _State.ERRORED:
            assert self._error is not None, "it has failed with an error"
            raise self._error
        cancel = self._cancel
        self._queue.clear()
        if self._state is not _State.CLOSED:
            self._end(_State.CLOSED)
        while self._give(END):
            pass
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
                    await result
                if not (self._again and self.wants):
                    break
        except Exception as error:  # noqa: BLE001 - it is for the readers
            self.error(python_error(error))
        finally:
            self._is_pulling = False


class ReadableByteStreamController(ReadableStreamDefaultController):
    """The controller of a stream of bytes."""

    __slots__ = ()

    @property
    def byobRequest(self) -> Any:
        """The view that a reader wants filled: null, since chunks are copied into it."""
        return jsnull

    def enqueue(self, chunk: Any = None, *_: object) -> None:
        """Put the bytes of a buffer into the queue.

        Raises:
            JsException: a `TypeError` for what is no buffer, or when the stream has ended.

        """
        raw(chunk, "enqueue")
        data = bytes_of(chunk)
        if data is None:
            raise JsTypeError(
                "Failed to execute 'enqueue' on 'ReadableByteStreamController': parameter 1 is"
                " not of type 'BufferSource'."
            )
        super().enqueue(Uint8Array.new(bytearray(data)))


async def _cancel(cancel: Callable[[Any], Any], reason: Any, done: asyncio.Future[None]) -> None:
    try:
        result = cancel(reason)
        if inspect.isawaitable(result):
            await result
    except Exception as error:  # noqa: BLE001 - it is for the one who cancels
        _fail(done, error)
    else:
        _fulfil(done, None)


def _fulfil(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any], error: BaseException | None) -> None:
    if not future.done():
        assert error is not None, "it has failed with an error"
        future.set_exception(error)

"""The controller of a stream of bytes: chunks of them, or views that readers want filled.

Source: src/workerd/api/streams/standard.c++ (`ReadableByteStreamController`,
`ReadableStreamBYOBRequest`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.buffer import ArrayBuffer, BufferView, bytes_of
from pydo.host.js.error import JsRangeError, JsTypeError
from pydo.host.js.illegal import RuntimeClass, made
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.stream.controller import Read, ReadableStreamDefaultController, State
from pydo.host.js.stream.strategy import Strategy, member
from pydo.host.js.value import JsProxy, jsnull
from pydo.host.portability.bridge import raw
from pydo.host.taken import unsigned_64

if TYPE_CHECKING:
    import asyncio

__all__ = ["ReadableByteStreamController", "ReadableStreamBYOBRequest", "Region"]


class Region:
    """The part of a buffer that is to be filled, with at least so many bytes."""

    __slots__ = ("_buffer", "_length", "_offset", "filled", "least")

    def __init__(self, buffer: ArrayBuffer, offset: int, length: int, least: int) -> None:
        self._buffer = buffer
        self._offset = offset
        self._length = length
        self.least = least
        self.filled = 0

    @property
    def room(self) -> int:
        """How many bytes there is room for."""
        return self._length - self.filled

    @property
    def is_filled(self) -> bool:
        """Whether there are as many bytes as there have to be."""
        return self.filled >= self.least

    def put(self, data: bytes | memoryview) -> int:
        """Copy in as much as there is room for; gives how much that was."""
        taken = min(len(data), self.room)
        start = self._offset + self.filled
        self._buffer.view()[start : start + taken] = data[:taken]
        self.filled += taken
        return taken

    def rest(self) -> Any:
        """View what is still to be filled."""
        return Uint8Array.new(self._buffer, self._offset + self.filled, self.room)

    def content(self) -> Any:
        """View what is filled."""
        return Uint8Array.new(self._buffer, self._offset, self.filled)


class _RegionRead(Read):
    """Who waits for a region to be filled."""

    __slots__ = ("region", "request")

    def __init__(self, region: Region, *, is_outside: bool) -> None:
        super().__init__(is_outside=is_outside)
        self.region = region
        self.request: ReadableStreamBYOBRequest | None = None


class ReadableByteStreamController(ReadableStreamDefaultController):
    """The controller of a stream of bytes."""

    __slots__ = ("_allocated",)

    def __init__(self, source: Any, strategy: Strategy) -> None:
        super().__init__(source, strategy)
        size = member(source, "autoAllocateChunkSize")
        self._allocated = None if size is None else unsigned_64(size)

    @property
    def byobRequest(self) -> Any:
        """What the first reader who waits wants filled, or null."""
        read = self._first()
        if read is None:
            return jsnull
        if read.request is None:
            read.request = made(ReadableStreamBYOBRequest, self, read.region)
        return read.request

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
        if not data:
            raise JsTypeError("Cannot enqueue a zero-length ArrayBuffer.")
        if self._state is not State.READABLE:
            raise JsTypeError("Unable to enqueue")
        while data and (read := self._first()) is not None:
            data = data[read.region.put(data) :]
            self._settle(read)
        if data:
            super().enqueue(Uint8Array.new(bytearray(data)))
        else:
            self.pull_if_wanted()

    def _first(self) -> _RegionRead | None:
        while self._reads and self._reads[0].future.done():
            self._reads.popleft()
        read = self._reads[0] if self._reads else None
        return read if isinstance(read, _RegionRead) else None

    def _settle(self, read: _RegionRead) -> None:
        if read.region.is_filled:
            self._reads.popleft()
            self._answer(read, read.region.content())
        if read.request is not None:
            read.request.invalidate()
            read.request = None

    def filled_by(self, request: ReadableStreamBYOBRequest, count: int) -> None:
        """Take note of bytes that the source has written into what a reader wants filled."""
        read = self._first()
        assert read is not None, "there is a request as long as somebody waits"
        assert read.request is request, "it is the first who waits"
        read.region.filled += count
        self._settle(read)
        self.pull_if_wanted()

    # -- what the readers do

    def coming(self) -> asyncio.Future[Any]:
        """Ask for the chunk after those that others have asked for."""
        if self._allocated is None or self._pull is None:
            return super().coming()
        region = Region(ArrayBuffer.new(self._allocated), 0, self._allocated, 1)
        return self.filling(region)

    def fill_now(self, region: Region) -> bool:
        """Fill a region with what is there; tells whether there is nothing to wait for.

        Raises:
            Exception: what the source has failed with.

        """
        self._check()
        while self._queue and region.room:
            chunk, size = self._queue.popleft()
            taken = region.put(chunk.view())
            self._size -= taken
            if taken < size:
                self._queue.appendleft((chunk.subarray(taken), size - taken))
        self._look_after()
        return region.is_filled or self._state is State.CLOSED

    def filling(self, region: Region) -> asyncio.Future[Any]:
        """Ask for a region to be filled, after what others have asked for; gives its content."""
        return self._ask(_RegionRead(region, is_outside=self._loan.used()))


class ReadableStreamBYOBRequest(JsProxy, metaclass=RuntimeClass):
    """A view that a reader wants filled; it is of no use once the source has responded."""

    __slots__ = ("_controller", "_region", "view")

    def __init__(self, controller: ReadableByteStreamController, region: Region) -> None:
        self._controller: ReadableByteStreamController | None = controller
        self._region = region
        self.view: Any = region.rest()

    @property
    def atLeast(self) -> Any:
        """How many bytes are wanted at least; null when it is of no use any more."""
        if self._controller is None:
            return jsnull
        return max(self._region.least - self._region.filled, 1)

    def respond(self, count: Any = None, *_: object) -> None:
        """Say how many bytes were written into the view.

        Raises:
            JsException: a `RangeError` for too many, a `TypeError` for none or when it is too late.

        """
        controller = self._valid()
        written = unsigned_64(count)
        if written > self._region.room:
            raise JsRangeError(f"Too many bytes [{written}] in response to a BYOB read request.")
        if controller.is_open and not written:
            raise JsTypeError("The bytesWritten must be more than zero while the stream is open.")
        controller.filled_by(self, written)

    def respondWithNewView(self, view: Any = None, *_: object) -> None:
        """Say that a view, of the same buffer, holds the bytes.

        Raises:
            JsException: as of `respond`.

        """
        self._valid()
        if not isinstance(view, BufferView):
            raise JsTypeError(
                "Failed to execute 'respondWithNewView' on 'ReadableStreamBYOBRequest': parameter 1"
                " is not of type 'BufferSource'."
            )
        if view.buffer is not self.view.buffer:
            self._region.rest().set(Uint8Array.new(bytearray(view.view()[: self._region.room])))
        self.respond(view.byteLength)

    def invalidate(self) -> None:
        """Be of no use from now on."""
        self._controller, self.view = None, jsnull

    def _valid(self) -> ReadableByteStreamController:
        if self._controller is None:
            raise JsTypeError("This ReadableStreamBYOBRequest has been invalidated.")
        return self._controller

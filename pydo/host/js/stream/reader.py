"""The readers of a `ReadableStream`: each holds it until it lets go.

Source: src/workerd/api/streams/readable.c++ (`ReaderImpl`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydo.host.js.buffer import BufferView, bytes_of
from pydo.host.js.error import JsTypeError
from pydo.host.js.object import JsObject
from pydo.host.js.stream.bytecontroller import ReadableByteStreamController, Region
from pydo.host.js.stream.controller import END, NOT_YET
from pydo.host.js.typedarray import TypedArray
from pydo.host.js.value import JsProxy, NativeClass, options
from pydo.host.promise import JsPromise
from pydo.host.taken import unsigned_64

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from pydo.host.js.stream.readable import ReadableStream

__all__ = [
    "LOCKED",
    "ReadableStreamBYOBReader",
    "ReadableStreamDefaultReader",
    "Reader",
    "StreamIterator",
    "step",
]

LOCKED = "This ReadableStream is currently locked to a reader."
_RELEASED = "This ReadableStream reader has been released."
_ONE_AT_A_TIME = "This ReadableStream only supports a single pending read request at a time."
_OUTSTANDING = "Cannot call releaseLock() on a reader with outstanding read promises."


class Reader(JsProxy):
    """What both readers do."""

    __slots__ = ("__dict__", "_closed", "_is_reading", "stream")
    stream: ReadableStream | None

    def __init__(self, stream: Any = None, *_: object) -> None:
        if getattr(stream, "getReader", None) is None:
            raise JsTypeError(
                f"Failed to construct '{type(self).name}': constructor parameter 1 is "
                "not of type 'ReadableStream'."
            )
        if stream.locked:
            raise JsTypeError(LOCKED)
        stream.locked_by = self
        self.stream = stream
        self._closed: JsPromise | None = None
        self._is_reading = False  # what can be read from once at a time

    @property
    def closed(self) -> JsPromise:
        """A promise that settles when the stream has ended, or the reader was released."""
        if self._closed is None:
            stream = self.stream
            if stream is None:
                return JsPromise.rejected(JsTypeError(_RELEASED))
            self._closed = JsPromise.of(asyncio.get_running_loop().create_future())
            if stream.outcome is END:
                self.ended(None)
            elif stream.outcome is not None:
                self.ended(stream.outcome)
        return self._closed

    def releaseLock(self, *_: object) -> None:
        """Let the stream go; what is asked for and not there yet is for the next reader.

        Raises:
            JsException: a `TypeError` when that is to come from outside, and cannot be taken back.

        """
        stream = self.stream
        if stream is None:
            return
        if self._is_reading:
            raise JsTypeError(_OUTSTANDING)
        released = JsTypeError(_RELEASED)
        stream.forsake(released)
        stream.locked_by = None
        self.stream = None
        self.ended(released)

    def cancel(self, reason: Any = None, *_: object) -> JsPromise:
        """Give up the rest of the stream."""
        if self.stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        return JsPromise.of(self.stream.give_up(reason))

    def ended(self, error: BaseException | None) -> None:
        """Settle `closed`: the stream has ended, or failed with an error."""
        future = None if self._closed is None else self._closed.future
        if future is None or future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
            future.exception()  # nobody has to wait for it


class ReadableStreamDefaultReader(Reader, metaclass=NativeClass):
    """Reads chunk by chunk."""

    __slots__ = ()

    def read(self, *_: object) -> JsPromise:
        """Give the next chunk, as an object of `done` and `value`."""
        stream = self.stream
        if stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        if self._is_reading:
            return JsPromise.rejected(JsTypeError(_ONE_AT_A_TIME))
        try:
            chunk = stream.next_now()
        except Exception as error:  # noqa: BLE001 - a promise is what it is to be
            return JsPromise.rejected(error)
        if chunk is not NOT_YET:
            return JsPromise.resolved(step(chunk))
        coming = stream.coming()
        if coming is not None:
            return JsPromise.of(_stepped(coming))
        self._is_reading = True
        return JsPromise.of(self._read(stream))

    async def _read(self, stream: ReadableStream) -> JsObject:
        try:
            return step(await stream.next())
        finally:
            self._is_reading = False


class ReadableStreamBYOBReader(Reader, metaclass=NativeClass):
    """Reads as many bytes as fit into a view, whose buffer it takes over."""

    __slots__ = ()

    def __init__(self, stream: Any = None, *rest: object) -> None:
        if not getattr(stream, "is_bytes", True):
            raise JsTypeError("This ReadableStream does not support BYOB reads.")
        super().__init__(stream, *rest)

    def read(self, view: Any = None, given: Any = None, *_: object, **named: Any) -> JsPromise:
        """Give up to as many bytes as the view has, as an object of `done` and `value`.

        The option `min` says how many elements there have to be, unless the stream ends before.
        """
        least = options(given, named).get("min")
        return self._into(view, None if least is None else (least, _item_size(view)))

    def readAtLeast(self, least: Any = 1, view: Any = None, *_: object) -> JsPromise:
        """Give at least so many bytes, unless the stream ends before."""
        return self._into(view, (least, 1))

    def _into(self, view: Any, least: tuple[Any, int] | None) -> JsPromise:
        stream = self.stream
        if stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        if self._is_reading:
            return JsPromise.rejected(JsTypeError(_ONE_AT_A_TIME))
        try:
            target = _Target(view, least)
            source = stream.source
            if isinstance(source, ReadableByteStreamController):
                stream.disturbed = True
                if source.fill_now(target.region):
                    return JsPromise.resolved(target.step())
                return JsPromise.of(target.stepped(source.arrival(source.filling(target.region))))
        except Exception as error:  # noqa: BLE001 - a promise is what it is to be
            return JsPromise.rejected(error)
        self._is_reading = True
        return JsPromise.of(self._fill(stream, target))

    async def _fill(self, stream: ReadableStream, target: _Target) -> JsObject:
        region = target.region
        try:
            while not region.is_filled:
                chunk = await stream.next()
                if chunk is END:
                    break
                data = bytes_of(chunk) or b""
                stream.push_back(data[region.put(data) :])
        finally:
            self._is_reading = False
        return target.step()


class _Target:
    """A view that is to be filled; its buffer is another one from now on."""

    __slots__ = ("_kind", "_offset", "_size", "buffer", "region")

    def __init__(self, view: Any, least: tuple[Any, int] | None) -> None:
        if not isinstance(view, BufferView):
            raise JsTypeError(
                "Failed to execute 'read' on 'ReadableStreamBYOBReader': parameter 1 is not of"
                " type 'ArrayBufferView'."
            )
        length, self._size = view.byteLength, _item_size(view)
        if not length:
            raise JsTypeError(
                'You must call read() on a "byob" reader with a positive-sized TypedArray object.'
            )
        wanted = self._size if least is None else unsigned_64(least[0]) * least[1]
        if not wanted:
            raise JsTypeError(f"Requested invalid minimum number of bytes to read ({wanted}).")
        if wanted > length:
            raise JsTypeError(
                f"Minimum bytes to read ({wanted}) exceeds size of buffer ({length})."
            )
        self._kind, self._offset = type(view), view.byteOffset
        self.buffer = view.buffer.transfer()
        view.byteOffset = view.byteLength = 0
        self.region = Region(self.buffer, self._offset, length, wanted)

    def step(self) -> JsObject:
        """Give what `read` gives: the part of the view that is filled."""
        elements = self.region.filled // self._size
        value = self._kind.new(self.buffer, self._offset, elements)
        return JsObject({"value": value, "done": not self.region.filled})

    async def stepped(self, filling: Awaitable[Any]) -> JsObject:
        """Wait until it is filled, or the stream has ended."""
        await filling
        return self.step()


class StreamIterator(JsProxy, js_name="ReadableStreamAsyncIterator"):
    """Iterates over the chunks of a stream."""

    __slots__ = ("_prevents_cancel", "_reader")

    def __init__(self, reader: ReadableStreamDefaultReader, *, prevent_cancel: bool) -> None:
        self._reader = reader
        self._prevents_cancel = prevent_cancel

    def next(self, *_: object) -> JsPromise:
        """Give the next chunk, as an object of `done` and `value`."""
        return JsPromise.of(self._next())

    async def _next(self) -> JsObject:
        if self._reader.stream is None:  # it is over
            return step(END)
        result: JsObject = await self._reader.read()
        if result.done:
            self._reader.releaseLock()
        return result

    def return_(self, value: Any = None, *_: object) -> JsPromise:
        """Stop early."""
        return JsPromise.of(self._return(value))

    async def _return(self, value: Any) -> JsObject:
        stream = self._reader.stream
        if stream is not None:
            self._reader.releaseLock()
            if not self._prevents_cancel:
                await stream.cancel(value)
        return JsObject({"done": True, "value": value})

    def __aiter__(self) -> StreamIterator:
        return self

    async def __anext__(self) -> Any:
        result = await self._next()
        if result.done:
            raise StopAsyncIteration
        return result.value


def step(chunk: Any) -> JsObject:
    """Give what `read` gives for a chunk, or for the end."""
    if chunk is END:
        return JsObject({"value": None, "done": True})
    return JsObject({"value": chunk, "done": False})


async def _stepped(coming: Awaitable[Any]) -> JsObject:
    return step(await coming)


def _item_size(view: Any) -> int:
    return view.item_size() if isinstance(view, TypedArray) else 1

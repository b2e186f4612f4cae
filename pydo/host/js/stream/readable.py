"""`ReadableStream`: chunks to be read once, by one reader at a time.

A stream stands over bytes that are there, over a source of the host's own, or over callbacks of the
user's (`controller.py`).  Source: src/workerd/api/streams/readable.{h,c++}.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from pydo.host.js.array import JsArray
from pydo.host.js.buffer import bytes_of
from pydo.host.js.error import JsTypeError
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.stream.controller import (
    END,
    ReadableByteStreamController,
    ReadableStreamDefaultController,
)
from pydo.host.js.stream.pipe import pipe
from pydo.host.js.stream.reader import (
    LOCKED,
    ReadableStreamBYOBReader,
    ReadableStreamDefaultReader,
    StreamIterator,
    step,
)
from pydo.host.js.stream.source import Chunks, Outside
from pydo.host.js.stream.strategy import Strategy, member
from pydo.host.js.stream.tee import branches
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, NativeClass, iterated, options
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from pydo.host.js.object import JsObject
    from pydo.host.js.stream.source import Source
    from pydo.host.js.stream.writable import WritableStream

__all__ = ["ReadableStream", "joined"]

_NO_BYTES = "This ReadableStream did not return bytes."


class ReadableStreamClass(NativeClass):
    """`ReadableStream`, with its static function."""

    # A static method called "from", which is a keyword: Pyodide takes a trailing underscore off.
    def from_(cls, iterable: Any = None, *_: object) -> ReadableStream:
        """Make a stream of what an iterable gives, one that may wait too.

        Raises:
            JsException: a `TypeError` for what cannot be iterated.

        """
        if not hasattr(iterable, "__aiter__") and not hasattr(iterable, "__iter__"):
            raise JsTypeError("Failed to execute 'from' on 'ReadableStream': not iterable")
        return ReadableStream.of_chunks(_each(iterable))


class ReadableStream(JsProxy, metaclass=ReadableStreamClass):
    """Chunks to be read once."""

    __slots__ = (
        "__dict__",
        "content",
        "disturbed",
        "is_bytes",
        "length",
        "locked_by",
        "on_given_up",
        "pushed_back",
        "source",
    )

    content: bytes | None  # what is there, where nothing has to come
    source: Source | None
    disturbed: bool
    locked_by: object | None
    is_bytes: bool
    length: int | None  # of all that is to come, in bytes, where it is known
    on_given_up: Callable[[], object] | None  # hears that nobody wants a body's rest
    pushed_back: Any  # what a reader of some bytes has left of a chunk

    def __init__(self, source: Any = None, strategy: Any = None, /, *_: Any, **named: Any) -> None:
        given = options(source, named) if named or type(source) is dict else source
        kind = member(given, "type")
        if kind is not None and kind != "bytes":
            raise JsTypeError(f'"{js_string(kind)}" is not a valid type of ReadableStream.')
        self._begin(is_bytes=kind is not None)
        if kind is None:
            controller = ReadableStreamDefaultController.new(given, Strategy(strategy, 1))
        else:
            mark = member(strategy, "highWaterMark")
            controller = ReadableByteStreamController.new(given, Strategy.of_bytes(mark or 0))
        self.source = controller
        controller.start(given)

    def _begin(self, *, is_bytes: bool) -> None:
        self.content = self.source = self.locked_by = self.length = self.on_given_up = None
        self.disturbed, self.is_bytes = False, is_bytes
        self.pushed_back = END

    @classmethod
    def of_bytes(cls, content: bytes, *, disturbed: bool = False) -> ReadableStream:
        """Make a stream of bytes that are there."""
        self: ReadableStream = object.__new__(cls)
        self._begin(is_bytes=True)
        self.content, self.disturbed, self.length = content, disturbed, len(content)
        return self

    @classmethod
    def of_source(
        cls, source: Source, *, is_bytes: bool = True, length: int | None = None
    ) -> ReadableStream:
        """Make a stream of what the host itself gives."""
        self: ReadableStream = object.__new__(cls)
        self._begin(is_bytes=is_bytes)
        self.source, self.length = source, length
        return self

    @classmethod
    def of_chunks(cls, chunks: AsyncIterator[Any]) -> ReadableStream:
        """Make a stream of chunks that will come."""
        return cls.of_source(Chunks(chunks), is_bytes=False)

    @classmethod
    def of_outside(
        cls,
        read: Callable[[], Awaitable[bytes]],
        close: Callable[[], object] | None = None,
        length: int | None = None,
    ) -> ReadableStream:
        """Make a stream of what `read` gives, which ends with nothing; `close` gives it up."""
        return cls.of_source(Outside(read, close), length=length)

    @property
    def locked(self) -> bool:
        """Whether a reader holds the stream."""
        return self.locked_by is not None

    def getReader(self, init: Any = None, /, *_: Any, **named: Any) -> Any:
        """Give the reader that the stream is locked to.

        Raises:
            JsException: a `TypeError` when another one holds it.

        """
        mode = options(init, named).get("mode")
        if mode is None:
            return ReadableStreamDefaultReader.new(self)
        if mode != "byob":
            raise JsTypeError(
                f"{js_string(mode)} is not a valid value for the mode of a ReadableStream reader."
            )
        return ReadableStreamBYOBReader.new(self)

    def cancel(self, reason: Any = None, *_: object) -> JsPromise:
        """Give up the rest of the stream."""
        if self.locked:
            return JsPromise.rejected(JsTypeError(LOCKED))
        return JsPromise.of(self.give_up(reason))

    def tee(self, *_: object) -> JsArray:
        """Give two streams of the same chunks; this one is locked from now on.

        Raises:
            JsException: a `TypeError` when a reader holds it.

        """
        return JsArray(list(self.branches()))

    def pipeTo(
        self, destination: Any = None, init: Any = None, /, *_: Any, **named: Any
    ) -> JsPromise:
        """Write everything to a `WritableStream`; settles when it is written."""
        writable: WritableStream = destination
        if getattr(destination, "getWriter", None) is None:
            return JsPromise.rejected(
                JsTypeError(
                    "Failed to execute 'pipeTo' on 'ReadableStream': parameter 1 is not of type"
                    " 'WritableStream'."
                )
            )
        if self.locked:
            return JsPromise.rejected(JsTypeError(LOCKED))
        if writable.locked:
            return JsPromise.rejected(
                JsTypeError("This WritableStream is currently locked to a writer.")
            )
        return JsPromise.of(pipe(self, writable, options(init, named)))

    def pipeThrough(self, transform: Any = None, init: Any = None, /, *_: Any, **named: Any) -> Any:
        """Write everything to one side of a transform; gives the other side.

        Raises:
            JsException: a `TypeError` when either side is locked.

        """
        if self.locked:
            raise JsTypeError(LOCKED)
        promise = self.pipeTo(member(transform, "writable"), init, **named)
        if promise.future is not None:
            promise.future.add_done_callback(_told_by_the_streams)
        return member(transform, "readable")

    def values(self, init: Any = None, /, *_: object, **named: Any) -> StreamIterator:
        """Iterate over the chunks; stopping early cancels, unless `preventCancel` is set."""
        return StreamIterator(
            self.getReader(), prevent_cancel=bool(options(init, named).get("preventCancel"))
        )

    def __aiter__(self) -> StreamIterator:
        return self.values()

    # -- for the host

    def branches(self) -> tuple[ReadableStream, ReadableStream]:
        """Give two streams of the same chunks, as `tee` does."""
        if self.locked:
            # The comma is workerd's own: src/workerd/api/streams/readable.c++.
            raise JsTypeError("This ReadableStream is currently locked to a reader,")
        self.locked_by = self
        content, source = self.content, self.source
        self.disturbed, self.content, self.source = True, None, None
        if source is None:
            rest = content or b""
            return ReadableStream.of_bytes(rest), ReadableStream.of_bytes(rest)
        first, second = branches(source)
        return (
            ReadableStream.of_source(first, is_bytes=self.is_bytes, length=self.length),
            ReadableStream.of_source(second, is_bytes=self.is_bytes, length=self.length),
        )

    def take(self) -> bytes | ReadableStream:
        """Take what is left: the bytes if they are there, else the stream, locked and used."""
        source = self.source
        if isinstance(source, ReadableStreamDefaultController):
            whole = source.take_whole()
            if whole is not None:
                self.disturbed = True
                return whole
        self.disturbed = True
        if source is None:
            content, self.content = self.content, None
            return content or b""
        self.locked_by = self
        return self

    def successor(self) -> ReadableStream:
        """Give the stream that goes on where this one, which was taken, leaves off."""
        assert self.source is not None, "what is there was taken as bytes"
        stream = ReadableStream.of_source(self.source, is_bytes=self.is_bytes, length=self.length)
        stream.on_given_up = self.on_given_up
        return stream

    async def next(self) -> Any:
        """Give the next chunk as a JavaScript value, or `END`."""
        chunk = await self._next()
        return Uint8Array.new(bytearray(chunk)) if type(chunk) is bytes else chunk

    async def _next(self) -> Any:
        self.disturbed = True
        if self.pushed_back is not END:
            chunk, self.pushed_back = self.pushed_back, END
            return chunk
        if self.source is not None:
            chunk = await self.source.next()
            if chunk is END:
                self.on_given_up = None
            return chunk
        content, self.content = self.content, None
        return content or END

    def next_now(self) -> JsObject | None:
        """Give what `read` gives, where that is known without waiting."""
        if self.source is not None or self.pushed_back is not END:
            return None
        self.disturbed = True
        content, self.content = self.content, None
        return step(Uint8Array.new(bytearray(content)) if content else END)

    async def give_up(self, reason: Any = None) -> None:
        """Give up the rest, whoever holds the stream."""
        self.disturbed, self.content, self.pushed_back = True, None, END
        if self.on_given_up is not None:
            self.on_given_up()
        source = self.source
        if source is not None:
            await source.cancel(reason)
            if not isinstance(source, ReadableStreamDefaultController):
                self.source = None

    async def data(self) -> AsyncIterator[bytes]:
        """Iterate over the chunks as bytes.

        Raises:
            JsException: a `TypeError` for a chunk that is no buffer.

        """
        while (chunk := await self._next()) is not END:
            yield _bytes(chunk)


async def joined(stream: ReadableStream) -> bytes:
    """Read everything.

    Raises:
        JsException: a `TypeError` for a chunk that is no buffer.

    """
    return b"".join([data async for data in stream.data()])


def _bytes(chunk: Any) -> bytes:
    data = chunk if isinstance(chunk, bytes) else bytes_of(chunk)
    if data is None:
        raise JsTypeError(_NO_BYTES)
    return data


async def _each(iterable: Any) -> AsyncIterator[Any]:
    if hasattr(iterable, "__aiter__"):
        async for chunk in iterable:
            yield chunk
        return
    chunks: Iterable[Any] = iterated(iterable)
    for chunk in chunks:
        yield await chunk if inspect.isawaitable(chunk) else chunk


def _told_by_the_streams(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()  # both ends of the pipe have it

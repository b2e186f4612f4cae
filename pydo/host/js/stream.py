"""`ReadableStream`, as far as a body needs it: read by one reader, chunk by chunk.

A stream stands over bytes that are there, or over an asynchronous source of chunks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.array import JsArray
from pydo.host.js.buffer import Uint8Array, bytes_of
from pydo.host.js.error import JsTypeError, not_simulated
from pydo.host.js.object import JsObject
from pydo.host.js.value import JsProxy, NativeClass
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["ReadableStream", "ReadableStreamDefaultReader", "joined"]

_LOCKED = "This ReadableStream is currently locked to a reader."
_RELEASED = "This ReadableStream reader has been released."
_NO_BYTES = "This ReadableStream did not return bytes."


class ReadableStream(JsProxy, metaclass=NativeClass):
    """Bytes to be read once."""

    __slots__ = ("__dict__", "chunks", "content", "disturbed", "locked_by")

    content: bytes | None
    chunks: AsyncIterator[Any] | None
    disturbed: bool
    locked_by: object | None

    def __init__(self, source: Any = None, *_: object, **__: object) -> None:
        raise not_simulated("A ReadableStream with a source of its own")

    @classmethod
    def of_bytes(cls, content: bytes, *, disturbed: bool = False) -> ReadableStream:
        """Make a stream of bytes that are there."""
        self: ReadableStream = object.__new__(cls)
        self.content, self.chunks = content, None
        self.disturbed, self.locked_by = disturbed, None
        return self

    @classmethod
    def of_chunks(cls, chunks: AsyncIterator[Any]) -> ReadableStream:
        """Make a stream of chunks that will come."""
        self: ReadableStream = object.__new__(cls)
        self.content, self.chunks = None, chunks
        self.disturbed, self.locked_by = False, None
        return self

    @property
    def locked(self) -> bool:
        """Whether a reader holds the stream."""
        return self.locked_by is not None

    def getReader(self, *_: object, **__: object) -> ReadableStreamDefaultReader:
        """Give the reader that the stream is locked to.

        Raises:
            JsException: a `TypeError` when another one holds it.

        """
        return ReadableStreamDefaultReader.new(self)

    def cancel(self, *_: object) -> JsPromise:
        """Give up the rest of the stream."""
        if self.locked:
            return JsPromise.rejected(JsTypeError(_LOCKED))
        self.disturbed = True
        self.content, self.chunks = None, None
        return JsPromise.resolved(None)

    def tee(self, *_: object) -> JsArray:
        """Give two streams of the same bytes; this one is locked from now on.

        Raises:
            JsException: a `TypeError` when a reader holds it.

        """
        first, second = self.branches()
        return JsArray([first, second])

    def branches(self) -> tuple[ReadableStream, ReadableStream]:
        """Give two streams of the same bytes, as `tee` does."""
        if self.locked:
            # The comma is workerd's own: src/workerd/api/streams/readable.c++.
            raise JsTypeError("This ReadableStream is currently locked to a reader,")
        self.locked_by = self
        content, chunks = self.content, self.chunks
        self.disturbed, self.content, self.chunks = True, None, None
        if chunks is None:
            rest = content or b""
            return ReadableStream.of_bytes(rest), ReadableStream.of_bytes(rest)
        shared = _Shared(chunks)
        return ReadableStream.of_chunks(shared.read()), ReadableStream.of_chunks(shared.read())

    def values(self, *_: object, **__: object) -> AsyncIterator[Any]:
        """Iterate over the chunks."""
        return self.__aiter__()

    def take(self) -> bytes | AsyncIterator[Any]:
        """Take what is left: the bytes if they are there, else the chunks; the stream is used."""
        content, chunks = self.content, self.chunks
        self.disturbed, self.content, self.chunks = True, None, None
        return chunks if chunks is not None else content or b""

    async def __aiter__(self) -> AsyncIterator[Any]:
        reader = self.getReader()
        try:
            while (chunk := await self.next_chunk()) is not None:
                yield chunk
        finally:
            reader.releaseLock()

    async def next_chunk(self) -> Any:
        """Give the next chunk, None at the end."""
        self.disturbed = True
        if self.chunks is not None:
            return await anext(self.chunks, None)
        content, self.content = self.content, None
        return Uint8Array.new(bytearray(content)) if content else None


class ReadableStreamDefaultReader(JsProxy, metaclass=NativeClass):
    """The one reader of a stream, until it lets go."""

    __slots__ = ("__dict__", "stream")
    stream: ReadableStream | None

    def __init__(self, stream: Any = None, *_: object) -> None:
        if not isinstance(stream, ReadableStream):
            raise JsTypeError(
                "Failed to construct 'ReadableStreamDefaultReader': constructor parameter 1 is "
                "not of type 'ReadableStream'."
            )
        if stream.locked:
            raise JsTypeError(_LOCKED)
        stream.locked_by = self
        self.stream = stream

    def read(self, *_: object) -> JsPromise:
        """Give the next chunk, as an object of `done` and `value`."""
        stream = self.stream
        if stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        if stream.chunks is None:
            content, stream.content = stream.content, None
            stream.disturbed = True
            value = Uint8Array.new(bytearray(content)) if content else None
            return JsPromise.resolved(_step(value))
        return JsPromise.of(self._read(stream))

    def releaseLock(self, *_: object) -> None:
        """Let the stream go."""
        if self.stream is not None:
            self.stream.locked_by = None
            self.stream = None

    def cancel(self, *_: object) -> JsPromise:
        """Give up the rest of the stream."""
        if self.stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        self.stream.disturbed = True
        self.stream.content, self.stream.chunks = None, None
        return JsPromise.resolved(None)

    async def _read(self, stream: ReadableStream) -> JsObject:
        return _step(await stream.next_chunk())


class _Shared:
    """Chunks of one source for two streams: what the first has read waits for the second."""

    def __init__(self, chunks: AsyncIterator[Any]) -> None:
        self._chunks = chunks
        self._read: list[Any] = []
        self._pending: JsPromise | None = None
        self._ended = False

    async def read(self) -> AsyncIterator[Any]:
        position = 0
        while True:
            while position == len(self._read) and not self._ended:
                if self._pending is None:
                    self._pending = JsPromise.of(self._pull())
                await self._pending
            if position == len(self._read):
                return
            yield self._read[position]
            position += 1

    async def _pull(self) -> None:
        try:
            chunk = await anext(self._chunks, None)
        finally:
            self._pending = None
        if chunk is None:
            self._ended = True
        else:
            self._read.append(chunk)


async def joined(chunks: AsyncIterator[Any]) -> bytes:
    """Read all chunks.

    Raises:
        JsException: a `TypeError` for a chunk that is no buffer.

    """
    parts: list[bytes] = []
    async for chunk in chunks:
        part = bytes_of(chunk)
        if part is None:
            raise JsTypeError(_NO_BYTES)
        parts.append(part)
    return b"".join(parts)


def _step(value: Any) -> JsObject:
    return JsObject({"value": value, "done": value is None})

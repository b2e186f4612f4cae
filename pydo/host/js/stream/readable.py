"""`ReadableStream`: chunks to be read once, by one reader at a time.

A stream stands over bytes that are there, over a source of the host's own, or over callbacks of the
user's (`controller.py`).  Source: src/workerd/api/streams/readable.{h,c++}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.abort import AbortSignal
from pydo.host.js.array import JsArray
from pydo.host.js.buffer import bytes_of
from pydo.host.js.error import JsTypeError
from pydo.host.js.illegal import made
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.stream.bytecontroller import ReadableByteStreamController
from pydo.host.js.stream.controller import END, NOT_YET, ReadableStreamDefaultController
from pydo.host.js.stream.iteration import Iteration
from pydo.host.js.stream.pipe import pipe
from pydo.host.js.stream.reader import (
    LOCKED,
    ReadableStreamBYOBReader,
    ReadableStreamDefaultReader,
    Reader,
    StreamIterator,
)
from pydo.host.js.stream.source import Leftover, Outside, Spent
from pydo.host.js.stream.strategy import Strategy, check_parts, member
from pydo.host.js.stream.tee import Branch, branches
from pydo.host.js.stream.writable import WritableStream
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, NativeClass, jsnull, options
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping

    from pydo.host.js.stream.source import Source

__all__ = ["ReadableStream", "joined"]

_NO_BYTES = "This ReadableStream did not return bytes."
_NO_TRANSFORM = (
    "Incorrect type for the '{0}' field on 'Transform': the provided value is not of type '{1}'."
)


class ReadableStreamClass(NativeClass):
    """`ReadableStream`, with its static function."""

    # A static method called "from", which is a keyword: Pyodide takes a trailing underscore off.
    def from_(cls, iterable: Any = None, *_: object) -> ReadableStream:
        """Make a stream of what an iterable gives, one that may wait too.

        Raises:
            JsException: a `TypeError` for what cannot be iterated.

        """
        return ReadableStream.driven_by(Iteration(iterable), Strategy(None, 0))


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
        "outcome",
        "source",
    )

    content: bytes | None  # what is there, where nothing has to come
    source: Source | None
    disturbed: bool
    locked_by: object | None
    is_bytes: bool
    length: int | None  # of all that is to come, in bytes, where it is known
    on_given_up: Callable[[], object] | None  # hears that nobody wants a body's rest
    outcome: Any  # None while it goes on, then END, or the error that it has failed with

    def __init__(self, source: Any = None, strategy: Any = None, /, *_: Any, **named: Any) -> None:
        check_parts(source, "ReadableStream", "UnderlyingSource")
        given = options(source, named) if named or type(source) is dict else source
        kind = member(given, "type")
        if kind is not None and kind != "bytes":
            raise JsTypeError(f'"{js_string(kind)}" is not a valid type of ReadableStream.')
        controller = (
            made(ReadableStreamDefaultController, given, Strategy(strategy, 1))
            if kind is None
            else made(ReadableByteStreamController, given, Strategy.of_bytes(strategy))
        )
        self._begin(controller, is_bytes=kind is not None)
        controller.start(given)

    def _begin(self, source: Source | None, *, is_bytes: bool) -> None:
        self.content = self.locked_by = self.length = self.on_given_up = self.outcome = None
        self.disturbed, self.is_bytes = False, is_bytes
        self.source = source
        if isinstance(source, ReadableStreamDefaultController):
            source.tell(self._ended)

    @classmethod
    def of_bytes(cls, content: bytes, *, disturbed: bool = False) -> ReadableStream:
        """Make a stream of bytes that are there."""
        self: ReadableStream = object.__new__(cls)
        self._begin(None, is_bytes=True)
        self.content, self.disturbed, self.length = content, disturbed, len(content)
        self.locked_by = self if disturbed else None  # by who has read it
        return self

    @classmethod
    def of_source(
        cls, source: Source, *, is_bytes: bool = True, length: int | None = None
    ) -> ReadableStream:
        """Make a stream of what the host itself gives."""
        self: ReadableStream = object.__new__(cls)
        self._begin(source, is_bytes=is_bytes)
        self.length = length
        return self

    @classmethod
    def driven_by(cls, callbacks: object, strategy: Strategy) -> ReadableStream:
        """Make a stream of chunks over callbacks of the host's own."""
        controller = made(ReadableStreamDefaultController, callbacks, strategy)
        self = cls.of_source(controller, is_bytes=False)
        controller.start(callbacks)
        return self

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
            raise JsTypeError("mode must be undefined or 'byob' in call to getReader().")
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
        if not isinstance(destination, WritableStream):
            return JsPromise.rejected(
                JsTypeError(
                    "Failed to execute 'pipeTo' on 'ReadableStream': parameter 1 is not of type"
                    " 'WritableStream'."
                )
            )
        try:
            return JsPromise.of(self._piped(destination, options(init, named)))
        except JsTypeError as error:
            return JsPromise.rejected(error)

    def pipeThrough(self, transform: Any = None, init: Any = None, /, *_: Any, **named: Any) -> Any:
        """Write everything to one side of a transform; gives the other side.

        Raises:
            JsException: a `TypeError` when either side is locked.

        """
        if transform is None or isinstance(transform, (str, int, float)):
            raise JsTypeError(
                "Failed to execute 'pipeThrough' on 'ReadableStream': parameter 1 is not of type"
                " 'Transform'."
            )
        readable, writable = member(transform, "readable"), member(transform, "writable")
        if not isinstance(readable, ReadableStream):
            raise JsTypeError(_NO_TRANSFORM.format("readable", "ReadableStream"))
        if not isinstance(writable, WritableStream):
            raise JsTypeError(_NO_TRANSFORM.format("writable", "WritableStream"))
        future = JsPromise.of(self._piped(writable, options(init, named))).future
        assert future is not None, "it was made of a coroutine"
        future.add_done_callback(_told_by_the_streams)
        return readable

    def _piped(
        self, writable: WritableStream, given: Mapping[str, Any]
    ) -> Coroutine[Any, Any, None]:
        signal = given.get("signal")
        if signal is not None and signal is not jsnull and not isinstance(signal, AbortSignal):
            raise JsTypeError(
                "Incorrect type for the 'signal' field on 'PipeToOptions': the provided value is"
                " not of type 'AbortSignal'."
            )
        if self.locked:
            raise JsTypeError(LOCKED)
        if writable.locked:
            # Without the full stop of its writers, in workerd too.
            raise JsTypeError("This WritableStream is currently locked to a writer")
        self.locked_by = writable.locked_by = pipe
        self.disturbed = True
        return pipe(self, writable, given)

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
        length = None if self.disturbed else self.length  # what is left is not known
        self.disturbed, self.content, self.source = True, None, None
        if source is None:
            rest = content or b""
            return ReadableStream.of_bytes(rest), ReadableStream.of_bytes(rest)
        first, second = branches(source, is_bytes=self.is_bytes)
        return (
            ReadableStream.of_source(first, is_bytes=self.is_bytes, length=length),
            ReadableStream.of_source(second, is_bytes=self.is_bytes, length=length),
        )

    def take(self) -> bytes | ReadableStream:
        """Take what is left, which locks the stream: the bytes if they are there, else itself."""
        source = self.source
        whole = source.take_whole() if isinstance(source, ReadableStreamDefaultController) else None
        self.disturbed, self.locked_by = True, self
        if source is None:
            content, self.content = self.content, None
            return content or b""
        return self if whole is None else whole

    def successor(self) -> ReadableStream:
        """Give the stream that goes on where this one, which was taken, leaves off."""
        assert self.source is not None, "what is there was taken as bytes"
        stream = ReadableStream.of_source(self.source, is_bytes=self.is_bytes, length=self.length)
        stream.on_given_up = self.on_given_up
        return stream

    async def next(self) -> Any:
        """Give the next chunk as a JavaScript value, or `END`."""
        return _as_js(await self._next())

    async def _next(self) -> Any:
        chunk = self._next_now()
        if chunk is not NOT_YET:
            return chunk
        source = self.source
        assert source is not None, "what has none is there"
        try:
            chunk = await source.next()
        except Exception as error:
            self._ended(error)
            raise
        if chunk is END:
            self._ended(None)
        return chunk

    def next_now(self) -> Any:
        """Give what `next` gives, or `NOT_YET` where it has to be waited for.

        Raises:
            Exception: what the stream has failed with.

        """
        return _as_js(self._next_now())

    def _next_now(self) -> Any:
        self.disturbed = True
        source = self.source
        if source is None:
            content, self.content = self.content, None
            if not content:
                self._ended(None)
            return content or END
        if isinstance(source, ReadableStreamDefaultController):
            return source.take_now()
        return NOT_YET

    def coming(self) -> Awaitable[Any] | None:
        """Ask for the next chunk at once; None where one reads after the other."""
        source = self.source
        if isinstance(source, ReadableStreamDefaultController):
            return source.arrival(source.coming())
        return JsPromise.of(self.next()) if isinstance(source, Branch) else None

    def forsake(self, error: BaseException) -> None:
        """Fail everyone who waits for a chunk."""
        if isinstance(self.source, ReadableStreamDefaultController):
            self.source.forsake(error)

    def push_back(self, data: bytes) -> None:
        """Put back what a reader of some bytes has left of a chunk."""
        if self.source is None:
            self.content = data
        elif data:
            self.source = Leftover(data, self.source)

    def _ended(self, error: BaseException | None) -> None:
        if self.outcome is not None:
            return
        self.outcome = END if error is None else error
        if error is None:
            self.on_given_up = None
        if isinstance(self.locked_by, Reader):
            self.locked_by.ended(error)

    def spend(self, why: Exception) -> None:
        """Let nobody read what is left."""
        if self.outcome is None:
            self.content, self.source = None, Spent(why)

    async def give_up(self, reason: Any = None) -> None:
        """Give up the rest, whoever holds the stream."""
        self.disturbed, self.content = True, None
        on_given_up, source = self.on_given_up, self.source
        if on_given_up is not None:
            on_given_up()
        if source is not None:
            await source.cancel(reason)
            if not isinstance(source, ReadableStreamDefaultController):
                self.source = None
        self._ended(None)

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


def _as_js(chunk: Any) -> Any:
    return Uint8Array.new(bytearray(chunk)) if type(chunk) is bytes else chunk


def _told_by_the_streams(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()  # both ends of the pipe have it

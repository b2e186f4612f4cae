"""The readers of a `ReadableStream`: each holds it until it lets go.

Source: src/workerd/api/streams/readable.c++ (`ReaderImpl`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.buffer import ArrayBuffer, JsBuffer, bytes_of
from pydo.host.js.error import JsTypeError
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.object import JsObject
from pydo.host.js.stream.controller import END, ReadableStreamDefaultController
from pydo.host.js.text import js_number
from pydo.host.js.value import JsProxy, NativeClass
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from pydo.host.js.stream.readable import ReadableStream

__all__ = [
    "LOCKED",
    "ReadableStreamBYOBReader",
    "ReadableStreamDefaultReader",
    "StreamIterator",
    "step",
]

LOCKED = "This ReadableStream is currently locked to a reader."
_RELEASED = "This ReadableStream reader has been released."


class _Reader(JsProxy):
    """What both readers do."""

    __slots__ = ("__dict__", "_closed", "stream")
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

    @property
    def closed(self) -> JsPromise:
        """A promise that settles when the stream has ended, or the reader was released."""
        if self._closed is None:
            if self.stream is None:
                return JsPromise.rejected(JsTypeError(_RELEASED))
            self._closed = JsPromise.new(lambda *_: None)
        return self._closed

    def releaseLock(self, *_: object) -> None:
        """Let the stream go."""
        if self.stream is not None:
            self.stream.locked_by = None
            self.stream = None
            self._ended(JsTypeError(_RELEASED))

    def cancel(self, reason: Any = None, *_: object) -> JsPromise:
        """Give up the rest of the stream."""
        if self.stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        self._ended(None)
        return JsPromise.of(self.stream.give_up(reason))

    def _ended(self, error: BaseException | None) -> None:
        promise = self._closed
        if promise is not None and promise.future is not None and not promise.future.done():
            if error is None:
                promise.future.set_result(None)
            else:
                promise.future.set_exception(error)
                promise.future.exception()  # nobody has to wait for it

    async def _next(self, stream: ReadableStream) -> Any:
        try:
            chunk = await stream.next()
        except Exception as error:
            self._ended(error)
            raise
        if chunk is END:
            self._ended(None)
        return chunk


class ReadableStreamDefaultReader(_Reader, metaclass=NativeClass):
    """Reads chunk by chunk."""

    __slots__ = ()

    def read(self, *_: object) -> JsPromise:
        """Give the next chunk, as an object of `done` and `value`."""
        stream = self.stream
        if stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        known = stream.next_now()
        if known is not None:
            return JsPromise.resolved(known)
        return JsPromise.of(self._read(stream))

    async def _read(self, stream: ReadableStream) -> JsObject:
        return step(await self._next(stream))


class ReadableStreamBYOBReader(_Reader, metaclass=NativeClass):
    """Reads as many bytes as fit into a view."""

    __slots__ = ()

    def __init__(self, stream: Any = None, *rest: object) -> None:
        source = getattr(stream, "source", None)
        if isinstance(source, ReadableStreamDefaultController) and not stream.is_bytes:
            raise JsTypeError("This ReadableStream does not support BYOB reads.")
        super().__init__(stream, *rest)

    def read(self, view: Any = None, *_: object) -> JsPromise:
        """Give up to as many bytes as the view has, as an object of `done` and `value`."""
        return self.readAtLeast(1, view)

    def readAtLeast(self, least: Any = 1, view: Any = None, *_: object) -> JsPromise:
        """Give at least so many bytes, unless the stream ends before."""
        stream = self.stream
        if stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        if not isinstance(view, JsBuffer) or isinstance(view, ArrayBuffer):
            return JsPromise.rejected(
                JsTypeError(
                    "Failed to execute 'read' on 'ReadableStreamBYOBReader': parameter 1 is not of"
                    " type 'ArrayBufferView'."
                )
            )
        return JsPromise.of(self._fill(stream, int(js_number(least)), view.view().nbytes))

    async def _fill(self, stream: ReadableStream, least: int, most: int) -> JsObject:
        data = b""
        while len(data) < max(least, 1):
            chunk = await self._next(stream)
            if chunk is END:
                break
            data += bytes_of(chunk) or b""
        if len(data) > most:
            stream.pushed_back = Uint8Array.new(bytearray(data[most:]))
        value = Uint8Array.new(bytearray(data[:most]))
        return JsObject({"value": value, "done": not data})


class StreamIterator(JsProxy, js_name="ReadableStreamAsyncIterator"):
    """Iterates over the chunks of a stream."""

    __slots__ = ("_prevents_cancel", "_reader")

    def __init__(self, reader: ReadableStreamDefaultReader, *, prevent_cancel: bool) -> None:
        self._reader = reader
        self._prevents_cancel = prevent_cancel

    def next(self, *_: object) -> JsPromise:
        """Give the next chunk, as an object of `done` and `value`."""
        return self._reader.read()

    def return_(self, value: Any = None, *_: object) -> JsPromise:
        """Stop early."""
        reader = self._reader
        stream = reader.stream
        reader.releaseLock()
        if stream is None or self._prevents_cancel:
            return JsPromise.resolved(JsObject({"done": True, "value": value}))
        return stream.cancel(value)

    def __aiter__(self) -> StreamIterator:
        return self

    async def __anext__(self) -> Any:
        result = await self._reader.read()
        if result.done:
            self._reader.releaseLock()
            raise StopAsyncIteration
        return result.value


def step(chunk: Any) -> JsObject:
    """Give what `read` gives for a chunk, or for the end."""
    if chunk is END:
        return JsObject({"value": None, "done": True})
    return JsObject({"value": chunk, "done": False})

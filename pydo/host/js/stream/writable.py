"""`WritableStream` and its writer, over what takes the chunks (`writes.py`, `bytepipe.py`).

Source: src/workerd/api/streams/writable.{h,c++}.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydo.host.js.error import JsTypeError
from pydo.host.js.stream.strategy import Strategy, check_parts
from pydo.host.js.stream.writes import QueuedWrites, fail
from pydo.host.js.value import JsProxy, NativeClass, options
from pydo.host.portability.bridge import raw
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from pydo.host.js.stream.writes import Writes

__all__ = ["LOCKED", "WritableStream", "WritableStreamDefaultWriter"]

LOCKED = "This WritableStream is currently locked to a writer."
_RELEASED = "This WritableStream writer has been released."


class WritableStream(JsProxy, metaclass=NativeClass):
    """Somewhere to write chunks to."""

    __slots__ = ("__dict__", "locked_by", "writes")

    locked_by: object | None
    writes: Writes

    def __init__(self, sink: Any = None, strategy: Any = None, /, *_: Any, **named: Any) -> None:
        check_parts(sink, "WritableStream", "UnderlyingSink")
        given = options(sink, named) if named else sink
        writes = QueuedWrites(given, Strategy(strategy, 1))
        self.writes, self.locked_by = writes, None
        writes.start()

    @classmethod
    def over(cls, writes: Writes) -> WritableStream:
        """Make a stream of what takes its chunks."""
        self: WritableStream = object.__new__(cls)
        self.writes, self.locked_by = writes, None
        return self

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
            return JsPromise.rejected(JsTypeError(LOCKED))
        return JsPromise.of(self.writes.fail(reason))

    def close(self, *_: object) -> JsPromise:
        """End the stream when everything is written."""
        if self.locked:
            return JsPromise.rejected(JsTypeError(LOCKED))
        return self.writes.close()


class WritableStreamDefaultWriter(JsProxy, metaclass=NativeClass):
    """The one writer of a stream, until it lets go."""

    __slots__ = ("__dict__", "_closed", "_stream")

    def __init__(self, stream: Any = None, *_: object) -> None:
        if not isinstance(stream, WritableStream):
            raise JsTypeError(
                "Failed to construct 'WritableStreamDefaultWriter': constructor parameter 1 is not"
                " of type 'WritableStream'."
            )
        if stream.locked:
            raise JsTypeError(LOCKED)
        stream.locked_by = self
        self._stream: WritableStream | None = stream
        self._closed: asyncio.Future[None] | None = None

    @property
    def closed(self) -> JsPromise:
        """A promise that settles when the stream has ended, or the writer was released."""
        if self._closed is None:
            if self._stream is None:
                return JsPromise.rejected(JsTypeError(_RELEASED))
            self._closed = asyncio.get_running_loop().create_future()
            self._stream.writes.endings.tell(self._has_ended)
        return JsPromise.of(self._closed)

    def _has_ended(self) -> None:
        future, stream = self._closed, self._stream
        if future is None or stream is None or future.done():
            return
        error = stream.writes.endings.error
        if error is None:
            future.set_result(None)
        else:
            fail(future, error)

    @property
    def ready(self) -> JsPromise:
        """A promise that settles when there is room."""
        if self._stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        return self._stream.writes.ready()

    @property
    def desiredSize(self) -> Any:
        """How much more may be written before one should wait; null after an error.

        Raises:
            JsException: a `TypeError` when the writer was released.

        """
        if self._stream is None:
            raise JsTypeError(_RELEASED)
        return self._stream.writes.desired_size

    def write(self, chunk: Any = None, *_: object) -> JsPromise:
        """Write a chunk; settles when the sink has taken it."""
        raw(chunk, "write")
        if self._stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        return self._stream.writes.write(chunk)

    def close(self, *_: object) -> JsPromise:
        """End the stream when everything is written."""
        if self._stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        return self._stream.writes.close()

    def abort(self, reason: Any = None, *_: object) -> JsPromise:
        """End the stream at once."""
        if self._stream is None:
            return JsPromise.rejected(JsTypeError(_RELEASED))
        return JsPromise.of(self._stream.writes.fail(reason))

    def releaseLock(self, *_: object) -> None:
        """Let the stream go."""
        stream = self._stream
        if stream is None:
            return
        released = JsTypeError(_RELEASED)
        stream.writes.release(released)
        stream.writes.endings.forget(self._has_ended)
        if self._closed is not None:
            fail(self._closed, released)
        stream.locked_by = self._stream = None

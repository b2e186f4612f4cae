"""A pipe for bytes, which the runtime brings: what is written to one end is read from the other.

Nothing is held: a write is done when it has been read.  `through` changes what is written, and
`rest` adds at the end.  A pipe that changes anything holds what it has made, however much.  Source:
src/workerd/api/streams/internal.c++, src/workerd/api/streams/identity-transform-stream.c++.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import Any

from pydo.host.js.buffer import JsBuffer, bytes_of
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.stream.controller import END
from pydo.host.js.stream.lending import Loan
from pydo.host.js.stream.writes import CLOSED, Endings, Room, fail
from pydo.host.outgoing import network_lost
from pydo.host.promise import JsPromise, rejection

__all__ = ["BytePipe", "data_of"]

_NO_STRING = (
    "This TransformStream is being used as a byte stream, but received a string on its writable"
    " side. If you wish to write a string, you'll probably want to explicitly UTF-8-encode it with"
    " TextEncoder."
)
_NO_BYTES = (
    "This TransformStream is being used as a byte stream, but received an object of"
    " non-ArrayBuffer/ArrayBufferView type on its writable side."
)


class BytePipe:
    """Both ends: a source for a `ReadableStream`, and what takes the chunks of a writable one."""

    holds = False  # what is written, until it is read

    def __init__(self, high_water_mark: int | None = None) -> None:
        self.endings = Endings()
        self._high_water_mark = high_water_mark
        # What is written and not read yet; with None for the end.
        self._written: deque[tuple[bytes | None, asyncio.Future[None] | None]] = deque()
        self._room = Room()
        self._reading: tuple[asyncio.Future[Any], bool] | None = None
        self._size = 0
        self._is_closing = False  # no more can be written
        self._is_over = False  # no more can be read
        self._given_up: BaseException | None = None  # why nobody reads
        self._failure: BaseException | None = None  # what reads fail with
        self._loan = Loan(self._owner_gone)

    def through(self, data: bytes) -> bytes:
        """Give what is read of what is written.

        Raises:
            JsException: it cannot be, and that ends both ends.

        """
        return data

    def rest(self) -> bytes:
        """Give what is read at last.

        Raises:
            JsException: it cannot be, and that ends both ends.

        """
        return b""

    def shortfall(self) -> BaseException | None:
        """Give what whoever reads hears instead of the end, if too little was written."""
        return None

    # -- the end that is read from

    async def next(self) -> Any:
        """Give what was written first, or `END`.

        Raises:
            BaseException: what the writer has aborted with, or what the pipe has failed with.

        """
        is_outside = self._loan.used()
        while self._written and self._failure is None:
            data, future = self._written.popleft()
            if future is not None and not future.done():
                future.set_result(None)
            if data is None:
                self._finish()
                break
            self._size -= len(data)
            self._tell_of_room()
            return data
        if self._failure is not None:
            raise self._loan.crossing(self._failure)
        if self._is_over:
            return END
        waiting = asyncio.get_running_loop().create_future()
        self._reading = waiting, is_outside
        try:
            return await waiting
        except Exception as error:
            crossing = self._loan.crossing(error)
            if crossing is error:
                raise
            raise crossing from error
        finally:
            self._reading = None

    async def cancel(self, reason: Any) -> None:
        """Let writers hear that nobody reads, for a reason: in words of the runtime's without."""
        if self._is_over or self._failure is not None:
            return
        if self._loan.is_elsewhere:
            error: BaseException = network_lost()
        else:
            error = JsError("Stream was cancelled.") if reason is None else rejection(reason)
        self._is_over, self._given_up = True, error
        self._give(END)
        if self._written:
            self._break(error)
        self._loan.returned()

    # -- the end that is written to

    @property
    def desired_size(self) -> Any:
        """How much more may be written before writers should wait."""
        if self._is_closing or self.endings.has_ended:
            return 0
        return 1 if self._high_water_mark is None else self._high_water_mark - self._size

    def write(self, chunk: Any) -> JsPromise:
        """Take some bytes; settles when they have been read."""
        if self._is_closing or self.endings.has_ended:
            return JsPromise.rejected(JsTypeError(CLOSED))
        if chunk is None:
            return JsPromise.resolved(None)
        try:
            data = data_of(chunk)
        except JsTypeError as error:
            return JsPromise.rejected(error)
        if self._given_up is not None:
            self._break(self._given_up)
            return JsPromise.rejected(self._given_up)
        try:
            data = self.through(data)
        except JsTypeError as error:
            self._fail(error)
            return JsPromise.rejected(error)
        return JsPromise.resolved(None) if not data else self._put(data)

    def close(self) -> JsPromise:
        """End after what was written."""
        if self._is_closing or self.endings.has_ended:
            return JsPromise.rejected(JsTypeError(CLOSED))
        if self._given_up is not None:
            self._break(self._given_up)
            return JsPromise.rejected(self._given_up)
        try:
            data = self.rest()
        except JsTypeError as error:
            self._fail(error)
            return JsPromise.rejected(error)
        self._is_closing = True
        if data:
            self._put(data)
        return self._put(None)

    async def fail(self, reason: Any) -> None:
        """End both ends at once."""
        if not self._is_over and not self.endings.has_ended:
            self._fail(rejection(reason))

    def ready(self) -> JsPromise:
        """Settle when there is room."""
        mark = self._high_water_mark
        if mark is None or mark > self._size or self.endings.has_ended:
            return JsPromise.resolved(None)
        return self._room.wait()

    def release(self, error: BaseException) -> None:
        """Let whoever waits for room have an error."""
        self._room.tell(error)

    # -- between the two

    def _put(self, data: bytes | None) -> JsPromise:
        self._loan.used()
        if data is None and not self._written:
            self._finish()
            return JsPromise.resolved(None)
        if data is not None and self._reading is not None:
            self._give(data)
            return JsPromise.resolved(None)
        future: asyncio.Future[None] | None = None
        if not self.holds:
            future = asyncio.get_running_loop().create_future()
        self._written.append((data, future))
        self._size += len(data or b"")
        return JsPromise.resolved(None) if future is None else JsPromise.of(future)

    def _give(self, data: Any) -> None:
        if self._reading is not None:
            (future, is_outside), self._reading = self._reading, None
            self._loan.give(partial(_fulfil, future, data), outside=is_outside)

    def _refuse(self, error: BaseException) -> None:
        if self._reading is not None:
            (future, is_outside), self._reading = self._reading, None
            self._loan.give(partial(fail, future, error), outside=is_outside)

    def _finish(self) -> None:
        self._is_over, self._failure = True, self.shortfall()
        if self._failure is None:
            self._give(END)
        else:
            self._refuse(self._failure)
        self._loan.returned()
        self.endings.end(None)

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self._refuse(error)
        self._break(error)
        self._loan.returned()

    def _break(self, error: BaseException) -> None:
        """End the end that is written to with an error, of which pending writes are told."""
        self._is_closing = True
        written, self._written = self._written, deque()
        for _, future in written:
            if future is not None:
                fail(future, error)
        self.endings.end(error, error)
        self.release(error)

    def _owner_gone(self, error: BaseException) -> None:
        if not self._is_over and self._failure is None:
            self._fail(error)

    def _tell_of_room(self) -> None:
        if self._high_water_mark is not None and self._high_water_mark > self._size:
            self._room.tell()


def data_of(chunk: Any) -> bytes:
    """Give the bytes of a chunk.

    Raises:
        JsException: a `TypeError` for what has none.

    """
    if isinstance(chunk, str):
        raise JsTypeError(_NO_STRING)
    data = bytes_of(chunk) if isinstance(chunk, JsBuffer) else None
    if data is None:
        raise JsTypeError(_NO_BYTES)
    return data


def _fulfil(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)

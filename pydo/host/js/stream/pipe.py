"""`pipeTo`: from a readable stream to a writable one, with the ends and errors of either.

Sources: the Streams standard, src/workerd/api/streams/internal.c++ and standard.c++ (`pipeLoop`).
workerd looks at the signal, and at the end of the destination, only when a chunk has come; here
both end a pipe that waits as well, as the standard has it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydo.host.js.error import JsTypeError
from pydo.host.js.stream.controller import END, NOT_YET
from pydo.host.js.value import jsnull
from pydo.host.promise import rejection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.host.js.abort import AbortSignal
    from pydo.host.js.stream.readable import ReadableStream
    from pydo.host.js.stream.writable import WritableStream

__all__ = ["pipe"]

_CLOSED = "This destination writable stream is closed."


async def pipe(
    readable: ReadableStream, writable: WritableStream, given: Mapping[str, Any]
) -> None:
    """Write all chunks of one to the other, as fast as it takes them; both are locked to this.

    The end of the one closes the other, an error of the one ends the other, unless
    `preventClose`, `preventAbort` or `preventCancel` say otherwise; `signal` ends both.

    Raises:
        Exception: what either end has failed with, or the reason of the signal.

    """
    try:
        await _Pipe(readable, writable, given).run()
    finally:
        readable.locked_by = writable.locked_by = None


class _Pipe:
    def __init__(
        self, readable: ReadableStream, writable: WritableStream, given: Mapping[str, Any]
    ) -> None:
        self._readable = readable
        self._writes = writable.writes
        signal = given.get("signal")
        self._signal: AbortSignal | None = None if signal is jsnull else signal
        self._aborts = not given.get("preventAbort")
        self._cancels = not given.get("preventCancel")
        self._closes = not given.get("preventClose")
        self._reading: asyncio.Task[Any] | None = None

    async def run(self) -> None:
        endings = self._writes.endings
        listen_no_more = None if self._signal is None else self._signal.on_abort(self._interrupt)
        endings.tell(self._interrupt)
        try:
            while not await self._step():
                pass
        finally:
            endings.forget(self._interrupt)
            if listen_no_more is not None:
                listen_no_more()

    async def _step(self) -> bool:
        """Carry one chunk; tells whether it was the end."""
        await self._check()
        try:
            chunk = await self._next()
        except asyncio.CancelledError:
            await self._check()  # it was interrupted, for what this raises
            raise
        except Exception as error:
            if self._aborts:
                await self._writes.fail(error)
            raise
        if chunk is END:
            if self._closes:
                await self._writes.close()
            return True
        try:
            await self._writes.write(chunk)
        except Exception as error:
            await self._check()
            await self._writes.fail(error)  # a chunk that one side has refused ends both
            await self._give_up(error)
            raise
        return False

    async def _next(self) -> Any:
        chunk = self._readable.next_now()
        if chunk is not NOT_YET:
            return chunk
        self._reading = asyncio.ensure_future(self._readable.next())
        try:
            return await self._reading
        except asyncio.CancelledError:
            self._reading.cancel()
            raise
        finally:
            self._reading = None

    def _interrupt(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    async def _check(self) -> None:
        """Raise what ends the pipe, once the ends know of it."""
        signal, endings = self._signal, self._writes.endings
        if signal is not None and signal.aborted:
            error = rejection(signal.reason)
            if self._cancels:
                await self._readable.give_up(signal.reason)
            if self._aborts:
                await self._writes.fail(signal.reason)
            raise error
        if endings.has_ended and self._readable.outcome is None:
            error = endings.error or JsTypeError(_CLOSED)
            await self._give_up(error if endings.error is None else endings.reason)
            raise error

    async def _give_up(self, reason: Any) -> None:
        if self._cancels:
            await self._readable.give_up(reason)

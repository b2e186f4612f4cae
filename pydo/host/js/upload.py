"""The body of an outgoing request, where it is a stream of the caller's.

The caller's code runs in the caller's turns and the connection belongs to nobody: between them is
room for one chunk, so that the stream is read as fast as the network takes it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydo.host.js.stream import ReadableStream

__all__ = ["Upload"]


class Upload:
    """A stream that is being sent; `error` is what it failed with."""

    def __init__(self, stream: ReadableStream) -> None:
        self.length = stream.length
        self.error: Exception | None = None
        self._stream = stream
        self._room: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._reading = asyncio.ensure_future(self._read())  # by the caller, whose stream it is

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._room.get()) is not None:
            yield chunk
        if self.error is not None:
            raise self.error

    def stop(self, reason: object) -> None:
        """Send no more."""
        if not self._reading.done():
            self._reading.cancel(reason)

    async def _read(self) -> None:
        try:
            async for chunk in self._stream.data():
                if chunk:
                    await self._room.put(chunk)
        except asyncio.CancelledError as stopped:
            await self._stream.give_up(stopped.args[0] if stopped.args else None)
            return
        except Exception as error:  # noqa: BLE001 - the caller's, whom the request fails for
            self.error = error
        await self._room.put(None)

"""Where the frames of a WebSocket come in.

aiohttp puts every frame that it has read into a queue, from which a task takes them one by one.
A message that the task waits for, with nothing in the queue, is given away at once instead, which
spares the loop a round and the task a step; whoever takes it says whether it could.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import WSMsgType
from aiohttp._websocket.reader import WebSocketDataQueue  # no public name

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from aiohttp import WSMessage
    from aiohttp.base_protocol import BaseProtocol
    from aiohttp.http_websocket import WSMessageTextBytes

__all__ = ["Inlet"]

_LIMIT = 64 * 1024  # bytes waiting, beyond twice which the client is not read from


class Inlet(WebSocketDataQueue):
    """The queue of one WebSocket; `take` gets each message that nothing is waiting before."""

    def __init__(
        self,
        protocol: BaseProtocol,
        take: Callable[[str | bytes], bool],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(protocol, _LIMIT, loop=loop)
        self._take = take
        self._is_awaited = False  # whether whatever comes next is the next to be worked off

    async def read(self) -> WSMessage | WSMessageTextBytes:
        """Give the next frame that was not taken.

        Raises:
            EofStream: there are no more.

        """
        # What is in the queue comes first, and to take it out may bring frames in already.
        self._is_awaited = not self._buffer
        try:
            return await super().read()
        finally:
            self._is_awaited = False

    def feed_data(self, data: WSMessage | WSMessageTextBytes, size: int) -> None:
        """Take a frame that aiohttp has read."""
        kind = data[0]
        if self._is_awaited and (kind is WSMsgType.TEXT or kind is WSMsgType.BINARY):
            try:
                if self._take(data[1]):
                    return
            except BaseException as error:  # noqa: BLE001 - aiohttp's caller lets none through
                self._is_awaited = False
                self.set_exception(error)
                return
        self._is_awaited = False
        super().feed_data(data, size)

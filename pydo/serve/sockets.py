"""WebSockets on the wire: a pipe's end on one side, aiohttp's framing on the other.

What comes from the client goes into the pipe, frame by frame, and what comes out of the pipe goes
to the client.  Pings are answered here and seen by nobody.  A client that sends faster than its
messages are worked off, or does not read what it gets, is read from no further; one to which more
than `MOST_UNREAD` bytes are waiting is cut, since the code that sends cannot be made to wait.
"""

from __future__ import annotations

import asyncio
import logging
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import WebSocketError, WSCloseCode, WSMsgType, hdrs, web
from aiohttp.http import WebSocketReader, WebSocketWriter

from pydo.host.js.response import Response
from pydo.runtime.pipe import MOST_UNREAD, NO_STATUS, Close, new_pipe
from pydo.serve.answer import Answer, answer_of
from pydo.serve.handshake import fault
from pydo.serve.inlet import Inlet
from pydo.serve.violation import lost_by, told

if TYPE_CHECKING:
    from pydo.runtime.pipe import Frame, PipeEnd

__all__ = ["Connection", "Sockets"]

_log = logging.getLogger("pydo.serve")

_GOING_AWAY = 1001
_LOST = 1006
_SLOW = 16 * 1024 * 1024  # bytes waiting to be sent, beyond which the client is not read from
_PONGS = 1024 * 1024  # likewise, when what is sent answers a ping
_LINGER_S = 1.0  # for a client to read why it was cut off
_GOODBYE_S = 0.2  # for the clients' close frames when the server ends
_LIMIT = 32 * 1024 * 1024
_OWN_HEADERS = frozenset(
    {"connection", "upgrade", "sec-websocket-accept", "sec-websocket-extensions", "content-length"}
)


class Sockets:
    """The WebSockets of a server."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        # What the Worker names is what the client gets: aiohttp need not choose, nor say so.
        logging.getLogger("aiohttp.websocket").addFilter(_is_no_choice_of_protocol)

    def __len__(self) -> int:
        return len(self._open)

    async def join(
        self, request: web.BaseRequest, response: Response, end: PipeEnd
    ) -> Connection | Answer:
        """Answer an upgrade: gives the open connection, or what refuses a bad handshake."""
        wrong = fault(request)
        if wrong is not None:
            end.cut()
            return answer_of(Response.new(wrong, {"status": 400}), _log.exception)
        connection = Connection(end, response)
        try:
            await connection.prepare(request)
        except ConnectionError:  # the client is gone
            end.cut()
            return web.Response()
        except BaseException:
            end.cut()
            raise
        return connection

    async def run(self, connection: Connection) -> None:
        """Carry frames to and fro until the connection has ended."""
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)

    async def close(self) -> None:
        """Tell every client that the server goes away (1001); no handler hears of it."""
        endings = [connection.go_away() for connection in self._open]
        if endings:
            await asyncio.wait(endings, timeout=_GOODBYE_S)


def _is_no_choice_of_protocol(record: logging.LogRecord) -> bool:
    return "Client protocols" not in str(record.msg)


class Connection(web.WebSocketResponse):
    """The server's side of one WebSocket."""

    def __init__(self, end: PipeEnd, response: Response) -> None:
        self._end = end
        self._most = end.peer.limit or _LIMIT
        super().__init__(
            autoclose=False,
            compress=False,
            max_msg_size=self._most + 1,  # aiohttp's limit is the first length that is too much
            writer_limit=sys.maxsize,  # back-pressure is seen to here
        )
        for name, value in response.header_list():
            if name.lower() not in _OWN_HEADERS:
                self.headers.add(name, value)
        self._wire: asyncio.Transport | None = None
        self._has_sent_close = False
        self._is_slow = False  # whether much is waiting to be sent
        self._is_over: asyncio.Future[None] | None = None

    # -- from the client

    def _post_start(
        self, request: web.BaseRequest, protocol: str | None, writer: WebSocketWriter
    ) -> None:
        # As aiohttp does it, but for the queue: what is in ours need not go through a task.
        self._ws_protocol, self._writer = protocol, writer
        self._reader = Inlet(request.protocol, self._take, asyncio.get_running_loop())
        self._parser = WebSocketReader(
            self._reader, self._max_msg_size, compress=False, decode_text=True
        )
        request.protocol.set_parser(self._parser)
        request.protocol.keep_alive(False)  # noqa: FBT003 - aiohttp's own signature

    async def prepare(self, request: web.BaseRequest) -> Any:
        """Write the head of the answer."""
        writer = await super().prepare(request)
        self._wire = request.transport
        return writer

    async def run(self) -> None:
        """Carry frames to and fro until the connection has ended."""
        self._is_over = asyncio.get_running_loop().create_future()
        self._end.read(self._send, keeps_count=True)
        try:
            await self._read()
        except ConnectionError:  # it was lost while something was to be written
            self._end.cut()
        except BaseException:
            self._end.cut()
            raise
        finally:
            self._close_wire()

    async def _read(self) -> None:
        over = self._is_over
        assert over is not None, "it runs"
        while not over.done():
            if self._is_slow or self._end.is_full:
                await self._wait_for_room()
            message = await self.receive()
            kind = message.type
            if kind is WSMsgType.TEXT or kind is WSMsgType.BINARY:
                self._end.write(message.data)
            elif kind is WSMsgType.CLOSE and message.data == _LOST:  # which aiohttp lets pass
                code = f"Invalid close code: {_LOST}"
                await self._end_with(WebSocketError(WSCloseCode.PROTOCOL_ERROR, code))
                return
            elif kind is WSMsgType.CLOSE:
                self._end.write(Close(message.data or NO_STATUS, message.extra or ""))
                if not self._has_sent_close:
                    await over
                return
            else:
                await self._end_with(message.data)
                return

    def _take(self, message: str | bytes) -> bool:
        if self._is_slow or self._end.is_full:
            return False
        self._end.write(message)
        return True

    async def _end_with(self, error: object) -> None:
        """End a connection that was lost, or on which something wrong has come."""
        if not isinstance(error, WebSocketError):
            if isinstance(error, Exception):
                raise error  # taking a message failed
            self._end.cut()
            return
        self._send(Close(int(error.code), told(error, self._most)))
        self._end.write(lost_by(error, self._most))
        self._end.cut()
        await self._linger()

    async def _wait_for_room(self) -> None:
        request = self._req
        if self._end.is_full:
            room = asyncio.get_running_loop().create_future()
            self._end.when_room(lambda: None if room.done() else room.set_result(None))
            await room
        if self._is_slow and request is not None:
            await request.writer.drain()
            self._is_slow = False

    async def pong(self, message: bytes = b"") -> None:
        """Answer a ping; a client that reads no answers is asked for nothing more."""
        with suppress(ConnectionError):  # it is gone, which is read next
            await super().pong(message)
        if self._wire is not None and self._wire.get_write_buffer_size() > _PONGS:
            self._is_slow = True
            await self._wait_for_room()

    async def close(self, **_: Any) -> bool:
        """Do nothing: how a connection ends is this class's to say, and aiohttp asks for it."""
        return True

    # -- to the client

    def _send(self, frame: Frame) -> None:
        wire = self._wire
        if wire is None or wire.is_closing():
            return
        if type(frame) is str:
            self._write(frame.encode("utf-8", "replace"), WSMsgType.TEXT)
        elif type(frame) is bytes:
            self._write(frame, WSMsgType.BINARY)
        elif isinstance(frame, Close):
            self._send_close(frame)
            return
        else:
            self._lost()
            return
        if wire.get_write_buffer_size() > _SLOW:
            self._take_note_of_a_slow_client(wire)

    def _take_note_of_a_slow_client(self, wire: asyncio.Transport) -> None:
        self._is_slow = True
        unsent = wire.get_write_buffer_size()
        if unsent > MOST_UNREAD:
            _log.warning(
                "a WebSocket was cut: its client has not read the last %d MiB",
                unsent // 2**20,
            )
            wire.abort()
            self._end.cut()

    def _send_close(self, frame: Close) -> None:
        if self._has_sent_close:
            return
        self._has_sent_close = True
        content = b""
        if frame.code != NO_STATUS:
            content = struct.pack("!H", frame.code) + frame.reason.encode("utf-8", "replace")[:123]
        self._write(content, WSMsgType.CLOSE)
        if self.close_code is not None:  # the client's has come already
            self._finish()

    def _lost(self) -> None:
        """The other end is gone: without a close frame, so is the connection."""
        if self._has_sent_close:
            asyncio.get_running_loop().create_task(self._leave())
        elif self._wire is not None:
            self._wire.abort()
            self._finish()

    async def _leave(self) -> None:
        await self._linger()
        self._close_wire()

    def _finish(self) -> None:
        if self._is_over is not None and not self._is_over.done():
            self._is_over.set_result(None)

    def _write(self, content: bytes, kind: WSMsgType) -> None:
        # What aiohttp's coroutines come to where nothing is compressed and nobody waits.
        if self._writer is not None:
            with suppress(ConnectionError):  # it is gone, which is read next
                self._writer._write_websocket_frame(content, kind, 0)  # noqa: SLF001 - see above

    # -- the end

    def go_away(self) -> asyncio.Future[None]:
        """Say goodbye; gives what settles when the client has answered."""
        assert self._is_over is not None, "it runs"
        self._end.read(lambda _: None)
        self._end = new_pipe()[0]  # what still comes goes nowhere
        self._send_close(Close(_GOING_AWAY, ""))
        return self._is_over

    async def _linger(self) -> None:
        # To close at once what is still being received resets it, and the client may never read
        # why: it gets a moment to do so, and to close on its side.
        until = asyncio.get_running_loop().time() + _LINGER_S
        while asyncio.get_running_loop().time() < until:
            if self._wire is None or self._wire.is_closing():
                return
            await asyncio.sleep(0.02)

    def _close_wire(self) -> None:
        if self._wire is not None:
            self._wire.close()
        self._finish()

    async def _prepare_headers(self) -> None:
        # aiohttp names itself where the Worker has named nobody; production does not.
        is_signed = hdrs.SERVER in self.headers
        await super()._prepare_headers()
        if not is_signed:
            self.headers.pop(hdrs.SERVER, None)

"""WebSockets to other servers, through one aiohttp client that belongs to nobody."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from aiohttp import WSMsgType, hdrs
from multidict import CIMultiDict
from yarl import URL

from pydo.host.js.incomingcf import CONNECTING_IP
from pydo.host.outgoing import Answered, Joined, internal_error, network_lost
from pydo.runtime.pipe import NO_STATUS, Close, Lost, new_pipe
from pydo.serve.violation import lost_by

if TYPE_CHECKING:
    from aiohttp.connector import Connection

    from pydo.host.outgoing import Outgoing
    from pydo.runtime.pipe import Frame, PipeEnd

__all__ = ["Dialer"]

_UNASKED = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.USER_AGENT)
_LIMIT = 32 * 1024 * 1024
_SWITCHING = 101
_UNTOLD = (
    aiohttp.ClientConnectorDNSError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientSSLError,
)


class Dialer:
    """The way out for WebSockets."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._carrying: set[asyncio.Task[None]] = set()

    async def connect(self, outgoing: Outgoing, /) -> Joined | Answered:
        """Ask a server for a WebSocket; gives what it answers instead if it has none to give.

        Raises:
            JsException: there is no answer.

        """
        headers = CIMultiDict(outgoing.headers)
        offered = headers.popall(hdrs.SEC_WEBSOCKET_PROTOCOL, [])
        headers.popall(CONNECTING_IP, None)
        try:
            joined = await self._opened().ws_connect(
                URL(outgoing.url, encoded=True),
                method=outgoing.method,
                protocols=[name.strip() for each in offered for name in each.split(",")],
                headers=headers,
                autoclose=False,
                compress=0,
                max_msg_size=_LIMIT + 1,  # aiohttp's limit is the first length that is too much
            )
        except _Refused as refused:
            return _answered(refused.response, refused.body)
        except _UNTOLD as error:
            raise internal_error() from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise network_lost() from error
        socket = cast("_Socket", joined)
        near, far = new_pipe()
        connection = _Outgoing(socket, far)
        carrying = connection.loop.create_task(connection.run())
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)
        return Joined(near, _pairs(socket.head), socket.protocol)

    async def close(self) -> None:
        """Close every connection."""
        for task in self._carrying:
            task.cancel()
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_UNASKED,
                timeout=aiohttp.ClientTimeout(total=None),
                response_class=_Head,
                ws_response_class=_Socket,
            )
        return self._session


class _Refused(aiohttp.ClientError):
    """A server answers something else than the WebSocket that it was asked for."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        super().__init__(response.status)
        self.response = response
        self.body = body


class _Head(aiohttp.ClientResponse):
    """What a server answers; the body of a refusal is read before aiohttp throws it away."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """Read the head.

        Raises:
            _Refused: it is no WebSocket's.

        """
        await super().start(connection)
        if self.status != _SWITCHING:
            raise _Refused(self, await self.read())
        return self


class _Socket(aiohttp.ClientWebSocketResponse):
    """A WebSocket that keeps the head of the answer, and is closed by nobody but its user."""

    def __init__(  # the signature is aiohttp's
        self, reader: Any, writer: Any, protocol: Any, response: Any, *more: Any, **named: Any
    ) -> None:
        super().__init__(reader, writer, protocol, response, *more, **named)
        self.head: aiohttp.ClientResponse = response

    async def close(self, **_: Any) -> bool:
        """Do nothing: aiohttp asks for it whenever something is wrong."""
        return True


class _Outgoing:
    """The client's side of one WebSocket."""

    def __init__(self, socket: _Socket, end: PipeEnd) -> None:
        self.loop = asyncio.get_running_loop()
        self._socket = socket
        self._end = end
        end.holder = self
        self._waiting: asyncio.Queue[Frame] = asyncio.Queue()
        self._sent_close = self._heard_close = False
        self._is_over = asyncio.Event()

    async def run(self) -> None:
        """Carry frames to and fro until the connection has ended."""
        self._end.read(self._waiting.put_nowait)
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._write())
        try:
            await self._is_over.wait()
            self._end.cut()
        finally:
            reading.cancel()
            writing.cancel()
            self._socket.head.close()

    async def _read(self) -> None:
        end = self._end
        while True:
            if end.is_full:
                room = asyncio.Event()
                end.when_room(room.set)
                await room.wait()
            message = await self._socket.receive()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                end.write(message.data)
                continue
            if message.type is WSMsgType.CLOSE:
                self._heard_close = True
                end.write(Close(message.data or NO_STATUS, message.extra or ""))
            elif isinstance(message.data, aiohttp.WebSocketError):
                await self._send(Close(int(message.data.code), ""))
                end.write(lost_by(message.data, _LIMIT))
            else:
                end.cut()
            if not self._heard_close or self._sent_close:
                self._is_over.set()
            return

    async def _write(self) -> None:
        while True:
            frame = await self._waiting.get()
            try:
                await self._send(frame)
            except (aiohttp.ClientError, OSError):
                self._is_over.set()
            if isinstance(frame, Lost) or (self._sent_close and self._heard_close):
                self._is_over.set()

    async def _send(self, frame: Frame) -> None:
        if isinstance(frame, str):
            await self._socket.send_str(frame)
            self._end.consume(frame)
        elif isinstance(frame, bytes):
            await self._socket.send_bytes(frame)
            self._end.consume(frame)
        elif isinstance(frame, Close) and not self._sent_close:
            self._sent_close = True
            content = b""
            if frame.code != NO_STATUS:
                content = struct.pack("!H", frame.code) + frame.reason.encode()[:123]
            await self._socket.send_frame(content, WSMsgType.CLOSE)


def _answered(response: aiohttp.ClientResponse, body: bytes) -> Answered:
    pieces = [body]

    async def read() -> bytes:
        return pieces.pop() if pieces else b""

    reason = response.reason or ""
    return Answered(response.status, reason, _pairs(response), len(body), read, lambda: None)


def _pairs(head: aiohttp.ClientResponse) -> list[tuple[str, str]]:
    return list(head.headers.items())

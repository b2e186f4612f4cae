"""One client's connection, where it is to be other than aiohttp has it.

A client that has sent all it will may still read: its request is answered, and then the connection
ends.  One that has left looks the same until something is written to it, so a stream goes on until
then; where nothing is written for two seconds, the client is taken to have left.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod, HttpProcessingError, LineTooLong

from pydo.serve.answer import told

if TYPE_CHECKING:
    from types import CoroutineType

__all__ = ["Listener"]

_LIMIT = 128 * 1024  # for an address, and for a header: all of them together, in kj/compat/http.h
_HEADERS = 8192
_SILENT_S = 2.0  # without a word to a client that sends no more, until it is given up
_TARGET = re.compile(rb"[A-Z]+ [^\r\n ]*(?= HTTP/)")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class Listener(web.Server):
    """Makes the protocol of each connection."""

    def __call__(self) -> web.RequestHandler:
        """Make one."""
        return _Protocol(
            self,
            loop=self._loop,
            max_line_size=_LIMIT,
            max_field_size=_LIMIT,
            max_headers=_HEADERS,
            **self._kwargs,
        )


class _Protocol(web.RequestHandler):
    """aiohttp's, and what kj and workerd do otherwise."""

    __slots__ = ("_has_ended", "_is_answering")

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._has_ended = self._is_answering = False
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take what has come; an address beyond ASCII, as curl sends it, is escaped."""
        if not data.isascii() and self._is_idle() and _TARGET.match(data):
            data = _TARGET.sub(_escaped, data, count=1)
        asked = self._request_count
        super().data_received(data)
        if self._request_count != asked:
            self._is_answering = False

    def _is_idle(self) -> bool:
        if self._request_count == 0:
            return True
        return self._waiter is not None and not self._waiter.done()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio wants to know
        """Answer what has been asked, if it has not been answered; else end."""
        # Of who has asked for a WebSocket the end is the end: it is heard of once only.
        if self._upgraded or self._payload_parser is not None or self._is_idle():
            return False
        self._has_ended = True
        if self._is_answering:
            self._end_with_answer()
        self._end_bodies()
        # Once more, for a request that is on its way between the queue and its handler.
        self._loop.call_soon(self._end_bodies)
        return True

    def _end_bodies(self) -> None:
        unfinished = [payload for _, payload in self._messages]
        if self._current_request is not None:
            unfinished.append(self._current_request.content)
        for payload in unfinished:
            if not payload.is_eof():
                payload.set_exception(ConnectionResetError("Connection lost"))
                payload.feed_eof()

    def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> CoroutineType[Any, Any, tuple[web.StreamResponse, bool]]:
        """Send an answer, and end after the last one that the client may wait for."""
        self._is_answering = True
        if self._has_ended:
            self._end_with_answer()
        # No frame of our own around each answer; to mypy an async def gives less than it does.
        return super().finish_response(request, resp, start_time)  # type: ignore[return-value]

    def _end_with_answer(self) -> None:
        if not self._messages:
            self.close()  # once the answer is complete
        self._look_for_silence(-1)

    def _look_for_silence(self, before: int) -> None:
        transport, request = self.transport, self._current_request
        if transport is None or transport.is_closing() or request is None:
            return
        written: int = request.writer.output_size
        if written == before and not transport.get_write_buffer_size():
            transport.abort()
        else:
            self._loop.call_later(_SILENT_S, self._look_for_silence, written)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no request: it is its client's fault, who is told."""
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        if isinstance(exc, BadHttpMethod):
            status = 501
        elif isinstance(exc, LineTooLong):
            status = 431
        answer: Any = told(message or "Bad Request", status)  # which has all that aiohttp asks for
        return answer  # type: ignore[no-any-return]


def _escaped(target: re.Match[bytes]) -> bytes:
    return _BEYOND_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), target[0])

"""One client's connection, where it is to be other than aiohttp has it.

A client that has sent all it will may still read: its request is answered, and then the connection
ends.  Once an answer is on its way, the end of what a client sends is taken for the client's own,
so that nobody makes a stream for a reader that has left; unless it comes so soon that it was on its
way before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod, HttpProcessingError, LineTooLong

from pydo.serve.answer import told

if TYPE_CHECKING:
    from types import CoroutineType
    from typing import Any

__all__ = ["Listener"]

_LIMIT = 128 * 1024  # for an address, and for a header: all of them together, in kj/compat/http.h
_HEADERS = 8192
_UNDERWAY_S = 0.25  # how long what a client sent before its answer began may take to be heard of
_TARGET = re.compile(rb"[A-Z]+ [^\r\n ]*[\x80-\xff][^\r\n ]*(?= HTTP/)")
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

    __slots__ = ("_answering_since", "_has_ended")
    _answering_since: float | None

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._has_ended, self._answering_since = False, None
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take what has come; an address beyond ASCII, as curl sends it, is escaped."""
        if not data.isascii() and self._is_idle() and _TARGET.match(data):
            data = _TARGET.sub(_escaped, data, count=1)
        self._answering_since = None
        super().data_received(data)

    def _is_idle(self) -> bool:
        if self._request_count == 0:
            return True
        return self._waiter is not None and not self._waiter.done()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio wants to know
        """Answer what has been asked, if it has not been answered; else end."""
        if self._payload_parser is not None or self._is_idle():
            return False
        if self._answering_since is not None and not self._messages:
            if self._loop.time() - self._answering_since > _UNDERWAY_S:
                return False
            self.close()  # once the answer is complete
        self._has_ended = True
        unfinished = [payload for _, payload in self._messages]
        if self._current_request is not None:
            unfinished.append(self._current_request.content)
        for payload in unfinished:
            if not payload.is_eof():
                payload.set_exception(ConnectionResetError("Connection lost"))
                payload.feed_eof()
        return True

    def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> CoroutineType[Any, Any, tuple[web.StreamResponse, bool]]:
        """Send an answer, and end after the last one that the client may wait for."""
        self._answering_since = self._loop.time()
        if self._has_ended and not self._messages:
            self.close()
        # No frame of our own around each answer; to mypy an async def gives less than it does.
        return super().finish_response(request, resp, start_time)  # type: ignore[return-value]

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
        return told(message or "Bad Request", status)


def _escaped(target: re.Match[bytes]) -> bytes:
    return _BEYOND_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), target[0])

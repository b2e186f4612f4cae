"""A Worker's response on the wire.

What the Worker says is what goes out: no header is added but `Date`, `Content-Length` and that of
the connection.  A body that is there leaves in one write with its head; one that comes in pieces
leaves as it comes.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11
from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.abc import AbstractStreamWriter

    from pydo.host.js.response import Response

__all__ = ["answer_of"]

_HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})
_NO_BODY = frozenset({204, 304})


def answer_of(response: Response) -> web.StreamResponse:
    """Give what aiohttp is to send for a Worker's response."""
    body = response.take()
    if body is None or isinstance(body, bytes):
        return _WholeAnswer(response, body)
    return _StreamedAnswer(response, body)


class _WholeAnswer(web.StreamResponse):
    """A head and a body, written at once by itself: half the work of aiohttp's own response."""

    def __init__(self, response: Response, body: bytes | None) -> None:
        super().__init__(status=response.status, reason=response.statusText)
        self._given = response.header_list()
        self._content = body or b""
        self._asked: web.BaseRequest | None = None

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection goes on: as the client has asked."""
        return None if self._asked is None else self._asked.keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Note who is answered."""
        self._asked = request
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Write everything.

        Raises:
            ConnectionResetError: the client is gone.

        """
        del data
        request = self._asked
        transport = None if request is None else request.transport
        if request is None or transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        head = self._head(request).encode("utf-8", "surrogateescape")
        is_bare = request.method == hdrs.METH_HEAD or self.status in _NO_BODY
        transport.write(head if is_bare else head + self._content)

    def _head(self, request: web.BaseRequest) -> str:
        version = request.version
        lines = [f"HTTP/{version[0]}.{version[1]} {self.status} {self.reason}"]
        length = str(len(self._content))
        has_date = False
        for name, value in self._given:
            lowered = name.lower()
            if lowered not in _HOP_BY_HOP:
                lines.append(f"{name}: {value}")
                has_date = has_date or lowered == "date"
            elif lowered == "content-length" and request.method == hdrs.METH_HEAD:
                length = value
        if self.status not in _NO_BODY:
            lines.append(f"Content-Length: {length}")
        if not has_date:
            lines.append(f"Date: {_date(int(time.time()))}")
        if not request.keep_alive:
            lines.append("Connection: close")
        elif version < HttpVersion11:
            lines.append("Connection: keep-alive")
        return "\r\n".join(lines) + "\r\n\r\n"


class _StreamedAnswer(web.StreamResponse):
    """A head, then the pieces of the body as they come."""

    def __init__(self, response: Response, pieces: AsyncIterator[bytes]) -> None:
        headers = CIMultiDict(response.header_list())
        super().__init__(status=response.status, reason=response.statusText, headers=headers)
        self._pieces = pieces

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the body."""
        async for piece in self._pieces:
            await self.write(piece)
        await super().write_eof(data)

    async def _prepare_headers(self) -> None:
        # aiohttp names a type where the Worker has named none, and itself; production does not.
        is_typed = hdrs.CONTENT_TYPE in self.headers
        is_signed = hdrs.SERVER in self.headers
        await super()._prepare_headers()
        if not is_typed:
            self.headers.pop(hdrs.CONTENT_TYPE, None)
        if not is_signed:
            self.headers.pop(hdrs.SERVER, None)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)

"""A Worker's response on the wire.

What the Worker says is what goes out: no header is added but `Date`, `Content-Length` and that of
the connection.  A body that is there leaves in one write with its head; one that comes in pieces
leaves as it comes.
"""

from __future__ import annotations

import gzip
import time
import zlib
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11
from multidict import CIMultiDict

from pydo.host.js.stream import ReadableStream
from pydo.host.js.stream.encoded import Encoded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp.abc import AbstractStreamWriter

    from pydo.host.js.response import Response

__all__ = ["answer_of"]

_HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})
_NO_BODY = frozenset({204, 304})


def answer_of(response: Response, on_error: Callable[[BaseException], None]) -> web.StreamResponse:
    """Give what aiohttp is to send for a Worker's response.

    `on_error` hears of an error in the middle of a body, which cuts the connection.
    """
    _pass_on_encoded(response)
    if _names_encoding(response, "br"):
        # Nothing here makes Brotli: the answer is what production gives clients without it.
        response.headers.delete("content-encoding")
    body = response.take()
    if body is None or isinstance(body, bytes):
        if body and _names_encoding(response, "gzip"):
            body = gzip.compress(body)
        return _WholeAnswer(response, body)
    return _StreamedAnswer(response, body, on_error)


def _names_encoding(response: Response, encoding: str) -> bool:
    # Naming an encoding asks for it, unless `encodeBody` says that the body has it already:
    # src/workerd/api/http.c++, `Response::send`.
    if response.encodeBody != "automatic" or response.is_encoded:
        return False
    return bool(response.headers.get("content-encoding") == encoding)


def _pass_on_encoded(response: Response) -> None:
    """Let a body that another server has compressed go out as it came in."""
    content = response.content
    if (
        response.encodeBody == "automatic"
        and isinstance(content, ReadableStream)
        and not content.disturbed
        and isinstance(content.source, Encoded)
        and response.headers.get("content-encoding") == content.source.encoding
    ):
        content.length = content.source.keep_encoded()
        response.is_encoded = True


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

    def __init__(
        self, response: Response, stream: ReadableStream, on_error: Callable[[BaseException], None]
    ) -> None:
        is_compressed = _names_encoding(response, "gzip")
        length = None if is_compressed else stream.length
        headers = CIMultiDict(
            pair for pair in response.header_list() if pair[0].lower() not in _HOP_BY_HOP
        )
        if length is not None:
            headers[hdrs.CONTENT_LENGTH] = str(length)
        super().__init__(status=response.status, reason=response.statusText, headers=headers)
        self._stream = stream
        self._pieces = _compressed(stream.data()) if is_compressed else stream.data()
        self._on_error = on_error
        self._asked: web.BaseRequest | None = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the head, before there is anything of the body."""
        self._asked = request
        try:
            return await super().prepare(request)
        except BaseException:  # whoever makes the body is to know
            await self._stream.give_up(_GONE)
            raise

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the body as it comes; the end of the client is the end of the stream."""
        assert self._asked is not None, "it is prepared first"
        try:
            if self._asked.method != hdrs.METH_HEAD and self.status not in _NO_BODY:
                async for piece in self._pieces:
                    await self.write(piece)
            await super().write_eof(data)
        except Exception as error:  # noqa: BLE001 - the head is out: cut what cannot be completed
            if not isinstance(error, ConnectionError):
                self._on_error(error)
            if self._asked.transport is not None:
                self._asked.transport.abort()
        finally:
            await self._stream.give_up(_GONE)

    async def _prepare_headers(self) -> None:
        # aiohttp names a type where the Worker has named none, and itself; production does not.
        is_typed = hdrs.CONTENT_TYPE in self.headers
        is_signed = hdrs.SERVER in self.headers
        await super()._prepare_headers()
        if not is_typed:
            self.headers.pop(hdrs.CONTENT_TYPE, None)
        if not is_signed:
            self.headers.pop(hdrs.SERVER, None)


_GZIP = 31  # zlib's number for the form
_GONE = "The client has disconnected"


async def _compressed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    compressor = zlib.compressobj(wbits=_GZIP)
    async for piece in pieces:
        yield compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)

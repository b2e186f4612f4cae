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
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11
from multidict import CIMultiDict

from pydo.host.js.response import status_text
from pydo.host.js.stream import ReadableStream
from pydo.host.js.stream.encoded import Encoded
from pydo.host.js.stream.lending import OwnerGone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp.abc import AbstractStreamWriter

    from pydo.host.js.response import Response

__all__ = ["Answer", "WholeAnswer", "answer_of", "drain", "let_go", "told"]

# What the connection decides, not the Worker: kj/compat/http.c++, `HttpHeaders`.
_OF_THE_BODY = frozenset({"content-length", "transfer-encoding"})
_OF_THE_CONNECTION = _OF_THE_BODY | {"connection", "keep-alive", "te", "trailer", "upgrade"}
_CONTENT_ENCODING = "content-encoding"
_NO_BODY = frozenset({204, 304})
_RESET_CONTENT = 205
_TEXT = "text/plain;charset=UTF-8"
_MOST_UNREAD = 1024 * 1024  # bytes of answers that wait for their client


def answer_of(response: Response, on_error: Callable[[BaseException], None]) -> Answer:
    """Give what aiohttp is to send for a Worker's response.

    `on_error` hears of an error in the middle of a body, which cuts the connection.
    """
    content = response.content
    is_chunked = False
    if type(content) is not str and isinstance(content, ReadableStream):
        _pass_on_encoded(response, content)
        is_chunked = content.length is None
    headers = response.header_list()
    encoding = _encoding_asked_for(response, headers)
    if encoding == "br":
        # Nothing here makes Brotli: the answer is what production gives clients without it.
        headers = [pair for pair in headers if pair[0].lower() != _CONTENT_ENCODING]
    body = response.take()
    if type(body) is not bytes and isinstance(body, ReadableStream):
        is_compressed = encoding == "gzip"
        return _StreamedAnswer(response, headers, body, on_error, is_compressed=is_compressed)
    if body and encoding == "gzip":
        body = gzip.compress(body)
    return WholeAnswer(response.status, response.statusText, headers, body or b"", is_chunked)


async def drain(response: Response) -> None:
    """Read the body of what answers a HEAD: its head waits for the end, as `wrangler dev`'s does.

    Raises:
        Exception: what the body fails with.

    """
    content = response.content
    if not isinstance(content, ReadableStream):
        return
    _pass_on_encoded(response, content)
    body = response.take()
    if isinstance(body, ReadableStream):
        async for _ in body.data():
            pass
    response.content, response.used = None, False


def told(text: str, status: int, content_type: str = _TEXT) -> WholeAnswer:
    """Give an answer of the server's own."""
    headers = [("Content-Type", content_type)]
    return WholeAnswer(status, status_text(status), headers, text.encode("utf-8", "replace"))


async def let_go(stream: ReadableStream, on_error: Callable[[BaseException], object]) -> None:
    """Give up a body that nobody waits for any more; what its source says to that is told."""
    try:
        await stream.give_up()
    except Exception as error:  # noqa: BLE001 - the Worker's, and there is no one else to tell
        on_error(error)


def _encoding_asked_for(response: Response, headers: list[tuple[str, str]]) -> str | None:
    # Naming an encoding asks for it, unless `encodeBody` says that the body has it already:
    # src/workerd/api/http.c++, `Response::send`.
    if response.encodeBody != "automatic" or response.is_encoded:
        return None
    named = [value for name, value in headers if name.lower() == _CONTENT_ENCODING]
    return named[0] if len(named) == 1 else None


def _pass_on_encoded(response: Response, content: ReadableStream) -> None:
    """Let a body that another server has compressed go out as it came in."""
    if (
        response.encodeBody == "automatic"
        and not content.disturbed
        and isinstance(content.source, Encoded)
        and response.headers.get("content-encoding") == content.source.encoding
    ):
        content.length = content.source.keep_encoded()
        response.is_encoded = True


class WholeAnswer:
    """A head and a body, written at once.

    It has what aiohttp asks of a response, and does half the work of aiohttp's own.
    """

    __slots__ = ("_asked", "_content", "_given", "_is_chunked", "_reason", "status")

    def __init__(
        self,
        status: int,
        reason: str,
        headers: list[tuple[str, str]],
        content: bytes,
        is_chunked: bool = False,  # noqa: FBT001, FBT002 - a claim, passed once
    ) -> None:
        self.status = status
        self._reason = reason
        self._given = headers
        self._content = content
        self._is_chunked = is_chunked
        self._asked: web.BaseRequest | None = None

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection goes on: as the client has asked."""
        return None if self._asked is None else self._asked.keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Note who is answered."""
        self._asked = request

    async def write_eof(self) -> None:
        """Write everything.

        Raises:
            ConnectionResetError: the client is gone.

        """
        request = self._asked
        transport = None if request is None else request.transport
        if request is None or transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        is_bare = request.method == hdrs.METH_HEAD or self.status in _NO_BODY
        is_chunked = self._is_chunked and not is_bare and request.version >= HttpVersion11
        content = _one_chunk(self._content) if is_chunked else self._content
        head = self._head(request, is_chunked=is_chunked).encode("utf-8", "surrogateescape")
        transport.write(head if is_bare else head + content)
        if transport.get_write_buffer_size() > _MOST_UNREAD:
            await request.writer.drain()  # nobody asks for more than it reads

    def _head(self, request: web.BaseRequest, *, is_chunked: bool) -> str:
        lines = [f"HTTP/1.1 {self.status} {self._reason}"]
        is_head = request.method == hdrs.METH_HEAD
        has_date = False
        for name, value in self._given:
            lowered = name.lower()
            if lowered not in _OF_THE_CONNECTION or (is_head and lowered in _OF_THE_BODY):
                lines.append(f"{name}: {value}")
                has_date = has_date or lowered == "date"
        if is_chunked:
            lines.append("Transfer-Encoding: chunked")
        # As `wrangler dev` answers it, HEAD is told of a length that the Worker names itself.
        elif self.status not in _NO_BODY and (not is_head or self.status == _RESET_CONTENT):
            lines.append(f"Content-Length: {len(self._content)}")
        if not has_date:
            lines.append(f"Date: {_date(int(time.time()))}")
        if not request.keep_alive:
            lines.append("Connection: close")
        elif request.version < HttpVersion11:
            lines.append("Connection: keep-alive")
        return "\r\n".join(lines) + "\r\n\r\n"


def _one_chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content) if content else b"0\r\n\r\n"


Answer: TypeAlias = WholeAnswer | web.StreamResponse


class _StreamedAnswer(web.StreamResponse):
    """A head, then the pieces of the body as they come."""

    def __init__(
        self,
        response: Response,
        given: list[tuple[str, str]],
        stream: ReadableStream,
        on_error: Callable[[BaseException], None],
        *,
        is_compressed: bool,
    ) -> None:
        length = None if is_compressed else stream.length
        headers = CIMultiDict(p for p in given if p[0].lower() not in _OF_THE_CONNECTION)
        self._of_the_body = [pair for pair in given if pair[0].lower() in _OF_THE_BODY]
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
            await let_go(self._stream, self._on_error)
            raise

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the body as it comes; the end of the client is the end of the stream."""
        assert self._asked is not None, "it is prepared first"
        failure: Exception | None = None
        try:
            if self._asked.method != hdrs.METH_HEAD and self.status not in _NO_BODY:
                async for piece in self._pieces:
                    await self.write(piece)
            await super().write_eof(data)
            self._stream.on_given_up = None  # nobody has asked for more
        except Exception as error:  # noqa: BLE001 - the head is out: cut what cannot be completed
            failure = error
            if not isinstance(error, (ConnectionError, OwnerGone)):
                self._on_error(error)
            if self._asked.transport is not None:
                self._asked.transport.abort()
        finally:
            # An error that has ended the stream is told once.
            await let_go(self._stream, lambda error: error is failure or self._on_error(error))

    async def _prepare_headers(self) -> None:
        # aiohttp names a type where the Worker has named none, and itself; production does not.
        is_typed = hdrs.CONTENT_TYPE in self.headers
        is_signed = hdrs.SERVER in self.headers
        await super()._prepare_headers()
        if not is_typed:
            self.headers.pop(hdrs.CONTENT_TYPE, None)
        if not is_signed:
            self.headers.pop(hdrs.SERVER, None)
        if self._asked is not None and self._asked.method == hdrs.METH_HEAD:
            for name in _OF_THE_BODY:
                self.headers.pop(name, None)
            self.headers.extend(self._of_the_body)


_GZIP = 31  # zlib's number for the form


async def _compressed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    compressor = zlib.compressobj(wbits=_GZIP)
    async for piece in pieces:
        yield compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)

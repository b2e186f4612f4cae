"""Requests to other servers, through one aiohttp client that belongs to nobody.

Nothing is done for the Worker that it did not ask for: no cookies, no redirections, no header but
those of the connection and `CF-Worker`, as `wrangler dev` sends it.  What a Worker sees of a
failure are production's words; its cause says what has happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict
from yarl import URL

from pydo.host.js.incomingcf import CONNECTING_IP
from pydo.host.outgoing import Answered, internal_error, network_lost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydo.errors import JsException
    from pydo.host.outgoing import Outgoing

__all__ = ["Fetcher"]

_WITHOUT_BODY = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
_UNASKED = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE, hdrs.USER_AGENT)
_LINE = 128 * 1024  # the longest header that is read, as in workerd's server
_PIECE = 256 * 1024
_LOST = (
    aiohttp.ClientPayloadError,
    aiohttp.ServerDisconnectedError,
    aiohttp.ServerTimeoutError,
    ConnectionError,
    TimeoutError,
)
_UNTOLD = (
    aiohttp.ClientConnectorDNSError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientSSLError,
)


class Fetcher:
    """The way out of a Worker of some name."""

    def __init__(self, worker: str) -> None:
        self._worker = f"{worker}.example.com"
        self._session: aiohttp.ClientSession | None = None

    async def send(self, outgoing: Outgoing, /) -> Answered:
        """Send a request, and give the head of what answers it.

        Raises:
            JsException: there is no answer.

        """
        try:
            response = await self._opened().request(
                outgoing.method,
                URL(outgoing.url, encoded=True),
                headers=self._headers(outgoing),
                data=_data(outgoing.body),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error, remote=True) from error
        return _answered(response)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_UNASKED,
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
                max_line_size=_LINE,
                max_field_size=_LINE,
            )
        return self._session

    def _headers(self, outgoing: Outgoing) -> CIMultiDict[str]:
        headers = CIMultiDict(outgoing.headers)
        headers["CF-Worker"] = self._worker
        headers.popall(CONNECTING_IP, None)
        if outgoing.length is not None:
            headers[hdrs.CONTENT_LENGTH] = str(outgoing.length)
        elif isinstance(outgoing.body, bytes):
            headers[hdrs.CONTENT_LENGTH] = str(len(outgoing.body))
        elif outgoing.body is None and outgoing.method not in _WITHOUT_BODY:
            headers[hdrs.CONTENT_LENGTH] = "0"
        return headers


def _data(body: bytes | AsyncIterator[bytes] | None) -> bytes | AsyncIterator[bytes] | None:
    # In one piece it would hold up the loop, of which aiohttp warns.
    return _pieces(body) if isinstance(body, bytes) and len(body) > _PIECE else body


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


def _answered(response: aiohttp.ClientResponse) -> Answered:
    async def read() -> bytes:
        try:
            return await response.content.readany()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error) from error

    def close() -> None:
        if response.content.is_eof():
            response.release()
        else:
            response.close()

    headers = [
        (name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))
        for name, value in response.raw_headers
    ]
    length = response.content_length
    return Answered(response.status, response.reason or "", headers, length, read, close)


def _failure(error: Exception, **properties: object) -> JsException:
    if isinstance(error, _UNTOLD):
        return internal_error(**properties)
    if isinstance(error, _LOST) or isinstance(getattr(error, "os_error", None), ConnectionError):
        return network_lost(**properties)
    return internal_error(**properties)

"""`fetch`: a request to another server.

It leaves when what the caller wrote before it is committed, runs outside any object, and its
answer is an arrival at the caller.  Source: src/workerd/api/http.c++ (`fetchImpl`).
"""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pydo.errors import JsException
from pydo.host.execution import received
from pydo.host.js.abort import thrown
from pydo.host.js.asker import sent_signal
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.redirect import MAX_REDIRECTS, REDIRECTS, Hop, next_hop, too_many, web_address
from pydo.host.js.request import Request
from pydo.host.js.response import Response
from pydo.host.js.stream import ReadableStream
from pydo.host.js.stream.encoded import ENCODINGS, Encoded
from pydo.host.js.stream.source import Outside
from pydo.host.js.upgrade import is_upgrade, upgraded
from pydo.host.js.upload import Upload
from pydo.host.js.value import options
from pydo.host.outgoing import Answered, Outgoing
from pydo.host.promise import JsPromise
from pydo.host.scope import running_loop
from pydo.runtime.scope import SCOPE

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable

    from pydo.host.js.abort import AbortSignal
    from pydo.host.outgoing import FetchPort
    from pydo.runtime.loop import ObjectLoop

__all__ = ["fetch_through"]

_NO_REQUEST = (
    "Failed to execute 'fetch' on 'ServiceWorkerGlobalScope': parameter 1 is not of type "
    "'Request or string'."
)
_SPENT = (
    "A request with a one-time-use body (it was initialized from a stream, not a buffer) "
    "encountered a redirect requiring the body to be retransmitted. To avoid this error in the "
    "future, construct this request from a buffer-like body initializer."
)
_DEAD = "The execution context which hosts this callback is no longer running."
# What the connection decides, not the Worker.
_OF_THE_CONNECTION = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_FRESH = ("Cache-Control", "Pragma")
_BODILESS = frozenset({101, 204, 205, 304})


def fetch_through(port: Callable[[], FetchPort]) -> Callable[..., JsPromise]:
    """Make the function `fetch` that sends its requests through what `port` gives."""

    def fetch(*arguments: Any, **named: Any) -> JsPromise:
        try:
            return _fetch(port(), arguments, named)
        except JsException as error:
            return JsPromise.rejected(error)

    return fetch


def _fetch(port: FetchPort, arguments: tuple[Any, ...], named: dict[str, Any]) -> JsPromise:
    if not arguments:
        raise JsTypeError(_NO_REQUEST)
    loop: Any = running_loop()
    resource, init, *_ = (*arguments, None)
    request = Request.new(resource, init, **named)
    signal = sent_signal(request)
    if signal is not None and signal.aborted:
        return JsPromise.rejected(thrown(signal.reason))
    if request.url.startswith("data:"):
        return JsPromise.resolved(_of_data(request.url))
    if is_upgrade(request):
        return upgraded(request, _headers(request))
    given = {} if isinstance(init, Request) else options(init, named)
    sending = _Sending(loop, port, request, signal)
    sending.is_decoded = given.get("encodeResponseBody") != "manual"
    sending.leave()
    return JsPromise.of(sending.response())


class _Reached(NamedTuple):
    """The end of a chain of redirections."""

    answered: Answered
    url: str
    is_redirected: bool


class _Sending:
    """One call of `fetch`, until its body is read."""

    is_decoded = True

    def __init__(
        self, loop: ObjectLoop, port: FetchPort, request: Request, signal: AbortSignal | None
    ) -> None:
        self._loop = loop
        self._port = port
        self._follows = request.redirect == "follow"
        self._hop = Hop(request.method, web_address(request.url), _headers(request), has_body=True)
        self._signal = signal
        self._future: asyncio.Future[_Reached] = loop.create_future()
        self._task: asyncio.Task[None] | None = None
        self._answered: Answered | None = None
        content = request.content
        stream = content if isinstance(content, ReadableStream) else None
        self._is_sent_once = stream is not None and stream.source is not None
        self._is_chunked = stream is not None and stream.length is None
        body = request.take()
        self._upload = Upload(body) if isinstance(body, ReadableStream) else None
        self._body = None if isinstance(body, ReadableStream) else body
        self._listen_no_more = signal.on_abort(self._abort) if signal else lambda: None

    def leave(self) -> None:
        """Go, when what the caller's turn has written is committed."""
        scope = SCOPE.get()
        if scope is None:
            self._start()
        elif scope.turns.is_dead:
            raise JsError(_DEAD)
        elif not scope.turns.is_running:
            raise RuntimeError(f"{scope.turns.name} called fetch from outside its own turns")
        else:
            scope.turns.output.hold(self._start)

    async def response(self) -> Response:
        """Wait for the response."""
        reached = await self._future
        answered, url = reached.answered, reached.url
        response = Response.incoming(answered.status, answered.reason, answered.headers)
        response.url, response.is_redirected = url, reached.is_redirected
        if self._hop.method == "HEAD" or answered.status in _BODILESS:
            self._finish()
            return response
        response.content = ReadableStream.of_source(
            Outside(self._read, self._finish), length=answered.length
        )
        encoding = response.headers.get("content-encoding")
        if not self.is_decoded:
            response.encodeBody = "manual"
        elif encoding in ENCODINGS:
            raw = Outside(self._read, self._finish)
            response.content = ReadableStream.of_source(Encoded(raw, encoding, answered.length))
        received(response.content)
        return response

    # -- outside any object

    def _start(self) -> None:
        if not self._future.done():  # else it was aborted in the meantime
            self._task = self._loop.create_unowned_task(self._run())

    async def _run(self) -> None:
        try:
            reached = await self._follow()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's
            of_upload = None if self._upload is None else self._upload.error
            self._fail(of_upload or error)
            return
        self._answered = reached.answered
        if self._future.done():
            self._finish()
        else:
            self._future.set_result(reached)

    async def _follow(self) -> _Reached:
        visited: list[str] = []
        while True:
            url = _bare(self._hop)
            visited.append(url)
            answered = await self._port(self._outgoing())
            location = _location(answered) if self._follows else None
            if location is None:
                return _Reached(answered, url, len(visited) > 1)
            answered.close()
            if len(visited) > MAX_REDIRECTS:
                raise too_many(visited)
            self._hop = next_hop(self._hop, answered.status, location)
            if self._hop.has_body and self._is_sent_once:
                raise JsTypeError(_SPENT)

    def _outgoing(self) -> Outgoing:
        hop = self._hop
        address = replace(hop.address, username="", password="", fragment=None)
        outgoing = Outgoing(hop.method, address.href, hop.headers)
        if not hop.has_body:
            return outgoing
        if self._upload is not None:
            return replace(outgoing, body=aiter(self._upload), length=self._upload.length)
        if self._is_chunked and self._body is not None:
            return replace(outgoing, body=_in_chunks(self._body))
        return replace(outgoing, body=self._body)

    async def _read(self) -> bytes:
        assert self._answered is not None, "there is a body when there is an answer"
        signal = self._signal
        try:
            data = b"" if signal and signal.aborted else await self._answered.read()
        except JsException as error:
            if signal is None or not signal.aborted:
                self._finish()
                raise
            raise thrown(signal.reason) from error
        if not data:
            self._finish()
            if signal is not None and signal.aborted:
                raise thrown(signal.reason)
        return data

    # -- the end

    def _abort(self) -> None:
        assert self._signal is not None, "it has aborted"
        if self._task is not None:
            self._task.cancel()
        self._fail(thrown(self._signal.reason))

    def _fail(self, error: BaseException) -> None:
        if not self._future.done():
            self._future.set_exception(error)
        self._finish()

    def _finish(self) -> None:
        self._listen_no_more()
        if self._upload is not None:
            self._upload.stop("The request has ended.")
        if self._answered is not None:
            self._loop.call_unowned(self._answered.close)


async def _in_chunks(body: bytes) -> AsyncIterator[bytes]:
    # A stream has no length for the other end, also where all of it is there by now.
    if body:
        yield body


def _headers(request: Request) -> list[tuple[str, str]]:
    headers = [p for p in request.header_list() if p[0].lower() not in _OF_THE_CONNECTION]
    if isinstance(request.cache, str):
        # Every mode there is asks for a fresh answer: src/workerd/api/http.c++, `fetchImpl`.
        names = {name.lower() for name, _ in headers}
        headers += [(name, "no-cache") for name in _FRESH if name.lower() not in names]
    return headers


def _bare(hop: Hop) -> str:
    return replace(hop.address, fragment=None).href


def _location(answered: Answered) -> str | None:
    if answered.status not in REDIRECTS:
        return None
    locations = (value for name, value in answered.headers if name.lower() == "location")
    return next(locations, None) or None  # an empty one leads nowhere


_DATA = re.compile(r"data:([^,]*?)(;\s*base64\s*)?,(.*)", re.IGNORECASE | re.DOTALL)


def _of_data(url: str) -> Response:
    """Give what an address that holds its own contents says.

    Raises:
        JsException: a `TypeError` for one that holds none.

    """
    found = _DATA.fullmatch(url.partition("#")[0])
    if found is None:
        raise JsTypeError(f"Fetch API cannot load: {url}")
    content = urllib.parse.unquote_to_bytes(found[3])
    if found[2]:
        try:
            content = base64.b64decode(content + b"=" * (-len(content) % 4), validate=True)
        except binascii.Error:
            raise JsTypeError(f"Fetch API cannot load: {url}") from None
    kind = found[1].strip() or "text/plain;charset=US-ASCII"
    response = Response.incoming(200, "OK", [("content-type", kind)])
    response.content = ReadableStream.of_bytes(content)
    return response

"""One HTTP exchange: aiohttp's request to the Worker's, and the Worker's response back."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import hdrs
from aiohttp.http import HttpVersion11
from multidict import istr

from pydo.errors import JsException
from pydo.host.js.address import normalized
from pydo.host.js.asker import has_left
from pydo.host.js.incomingcf import CONNECTING_IP, IncomingCf
from pydo.host.js.request import METHODS, Request
from pydo.host.js.response import Response
from pydo.host.js.stream import ReadableStream
from pydo.host.js.value import jsnull
from pydo.serve.answer import Answer, answer_of, drain, let_go, told
from pydo.serve.error_page import error_answer
from pydo.serve.sockets import Connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from pydo.runtime.delivery import Outcome
    from pydo.serve.front import Front
    from pydo.serve.sockets import Sockets

__all__ = ["Exchange", "RequestLog"]

_CONNECTING_IP = istr(CONNECTING_IP)  # spelled for aiohttp once, and not for each request
_BODILESS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})


class RequestLog(Protocol):
    """Who is told of each request."""

    def __call__(self, method: str, path: str, status: int, ms: float) -> None:
        """One request was answered; `path` is without its query."""
        ...


class Exchange:
    """Answers requests with what is given for them to the outcome that is sent with each."""

    def __init__(
        self,
        send: Callable[[Request, Outcome], None],
        owns: Callable[[str], bool],
        log: RequestLog,
        on_error: Callable[[BaseException], None],
        sockets: Sockets,
    ) -> None:
        self.front: Front | None = None  # what is asked before the Worker
        self._send = send
        self._owns = owns
        self._log = log
        self._on_error = on_error
        self._sockets = sockets

    async def __call__(self, request: web.BaseRequest) -> Answer:
        """Answer one request."""
        started = time.perf_counter()
        url = _url(request)
        if url is None:
            return told("Bad Request", 400)
        if request.method not in METHODS:
            return told("ERROR: Unrecognized request method.", 501)
        answer: Answer | None = None
        if self.front is not None:
            own = self.front.local(request)
            if own is not None:
                return await self._of_its_own(request, own, started)
            answer = self.front.asset(request, url)
        if answer is None:
            answer = await self._of_worker(request, url)
        self._tell(request, answer, started)
        if type(answer) is Connection:
            await self._sockets.run(answer)
        return answer

    async def _of_its_own(
        self, request: web.BaseRequest, answering: Awaitable[Answer], started: float
    ) -> Answer:
        """Wait for the answer of a path of the server's own; what is asked of it is not told."""
        answer = await answering
        if not request.raw_path.startswith("/cdn-cgi/"):
            self._tell(request, answer, started)
        return answer

    def _tell(self, request: web.BaseRequest, answer: Answer, started: float) -> None:
        ms = (time.perf_counter() - started) * 1000
        self._log(request.method, request.raw_path.partition("?")[0], answer.status, ms)

    async def _of_worker(self, request: web.BaseRequest, url: str) -> Answer:
        cf = IncomingCf(request.headers)
        incoming = Request.incoming(request.method, url, _headers(request), _body(request), cf)
        answering = _Answering(self._on_error)
        self._send(incoming, answering)
        try:
            response: Any = await answering.future  # a response, as the entrypoint has seen to
            if response.webSocket is jsnull:
                if request.method == hdrs.METH_HEAD:
                    await drain(response)
                return answer_of(response, self._on_error)
            end = response.webSocket.socket.couple()
            return await self._sockets.join(request, response, end)
        except asyncio.CancelledError:  # the client is gone; what runs for it goes on
            has_left(incoming)
            answering.give_up()
            raise
        except Exception as error:  # noqa: BLE001 - the Worker's, and the client is told
            self._on_error(error)
            return error_answer(error, request, self._owns)


class _Answering:
    """How a request ends: `future` is told while somebody waits for it.

    A response that comes when nobody does any more is let go.
    """

    __slots__ = ("_is_settled", "_on_error", "future")

    def __init__(self, on_error: Callable[[BaseException], None]) -> None:
        self.future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._on_error = on_error
        self._is_settled = False

    def done(self) -> bool:
        """Whether it has ended; that nobody waits is no reason to end it."""
        return self._is_settled

    def set_result(self, result: object) -> None:
        """Take the response."""
        self._is_settled = True
        if self.future.done():
            self._let_go(result)
        else:
            self.future.set_result(result)

    def set_exception(self, error: type | BaseException) -> None:
        """Take the error in place of it."""
        self._is_settled = True
        if not self.future.done():
            self.future.set_exception(error)

    def give_up(self) -> None:
        """Let the response go if it came as whoever waited was cancelled."""
        if not self.future.cancelled() and self.future.exception() is None:
            self._let_go(self.future.result())

    def _let_go(self, response: object) -> None:
        if not isinstance(response, Response):
            return
        if response.webSocket is not jsnull:
            response.webSocket.socket.couple().cut()
        if isinstance(response.content, ReadableStream):
            self.future.get_loop().create_task(let_go(response.content, self._on_error))


def _body(request: web.BaseRequest) -> bytes | ReadableStream | None:
    if not request.body_exists:
        # A body of no bytes is one, where it is said that there is one.
        is_said = request.method not in _BODILESS and hdrs.CONTENT_LENGTH in request.headers
        return b"" if is_said else None
    content = request.content
    if content.is_eof():  # all of it came with the head, as small bodies do
        return content.read_nowait()
    waits = request.headers.get(hdrs.EXPECT, "").lower() == "100-continue"
    if waits and request.version >= HttpVersion11 and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def read() -> bytes:
        try:
            return await content.readany()
        except Exception as error:
            raise JsException("Error", "Network connection lost.", retryable=True) from error

    return ReadableStream.of_outside(read, length=request.content_length)


def _url(request: web.BaseRequest) -> str | None:
    """Give the address that is asked for, as the standard writes it; None if it is none."""
    path = request.raw_path.partition("#")[0]
    if path.startswith(("http://", "https://")):  # a proxy's form, `GET http://host/path`
        return normalized(path)
    host, path = request.host, "/" if path == "*" else path
    return normalized(f"http://{host}{path}") if host and path.startswith("/") else None


def _headers(request: web.BaseRequest) -> list[tuple[str, str]]:
    headers = [
        (name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))
        for name, value in request.raw_headers
    ]
    if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
        # However a client spells it, a Worker reads it in small letters: kj reads the header and
        # writes it anew.
        headers = [(k, v.lower() if k.lower() == "upgrade" else v) for k, v in headers]
    if _CONNECTING_IP not in request.headers and (client := request.remote):
        headers.append((CONNECTING_IP, client))
    return headers

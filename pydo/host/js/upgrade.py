"""WebSockets in requests and responses: asked for, handed over, answered.

Sources: src/workerd/api/http.c++, src/workerd/api/web-socket.c++.
"""

from __future__ import annotations

import re
from typing import Any

from pydo.host.js.dial import Dialing
from pydo.host.js.error import JsTypeError
from pydo.host.js.response import Response
from pydo.host.js.stream import ReadableStream
from pydo.host.js.value import jsnull
from pydo.host.js.websocket import WebSocket
from pydo.host.outgoing import Joined, Outgoing
from pydo.host.promise import JsPromise
from pydo.runtime.socket import Socket

__all__ = ["handed_over", "is_upgrade", "upgraded"]

_HANDSHAKE, _CHOICE = "sec-websocket-", "sec-websocket-protocol"


def handed_over(request: Any, response: Any) -> Any:
    """Give a handler's response as whoever asked gets it: its socket changes hands.

    Raises:
        JsException: a `TypeError`; the body was read or is being read, the request asked for no
            socket, or the socket is in use.

    """
    if not isinstance(response, Response):
        return response
    if response.used or type(response.content) is ReadableStream:
        response.check_unread()
    if response.webSocket is jsnull:
        return response
    if not is_upgrade(request):
        raise JsTypeError(
            "Worker tried to return a WebSocket in a response to a request which did not contain "
            'the header "Upgrade: websocket".'
        )
    socket = Socket(response.webSocket.socket.couple())
    return Response.new(None, {**response.as_options(), "webSocket": WebSocket.of(socket)})


def upgraded(request: Any, headers: list[tuple[str, str]]) -> JsPromise:
    """Send a request for a WebSocket to another server; gives the promise of its response."""
    kept = [
        p for p in headers if not p[0].lower().startswith(_HANDSHAKE) or p[0].lower() == _CHOICE
    ]
    dialing = Dialing.sent(Outgoing(request.method, re.sub("^ws", "http", request.url), kept))
    return JsPromise.of(_response_to(dialing, request.url))


async def _response_to(dialing: Dialing, url: str) -> Response:
    answer = await dialing.future
    if isinstance(answer, Joined):
        response = Response.incoming(101, "Switching Protocols", answer.headers)
        response.webSocket = WebSocket.of(Socket(answer.end))
    else:
        response = Response.incoming(answer.status, answer.reason, answer.headers)
        response.content = await answer.read()
    response.url = url
    return response


def is_upgrade(request: Any) -> bool:
    """Tell whether a request asks for a WebSocket."""
    header = request.headers.get("upgrade")
    return isinstance(header, str) and header.strip().lower() == "websocket"

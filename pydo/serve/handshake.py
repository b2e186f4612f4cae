"""The opening handshake of a WebSocket, as far as a client can have it wrong.

aiohttp checks it as well, and answers in words of its own; these are workerd's where it has any.
Sources: RFC 6455 4.2.1, c++/src/kj/compat/http.c++ in capnproto.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from aiohttp import hdrs

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["fault"]

_VERSION = "13"
_KEY_BYTES = 16


def fault(request: web.BaseRequest) -> str | None:
    """Give what is wrong with a request for a WebSocket, None if nothing is."""
    headers = request.headers
    if request.method != hdrs.METH_GET:
        return f"ERROR: A WebSocket is asked for with GET, not with {request.method}."
    named = ",".join(headers.getall(hdrs.CONNECTION, ())).lower().split(",")
    if "upgrade" not in (name.strip() for name in named):
        return "ERROR: Missing Connection: Upgrade"
    if headers.get(hdrs.SEC_WEBSOCKET_VERSION) != _VERSION:
        return "ERROR: The requested WebSocket version is not supported."
    key = headers.get(hdrs.SEC_WEBSOCKET_KEY)
    if not key:
        return "ERROR: Missing Sec-WebSocket-Key"
    if not _is_key(key):
        return f"ERROR: Sec-WebSocket-Key is not the base64 of {_KEY_BYTES} bytes"
    return None


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False

"""What a peer does against the protocol of WebSockets, in workerd's words where it has any.

Source: c++/src/kj/compat/http.c++ in capnproto.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydo.runtime.pipe import Lost

if TYPE_CHECKING:
    from aiohttp import WebSocketError

__all__ = ["lost_by", "told"]


def told(error: WebSocketError, most: int) -> str:
    """Say what aiohttp has found; `most` bytes are what a message may have."""
    text = str(error)
    for theirs, ours in _WORDS:
        found = theirs.search(text)
        if found is not None:
            return found.expand(ours).replace("MOST", str(most))
    return text


def lost_by(error: WebSocketError, most: int) -> Lost:
    """Give the last that the other side of the connection hears."""
    return Lost(
        f"WebSocket protocol error; protocolError.statusCode = {int(error.code)}; "
        f"protocolError.description = {told(error, most)}"
    )


_WORDS = [
    (re.compile(r"size (\d+) exceeds"), r"Message is too large: \1 > MOST"),
    (re.compile(r"Unexpected opcode=(\d+)"), r"Unknown opcode \1"),
    (re.compile("^Continuation frame for"), "Unexpected continuation frame"),
    (re.compile("^The opcode in non-fin frame"), "Missing continuation frame"),
    (re.compile("^Invalid close frame"), "Invalid close frame"),
]

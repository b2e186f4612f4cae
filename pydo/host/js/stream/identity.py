"""Cloudflare's own transforms of bytes: what goes in comes out, all of it or a length of it.

Source: src/workerd/api/streams/transform.h (`IdentityTransformStream`, `FixedLengthStream`).
"""

from __future__ import annotations

from typing import Any

from pydo.host.js.buffer import JsBuffer, bytes_of
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.stream.controller import ReadableStreamDefaultController
from pydo.host.js.stream.strategy import Strategy
from pydo.host.js.stream.transform import connected
from pydo.host.js.text import js_number
from pydo.host.js.value import JsProxy, NativeClass
from pydo.host.outgoing import network_lost

__all__ = ["FixedLengthStream", "IdentityTransformStream"]


class IdentityTransformStream(JsProxy, metaclass=NativeClass):
    """Bytes in, the same bytes out."""

    __slots__ = ("__dict__", "readable", "writable")

    def __init__(self, *_: Any, **__: Any) -> None:
        self._connect(None)

    def _connect(self, length: int | None) -> None:
        self.readable, self.writable = connected(
            _Bytes(length), Strategy(None, 1), Strategy(None, 0), _Controller
        )
        self.readable.is_bytes, self.readable.length = True, length


class FixedLengthStream(IdentityTransformStream):
    """A number of bytes, told beforehand: as a body it has a `Content-Length`."""

    __slots__ = ()

    def __init__(self, length: Any = None, *_: Any, **__: Any) -> None:
        self._connect(int(js_number(length)))


class _Controller(ReadableStreamDefaultController, js_name="ReadableStreamDefaultController"):
    """Tells writers why nobody reads: in words of the runtime's, whatever the reader says."""

    __slots__ = ()

    async def cancel(self, reason: Any) -> None:
        """End the readable side, and fail whoever writes."""
        del reason
        is_lost = self._loan.is_elsewhere
        await super().cancel(network_lost() if is_lost else JsError("Stream was cancelled."))


class _Bytes:
    def __init__(self, length: int | None) -> None:
        self._left = length

    def transform(self, chunk: Any, controller: Any) -> None:
        if isinstance(chunk, str):
            raise JsTypeError(
                "This TransformStream is being used as a byte stream, but received a string on its"
                " writable side. If you wish to write a string, you'll probably want to explicitly"
                " UTF-8-encode it with TextEncoder."
            )
        data = bytes_of(chunk) if isinstance(chunk, JsBuffer) else None
        if data is None:
            raise JsTypeError(
                "This TransformStream is being used as a byte stream, but received an object of"
                " non-ArrayBuffer/ArrayBufferView type on its writable side."
            )
        if self._left is not None:
            if len(data) > self._left:
                raise JsTypeError("Attempt to write too many bytes through a FixedLengthStream.")
            self._left -= len(data)
        if data:
            controller.enqueue(Uint8Array.new(bytearray(data)))

    def flush(self, _: Any) -> None:
        if self._left:
            raise JsTypeError("FixedLengthStream did not see all expected bytes before close().")

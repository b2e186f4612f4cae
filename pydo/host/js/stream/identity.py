"""Cloudflare's own transforms of bytes: what goes in comes out, all of it or a length of it.

Source: src/workerd/api/streams/identity-transform-stream.{h,c++}.
"""

from __future__ import annotations

from typing import Any

from pydo.host.js.error import JsTypeError
from pydo.host.js.stream.bytepipe import BytePipe
from pydo.host.js.stream.readable import ReadableStream
from pydo.host.js.stream.writable import WritableStream
from pydo.host.js.value import JsProxy, NativeClass, options
from pydo.host.taken import unsigned_64

__all__ = ["FixedLengthStream", "IdentityTransformStream"]


class IdentityTransformStream(JsProxy, metaclass=NativeClass):
    """Bytes in, the same bytes out."""

    __slots__ = ("__dict__", "readable", "writable")

    def __init__(self, strategy: Any = None, *_: Any, **named: Any) -> None:
        self._connect(BytePipe(_mark(strategy, named)), None)

    def _connect(self, pipe: BytePipe, length: int | None) -> None:
        self.readable = ReadableStream.of_source(pipe, length=length)
        self.writable = WritableStream.over(pipe)


class FixedLengthStream(IdentityTransformStream):
    """A number of bytes, told beforehand: as a body it has a `Content-Length`."""

    __slots__ = ()

    def __init__(self, length: Any = None, strategy: Any = None, *_: Any, **named: Any) -> None:
        if length is None:
            raise JsTypeError(
                "Failed to construct 'FixedLengthStream': constructor parameter 1 is not of type"
                " 'bigint'."
            )
        wanted = unsigned_64(length)
        self._connect(_FixedLength(wanted, _mark(strategy, named)), wanted)


class _FixedLength(BytePipe):
    def __init__(self, length: int, high_water_mark: int | None) -> None:
        super().__init__(high_water_mark)
        self._left = length

    def through(self, data: bytes) -> bytes:
        if len(data) > self._left:
            raise JsTypeError("Attempt to write too many bytes through a FixedLengthStream.")
        self._left -= len(data)
        return data

    def shortfall(self) -> JsTypeError | None:
        if not self._left:
            return None
        return JsTypeError("FixedLengthStream did not see all expected bytes before close().")


def _mark(strategy: Any, named: Any) -> int | None:
    mark = options(strategy, named).get("highWaterMark")
    return None if mark is None else unsigned_64(mark)

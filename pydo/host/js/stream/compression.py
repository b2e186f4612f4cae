"""Transforms that the platform brings: text to bytes and back, compression and back.

Sources: src/workerd/api/streams/encoding.c++, src/workerd/api/streams/compression.c++.
"""

from __future__ import annotations

import zlib
from typing import Any

from pydo.host.js.buffer import bytes_of
from pydo.host.js.encoding import TextDecoder
from pydo.host.js.error import JsTypeError
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.object import JsObject
from pydo.host.js.stream.strategy import Strategy
from pydo.host.js.stream.transform import connected
from pydo.host.js.text import js_string, usv
from pydo.host.js.value import JsProxy, NativeClass

__all__ = ["CompressionStream", "DecompressionStream", "TextDecoderStream", "TextEncoderStream"]

_WINDOWS = {"gzip": 31, "deflate": 15, "deflate-raw": -15}


class _Transform(JsProxy):
    __slots__ = ("__dict__", "readable", "writable")

    def _connect(self, transformer: object, *, is_bytes: bool) -> None:
        self.readable, self.writable = connected(transformer, Strategy(None, 1), Strategy(None, 0))
        self.readable.is_bytes = is_bytes


class TextEncoderStream(_Transform, metaclass=NativeClass):
    """Text in, its UTF-8 out."""

    __slots__ = ()
    encoding = "utf-8"

    def __init__(self, *_: Any, **__: Any) -> None:
        self._connect(_Encoder(), is_bytes=True)


class TextDecoderStream(_Transform, metaclass=NativeClass):
    """Bytes in, their text out."""

    __slots__ = ("_decoder",)

    def __init__(self, label: Any = "utf-8", init: Any = None, /, *_: Any, **named: Any) -> None:
        self._decoder = TextDecoder.new(label, init, **named)
        self._connect(_Decoder(self._decoder), is_bytes=False)

    @property
    def encoding(self) -> str:
        """The encoding that the bytes are in."""
        return self._decoder.encoding

    @property
    def fatal(self) -> bool:
        """Whether malformed bytes are an error."""
        return bool(self._decoder.fatal)

    @property
    def ignoreBOM(self) -> bool:
        """Whether a byte order mark stays in the text."""
        return bool(self._decoder.ignoreBOM)


class CompressionStream(_Transform, metaclass=NativeClass):
    """Bytes in, fewer bytes out: `gzip`, `deflate` or `deflate-raw`."""

    __slots__ = ()

    def __init__(self, form: Any = None, *_: Any) -> None:
        self._connect(_Compressor(_window(form)), is_bytes=True)


class DecompressionStream(_Transform, metaclass=NativeClass):
    """Compressed bytes in, the bytes out: `gzip`, `deflate` or `deflate-raw`."""

    __slots__ = ()

    def __init__(self, form: Any = None, *_: Any) -> None:
        self._connect(_Decompressor(_window(form)), is_bytes=True)


def _window(form: Any) -> int:
    window = _WINDOWS.get(form) if isinstance(form, str) else None
    if window is None:
        raise JsTypeError(
            "The compression format must be either 'deflate', 'deflate-raw' or 'gzip'."
        )
    return window


class _Encoder:
    def __init__(self) -> None:
        self._lead = ""

    def transform(self, chunk: Any, controller: Any) -> None:
        text = self._lead + js_string(chunk)
        self._lead = ""
        if text and "\ud800" <= text[-1] <= "\udbff":  # its other half may come
            text, self._lead = text[:-1], text[-1]
        if text:
            controller.enqueue(Uint8Array.new(bytearray(usv(text).encode())))

    def flush(self, controller: Any) -> None:
        if self._lead:
            controller.enqueue(Uint8Array.new(bytearray("\ufffd".encode())))


class _Decoder:
    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder

    def transform(self, chunk: Any, controller: Any) -> None:
        text = self._decoder.decode(chunk, JsObject({"stream": True}))
        if text:
            controller.enqueue(text)

    def flush(self, controller: Any) -> None:
        text = self._decoder.decode()
        if text:
            controller.enqueue(text)


class _Compressor:
    def __init__(self, window: int) -> None:
        self._zlib = zlib.compressobj(wbits=window)

    def transform(self, chunk: Any, controller: Any) -> None:
        _put(self._zlib.compress(_data(chunk)), controller)

    def flush(self, controller: Any) -> None:
        _put(self._zlib.flush(), controller)


class _Decompressor:
    def __init__(self, window: int) -> None:
        self._zlib = zlib.decompressobj(wbits=window)

    def transform(self, chunk: Any, controller: Any) -> None:
        try:
            _put(self._zlib.decompress(_data(chunk)), controller)
        except zlib.error:
            raise JsTypeError("Decompression failed.") from None
        if self._zlib.unused_data:
            raise JsTypeError("Trailing bytes after end of compressed data")

    def flush(self, controller: Any) -> None:
        _put(self._zlib.flush(), controller)
        if not self._zlib.eof:
            raise JsTypeError("Called close() on a decompression stream with incomplete data")


def _data(chunk: Any) -> bytes:
    data = bytes_of(chunk)
    if data is None:
        raise JsTypeError("This TransformStream is being used as a byte stream")
    return data


def _put(data: bytes, controller: Any) -> None:
    if data:
        controller.enqueue(Uint8Array.new(bytearray(data)))

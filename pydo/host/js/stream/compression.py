"""Transforms that the platform brings: text to bytes and back, compression and back.

Sources: src/workerd/api/streams/encoding.c++, src/workerd/api/streams/compression.c++.
"""

from __future__ import annotations

import zlib
from typing import Any

from pydo.host.js.buffer import JsBuffer
from pydo.host.js.encoding import TextDecoder
from pydo.host.js.error import JsTypeError
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.object import JsObject
from pydo.host.js.stream.bytepipe import BytePipe
from pydo.host.js.stream.readable import ReadableStream
from pydo.host.js.stream.strategy import Strategy
from pydo.host.js.stream.transform import connected
from pydo.host.js.stream.writable import WritableStream
from pydo.host.js.text import js_string, usv
from pydo.host.js.value import JsProxy, NativeClass, jsnull, options

__all__ = ["CompressionStream", "DecompressionStream", "TextDecoderStream", "TextEncoderStream"]

_WINDOWS = {"gzip": 31, "deflate": 15, "deflate-raw": -15}


class _Transform(JsProxy):
    __slots__ = ("__dict__", "readable", "writable")

    def _connect(self, transformer: object) -> None:
        self.readable, self.writable = connected(transformer, Strategy(None, 1), Strategy(None, 0))

    def _pipe(self, pipe: BytePipe) -> None:
        self.readable = ReadableStream.of_source(pipe)
        self.writable = WritableStream.over(pipe)


class TextEncoderStream(_Transform, metaclass=NativeClass):
    """Text in, its UTF-8 out."""

    __slots__ = ()
    encoding = "utf-8"

    def __init__(self, *_: Any, **__: Any) -> None:
        self._connect(_Encoder())


class TextDecoderStream(_Transform, metaclass=NativeClass):
    """Bytes in, their text out."""

    __slots__ = ("_decoder",)

    def __init__(self, label: Any = "utf-8", init: Any = None, /, *_: Any, **named: Any) -> None:
        given = dict(options(init, named))
        if named or (init is not None and init is not jsnull):
            given.setdefault("fatal", True)  # as measured: a bag that does not say asks for it
        self._decoder = TextDecoder.new(label, JsObject(given))
        self._connect(_Decoder(self._decoder))

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
        self._pipe(_Compressor(_window(form, "CompressionStream")))


class DecompressionStream(_Transform, metaclass=NativeClass):
    """Compressed bytes in, the bytes out: `gzip`, `deflate` or `deflate-raw`."""

    __slots__ = ()

    def __init__(self, form: Any = None, *_: Any) -> None:
        self._pipe(_Decompressor(_window(form, "DecompressionStream")))


def _window(form: Any, cls: str) -> int:
    if form is None:
        raise JsTypeError(
            f"Failed to construct '{cls}': constructor parameter 1 is not of type 'string'."
        )
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
        if not isinstance(chunk, JsBuffer):
            raise JsTypeError(
                "This TransformStream is being used as a byte stream, but received a value that is"
                " not a BufferSource."
            )
        text = self._decoder.decode(chunk, JsObject({"stream": True}))
        if text:
            controller.enqueue(text)

    def flush(self, controller: Any) -> None:
        text = self._decoder.decode()
        if text:
            controller.enqueue(text)


class _Compressor(BytePipe):
    holds = True

    def __init__(self, window: int) -> None:
        super().__init__()
        self._zlib = zlib.compressobj(wbits=window)

    def through(self, data: bytes) -> bytes:
        return self._zlib.compress(data)

    def rest(self) -> bytes:
        return self._zlib.flush()


class _Decompressor(BytePipe):
    holds = True

    def __init__(self, window: int) -> None:
        super().__init__()
        self._zlib = zlib.decompressobj(wbits=window)

    def through(self, data: bytes) -> bytes:
        try:
            content = self._zlib.decompress(data)
        except zlib.error:
            raise JsTypeError("Decompression failed.") from None
        if self._zlib.unused_data:
            raise JsTypeError("Trailing bytes after end of compressed data")
        return content

    def rest(self) -> bytes:
        content = self._zlib.flush()
        if not self._zlib.eof:
            raise JsTypeError("Called close() on a decompression stream with incomplete data")
        return content

"""A body that came compressed: decoded for who reads it, left as it is for who passes it on.

Source: src/workerd/api/system-streams.c++ (`EncodedAsyncInputStream`).
"""

from __future__ import annotations

import importlib
import zlib
from typing import TYPE_CHECKING, Any, Protocol

from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.stream.controller import END

if TYPE_CHECKING:
    from pydo.host.js.stream.source import Source

__all__ = ["ENCODINGS", "Encoded"]

_GZIP = 31  # zlib's number for the form


class Encoded:
    """A source of compressed bytes; `encoding` is a name of `ENCODINGS`."""

    __slots__ = ("_decoder", "_is_raw", "_length", "_source", "encoding")

    def __init__(self, source: Source, encoding: str, length: int | None) -> None:
        self.encoding = encoding
        self._source = source
        self._length = length
        self._decoder: Decoder | None = None
        self._is_raw = False

    async def next(self) -> Any:
        """Give the next chunk, or `END`.

        Raises:
            JsException: a `TypeError` for what is not of its form.

        """
        if self._is_raw:
            return await self._source.next()
        decoder = self._decoder = self._decoder or ENCODINGS[self.encoding]()
        while (chunk := await self._source.next()) is not END:
            data = decoder.decode(chunk)
            if data:
                return data
        decoder.end()
        return END

    async def cancel(self, reason: Any) -> None:
        """Give up the rest."""
        await self._source.cancel(reason)

    def keep_encoded(self) -> int | None:
        """Leave the bytes as they are, before any is read; gives their number if it is known."""
        assert self._decoder is None, "nothing was read"
        self._is_raw = True
        return self._length


class Decoder(Protocol):
    """Undoes one encoding."""

    def decode(self, data: bytes, /) -> bytes:
        """Decode some bytes."""
        ...

    def end(self) -> None:
        """Check that everything has come."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=_GZIP)
        self._is_begun = False

    def decode(self, data: bytes, /) -> bytes:
        decoded: list[bytes] = []
        while data:
            if self._stream.eof:  # another member follows
                self._stream = zlib.decompressobj(wbits=_GZIP)
            self._is_begun = True
            try:
                decoded.append(self._stream.decompress(data))
            except zlib.error:
                raise JsTypeError("Gzip decompression failed.") from None
            data = self._stream.unused_data
        return b"".join(decoded)

    def end(self) -> None:
        if self._is_begun and not self._stream.eof:
            raise JsTypeError("Gzip compressed stream ended prematurely.")


class _Brotli:
    def __init__(self) -> None:
        try:
            brotli: Any = importlib.import_module("brotli")  # rare, and no dependency of pydo's
        except ImportError:
            raise JsError(
                "The response is compressed with Brotli, which pydo decodes with the package"
                " Brotli only: pip install Brotli"
            ) from None
        self._error: type[Exception] = brotli.error
        self._stream = brotli.Decompressor()

    def decode(self, data: bytes, /) -> bytes:
        try:
            decoded: bytes = self._stream.process(data)
        except self._error:
            raise JsTypeError("Decompression failed.") from None
        return decoded

    def end(self) -> None:
        if not self._stream.is_finished():
            raise JsTypeError("Brotli compressed stream ended prematurely.")


ENCODINGS: dict[str, type[Decoder]] = {"gzip": _Gzip, "br": _Brotli}

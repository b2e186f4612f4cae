"""`TextEncoder`, `TextDecoder`, `btoa` and `atob`."""

from __future__ import annotations

import base64
import binascii
import codecs
from typing import Any

from pydo.host.js.buffer import Uint8Array, bytes_of
from pydo.host.js.error import DOMException, JsRangeError, JsTypeError
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string, truthy, usv
from pydo.host.js.value import JsProxy, NativeClass, options

__all__ = ["TextDecoder", "TextEncoder", "atob", "btoa"]

_LABELS = {"utf8": "utf-8", "unicode-1-1-utf-8": "utf-8", "latin1": "windows-1252"}


class TextEncoder(JsProxy, metaclass=NativeClass):
    """Text to UTF-8."""

    __slots__ = ()
    encoding = "utf-8"

    def encode(self, text: Any = "", *_: object) -> Uint8Array:
        """Encode a text."""
        return Uint8Array.new(bytearray(usv(js_string(text)).encode()))

    def encodeInto(self, text: Any, target: Uint8Array, *_: object) -> JsObject:
        """Encode as much of a text as the target holds."""
        view, read, written = target.view(), 0, 0
        for char in usv(js_string(text)):
            data = char.encode()
            if written + len(data) > len(view):
                break
            view[written : written + len(data)] = data
            written += len(data)
            read += 2 if ord(char) > 0xFFFF else 1  # noqa: PLR2004 - counted in UTF-16
        return JsObject({"read": read, "written": written})


class TextDecoder(JsProxy, metaclass=NativeClass):
    """Bytes to text."""

    __slots__ = ("_decoder", "encoding", "fatal", "ignoreBOM")

    def __init__(self, label: Any = "utf-8", given: Any = None, *_: object, **named: Any) -> None:
        name = js_string(label).strip().lower()
        name = _LABELS.get(name, name)
        try:
            codecs.lookup(name)
        except LookupError:
            raise JsRangeError(f'"{js_string(label)}" is not a valid encoding.') from None
        found = options(given, named)
        self.encoding = name
        self.fatal = truthy(found.get("fatal"))
        self.ignoreBOM = truthy(found.get("ignoreBOM"))
        self._decoder: codecs.IncrementalDecoder | None = None

    def decode(self, data: Any = None, given: Any = None, *_: object, **named: Any) -> str:
        """Decode bytes; with `stream` what is incomplete waits for the next call."""
        content = b"" if data is None else bytes_of(data)
        if content is None:
            raise JsTypeError(
                "Failed to execute 'decode' on 'TextDecoder': parameter 1 is not of type"
                " 'ArrayBuffer or ArrayBufferView'."
            )
        is_last = not truthy(options(given, named).get("stream"))
        decoder = self._decoder or self._make()
        self._decoder = None if is_last else decoder
        try:
            return decoder.decode(content, is_last)
        except UnicodeDecodeError:
            self._decoder = None
            raise JsTypeError("Failed to decode input.") from None

    def _make(self) -> codecs.IncrementalDecoder:
        is_utf8 = self.encoding == "utf-8"
        name = "utf-8-sig" if is_utf8 and not self.ignoreBOM else self.encoding
        return codecs.getincrementaldecoder(name)("strict" if self.fatal else "replace")


def btoa(text: Any = None, *_: object) -> str:
    """Encode bytes, given as characters up to U+00FF, in Base64."""
    try:
        return base64.b64encode(js_string(text).encode("latin-1")).decode()
    except UnicodeEncodeError:
        raise DOMException(
            "btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.",
            "InvalidCharacterError",
        ) from None


def atob(text: Any = None, *_: object) -> str:
    """Decode Base64 to bytes, as characters up to U+00FF."""
    data = "".join(js_string(text).split())
    try:
        return base64.b64decode(data + "=" * (-len(data) % 4), validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        raise DOMException(
            "atob() called with invalid base64-encoded data. (Only whitespace, '+', '/',"
            " alphanumeric ASCII, and up to two terminal '=' signs when the input data length is"
            " divisible by 4 are allowed.)",
            "InvalidCharacterError",
        ) from None

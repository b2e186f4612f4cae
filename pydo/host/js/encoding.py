"""`TextEncoder`, `TextDecoder`, `btoa` and `atob`."""

from __future__ import annotations

import base64
import binascii
import codecs
from typing import Any

from pydo.host.js.buffer import bytes_of
from pydo.host.js.error import DOMException, JsRangeError, JsTypeError
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string, truthy, usv
from pydo.host.js.value import JsProxy, NativeClass, options

__all__ = ["TextDecoder", "TextEncoder", "atob", "btoa"]

_BAD_BASE64 = (
    "atob() called with invalid base64-encoded data. (Only whitespace, '+', '/', alphanumeric "
    "ASCII, and up to two terminal '=' signs when the input data length is divisible by 4 are "
    "allowed.)"
)
# The labels of the standard that people write, and the name that each one has there.
_LABELS = {
    "ascii": "windows-1252",
    "latin1": "windows-1252",
    "iso-8859-1": "windows-1252",
    "us-ascii": "windows-1252",
    "windows-1252": "windows-1252",
    "utf8": "utf-8",
    "utf-8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "utf-16": "utf-16le",
    "utf-16le": "utf-16le",
    "utf-16be": "utf-16be",
    "shift_jis": "shift_jis",
    "shift-jis": "shift_jis",
    "sjis": "shift_jis",
    "euc-jp": "euc-jp",
    "euc-kr": "euc-kr",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "big5": "big5",
}


class TextEncoder(JsProxy, metaclass=NativeClass):
    """Text to UTF-8."""

    __slots__ = ("__dict__",)

    def __init__(self, *_: object) -> None:
        """Take nothing: there is one encoding."""

    @property
    def encoding(self) -> str:
        """The name of the encoding."""
        return "utf-8"

    def encode(self, text: Any = None, *_: object) -> Uint8Array:
        """Encode a text."""
        data = b"" if text is None else usv(js_string(text)).encode()
        return Uint8Array.new(bytearray(data))

    def encodeInto(self, text: Any = None, target: Any = None, *_: object) -> JsObject:
        """Encode as much as fits into an array, and tell how much that was."""
        if not isinstance(target, Uint8Array):
            raise JsTypeError(
                "Failed to execute 'encodeInto' on 'TextEncoder': parameter 2 is not of type "
                "'Uint8Array'."
            )
        read = written = 0
        view = target.view()
        for char in usv(js_string(text)):
            data = char.encode()
            if written + len(data) > len(view):
                break
            view[written : written + len(data)] = data
            read, written = read + (2 if char > "\uffff" else 1), written + len(data)
        return JsObject({"read": read, "written": written})


class TextDecoder(JsProxy, metaclass=NativeClass):
    """Bytes to text, all at once or as they come (`stream`)."""

    __slots__ = ("__dict__", "decoder", "encoding", "fatal", "fresh", "ignoreBOM")

    def __init__(self, label: Any = None, given: Any = None, *_: object, **named: Any) -> None:
        read = options(given, named)
        text = "utf-8" if label is None else js_string(label)
        name = _LABELS.get(text.strip().lower())
        if name is None:
            raise JsRangeError(f'"{text}" is not a valid encoding.')
        self.encoding = name
        self.fatal = truthy(read.get("fatal"))
        self.ignoreBOM = truthy(read.get("ignoreBOM"))
        self.decoder = self._new_decoder()
        self.fresh = True

    def decode(self, source: Any = None, given: Any = None, *_: object, **named: Any) -> str:
        """Decode bytes; with `stream` a character may go on in the next call.

        Raises:
            JsException: a `TypeError` for what is no buffer, and for bytes that are no text when
                the decoder is `fatal`.

        """
        data = b"" if source is None else bytes_of(source)
        if data is None:
            raise JsTypeError(
                "Failed to execute 'decode' on 'TextDecoder': parameter 1 is not of type 'Array'."
            )
        more = truthy(options(given, named).get("stream"))
        try:
            text = self.decoder.decode(data, not more)
        except UnicodeDecodeError:
            self.decoder, self.fresh = self._new_decoder(), True
            raise JsTypeError("Failed to decode input.") from None
        if self.fresh and text:
            self.fresh = False
            if not self.ignoreBOM:
                text = text.removeprefix("\ufeff")
        if not more:
            self.decoder, self.fresh = self._new_decoder(), True
        return text

    def _new_decoder(self) -> codecs.IncrementalDecoder:
        errors = "strict" if self.fatal else "replace"
        codec = "cp1252" if self.encoding == "windows-1252" else self.encoding
        return codecs.getincrementaldecoder(codec)(errors)


def btoa(text: Any = None, *_: object) -> str:
    """Encode a text of Latin-1 characters in base64.

    Raises:
        JsException: an `InvalidCharacterError` for other characters.

    """
    try:
        return base64.b64encode(js_string(text).encode("latin-1")).decode()
    except UnicodeEncodeError:
        raise DOMException(
            "btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.",
            "InvalidCharacterError",
        ) from None


def atob(text: Any = None, *_: object) -> str:
    """Decode base64 to a text of Latin-1 characters.

    Raises:
        JsException: an `InvalidCharacterError` for what is no base64.

    """
    digits = "".join(js_string(text).split())
    if len(digits) % 4 == 0:
        digits = digits[:-2] + digits[-2:].rstrip("=")
    try:
        padded = digits + "=" * (-len(digits) % 4)
        # A "=" that is left, and a lone digit, are refused by the decoder.
        return base64.b64decode(padded, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        raise DOMException(_BAD_BASE64, "InvalidCharacterError") from None

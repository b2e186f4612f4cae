"""`encodeURIComponent` and its kin."""

from __future__ import annotations

import re
import string
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from pydo.host.js.error import ERROR_CLASSES
from pydo.host.js.function import JsFunction
from pydo.host.js.text import js_string

__all__ = ["URI_FUNCTIONS"]

_COMPONENT = "-_.!~*'()"
_WHOLE = _COMPONENT + ";/?:@&=+$,#"
_ESCAPE = re.compile("((?:%[0-9a-fA-F]{2})+)|%")


def _encoded(text: Any, safe: str) -> str:
    try:
        return quote(js_string(text), safe=safe)
    except UnicodeEncodeError:
        raise ERROR_CLASSES["URIError"]("URI malformed") from None


def _decoded(text: Any, reserved: str) -> str:
    def replace(found: re.Match[str]) -> str:
        if found[1] is None:
            raise ERROR_CLASSES["URIError"]("URI malformed")
        try:
            decoded = unquote_to_bytes(found[1]).decode()
        except UnicodeDecodeError:
            raise ERROR_CLASSES["URIError"]("URI malformed") from None
        return "".join(quote(char, safe="") if char in reserved else char for char in decoded)

    return _ESCAPE.sub(replace, js_string(text))


def _escape(text: Any = None, *_: object) -> str:
    """Write all but letters and some signs as `%41` or, past them, as `%u20AC`."""
    units = js_string(text).encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2))
    return "".join(
        chr(code) if chr(code) in _PLAIN else (f"%{code:02X}" if code <= 0xFF else f"%u{code:04X}")  # noqa: PLR2004 - a byte
        for code in codes
    )


def _unescape(text: Any = None, *_: object) -> str:
    read = _WRITTEN.sub(lambda found: chr(int(found[1] or found[2], 16)), js_string(text))
    return read.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


_PLAIN = frozenset(string.ascii_letters + string.digits + "@*_+-./")
_WRITTEN = re.compile("%u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})")

URI_FUNCTIONS = {
    "escape": JsFunction(_escape, "escape"),
    "unescape": JsFunction(_unescape, "unescape"),
    "decodeURI": JsFunction(lambda text=None, *_: _decoded(text, ";/?:@&=+$,#"), "decodeURI"),
    "decodeURIComponent": JsFunction(
        lambda text=None, *_: _decoded(text, ""), "decodeURIComponent"
    ),
    "encodeURI": JsFunction(lambda text=None, *_: _encoded(text, _WHOLE), "encodeURI"),
    "encodeURIComponent": JsFunction(
        lambda text=None, *_: _encoded(text, _COMPONENT), "encodeURIComponent"
    ),
}

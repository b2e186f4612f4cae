"""`encodeURIComponent` and its kin."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from pydo.host.js.error import ERROR_CLASSES
from pydo.host.js.text import js_string
from pydo.host.js.value import JsFunction

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


URI_FUNCTIONS = {
    "decodeURI": JsFunction(lambda text=None, *_: _decoded(text, ";/?:@&=+$,#"), "decodeURI"),
    "decodeURIComponent": JsFunction(
        lambda text=None, *_: _decoded(text, ""), "decodeURIComponent"
    ),
    "encodeURI": JsFunction(lambda text=None, *_: _encoded(text, _WHOLE), "encodeURI"),
    "encodeURIComponent": JsFunction(
        lambda text=None, *_: _encoded(text, _COMPONENT), "encodeURIComponent"
    ),
}

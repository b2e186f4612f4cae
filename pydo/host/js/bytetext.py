"""Bytes as text in a `Uint8Array`'s methods: hexadecimal digits, base64."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, Final

from pydo.host.js.error import JsSyntaxError, JsTypeError
from pydo.host.js.text import js_string, truthy

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["from_base64", "from_hex", "to_base64"]

_HEX = re.compile("(?:[0-9a-fA-F]{2})*")
_ALPHABETS: Final = {"base64": b"+/", "base64url": b"-_"}
_MOST_PADDING = 2
_BAD_CHARACTER = "Found a character that cannot be part of a valid base64 string."
_BAD_END = "The base64 input terminates with a single character, excluding padding (=)."
_BAD_BITS = "The base64 input terminates with non-zero padding bits."


def from_hex(text: Any) -> bytes:
    """Read bytes from hexadecimal digits.

    Raises:
        JsException: a `TypeError` for what is no string, a `SyntaxError` for other digits.

    """
    if not isinstance(text, str):
        raise JsTypeError("Uint8Array.fromHex requires that input be a string")
    if not _HEX.fullmatch(text):
        raise JsSyntaxError("Input string must contain hex characters in even length")
    return bytes.fromhex(text)


def to_base64(data: bytes, options: Mapping[str, Any]) -> str:
    """Write bytes in base64, by the options `alphabet` and `omitPadding`."""
    text = base64.b64encode(data, _alphabet(options)).decode()
    return text.rstrip("=") if truthy(options.get("omitPadding")) else text


def from_base64(text: Any, options: Mapping[str, Any]) -> bytes:
    """Read bytes from base64, by the options `alphabet` and `lastChunkHandling`.

    Raises:
        JsException: a `TypeError` for what is no string and for an option that there is not, a
            `SyntaxError` for what is no base64.

    """
    if not isinstance(text, str):
        raise JsTypeError("Uint8Array.fromBase64 requires that input be a string")
    signs = _alphabet(options)
    at_the_end = options.get("lastChunkHandling", "loose")
    if at_the_end not in {"loose", "strict", "stop-before-partial"}:
        raise JsTypeError(f"invalid option {js_string(at_the_end)}")
    digits = re.sub("[\\t\\n\\f\\r ]", "", text)
    bare = digits.rstrip("=")
    left, padding = len(bare) % 4, len(digits) - len(bare)
    if (
        re.search(f"[^A-Za-z0-9{re.escape(signs.decode())}]", bare)
        or padding > _MOST_PADDING
        or (left != 1 and padding > -left % 4)
    ):
        raise JsSyntaxError(_BAD_CHARACTER)
    bare = bare[: len(bare) - _dropped(left, padding, at_the_end)]
    data = base64.b64decode(bare + "=" * (-len(bare) % 4), signs)
    if at_the_end == "strict" and base64.b64encode(data, signs).decode() != digits:
        raise JsSyntaxError(_BAD_BITS)
    return data


def _dropped(left: int, padding: int, at_the_end: str) -> int:
    """Tell how many of the digits `left` in the last chunk are to be passed over."""
    is_partial = left > 0 and left + padding < 4  # noqa: PLR2004 - digits of a chunk
    if left == 1 and (padding or at_the_end != "stop-before-partial"):
        raise JsSyntaxError(_BAD_END)
    if is_partial and at_the_end == "strict":
        raise JsSyntaxError(_BAD_END)
    if is_partial and padding and at_the_end == "loose":
        raise JsSyntaxError(_BAD_CHARACTER)
    return left if is_partial and at_the_end == "stop-before-partial" else 0


def _alphabet(options: Mapping[str, Any]) -> bytes:
    name = options.get("alphabet", "base64")
    if name not in _ALPHABETS:
        raise JsTypeError(f"invalid option {js_string(name)}")
    return _ALPHABETS[name]

"""Base64 is read as workerd reads it, from which each answer was taken."""

from __future__ import annotations

import pytest

from pydo.errors import JsException
from pydo.host.js.bytetext import from_base64

BAD_CHARACTER = "SyntaxError: Found a character that cannot be part of a valid base64 string."
BAD_END = "SyntaxError: The base64 input terminates with a single character, excluding padding (=)."
BAD_BITS = "SyntaxError: The base64 input terminates with non-zero padding bits."


@pytest.mark.parametrize(
    ("text", "loose", "strict", "stopped"),
    [
        ("", b"", b"", b""),
        ("=", BAD_CHARACTER, BAD_CHARACTER, BAD_CHARACTER),
        ("A", BAD_END, BAD_END, b""),
        ("A=", BAD_END, BAD_END, BAD_END),
        ("A==", BAD_END, BAD_END, BAD_END),
        ("A===", BAD_CHARACTER, BAD_CHARACTER, BAD_CHARACTER),
        ("AB", b"\0", BAD_END, b""),
        ("AB=", BAD_CHARACTER, BAD_END, b""),
        ("AB==", b"\0", BAD_BITS, b"\0"),
        ("A A = =", b"\0", b"\0", b"\0"),
        ("ABC", b"\0\x10", BAD_END, b""),
        ("ABC=", b"\0\x10", BAD_BITS, b"\0\x10"),
        ("ABC==", BAD_CHARACTER, BAD_CHARACTER, BAD_CHARACTER),
        ("ABCD", b"\0\x10\x83", b"\0\x10\x83", b"\0\x10\x83"),
        ("ABCD=", BAD_CHARACTER, BAD_CHARACTER, BAD_CHARACTER),
        ("ABCD==", BAD_CHARACTER, BAD_CHARACTER, BAD_CHARACTER),
        ("ABCDA", BAD_END, BAD_END, b"\0\x10\x83"),
    ],
)
def test_the_end_of_base64_is_handled_as_asked_for(
    text: str, loose: bytes | str, strict: bytes | str, stopped: bytes | str
) -> None:
    read = [outcome(text, how) for how in ("loose", "strict", "stop-before-partial")]

    assert read == [loose, strict, stopped]


def outcome(text: str, how: str) -> bytes | str:
    try:
        return from_base64(text, {"lastChunkHandling": how})
    except JsException as refused:
        return f"{refused.name}: {refused.message}"

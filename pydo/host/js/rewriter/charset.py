"""In which characters a document is written, so that its bytes stay what they are.

Bytes that are no text pass as they came, and only a handler that looks at them sees U+FFFD; what
handlers put in is written in the document's characters too.  Source:
src/workerd/api/html-rewriter.c++ (`transform`), cloudflare/lol-html src/base/encoding.rs.
"""

from __future__ import annotations

import codecs
import re
from typing import Any, Final

from pydo.host.js.rewriter.selector import parser_error

__all__ = ["Charset"]

_PARAMETER = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_LATIN: Final = frozenset({"iso8859-1", "ascii"})  # which are Windows' own on the web
_NO_TEXT = re.compile("[\udc80-\udcff]")
_WRITTEN_IN: Final = "pydo.document"


class Charset:
    """The charset that a `Content-Type` names; UTF-8 where it names none.

    Raises:
        JsException: a `TypeError` for one that is not known, or has no ASCII in it.

    """

    __slots__ = ("_codec",)

    def __init__(self, content_type: str) -> None:
        found = _PARAMETER.search(content_type)
        self._codec = "utf-8" if found is None else _codec(found[1])

    def decoder(self) -> codecs.IncrementalDecoder:
        """Give what makes text of bytes as they come, each that is none a lone surrogate."""
        return codecs.getincrementaldecoder(self._codec)("surrogateescape")

    def encode(self, text: str) -> bytes:
        """Write text; a character that the charset has not is a reference to it."""
        return text.encode(self._codec, _WRITTEN_IN)

    def shown(self, text: str) -> str:
        """Give what a handler sees of decoded text."""
        if text.isascii() or _NO_TEXT.search(text) is None:
            return text
        return text.encode(self._codec, "surrogateescape").decode(self._codec, "replace")


def _codec(label: str) -> str:
    try:
        codec = codecs.lookup(label)
        ascii_stays = "<".encode(codec.name) == b"<"
    except LookupError:
        raise parser_error("Unknown character encoding has been provided.") from None
    if not ascii_stays:
        raise parser_error("Expected ASCII-compatible encoding.")
    return "cp1252" if codec.name in _LATIN else codec.name


def _in_other_words(error: Any) -> tuple[bytes, int]:
    code = ord(error.object[error.start])
    if "\udc80" <= chr(code) <= "\udcff":
        return bytes([code - 0xDC00]), error.start + 1
    is_surrogate = "\ud800" <= chr(code) <= "\udfff"
    return f"&#{0xFFFD if is_surrogate else code};".encode(), error.start + 1


codecs.register_error(_WRITTEN_IN, _in_other_words)

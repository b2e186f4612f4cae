"""`Blob` and `File`: bytes with a type (src/workerd/api/blob.c++)."""

from __future__ import annotations

import re
from typing import Any

from pydo.host.js.array import JsArray
from pydo.host.js.buffer import ArrayBuffer, bytes_of
from pydo.host.js.date import JsDate
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.stream import ReadableStream
from pydo.host.js.text import integer, js_number, js_string, usv
from pydo.host.js.value import JsProxy, NativeClass, jsnull, options, plain_number
from pydo.host.promise import JsPromise

__all__ = ["Blob", "File"]

_TYPE = re.compile(r"[\x20-\x7e]*")


class Blob(JsProxy, metaclass=NativeClass):
    """Immutable bytes with a type; they stand in `content`."""

    __slots__ = ("__dict__", "content", "type")
    content: bytes
    type: str

    def __init__(self, parts: Any = None, given: Any = None, *_: object, **named: Any) -> None:
        if isinstance(given, (str, int, float)):
            raise JsTypeError(_wrong(type(self).name, 2, "Options"))
        read = options(given, named)
        if read.get("endings") is not None:
            raise JsError("The 'endings' field on 'Options' is not implemented.")
        self.content = b"" if parts is None else _joined(type(self).name, parts)
        self.type = _type_of(read.get("type"))

    @classmethod
    def of_bytes(cls, content: bytes, content_type: str = "") -> Blob:
        """Make a blob of bytes."""
        self: Blob = object.__new__(Blob)
        self.content, self.type = content, content_type
        return self

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.content)

    def text(self, *_: object) -> JsPromise:
        """Give the bytes as text."""
        return JsPromise.resolved(self.content.decode("utf-8", "replace").removeprefix("\ufeff"))

    def arrayBuffer(self, *_: object) -> JsPromise:
        """Give the bytes as an ArrayBuffer."""
        return JsPromise.resolved(ArrayBuffer.new(bytearray(self.content)))

    def bytes(self, *_: object) -> JsPromise:
        """Give the bytes as a Uint8Array."""
        return JsPromise.resolved(Uint8Array.new(bytearray(self.content)))

    def stream(self, *_: object) -> ReadableStream:
        """Give the bytes as a stream."""
        return ReadableStream.of_bytes(self.content)

    def slice(
        self, start: Any = None, end: Any = None, content_type: Any = None, *_: object
    ) -> Blob:
        """Give a part of the bytes."""
        stop = None if end is None else integer(end)
        return Blob.of_bytes(self.content[integer(start) : stop], _type_of(content_type))


class File(Blob):
    """A blob with a name and a date."""

    __slots__ = ("lastModified", "name")
    name: str
    lastModified: float

    def __init__(self, parts: Any = None, *arguments: Any, **named: Any) -> None:
        if not isinstance(parts, JsArray):
            raise JsTypeError(_wrong("File", 1, "Array"))
        if not arguments:
            raise JsTypeError(_wrong("File", 2, "string"))
        given = options(arguments[1] if len(arguments) > 1 else None, named)
        super().__init__(parts, None, **given)
        self.name = js_string(arguments[0])  # pyright: ignore[reportGeneralTypeIssues] # checked above
        modified = given.get("lastModified")
        self.lastModified = JsDate.now() if modified is None else _moment(modified)

    @classmethod
    def named(cls, blob: Blob, name: str) -> File:
        """Make a file of a blob."""
        self: File = object.__new__(File)
        self.content, self.type, self.name = blob.content, blob.type, name
        self.lastModified = blob.lastModified if isinstance(blob, File) else JsDate.now()
        return self


def _moment(value: Any) -> float:
    return plain_number(value.ms) if isinstance(value, JsDate) else js_number(value)


def _type_of(value: Any) -> str:
    if value is None or value is jsnull:
        return ""
    text = js_string(value)
    return text.lower() if _TYPE.fullmatch(text) else ""


def _joined(name: str, parts: Any) -> bytes:
    # A list of Python's is no Array, which `to_js` makes of it.
    if not isinstance(parts, JsArray):
        raise JsTypeError(_wrong(name, 1, "Array"))
    return b"".join([_part(part) for part in parts.__items__])


def _wrong(name: str, position: int, kind: str) -> str:
    return (
        f"Failed to construct '{name}': constructor parameter {position} is not of type '{kind}'."
    )


def _part(part: Any) -> bytes:
    if isinstance(part, Blob):
        return part.content
    content = None if isinstance(part, str) else bytes_of(part)
    return usv(js_string(part)).encode() if content is None else content

"""`FormData`, and the two forms in which it travels (src/workerd/api/form-data.c++).

Everything is in memory; a file is a `File`.
"""

from __future__ import annotations

import re
import secrets
import urllib.parse
from typing import TYPE_CHECKING, Any

from pydo.host.js.array import JsArray
from pydo.host.js.blob import Blob, File
from pydo.host.js.error import JsTypeError
from pydo.host.js.iterator import WebIterator
from pydo.host.js.jsg import wants, wants_function
from pydo.host.js.lookup import Lookup
from pydo.host.js.text import js_string, usv
from pydo.host.js.value import NativeClass, jsnull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FormData"]

_PARAMETER = re.compile(r';\s*([^=;\s]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))')
_UNRECOGNIZED = (
    "Unrecognized Content-Type header value. FormData can only parse the following MIME types: "
    "multipart/form-data, application/x-www-form-urlencoded"
)
_NO_BOUNDARY = (
    "No boundary string in Content-Type header. The multipart/form-data MIME type requires a "
    "boundary parameter, e.g. 'Content-Type: multipart/form-data; boundary=\"abcd\"'. See RFC "
    "7578, section 4."
)
_ENTRY = "File or Blob or string"


class FormData(Lookup, metaclass=NativeClass):
    """Names with values, each a string or a file, in their order."""

    __slots__ = ("__dict__", "fields")
    fields: list[tuple[str, str | File]]

    def __init__(self, *_: object) -> None:
        self.fields = []

    @classmethod
    def parse(cls, content: bytes, content_type: str | None) -> FormData:
        """Read a body.

        Raises:
            JsException: a `TypeError` for another content type, or a body that is not well formed.

        """
        kind = (content_type or "").partition(";")[0].strip().lower()
        parameters = _parameters(content_type or "")
        self = cls.new()
        if kind == "application/x-www-form-urlencoded":
            text = content.decode("utf-8", "replace")
            self.fields = list(urllib.parse.parse_qsl(text, keep_blank_values=True))
        elif kind == "multipart/form-data":
            boundary = parameters.get("boundary")
            if not boundary:
                raise JsTypeError(_NO_BOUNDARY)
            self.fields = _parts(content, boundary.encode())
        else:
            raise JsTypeError(_UNRECOGNIZED)
        return self

    def encode(self) -> tuple[bytes, str]:
        """Give the body that carries the form, and its content type."""
        boundary = secrets.token_hex(16)
        lines: list[bytes] = []
        for name, value in self.fields:
            disposition = f'Content-Disposition: form-data; name="{_quoted(name)}"'
            if isinstance(value, File):
                kind = value.type or "application/octet-stream"
                head = f'{disposition}; filename="{_quoted(value.name)}"\r\nContent-Type: {kind}'
                content = value.content
            else:
                head, content = disposition, usv(value).encode()
            lines += [f"--{boundary}\r\n{head}\r\n\r\n".encode(), content, b"\r\n"]
        lines.append(f"--{boundary}--".encode())
        return b"".join(lines), f"multipart/form-data; boundary={boundary}"

    @wants("string", _ENTRY)
    def append(self, name: Any = None, value: Any = None, filename: Any = None, *_: object) -> None:
        """Add a value to those of a name."""
        self.fields.append((js_string(name), _entry(name, value, filename)))

    @wants("string", _ENTRY)
    def set(self, name: Any = None, value: Any = None, filename: Any = None, *_: object) -> None:
        """Replace the values of a name by one, which stands where the first of them stood."""
        key = js_string(name)
        entry = (key, _entry(name, value, filename))
        places = [index for index, (each, _) in enumerate(self.fields) if each == key]
        if not places:
            self.fields.append(entry)
            return
        self.fields[places[0]] = entry
        for index in reversed(places[1:]):
            del self.fields[index]

    @wants("string")
    def get(self, name: Any = None, *_: object) -> Any:
        """Give the first value of a name; null if there is none."""
        key = js_string(name)
        return next((value for each, value in self.fields if each == key), jsnull)

    @wants("string")
    def getAll(self, name: Any = None, *_: object) -> JsArray:
        """Give the values of a name."""
        key = js_string(name)
        return JsArray([value for each, value in self.fields if each == key])

    @wants("string")
    def has(self, name: Any = None, *_: object) -> bool:
        """Tell whether there is such a name."""
        key = js_string(name)
        return any(each == key for each, _ in self.fields)

    @wants("string")
    def delete(self, name: Any = None, *_: object) -> None:
        """Remove the values of a name."""
        key = js_string(name)
        self.fields = [field for field in self.fields if field[0] != key]

    @wants_function
    def forEach(self, function: Callable[..., Any], *_: object) -> None:
        """Call `function(value, name, form)` for each value."""
        for name, value in list(self.fields):
            function(value, name, self)

    def entries(self, *_: object) -> WebIterator:
        """Iterate over pairs of name and value."""
        return WebIterator((JsArray(list(field)) for field in self.fields), "EntryIterator")

    def keys(self, *_: object) -> WebIterator:
        """Iterate over the names."""
        return WebIterator((name for name, _ in self.fields), "KeyIterator")

    def values(self, *_: object) -> WebIterator:
        """Iterate over the values."""
        return WebIterator((value for _, value in self.fields), "ValueIterator")

    def __iter__(self) -> Iterator[Any]:
        return self.entries()


def _entry(name: Any, value: Any, filename: Any) -> str | File:
    if not isinstance(value, Blob):
        return js_string(value)
    if filename is not None:
        return File.named(value, js_string(filename))
    if isinstance(value, File):
        return value
    # workerd names a nameless blob after its field, where browsers say "blob".
    return File.named(value, js_string(name))


def _quoted(name: str) -> str:
    escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    return usv(escaped)


def _parameters(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, quoted, bare in _PARAMETER.findall(header):
        found[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare.strip()
    return found


def _parts(content: bytes, boundary: bytes) -> list[tuple[str, str | File]]:
    delimiter = b"--" + boundary
    if not content.startswith(delimiter) and b"\r\n" + delimiter not in content:
        raise JsTypeError("No initial boundary string (or you have a truncated message).")
    _preamble, *sections = (b"\r\n" + content).split(b"\r\n" + delimiter)
    fields: list[tuple[str, str | File]] = []
    for section in sections:
        if section.startswith(b"--"):
            return fields
        fields.append(_part(section))
    raise JsTypeError("No subsequent boundary string after multipart message.")


def _part(section: bytes) -> tuple[str, str | File]:
    head, found, content = section.partition(b"\r\n\r\n")
    if not found:
        raise JsTypeError("No delimiter between headers and body in multipart message.")
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    disposition = headers.get("content-disposition", "")
    parameters = _parameters(disposition)
    if not disposition.lower().startswith("form-data") or "name" not in parameters:
        raise JsTypeError("No valid Content-Disposition header found in FormData part.")
    name = parameters["name"]
    if "filename" not in parameters:
        return name, content.decode("utf-8", "replace")
    blob = Blob.of_bytes(content, headers.get("content-type", ""))
    return name, File.named(blob, parameters["filename"])

"""The body of a request or a response: read once, as text, JSON, bytes, a form or a stream.

Nothing is done before it is asked for: a string stays a string, bytes stay bytes, and a stream is
made when `body` is read (src/workerd/api/http.c++, class Body).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from pydo.host.js.blob import Blob
from pydo.host.js.buffer import ArrayBuffer, JsBuffer
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.formdata import FormData
from pydo.host.js.headers import Headers
from pydo.host.js.json import parse
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.searchparams import URLSearchParams
from pydo.host.js.stream import ReadableStream, joined
from pydo.host.js.text import js_string, usv
from pydo.host.js.value import JsProxy, jsnull
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DISTURBED", "Body", "extract"]

Content: TypeAlias = str | bytes | ReadableStream | None

DISTURBED = (
    "This ReadableStream is disturbed (has already been read from), and cannot be used as a body."
)
_USED = "Body has already been used. It can only be used once. Use tee() first if you need to read it twice."  # noqa: E501 - workerd's words
_LOCKED = "This ReadableStream is currently locked to a reader."
_TEXT = "text/plain;charset=UTF-8"
_FORM = "application/x-www-form-urlencoded;charset=UTF-8"


class Body(JsProxy):
    """What requests and responses have in common: headers, and a body that is read once."""

    __slots__ = ("content", "content_type", "held", "received", "used")

    # `content` is the body until it is read; the headers are `held` once they were asked for,
    # and before that what came with the message (`received`), and the type that the body implies.
    content: Content
    content_type: str | None
    held: Headers | None
    received: list[tuple[str, str]] | None
    used: bool

    @property
    def headers(self) -> Headers:
        """The headers, which are made when they are first asked for."""
        held = self.held
        if held is None:
            held = self.held = Headers.received(self.header_list())
        return held

    @property
    def body(self) -> Any:
        """The body as a stream, or null."""
        content = self.content
        if content is None and not self.used:
            return jsnull
        if not isinstance(content, ReadableStream):
            data = content.encode() if isinstance(content, str) else content or b""
            content = self.content = ReadableStream.of_bytes(data, disturbed=self.used)
        return content

    @property
    def bodyUsed(self) -> bool:
        """Whether the body has been read from."""
        content = self.content
        return content.disturbed if isinstance(content, ReadableStream) else self.used

    def header_list(self) -> list[tuple[str, str]]:
        """Give name and value of each header as it goes onto the wire, nothing joined."""
        if self.held is not None:
            return self.held.pairs()
        if self.content_type is not None:
            return [*(self.received or ()), ("content-type", self.content_type)]
        return self.received or []

    def take(self) -> bytes | ReadableStream | None:
        """Take the body to send it: its bytes, or a stream of them; None for null.

        Raises:
            JsException: a `TypeError` when it was read before, or a reader holds it.

        """
        content = self.content
        if self.used:
            raise JsTypeError(_USED)
        if content is None:
            return None
        if type(content) is not str and isinstance(content, ReadableStream):
            if content.disturbed:
                raise JsTypeError(_USED)
            if content.locked:
                raise JsTypeError(_LOCKED)
            return content.take()
        self.used, self.content = True, None
        return usv(content).encode() if isinstance(content, str) else content

    @property
    def body_length(self) -> int | None:
        """The length of the body in bytes, if it is known; 0 without one."""
        content = self.content
        if isinstance(content, ReadableStream):
            return content.length
        return len(usv(content).encode() if isinstance(content, str) else content or b"")

    def check_unread(self) -> None:
        """Refuse to give away a body that was read, or that somebody reads.

        Raises:
            JsException: a `TypeError`.

        """
        content = self.content
        if self.used:
            raise JsTypeError(_USED)
        if type(content) is ReadableStream:
            if content.disturbed:
                raise JsTypeError(_USED)
            if content.locked:
                raise JsTypeError("The ReadableStream has been locked to a reader.")

    def hand_over(self) -> Content:
        """Give the body to another message: this one's is used from now on."""
        content = self.content
        if isinstance(content, ReadableStream) and not content.locked:
            taken = content.take()
            return taken.successor() if isinstance(taken, ReadableStream) else taken
        if content is not None and not isinstance(content, ReadableStream):
            self.used, self.content = True, None
        return content

    def text(self, *_: object) -> JsPromise:
        """Give the body as text."""
        # The common case first: a body that was made of a string.
        content = self.content
        if isinstance(content, str) and not self.used:
            self.used, self.content = True, None
            return JsPromise.resolved(usv(content))
        return self._read(_decoded)

    def json(self, *_: object) -> JsPromise:
        """Give the value that the body writes in JSON."""
        return self._read(lambda data: parse(_decoded(data)))

    def arrayBuffer(self, *_: object) -> JsPromise:
        """Give the body as an ArrayBuffer."""
        return self._read(lambda data: ArrayBuffer.new(bytearray(data)))

    def bytes(self, *_: object) -> JsPromise:
        """Give the body as a Uint8Array."""
        return self._read(lambda data: Uint8Array.new(bytearray(data)))

    def blob(self, *_: object) -> JsPromise:
        """Give the body as a blob, whose type is the content type."""
        return self._read(lambda data: Blob.of_bytes(data, _blob_type(self._content_type())))

    def formData(self, *_: object) -> JsPromise:
        """Give the body as a form."""
        return self._read(lambda data: FormData.parse(data, self._content_type()))

    def split(self) -> Content:
        """Give a second body of the same content, and keep the first.

        Raises:
            JsException: a `TypeError` when it was read before, or a reader holds it.

        """
        content = self.content
        if self.bodyUsed:
            raise JsTypeError("This ReadableStream is currently locked to a reader,")
        if isinstance(content, ReadableStream):
            self.content, other = content.branches()
            return other
        return content

    def _content_type(self) -> str | None:
        found = self.headers.get("content-type")
        return found if isinstance(found, str) else None

    def _read(self, finish: Callable[[Any], Any]) -> JsPromise:
        try:
            taken = self.take()
            if taken is None:
                taken = b""
            if isinstance(taken, bytes):
                return JsPromise.resolved(finish(taken))
        except JsError as error:
            return JsPromise.rejected(error)
        return JsPromise.of(_finished(taken, finish))


def extract(value: Any) -> tuple[Content, str | None]:
    """Read what a body is made of, and the content type that goes with it.

    Raises:
        JsException: a `TypeError` for a stream that was read from.

    """
    if isinstance(value, str):
        return str.__str__(value), _TEXT
    if value is None or value is jsnull:
        return None, None
    if isinstance(value, JsBuffer):
        return value.view().tobytes(), None
    if isinstance(value, ReadableStream):
        _refuse_used(value)
        return value, None
    if isinstance(value, Blob):
        return value.content, value.type or None
    if isinstance(value, FormData):
        return value.encode()
    if isinstance(value, URLSearchParams):
        return value.toString(), _FORM
    if hasattr(value, "__aiter__") or _is_iterable(value):
        # Its items have to be buffers when it is read.
        return ReadableStream.from_(value), None
    return js_string(value), _TEXT


def _is_iterable(value: Any) -> bool:
    # Of Python's own, what is iterated waiting is one, and anything else its text.
    is_instance = isinstance(value, JsProxy) and not isinstance(value, type)
    return is_instance and hasattr(value, "__iter__")


def _refuse_used(stream: ReadableStream) -> None:
    if stream.disturbed:
        raise JsTypeError(DISTURBED)


async def _finished(stream: ReadableStream, finish: Callable[[bytes], Any]) -> Any:
    return finish(await joined(stream))


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


def _blob_type(content_type: str | None) -> str:
    kind, semicolon, rest = (content_type or "").partition(";")
    return kind.strip().lower() + (f";{rest.strip()}" if semicolon else "")

"""Which values go from one owner to another, and how.

Plain values and containers of them go as copies that keep what they share among themselves.
Functions stay where they are: the receiver gets a stub.  Streams, and the messages that carry
them, are moved: whoever sent one finds it used.  Of everything else it is production that says no.

Sources: src/workerd/api/worker-rpc.c++ (`serializeV8`), src/workerd/jsg/ser.c++.  As measured,
workerd refuses forms and files; Cloudflare's SDK takes them for granted, and so they pass here, and
`portability` tells of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydo.clone import CloneError
from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.blob import Blob, File
from pydo.host.js.buffer import ArrayBuffer, BufferView
from pydo.host.js.collection import JsMap, LiteralMap
from pydo.host.js.dataview import DataView
from pydo.host.js.date import JsDate
from pydo.host.js.error import ERROR_CLASSES, DOMException, JsError, JsTypeError, as_error
from pydo.host.js.formdata import FormData
from pydo.host.js.function import JsFunction
from pydo.host.js.headers import Headers
from pydo.host.js.identity import Identity
from pydo.host.js.object import JsObject
from pydo.host.js.regexp import RegExp
from pydo.host.js.request import Request
from pydo.host.js.response import Response
from pydo.host.js.set import JsSet
from pydo.host.js.stream import ReadableStream
from pydo.host.js.stream.carried import Carried
from pydo.host.js.text import js_string
from pydo.host.js.value import JsNull, JsProxy, cross, jsnull
from pydo.host.model import CODEC
from pydo.host.portability.bridge import unsent
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from collections.abc import Callable

    Copy = Callable[["Message", Any], Any]

__all__ = ["Message", "data_clone_error", "error_members", "move", "unsupported"]

_LIMIT = 32 * 1024 * 1024
_WORTH_MEASURING = _LIMIT // 2
_PRIMITIVE = frozenset({str, int, bool, type(None), JsNull})


class Message:
    """What one call, or its answer, carries.

    `export` makes the stub that the receiver gets of a function; the stubs made are in `stubs`.
    """

    __slots__ = ("_bytes", "_copies", "_export", "stubs")

    def __init__(self, export: Callable[[object], JsProxy]) -> None:
        self._export = export
        self.stubs: list[JsProxy] = []
        self._copies: dict[int, tuple[object, object]] = {}
        self._bytes = 0

    def arguments(self, values: tuple[Any, ...]) -> tuple[object, ...]:
        """Copy the arguments of a call.

        Raises:
            JsException: a `DataCloneError` for a value that cannot go, an `Error` for too much.

        """
        copies = tuple([self._copy(value) for value in values])
        if self._bytes > _WORTH_MEASURING:
            self._refuse_too_much(JsArray(list(copies)))
        return copies

    def result(self, value: Any) -> object:
        """Copy the result of a call.

        Raises:
            JsException: as of `arguments`.

        """
        copy = self._copy(value)
        if self._bytes > _WORTH_MEASURING:
            self._refuse_too_much(copy)
        return copy

    def _copy(self, value: Any) -> Any:
        kind = cast("type", type(value))
        if kind in _PRIMITIVE:
            if kind is str:
                self._bytes += len(value)
            return value
        if isinstance(value, (str, int, float)):
            return cross(value)
        known = self._copies.get(id(value))
        if known is not None:
            return known[1]
        return _copier(kind, value)(self, value)

    def remember(self, value: object, copy: Any) -> Any:
        """Let later references to `value` be to its copy."""
        self._copies[id(value)] = (value, copy)
        return copy

    # -- containers

    def copy_object(self, value: JsObject) -> JsObject:
        """Copy a plain object."""
        members: dict[str, object] = {}
        made: JsObject = self.remember(value, JsObject(members))
        copy = self._copy
        for key, member in value.__members__.items():
            self._bytes += len(key)
            members[key] = copy(member)
        return made

    def copy_array(self, value: JsArray) -> JsArray:
        """Copy an array."""
        items: list[object] = []
        made: JsArray = self.remember(value, JsArray(items))
        items.extend([self._copy(each) for each in value.__items__])
        return made

    def copy_map(self, value: JsMap) -> JsMap:
        """Copy a Map."""
        made: JsMap = self.remember(value, JsMap.new())
        for key, member in value.__data__.items():
            made.set(self._copy_key(key), self._copy(member))
        return made

    def copy_set(self, value: JsSet) -> JsSet:
        """Copy a Set."""
        made: JsSet = self.remember(value, JsSet.new())
        for key in value.__data__:
            made.add(self._copy_key(key))
        return made

    def _copy_key(self, key: Any) -> Any:
        return self._copy(key.value if type(key) is Identity else key)

    # -- values

    def copy_date(self, value: JsDate) -> JsDate:
        """Copy a Date."""
        return cast("JsDate", self.remember(value, JsDate.at_ms(value.ms)))

    def copy_regexp(self, value: RegExp) -> RegExp:
        """Copy a pattern, from whose beginning the copy goes on."""
        return cast("RegExp", self.remember(value, RegExp.new(value.source, value.flags)))

    def copy_buffer(self, value: ArrayBuffer) -> ArrayBuffer:
        """Copy the bytes of a buffer."""
        self._bytes += len(value.__data__)
        return cast("ArrayBuffer", self.remember(value, ArrayBuffer.new(bytearray(value.__data__))))

    def copy_view(self, value: Any) -> Any:
        """Copy a view, with the whole of its buffer: other views of it go on sharing it."""
        buffer = self._copy(value.buffer)
        if isinstance(value, DataView):
            return self.remember(value, DataView.new(buffer, value.byteOffset, value.byteLength))
        return self.remember(value, type(value).new(buffer, value.byteOffset, value.length))

    def copy_error(self, value: JsException) -> JsException:
        """Copy an error: its class, its text, and its own members."""
        error = as_error(value)
        made: JsException
        if isinstance(error, DOMException):
            made = DOMException(error.message, error.name)
        else:
            made = ERROR_CLASSES.get(error.name, JsError)(error.message)
            made.name = error.name
        self.remember(value, made)
        for key, member in vars(error).items():
            if key not in {"name", "message", "stack"}:
                vars(made)[key] = self._copy(member)
        return made

    # -- by reference, and moved

    def export(self, value: object) -> JsProxy:
        """Keep a function where it is, and give a stub of it."""
        stub = self._export(value)
        self.stubs.append(stub)
        return cast("JsProxy", self.remember(value, stub))

    def transfer(self, value: Any) -> Any:
        """Let a value say itself what the receiver gets of it."""
        return self.remember(value, value.__transfer__())

    def move(self, value: Any) -> Any:
        """Move a message or a stream: the sender's own is used from now on."""
        return self.remember(value, move(value))

    # -- too much

    def _refuse_too_much(self, copy: object) -> None:
        try:
            size = len(CODEC.encode(copy))
        except CloneError:  # streams and stubs are not in it
            size = self._bytes
        if size > _LIMIT:
            raise JsException(
                "Error",
                "Serialized RPC arguments or return values are limited to 32MiB, but the size of"
                f" this value was: {size} bytes.",
            )


def move(value: Any) -> Any:
    """Give what the receiver gets of a message, a stream or a form.

    Raises:
        JsException: it was read before, or cannot go.

    """
    if isinstance(value, Response):
        return _moved_response(value)
    if isinstance(value, Request):
        body = _taken(value)
        init = {"method": value.method, "headers": value.headers.copy(), "redirect": value.redirect}
        return Request.new(value.url, init if body is None else {**init, "body": body}, cf=value.cf)
    if isinstance(value, Headers):
        return value.copy()
    if isinstance(value, ReadableStream):
        if value.locked or value.disturbed:
            raise JsTypeError(_LOCKED)
        return _stream(value.take())
    return value


def _moved_response(value: Response) -> Response:
    if value.webSocket is not jsnull:
        raise unsupported("WebSocket")
    moved = Response.new(_taken(value), {"status": value.status, "headers": value.headers.copy()})
    moved.given_text, moved.url, moved.type = value.given_text, value.url, value.type
    moved.cf, moved.encodeBody = value.cf, value.encodeBody
    return moved


def _taken(value: Request | Response) -> Any:
    if value.bodyUsed:
        raise JsTypeError(_LOCKED)
    body = value.take()
    return None if body is None else _stream(body)


def _stream(taken: Any) -> ReadableStream:
    if isinstance(taken, bytes):
        return ReadableStream.of_bytes(taken)
    stream: ReadableStream = taken.successor()
    assert stream.source is not None, "what has none is there"
    return ReadableStream.of_source(Carried(stream.source), length=stream.length)


_LOCKED = "The ReadableStream has been locked to a reader."


def _form(_: Message, value: FormData) -> FormData:
    unsent("FormData", unsupported("FormData"))
    copy = FormData.new()
    for name, each in list(value):
        copy.append(name, each)
    return copy


def _unsupported_file(value: File) -> File:
    unsent("File", unsupported("File"))
    return value


def _copier(kind: type, value: Any) -> Copy:
    copy = _COPIERS.get(kind)
    if copy is None:
        for base, found in _COPIERS.items():
            if issubclass(kind, base):
                copy = found
                break
        else:
            copy = _by_nature(value)
    return copy


def _by_nature(value: Any) -> Copy:
    if isinstance(value, JsProxy):
        if hasattr(value, "__transfer__"):
            return Message.transfer
        name = value.constructor.name
        if name in _REFERENCES:
            return lambda _, same: same
        if value.typeof == "function":
            return Message.export
        if name == "AbortSignal":
            raise data_clone_error("AbortSignal serialization is not enabled.")
        if name in _UNCLONABLE:
            raise data_clone_error(f"#<{name}> could not be cloned.")
        if value.typeof == "symbol":
            raise data_clone_error(f"{js_string(value)} could not be cloned.")
        if name.startswith("Py"):
            raise data_clone_error(_PROXY)
        raise unsupported(name)
    if callable(value) and not isinstance(value, type):
        return Message.export
    raise data_clone_error(_PROXY)


_COPIERS: dict[type, Copy] = {
    JsObject: Message.copy_object,
    JsArray: Message.copy_array,
    LiteralMap: lambda _, value: _refuse(value),
    JsMap: Message.copy_map,
    JsSet: Message.copy_set,
    JsDate: Message.copy_date,
    RegExp: Message.copy_regexp,
    ArrayBuffer: Message.copy_buffer,
    BufferView: Message.copy_view,
    JsException: Message.copy_error,
    Response: Message.move,
    Request: Message.move,
    Headers: Message.move,
    ReadableStream: Message.move,
    FormData: _form,
    File: lambda _, value: _unsupported_file(value),
    Blob: lambda _, value: value,
    JsFunction: Message.export,
    JsPromise: lambda _, __: _refuse_text("#<Promise> could not be cloned."),
}
_REFERENCES = frozenset({"WritableStream"})
_UNCLONABLE = frozenset({"Promise", "WeakMap", "WeakSet", "WeakRef", "Generator"})
_PROXY = "[object Object] could not be cloned."


def _refuse(value: Any) -> Any:
    raise data_clone_error(f"{js_string(value)} could not be cloned.")


def _refuse_text(text: str) -> Any:
    raise data_clone_error(text)


def data_clone_error(text: str) -> DOMException:
    """Make the error of a value that cannot go."""
    return DOMException(text, "DataCloneError")


def unsupported(name: str) -> DOMException:
    """Make the error of an instance of a class that does not go over RPC."""
    return data_clone_error(
        f'Could not serialize object of type "{name}". This type does not support serialization.'
    )


def error_members(members: dict[str, Any]) -> dict[str, Any]:
    """Give what arrives of the members of an error: all, or none if one of them cannot go."""
    message = Message(_no_functions)
    try:
        return {key: message.result(value) for key, value in members.items()}
    except JsException:
        return {}


def _no_functions(_: object) -> JsProxy:
    raise data_clone_error(_PROXY)

"""`Response`, by workerd's rules and in its words (src/workerd/api/http.c++)."""

from __future__ import annotations

import http
from typing import TYPE_CHECKING, Any

from pydo.host.js.address import parse_address
from pydo.host.js.body import Body, extract
from pydo.host.js.error import JsRangeError, JsTypeError
from pydo.host.js.headers import Headers
from pydo.host.js.incomingcf import read_cf
from pydo.host.js.json import stringify
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_number, js_string
from pydo.host.js.value import JsProxy, NativeClass, jsnull, options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["NULL_BODY", "Response", "status_text"]

_OK = 200
_SWITCHING = 101
_MAX_STATUS = 599
NULL_BODY = frozenset({101, 204, 205, 304})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BAD_STATUS = (
    "Responses may only be constructed with status codes in the range 200 to 599, inclusive."
)
_WITH_BODY = "Response with null body status (101, 204, 205, or 304) cannot have a body."
_NO_INIT = (
    "Failed to construct 'Response': constructor parameter 2 is not of type 'InitializerDict or "
    "Response'."
)
_FIELD = (
    "Incorrect type for the '{0}' field on 'InitializerDict': the provided value is not of type "
    "'{1}'."
)


class ResponseClass(NativeClass):
    """`Response`'s static functions."""

    # A property, so that it is found before the method of the instances, which bears its name.
    @property
    def json(cls) -> Callable[..., Response]:
        """Make a response of a value, written in JSON."""
        return _json

    def redirect(cls, url: Any = None, status: Any = None, *_: object) -> Response:
        """Make a response that sends the client to another address."""
        code = 302 if status is None else js_number(status)
        if code not in _REDIRECTS:
            raise JsRangeError(
                f"{js_string(status)} is not a redirect status code. It must be one of: 301, 302, "
                "303, 307, or 308."
            )
        text = js_string(url)
        address = parse_address(text)
        if address is None:
            raise JsTypeError(f"Unable to parse URL: {text}")
        response = Response.new(None, {"status": code})
        response.received = [("location", address.href)]
        return response

    def error(cls, *_: object) -> Response:
        """Make the response of a network error."""
        response = Response.new(None)
        response.status, response.type, response.given_text = 0, "error", ""
        return response


class Response(Body, metaclass=ResponseClass):
    """A response."""

    __slots__ = ("__dict__", "cf", "encodeBody", "given_text", "status", "type", "url", "webSocket")

    status: int
    given_text: str | None
    url: str
    type: str
    webSocket: Any
    cf: Any
    encodeBody: Any
    is_encoded = False  # whether the body came with its Content-Encoding
    is_redirected = False

    def __init__(self, body: Any = None, init: Any = None, /, *_: object, **named: Any) -> None:
        self.used = False
        self.held = self.received = self.given_text = None
        self.status, self.url, self.type = _OK, "", "default"
        self.webSocket, self.cf, self.encodeBody = jsnull, None, "automatic"
        if type(body) is str:
            self.content, self.content_type = body, "text/plain;charset=UTF-8"
        else:
            self.content, self.content_type = extract(body)
        if named or init is not None:
            self._apply(init, named)

    @classmethod
    def incoming(cls, status: int, text: str, headers: list[tuple[str, str]]) -> Response:
        """Make a response of what came through an HTTP parser, without a body as yet."""
        self: Response = object.__new__(cls)
        self.content, self.content_type, self.used = None, None, False
        self.held, self.received, self.given_text = None, headers, text
        self.status, self.url, self.type = status, "", "default"
        self.webSocket, self.cf, self.encodeBody = jsnull, None, "automatic"
        return self

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status <= 299  # noqa: PLR2004 - the range has no better name

    @property
    def statusText(self) -> str:
        """The words of the status: those given, else the standard's."""
        return status_text(self.status) if self.given_text is None else self.given_text

    @property
    def redirected(self) -> bool:
        """Whether redirections were followed to it."""
        return self.is_redirected

    def clone(self, *_: object) -> Response:
        """Copy the response; both can be read.

        Raises:
            JsException: a `TypeError` when the body was read, or a reader holds it.

        """
        if self.webSocket is not jsnull:
            raise JsTypeError("Cannot clone a response to a WebSocket handshake.")
        copied: Response = object.__new__(Response)
        copied.content, copied.content_type, copied.used = self.split(), self.content_type, False
        copied.held = None if self.held is None else self.held.copy()
        copied.received = self.received
        copied.status, copied.given_text = self.status, self.given_text
        copied.url, copied.type = self.url, self.type
        copied.is_redirected, copied.is_encoded = self.is_redirected, self.is_encoded
        copied.webSocket, copied.cf, copied.encodeBody = jsnull, self.cf, self.encodeBody
        return copied

    def content_type_is_implied(self, given: Mapping[str, Any]) -> bool:
        """Tell whether the content type is the body's own, not one of the options' headers."""
        headers = given.get("headers")
        return headers is None or not Headers.new(headers).has("content-type")

    def _apply(self, init: Any, named: Mapping[str, Any]) -> None:
        if isinstance(init, Response):
            given: Mapping[str, Any] = {**init.as_options(), **named}
        elif init is None or isinstance(init, (JsProxy, dict)) or init is jsnull:
            given = options(init, named)
        elif isinstance(init, (str, int, float)):
            raise JsTypeError(_NO_INIT)
        else:
            given = named
        self._apply_status(given)
        headers = given.get("headers")
        if headers is not None:
            self._apply_headers(headers)
        elif "headers" in given and given["headers"] is jsnull:
            raise JsTypeError(_FIELD.format("headers", "Headers or Sequence or object"))
        encode = given.get("encodeBody")
        if encode is not None:
            if encode not in {"automatic", "manual"}:
                raise JsTypeError(f"encodeBody: unexpected value: {js_string(encode)}")
            self.encodeBody = js_string(encode)
        self.cf = read_cf(given.get("cf"), "InitializerDict")

    def _apply_status(self, given: Mapping[str, Any]) -> None:
        socket = given.get("webSocket")
        if socket is not None and socket is not jsnull:
            if not (isinstance(socket, JsProxy) and socket.constructor.name == "WebSocket"):
                raise JsTypeError(_FIELD.format("webSocket", "WebSocket"))
            self.webSocket = socket
        status = given.get("status")
        if status is not None:
            self.status = _status(status, self.webSocket is not jsnull)
        if self.webSocket is not jsnull and self.status != _SWITCHING:
            raise JsRangeError("Responses with a WebSocket must have status code 101.")
        if self.status in NULL_BODY and self.content is not None:
            if self.content not in ("", b""):
                raise JsTypeError(_WITH_BODY)
            self.content, self.content_type = None, None
        text = given.get("statusText")
        if text is not None:
            self.given_text = _text(text)

    def _apply_headers(self, headers: Any) -> None:
        if not isinstance(headers, JsProxy) and not hasattr(headers, "__iter__"):
            raise JsTypeError(_FIELD.format("headers", "Headers or Sequence or object"))
        if isinstance(headers, str):
            raise JsTypeError(_FIELD.format("headers", "Headers or Sequence or object"))
        self.held = held = Headers.new(headers)
        if self.content_type is not None and "content-type" not in held.fields:
            held.fields["content-type"] = ["content-type", self.content_type]

    def as_options(self) -> dict[str, Any]:
        """Give the response as the options that make another like it."""
        text = {} if self.given_text is None else {"statusText": self.given_text}
        headers = self.held if self.held is not None else Headers.received(self.header_list())
        return {
            "status": self.status,
            "headers": headers,
            "cf": self.cf,
            "webSocket": self.webSocket,
            "encodeBody": self.encodeBody,
            **text,
        }


def _json(*arguments: Any, **named: Any) -> Response:
    if not arguments and not named:
        raise JsTypeError(
            "Failed to execute 'json' on 'Response': parameter 1 is not of type 'JsValue'."
        )
    value, init = (*arguments, None, None)[:2] if arguments else (JsObject(dict(named)), None)
    text = stringify(value)
    response = Response.new("undefined" if text is None else text, init, **named)
    if response.held is None:
        response.content_type = "application/json"
    elif response.content_type_is_implied(options(init, named)):
        response.held.set("content-type", "application/json")
    return response


# The standard's words, and where Python's table of them differs from workerd's
# (kj/compat/http.c++).
_TEXTS = {status.value: status.phrase for status in http.HTTPStatus} | {
    413: "Payload Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
    425: "Client Error",
}
_CLASSES = {2: "Successful", 3: "Redirection", 4: "Client Error", 5: "Server Error"}


def status_text(status: int) -> str:
    """Give the words that workerd puts beside a status that has none of its own."""
    text = _TEXTS.get(status)
    return _CLASSES.get(status // 100, "") if text is None else text


def _status(value: Any, upgrade: bool) -> int:  # noqa: FBT001 - a claim, passed once
    status = value if type(value) is int else js_number(value)
    if isinstance(status, float):
        status = int(status) if status == status and abs(status) <= _MAX_STATUS else 0  # noqa: PLR0124 - NaN
    if status == _SWITCHING and upgrade:
        return status
    if not _OK <= status <= _MAX_STATUS:
        raise JsRangeError(_BAD_STATUS)
    return status


def _text(value: Any) -> str:
    text = js_string(value)
    if any(char < " " and char != "\t" for char in text) or "\x7f" in text:
        raise JsTypeError("Invalid statusText")
    return text

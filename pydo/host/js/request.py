"""`Request`, by workerd's rules and in its words (src/workerd/api/http.c++)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.abort import AbortSignal
from pydo.host.js.address import normalized
from pydo.host.js.body import DISTURBED, Body, extract
from pydo.host.js.error import JsTypeError
from pydo.host.js.headers import Headers
from pydo.host.js.incomingcf import IncomingCf, read_cf
from pydo.host.js.redirect import Hop, next_hop, web_address
from pydo.host.js.stream import ReadableStream
from pydo.host.js.text import js_string
from pydo.host.js.url import URL
from pydo.host.js.value import JsProxy, NativeClass, jsnull, options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.host.js.response import Response

__all__ = ["METHODS", "Request"]

METHODS = frozenset(
    [
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "OPTIONS",
        "TRACE",
        "PURGE",
        "COPY",
        "LOCK",
        "MKCOL",
        "MOVE",
        "PROPFIND",
        "PROPPATCH",
        "SEARCH",
        "UNLOCK",
        "ACL",
        "REPORT",
        "MKACTIVITY",
        "CHECKOUT",
        "MERGE",
        "MSEARCH",
        "NOTIFY",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "QUERY",
        "BAN",
    ]
)
_PRIMITIVES = frozenset({str, int, float, bool})
_ANSWERED = "Can't read from request stream after response has been sent."
_WITHOUT_BODY = frozenset({"GET", "HEAD"})
_CACHE_MODES = frozenset({"no-store", "no-cache", "reload"})
_REDIRECT = (
    'Invalid redirect value, must be one of "follow" or "manual" ("error" won\'t be implemented '
    'since it does not make sense at the edge; use "manual" and check the response status code).'
)
_INTEGRITY = (
    "Subrequest integrity checking is not implemented. The integrity option must be either "
    "undefined or an empty string."
)
_NO_INPUT = (
    "Failed to construct 'Request': constructor parameter 1 is not of type 'Request or string'."
)
_NO_INIT = (
    "Failed to construct 'Request': constructor parameter 2 is not of type "
    "'RequestInitializerDict or Request'."
)


class Request(Body, metaclass=NativeClass):
    """A request."""

    __slots__ = ("__dict__", "cache", "given_cf", "given_signal", "method", "redirect", "url")

    method: str
    url: str
    redirect: str
    given_cf: Any
    cache: Any
    given_signal: Any

    def __init__(self, *arguments: Any, **named: Any) -> None:
        if not arguments:
            raise JsTypeError(_NO_INPUT)
        resource = arguments[0]
        init = arguments[1] if len(arguments) > 1 else None
        self.content, self.content_type, self.used = None, None, False
        self.held, self.received = None, None
        self.method, self.redirect = "GET", "follow"
        self.given_cf, self.cache, self.given_signal = None, None, jsnull
        given: Mapping[str, Any] = {}
        if init is not None or named:
            if isinstance(init, Request):
                if init.bodyUsed:
                    raise JsTypeError(DISTURBED)
                self._take_from(init, keep_body=True)
                given = named
            elif type(init) in _PRIMITIVES:
                raise JsTypeError(_NO_INIT)
            else:
                given = options(init, named)
        if type(resource) is str:
            self.url = _absolute(resource)
        elif isinstance(resource, Request):
            self.url = resource.url
            if not isinstance(init, Request):
                self._take_from(resource, keep_body=given.get("body") is None)
        else:
            self.url = _absolute(resource)
        if given:
            self._apply(given)

    @classmethod
    def incoming(
        cls,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        body: bytes | ReadableStream | None = None,
        cf: Any = None,
    ) -> Request:
        """Make a request of what came through an HTTP parser; nothing is checked again.

        `url` is absolute and `headers` are kept as they came.
        """
        self: Request = object.__new__(cls)
        self.method, self.url, self.received = method, url, headers
        self.content, self.content_type, self.used = body, None, False
        self.held, self.redirect = None, "manual"
        self.given_cf, self.cache, self.given_signal = cf, None, jsnull
        return self

    @property
    def cf(self) -> Any:
        """What Cloudflare tells of a request from outside, or what was given; else undefined."""
        if type(self.given_cf) is IncomingCf:
            self.given_cf = self.given_cf.made()
        return self.given_cf

    @property
    def signal(self) -> AbortSignal:
        """The signal that was given, else one that never aborts."""
        if not isinstance(self.given_signal, AbortSignal):
            self.given_signal = AbortSignal.made()
        return self.given_signal

    @property
    def integrity(self) -> str:
        """The digest that the body should have: never asked for."""
        return ""

    @property
    def keepalive(self) -> bool:
        """Whether the request outlives its page: there is none."""
        return False

    @property
    def fetcher(self) -> Any:
        """What the request goes through: null."""
        return jsnull

    def clone(self, *_: object) -> Request:
        """Copy the request; both can be read.

        Raises:
            JsException: a `TypeError` when the body was read, or a reader holds it.

        """
        copied: Request = object.__new__(Request)
        copied.content, copied.content_type, copied.used = self.split(), self.content_type, False
        copied.held = None if self.held is None else self.held.copy()
        copied.received = self.received
        copied.method, copied.url, copied.redirect = self.method, self.url, self.redirect
        copied.given_cf, copied.cache = self.given_cf, self.cache
        copied.given_signal = self.given_signal
        return copied

    def tell_length(self) -> None:
        """Say in the headers how long the body is, or that nobody knows, unless they say it."""
        names = {name.lower() for name, _ in self.header_list()}
        if names.isdisjoint({"content-length", "transfer-encoding"}):
            length = self.body_length
            if length is None:
                self.headers.set("transfer-encoding", "chunked")
            else:
                self.headers.set("content-length", str(length))

    def spend(self) -> None:
        """Let nobody read the body that has come with the request: it is answered."""
        content = self.content
        if content is not None and not self.used:
            if not isinstance(content, ReadableStream):
                content = self.content = ReadableStream.of_bytes(b"")
            content.spend(JsTypeError(_ANSWERED))

    def redirected(self, response: Response) -> Request | None:
        """Give what follows a request that was sent; None when there is nowhere to go.

        What of it goes there: `next_hop`.

        Raises:
            JsException: a `TypeError` for a place that no request can go to.

        """
        location = response.headers.get("location")
        if not location or not isinstance(location, str):
            return None
        here = Hop(self.method, web_address(self.url), self.header_list(), has_body=True)
        hop = next_hop(here, response.status, location)
        followed: Request = object.__new__(Request)
        followed.method, followed.url, followed.redirect = hop.method, hop.address.href, "manual"
        followed.held, followed.received = Headers.received(hop.headers), None
        followed.content, followed.content_type, followed.used = self.content, None, self.used
        followed.given_cf, followed.cache = self.given_cf, self.cache
        followed.given_signal = self.given_signal
        if not hop.has_body:
            followed.content, followed.used = None, False
        return followed

    def _take_from(self, other: Request, *, keep_body: bool) -> None:
        if other.bodyUsed and keep_body:
            raise JsTypeError("Cannot reconstruct a Request with a used body.")
        self.method, self.redirect = other.method, other.redirect
        self.given_cf, self.cache = other.given_cf, other.cache
        self.given_signal = other.given_signal
        if other.held is not None:
            self.held = other.held.copy()
        self.received, self.content_type = other.received, other.content_type
        if keep_body and other.content is not None:
            self.content = other.hand_over()

    def _apply(self, given: Mapping[str, Any]) -> None:
        method = given.get("method")
        if method is not None:
            self.method = _method(method)
        redirect = given.get("redirect")
        if redirect is not None:
            if redirect not in {"follow", "manual"}:
                raise JsTypeError(_REDIRECT)
            self.redirect = js_string(redirect)
        cache = given.get("cache")
        if cache is not None:
            if cache not in _CACHE_MODES:
                raise JsTypeError(f"Unsupported cache mode: {js_string(cache)}")
            self.cache = js_string(cache)
        self._apply_rest(given)
        headers = given.get("headers")
        if headers is not None:
            self.held, self.received, self.content_type = _headers(headers), None, None
        body = given.get("body")
        if body is not None:
            self.content, implied = extract(body)
            self._imply(implied)
        # One that came over the network with a body may be sent on; none such is made.
        is_made = method is not None or body is not None
        if is_made and self.method in _WITHOUT_BODY and self.content is not None:
            raise JsTypeError("Request with a GET or HEAD method cannot have a body.")

    def _apply_rest(self, given: Mapping[str, Any]) -> None:
        cf, signal = given.get("cf"), given.get("signal")
        if cf is not None:
            self.given_cf = read_cf(cf, "RequestInitializerDict")
        if given.get("integrity"):
            raise JsTypeError(_INTEGRITY)
        if signal is not None:
            self.given_signal = _signal(signal)

    def _imply(self, content_type: str | None) -> None:
        if content_type is None:
            return
        if self.held is None and self.received is None:
            self.content_type = content_type
        elif not self.headers.has("content-type"):
            self.headers.set("content-type", content_type)


def _absolute(resource: Any) -> str:
    if isinstance(resource, URL):
        return resource.href
    text = resource if type(resource) is str else js_string(resource)
    href = normalized(text)
    if href is None:
        raise JsTypeError(f"Invalid URL: {text}")
    return href


def _method(value: Any) -> str:
    text = js_string(value)
    method = text.upper()
    if method not in METHODS:
        raise JsTypeError(f"Invalid HTTP method string: {text}")
    return method


def _signal(value: Any) -> Any:
    if value is jsnull or isinstance(value, AbortSignal):
        return value
    raise JsTypeError(
        "Incorrect type for the 'signal' field on 'RequestInitializerDict': the provided value is "
        "not of type 'AbortSignal'."
    )


def _headers(value: Any) -> Headers:
    if not isinstance(value, JsProxy) and not hasattr(value, "__iter__"):
        raise JsTypeError(
            "Incorrect type for the 'headers' field on 'RequestInitializerDict': the provided "
            "value is not of type 'Headers or Sequence or object'."
        )
    return Headers.new(value)

"""A stub: the object at the other end, as the caller holds it.

`fetch` sends a request, any other name is a method to be called.  Sources:
src/workerd/api/actor.c++, src/workerd/api/worker-rpc.c++, src/workerd/api/http.c++.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.capability import call
from pydo.host.execution import received
from pydo.host.js.abort import thrown
from pydo.host.js.address import parse_address
from pydo.host.js.asker import sent_signal
from pydo.host.js.error import JsTypeError
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.redirect import MAX_REDIRECTS, REDIRECTS, too_many
from pydo.host.js.request import Request
from pydo.host.js.response import NULL_BODY
from pydo.host.js.stream import ReadableStream
from pydo.host.js.stream.abortable import abortable
from pydo.host.js.value import JsProxy
from pydo.host.portability.bridge import unsent
from pydo.host.promise import JsPromise
from pydo.host.rpc import unsupported
from pydo.runtime.events import Fetch, RpcCall

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator, Mapping

    from pydo.host.js.abort import AbortSignal
    from pydo.host.namespace import DurableObjectIdProxy
    from pydo.runtime.channel import Channel

__all__ = ["DurableObject", "Fetcher"]


class Fetcher(RuntimeObject):
    """Something that takes requests and calls.

    Alone it is what a stub becomes when it is sent to another object: without an id or a name.
    """

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def fetch(self, resource: Any = None, given: object = None, **named: object) -> JsPromise:
        """Send a request to `fetch` at the other end; redirects are followed as by any fetch."""
        if resource is None and given is None and not named:
            return JsPromise.rejected(JsTypeError(_NO_REQUEST))
        try:
            request = _request(resource, given, named)
            signal = sent_signal(request)
            if signal is not None and signal.aborted:
                return JsPromise.rejected(thrown(signal.reason))
            return FetchPromise.sent(self._channel, request, signal)
        except JsException as error:
            return JsPromise.rejected(error)

    def __transfer__(self) -> Fetcher:
        """Give what whoever it is sent to gets."""
        return Fetcher(self._channel.again())

    def __getattr__(self, name: str) -> JsProxy:
        if name.startswith("__") or name == "then":  # a stub is no promise
            raise AttributeError(name)
        return JsRpcProperty(self._channel, name)


class DurableObject(Fetcher):
    """A stub; lazy: the object is constructed by the first call that arrives."""

    __slots__ = ("id", "name")

    def __init__(self, channel: Channel, object_id: DurableObjectIdProxy) -> None:
        super().__init__(channel)
        self.id = object_id
        self.name = object_id.id.name

    def __transfer__(self) -> Fetcher:
        """Give a plain `Fetcher`, which is more than workerd does."""
        unsent("stub of an object", unsupported("DurableObject"), "the object's id as text")
        return super().__transfer__()


class JsRpcProperty(JsProxy, js_name="RpcProperty"):
    """A method at the other end, whether or not there is one of that name."""

    __slots__ = ("_channel", "_method")

    def __init__(self, channel: Channel, method: str) -> None:
        self._channel = channel
        self._method = method

    @property
    def typeof(self) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "function"

    def __call__(self, *arguments: object, **named: object) -> JsPromise:
        """Call the method."""
        return call(self._channel, arguments, named, lambda sent: RpcCall(self._method, sent))


def _request(resource: Any, init: object, named: Mapping[str, Any]) -> Request:
    request = Request.new(resource, init, **named)
    if not request.url.startswith(("http:", "https:")):
        raise JsTypeError(f"Fetch API cannot load: {request.url}")
    if "#" in request.url or "@" in request.url:
        request.url = _as_sent(request.url)
    if request.content is not None:
        request.tell_length()
    return request


def _as_sent(url: str) -> str:
    """Leave out what no request carries: `HTTP_PROXY_REQUEST` in kj/compat/url.c++."""
    address = parse_address(url)
    assert address is not None, "a request has an address"
    return replace(address, username="", password="", fragment=None).href


_NO_REQUEST = (
    "Failed to execute 'fetch' on 'Fetcher': parameter 1 is not of type 'Request or string'."
)


class FetchPromise(JsPromise, js_name="Promise"):
    """The promise of a response; a redirection is followed by whoever awaits it."""

    __slots__ = ("_channel", "_follows", "_request", "_signal")
    _channel: Channel
    _follows: bool
    _request: Request
    _signal: AbortSignal | None  # the request's is that of whoever gets it, by then

    @classmethod
    def sent(cls, channel: Channel, request: Request, signal: AbortSignal | None) -> FetchPromise:
        """Send a request; calls leave in the order in which they are made."""
        self: FetchPromise = object.__new__(cls)
        self.value, self.error = None, None
        self._follows = request.redirect == "follow"
        request.redirect = "manual"  # as of everything that has come: whoever sends it follows
        self.future = _sent(channel, request, signal)
        self._channel, self._request, self._signal = channel, request, signal
        return self

    def settle(self, future: asyncio.Future[Any]) -> None:
        """Let `future` end as this promise does, after all redirections."""
        JsPromise.of(_awaited(self)).settle(future)

    def __await__(self) -> Generator[Any, Any, Any]:
        response = yield from JsPromise.__await__(self)
        if response.status in REDIRECTS and self._follows:
            response = yield from self._follow(response).__await__()
        content = response.content
        if type(content) is ReadableStream:
            if self._signal is not None:
                content = response.content = abortable(content, self._signal)
            received(content)
        elif content is None and not response.used:
            response.content = self._nothing(response.status)
        return response

    def _nothing(self, status: int) -> bytes | None:
        # What has come is a body, if there may be one.
        return None if status in NULL_BODY or self._request.method == "HEAD" else b""

    async def _follow(self, response: Any) -> Any:
        request = self._request
        visited = [request.url]
        while response.status in REDIRECTS:
            followed = request.redirected(response)
            if followed is None:
                return response
            if len(visited) > MAX_REDIRECTS:
                raise too_many(visited)
            request = followed
            visited.append(request.url)
            response = await _sent(self._channel, request, self._signal)
        return response


def _sent(channel: Channel, request: Request, signal: AbortSignal | None) -> asyncio.Future[Any]:
    """Send a request, and wait for its answer until a signal aborts."""
    future = channel.send(Fetch(request))
    if signal is not None:
        signal.stops(future)
    return future


async def _awaited(promise: JsPromise) -> Any:
    return await promise

"""A stub: the object at the other end, as the caller holds it.

`fetch` sends a request, any other name is a method to be called.  Sources:
src/workerd/api/actor.c++, src/workerd/api/worker-rpc.c++, src/workerd/api/http.c++.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.js.object import JsObject
from pydo.host.js.request import Request
from pydo.host.js.value import JsProxy, options
from pydo.host.promise import JsPromise
from pydo.host.rpc import transferable
from pydo.runtime.events import Fetch, RpcCall

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator

    from pydo.runtime.namespace import ActorChannel

__all__ = ["DurableObject"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 20


class DurableObject(JsProxy):
    """A stub; lazy: the object is constructed by the first call that arrives."""

    __slots__ = ("_channel", "id", "name")

    def __init__(self, channel: ActorChannel, object_id: JsProxy) -> None:
        self._channel = channel
        self.id = object_id
        self.name = channel.id.name

    def fetch(self, resource: Any = None, given: object = None, **named: object) -> JsPromise:
        """Send a request to the object's `fetch`; redirects are followed as by any fetch."""
        return FetchPromise.sent(self._channel, Request.new(resource, options(given, named)))

    def __getattr__(self, name: str) -> JsProxy:
        if name.startswith("__"):
            raise AttributeError(name)
        return JsRpcProperty(self._channel, name)


class JsRpcProperty(JsProxy):
    """A method of the object at the other end, whether or not it has one of that name."""

    __slots__ = ("_channel", "_method")

    def __init__(self, channel: ActorChannel, method: str) -> None:
        self._channel = channel
        self._method = method

    def __call__(self, *arguments: object, **named: object) -> JsPromise:
        """Call the method; keyword arguments are one trailing object, as on any JS call."""
        if named:
            arguments = (*arguments, JsObject.new(**named))
        sent = tuple(transferable(each) for each in arguments)
        return JsPromise.of(self._channel.send(RpcCall(self._method, sent)))


class FetchPromise(JsPromise, js_name="Promise"):
    """The promise of a response; a redirection is followed by whoever awaits it."""

    __slots__ = ("_channel", "_request")
    _channel: ActorChannel
    _request: Request

    @classmethod
    def sent(cls, channel: ActorChannel, request: Request) -> FetchPromise:
        """Send a request; calls leave in the order in which they are made."""
        self: FetchPromise = object.__new__(cls)
        self.value, self.error = None, None
        self.future = channel.send(Fetch(request))
        self._channel, self._request = channel, request
        return self

    def settle(self, future: asyncio.Future[Any]) -> None:
        """Let `future` end as this promise does, after all redirections."""
        JsPromise.of(_awaited(self)).settle(future)

    def __await__(self) -> Generator[Any, Any, Any]:
        response = yield from super().__await__()
        if response.status in _REDIRECTS and self._request.redirect == "follow":
            return (yield from self._follow(response).__await__())
        return response

    async def _follow(self, response: Any) -> object:
        request: Request | None = self._request
        for _ in range(_MAX_REDIRECTS):
            request = None if request is None else request.redirected(response)
            if request is None:
                return response
            response = await self._channel.send(Fetch(request))
            if response.status not in _REDIRECTS:
                return response
        raise JsException("TypeError", "Too many redirects.")


async def _awaited(promise: JsPromise) -> Any:
    return await promise

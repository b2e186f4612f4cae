"""`ctx`: what an object's class is constructed with.

Source: src/workerd/api/actor-state.{h,c++} (`DurableObjectState`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.execution import done
from pydo.host.facets import DurableObjectFacets
from pydo.host.js.array import JsArray
from pydo.host.js.date import JsDate
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string, truthy
from pydo.host.js.value import jsnull, options
from pydo.host.js.websocket import WebSocket, WebSocketRequestResponsePair, view_of
from pydo.host.namespace import DurableObjectIdProxy
from pydo.host.portability.bridge import raw
from pydo.host.promise import JsPromise
from pydo.host.storage import DurableObjectStorage
from pydo.host.taken import unsigned
from pydo.runtime.failure import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.host.flags import Flags
    from pydo.host.loopback import Loopback
    from pydo.runtime.actor import Actor

__all__ = ["DurableObjectState"]


class DurableObjectState(RuntimeObject):
    """The state of one object: its id, its storage, its gates."""

    __slots__ = ("_actor", "_loopback", "container", "facets", "id", "props", "storage")

    def __init__(self, actor: Actor, flags: Flags, loopback: Loopback) -> None:
        self._actor = actor
        self._loopback = loopback if flags.enable_ctx_exports else None
        self.storage = DurableObjectStorage(actor, flags)
        self.facets = DurableObjectFacets(actor)
        self.container = None
        startup = actor.container.namespace.startup
        given = None if startup is None else startup.object_id
        self.id = given if isinstance(given, str) else DurableObjectIdProxy(actor.id)
        self.props = JsObject({}) if startup is None or startup.props is None else startup.props

    @property
    def exports(self) -> JsObject:
        """What the Worker exports, for its own code."""
        if self._loopback is None:
            raise AttributeError("exports")
        return self._loopback.exports(self._actor.worker)

    def blockConcurrencyWhile(self, callback: Callable[[], Any]) -> JsPromise:
        """Run `callback` with every other event of the object kept out."""
        return JsPromise.of(self._actor.block_concurrency_while(callback))

    # -- sockets that hibernate

    def acceptWebSocket(self, *arguments: Any) -> None:
        """Take a socket that stays while the object comes and goes; tags find it again.

        Raises:
            JsException: it was used already, or there are too many sockets or tags.

        """
        socket = _socket(arguments, "acceptWebSocket")
        tags: Any = arguments[1] if len(arguments) > 1 else None
        if tags is None:
            tags = JsArray([])
        elif isinstance(tags, str) or not hasattr(tags, "__iter__"):
            raise JsTypeError(_wrong("acceptWebSocket", 2, "Array"))
        raw(tags, "acceptWebSocket")
        accepted = self._actor.hibernation.accept(socket.socket, [js_string(tag) for tag in tags])
        accepted.view = socket

    def getWebSockets(self, tag: Any = None, *_: object) -> JsArray:
        """Give the sockets, newest first; those with a tag oldest first."""
        text = None if tag is None else js_string(tag)
        return JsArray([view_of(each) for each in self._actor.hibernation.sockets(text)])

    def getTags(self, *arguments: Any) -> JsArray:
        """Give the tags that a socket was accepted with.

        Raises:
            JsException: it was not.

        """
        socket = _socket(arguments, "getTags").socket
        if socket.accepted is not None:
            return JsArray(list(socket.accepted.tags))
        if socket.turns is not None:
            raise JsError("only hibernatable websockets can have tags.")
        raise JsError(
            "you must call 'acceptWebSocket()' before attempting to access the tags of a WebSocket."
        )

    def setWebSocketAutoResponse(self, pair: Any = None, *_: object) -> None:
        """Let a message be answered without the object; nothing ends that.

        Raises:
            JsException: a text is too long.

        """
        if pair is not None and not isinstance(pair, WebSocketRequestResponsePair):
            raise JsTypeError(_wrong("setWebSocketAutoResponse", 1, "WebSocketRequestResponsePair"))
        self._actor.hibernation.auto_response = (
            None if pair is None else (pair.request, pair.response)
        )

    def getWebSocketAutoResponse(self, *_: object) -> Any:
        """Give what is answered without the object, or null."""
        auto = self._actor.hibernation.auto_response
        return jsnull if auto is None else WebSocketRequestResponsePair.new(*auto)

    def getWebSocketAutoResponseTimestamp(self, *arguments: Any) -> Any:
        """Give when a socket was last answered without the object, or null."""
        accepted = _socket(arguments, "getWebSocketAutoResponseTimestamp").socket.accepted
        if accepted is None or accepted.answered_ms is None:
            return jsnull
        return JsDate.new(accepted.answered_ms)

    def setHibernatableWebSocketEventTimeout(self, ms: Any = None, *_: object) -> None:
        """Let no handler of a socket's event take longer than this; 0 or nothing ends that.

        Raises:
            JsException: it is more than a week, or no such number.

        """
        is_none = ms is None or ms is jsnull
        self._actor.hibernation.set_event_timeout(None if is_none else unsigned(ms))

    def getHibernatableWebSocketEventTimeout(self, *_: object) -> Any:
        """Give how long such a handler may take, or null."""
        ms = self._actor.hibernation.event_timeout_ms
        return jsnull if ms is None else ms

    def waitUntil(self, value: object = None) -> None:
        """Keep the object awake until `value` is done."""
        self._actor.wait_until(done(value))

    def abort(self, reason: object = None, selection: object = None, **named: object) -> None:
        """Reset the object: nothing after this runs, what the turn wrote is lost.

        With `retryAlarm=False` an alarm that is running is not tried again.
        """
        retries = options(selection, named).get("retryAlarm")
        self._actor.abort(
            None if reason is None or reason is jsnull else js_string(reason),
            retries_alarm=retries is None or truthy(retries),
        )
        assert self._actor.broken is not None, "it was just reset"
        raise Stopped(self._actor.broken)


def _socket(arguments: tuple[Any, ...], method: str) -> WebSocket:
    socket = arguments[0] if arguments else None
    if not isinstance(socket, WebSocket):
        raise JsTypeError(_wrong(method, 1, "WebSocket"))
    return socket


def _wrong(method: str, position: int, expected: str) -> str:
    return (
        f"Failed to execute '{method}' on 'DurableObjectState': parameter {position} is not of "
        f"type '{expected}'."
    )

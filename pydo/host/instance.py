"""An object of the user's, as events reach it.

Each event is brought to the method that stands for it: requests as `workers.Request`, everything of
sockets and alarms as JavaScript's own, with surplus arguments dropped.  Sources:
src/pyodide/python-entrypoint-helper.ts, src/pyodide/internal/introspection.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.calling import (
    called,
    is_awaited,
    no_fetch,
    no_method,
    no_scheduled,
    positional,
    response_in,
    result_of,
)
from pydo.host.capability import answer
from pydo.host.js.array import JsArray
from pydo.host.js.asker import answers, arrived
from pydo.host.js.buffer import ArrayBuffer, JsBuffer
from pydo.host.js.collection import JsMap
from pydo.host.js.date import JsDate
from pydo.host.js.error import JsError
from pydo.host.js.object import JsObject
from pydo.host.js.set import JsSet
from pydo.host.js.upgrade import handed_over
from pydo.host.js.value import JsProxy
from pydo.host.js.websocket import WebSocket, view_of
from pydo.host.state import DurableObjectState
from pydo.runtime.events import (
    Addressed,
    AlarmFired,
    Event,
    Fetch,
    FunctionCall,
    RpcCall,
    Scheduled,
    SocketClosed,
    SocketFailed,
    SocketMessage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from types import ModuleType

    from pydo.host.flags import Flags
    from pydo.host.loopback import Loopback
    from pydo.runtime.actor import Actor

__all__ = ["ObjectHandler", "object_factory"]

_SOCKET_HANDLERS = ("webSocketMessage", "webSocketClose", "webSocketError")
# What is data in an attribute, and no handle on the runtime.
_DATA = (JsArray, JsBuffer, JsDate, JsMap, JsObject, JsSet, WebSocket)
_OF_THE_RUNTIME = frozenset({"ctx", "env"})


def object_factory(
    sdk: ModuleType, cls: type[Any], env: JsProxy, flags: Flags, loopback: Loopback
) -> Callable[[Actor], ObjectHandler]:
    """Give what makes an instance of a class and its handler; its methods are looked at once."""
    prefix = _prefix(flags)
    taken: dict[str, int] = {}
    for name in ("fetch", *_SOCKET_HANDLERS):
        function = getattr(cls, f"{prefix}{name}", getattr(cls, name, None))
        taken[name] = 0 if function is None else positional(function) - 1

    def construct(actor: Actor) -> ObjectHandler:
        return ObjectHandler(
            sdk, cls(DurableObjectState(actor, flags, loopback), env), flags, taken
        )

    return construct


class ObjectHandler:
    """An instance of a user's class, as events reach it.

    `taken` says how many arguments each of its handlers takes.
    """

    __slots__ = ("_gives_signals", "_instance", "_name", "_prefix", "_sdk", "_taken")

    def __init__(
        self, sdk: ModuleType, instance: Any, flags: Flags, taken: Mapping[str, int]
    ) -> None:
        self._sdk = sdk
        self._instance = instance
        self._prefix = _prefix(flags)
        self._gives_signals = flags.enable_request_signal
        self._name = f"{type(instance).__name__}.fetch"
        self._taken = taken

    def _handler(self, name: str) -> Any:
        """Give the method for an event, None if the class has none."""
        instance = self._instance
        found = getattr(instance, self._prefix + name, None) if self._prefix else None
        return getattr(instance, name, None) if found is None else found

    def attributes(self) -> Mapping[str, object]:
        """Give the instance's attributes, but for those that stand for the runtime."""
        held = getattr(self._instance, "__dict__", {})
        return {name: value for name, value in held.items() if not _is_of_the_runtime(name, value)}

    def handle(self, event: Event) -> Coroutine[Any, Any, object]:
        """Handle an event; only requests and calls have an answer."""
        match event:
            case SocketMessage(socket, data):
                message = ArrayBuffer.new(bytearray(data)) if type(data) is bytes else data
                return self._hear("webSocketMessage", view_of(socket), message)
            case Fetch(request):
                return self._fetch(request)
            case SocketClosed(socket, code, reason, was_clean):
                return self._hear("webSocketClose", view_of(socket), code, reason, was_clean)
            case SocketFailed(socket, text):
                return self._hear("webSocketError", view_of(socket), JsError(text))
            case RpcCall(method, arguments):
                return called(self._sdk, self._instance, method, arguments)
            case FunctionCall():
                return answer(event)
            case AlarmFired(scheduled_ms, retries):
                return self._alarm(scheduled_ms, retries)
            case Addressed():
                raise AssertionError("an object has no entrypoints")
            case Scheduled():
                raise no_scheduled()

    async def _hear(self, name: str, *arguments: object) -> None:
        function = self._handler(name)
        if not callable(function):
            raise no_method(name)
        result = function(*arguments[: self._taken[name] or positional(function)])
        if is_awaited(result):
            await result

    async def _alarm(self, scheduled_ms: int, retries: int) -> None:
        function = self._handler("alarm")
        if not callable(function):
            raise no_method("alarm")
        info = JsObject(
            {"retryCount": retries, "isRetry": retries > 0, "scheduledTime": scheduled_ms}
        )
        await result_of(function(*(info,)[: positional(function)]))

    async def _fetch(self, request: Any) -> object:
        instance = self._instance
        function = self._handler("fetch")
        if function is None:
            raise no_fetch()
        arrived(request, has_signal=self._gives_signals)
        arguments: tuple[object, ...] = (self._sdk.Request(request),)
        taken = self._taken["fetch"]
        if taken != 1:
            more = (getattr(instance, "env", None), getattr(instance, "ctx", None))
            arguments = (*arguments, *more)[:taken]
        result = function(*arguments)
        response = response_in(await result if is_awaited(result) else result, self._name)
        return answers(request, handed_over(request, response))


def _prefix(flags: Flags) -> str:
    """Give what stands before the names of handlers where the date is of global ones."""
    return "" if flags.python_no_global_handlers else "on_"


def _is_of_the_runtime(name: str, value: object) -> bool:
    """Whether an attribute is no data of the user's, but a binding or a handle."""
    if name in _OF_THE_RUNTIME or name.startswith("__"):
        return True
    if isinstance(value, JsProxy):
        return not isinstance(value, _DATA)
    return type(value).__module__.partition(".")[0] in {"workers", "asyncio", "_asyncio"}

"""From an entry module to handlers: what it exports, and how each event is brought to it.

Here the SDK meets user code as it does in production: requests go in as `workers.Request`,
arguments through `python_from_rpc`, results out through `python_to_rpc`.  Sources:
src/pyodide/python-entrypoint-helper.ts, src/pyodide/internal/introspection.py.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.capability import EXECUTION, answer, sent
from pydo.host.execution import ExecutionContext
from pydo.host.js.buffer import ArrayBuffer
from pydo.host.js.error import JsError
from pydo.host.js.object import JsObject
from pydo.host.js.response import Response
from pydo.host.js.stream import ReadableStream
from pydo.host.js.upgrade import handed_over
from pydo.host.js.value import JsProxy, jsnull
from pydo.host.js.websocket import view_of
from pydo.host.loopback import Loopback
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
    from pydo.host.scheduled import ScheduledController
    from pydo.runtime.actor import Actor
    from pydo.runtime.events import Handler
    from pydo.runtime.namespace import ActorNamespace

__all__ = ["Exports", "exports"]

_RESERVED = frozenset(
    {
        "alarm",
        "connect",
        "constructor",
        "dup",
        "fetch",
        "webSocketClose",
        "webSocketError",
        "webSocketMessage",
    }
)
_SOCKET_HANDLERS = ("webSocketMessage", "webSocketClose", "webSocketError")
_DATA = frozenset(
    f"pydo.host.js.{name}" for name in ("array", "buffer", "collection", "object", "websocket")
)
_OWN = frozenset({"ctx", "env"})
_ANY_NUMBER = sys.maxsize  # of arguments


class Exports:
    """What an entry module exports: one default handler, others by name, and classes of objects."""

    def __init__(
        self,
        handler: Handler,
        entrypoints: Mapping[str, Handler],
        classes: Mapping[str, Callable[[Actor], Handler]],
        warning: str | None,
    ) -> None:
        self.handler = handler
        self.entrypoints = entrypoints
        self.classes = classes
        self.warning = warning


def exports(
    module: ModuleType,
    env: JsProxy,
    flags: Flags,
    namespace_of: Callable[[str], ActorNamespace | None],
) -> Exports:
    """Find what `module` exports; `namespace_of` gives the objects of a class, if it has some.

    Raises:
        TypeError: it has several default handlers.

    """
    sdk = importlib.import_module("workers")
    visible = _visible(module)
    objects = _subclasses(visible, sdk.DurableObject)
    wrap = type(sdk.env)  # the class has had several names in several modules
    wrapped_env = wrap(env)
    entrypoints: dict[str, _Entrypoint] = {
        cls.__name__: _ClassEntrypoint(sdk, cls, env, wrapped_env)
        for cls in _subclasses(visible, sdk.WorkerEntrypoint)
    }
    handler: Any = entrypoints.pop("Default", None)
    on_fetch, plain = visible.get("on_fetch"), visible.get("default")
    has_plain = plain is not None and callable(getattr(plain, "fetch", None))
    if (handler is not None) + callable(on_fetch) + has_plain > 1:
        raise TypeError("Cannot define multiple default entrypoints")
    on_scheduled: Any = visible.get("on_scheduled")
    if callable(on_fetch):
        handler = _FunctionEntrypoint(
            on_fetch, "on_fetch", lambda request: request, env, on_scheduled
        )
    elif has_plain:
        fetch = getattr(plain, "fetch")  # noqa: B009 - it is whatever the user has put there
        scheduled = getattr(plain, "scheduled", None)
        handler = _FunctionEntrypoint(fetch, "default.fetch", sdk.Request, wrapped_env, scheduled)
    defaults = [] if handler is None else [None]
    handler = handler or _NoEntrypoint(on_scheduled, env)
    loopback = Loopback(
        [*defaults, *entrypoints], {cls.__name__: namespace_of(cls.__name__) for cls in objects}
    )
    if flags.enable_ctx_exports:
        for each in (handler, *entrypoints.values()):
            each.loopback = loopback
    classes = {cls.__name__: _object_factory(sdk, cls, env, flags, loopback) for cls in objects}
    warning = handler.warning if flags.python_no_global_handlers else None
    return Exports(_Entrypoints(handler, entrypoints), entrypoints, classes, warning)


def _visible(module: ModuleType) -> dict[str, Any]:
    names = getattr(module, "__all__", None)
    if names is None:
        names = [name for name in vars(module) if not name.startswith("_")]
    return {name: getattr(module, name) for name in names if hasattr(module, name)}


def _subclasses(visible: Mapping[str, Any], base: type) -> list[type[Any]]:
    found = {
        id(value): value
        for value in visible.values()
        if isinstance(value, type) and issubclass(value, base) and value is not base
    }
    return list(found.values())


# -- the Worker's own handlers


class _Entrypoints:
    """All of a Worker's entrypoints: events go to the default one unless they are addressed."""

    def __init__(self, default: _Entrypoint, named: Mapping[str, _Entrypoint]) -> None:
        self._default = default
        self._named = named

    def handle(self, event: Event) -> Coroutine[Any, Any, object]:
        if not isinstance(event, Addressed):
            return self._default.handle(event)
        if event.entrypoint is None:
            return self._default.handle(event.event, event.props)
        entrypoint = self._named.get(event.entrypoint)
        if entrypoint is None:
            raise JsError(f'The Worker has no entrypoint named "{event.entrypoint}".')
        return entrypoint.handle(event.event, event.props)


class _Entrypoint:
    warning: str | None = None
    loopback: Loopback | None = None

    async def handle(self, event: Event, props: object = None) -> object:
        if isinstance(event, FunctionCall):
            return await answer(event)
        context = ExecutionContext(self.loopback, props)
        EXECUTION.set(context)
        result: Any = None
        try:
            if isinstance(event, Fetch):
                result = handed_over(event.request, await self.fetch(event.request, context))
            elif isinstance(event, RpcCall):
                result = await self.call(event.method, event.arguments, context)
            elif isinstance(event, Scheduled):
                controller: Any = event.controller
                controller.__execution__ = context
                await self.scheduled(controller, context)
            else:
                raise JsException("TypeError", "A Worker has no alarms.")
        finally:
            # A body that is still to be made goes on in this execution.
            context.is_answered = not _is_unfinished(result)
        return result

    async def fetch(self, request: Any, context: ExecutionContext) -> object:
        raise NotImplementedError

    async def call(
        self, method: str, _arguments: tuple[object, ...], _context: ExecutionContext
    ) -> object:
        raise _no_method(method)

    async def scheduled(self, _controller: ScheduledController, _context: ExecutionContext) -> None:
        raise _no_scheduled()


def _is_unfinished(result: Any) -> bool:
    if not isinstance(result, Response):
        return False
    return isinstance(result.content, ReadableStream) or result.webSocket is not jsnull


class _ClassEntrypoint(_Entrypoint):
    """A class that extends `WorkerEntrypoint`: a new instance for each request or call."""

    def __init__(self, sdk: ModuleType, cls: type, env: JsProxy, wrapped_env: object) -> None:
        self._sdk = sdk
        self._cls: Callable[..., Any] = cls
        self._env = env
        self._wrapped_env = wrapped_env
        self._name = f"{cls.__name__}.fetch"
        function = getattr(cls, "fetch", None)
        self._taken = 0 if function is None else _positional(function) - 1

    async def fetch(self, request: Any, context: ExecutionContext) -> object:
        instance = self._cls(context, self._env)
        function = getattr(instance, "fetch", None)
        if function is None:
            raise _no_fetch()
        arguments = (self._sdk.Request(request), self._wrapped_env, context)[: self._taken]
        return _response(await _result(function(*arguments)), self._name)

    async def call(
        self, method: str, arguments: tuple[object, ...], context: ExecutionContext
    ) -> object:
        return await _called(self._sdk, self._cls(context, self._env), method, arguments)

    async def scheduled(self, controller: ScheduledController, context: ExecutionContext) -> None:
        function = getattr(self._cls(context, self._env), "scheduled", None)
        if function is None:
            raise _no_scheduled()
        # All three, whatever it takes: surplus ones are dropped for `fetch` alone.
        await _result(function(controller, self._wrapped_env, context))


class _FunctionEntrypoint(_Entrypoint):
    """A function of one to three parameters, as Python Workers had them before classes."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        convert: Callable[[Any], object],
        env: object,
        scheduled: Callable[..., Any] | None = None,
    ) -> None:
        self._function = function
        self._name = name
        self._convert = convert
        self._env = env
        self._taken = _positional(function)
        self._scheduled = scheduled
        self.warning = (
            f"the default handler is {name}; Cloudflare deploys it no more with a compatibility"
            " date of 2025-08-14 or later: write `class Default(WorkerEntrypoint)` with a `fetch`"
        )

    async def fetch(self, request: Any, context: ExecutionContext) -> object:
        arguments = (self._convert(request), self._env, context)[: self._taken]
        return _response(await _result(self._function(*arguments)), self._name)

    async def scheduled(self, controller: ScheduledController, context: ExecutionContext) -> None:
        await _call_scheduled(self._scheduled, controller, self._env, context)


class _NoEntrypoint(_Entrypoint):
    """A module without a handler for requests: its objects may still be used by others."""

    def __init__(self, scheduled: Callable[..., Any] | None, env: object) -> None:
        self._scheduled = scheduled
        self._env = env

    async def scheduled(self, controller: ScheduledController, context: ExecutionContext) -> None:
        await _call_scheduled(self._scheduled, controller, self._env, context)

    async def fetch(self, request: Any, context: ExecutionContext) -> object:
        del request, context
        raise _no_fetch()


async def _call_scheduled(function: Callable[..., Any] | None, *arguments: object) -> None:
    if function is None:
        raise _no_scheduled()
    await _result(function(*arguments[: _positional(function)]))


def _no_fetch() -> JsException:
    return JsException("Error", "Handler does not export a fetch() function.")


def _no_scheduled() -> JsException:
    return JsException("Error", "Handler does not export a scheduled() function.")


def _no_method(method: str) -> JsException:
    return JsException("TypeError", f"Method {method} does not exist")


# -- objects


def _object_factory(
    sdk: ModuleType, cls: type[Any], env: JsProxy, flags: Flags, loopback: Loopback
) -> Callable[[Actor], _ObjectHandler]:
    prefix = "" if flags.python_no_global_handlers else "on_"
    taken: dict[str, int] = {}
    for name in ("fetch", *_SOCKET_HANDLERS):
        function = getattr(cls, f"{prefix}{name}", getattr(cls, name, None))
        taken[name] = 0 if function is None else _positional(function) - 1

    def construct(actor: Actor) -> _ObjectHandler:
        return _ObjectHandler(
            sdk, cls(DurableObjectState(actor, flags, loopback), env), prefix, taken
        )

    return construct


class _ObjectHandler:
    """An instance of a user's class, as events reach it.

    `prefix` stands before the names of its handlers where the date is one of global handlers:
    `on_fetch`, `on_alarm`.  `taken` says how many arguments each takes.
    """

    __slots__ = ("_instance", "_prefix", "_sdk", "_taken")

    def __init__(
        self, sdk: ModuleType, instance: Any, prefix: str, taken: Mapping[str, int]
    ) -> None:
        self._sdk = sdk
        self._instance = instance
        self._prefix = prefix
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
                return _called(self._sdk, self._instance, method, arguments)
            case FunctionCall():
                return answer(event)
            case AlarmFired(scheduled_ms, retries):
                return self._alarm(scheduled_ms, retries)
            case Addressed():
                raise AssertionError("an object has no entrypoints")
            case Scheduled():
                raise _no_scheduled()

    async def _hear(self, name: str, *arguments: object) -> None:
        function = self._handler(name)
        if not callable(function):
            raise _no_method(name)
        result = function(*arguments[: self._taken[name] or _positional(function)])
        if type(result) is CoroutineType or inspect.isawaitable(result):
            await result

    async def _alarm(self, scheduled_ms: int, retries: int) -> None:
        function = self._handler("alarm")
        if not callable(function):
            raise _no_method("alarm")
        info = JsObject(
            {"retryCount": retries, "isRetry": retries > 0, "scheduledTime": scheduled_ms}
        )
        await _result(function(*(info,)[: _positional(function)]))

    async def _fetch(self, request: Any) -> object:
        instance = self._instance
        function = self._handler("fetch")
        if function is None:
            raise _no_fetch()
        arguments: tuple[object, ...] = (self._sdk.Request(request),)
        taken = self._taken["fetch"]
        if taken != 1:
            more = (getattr(instance, "env", None), getattr(instance, "ctx", None))
            arguments = (*arguments, *more)[:taken]
        name = f"{type(instance).__name__}.fetch"
        return handed_over(request, _response(await _result(function(*arguments)), name))


def _is_of_the_runtime(name: str, value: object) -> bool:
    """Whether an attribute is no data of the user's, but a binding or a handle."""
    if name in _OWN or name.startswith("__"):
        return True
    if isinstance(value, JsProxy):
        return type(value).__module__ not in _DATA
    return type(value).__module__.partition(".")[0] in {"workers", "asyncio", "_asyncio"}


# -- what both share


async def _called(
    sdk: ModuleType, instance: Any, method: str, arguments: tuple[object, ...]
) -> object:
    """Call a method for a caller elsewhere; any name that the instance has will do."""
    if method in _RESERVED:
        raise JsException(
            "TypeError", f"'{method}' is a reserved method and cannot be called over RPC."
        )
    if method in _OWN:
        raise JsException(
            "TypeError", f'The RPC receiver does not implement the method "{method}".'
        )
    function = getattr(instance, method, None)
    if not callable(function):
        raise _no_method(method)
    result = await _result(function(*[sdk.python_from_rpc(each) for each in arguments]))
    return sent(sdk.python_to_rpc(result))


async def _result(value: Any) -> Any:
    if type(value) is CoroutineType or inspect.isawaitable(value):
        return await value
    return value


def _response(value: Any, where: str) -> object:
    """Give the JS response in what a handler has returned.

    Raises:
        JsException: it has returned something else.

    """
    response = getattr(value, "js_object", None) or getattr(value, "js_response", None) or value
    constructor = getattr(response, "constructor", None)
    if constructor is not None and constructor.name == "Response":
        return response
    found = "None" if value is None else f"{type(value).__name__}: {value!r}"
    raise JsException(
        "TypeError",
        "Incorrect type for Promise: the Promise did not resolve to 'Response'."
        f" ({where} returned {found[:200]}; return a workers.Response)",
    )


def _positional(function: Callable[..., object]) -> int:
    """Count the arguments that a handler takes: surplus ones are dropped."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return _ANY_NUMBER
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return _ANY_NUMBER
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)

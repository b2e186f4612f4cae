"""From an entry module to handlers: what it exports, and how each event is brought to it.

Here the SDK meets user code as it does in production: requests go in as `workers.Request`,
arguments through `python_from_rpc`, results out through `python_to_rpc`.  Sources:
src/pyodide/python-entrypoint-helper.ts, src/pyodide/internal/introspection.py.
"""

from __future__ import annotations

import importlib
import inspect
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.js.object import JsObject
from pydo.host.state import DurableObjectState, ExecutionContext
from pydo.runtime.events import AlarmFired, Event, Fetch, RpcCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from pydo.host.flags import Flags
    from pydo.host.js.value import JsProxy
    from pydo.runtime.actor import Actor
    from pydo.runtime.events import Handler

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


class Exports:
    """What an entry module exports: one default handler, and classes of objects by name."""

    def __init__(
        self,
        handler: Handler,
        classes: Mapping[str, Callable[[Actor], Handler]],
        warning: str | None,
    ) -> None:
        self.handler = handler
        self.classes = classes
        self.warning = warning


def exports(module: ModuleType, env: JsProxy, flags: Flags) -> Exports:
    """Find what `module` exports.

    Raises:
        TypeError: it has several default handlers.

    """
    sdk = importlib.import_module("workers")
    visible = _visible(module)
    classes = {
        value.__name__: _object_factory(sdk, value, env, flags)
        for value in visible.values()
        if isinstance(value, type)
        and issubclass(value, sdk.DurableObject)
        and value is not sdk.DurableObject
    }
    defaults = [
        value
        for value in visible.values()
        if isinstance(value, type)
        and issubclass(value, sdk.WorkerEntrypoint)
        and value.__name__ == "Default"
    ]
    on_fetch, plain = visible.get("on_fetch"), visible.get("default")
    has_plain = plain is not None and callable(getattr(plain, "fetch", None))
    if len(defaults) + callable(on_fetch) + has_plain > 1:
        raise TypeError("Cannot define multiple default entrypoints")
    wrapped_env = importlib.import_module("workers.rpc")._EnvWrapper(env)  # noqa: SLF001 - the SDK's own way to wrap it
    if defaults:
        entry: Any = _ClassEntrypoint(sdk, defaults[0], env, wrapped_env)
    elif callable(on_fetch):
        entry = _FunctionEntrypoint(on_fetch, "on_fetch", lambda request: request, env)
    elif has_plain:
        fetch = getattr(plain, "fetch")  # noqa: B009 - it is whatever the user has put there
        entry = _FunctionEntrypoint(fetch, "default.fetch", sdk.Request, wrapped_env)
    else:
        entry = _NoEntrypoint()
    return Exports(entry, classes, entry.warning)


def _visible(module: ModuleType) -> dict[str, Any]:
    names = getattr(module, "__all__", None)
    if names is None:
        names = [name for name in vars(module) if not name.startswith("_")]
    return {name: getattr(module, name) for name in names if hasattr(module, name)}


# -- default handlers


class _Entrypoint:
    warning: str | None = None

    def __init__(self) -> None:
        self.context = ExecutionContext()

    async def handle(self, event: Event) -> object:
        if not isinstance(event, Fetch):
            raise JsException("TypeError", "The entrypoint takes nothing but requests from here.")
        return await self.fetch(event.request)

    async def fetch(self, request: Any) -> object:
        raise NotImplementedError


class _ClassEntrypoint(_Entrypoint):
    """`class Default(WorkerEntrypoint)`: a new instance for each request."""

    def __init__(self, sdk: ModuleType, cls: type, env: JsProxy, wrapped_env: object) -> None:
        super().__init__()
        self._request = sdk.Request
        self._cls: Callable[..., Any] = cls
        self._env = env
        self._wrapped_env = wrapped_env
        self._name = f"{cls.__name__}.fetch"
        function = getattr(cls, "fetch", None)
        self._taken = 0 if function is None else _positional(function) - 1

    async def fetch(self, request: Any) -> object:
        instance = self._cls(self.context, self._env)
        function = getattr(instance, "fetch", None)
        if function is None:
            raise _NO_FETCH
        arguments = (self._request(request), self._wrapped_env, self.context)[: self._taken]
        return _response(await _result(function(*arguments)), self._name)


class _FunctionEntrypoint(_Entrypoint):
    """A function of one to three parameters, as Python Workers had them before classes."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        convert: Callable[[Any], object],
        env: object,
    ) -> None:
        super().__init__()
        self._function = function
        self._name = name
        self._convert = convert
        self._env = env
        self._taken = _positional(function)
        self.warning = (
            f"the default handler is {name}; Cloudflare deploys it no more with a compatibility"
            " date of 2025-08-14 or later: write `class Default(WorkerEntrypoint)` with a `fetch`"
        )

    async def fetch(self, request: Any) -> object:
        arguments = (self._convert(request), self._env, self.context)[: self._taken]
        return _response(await _result(self._function(*arguments)), self._name)


class _NoEntrypoint(_Entrypoint):
    """A module without a default handler: its objects may still be used by others."""

    async def fetch(self, request: Any) -> object:
        raise _NO_FETCH


_NO_FETCH = JsException("TypeError", "Handler does not export a fetch() function.")


# -- objects


def _object_factory(
    sdk: ModuleType, cls: type[Any], env: JsProxy, flags: Flags
) -> Callable[[Actor], _ObjectHandler]:
    fetch = getattr(cls, "fetch", None)
    taken = 0 if fetch is None else _positional(fetch) - 1
    return lambda actor: _ObjectHandler(sdk, cls(DurableObjectState(actor, flags), env), taken)


class _ObjectHandler:
    """An instance of a user's class, as events reach it."""

    __slots__ = ("_fetch_taken", "_instance", "_sdk")

    def __init__(self, sdk: ModuleType, instance: Any, fetch_taken: int) -> None:
        self._sdk = sdk
        self._instance = instance
        self._fetch_taken = fetch_taken

    async def handle(self, event: Event) -> object:
        match event:
            case Fetch(request):
                return await self._fetch(request)
            case RpcCall(method, arguments):
                return await self._call(method, arguments)
            case AlarmFired(scheduled_ms, retries):
                await self._alarm(scheduled_ms, retries)
                return None

    async def _alarm(self, scheduled_ms: int, retries: int) -> None:
        function = getattr(self._instance, "alarm", None)
        if not callable(function):
            raise JsException("TypeError", "Method alarm does not exist")
        info = JsObject(
            {"retryCount": retries, "isRetry": retries > 0, "scheduledTime": scheduled_ms}
        )
        await _result(function(*(info,)[: _positional(function)]))

    async def _fetch(self, request: Any) -> object:
        instance = self._instance
        function = getattr(instance, "fetch", None)
        if function is None:
            raise JsException("TypeError", "Handler does not export a fetch() function.")
        arguments: tuple[object, ...] = (self._sdk.Request(request),)
        if self._fetch_taken != 1:
            more = (getattr(instance, "env", None), getattr(instance, "ctx", None))
            arguments = (*arguments, *more)[: self._fetch_taken]
        name = f"{type(instance).__name__}.fetch"
        return _response(await _result(function(*arguments)), name)

    async def _call(self, method: str, arguments: tuple[object, ...]) -> object:
        if method in _RESERVED:
            raise JsException(
                "TypeError", f"'{method}' is a reserved method and cannot be called over RPC."
            )
        function = getattr(self._instance, method, None)
        if method in ("ctx", "env"):
            raise JsException(
                "TypeError", f'The RPC receiver does not implement the method "{method}".'
            )
        if not callable(function):
            raise JsException("TypeError", f"Method {method} does not exist")
        sdk = self._sdk
        result = function(*[sdk.python_from_rpc(each) for each in arguments])
        return sdk.python_to_rpc(await _result(result))


# -- what both share


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
        return 3
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 4
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)

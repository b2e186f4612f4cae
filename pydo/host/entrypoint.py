"""A Worker's own handlers: each event runs in an execution of its own, mostly in a new instance.

Sources: src/pyodide/python-entrypoint-helper.ts, src/pyodide/internal/introspection.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
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
from pydo.host.execution import ExecutionContext
from pydo.host.js.asker import answers, arrived
from pydo.host.js.error import JsError
from pydo.host.js.response import Response
from pydo.host.js.stream import ReadableStream
from pydo.host.js.upgrade import handed_over
from pydo.host.js.value import jsnull
from pydo.runtime.events import Addressed, Event, Fetch, FunctionCall, RpcCall, Scheduled
from pydo.runtime.scope import EXECUTION

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from types import ModuleType

    from pydo.host.js.value import JsProxy
    from pydo.host.loopback import Loopback
    from pydo.host.scheduled import ScheduledController

__all__ = ["ClassEntrypoint", "Entrypoint", "Entrypoints", "FunctionEntrypoint", "NoEntrypoint"]


class Entrypoints:
    """All of a Worker's entrypoints: events go to the default one unless they are addressed."""

    def __init__(self, default: Entrypoint, named: Mapping[str, Entrypoint]) -> None:
        self._default = default
        self._named = named

    def handle(self, event: Event) -> Coroutine[Any, Any, object]:
        """Handle an event.

        Raises:
            JsException: there is no entrypoint of the name that it is addressed to.

        """
        if not isinstance(event, Addressed):
            return self._default.handle(event)
        if event.entrypoint is None:
            return self._default.handle(event.event, event.props)
        entrypoint = self._named.get(event.entrypoint)
        if entrypoint is None:
            raise JsError(f'The Worker has no entrypoint named "{event.entrypoint}".')
        return entrypoint.handle(event.event, event.props)


class Entrypoint:
    """One of them, which has nothing: what kinds of it have, they do."""

    warning: str | None = None
    loopback: Loopback | None = None
    gives_signals = False  # whether a request has one: the flag `enable_request_signal`

    async def handle(self, event: Event, props: object = None) -> object:
        """Handle an event in an execution of its own; `props` are its `ctx.props`."""
        if isinstance(event, FunctionCall):
            return await answer(event)
        context = ExecutionContext(self.loopback, props)
        EXECUTION.set(context)
        result: Any = None
        try:
            if isinstance(event, Fetch):
                request: Any = event.request
                arrived(request, has_signal=self.gives_signals)
                response = await self.fetch(request, context)
                result = answers(request, handed_over(request, response))
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
            if context.received is not None:
                context.give_up_the_rest()
        return result

    async def fetch(self, _request: Any, _context: ExecutionContext) -> object:
        """Answer a request."""
        raise no_fetch()

    async def call(
        self, method: str, _arguments: tuple[object, ...], _context: ExecutionContext
    ) -> object:
        """Answer a call."""
        raise no_method(method)

    async def scheduled(self, _controller: ScheduledController, _context: ExecutionContext) -> None:
        """Do what a cron trigger is for."""
        raise no_scheduled()


def _is_unfinished(result: Any) -> bool:
    if not isinstance(result, Response):
        return False
    return isinstance(result.content, ReadableStream) or result.webSocket is not jsnull


class ClassEntrypoint(Entrypoint):
    """A class that extends `WorkerEntrypoint`: a new instance for each request or call."""

    def __init__(self, sdk: ModuleType, cls: type, env: JsProxy, wrapped_env: object) -> None:
        self._sdk = sdk
        self._cls: Callable[..., Any] = cls
        self._env = env
        self._wrapped_env = wrapped_env
        self._name = f"{cls.__name__}.fetch"
        function = getattr(cls, "fetch", None)
        self._taken = 0 if function is None else positional(function) - 1

    async def fetch(self, request: Any, context: ExecutionContext) -> object:
        """Answer a request."""
        instance = self._cls(context, self._env)
        function = getattr(instance, "fetch", None)
        if function is None:
            raise no_fetch()
        arguments = (self._sdk.Request(request), self._wrapped_env, context)[: self._taken]
        result = function(*arguments)
        return response_in(await result if is_awaited(result) else result, self._name)

    async def call(
        self, method: str, arguments: tuple[object, ...], context: ExecutionContext
    ) -> object:
        """Answer a call."""
        return await called(self._sdk, self._cls(context, self._env), method, arguments)

    async def scheduled(self, controller: ScheduledController, context: ExecutionContext) -> None:
        """Do what a cron trigger is for."""
        function = getattr(self._cls(context, self._env), "scheduled", None)
        if function is None:
            raise no_scheduled()
        # All three, whatever it takes: surplus ones are dropped for `fetch` alone.
        await result_of(function(controller, self._wrapped_env, context))


class FunctionEntrypoint(Entrypoint):
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
        self._taken = positional(function)
        self._scheduled = scheduled
        self.warning = (
            f"the default handler is {name}; Cloudflare deploys it no more with a compatibility"
            " date of 2025-08-14 or later: write `class Default(WorkerEntrypoint)` with a `fetch`"
        )

    async def fetch(self, request: Any, context: ExecutionContext) -> object:
        """Answer a request."""
        arguments = (self._convert(request), self._env, context)[: self._taken]
        result = self._function(*arguments)
        return response_in(await result if is_awaited(result) else result, self._name)

    async def scheduled(self, controller: ScheduledController, context: ExecutionContext) -> None:
        """Do what a cron trigger is for."""
        await _call_scheduled(self._scheduled, controller, self._env, context)


class NoEntrypoint(Entrypoint):
    """A module without a handler for requests: its objects may still be used by others."""

    def __init__(self, scheduled: Callable[..., Any] | None, env: object) -> None:
        self._scheduled = scheduled
        self._env = env

    async def scheduled(self, controller: ScheduledController, context: ExecutionContext) -> None:
        """Do what a cron trigger is for."""
        await _call_scheduled(self._scheduled, controller, self._env, context)


async def _call_scheduled(function: Callable[..., Any] | None, *arguments: object) -> None:
    if function is None:
        raise no_scheduled()
    await result_of(function(*arguments[: positional(function)]))

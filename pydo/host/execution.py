"""`ExecutionContext`: one request of a Worker's, from its handler to the last thing it waits for.

Source: src/workerd/api/global-scope.h (`ExecutionContext`).
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

from pydo.host.doubleproxy import JsDoubleProxy
from pydo.host.js.error import JsError
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.object import JsObject
from pydo.host.scope import GLOBAL_SCOPE
from pydo.runtime.scope import EXECUTION, SCOPE

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from pydo.host.js.stream import ReadableStream
    from pydo.host.loopback import Loopback

__all__ = ["ExecutionContext", "done", "received", "wait_until"]


class ExecutionContext(RuntimeObject):
    """What a handler of the Worker may ask for beside its request."""

    __slots__ = (
        "_has_failed",
        "_loopback",
        "_props",
        "_rest",
        "_waiting",
        "is_answered",
        "received",
    )

    def __init__(self, loopback: Loopback | None = None, props: object = None) -> None:
        self._loopback = loopback
        self._props = props
        self.is_answered = False
        self._waiting = 0
        self._has_failed = False
        self._rest: asyncio.Future[None] | None = None
        self.received: list[ReadableStream] | None = None  # bodies that have come

    @property
    def is_over(self) -> bool:
        """Whether the request is answered and nothing is waited for: its functions are gone."""
        return self.is_answered and not self._waiting

    @property
    def props(self) -> object:
        """What the entrypoint was given by whoever has bound it; an empty object by default."""
        if self._props is None:
            self._props = JsObject({})
        return self._props

    @property
    def exports(self) -> JsObject:
        """What the Worker exports, for its own code."""
        scope = SCOPE.get()
        if self._loopback is None or scope is None:
            raise AttributeError("exports")
        return self._loopback.exports(scope.turns.owner.worker)

    def waitUntil(self, value: object = None) -> None:
        """Keep the Worker at work until `value` is done."""
        self._waiting += 1
        _keep(self._wait(value))

    async def _wait(self, value: object) -> None:
        try:
            await done(value)
        except BaseException:
            self._has_failed = True
            raise
        finally:
            self._waiting -= 1
            self.give_up_the_rest()
            if not self._waiting and self._rest is not None and not self._rest.done():
                self._rest.set_result(None)

    def receive(self, body: ReadableStream) -> None:
        """Note a body that has come from elsewhere."""
        if self.received is None:
            self.received = []
        self.received.append(body)

    def give_up_the_rest(self) -> None:
        """Let whoever makes a body know that nobody will read it: when the execution is over."""
        if self.received is not None and self.is_over:
            received, self.received = self.received, None
            for body in received:
                if body.outcome is None and body.locked_by is not body:
                    _keep(body.give_up())

    async def rest(self) -> bool:
        """Wait, outside the execution, for all that `waitUntil` was given; whether it went well."""
        if self._waiting:
            if self._rest is None or self._rest.done():
                self._rest = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._rest)
        return not self._has_failed

    def passThroughOnException(self) -> None:
        """Accepted; there is no origin to pass through to."""


async def done(value: object) -> None:
    """Wait for what `waitUntil` was given: a promise, a coroutine or a proxy of one."""
    if isinstance(value, JsDoubleProxy):
        value = value.unwrap()
    if inspect.isawaitable(value):
        await value


def wait_until(value: object = None) -> None:
    """Keep whoever is running awake until `value` is done.

    Raises:
        JsException: nobody is, as at the top level of a module.

    """
    execution = EXECUTION.get()
    if isinstance(execution, ExecutionContext):
        execution.waitUntil(value)
    else:
        _keep(done(value))


def received(body: ReadableStream) -> None:
    """Note a body that has come from elsewhere: with the request that runs, its rest is given up.

    An object's requests share one execution, which goes on.
    """
    execution = EXECUTION.get()
    if isinstance(execution, ExecutionContext):
        execution.receive(body)


def _keep(awaitable: Awaitable[object]) -> None:
    scope = SCOPE.get()
    if scope is None:
        raise JsError(GLOBAL_SCOPE)
    scope.turns.owner.wait_until(awaitable)

"""`ExecutionContext`: one request of a Worker's, from its handler to the last thing it waits for.

Source: src/workerd/api/global-scope.h (`ExecutionContext`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.errors import JsException
from pydo.host.capability import EXECUTION
from pydo.host.js.object import JsObject
from pydo.host.js.value import JsProxy
from pydo.runtime.turn import SCOPE

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["ExecutionContext", "wait_until"]


class ExecutionContext(JsProxy):
    """What a handler of the Worker may ask for beside its request."""

    __slots__ = ("_waiting", "is_answered", "props")

    def __init__(self) -> None:
        self.props = JsObject({})
        self.is_answered = False
        self._waiting = 0

    @property
    def is_over(self) -> bool:
        """Whether the request is answered and nothing is waited for: its functions are gone."""
        return self.is_answered and not self._waiting

    def waitUntil(self, awaitable: Awaitable[object]) -> None:
        """Keep the Worker at work until `awaitable` is done."""
        self._waiting += 1
        _keep(self._wait(awaitable))

    async def _wait(self, awaitable: Awaitable[object]) -> None:
        try:
            await awaitable
        finally:
            self._waiting -= 1

    def passThroughOnException(self) -> None:
        """Accepted; there is no origin to pass through to."""


def wait_until(awaitable: Awaitable[object]) -> None:
    """Keep whoever is running awake until `awaitable` is done.

    Raises:
        JsException: nobody is, as at the top level of a module.

    """
    execution = EXECUTION.get()
    if isinstance(execution, ExecutionContext):
        execution.waitUntil(awaitable)
    else:
        _keep(awaitable)


def _keep(awaitable: Awaitable[object]) -> None:
    scope = SCOPE.get()
    if scope is None:
        raise JsException("Error", "Disallowed operation called within global scope.")
    scope.turns.owner.wait_until(awaitable)

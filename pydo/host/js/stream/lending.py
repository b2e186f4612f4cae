"""Code of one owner that another one reads from or writes to.

A stream's callbacks run in the turns of whoever made it, whoever reads it: the server that sends a
response, or another object.  What they give to somebody else leaves through the owner's output
gate, and while somebody else is at it the owner stays awake.
"""

from __future__ import annotations

import asyncio
import inspect
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.runtime.failure import travelling
from pydo.runtime.scope import SCOPE
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.turn import Turns

__all__ = ["Loan", "OwnerGone"]


class OwnerGone(JsException):
    """What whoever uses a stream hears when its owner was reset, which is told of by itself."""

    __module__ = JsException.__module__  # a Worker sees no class of ours
    __qualname__ = JsException.__qualname__

    def __init__(self) -> None:
        super().__init__("Error", "The execution context responding to this call was canceled.")


class Loan:
    """Where a stream was made; `on_owner_gone` is called when a reset ends that owner."""

    __slots__ = ("_context", "_is_lent", "_on_owner_gone", "turns")

    def __init__(self, on_owner_gone: Callable[[JsException], object]) -> None:
        scope = SCOPE.get()
        self.turns: Turns | None = None if scope is None else scope.turns
        self._context = copy_context()
        self._on_owner_gone = on_owner_gone
        self._is_lent = False

    def run(self, function: Callable[..., Any], *arguments: object) -> None:
        """Run code of the owner's in a turn of the owner's; what it waits for is waited for."""
        loop = asyncio.get_running_loop()
        context = self._context.copy()
        loop.call_soon(_start, loop, function, arguments, context=context)

    @property
    def is_elsewhere(self) -> bool:
        """Whether what runs is somebody else, another owner or the server."""
        scope = SCOPE.get()
        return self.turns is not None and (scope is None or scope.turns is not self.turns)

    def crossing(self, error: BaseException) -> BaseException:
        """Give the error that whoever uses the stream sees: the code of another owner, a copy."""
        turns = self.turns
        if turns is None or SCOPE.get() is None or not self.is_elsewhere:
            return error
        if isinstance(error, OwnerGone):
            return error
        return travelling(error, turns.owner.worker.errors, remote=True)

    def used(self) -> bool:
        """Note who uses the stream; whether it is somebody else."""
        turns = self.turns
        if turns is None or not self.is_elsewhere:
            return False
        if not self._is_lent and not turns.is_dead:
            self._is_lent = True
            turns.lent.add(self)
        return True

    def give(self, output: Callable[[], object], *, outside: bool) -> None:
        """Let something reach who uses the stream: through the output gate, if outside."""
        turns = self.turns
        if outside and turns is not None and turns.is_running and not turns.is_dead:
            turns.output.hold(output)
        else:
            output()

    def returned(self) -> None:
        """Nobody uses the stream any more."""
        if self._is_lent:
            self._is_lent = False
            assert self.turns is not None, "it was lent by an owner"
            self.turns.lent.discard(self)
            self.turns.wake()

    def owner_gone(self) -> None:
        """The owner was reset: whoever waits for its stream waits in vain."""
        self._is_lent = False
        self._on_owner_gone(OwnerGone())


def _start(
    loop: asyncio.AbstractEventLoop, function: Callable[..., Any], arguments: tuple[object, ...]
) -> None:
    result = pinned(function, *arguments)
    if inspect.isawaitable(result):
        loop.create_task(_wait(result))


async def _wait(awaitable: Any) -> None:
    await awaitable

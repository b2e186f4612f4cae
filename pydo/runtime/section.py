"""What an object runs with everything else of it kept out: a body in a critical section.

Of a body that fails nobody is told but by the reset of the object; one whose work can be taken back
says so by its error, and the object goes on.  Source: src/workerd/api/actor-state.c++.
"""

from __future__ import annotations

import asyncio
import inspect
from contextvars import copy_context
from typing import TYPE_CHECKING

from pydo.errors import JsException
from pydo.runtime.failure import exit_error
from pydo.runtime.scope import SCOPE, Scope
from pydo.runtime.turn import Callback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydo.runtime.actor import Actor
    from pydo.runtime.gates import CriticalSection

__all__ = ["TakenBackError", "in_section", "outcome"]


class TakenBackError(Exception):
    """The body raised `error`, and what it did is undone: it is for the one who waits for it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def in_section(actor: Actor, body: Callable[[], Awaitable[object]]) -> asyncio.Future[object]:
    """Run `body` in a section of the running code's; the future gets its result.

    If it raises anything but `TakenBackError`, or takes longer than the limit, the object is reset
    and the future never settles.
    """
    turns = actor.turns
    future: asyncio.Future[object] = turns.loop.create_future()
    context, outer = copy_context(), SCOPE.get()
    assert outer is not None, "user code runs in a scope"

    def begin(section: CriticalSection) -> None:
        context.run(SCOPE.set, Scope(turns, section, outer.generation))
        start = Callback(
            lambda: turns.loop.create_task(_run(actor, section, body, future), context=context),
            (),
            context,
        )
        turns.arrive(start, section)

    turns.open_section(begin)
    return future


async def outcome(result: object) -> object:
    """Give what a callback gave, or what that gives when it is awaited."""
    return await result if inspect.isawaitable(result) else result


async def _run(
    actor: Actor,
    section: CriticalSection,
    body: Callable[[], Awaitable[object]],
    future: asyncio.Future[object],
) -> None:
    limit = actor.turns.loop.clock.call_later(
        actor.container.settings.block_s, lambda: actor.break_with(_took_too_long())
    )
    try:
        result = await body()
    except TakenBackError as failed:
        _leave(actor, section)
        _fail(future, failed.error)
    except (SystemExit, KeyboardInterrupt) as error:
        actor.break_with(exit_error(error))
    except BaseException as error:  # noqa: BLE001 - a failed section resets the object
        actor.break_with(error)
    else:
        _leave(actor, section)
        if not future.done():
            future.set_result(result)
    finally:
        limit.cancel()


def _leave(actor: Actor, section: CriticalSection) -> None:
    if actor.broken is None:
        actor.turns.end_section(section)


def _fail(future: asyncio.Future[object], error: BaseException) -> None:
    if isinstance(error, asyncio.CancelledError):
        future.cancel()
    elif not future.done():
        future.set_exception(error)


def _took_too_long() -> JsException:
    return JsException(
        "Error",
        "A call to blockConcurrencyWhile() in a Durable Object waited for too long. "
        "The call was canceled and the Durable Object was reset.",
        overloaded=True,
    )

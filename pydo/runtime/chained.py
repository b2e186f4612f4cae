"""Futures and tasks with the methods of a promise, which Pyodide's event loop gives them.

What they give back ends as the handler does, which may be a coroutine function.
Source: pyodide/pyodide src/py/pyodide/webloop.py.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    _Base = asyncio.Future[Any]
else:
    _Base = object

__all__ = ["ChainedFuture", "ChainedTask"]


class _Chained(_Base):
    __slots__ = ()

    def then(
        self, onfulfilled: Callable[[Any], Any] | None, onrejected: Any = None
    ) -> ChainedFuture:
        """Give a future of what the handler makes of the result or of the error."""

        async def react(ended: asyncio.Future[Any]) -> Any:
            error = ended.exception()
            handler = onfulfilled if error is None else onrejected
            if handler is None:
                return ended.result()
            return await _waited(handler(ended.result() if error is None else error))

        return _after(self, react)

    def catch(self, onrejected: Callable[[Any], Any]) -> ChainedFuture:
        """Give a future of what the handler makes of the error."""
        return self.then(None, onrejected)

    def finally_(self, onfinally: Callable[[], Any]) -> ChainedFuture:
        """Give a future of the same end, after the handler was called."""

        async def react(ended: asyncio.Future[Any]) -> Any:
            await _waited(onfinally())
            return ended.result()

        return _after(self, react)


class ChainedFuture(_Chained, asyncio.Future[Any]):
    """A future with the methods of a promise."""

    __slots__ = ()


class ChainedTask(_Chained, asyncio.Task[Any]):
    """A task with the methods of a promise."""

    __slots__ = ()


def _after(
    future: asyncio.Future[Any], react: Callable[[Any], Coroutine[Any, Any, Any]]
) -> ChainedFuture:
    result = ChainedFuture(loop=future.get_loop())

    async def settle(ended: asyncio.Future[Any]) -> None:
        try:
            value = await react(ended)
        except asyncio.CancelledError:
            result.cancel()
        except Exception as error:  # noqa: BLE001 - it is the result's
            if not result.done():
                result.set_exception(error)
        else:
            if not result.done():
                result.set_result(value)

    future.add_done_callback(lambda ended: future.get_loop().create_task(settle(ended)))
    return result


async def _waited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value

"""Streams of what a user's iterable gives: `ReadableStream.from`, and iterables as bodies.

The iterable is run as the callbacks of any other source are: in the turns of whoever made the
stream.  Source: src/workerd/api/streams/readable.c++ (`ReadableStream::from`).
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from pydo.host.doubleproxy import JsDoubleProxy
from pydo.host.js.error import JsTypeError
from pydo.host.js.value import iterated

if TYPE_CHECKING:
    from pydo.host.js.stream.controller import ReadableStreamDefaultController

__all__ = ["Iteration"]


class Iteration:
    """A source for a controller; what is cancelled while it is run ends when it gives a chunk."""

    __slots__ = ("_iterator", "_lock")

    def __init__(self, iterable: Any) -> None:
        given = iterable.unwrap() if isinstance(iterable, JsDoubleProxy) else iterable
        if hasattr(given, "__aiter__"):
            self._iterator: Any = aiter(given)
        elif hasattr(given, "__iter__"):
            self._iterator = iter(iterated(given))
        else:
            raise JsTypeError(
                "Failed to execute 'from' on 'ReadableStream': parameter 1 is not of type"
                " 'AsyncGenerator'."
            )
        self._lock = asyncio.Lock()

    async def pull(self, controller: ReadableStreamDefaultController) -> None:
        """Put the next chunk into the queue."""
        async with self._lock:
            try:
                if hasattr(self._iterator, "__anext__"):
                    chunk = await anext(self._iterator)
                else:
                    chunk = next(self._iterator)
                    if inspect.isawaitable(chunk):
                        chunk = await chunk
            except (StopAsyncIteration, StopIteration):
                if controller.is_open:
                    controller.close()
                return
        if controller.is_open:  # nobody may want it by now
            controller.enqueue(chunk)

    async def cancel(self, _: object) -> None:
        """Close the iterator, if that is something it knows."""
        async with self._lock:
            close = getattr(self._iterator, "aclose", None) or getattr(
                self._iterator, "close", None
            )
            if close is not None:
                closing = close()
                if inspect.isawaitable(closing):
                    await closing

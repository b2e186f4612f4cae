"""Where chunks come from when no code of the user's makes them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from pydo.host.js.stream.controller import END

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydo.runtime.loop import ObjectLoop

__all__ = ["Leftover", "Outside", "Source", "Spent"]


class Source(Protocol):
    """What a `ReadableStream` reads from."""

    async def next(self) -> Any:
        """Give the next chunk, or `END`."""
        ...

    async def cancel(self, reason: Any) -> None:
        """Give up the rest."""
        ...


class Outside:
    """Chunks from outside the Worker: a client's upload, the answer of another server.

    They are read by tasks without an owner, so that nobody's gate holds the connection up; what a
    task has read arrives at whoever asked for it.
    """

    __slots__ = ("_close", "_lock", "_read")

    def __init__(
        self, read: Callable[[], Awaitable[Any]], close: Callable[[], object] | None = None
    ) -> None:
        self._read = read  # gives b"" at the end
        self._close = close
        self._lock = asyncio.Lock()

    async def next(self) -> Any:
        """Give the next chunk, or `END`."""
        async with self._lock:
            loop: ObjectLoop | Any = asyncio.get_running_loop()
            data = await loop.create_unowned_task(self._next())
        return data or END

    async def _next(self) -> Any:
        return await self._read()

    async def cancel(self, reason: Any) -> None:
        """Close the connection, where it is ours to close."""
        del reason
        if self._close is not None:
            self._close()


class Spent:
    """What can be read no more, and says why."""

    __slots__ = ("_why",)

    def __init__(self, why: Exception) -> None:
        self._why = why

    async def next(self) -> Any:
        """Fail.

        Raises:
            Exception: why it can be read no more.

        """
        raise self._why

    async def cancel(self, reason: Any) -> None:
        """Nothing to give up."""


class Leftover:
    """Some bytes, before the rest of a source."""

    __slots__ = ("_data", "rest")
    rest: Source

    def __init__(self, data: bytes, source: Source) -> None:
        self._data = data
        self.rest = source.rest if isinstance(source, Leftover) else source

    async def next(self) -> Any:
        """Give the bytes, and then the next chunk, or `END`."""
        data, self._data = self._data, b""
        return data or await self.rest.next()

    async def cancel(self, reason: Any) -> None:
        """Give up both."""
        self._data = b""
        await self.rest.cancel(reason)

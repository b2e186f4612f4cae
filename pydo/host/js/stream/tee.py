"""Two streams of one source's chunks: what the first has read waits for the second."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from pydo.host.js.buffer import JsBuffer
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.stream.controller import END
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from pydo.host.js.stream.source import Source

__all__ = ["Branch", "branches"]


def branches(source: Source, *, is_bytes: bool) -> tuple[Source, Source]:
    """Give two sources of what `source` gives; it is cancelled when both are.

    Chunks are shared, but for those of bytes.
    """
    shared = _Shared(source, is_bytes=is_bytes)
    return Branch(shared), Branch(shared)


class _Shared:
    def __init__(self, source: Source, *, is_bytes: bool) -> None:
        self.source = source
        self.branches: list[Branch] = []
        self._is_bytes = is_bytes
        self._pending: JsPromise | None = None
        self._error: Exception | None = None
        self._has_ended = False

    async def advance(self) -> None:
        """Let every branch get one more chunk, or the end."""
        if self._error is not None:
            raise self._error
        if self._has_ended:
            return
        if self._pending is None:
            self._pending = JsPromise.of(self._pull())
        await self._pending

    async def _pull(self) -> None:
        try:
            chunk = await self.source.next()
        except Exception as error:
            self._error = error
            raise
        finally:
            self._pending = None
        self._has_ended = chunk is END
        for branch in self.branches:
            branch.waiting.append(chunk)
            if self._is_bytes and isinstance(chunk, JsBuffer):
                chunk = Uint8Array.new(bytearray(chunk.view()))


class Branch:
    """One of the two sources."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self.waiting: deque[Any] = deque()
        shared.branches.append(self)

    async def next(self) -> Any:
        """Give the next chunk, or `END`."""
        while not self.waiting:
            await self._shared.advance()
            if not self.waiting and self not in self._shared.branches:
                return END
        if self.waiting[0] is END:
            return END
        return self.waiting.popleft()

    async def cancel(self, reason: Any) -> None:
        """Give up the rest, which the other one still gets."""
        shared = self._shared
        if self in shared.branches:
            shared.branches.remove(self)
            self.waiting.clear()
            self.waiting.append(END)
            if not shared.branches:
                await shared.source.cancel(reason)

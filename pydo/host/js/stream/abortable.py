"""The body of an answer to a `fetch` whose signal may abort while it is read.

Source: src/workerd/api/http.c++ (`handleHttpResponse`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydo.host.js.abort import AbortSignal, thrown
from pydo.host.js.stream.controller import END, ReadableStreamDefaultController
from pydo.host.js.stream.readable import ReadableStream

if TYPE_CHECKING:
    from pydo.host.js.stream.source import Source

__all__ = ["abortable"]


def abortable(stream: ReadableStream, signal: AbortSignal) -> ReadableStream:
    """Give the stream such that to read from it fails once `signal` aborts."""
    source = stream.source
    if source is None or isinstance(source, _Abortable):  # the bytes are there
        return stream
    found = ReadableStream.of_source(
        _Abortable(source, signal), is_bytes=stream.is_bytes, length=stream.length
    )
    found.on_given_up = stream.on_given_up
    return found


class _Abortable:
    __slots__ = ("_cancelling", "_listen_no_more", "_signal", "_source")

    def __init__(self, source: Source, signal: AbortSignal) -> None:
        self._source = source
        self._signal = signal
        self._listen_no_more = signal.on_abort(self._abort)
        self._cancelling: asyncio.Future[None] | None = None

    async def next(self) -> Any:
        """Give the next chunk, or `END`.

        Raises:
            BaseException: the reason of the signal, if it has aborted; else what the source raises.

        """
        chunk = END
        try:
            if not self._signal.aborted:
                chunk = await self._source.next()
        finally:
            if chunk is END:
                self._listen_no_more()
        if self._signal.aborted:
            raise thrown(self._signal.reason)
        return chunk

    async def cancel(self, reason: Any) -> None:
        """Give up the rest."""
        self._listen_no_more()
        await self._source.cancel(reason)

    def _abort(self) -> None:
        # A source of another kind ends the read under way by itself.
        if isinstance(self._source, ReadableStreamDefaultController):
            self._cancelling = asyncio.ensure_future(self._source.cancel(self._signal.reason))

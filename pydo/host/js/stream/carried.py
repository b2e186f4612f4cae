"""A stream that came over RPC: what it fails with stays at the other end.

Source: src/workerd/api/streams/internal.c++, src/workerd/api/streams/readable.c++ (`deserialize`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.error import JsError
from pydo.host.js.stream.lending import OwnerGone

if TYPE_CHECKING:
    from pydo.host.js.stream.source import Source

__all__ = ["Carried"]


class Carried:
    """The chunks of a source, at another owner's."""

    __slots__ = ("_source",)

    def __init__(self, source: Source) -> None:
        self._source = source

    async def next(self) -> Any:
        """Give the next chunk, or `END`.

        Raises:
            JsException: the source has failed; with what stands in the cause.

        """
        try:
            return await self._source.next()
        except OwnerGone:
            raise
        except Exception as error:
            raise JsError("ReadableStream received over RPC disconnected prematurely.") from error

    async def cancel(self, reason: Any) -> None:
        """Give up the rest."""
        await self._source.cancel(reason)

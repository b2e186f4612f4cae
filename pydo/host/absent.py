"""Workers that are bound and not served: whoever uses one is told its name.

The answers are those of `wrangler dev`: the proxy of miniflare's registry of Workers
(packages/miniflare/src/workers in cloudflare/workers-sdk).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.host.js.error import JsError
from pydo.host.js.response import Response
from pydo.runtime.channel import Channel
from pydo.runtime.events import Fetch
from pydo.runtime.ids import IdFactory

if TYPE_CHECKING:
    import asyncio

    from pydo.runtime.events import Event
    from pydo.runtime.ids import DurableObjectId
    from pydo.runtime.loop import ObjectLoop

__all__ = ["AbsentChannel", "AbsentNamespace"]


class AbsentChannel(Channel):
    """The way to a Worker that is not there, or to an object of its."""

    __slots__ = ("_worker",)

    def __init__(self, loop: ObjectLoop, worker: str) -> None:
        super().__init__(loop)
        self._worker = worker

    @property
    def generation(self) -> int:
        """Of no code."""
        return 0

    def deliver(self, event: Event, generation: int, future: asyncio.Future[object]) -> None:
        """Answer in the place of the Worker."""
        del generation
        text = f'Worker "{self._worker}" not found. Make sure it is running locally.'
        if future.done():
            return
        if isinstance(event, Fetch):
            future.set_result(Response.new(text, {"status": 503}))
        else:
            future.set_exception(JsError(text))

    def again(self) -> Channel:
        """Give this way: it leads nowhere in any case."""
        return self


class AbsentNamespace:
    """The objects of a class of a Worker that is not there: they have ids, and nobody answers."""

    def __init__(self, loop: ObjectLoop, worker: str, class_name: str) -> None:
        self.class_name = class_name
        self.ids = IdFactory(f"{worker}-{class_name}")
        self._loop = loop
        self._worker = worker

    def channel(self, object_id: DurableObjectId) -> AbsentChannel:
        """Give the way of one stub."""
        del object_id
        return AbsentChannel(self._loop, self._worker)

"""Workers and classes that are bound and not there: whoever uses one is told its name.

For a Worker the answers are those of `wrangler dev`: the proxy of miniflare's registry of Workers
(packages/miniflare/src/workers in cloudflare/workers-sdk).  With a class of a Worker that is there,
wrangler does not start.
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

__all__ = ["AbsentChannel", "AbsentNamespace", "no_class", "no_worker"]


def no_worker(worker: str) -> str:
    """Say that a Worker is not served."""
    return f'Worker "{worker}" not found. Make sure it is running locally.'


def no_class(worker: str, class_name: str) -> str:
    """Say that a Worker that is served has no such class."""
    return (
        f'Worker "{worker}" has no Durable Object class "{class_name}": its configuration neither'
        " binds nor declares it."
    )


class AbsentChannel(Channel):
    """The way to what is not there; `text` says what that is."""

    __slots__ = ("_text",)

    def __init__(self, loop: ObjectLoop, text: str) -> None:
        super().__init__(loop)
        self._text = text

    @property
    def generation(self) -> int:
        """Of no code."""
        return 0

    def deliver(self, event: Event, generation: int, future: asyncio.Future[object]) -> None:
        """Answer in the place of what is not there."""
        del generation
        if future.done():
            return
        if isinstance(event, Fetch):
            future.set_result(Response.new(self._text, {"status": 503}))
        else:
            future.set_exception(JsError(self._text))

    def again(self) -> Channel:
        """Give this way: it leads nowhere in any case."""
        return self


class AbsentNamespace:
    """The objects of a class that is not there: they have ids, and nobody answers.

    `text` says whether it is the class that is missing, or its whole Worker.
    """

    def __init__(self, loop: ObjectLoop, worker: str, class_name: str, text: str) -> None:
        self.class_name = class_name
        self.ids = IdFactory(f"{worker}-{class_name}")
        self._loop = loop
        self._text = text

    def channel(self, object_id: DurableObjectId) -> AbsentChannel:
        """Give the way of one stub."""
        del object_id
        return AbsentChannel(self._loop, self._text)

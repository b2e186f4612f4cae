"""`TransformStream`: what is written to one side is read from the other, changed on its way.

Source: src/workerd/api/streams/transform.{h,c++}.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from pydo.host.js.error import JsTypeError
from pydo.host.js.stream.controller import ReadableStreamDefaultController
from pydo.host.js.stream.readable import ReadableStream
from pydo.host.js.stream.strategy import Strategy, member
from pydo.host.js.stream.writable import WritableStream
from pydo.host.js.value import JsProxy, NativeClass, options
from pydo.host.promise import rejection
from pydo.runtime.strand import pinned

__all__ = ["TransformStream", "TransformStreamDefaultController", "connected"]


class TransformStream(JsProxy, metaclass=NativeClass):
    """A writable side, and a readable one of what `transform` makes of what was written."""

    __slots__ = ("__dict__", "readable", "writable")

    def __init__(
        self,
        transformer: Any = None,
        writable_strategy: Any = None,
        readable_strategy: Any = None,
        /,
        *_: Any,
        **named: Any,
    ) -> None:
        self.readable, self.writable = connected(
            options(transformer, named) if named else transformer,
            Strategy(writable_strategy, 1),
            Strategy(readable_strategy, 0),
        )


class TransformStreamDefaultController(JsProxy, metaclass=NativeClass):
    """What a transformer puts onto the readable side."""

    __slots__ = ("_out", "_writable")

    def __init__(self, out: ReadableStreamDefaultController) -> None:
        self._out = out
        self._writable: WritableStream | None = None

    @property
    def desiredSize(self) -> Any:
        """How much more the readable side should get."""
        return self._out.desiredSize

    def enqueue(self, chunk: Any = None, *_: object) -> None:
        """Put a chunk onto the readable side."""
        self._out.enqueue(chunk)

    def error(self, reason: Any = None, *_: object) -> None:
        """End both sides with an error."""
        self._out.error(reason)
        if self._writable is not None:
            self._writable.error(reason)

    def terminate(self, *_: object) -> None:
        """Close the readable side, and end the writable one with an error."""
        self._out.finish()
        if self._writable is not None:
            self._writable.error(JsTypeError("The transform stream has been terminated"))

    def over(self, writable: WritableStream) -> None:
        """Note the writable side."""
        self._writable = writable


def connected(
    transformer: Any,
    writable_strategy: Strategy,
    readable_strategy: Strategy,
    controller: type[ReadableStreamDefaultController] = ReadableStreamDefaultController,
) -> tuple[ReadableStream, WritableStream]:
    """Make the two sides of a transform; the readable one is driven by a `controller`."""
    between = _Between(transformer)
    out = controller.new(between, readable_strategy)
    between.controller = TransformStreamDefaultController.new(out)
    between.out = out
    readable = ReadableStream.of_source(out, is_bytes=False)
    writable = WritableStream.of_sink(between, writable_strategy)
    between.writable = writable
    between.controller.over(writable)
    out.start(None)
    start = member(transformer, "start")
    if start is not None:
        between.started = pinned(start, between.controller)
    return readable, writable


class _Between:
    """The sink of the writable side, and the source of the readable one."""

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer
        self.controller: TransformStreamDefaultController
        self.out: ReadableStreamDefaultController
        self.writable: WritableStream
        self.started: Any = None
        self._wanted: asyncio.Future[None] | None = None

    # -- as a source

    def pull(self, _: object) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)

    async def cancel(self, reason: Any) -> None:
        self._let_writers_go()
        self.writable.error(reason)
        await _called(member(self.transformer, "cancel"), reason)

    # -- as a sink

    async def write(self, chunk: Any, _: object) -> None:
        if inspect.isawaitable(self.started):
            started, self.started = self.started, None
            await started
        while not self.out.wants and not self.out.has_ended:
            self._wanted = asyncio.get_running_loop().create_future()
            await self._wanted
            self.writable.check()
        transform = member(self.transformer, "transform")
        try:
            if transform is None:
                self.controller.enqueue(chunk)
            else:
                await _called(transform, chunk, self.controller)
        except Exception as error:
            self.out.error(error)
            raise

    async def close(self) -> None:
        try:
            await _called(member(self.transformer, "flush"), self.controller)
        except Exception as error:
            self.out.error(error)
            raise
        self.out.finish()

    async def abort(self, reason: Any) -> None:
        self._let_writers_go()
        self.out.error(rejection(reason))
        await _called(member(self.transformer, "cancel"), reason)

    def _let_writers_go(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)


async def _called(function: Any, *arguments: Any) -> None:
    if function is None:
        return
    result = pinned(function, *arguments)
    if inspect.isawaitable(result):
        await result

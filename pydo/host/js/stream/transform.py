"""`TransformStream`: what is written to one side is read from the other, changed on its way.

Source: src/workerd/api/streams/standard.c++ (`TransformStreamDefaultController`).
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from pydo.host.js.error import JsTypeError
from pydo.host.js.illegal import RuntimeClass, made
from pydo.host.js.stream.controller import ReadableStreamDefaultController
from pydo.host.js.stream.readable import ReadableStream
from pydo.host.js.stream.strategy import Strategy, callback, check_parts, member
from pydo.host.js.stream.writable import WritableStream
from pydo.host.js.stream.writes import QueuedWrites
from pydo.host.js.value import JsProxy, NativeClass, jsnull, options
from pydo.host.promise import rejection
from pydo.host.pythonerror import called_back, python_error
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["TransformStream", "TransformStreamDefaultController", "connected"]

_KIND = "Transformer"


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
        check_parts(transformer, "TransformStream", _KIND)
        given = options(transformer, named) if named else transformer
        for reserved in ("readableType", "writableType"):
            if member(given, reserved) is not None:
                raise JsTypeError(f"transformer.{reserved} must be undefined.")
        self.readable, self.writable = connected(
            given, Strategy(writable_strategy, 1), Strategy(readable_strategy, 0)
        )


class TransformStreamDefaultController(JsProxy, metaclass=RuntimeClass):
    """What a transformer puts onto the readable side."""

    __slots__ = ("_out", "_writes")

    def __init__(self, out: ReadableStreamDefaultController, writes: QueuedWrites) -> None:
        self._out = out
        self._writes = writes

    @property
    def desiredSize(self) -> Any:
        """How much more the readable side should get; null when it has ended."""
        return self._out.desiredSize if self._out.is_open else jsnull

    def enqueue(self, chunk: Any = None, *_: object) -> None:
        """Put a chunk onto the readable side.

        Raises:
            JsException: a `TypeError` when it has ended.

        """
        if not self._out.is_open:
            raise JsTypeError("The readable side of this TransformStream is no longer readable.")
        self._out.enqueue(chunk)

    def error(self, reason: Any = None, *_: object) -> None:
        """End both sides with an error."""
        self._out.error(reason)
        self._writes.error(reason)

    def terminate(self, *_: object) -> None:
        """Close the readable side, and end the writable one with an error.

        Raises:
            JsException: a `TypeError` when the readable side has ended.

        """
        self._out.close()
        self._writes.error(JsTypeError("The transform stream has been terminated"))


def connected(
    transformer: Any, writable_strategy: Strategy, readable_strategy: Strategy
) -> tuple[ReadableStream, WritableStream]:
    """Make the two sides of a transform."""
    between = _Between(transformer)
    between.out = made(ReadableStreamDefaultController, between, readable_strategy)
    between.writes = QueuedWrites(between, writable_strategy)
    between.writes.endings.tell(between.let_go)
    between.controller = made(TransformStreamDefaultController, between.out, between.writes)
    readable = ReadableStream.of_source(between.out, is_bytes=False)
    writable = WritableStream.over(between.writes)
    between.out.start(None)
    between.writes.start()
    return readable, writable


class _Between:
    """The sink of the writable side, and the source of the readable one."""

    out: ReadableStreamDefaultController
    writes: QueuedWrites
    controller: TransformStreamDefaultController

    def __init__(self, transformer: Any) -> None:
        self._start = callback(transformer, "start", _KIND)
        self._transform = callback(transformer, "transform", _KIND)
        self._flush = callback(transformer, "flush", _KIND)
        self._cancel = callback(transformer, "cancel", _KIND)
        self._wanted: asyncio.Future[None] | None = None

    def let_go(self) -> None:
        """Let whoever writes go on, whether there is room or the stream has ended."""
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)

    # -- as a source

    def pull(self, _: object) -> None:
        self.let_go()

    async def cancel(self, reason: Any) -> None:
        self.let_go()
        self.writes.error(reason)
        await _called(self._cancel, reason)

    # -- as a sink

    def start(self, _: object) -> Awaitable[None] | None:
        if self._start is None:
            return None
        try:
            result = pinned(self._start, self.controller)
        except Exception as error:
            self.out.error(python_error(error))
            raise
        return self._or_both_fail(called_back(result)) if inspect.isawaitable(result) else None

    async def write(self, chunk: Any, _: object) -> None:
        while not self.out.wants and self.out.is_open:
            self._wanted = asyncio.get_running_loop().create_future()
            await self._wanted
            if self.out.is_open:
                self.writes.check()
        if self._transform is None:
            self.controller.enqueue(chunk)
        else:
            await self._or_both_fail(_called(self._transform, chunk, self.controller))

    async def close(self) -> None:
        await self._or_both_fail(_called(self._flush, self.controller))
        if self.out.is_open:
            self.out.close()

    async def abort(self, reason: Any) -> None:
        self.out.error(rejection(reason))
        await _called(self._cancel, reason)

    async def _or_both_fail(self, awaitable: Awaitable[None]) -> None:
        try:
            await awaitable
        except Exception as error:
            self.out.error(python_error(error))
            raise


async def _called(function: Any, *arguments: Any) -> None:
    if function is None:
        return
    result = pinned(function, *arguments)
    if inspect.isawaitable(result):
        await called_back(result)

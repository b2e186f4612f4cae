"""`pipeTo`: from a readable stream to a writable one, with the ends and errors of either."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydo.host.js.stream.controller import END
from pydo.host.js.value import jsnull
from pydo.host.promise import rejection

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from pydo.host.js.stream.readable import ReadableStream
    from pydo.host.js.stream.writable import WritableStream

__all__ = ["pipe"]


def pipe(
    readable: ReadableStream, writable: WritableStream, given: Mapping[str, Any]
) -> Coroutine[Any, Any, None]:
    """Write all chunks of one to the other, as fast as it takes them; both are taken at once.

    The end of the one closes the other, an error of the one ends the other, unless
    `preventClose`, `preventAbort` or `preventCancel` say otherwise; `signal` ends both.

    Raises:
        Exception: what either end has failed with.

    """
    readable.locked_by = writable.locked_by = pipe
    readable.disturbed = True
    return _piped(readable, writable, given)


async def _piped(
    readable: ReadableStream, writable: WritableStream, given: Mapping[str, Any]
) -> None:
    signal = given.get("signal")
    pump = asyncio.ensure_future(_pump(readable, writable, given))
    if signal is not None and signal is not jsnull:
        signal.when_aborted(pump.cancel)
    try:
        await pump
    except asyncio.CancelledError:
        if signal is None or signal is jsnull or not signal.aborted:
            raise
        error = rejection(signal.reason)
        if not given.get("preventAbort"):
            await writable.fail(error)
        if not given.get("preventCancel"):
            await readable.give_up(error)
        raise error from None
    finally:
        readable.locked_by = writable.locked_by = None


async def _pump(
    readable: ReadableStream, writable: WritableStream, given: Mapping[str, Any]
) -> None:
    while True:
        try:
            chunk = await readable.next()
        except Exception as error:
            if not given.get("preventAbort"):
                await writable.fail(error)
            raise
        if chunk is END:
            break
        try:
            await writable.write(chunk)
        except Exception as error:
            if not given.get("preventCancel"):
                await readable.give_up(error)
            raise
    if not given.get("preventClose"):
        await writable.finish()

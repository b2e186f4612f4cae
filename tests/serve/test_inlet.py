"""Where frames of a WebSocket come in: past the task that reads, or through it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import WSMessage, WSMsgType
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import WebSocketReader

from pydo.serve.inlet import Inlet

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.http_websocket import WSMessageTextBytes

BIG = "x" * 200_000  # more than may wait, so that what comes behind it is not even looked at


class Protocol(BaseProtocol):
    """A connection that is told to pause, and has nothing to pause."""

    def pause_reading(self) -> None:
        self._reading_paused = True

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's
        del resume_parser
        self._reading_paused = False


def new_inlet(take: Callable[[str | bytes], bool]) -> Inlet:
    loop = asyncio.get_running_loop()
    return Inlet(Protocol(loop), take, loop)


class Taker:
    """Is offered messages, and takes them or not."""

    def __init__(self, *, takes: bool) -> None:
        self.taken: list[object] = []
        self.takes = takes

    def __call__(self, message: str | bytes) -> bool:
        if self.takes:
            self.taken.append(message)
        return self.takes


def text(content: str) -> WSMessage:
    return WSMessage(WSMsgType.TEXT, content, "")


def framed(content: str) -> bytes:
    data = content.encode()
    return bytes([0x81, 127]) + len(data).to_bytes(8, "big") + data


async def reading(inlet: Inlet) -> asyncio.Task[WSMessage | WSMessageTextBytes]:
    """Give a task that waits for a frame."""
    task = asyncio.create_task(inlet.read())
    await asyncio.sleep(0)
    return task


def test_messages_that_are_waited_for_go_past_the_queue() -> None:
    async def run() -> tuple[list[object], bool]:
        taker = Taker(takes=True)
        inlet = new_inlet(taker)
        waiting = await reading(inlet)

        inlet.feed_data(text("one"), 3)
        inlet.feed_data(WSMessage(WSMsgType.BINARY, b"two", ""), 3)

        is_read = waiting.done()
        waiting.cancel()
        return taker.taken, is_read

    assert asyncio.run(run()) == (["one", b"two"], False)


def test_messages_wait_while_whoever_reads_does_something_else() -> None:
    async def run() -> tuple[list[object], object]:
        taker = Taker(takes=True)
        inlet = new_inlet(taker)

        inlet.feed_data(text("one"), 3)

        return taker.taken, (await inlet.read()).data

    assert asyncio.run(run()) == ([], "one")


def test_what_cannot_be_taken_waits_and_so_does_all_that_comes_after_it() -> None:
    async def run() -> tuple[list[object], list[object]]:
        taker = Taker(takes=False)
        inlet = new_inlet(taker)
        waiting = await reading(inlet)

        inlet.feed_data(text("one"), 3)
        taker.takes = True
        inlet.feed_data(text("two"), 3)

        return taker.taken, [(await waiting).data, (await inlet.read()).data]

    assert asyncio.run(run()) == ([], ["one", "two"])


def test_nothing_overtakes_a_control_frame() -> None:
    async def run() -> tuple[list[object], list[object]]:
        taker = Taker(takes=True)
        inlet = new_inlet(taker)
        waiting = await reading(inlet)

        inlet.feed_data(WSMessage(WSMsgType.CLOSE, 1000, ""), 0)
        inlet.feed_data(text("late"), 4)

        return taker.taken, [(await waiting).data, (await inlet.read()).data]

    assert asyncio.run(run()) == ([], [1000, "late"])


def test_nothing_overtakes_a_message_that_filled_the_queue() -> None:
    async def run() -> list[object]:
        taker = Taker(takes=False)
        inlet = new_inlet(taker)
        reader = WebSocketReader(inlet, 2**20, compress=False, decode_text=True)

        reader.feed_data(framed(BIG) + framed("two") + framed("three"))
        taker.takes = True
        for _ in range(3):
            taker.taken.append((await inlet.read()).data)

        return taker.taken

    assert asyncio.run(run()) == [BIG, "two", "three"]


def test_who_reads_hears_of_an_error_in_taking_a_message() -> None:
    async def run() -> None:
        def take(message: str | bytes) -> bool:
            raise LookupError(message)

        inlet = new_inlet(take)
        waiting = await reading(inlet)
        inlet.feed_data(text("one"), 3)
        await waiting

    with pytest.raises(LookupError, match="one"):
        asyncio.run(run())

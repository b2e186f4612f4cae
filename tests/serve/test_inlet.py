"""Where frames of a WebSocket come in: past the task that reads, or through it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import WSMessage, WSMsgType
from aiohttp.base_protocol import BaseProtocol

from pydo.serve.inlet import Inlet

if TYPE_CHECKING:
    from collections.abc import Callable


def new_inlet(take: Callable[[str | bytes], bool]) -> Inlet:
    loop = asyncio.get_running_loop()
    return Inlet(BaseProtocol(loop), take, loop)


class Taker:
    """Is offered messages, and takes them or not."""

    def __init__(self, *, takes: bool) -> None:
        self.offered: list[str | bytes] = []
        self.takes = takes

    def __call__(self, message: str | bytes) -> bool:
        self.offered.append(message)
        return self.takes


def text(content: str) -> WSMessage:
    return WSMessage(WSMsgType.TEXT, content, "")


async def taken_from(inlet: Inlet) -> object:
    return (await inlet.read()).data


def test_messages_go_past_the_queue() -> None:
    async def run() -> list[str | bytes]:
        taker = Taker(takes=True)
        inlet = new_inlet(taker)

        inlet.feed_data(text("one"), 3)
        inlet.feed_data(WSMessage(WSMsgType.BINARY, b"two", ""), 3)

        return taker.offered

    assert asyncio.run(run()) == ["one", b"two"]


def test_what_cannot_be_taken_waits_and_so_does_all_that_comes_after_it() -> None:
    async def run() -> tuple[list[str | bytes], list[object]]:
        taker = Taker(takes=False)
        inlet = new_inlet(taker)

        inlet.feed_data(text("one"), 3)
        inlet.feed_data(text("two"), 3)

        return taker.offered, [await taken_from(inlet), await taken_from(inlet)]

    offered, waited = asyncio.run(run())

    assert offered == ["one"]
    assert waited == ["one", "two"]


def test_nothing_overtakes_a_control_frame() -> None:
    async def run() -> tuple[list[str | bytes], list[object]]:
        taker = Taker(takes=True)
        inlet = new_inlet(taker)

        inlet.feed_data(WSMessage(WSMsgType.CLOSE, 1000, ""), 0)
        inlet.feed_data(text("late"), 4)

        return taker.offered, [await taken_from(inlet), await taken_from(inlet)]

    taken, waited = asyncio.run(run())

    assert taken == []
    assert waited == [1000, "late"]


def test_who_reads_hears_of_an_error_in_taking_a_message() -> None:
    async def run() -> None:
        def take(message: str | bytes) -> bool:
            raise LookupError(message)

        inlet = new_inlet(take)
        inlet.feed_data(text("one"), 3)
        await inlet.read()

    with pytest.raises(LookupError, match="one"):
        asyncio.run(run())

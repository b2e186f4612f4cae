"""Tasks and futures with the methods of a promise."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pydo.runtime.chained import ChainedFuture, ChainedTask


def of(result: object) -> ChainedFuture:
    future = ChainedFuture()
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
    return future


async def doubled(value: Any) -> Any:
    await asyncio.sleep(0)
    return value * 2


def test_a_handler_makes_something_of_the_result() -> None:
    async def main() -> None:
        task = ChainedTask(doubled(2))

        assert await task.then(lambda value: value + 1) == 5
        assert await task.then(doubled) == 8
        assert await task.then(None).then(str) == "4"
        assert await task.catch(repr) == 4

    asyncio.run(main())


def test_a_handler_makes_something_of_the_error() -> None:
    async def main() -> None:
        assert await of(ValueError("x")).catch(repr) == "ValueError('x')"
        assert await of(ValueError("x")).then(str, repr) == "ValueError('x')"
        with pytest.raises(ValueError, match="x"):
            await of(ValueError("x")).then(str)
        with pytest.raises(ZeroDivisionError):
            await of(1).then(lambda value: value / 0)

    asyncio.run(main())


def test_whatever_the_end_is_a_handler_can_be_called_at_it() -> None:
    async def main() -> None:
        ends: list[int] = []

        assert await of(1).finally_(lambda: ends.append(1)) == 1
        with pytest.raises(ValueError, match="x"):
            await of(ValueError("x")).finally_(lambda: ends.append(2))
        with pytest.raises(ZeroDivisionError):
            await of(ValueError("x")).finally_(lambda: 1 // 0)
        assert ends == [1, 2]

    asyncio.run(main())


def test_what_is_cancelled_cancels_what_comes_after_it() -> None:
    async def main() -> None:
        future = ChainedFuture()
        after = future.then(str)

        future.cancel()

        with pytest.raises(asyncio.CancelledError):
            await after

    asyncio.run(main())


def test_what_has_ended_before_its_handler_keeps_its_end() -> None:
    async def main() -> None:
        fulfilled, failed = of(1), of(ValueError("x"))
        results = [fulfilled.then(doubled), failed.then(doubled)]

        for result in results:
            result.set_result("mine")
        await asyncio.sleep(0.01)

        assert [result.result() for result in results] == ["mine", "mine"]

    asyncio.run(main())

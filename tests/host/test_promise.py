from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pydo.errors import JsException
from pydo.host.promise import JsPromise


def test_awaiting_a_settled_promise_does_not_suspend() -> None:
    async def read() -> Any:
        return await JsPromise.resolved(5)

    with pytest.raises(StopIteration) as ended:
        read().send(None)

    assert ended.value.value == 5


def test_a_rejected_promise_raises_without_suspending() -> None:
    async def read() -> Any:
        return await JsPromise.rejected(ValueError("x"))

    with pytest.raises(ValueError, match="x"):
        read().send(None)


def test_a_coroutine_is_started_at_once_and_can_be_awaited_twice() -> None:
    started: list[int] = []

    async def work() -> int:
        started.append(1)
        await asyncio.sleep(0)
        return 7

    async def main() -> None:
        promise = JsPromise.of(work())
        await asyncio.sleep(0)
        assert started == [1]
        assert (await promise, await promise) == (7, 7)
        assert JsPromise.of(promise) is promise

    asyncio.run(main())


def test_a_waiter_that_is_cancelled_leaves_the_promise_alone() -> None:
    async def main() -> None:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        promise = JsPromise.of(future)

        async def wait() -> Any:
            return await promise

        waiter = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        future.set_result("kept")
        assert await promise == "kept"

    asyncio.run(main())


def test_then_catch_and_finally_chain() -> None:
    async def double(value: int) -> int:
        return value * 2

    async def main() -> None:
        calls: list[str] = []
        assert await JsPromise.resolved(1).then(lambda value: value + 1).then(double) == 4
        assert await JsPromise.resolved(1).catch(lambda _: 0) == 1
        failed = JsPromise.rejected(JsException("TypeError", "bad"))
        assert await failed.catch(lambda error: error.constructor.name) == "TypeError"
        assert await failed.then(None, lambda error: error.message) == "bad"
        assert await JsPromise.resolved(3).finally_(lambda: calls.append("done")) == 3
        assert calls == ["done"]
        with pytest.raises(JsException):
            await failed.finally_(lambda: None)
        with pytest.raises(ZeroDivisionError):
            await JsPromise.resolved(0).then(lambda value: 1 // value)

    asyncio.run(main())


def test_an_executor_settles_the_promise_once() -> None:
    async def main() -> None:
        def executor(resolve: Any, reject: Any) -> None:
            resolve(1.0)
            resolve(2)
            reject("late")

        def failing(_resolve: Any, reject: Any) -> None:
            reject("why")

        def throwing(*_: object) -> None:
            raise KeyError("x")

        assert await JsPromise.new(executor) == 1
        with pytest.raises(JsException, match="why"):
            await JsPromise.new(failing)
        with pytest.raises(KeyError):
            await JsPromise.new(throwing)
        with pytest.raises(JsException, match="is not a function"):
            JsPromise.new(5)

    asyncio.run(main())


def test_promises_are_gathered() -> None:
    async def later(value: int) -> int:
        await asyncio.sleep(0)
        return value

    async def main() -> None:
        mixed = [later(1), JsPromise.resolved(2), 3]
        assert (await JsPromise.all(mixed)).to_py() == [1, 2, 3]
        settled = await JsPromise.allSettled([1, JsPromise.rejected(ValueError("x"))])
        assert [each.status for each in settled] == ["fulfilled", "rejected"]
        assert await JsPromise.race([later(5), asyncio.get_running_loop().create_future()]) == 5
        with pytest.raises(JsException, match="no"):
            await JsPromise.reject("no")

    asyncio.run(main())

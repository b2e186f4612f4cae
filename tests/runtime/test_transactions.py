"""`transaction()` and `transactionSync()`: all of it or nothing, in a section of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pydo.runtime.lifecycle import State
from tests.runtime.conftest import Core, Object, failure_of, on_disk

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.transaction import Transaction


class Writing(Object):
    """Methods that write within transactions."""

    memory = 0
    kept: Transaction | None = None
    gate: asyncio.Future[None] | None = None

    async def keep(self, number: int, *, wait: bool = False) -> str:
        async def body(_: Transaction) -> str:
            self.write(number)
            if wait:
                assert self.gate is not None
                await self.gate
            self.write(number, "other")
            return "kept"

        return str(await self.actor.transaction(body))

    async def lose(self, number: int) -> str:
        def body(_: Transaction) -> None:
            self.memory = number
            self.write(number)
            raise ValueError("no")

        try:
            await self.actor.transaction(body)
        except ValueError as error:
            return f"{error}, {self.memory}"
        return "kept"

    async def roll_back(self, number: int) -> list[Any]:
        said: list[Any] = []

        async def body(transaction: Transaction) -> str:
            self.write(number)
            transaction.rollback()
            transaction.rollback()
            said.append(self.read())
            self.write(7, "after")
            return "returned"

        said.append(await self.actor.transaction(body))
        return said

    async def nested(self, *, outer_fails: bool, inner_fails: bool) -> str:
        async def inner(_: Transaction) -> None:
            self.write(2, "inner")
            if inner_fails:
                raise ValueError("inner")

        async def outer(_: Transaction) -> None:
            self.write(1, "outer")
            try:
                await self.actor.transaction(inner)
            except ValueError:
                self.write(3, "caught")
            if outer_fails:
                raise ValueError("outer")

        try:
            await self.actor.transaction(outer)
        except ValueError as error:
            return str(error)
        return "kept"

    async def everything(self) -> list[int]:
        return [self.read(key) for key in ("outer", "inner", "caught")]

    def sync(self, number: int, *, fails: bool) -> str:
        def body() -> str:
            self.write(number)
            if fails:
                raise ValueError("no")
            return "kept"

        try:
            return self.actor.transaction_sync(body)
        except ValueError:
            return "lost"


async def test_what_a_transaction_writes_is_kept_when_it_returns(core: Core) -> None:
    stub = core.stub(Writing)

    assert await stub.call("keep", 5) == "kept"

    assert on_disk(stub.file) == {"n": 5, "other": 5}


async def test_what_a_transaction_writes_is_lost_when_it_raises_and_the_object_goes_on(
    core: Core,
) -> None:
    stub = core.stub(Writing)
    await stub.call("put", 1)

    assert await stub.call("lose", 2) == "no, 2"

    assert await stub.call("get") == 1
    assert not core.heard.resets


async def test_a_rollback_takes_back_at_once_and_what_comes_after_is_kept(core: Core) -> None:
    stub = core.stub(Writing)
    await stub.call("put", 1)

    assert await stub.call("roll_back", 2) == [1, "returned"]

    assert on_disk(stub.file) == {"n": 1, "after": 7}


@pytest.mark.parametrize(
    ("outer_fails", "inner_fails", "said", "left"),
    [
        (False, False, "kept", [1, 2, 0]),
        (False, True, "kept", [1, 0, 3]),
        (True, False, "outer", [0, 0, 0]),
        (True, True, "outer", [0, 0, 0]),
    ],
)
async def test_a_nested_transaction_is_kept_with_the_one_around_it(
    core: Core,
    outer_fails: bool,  # noqa: FBT001 - a parameter of the table
    inner_fails: bool,  # noqa: FBT001 - as above
    said: str,
    left: list[int],
) -> None:
    class Nesting(Writing):
        async def run(self) -> str:
            return await self.nested(outer_fails=outer_fails, inner_fails=inner_fails)

    stub = core.stub(Nesting)

    assert await stub.call("run") == said

    assert await stub.call("everything") == left


async def test_nothing_is_committed_while_a_transaction_runs(core: Core) -> None:
    class Waiting(Writing):
        async def run(self) -> str:
            self.gate = gate
            return await self.keep(5, wait=True)

    gate: asyncio.Future[None] = core.loop.create_future()
    stub = core.stub(Waiting)
    await stub.call("put", 1)

    running, reading = stub.call("run"), stub.call("get")
    await core.advance(1)
    assert on_disk(stub.file) == {"n": 1}
    assert not reading.done()

    gate.set_result(None)
    assert await running == "kept"
    assert await reading == 5
    assert on_disk(stub.file) == {"n": 5, "other": 5}


async def test_what_the_turn_wrote_before_is_committed_before_the_transaction(core: Core) -> None:
    class Both(Writing):
        async def run(self) -> str:
            self.write(1, "before")
            return await self.lose(2)

    stub = core.stub(Both)

    await stub.call("run")

    assert on_disk(stub.file) == {"before": 1}


async def test_an_answer_given_before_a_transaction_does_not_wait_for_it(core: Core) -> None:
    class Waiting(Writing):
        async def run(self) -> str:
            self.gate = gate
            return await self.keep(5, wait=True)

    gate: asyncio.Future[None] = core.loop.create_future()
    stub = core.stub(Waiting)

    first, running = stub.call("put", 1), stub.call("run")
    await core.advance(1)

    assert first.done()
    assert on_disk(stub.file) == {"n": 1}
    gate.set_result(None)
    await running


async def test_a_reset_within_a_transaction_loses_all_of_it(core: Core) -> None:
    class Aborting(Writing):
        async def run(self) -> None:
            self.gate = gate

            async def body(_: Transaction) -> None:
                self.write(2)
                await gate
                self.write(3)
                self.actor.abort("enough")

            await self.actor.transaction(body)

    gate: asyncio.Future[None] = core.loop.create_future()
    stub = core.stub(Aborting)
    await stub.call("put", 1)

    running = stub.call("run")
    await core.advance(1)
    gate.set_result(None)

    assert (await failure_of(running)).message == "enough"
    assert on_disk(stub.file) == {"n": 1}
    assert await core.stub(Aborting).call("get") == 1


async def test_a_transaction_that_takes_too_long_resets_the_object(core: Core) -> None:
    class Hanging(Writing):
        async def run(self) -> None:
            def body(_: Transaction) -> asyncio.Future[None]:
                self.write(2)
                return core.loop.create_future()

            await self.actor.transaction(body)

    stub = core.stub(Hanging)

    running = stub.call("run")
    await core.advance(30)

    error = await failure_of(running)
    assert "waited for too long" in error.message
    assert stub.state() is State.ABSENT
    assert on_disk(stub.file) == {}


async def test_a_transaction_that_has_ended_refuses_to_be_used(core: Core) -> None:
    class Keeping(Writing):
        async def run(self) -> None:
            async def body(transaction: Transaction) -> None:
                self.kept = transaction

            await self.actor.transaction(body)
            assert self.kept is not None
            self.kept.check("get()")

        async def run_back(self) -> None:
            async def body(transaction: Transaction) -> None:
                transaction.rollback()
                transaction.check("put()")

            await self.actor.transaction(body)

    stub = core.stub(Keeping)

    assert (await failure_of(stub.call("run"))).message == (
        "Cannot call get() on transaction that has already committed: did you move `txn` outside of"
        " the closure?"
    )
    assert (await failure_of(stub.call("run_back"))).message == (
        "Cannot put() on rolled back transaction"
    )


async def test_an_outer_transaction_is_not_rolled_back_while_a_nested_one_runs(core: Core) -> None:
    class Nesting(Writing):
        async def run(self) -> None:
            async def outer(transaction: Transaction) -> None:
                async def inner(_: Transaction) -> None:
                    transaction.rollback()

                await self.actor.transaction(inner)

            await self.actor.transaction(outer)

    assert (await failure_of(core.stub(Nesting).call("run"))).message == (
        "Cannot roll back an outer transaction while a nested transaction is still running."
    )


async def test_delete_all_is_refused_within_a_transaction(core: Core) -> None:
    class Emptying(Writing):
        async def run(self) -> None:
            await self.actor.transaction(lambda _: self.actor.delete_all())

    stub = core.stub(Emptying)
    await stub.call("put", 1)

    assert (await failure_of(stub.call("run"))).message == (
        "Cannot call deleteAll() within a transaction"
    )
    assert await stub.call("get") == 1


async def test_a_synchronous_transaction_is_kept_or_lost_alone(core: Core) -> None:
    class Both(Writing):
        async def run(self) -> list[str]:
            self.write(1, "before")
            return [self.sync(2, fails=True), self.sync(3, fails=False)]

    stub = core.stub(Both)

    assert await stub.call("run") == ["lost", "kept"]

    assert on_disk(stub.file) == {"before": 1, "n": 3}


async def test_a_reset_within_a_synchronous_transaction_loses_the_turn(core: Core) -> None:
    class Aborting(Writing):
        def run(self) -> None:
            def body() -> None:
                self.write(2)
                self.actor.abort("enough")
                raise ValueError("ends the body as a Stopped does")

            self.actor.transaction_sync(body)

    stub = core.stub(Aborting)
    await stub.call("put", 1)

    assert (await failure_of(stub.call("run"))).message == "enough"
    assert on_disk(stub.file) == {"n": 1}


async def test_fifty_transactions_lose_no_increment(core: Core) -> None:
    class Counting(Writing):
        async def increment(self) -> None:
            async def body(_: Transaction) -> None:
                number = self.read()
                await asyncio.sleep(0.01)
                self.write(number + 1)

            await self.actor.transaction(body)

    stub = core.stub(Counting)

    calls = [stub.call("increment") for _ in range(50)]
    await core.advance(2)
    await asyncio.gather(*calls)

    assert await stub.call("get") == 50


async def test_transactions_after_a_rollback_find_their_table_again(
    start: Callable[..., Core],
) -> None:
    stub = start().stub(Writing)

    assert await stub.call("lose", 1) == "no, 1"  # takes the table's creation back too
    assert await stub.call("keep", 2) == "kept"

    assert on_disk(stub.file) == {"n": 2, "other": 2}

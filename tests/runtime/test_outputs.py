"""What a turn says leaves after what it wrote is safe, and not at all if that is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .conftest import Object, failure_of, on_disk, properties

if TYPE_CHECKING:
    from .conftest import Core, Stub


class Receiver(Object):
    """Counts the calls that reach it, and looks from there into the caller's database."""

    async def receive(self, caller: Stub) -> dict[str, int]:
        self.write(self.read() + 1)
        return on_disk(caller.file)


async def test_a_call_leaves_when_its_turn_is_committed(core: Core) -> None:
    class Caller(Object):
        async def write_and_call(self) -> tuple[Any, int]:
            self.write(1)
            call = core.stub(Receiver).call("receive", core.stub(Caller))
            self.write(2)
            await asyncio.sleep(0)
            self.write(3)
            return await call, self.read()

    assert await core.stub(Caller).call("write_and_call") == ({"n": 3}, 3)


async def test_an_answer_leaves_when_its_turn_is_committed(core: Core) -> None:
    class Writing(Object):
        async def write_much(self) -> None:
            for number in range(100):
                self.write(number)
                await asyncio.sleep(0)

    writing = core.stub(Writing)

    await writing.call("write_much")

    assert on_disk(writing.file) == {"n": 99}


async def test_an_error_leaves_when_its_turn_is_committed(core: Core) -> None:
    class Writing(Object):
        async def write_and_fail(self) -> None:
            self.write(1)
            raise ValueError

    writing = core.stub(Writing)

    await failure_of(writing.call("write_and_fail"))

    assert on_disk(writing.file) == {"n": 1}
    assert await writing.call("get") == 1


async def test_calls_leave_in_the_order_in_which_they_were_made(core: Core) -> None:
    received: list[int] = []

    class Noting(Object):
        async def note(self, number: int) -> None:
            received.append(number)

    class Caller(Object):
        async def call(self) -> None:
            stubs = [core.stub(Noting, name) for name in "ab"]
            await asyncio.gather(*(stubs[number % 2].call("note", number) for number in range(20)))

    await core.stub(Caller).call("call")

    # In order for each stub; between two objects there is none.
    assert [number for number in received if number % 2 == 0] == list(range(0, 20, 2))
    assert [number for number in received if number % 2 == 1] == list(range(1, 20, 2))


async def test_sync_waits_until_what_was_written_is_committed(core: Core) -> None:
    class Writing(Object):
        async def write_and_sync(self) -> tuple[dict[str, int], dict[str, int]]:
            file = core.stub(Writing).file
            self.write(1)
            before = on_disk(file)
            await self.actor.sync()
            return before, on_disk(file)

        async def sync_without_waiting(self) -> None:
            self.actor.sync().cancel()

    writing = core.stub(Writing)

    assert await writing.call("write_and_sync") == ({}, {"n": 1})
    assert await writing.call("sync_without_waiting") is None


async def test_an_abort_takes_back_what_the_turn_wrote_and_said(core: Core) -> None:
    class Caller(Object):
        async def abort_after(self) -> None:
            self.write(2)
            core.stub(Receiver).call("receive", core.stub(Caller))
            self.actor.abort("enough")

    caller = core.stub(Caller)
    await caller.call("put", 1)

    error = await failure_of(caller.call("abort_after"))
    await core.advance()

    assert (error.name, error.message) == ("Error", "enough")
    assert properties(error) == {"durableObjectReset": True}
    assert on_disk(caller.file) == {"n": 1}
    assert await core.stub(Caller).call("get") == 1
    assert await core.stub(Receiver).call("get") == 0


async def test_what_earlier_turns_wrote_and_said_stands_after_an_abort(core: Core) -> None:
    class Caller(Object):
        async def abort_later(self) -> None:
            self.write(1)
            core.stub(Receiver).call("receive", core.stub(Caller))
            await asyncio.sleep(1)
            self.write(2)
            self.actor.abort(None)

    caller = core.stub(Caller)
    call = caller.call("abort_later")
    await core.advance(1)

    error = await failure_of(call)
    assert error.message == "Application called abort() to reset Durable Object."
    assert on_disk(caller.file) == {"n": 1}
    assert await core.stub(Receiver).call("get") == 1


class Sharing(Object):
    """Its events wait together behind a section, and so run in one pass."""

    commits: int

    async def hold(self) -> None:
        await self.actor.block_concurrency_while(lambda: asyncio.sleep(1))

    async def mark(self, number: int) -> None:
        connection = self.actor.database.writing()
        connection.set_commit_hook(self.count)
        self.write(number, f"turn {number}")

    def count(self) -> bool:
        type(self).commits += 1
        return False

    async def mark_and_abort(self, number: int) -> None:
        await self.mark(number)
        self.actor.abort("enough")

    async def mark_and_call(self, number: int) -> None:
        await self.mark(number)
        await self.receiver().call("receive", self.receiver())

    def receiver(self) -> Stub:
        raise NotImplementedError


async def test_turns_that_wait_together_share_one_commit(core: Core) -> None:
    class Counted(Sharing):
        commits = 0

    stub = core.stub(Counted)
    hold = stub.call("hold")
    await core.advance(0.5)
    marks = [stub.call("mark", number) for number in range(50)]
    await core.advance(0.5)

    await asyncio.gather(hold, *marks)
    assert Counted.commits == 1
    assert on_disk(stub.file) == {f"turn {number}": number for number in range(50)}


async def test_an_abort_among_turns_that_share_a_commit_takes_back_its_own(core: Core) -> None:
    class Counted(Sharing):
        commits = 0

        def receiver(self) -> Stub:
            return core.stub(Receiver)

    stub = core.stub(Counted)
    hold = stub.call("hold")
    await core.advance(0.5)
    first = [stub.call("mark_and_call", number) for number in range(5)]
    aborting = stub.call("mark_and_abort", 5)
    later = [stub.call("mark_and_call", number) for number in range(6, 9)]
    await core.advance(0.5)

    await asyncio.gather(hold, *first, aborting, *later, return_exceptions=True)
    assert (await failure_of(aborting)).message == "enough"
    for call in later:
        assert (await failure_of(call)).message == "enough"
    assert on_disk(stub.file) == {f"turn {number}": number for number in range(5)}
    assert await core.stub(Receiver).call("get") == 5


async def test_who_was_answered_in_the_pass_before_an_abort_hears_the_answer(core: Core) -> None:
    class Counted(Sharing):
        commits = 0

    stub = core.stub(Counted)
    hold = stub.call("hold")
    await core.advance(0.5)
    first = [stub.call("mark", number) for number in range(5)]
    aborting = stub.call("mark_and_abort", 5)
    later = [stub.call("mark", number) for number in range(6, 9)]
    await core.advance(0.5)

    assert await asyncio.gather(hold, *first) == [None] * 6
    for call in (aborting, *later):
        assert (await failure_of(call)).message == "enough"
    assert on_disk(stub.file) == {f"turn {number}": number for number in range(5)}


async def test_a_handler_that_returns_in_the_turn_in_which_it_aborts_has_failed(core: Core) -> None:
    class Aborting(Object):
        async def abort(self) -> str:
            self.actor.abort("enough")
            return "an answer"

    assert (await failure_of(core.stub(Aborting).call("abort"))).message == "enough"


async def test_an_abort_whose_pass_cannot_be_committed_answers_nobody(core: Core) -> None:
    class Failing(Sharing):
        def count(self) -> bool:
            return True  # to the commit hook: refuse

    stub = core.stub(Failing)
    hold = stub.call("hold")
    await core.advance(0.5)
    calls = [stub.call("mark", 1), stub.call("mark_and_abort", 2), stub.call("mark", 3)]
    await core.advance(0.5)

    for call in calls:
        assert properties(await failure_of(call))["durableObjectReset"] is True
    await asyncio.gather(hold, return_exceptions=True)
    assert on_disk(stub.file) == {}


async def test_a_commit_that_fails_resets_the_object_and_drops_what_was_said(core: Core) -> None:
    class Breaking(Object):
        async def prepare(self) -> None:
            self.write(1)
            self.actor.database.writing().execute(
                "CREATE TABLE parent (id PRIMARY KEY);"
                "CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)"
            )

        async def break_a_promise(self) -> None:
            self.write(2)
            self.actor.database.writing().execute("INSERT INTO child VALUES (1)")
            await core.stub(Receiver).call("receive", core.stub(Breaking))

    breaking = core.stub(Breaking)
    await breaking.call("prepare")

    error = await failure_of(breaking.call("break_a_promise"))
    await core.advance()

    assert error.message == (
        "FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)"
    )
    assert properties(error) == {"durableObjectReset": True}
    assert on_disk(breaking.file) == {"n": 1}
    assert await core.stub(Breaking).call("get") == 1
    assert await core.stub(Receiver).call("get") == 0


async def test_a_timer_taken_back_by_nobody_still_commits_what_it_writes(core: Core) -> None:
    class Ringing(Object):
        async def set(self) -> None:
            core.loop.call_later(1, self.write, 1)

    ringing = core.stub(Ringing)
    await ringing.call("set")

    await core.advance(1)

    assert on_disk(ringing.file) == {"n": 1}

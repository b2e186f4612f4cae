"""New code takes over: object by object, with a time of grace for what is in flight."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException

from .conftest import Object, failure_of, on_disk, properties

if TYPE_CHECKING:
    from pydo.runtime.actor import Actor

    from .conftest import Core, Stub

UPDATED = "Durable Object reset because its code was updated."
RESTARTED = "The Worker was restarted while it handled this request."


class Thing(Object):
    """Says which version of the code it is, after as long as it is asked to take."""

    version = "old"

    async def say(self, seconds: float = 0) -> str:
        if seconds:
            await asyncio.sleep(seconds)
        return self.version


class Newer(Thing):
    version = "new"


async def test_an_idle_object_is_of_the_new_code_at_once(core: Core) -> None:
    stub = core.stub(Thing)
    await stub.call("put", 1)
    assert await stub.call("say") == "old"

    core.replace(Thing=Newer)

    assert await stub.call("say") == "new"
    assert await stub.call("get") == 1
    assert core.heard.resets == []


async def test_an_object_that_is_not_there_comes_in_the_new_code(core: Core) -> None:
    stub = core.stub(Thing)
    await stub.call("say")
    await core.advance(10)

    core.replace(Thing=Newer)

    assert await stub.call("say") == "new"
    assert await core.stub(Thing, "another").call("say") == "new"


async def test_work_in_flight_ends_in_the_old_code_while_new_events_wait(core: Core) -> None:
    stub = core.stub(Thing)
    in_flight = stub.call("say", 3)
    await core.advance(1)

    core.replace(Thing=Newer)
    new = [stub.call("say"), core.stub(Thing).call("say")]
    await core.advance(1)
    assert not any(call.done() for call in (in_flight, *new))
    await core.advance(1)

    assert await in_flight == "old"
    assert [await call for call in new] == ["new", "new"]
    assert core.heard.resets == []


async def test_an_object_that_was_just_being_made_handles_its_first_event(core: Core) -> None:
    stub = core.stub(Thing)
    first = stub.call("say")

    core.replace(Thing=Newer)
    second = stub.call("say")

    assert await first == "old"
    assert await second == "new"


async def test_events_that_waited_come_in_their_order(core: Core) -> None:
    order: list[int] = []

    class Noting(Thing):
        async def note(self, number: int) -> None:
            order.append(number)

    stub = core.stub(Noting)
    in_flight = stub.call("say", 1)
    await core.advance()
    core.replace()
    notes = [stub.call("note", number) for number in range(10)]
    await core.advance(1)

    await asyncio.gather(in_flight, *notes)
    assert order == list(range(10))


async def test_what_outlasts_the_grace_is_reset(core: Core) -> None:
    class Slow(Thing):
        async def write_slowly(self) -> None:
            self.write(1)
            await asyncio.sleep(1)
            self.write(2, "later")
            await asyncio.sleep(100)
            self.write(3, "too late")

    class Quick(Thing):
        version = "new"

    stub, unused = core.stub(Slow), core.stub(Slow)
    in_flight = stub.call("write_slowly")
    await core.advance(1)

    core.replace(Slow=Quick)
    waiting = unused.call("say")
    await core.advance(4.5)
    assert not in_flight.done()
    assert not waiting.done()
    await core.advance(0.5)

    error = await failure_of(in_flight)
    assert (error.name, error.message) == ("Error", UPDATED)
    assert properties(error) == {"durableObjectReset": True}
    assert await waiting == "new"
    assert on_disk(stub.file) == {"n": 1, "later": 2}
    assert (await failure_of(stub.call("say"))).message == UPDATED
    assert await core.stub(Slow).call("say") == "new"


@pytest.mark.parametrize("work", ["task", "timer", "wait_until", "section"])
async def test_every_kind_of_work_is_cut_when_the_grace_is_over(core: Core, work: str) -> None:
    class Working(Thing):
        async def task(self) -> None:
            self.kept = asyncio.create_task(asyncio.sleep(100))

        async def timer(self) -> None:
            core.loop.call_later(100, self.write, 1)

        async def wait_until(self) -> None:
            self.actor.wait_until(asyncio.sleep(100))

        async def section(self) -> None:
            self.actor.block_concurrency_while(lambda: asyncio.sleep(29))

    stub = core.stub(Working)
    await stub.call(work)

    core.replace(Working=Newer)
    new = core.stub(Working).call("say")
    await core.advance(4.5)
    assert not new.done()
    await core.advance(0.5)

    assert await new == "new"
    assert [str(error) for _, error in core.heard.resets] == [f"Error: {UPDATED}"]
    await core.advance(100)
    assert await core.stub(Working).call("get") == 0


async def test_a_section_that_ends_within_the_grace_is_not_cut(core: Core) -> None:
    class Working(Thing):
        async def section(self) -> str:
            return await self.actor.block_concurrency_while(lambda: self.say(3))  # type: ignore[return-value] # of the callback

    stub = core.stub(Working)
    section = stub.call("section")
    await core.advance(1)

    core.replace(Working=Newer)
    await core.advance(2)

    assert await section == "old"
    assert await stub.call("say") == "new"


async def test_calls_that_work_in_flight_makes_are_let_in_to_old_instances(core: Core) -> None:
    class First(Thing):
        async def ask(self) -> list[str]:
            await asyncio.sleep(1)
            answer: list[str] = await core.stub(Second).call("ask_back")
            return answer

    class Second(Thing):
        async def ask_back(self) -> list[str]:
            return [self.version, await core.stub(First).call("say")]

        async def stay(self) -> None:
            await asyncio.sleep(2)

    class NewSecond(Second):
        version = "new"

    first, second = core.stub(First), core.stub(Second)
    asking, staying = first.call("ask"), second.call("stay")
    await core.advance()

    core.replace(First=Newer, Second=NewSecond)
    outside = [first.call("say"), second.call("say")]
    await core.advance(1)

    assert await asking == ["old", "old"]
    assert await outside[0] == "new"
    assert not outside[1].done()
    await core.advance(1)
    await staying
    assert await outside[1] == "new"


async def test_an_object_swapped_meanwhile_may_call_back_into_old_work(core: Core) -> None:
    class First(Thing):
        async def ask(self) -> list[str]:
            await asyncio.sleep(1)
            answer: list[str] = await core.stub(Second).call("ask_back")
            return answer

    class Second(Thing):
        async def ask_back(self) -> list[str]:
            return [self.version, await core.stub(First).call("say")]

    class NewSecond(Second):
        version = "new"

    await core.stub(Second).call("say")
    asking = core.stub(First).call("ask")
    await core.advance()

    core.replace(First=Newer, Second=NewSecond)
    await core.advance(1)

    assert await asking == ["new", "old"]


async def test_work_of_the_old_code_does_not_wait_for_itself_through_new_code(core: Core) -> None:
    class First(Thing):
        async def ask(self) -> str:
            await asyncio.sleep(1)
            answer: str = await core.stub(Second).call("wait_and_ask_back")
            return answer

    class Second(Thing):
        async def wait_and_ask_back(self) -> str:
            await asyncio.sleep(1)
            back: asyncio.Future[str] = asyncio.ensure_future(core.stub(First).call("say"))
            return await back

    asking = core.stub(First).call("ask")
    await core.advance()

    core.replace(First=Newer)
    await core.advance(2)

    assert await asking == "old"


async def test_a_second_replacement_within_the_grace_does_not_prolong_it(core: Core) -> None:
    class Newest(Thing):
        version = "newest"

    stub = core.stub(Thing)
    in_flight = stub.call("say", 100)
    await core.advance()

    core.replace(Thing=Newer)
    new = core.stub(Thing).call("say")
    await core.advance(3)
    core.replace(Thing=Newest)
    newest = core.stub(Thing).call("say")
    await core.advance(2)

    assert (await failure_of(in_flight)).message == UPDATED
    assert await new == "newest"
    assert await newest == "newest"


async def test_an_abort_within_the_grace_lets_the_new_code_in(core: Core) -> None:
    class Aborting(Thing):
        async def abort_later(self) -> None:
            await asyncio.sleep(1)
            self.actor.abort("over")

    stub = core.stub(Aborting)
    aborting = stub.call("abort_later")
    await core.advance()

    core.replace(Aborting=Newer)
    new = core.stub(Aborting).call("say")
    await core.advance(1)

    assert (await failure_of(aborting)).message == "over"
    assert await new == "new"
    await core.advance(10)
    assert [str(error) for _, error in core.heard.resets] == ["Error: over"]


async def test_the_instance_of_old_code_stays_of_its_generation(core: Core) -> None:
    class Dated(Thing):
        async def generation(self) -> int:
            await asyncio.sleep(1)
            return self.actor.generation

    stub = core.stub(Dated)
    old = stub.call("generation")
    await core.advance()
    core.replace()
    new = stub.call("generation")
    await core.advance(2)

    assert (await old, await new) == (1, 2)


async def test_a_hundred_replacements_under_load_lose_no_event(core: Core) -> None:
    class Counter(Object):
        async def increment(self) -> None:
            self.write(self.read() + 1)

    stub = core.stub(Counter)
    calls: list[asyncio.Future[Any]] = []

    for _ in range(100):
        calls += [stub.call("increment") for _ in range(3)]
        core.replace()
    await asyncio.gather(*calls)

    assert await stub.call("get") == 300


# -- the Worker itself


async def test_requests_go_to_the_newest_entrypoint(core: Core) -> None:
    async def answer(request: str) -> str:
        return f"new: {request}"

    assert await core.runtime.fetch("hello") == "hello"

    core.replace(answer)

    assert await core.runtime.fetch("hello") == "new: hello"


async def test_a_request_in_flight_ends_within_the_grace(core: Core) -> None:
    async def slow(request: float) -> str:
        await asyncio.sleep(request)
        return await core.stub(Thing).call("say")  # type: ignore[no-any-return] # a str

    core.serve(slow)
    in_time, too_late = core.runtime.fetch(3.0), core.runtime.fetch(30.0)
    await core.advance()

    core.replace(Thing=Newer)
    await core.advance(3)
    assert await in_time == "new"
    await core.advance(2)

    error = await failure_of(too_late)
    assert (error.name, error.message) == ("Error", RESTARTED)
    assert properties(error) == {}


async def test_a_request_in_flight_may_reach_an_old_instance(core: Core) -> None:
    async def ask(_: object) -> Any:
        await asyncio.sleep(1)
        return await core.stub(Thing).call("say")

    core.serve(ask)
    asking, holding = core.runtime.fetch(None), core.stub(Thing).call("say", 2)
    await core.advance()

    core.replace(Thing=Newer)
    await core.advance(2)

    assert await asking == "old"
    assert await holding == "old"


async def test_a_worker_whose_time_is_over_calls_nobody(core: Core) -> None:
    said: list[str] = []

    async def work(_: object) -> None:
        try:
            await asyncio.sleep(100)
        finally:
            try:
                core.stub(Thing).call("say")
            except JsException as error:
                said.append(error.message)

    core.serve(work)
    working = core.runtime.fetch(None)
    await core.advance()

    core.replace()
    await core.advance(5)

    await failure_of(working)
    assert said == ["The execution context which hosts this callback is no longer running."]


async def test_a_worker_that_ended_in_time_is_not_ended_again(core: Core) -> None:
    async def slow(_: object) -> str:
        await asyncio.sleep(1)
        return "done"

    core.serve(slow)
    request = core.runtime.fetch(None)
    await core.advance()
    old = core.runtime.worker

    core.replace()
    assert not old.turns.is_dead
    await core.advance(1)
    assert await request == "done"
    assert old.turns.is_dead
    await core.advance(10)

    assert core.heard.errors == []


async def test_what_the_old_worker_still_does_is_cancelled_after_the_grace(core: Core) -> None:
    outcome: list[str] = []

    async def background() -> None:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            outcome.append("cancelled")
            raise

    async def answer(_: object) -> str:
        core.runtime.worker.wait_until(background())
        return "answered"

    core.serve(answer)
    assert await core.runtime.fetch(None) == "answered"

    core.replace()
    await core.advance(4)
    assert outcome == []
    await core.advance(1)

    assert outcome == ["cancelled"]


async def test_a_stub_made_before_goes_on_working(core: Core) -> None:
    stubs: list[Stub] = [core.stub(Thing) for _ in range(2)]
    await stubs[0].call("say")

    for _ in range(3):
        core.replace(Thing=Newer)
        assert [await stub.call("say") for stub in stubs] == ["new", "new"]


async def test_an_instance_knows_its_own_code(core: Core) -> None:
    actors: list[Actor] = []

    class Known(Thing):
        def __init__(self, actor: Actor) -> None:
            super().__init__(actor)
            actors.append(actor)

    await core.stub(Known).call("say")
    core.replace()
    await core.stub(Known).call("say")

    assert [actor.generation for actor in actors] == [1, 2]
    assert actors[0].id == actors[1].id


async def test_objects_of_a_renamed_class_are_of_the_new_one(core: Core) -> None:
    stub, asleep = core.stub(Thing), core.stub(Thing, "b")
    await stub.call("put", 1)
    await asleep.call("say")
    code = type(core.code)(2, core.code.handler)
    code.classes = {"Renamed": Newer}

    core.runtime.replace(code, class_names={"test-Thing": "Renamed"})

    assert await stub.call("say") == "new"
    assert await stub.call("get") == 1
    assert await asleep.call("say") == "new"
    assert str(stub.container.label).startswith("Renamed/")


async def test_an_object_that_starts_while_its_class_is_renamed_starts_in_its_own_code(
    core: Core,
) -> None:
    stub = core.stub(Thing)
    code = type(core.code)(2, core.code.handler)
    code.classes = {"Renamed": Newer}

    answer = stub.call("say")
    core.runtime.replace(code, class_names={"test-Thing": "Renamed"})

    assert await answer in {"old", "new"}


async def test_a_class_directory_that_is_about_to_go_is_let_go_of(core: Core) -> None:
    stub = core.stub(Thing)
    await stub.call("put", 1)
    file = stub.file

    core.runtime.forget_namespace("test-Thing")

    with pytest.raises(JsException, match='The class "Thing" was deleted'):
        await stub.call("get")
    assert on_disk(file) == {"n": 1}
    assert await core.stub(Thing).call("get") == 1


async def wait_for_ever(ended: list[str], name: str = "task") -> None:
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        ended.append(name)


async def wait_in_a_task(ended: list[str]) -> None:
    child = asyncio.create_task(wait_for_ever(ended, "child"))
    await wait_for_ever(ended, "parent")
    await child


async def test_tasks_of_the_top_level_of_modules_end_with_their_code(core: Core) -> None:
    ended: list[str] = []
    with core.loop.importing() as tasks:
        asyncio.ensure_future(wait_in_a_task(ended))  # noqa: RUF006 - as users write it
    core.code.tasks = tasks
    with core.loop.importing():
        newer = asyncio.ensure_future(wait_for_ever([]))
    await core.advance()
    assert len(tasks) == 2

    core.replace(Thing=Newer)
    await core.advance()

    assert sorted(ended) == ["child", "parent"]
    assert not newer.done()
    newer.cancel()


async def test_tasks_of_an_import_that_fails_end_with_it(core: Core) -> None:
    made: list[asyncio.Task[None]] = []

    def load() -> None:
        with core.loop.importing():
            made.append(asyncio.ensure_future(wait_for_ever([])))
            raise ImportError("no module")

    with pytest.raises(ImportError):
        load()
    await core.advance()

    assert made[0].cancelled()

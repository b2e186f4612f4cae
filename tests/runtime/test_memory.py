"""What sleeping objects lose, and objects that sleep or crash on demand."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from pydo.runtime.container import Settings
from pydo.runtime.lifecycle import State
from pydo.runtime.memory import Loss, Memory
from pydo.runtime.pipe import LOST, PipeEnd
from pydo.runtime.socket import socket_pair

from .conftest import Object, failure_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydo.runtime.actor import Actor
    from pydo.runtime.observer import ObjectLabel

    from .conftest import Core


class Box:
    """A class of the user's."""

    def __init__(self, value: object) -> None:
        self.value = value


@pytest.mark.parametrize(
    ("before", "change", "content"),
    [
        ([], lambda held: held.append(1), "list, 1 item"),
        ([1], lambda held: held.__setitem__(0, 2), "list, 1 item"),
        ({}, lambda held: held.update(a=1, b=2), "dict, 2 items"),
        ({"a": {"b": []}}, lambda held: held["a"]["b"].append(1), "dict, 1 item"),
        (set(), lambda held: held.add(1), "set, 1 item"),
        (deque([1]), lambda held: held.append(2), "deque, 2 items"),
        (bytearray(2), lambda held: held.__setitem__(0, 1), "bytearray, 2 bytes"),
        (Box(1), lambda held: setattr(held, "value", 2), "Box"),
        (Box([]), lambda held: held.value.append(2), "Box"),
    ],
)
def test_a_change_inside_an_attribute_is_seen(
    before: Any, change: Callable[[Any], None], content: str
) -> None:
    held = {"it": before, "other": [1, "x", None]}
    memory = Memory(held)
    assert memory.losses(held) == []

    change(before)

    assert memory.losses(held) == [Loss("it", content)]


@pytest.mark.parametrize(
    ("before", "after", "content"),
    [(0, 1, "int"), ("", "x", "str, 1 character"), (None, [1], "list, 1 item"), (1, True, "bool")],
)
def test_another_value_is_seen(before: object, after: object, content: str) -> None:
    memory = Memory({"it": before})

    assert memory.losses({"it": before}) == []
    assert memory.losses({"it": after}) == [Loss("it", content)]


def test_a_new_attribute_is_seen_and_one_that_is_gone_is_no_loss() -> None:
    assert Memory({"old": 1}).losses({"new": b"ab"}) == [Loss("new", "bytes, 2 bytes")]


def test_values_that_hold_one_another_have_an_end() -> None:
    loop: list[Any] = []
    loop.append(loop)

    assert Memory({"loop": loop}).losses({"loop": loop}) == []


def test_only_so_much_of_an_attribute_is_looked_at() -> None:
    rows, table = list(range(5000)), {number: number for number in range(5000)}
    held = {"rows": rows, "table": table, "deep": [[[[rows]]]]}
    memory = Memory(held)

    rows[-1], table[4999] = 0, 0
    assert memory.losses(held) == []
    rows.append(0)
    table[5000] = 0

    assert [each.attribute for each in memory.losses(held)] == ["rows", "table"]


class Slotted:
    """A class of the user's that has no dict, and no size to speak of."""

    __slots__ = ()

    def __len__(self) -> int:
        raise RuntimeError("bad")


def test_what_cannot_be_looked_into_is_known_by_its_identity() -> None:
    held = {"it": Slotted()}
    memory = Memory(held)

    assert memory.losses(held) == []
    assert memory.losses({"it": Slotted()}) == [Loss("it", "Slotted")]


class Chat(Object):
    """Holds messages in memory."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        self.messages: list[str] = []
        self.limit = 0
        actor.block_concurrency_while(self.load)

    async def load(self) -> None:
        await asyncio.sleep(1)
        self.limit = 10

    def attributes(self) -> Mapping[str, object]:
        return {"messages": self.messages, "limit": self.limit}

    async def say(self, text: str) -> int:
        self.messages.append(text)
        return len(self.messages)

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def join(self) -> PipeEnd:
        client, server = socket_pair()
        self.actor.hibernation.accept(server)
        return client.couple()


def losses(core: Core) -> list[tuple[str, State, list[Loss]]]:
    """Note what is told of from now on."""
    told: list[tuple[str, State, list[Loss]]] = []

    def memory_lost(label: ObjectLabel, state: State, lost: list[Loss]) -> None:
        told.append((str(label), state, lost))

    setattr(core.heard, "memory_lost", memory_lost)  # noqa: B010 - the test listens itself
    return told


async def woken(core: Core, *calls: Any) -> None:
    waiting = asyncio.gather(*calls)
    await core.advance(1)
    await waiting


async def test_an_object_that_wakes_tells_what_it_lost(core: Core) -> None:
    told, stub = losses(core), core.stub(Chat)
    await woken(core, stub.call("say", "a"), stub.call("say", "b"))

    await core.advance(11)
    assert told == []
    await woken(core, stub.call("get"))

    assert told == [("Chat/a", State.ABSENT, [Loss("messages", "list, 2 items")])]
    await core.advance(11)
    await woken(core, stub.call("get"))
    assert len(told) == 1


async def test_an_object_that_hibernates_says_so(core: Core) -> None:
    told, stub = losses(core), core.stub(Chat)
    await woken(core, stub.call("join"), stub.call("say", "a"))

    await core.advance(11)
    await woken(core, stub.call("get"))

    assert told == [("Chat/a", State.HIBERNATED, [Loss("messages", "list, 1 item")])]


async def test_what_was_lost_is_known_although_the_place_was_forgotten(core: Core) -> None:
    told, stub = losses(core), core.stub(Chat)
    await woken(core, stub.call("say", "a"))

    await core.advance(300)
    await woken(core, stub.call("get"))

    assert len(told) == 1


async def test_new_code_and_resets_are_no_loss(core: Core) -> None:
    told, stub = losses(core), core.stub(Chat)
    await woken(core, stub.call("say", "a"))

    core.replace()
    await woken(core, stub.call("say", "b"))
    stub.container.crash()
    await woken(core, core.stub(Chat).call("say", "c"))

    assert told == []


async def test_nothing_is_watched_if_nobody_wants_to_know(start: Callable[..., Core]) -> None:
    core = start(settings=Settings(watches_memory=False))
    told, stub = losses(core), core.stub(Chat)
    await woken(core, stub.call("say", "a"))

    await core.advance(11)
    await woken(core, stub.call("get"))

    assert told == []


# -- on demand


async def test_an_idle_object_sleeps_at_once(core: Core) -> None:
    stub = core.stub(Object)
    await stub.call("get")
    await core.advance()

    assert await stub.namespace.sleep_soon(stub.id) is True

    assert stub.state() is State.ABSENT
    assert await stub.namespace.sleep_soon(stub.id) is False


async def test_an_object_at_work_sleeps_when_that_is_done(core: Core) -> None:
    stub = core.stub(Chat)
    client = asyncio.ensure_future(stub.call("join"))
    working = stub.call("wait", 3)
    await core.advance(2)

    sleeping = core.runtime.all_sleep_soon()
    await core.advance(1)
    assert [each.done() for each in sleeping] == [False]
    await core.advance(2)

    assert [each.result() for each in sleeping] == [True]
    assert working.done()
    assert stub.state() is State.HIBERNATED
    assert not (await client).is_lost


async def test_an_object_crashes_on_demand(core: Core) -> None:
    stub = core.stub(Chat)
    waiting = stub.call("wait", 30)
    client = asyncio.ensure_future(stub.call("join"))
    await core.advance(1)
    heard: list[Any] = []
    (await client).read(heard.append)

    assert stub.namespace.crash(stub.id) is True
    error = await failure_of(waiting)
    await core.advance()

    assert error.message == "The Durable Object was crashed on demand."
    assert heard == [LOST]
    assert stub.state() is State.ABSENT
    assert stub.namespace.crash(stub.id) is False


async def test_who_waits_for_sleep_hears_of_a_crash(core: Core) -> None:
    stub = core.stub(Object)
    working = stub.call("get")
    sleeping = stub.namespace.sleep_soon(stub.id)
    del working
    await core.advance(0)
    assert sleeping.done()

    class Busy(Object):
        async def wait(self) -> None:
            await asyncio.sleep(5)

    busy = core.stub(Busy)
    calling = busy.call("wait")
    await core.advance(1)
    waiting = busy.namespace.sleep_soon(busy.id)
    busy.namespace.crash(busy.id)

    assert await waiting is False
    await failure_of(calling)

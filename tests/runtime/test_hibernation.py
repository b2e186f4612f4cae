"""Sockets that hibernate: events of a place, which outlive its tenant."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException
from pydo.runtime.closing import ReadyState
from pydo.runtime.events import SocketClosed, SocketEvent, SocketFailed, SocketMessage
from pydo.runtime.lifecycle import State
from pydo.runtime.pipe import LOST, MOST_UNREAD, Close, Lost, PipeEnd
from pydo.runtime.socket import LOST_TEXT, socket_pair

from .conftest import Object, failure_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.actor import Actor
    from pydo.runtime.events import Event

    from .conftest import Core, Stub

FIRST_USED = "Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`"
PEER_USED = (
    "Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been accepted"
    " or used in a Response."
)


class Client:
    """The far end of a pipe: what came through it, and a way in."""

    def __init__(self, end: PipeEnd) -> None:
        self.end = end
        self.heard: list[Any] = []
        end.read(self._hear)

    def _hear(self, frame: Any) -> None:
        if isinstance(frame, (str, bytes)):
            self.end.consume(frame)
        self.heard.append(frame)

    def send(self, *frames: str | bytes | Close | Lost) -> None:
        for frame in frames:
            self.end.write(frame)


class Room(Object):
    """Takes sockets, and notes what it hears; a class of its own for each test."""

    lives = 0
    log: list[Any]

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        type(self).lives += 1

    async def handle(self, event: Event) -> object:
        if isinstance(event, SocketEvent):
            await self.hear(event)
            return None
        return await super().handle(event)

    def join(self, *tags: str, attachment: bytes | None = None) -> PipeEnd:
        client, server = socket_pair()
        server.attachment = attachment
        self.actor.hibernation.accept(server, tags)
        return client.couple()

    def count(self, tag: str | None = None) -> int:
        return len(self.actor.hibernation.sockets(tag))

    def attachments(self, tag: str | None = None) -> list[bytes | None]:
        return [each.socket.attachment for each in self.actor.hibernation.sockets(tag)]

    async def hear(self, event: SocketEvent) -> None:
        socket = event.socket.socket
        match event:
            case SocketMessage(_, "fail"):
                raise ValueError("bad")
            case SocketMessage(_, "abort"):
                self.actor.abort("enough")
            case SocketMessage(_, "close"):
                socket.close(4001, "mine")
            case SocketMessage(_, "slow"):
                await asyncio.sleep(1)
                socket.send("slow")
            case SocketMessage(_, data):
                self.write(self.read() + 1)
                socket.send(data)
            case SocketClosed(_, code, reason, was_clean):
                self.log.append((code, reason, was_clean, socket.phase.ready_state, self.count()))
                if reason != "quiet":
                    socket.close(1000, "bye")
            case SocketFailed(_, error):
                self.log.append((error, socket.phase.ready_state, self.count()))
                socket.send("dropped")
                socket.close(1000, "dropped")


def a_room() -> type[Room]:
    class Place(Room):
        lives = 0
        log: list[Any] = []  # noqa: RUF012 - it is one of the test's own

    return Place


async def joined(stub: Stub, *tags: str) -> Client:
    return Client(await stub.call("join", *tags))


# -- messages


async def test_messages_are_answered_in_their_order(core: Core) -> None:
    client = await joined(core.stub(a_room()))

    client.send(*(f"m{number}" for number in range(100)), b"\x00")
    await core.advance()

    assert client.heard == [*(f"m{number}" for number in range(100)), b"\x00"]


async def test_what_a_handler_says_leaves_after_what_it_wrote(core: Core) -> None:
    stub = core.stub(a_room())
    client = await joined(stub)

    client.send("a", "b")
    await core.advance()

    assert client.heard == ["a", "b"]
    assert await stub.call("get") == 2


async def test_messages_near_the_limit_are_told_once_for_a_class(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    client = await joined(core.stub(a_room()))

    with caplog.at_level(logging.WARNING, "pydo.runtime"):
        client.send("x" * 838_859)
        await core.advance()
        assert caplog.messages == []
        client.send("x" * 838_861, b"x" * 900_000)
        await core.advance()

    (message,) = caplog.messages
    assert "gets a message of 838861 bytes" in message


async def test_an_exception_leaves_the_socket_open_and_the_object_as_it_is(core: Core) -> None:
    room = a_room()
    client = await joined(core.stub(room))

    client.send("fail", "still here")
    await core.advance()

    assert client.heard == ["still here"]
    assert room.lives == 1
    assert [type(error.__cause__) for _, error in core.heard.errors] == [ValueError]


# -- sleep


async def test_a_sleeping_object_is_constructed_by_the_next_message(core: Core) -> None:
    room = a_room()
    stub = core.stub(room)
    client = await joined(stub, "a")

    await core.advance(9.9)
    assert stub.state() is State.IDLE
    await core.advance(0.2)
    assert stub.state() is State.HIBERNATED
    client.send("wake")
    await core.advance()

    assert client.heard == ["wake"]
    assert room.lives == 2
    assert await stub.call("count", "a") == 1


async def test_a_place_with_sockets_is_not_forgotten(core: Core) -> None:
    room = a_room()
    stub = core.stub(room)
    await stub.call("get")
    await core.advance(30)  # it is evicted, and its place is vacant
    client = await joined(stub)

    await core.advance(3600)
    client.send("wake")
    await core.advance()

    assert client.heard == ["wake"]
    assert room.lives == 3


async def test_attachments_outlive_the_sleep(core: Core) -> None:
    stub = core.stub(a_room())

    async def join(attachment: bytes) -> None:
        client, server = socket_pair()
        del client
        server.attachment = attachment
        Client(await stub.call("join"))

    await join(b"1")
    container = stub.container
    container.hibernation.sockets()[0].socket.attachment = b"one"
    await core.advance(11)

    assert await stub.call("attachments") == [b"one"]


# -- auto-response


async def test_an_auto_response_wakes_nobody(core: Core) -> None:
    room = a_room()
    stub = core.stub(room)
    client = await joined(stub)
    stub.container.hibernation.auto_response = ("ping", "pong")
    await core.advance(11)

    client.send("ping", "ping")
    await core.advance()

    assert client.heard == ["pong", "pong"]
    assert stub.state() is State.HIBERNATED
    assert room.lives == 1
    (accepted,) = stub.container.hibernation.sockets()
    assert accepted.answered_ms == core.loop.clock.now_ms()


async def test_an_auto_response_keeps_its_place_among_answers(core: Core) -> None:
    stub = core.stub(a_room())
    client = await joined(stub)
    stub.container.hibernation.auto_response = ("ping", "pong")

    client.send("ping", "a", "ping", "b", "ping")
    await core.advance()

    assert client.heard == ["pong", "a", "pong", "b", "pong"]


async def test_bytes_are_never_answered_automatically(core: Core) -> None:
    stub = core.stub(a_room())
    client = await joined(stub)
    stub.container.hibernation.auto_response = ("ping", "pong")

    client.send(b"ping", "ping", b"ping")
    await core.advance()

    assert client.heard == [b"ping", "pong", b"ping"]


async def test_no_auto_response_follows_a_close(core: Core) -> None:
    stub = core.stub(a_room())
    client = await joined(stub)
    stub.container.hibernation.auto_response = ("ping", "pong")

    client.send("close", "ping")
    await core.advance()
    client.send("ping")
    await core.advance()

    assert client.heard == [Close(4001, "mine")]


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        (
            ("x" * 2049, ""),
            "Request cannot be larger than 2048 bytes. A request of size 2049 was provided.",
        ),
        (
            ("", "é" * 1025),
            "Response cannot be larger than 2048 bytes. A response of size 2050 was provided.",
        ),
    ],
)
def test_auto_responses_have_a_limit(core: Core, pair: tuple[str, str], text: str) -> None:
    manager = core.stub(a_room()).container.hibernation

    with pytest.raises(JsException) as raised:
        manager.auto_response = pair

    assert (raised.value.name, raised.value.message) == ("RangeError", text)
    assert manager.auto_response is None


# -- closing


async def test_a_client_that_closes_is_told_of_and_answered(core: Core) -> None:
    room = a_room()
    stub = core.stub(room)
    client = await joined(stub)

    client.send(Close(4005, "gone"))
    await core.advance()

    assert room.log == [(4005, "gone", True, ReadyState.CLOSING, 1)]
    assert client.heard == [Close(1000, "bye")]
    assert await stub.call("count") == 0


async def test_a_connection_that_is_lost_closes_uncleanly(core: Core) -> None:
    room = a_room()
    stub = core.stub(room)
    client = await joined(stub)
    await core.advance(11)

    client.end.cut()
    await core.advance()

    assert room.log == [(1006, LOST_TEXT, False, ReadyState.CLOSING, 1)]
    assert room.lives == 2
    await core.advance(11)
    assert stub.state() is State.ABSENT


async def test_a_socket_that_the_object_closed_is_listed_until_the_client_has(core: Core) -> None:
    room = a_room()
    stub = core.stub(room)
    client = await joined(stub)

    client.send("close")
    await core.advance()
    assert await stub.call("count") == 1
    client.send(Close(4001, "mine"))
    await core.advance()

    assert room.log == [(4001, "mine", True, ReadyState.CLOSED, 1)]
    assert await stub.call("count") == 0
    assert client.heard == [Close(4001, "mine")]


async def test_what_is_not_closed_is_cut_when_the_object_leaves(core: Core) -> None:
    client = await joined(core.stub(a_room()))

    client.send(Close(1000, "quiet"))
    await core.advance(9)
    assert client.heard == []
    await core.advance(2)

    assert client.heard == [LOST]


async def test_what_fails_is_told_of_once_and_says_no_more(core: Core) -> None:
    room = a_room()
    stub = core.stub(room)
    client = await joined(stub)

    client.send(Lost("too large"))
    await core.advance()

    assert room.log == [("too large", ReadyState.CLOSING, 1)]
    assert await stub.call("count") == 0
    assert client.heard == []


# -- resets and new code


async def test_a_reset_cuts_every_socket_and_no_handler_hears_of_it(core: Core) -> None:
    room = a_room()
    stub = core.stub(room)
    clients = [await joined(stub) for _ in range(3)]

    clients[0].send("abort")
    await core.advance()

    assert [client.heard for client in clients] == [[LOST]] * 3
    assert stub.state() is State.ABSENT
    assert room.log == []
    assert await core.stub(room).call("count") == 0


async def test_a_reset_is_told_of_once_though_it_ends_the_work_for_a_closed_socket(
    core: Core,
) -> None:
    stub = core.stub(a_room())
    closed, other = await joined(stub), await joined(stub)
    closed.send("slow", "close", Close(4001, "mine"))
    await core.advance()

    other.send("abort")
    await core.advance(2)

    assert closed.heard == [Close(4001, "mine")]
    assert core.heard.errors == []


async def test_what_earlier_turns_said_leaves_before_a_reset_cuts(core: Core) -> None:
    client = await joined(core.stub(a_room()))

    client.send("a", "abort", "b")
    await core.advance()

    assert client.heard == ["a", LOST]


async def test_sockets_outlive_a_reload(core: Core) -> None:
    room = a_room()
    client = await joined(core.stub(room), "a")

    class Newer(room):  # type: ignore[misc, valid-type] # a class that the test has made
        async def hear(self, event: SocketEvent) -> None:
            event.socket.socket.send("newer")

    core.replace(Place=Newer)
    client.send("hello")
    await core.advance()

    assert client.heard == ["newer"]


async def test_sockets_outlive_a_reload_while_their_object_is_at_work(core: Core) -> None:
    room = a_room()
    stub = core.stub(room)
    client = await joined(stub)
    client.send("slow")
    await core.advance()

    class Newer(room):  # type: ignore[misc, valid-type] # a class that the test has made
        async def hear(self, event: SocketEvent) -> None:
            event.socket.socket.send("newer")

    core.replace(Place=Newer)
    client.send("hello")
    await core.advance(0.5)
    assert client.heard == []
    await core.advance(0.5)

    assert client.heard == ["slow", "newer"]
    assert stub.state() is not State.ABSENT


async def test_an_object_that_works_too_long_loses_its_work_and_keeps_its_sockets(
    start: Callable[..., Core],
) -> None:
    core = start()
    room = a_room()
    client = await joined(core.stub(room))

    class Stuck(room):  # type: ignore[misc, valid-type] # a class that the test has made
        async def hear(self, event: SocketEvent) -> None:
            del event
            await asyncio.Event().wait()

    core.replace(Place=Stuck)
    client.send("never answered")
    await core.advance()
    core.replace(Place=room)
    client.send("answered")
    await core.advance(5)

    assert client.heard == ["answered"]


async def test_messages_wait_for_code_that_can_be_started(core: Core) -> None:
    room = a_room()
    stub = core.stub(room)
    client = await joined(stub)

    class Broken(room):  # type: ignore[misc, valid-type] # a class that the test has made
        def __init__(self, actor: Actor) -> None:
            super().__init__(actor)
            raise RuntimeError("not yet")

    core.replace(Place=Broken)
    client.send("one", "two")
    await core.advance(60)
    assert client.heard == []
    core.replace(Place=room)
    await core.advance()

    assert client.heard == ["one", "two"]


async def test_messages_wait_for_a_start_that_ends_in_a_reset(core: Core) -> None:
    room = a_room()
    client = await joined(core.stub(room))

    class Broken(room):  # type: ignore[misc, valid-type] # a class that the test has made
        def __init__(self, actor: Actor) -> None:
            super().__init__(actor)
            actor.block_concurrency_while(self.fail)

        async def hear(self, event: SocketEvent) -> None:
            raise AssertionError(event)

    core.replace(Place=Broken)
    client.send("one")
    await core.advance()
    assert client.heard == []
    assert not any(isinstance(error.__cause__, AssertionError) for _, error in core.heard.errors)
    core.replace(Place=room)
    await core.advance()

    assert client.heard == ["one"]


async def test_a_reload_can_cut_sockets(core: Core) -> None:
    room = a_room()
    awake, asleep = core.stub(room, "awake"), core.stub(room, "asleep")
    clients = [await joined(asleep)]
    await core.advance(11)
    clients.append(await joined(awake))

    core.runtime.replace(core.code, cuts_sockets=True)
    await core.advance()

    assert [client.heard for client in clients] == [[LOST], [LOST]]
    assert [awake.state(), asleep.state()] == [State.ABSENT, State.ABSENT]
    assert room.log == []


async def test_a_tag_of_several_sockets_outlives_one_of_them(core: Core) -> None:
    stub = core.stub(a_room())
    clients = [await joined(stub, "both", "first"), await joined(stub, "both")]

    clients[0].send(Close(1000, ""))
    await core.advance()

    assert [await stub.call("count", tag) for tag in ("both", "first")] == [1, 0]


async def test_an_event_that_comes_after_the_end_is_none(core: Core) -> None:
    room = a_room()
    client = await joined(core.stub(room))

    client.send(Close(1000, "quiet"), "late", Lost("later still"))
    await core.advance()

    assert [entry[:2] for entry in room.log] == [(1000, "quiet")]
    assert client.heard == []


async def test_a_reader_with_a_limit_of_its_own_is_not_counted_for(core: Core) -> None:
    stub = core.stub(a_room())
    end: PipeEnd = await stub.call("join")
    heard: list[Any] = []
    end.peer.write("kept")

    end.read(heard.append, keeps_count=True)
    end.peer.write("x" * 1_000_000)

    assert len(heard) == 2
    assert not end.peer.is_full


# -- limits


async def test_the_newest_socket_comes_first_and_the_oldest_of_a_tag(core: Core) -> None:
    stub = core.stub(a_room())
    for name in ("1", "2", "3"):
        await stub.call("join", "all", name, "all")
        stub.container.hibernation.sockets()[0].socket.attachment = name.encode()

    assert await stub.call("attachments") == [b"3", b"2", b"1"]
    assert await stub.call("attachments", "all") == [b"1", b"2", b"3"]
    assert await stub.call("attachments", "nobody") == []
    assert stub.container.hibernation.sockets()[0].tags == ("all", "3")


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        ([str(n) for n in range(11)], "a Hibernatable WebSocket cannot have more than 10 tags"),
        (
            [*(str(n) for n in range(10)), "0"],
            "a Hibernatable WebSocket cannot have more than 10 tags",
        ),
        (["é" * 129], f'"{"é" * 129}" is longer than the max tag length (256 characters).'),
    ],
)
async def test_tags_have_limits(core: Core, tags: list[str], text: str) -> None:
    error = await failure_of(core.stub(a_room()).call("join", *tags))

    assert (error.name, error.message) == ("Error", text)


async def test_ten_tags_may_be_named_twice_before_the_tenth(core: Core) -> None:
    stub = core.stub(a_room())

    await stub.call("join", "0", *(str(n) for n in range(10)))

    assert await stub.call("count", "9") == 1


async def test_what_was_used_cannot_hibernate(core: Core) -> None:
    class Using(Room):
        log: list[Any] = []  # noqa: RUF012 - it is the test's own

        def accept(self, *, use: str) -> None:
            one, other = socket_pair()
            if use == "accepted":
                one.accept(print, replies=False)
            elif use == "twice":
                self.actor.hibernation.accept(one)
            elif use == "pair accepted":
                other.accept(print, replies=False)
            else:
                other.couple()
            self.actor.hibernation.accept(one)

        def first(self) -> None:
            self.accept(use="accepted")

        def twice(self) -> None:
            self.accept(use="twice")

        def other(self) -> None:
            self.accept(use="pair accepted")

        def returned(self) -> None:
            self.accept(use="pair returned")

    stub = core.stub(Using)

    texts = [(await failure_of(stub.call(m))).message for m in ("first", "twice")]
    peers = [(await failure_of(stub.call(m))).message for m in ("other", "returned")]

    assert texts == [FIRST_USED] * 2
    assert peers == [PEER_USED] * 2


async def test_there_is_a_most_of_sockets(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pydo.runtime.hibernation.MOST_SOCKETS", 2)
    stub = core.stub(a_room())
    await stub.call("join")
    await stub.call("join")

    error = await failure_of(stub.call("join"))

    assert error.message == (
        "only 32768 websockets can be accepted on a single Durable Object instance"
    )


async def test_a_handler_that_takes_longer_than_its_limit_resets_the_object(core: Core) -> None:
    stub = core.stub(a_room())
    client = await joined(stub)
    stub.container.hibernation.set_event_timeout(500)

    client.send("quick")
    await core.advance()
    client.send("slow")
    await core.advance(0.6)

    assert client.heard == ["quick", LOST]
    ((_, error),) = core.heard.resets
    assert isinstance(error, JsException)
    assert error.message == "Actor exceeded event execution time and was disconnected."
    assert vars(error)["retryable"] is True


def test_the_limit_of_a_handler_has_a_limit(core: Core) -> None:
    manager = core.stub(a_room()).container.hibernation

    manager.set_event_timeout(604_800_000)
    assert manager.event_timeout_ms == 604_800_000
    manager.set_event_timeout(0)
    assert manager.event_timeout_ms is None
    with pytest.raises(JsException, match=r"Event timeout should not exceed 604800000 ms\.$"):
        manager.set_event_timeout(604_800_001)


# -- pressure


async def test_a_client_that_does_not_read_is_cut(core: Core) -> None:
    stub = core.stub(a_room())
    end: PipeEnd = await stub.call("join")
    chunk = b"x" * (MOST_UNREAD // 4)

    for _ in range(5):
        end.peer.write(chunk)

    assert end.is_lost


async def test_a_writer_is_told_when_there_is_room(core: Core) -> None:
    stub = core.stub(a_room())
    client = await joined(stub)
    told: list[bool] = []

    client.send("x" * 300_000)
    assert client.end.is_full
    client.end.when_room(lambda: told.append(client.end.is_full))
    await core.advance()

    assert told == [False]

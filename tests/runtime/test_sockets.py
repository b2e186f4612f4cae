"""Sockets taken with `accept`: what they hear is an arrival, what they say waits for commit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException
from pydo.runtime.closing import Phase, ReadyState, Sign, check_close, follow
from pydo.runtime.lifecycle import State
from pydo.runtime.pipe import LOST, Close, Lost, PipeEnd
from pydo.runtime.scope import EXECUTION
from pydo.runtime.socket import Socket, Use, socket_pair

from .conftest import Object, failure_of

if TYPE_CHECKING:
    from .conftest import Core, Stub

NOT_ACCEPTED = (
    "You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending "
    "messages."
)

PHASES: dict[Phase, dict[Sign, Phase]] = {
    Phase.CONNECTING: {Sign.OPENED: Phase.OPEN, Sign.FAILED: Phase.FAILED},
    Phase.OPEN: {
        Sign.CLOSE_SENT: Phase.SENT,
        Sign.CLOSE_RECEIVED: Phase.RECEIVED,
        Sign.FAILED: Phase.FAILED,
    },
    Phase.SENT: {Sign.CLOSE_RECEIVED: Phase.CLOSED, Sign.FAILED: Phase.FAILED},
    Phase.RECEIVED: {Sign.CLOSE_SENT: Phase.CLOSED, Sign.FAILED: Phase.FAILED},
    Phase.CLOSED: {Sign.FAILED: Phase.FAILED},
    Phase.FAILED: {},
}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("sign", Sign)
def test_each_cell_of_the_table(phase: Phase, sign: Sign) -> None:
    assert follow(phase, sign) is PHASES[phase].get(sign, phase)


def test_closing_looks_the_same_from_both_sides() -> None:
    assert Phase.SENT.ready_state is Phase.RECEIVED.ready_state is ReadyState.CLOSING
    assert Phase.CLOSED.ready_state is Phase.FAILED.ready_state is ReadyState.CLOSED


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1014, 1016, 2999, 3000, 4999])
def test_codes_that_may_be_sent(code: int) -> None:
    check_close(code, "x" * 123, limits_reason=True)


@pytest.mark.parametrize("code", [-1, 0, 999, 1004, 1005, 1006, 1015, 5000, 65_536])
def test_codes_that_may_not_be_sent(code: int) -> None:
    with pytest.raises(JsException) as raised:
        check_close(code, "x" * 124, limits_reason=True)

    assert raised.value.name == "InvalidAccessError"
    assert raised.value.message == f"Invalid WebSocket close code: {code}."


def test_a_reason_has_a_limit_and_needs_a_code() -> None:
    check_close(1000, "é" * 62, limits_reason=False)
    with pytest.raises(JsException, match="must not be longer than 123 bytes when UTF-8 encoded"):
        check_close(1000, "é" * 62, limits_reason=True)
    with pytest.raises(JsException, match="must not be longer than 123 bytes"):
        check_close(None, "é" * 62, limits_reason=True)
    with pytest.raises(JsException, match="you must also specify a code"):
        check_close(None, "", limits_reason=True)


class Client:
    """The far end of a pipe."""

    def __init__(self, end: PipeEnd) -> None:
        self.end = end
        self.heard: list[Any] = []
        end.read(self.heard.append)

    def send(self, *frames: str | bytes | Close | Lost) -> None:
        for frame in frames:
            self.end.write(frame)


class Listener(Object):
    """Takes a socket and notes what it hears; says back what it is told to."""

    socket: Socket
    other: Socket

    def __init__(self, actor: Any) -> None:
        super().__init__(actor)
        self.log: list[Any] = []

    def make(self) -> None:
        self.other, self.socket = socket_pair()

    def open(self, *, replies: bool = False) -> PipeEnd:
        self.make()
        self.socket.accept(self.hear, replies=replies)
        return self.other.couple()

    def open_replying(self) -> PipeEnd:
        return self.open(replies=True)

    def hear(self, frame: Any) -> None:
        if frame == "fail":
            raise ValueError("bad")
        if frame == "slow":
            self.actor.turns.loop.create_task(self.slow())
        self.log.append((frame, self.socket.phase.ready_state))

    async def slow(self) -> None:
        await asyncio.sleep(20)
        self.socket.send("slow")

    def heard(self) -> list[Any]:
        return self.log

    def say(self, *messages: str | bytes) -> None:
        for message in messages:
            self.write(self.read() + 1)
            self.socket.send(message)

    def say_and_abort(self) -> None:
        self.socket.send("unheard")
        self.actor.abort("enough")

    def close(self, code: int | None = None, reason: str | None = None) -> ReadyState:
        self.socket.close(code, reason)
        return self.socket.phase.ready_state

    def state(self) -> ReadyState:
        return self.socket.phase.ready_state

    def accept(self) -> None:
        self.socket.accept(print, replies=False)

    def couple(self) -> None:
        self.socket.couple()

    def hibernate(self) -> None:
        self.actor.hibernation.accept(self.socket)

    def construct(self) -> None:
        self.socket.use = Use.CONSTRUCTED

    def both(self) -> None:
        self.make()
        self.socket.accept(self.hear, replies=False)
        self.other.accept(lambda frame: self.other.send(f"echo {frame!s}"), replies=False)
        self.socket.send("hi")


async def opened(stub: Stub, how: str = "open") -> Client:
    return Client(await stub.call(how))


# -- what may be done


async def test_nothing_is_said_before_it_is_accepted(core: Core) -> None:
    stub = core.stub(Listener)
    await stub.call("make")

    errors = [await failure_of(stub.call("say", "x")), await failure_of(stub.call("close"))]

    assert [(error.name, error.message) for error in errors] == [("TypeError", NOT_ACCEPTED)] * 2


async def test_a_socket_may_be_accepted_twice(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    await stub.call("accept")
    client.send("x")
    await core.advance()

    assert await stub.call("heard") == [("x", ReadyState.OPEN)]


@pytest.mark.parametrize(
    ("first", "then", "text"),
    [
        ("couple", "accept", "Can't accept() WebSocket that was already used in a response."),
        ("hibernate", "accept", "Can't accept() WebSocket after enabling hibernation."),
        (
            "construct",
            "accept",
            "Websockets obtained from the 'new WebSocket()' constructor cannot call accept",
        ),
        ("accept", "couple", "Can't return WebSocket in a Response after calling accept()."),
        (
            "hibernate",
            "couple",
            "Can't return WebSocket in a Response after calling acceptWebSocket().",
        ),
        ("couple", "couple", "Can't return WebSocket that was already used in a response."),
        (
            "construct",
            "couple",
            "Can't return WebSocket in a Response if it was created with `new WebSocket()`",
        ),
    ],
)
async def test_what_was_used_is_not_used_otherwise(
    core: Core, first: str, then: str, text: str
) -> None:
    stub = core.stub(Listener)
    await stub.call("make")
    await stub.call(first)

    error = await failure_of(stub.call(then))

    assert (error.name, error.message) == ("TypeError", text)


async def test_nothing_is_said_after_close(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    assert await stub.call("close", 4000, "x") is ReadyState.CLOSING
    error = await failure_of(stub.call("say", "x"))
    await stub.call("close", 4001, "y")

    assert error.message == "Can't call WebSocket send() after close()."
    assert client.heard == [Close(4000, "x")]


async def test_a_close_without_a_code_names_none(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    await stub.call("close")

    assert client.heard == [Close(1005, "")]


async def test_another_object_may_not_use_it(core: Core) -> None:
    shared: list[Socket] = []

    class Lending(Listener):
        def lend(self) -> PipeEnd:
            end = self.open()
            shared.append(self.socket)
            return end

        def use(self) -> None:
            shared[0].send("x")

    await core.stub(Lending, "a").call("lend")

    error = await failure_of(core.stub(Lending, "b").call("use"))

    assert error.message.startswith(
        "Cannot perform I/O on behalf of a different Durable Object. I/O objects"
    )


# -- frames


async def test_frames_keep_their_order_in_both_directions(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    client.send("a", b"b", "c")
    await core.advance()
    await stub.call("say", "1", b"2", "3")

    assert [frame for frame, _ in await stub.call("heard")] == ["a", b"b", "c"]
    assert client.heard == ["1", b"2", "3"]


async def test_frames_that_came_before_it_was_accepted_are_heard(core: Core) -> None:
    stub = core.stub(Listener)

    class Late(Listener):
        def lend(self) -> PipeEnd:
            self.make()
            return self.other.couple()

        def take(self) -> None:
            self.socket.accept(self.hear, replies=False)

    stub = core.stub(Late)
    client = await opened(stub, "lend")
    client.send("early")
    await stub.call("take")
    client.send("late")
    await core.advance()

    assert [frame for frame, _ in await stub.call("heard")] == ["early", "late"]


async def test_what_a_reset_takes_back_is_never_said(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    await failure_of(stub.call("say_and_abort"))
    await core.advance()

    assert client.heard == [LOST]


async def test_a_listener_that_raises_is_told_of(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    client.send("fail", "on")
    await core.advance()

    assert [str(error) for _, error in core.heard.errors] == ["bad"]
    assert await stub.call("heard") == [("on", ReadyState.OPEN)]


async def test_both_ends_may_be_in_one_object(core: Core) -> None:
    stub = core.stub(Listener)

    await stub.call("both")
    await core.advance()

    assert await stub.call("heard") == [("echo hi", ReadyState.OPEN)]
    await core.advance(11)
    assert stub.state() is State.ABSENT


# -- closing


async def test_a_close_is_answered_by_hand(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    client.send(Close(4001, "bye"))
    await core.advance()
    assert await stub.call("heard") == [(Close(4001, "bye"), ReadyState.CLOSING)]
    await stub.call("say", "still said")
    assert await stub.call("close", 1000, "x") is ReadyState.CLOSED

    assert client.heard == ["still said", Close(1000, "x")]


async def test_a_close_is_answered_at_once_if_asked_for(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub, "open_replying")

    client.send(Close(4001, "bye"))
    await core.advance()

    assert await stub.call("heard") == [(Close(4001, "bye"), ReadyState.CLOSED)]
    assert client.heard == [Close(4001, "bye")]


async def test_nothing_is_heard_after_a_close(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    client.send(Close(1000, ""))
    client.end.cut()
    await core.advance()

    assert [frame for frame, _ in await stub.call("heard")] == [Close(1000, "")]


async def test_a_lost_connection_is_told_of_and_what_is_said_then_is_an_error(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    client.end.cut()
    await core.advance()
    await stub.call("say", "x", "y")
    await core.advance()

    assert await stub.call("heard") == [
        (LOST, ReadyState.OPEN),
        (Lost("Network connection lost."), ReadyState.CLOSED),
    ]


async def test_a_wrong_frame_is_an_error(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    client.send(Lost("too large"))
    await core.advance()
    await stub.call("say", "dropped")

    assert await stub.call("heard") == [(Lost("too large"), ReadyState.CLOSED)]


# -- its owner


async def test_a_connected_socket_keeps_its_object_awake(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    await core.advance(60)
    assert stub.state() is State.RUNNING
    client.send("x")
    await core.advance()
    assert [frame for frame, _ in await stub.call("heard")] == ["x"]
    client.send(Close(1000, ""))
    await core.advance(11)

    assert stub.state() is State.ABSENT
    assert client.heard == [LOST]


async def test_a_socket_whose_other_end_nobody_has_keeps_nobody_awake(core: Core) -> None:
    class Alone(Listener):
        def alone(self) -> None:
            self.make()
            self.socket.accept(self.hear, replies=False)

    stub = core.stub(Alone)
    await stub.call("alone")

    await core.advance(11)

    assert stub.state() is State.ABSENT


async def test_new_code_closes_it_and_says_so(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)
    told: list[tuple[str, int]] = []
    core.heard.sockets_shut = lambda where, count: told.append((where, count))  # type: ignore[method-assign]

    core.replace()
    await core.advance()

    assert client.heard == [Close(1012, "The code was replaced."), LOST]
    assert told == [("Listener/a", 1)]
    assert stub.state() is State.ABSENT


async def test_new_code_can_cut_it_instead(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)

    core.runtime.replace(core.code, cuts_sockets=True)
    await core.advance()

    assert client.heard == [LOST]
    assert stub.state() is State.ABSENT


async def test_an_object_at_work_may_end_it_without_the_socket(core: Core) -> None:
    stub = core.stub(Listener)
    client = await opened(stub)
    client.send("slow")
    await core.advance()

    core.replace()
    await core.advance(1)
    assert client.heard == [Close(1012, "The code was replaced."), LOST]
    assert stub.state() is State.RUNNING
    await core.advance(5)

    assert stub.state() is State.ABSENT


async def test_an_end_that_was_never_taken_is_cut_when_it_is_forgotten(core: Core) -> None:
    class Forgetting(Listener):
        def alone(self) -> None:
            self.make()
            self.socket.accept(self.hear, replies=False)

        def forget(self) -> None:
            del self.other

    stub = core.stub(Forgetting)
    await stub.call("alone")

    await stub.call("forget")
    await core.advance()

    assert await stub.call("heard") == [(LOST, ReadyState.OPEN)]


async def test_a_lost_connection_counts_as_closed_when_it_is_told_of(core: Core) -> None:
    class Parting(Listener):
        def hear(self, frame: Any) -> None:
            super().hear(frame)
            if frame == LOST:
                self.socket.send("is anybody there?")
                self.socket.close(1000, "")

    lost, parting = core.stub(Listener), core.stub(Parting)
    (await opened(lost)).end.cut()
    (await opened(parting)).end.cut()
    await core.advance()

    assert await lost.call("heard") == [(LOST, ReadyState.OPEN)]
    assert await lost.call("state") is ReadyState.CLOSING
    failure = Lost("Network connection lost.")
    assert await parting.call("heard") == [(LOST, ReadyState.OPEN), (failure, ReadyState.CLOSED)]
    assert await parting.call("state") is ReadyState.CLOSED


@pytest.mark.parametrize("work", ["sleep", "timer"])
async def test_a_request_is_not_over_while_something_is_at_work(core: Core, work: str) -> None:
    class Working(Listener):
        def hear(self, frame: Any) -> None:
            super().hear(frame)
            if isinstance(frame, Close):
                self.socket.end_with_request()
                if work == "timer":
                    asyncio.get_running_loop().call_later(1, self.socket.send, "done")
                else:
                    self.task = asyncio.ensure_future(self.work())

        async def work(self) -> None:
            await asyncio.sleep(1)
            self.socket.send("done")

    client = await opened(core.stub(Working))

    client.send(Close(1000, ""))
    await core.advance(0.9)
    assert client.heard == []
    await core.advance(0.2)

    assert client.heard == ["done", LOST]


@pytest.mark.parametrize("work", ["sleep", "timer"])
async def test_a_request_ends_beside_another_that_is_at_work(core: Core, work: str) -> None:
    class Executed:
        is_over = False

    class Beside(Listener):
        def work(self) -> None:
            EXECUTION.set(Executed())
            if work == "timer":
                asyncio.get_running_loop().call_later(20, self.log.append, "done")
            else:
                self.task = asyncio.ensure_future(asyncio.sleep(20))

        def begin(self) -> PipeEnd:
            EXECUTION.set(Executed())
            return self.open()

        def hear(self, frame: Any) -> None:
            super().hear(frame)
            if isinstance(frame, Close):
                self.socket.end_with_request()
                self.mine = asyncio.ensure_future(asyncio.sleep(1))

    stub = core.stub(Beside)
    await stub.call("work")
    client = await opened(stub, "begin")

    client.send(Close(1000, ""))
    await core.advance(0.9)
    assert client.heard == []
    await core.advance(0.2)

    assert client.heard == [LOST]


async def test_a_socket_to_elsewhere_does_not_end_with_the_request(core: Core) -> None:
    class Calling(Listener):
        def call(self) -> None:
            self.make()
            self.socket.accept(self.hear, replies=False)
            self.other.accept(lambda _: None, replies=False)

        def hear(self, frame: Any) -> None:
            super().hear(frame)
            if isinstance(frame, Close):
                self.socket.end_with_request()

        def end(self) -> None:
            self.other.close(1000, "")

        def answer(self) -> ReadyState:
            self.socket.close(1000, "")
            return self.socket.phase.ready_state

    stub = core.stub(Calling)
    await stub.call("call")
    await stub.call("end")
    await core.advance()

    assert await stub.call("state") is ReadyState.CLOSING
    assert await stub.call("answer") is ReadyState.CLOSED


async def test_a_socket_that_fails_ends_when_what_it_said_has_left(core: Core) -> None:
    class Failing(Listener):
        def hear(self, frame: Any) -> None:
            self.socket.send(f"before {frame}")
            self.log.append((self.socket.fail(), self.socket.fail()))
            self.socket.send("after")

    stub = core.stub(Failing)
    client = await opened(stub)

    client.send("x", "y")
    await core.advance()

    assert client.heard == ["before x", LOST]
    assert await stub.call("heard") == [(True, False)]
    await core.advance(11)
    assert stub.state() is State.ABSENT


async def test_a_socket_whose_end_a_reset_takes_back_ends_with_its_object(core: Core) -> None:
    class Resetting(Listener):
        def hear(self, frame: Any) -> None:
            if frame == "fail":
                self.socket.fail()
            self.actor.abort("enough")

    failing = await opened(core.stub(Resetting, "a"))
    closed = await opened(core.stub(Resetting, "b"), "open_replying")

    failing.send("fail")
    closed.send(Close(1000, "bye"))
    await core.advance()

    assert failing.heard == [LOST]
    assert closed.heard == [LOST]


async def test_a_socket_that_the_client_has_closed_ends_with_its_request(core: Core) -> None:
    class Request(Listener):
        def hear(self, frame: Any) -> None:
            super().hear(frame)
            if isinstance(frame, Close):
                self.socket.end_with_request()
                if frame.reason == "answer":
                    self.socket.close(1000, "bye")

    silent = await opened(core.stub(Request, "a"))
    answered = await opened(core.stub(Request, "b"))

    answered.send(Close(1000, "answer"))
    silent.send(Close(1000, ""))
    await core.advance()

    assert answered.heard == [Close(1000, "bye")]
    assert silent.heard == [LOST]


async def test_code_that_was_reset_says_no_more(core: Core) -> None:
    refused: list[JsException] = []

    class Dying(Listener):
        async def linger(self) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                try:
                    self.socket.send("too late")
                except JsException as error:
                    refused.append(error)

    stub = core.stub(Dying)
    client = await opened(stub)
    lingering = stub.call("linger")
    await core.advance(1)

    stub.container.crash()
    await failure_of(lingering)
    await core.advance()

    assert [error.message for error in refused] == [
        "The execution context which hosts this callback is no longer running."
    ]
    assert client.heard == [LOST]


async def test_it_is_used_in_a_turn(core: Core) -> None:
    stub = core.stub(Listener)
    await opened(stub)
    actor = stub.container.actor
    assert actor is not None
    (socket,) = actor.turns.sockets

    with pytest.raises(RuntimeError, match="outside any turn"):
        socket.send("x")

"""A WebSocket as the code that holds it sees it: an end of a pipe, and the rules of its use.

How far it is closed is told in `closing`.

A socket that was accepted in the ordinary way (`accept`) belongs to an owner.  What it hears is an
arrival there, and it keeps its owner awake as long as somebody has its other end.  What it says
leaves through the owner's output gate.  One that hibernates (`HibernationManager`) belongs to a
container.  Source: src/workerd/api/web-socket.c++.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import Context, copy_context
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final

from pydo.errors import JsException
from pydo.runtime.channel import gone
from pydo.runtime.closing import Phase, Sign, check_close, follow
from pydo.runtime.pipe import NO_STATUS, Close, Lost, PipeEnd, new_pipe
from pydo.runtime.scope import EXECUTION, SCOPE
from pydo.runtime.turn import Callback

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.accepted import Accepted
    from pydo.runtime.gates import CriticalSection
    from pydo.runtime.pipe import Frame
    from pydo.runtime.scope import Execution, Scope
    from pydo.runtime.turn import Turns

__all__ = [
    "LOST_TEXT",
    "Socket",
    "Use",
    "running_scope",
    "socket_pair",
]

LOST_TEXT: Final = "WebSocket disconnected without sending Close frame."
_LIMIT = 32 * 1024 * 1024  # bytes of a message to a socket that does not hibernate


class Use(Enum):
    """What was done with a socket, which decides what may still be done."""

    FRESH = "one of a pair, or a response's"
    ACCEPTED = "accept() was called"
    HIBERNATABLE = "acceptWebSocket() was called"
    RELEASED = "it left in a response"
    CONSTRUCTED = "made by `new WebSocket()`"


def socket_pair() -> tuple[Socket, Socket]:
    """Make two sockets, each the other's end."""
    one, other = new_pipe()
    return Socket(one), Socket(other)


class Socket:
    """An end of a pipe in somebody's hands."""

    __slots__ = (
        "_context",
        "_hear",
        "_replies",
        "_section",
        "accepted",
        "attachment",
        "end",
        "has_closed",
        "is_mute",
        "phase",
        "turns",
        "use",
    )

    def __init__(self, end: PipeEnd, use: Use = Use.FRESH) -> None:
        self.end = end
        self.use = use
        self.phase = Phase.CONNECTING if use is Use.CONSTRUCTED else Phase.OPEN
        self.attachment: bytes | None = None
        self.accepted: Accepted | None = None  # its record, if it hibernates
        self.turns: Turns | None = None  # whose it is, if it does not
        self.has_closed = False  # by `close`, or by an answer to the other end's
        self.is_mute = False  # after an error on a hibernatable one: what it says is dropped
        self._context: Context | None = None
        self._section: CriticalSection | None = None
        self._hear: Callable[[Frame], object] | None = None
        self._replies = False

    def __del__(self) -> None:
        # Nobody has taken it and nobody can any more: whoever has the other end waits in vain.
        if self.use is not Use.FRESH or self.end.is_lost:
            return
        holder = self.end.peer.holder
        if holder is not None and not holder.loop.is_closed():
            with suppress(RuntimeError):  # it was closed meanwhile
                # The collector may run in any thread, and in any turn.
                holder.loop.call_soon_threadsafe(self.end.cut, context=Context())

    # -- taking it

    def accept(self, hear: Callable[[Frame], object], *, replies: bool) -> None:
        """Take it in the ordinary way: `hear` gets each frame in a turn of whoever runs now.

        With `replies` a close frame is answered at once with its like.

        Raises:
            JsException: a `TypeError`; something else was done with it.

        """
        match self.use:
            case Use.ACCEPTED:
                return
            case Use.HIBERNATABLE:
                raise _type_error("Can't accept() WebSocket after enabling hibernation.")
            case Use.RELEASED:
                raise _type_error("Can't accept() WebSocket that was already used in a response.")
            case Use.CONSTRUCTED:
                raise _type_error(
                    "Websockets obtained from the 'new WebSocket()' constructor cannot call accept"
                )
            case Use.FRESH:
                self.open(running_scope(), hear, replies=replies)

    def open(self, scope: Scope, hear: Callable[[Frame], object], *, replies: bool) -> None:
        """Let it belong to an owner, and read."""
        self.phase, self.use = follow(self.phase, Sign.OPENED), Use.ACCEPTED
        self.turns, self._hear, self._replies = scope.turns, hear, replies
        self._context, self._section = copy_context(), scope.section
        self.end.holder = scope.turns
        self.end.limit = _LIMIT
        scope.turns.sockets.add(self)
        self.end.read(self._arrived)

    def couple(self) -> PipeEnd:
        """Give its end away, in a response.

        Raises:
            JsException: a `TypeError`; it was accepted, or is gone already.

        """
        match self.use:
            case Use.FRESH:
                self.use = Use.RELEASED
                self.end.holder = _Elsewhere(asyncio.get_running_loop())
                return self.end
            case Use.RELEASED:
                what = "that was already used in a response."
            case Use.ACCEPTED:
                what = "in a Response after calling accept()."
            case Use.HIBERNATABLE:
                what = "in a Response after calling acceptWebSocket()."
            case Use.CONSTRUCTED:
                what = "in a Response if it was created with `new WebSocket()`"
        raise _type_error(f"Can't return WebSocket {what}")

    # -- what it says

    def send(self, message: str | bytes) -> None:
        """Send a message, when the writes of the running turn are committed.

        Raises:
            JsException: a `TypeError` before it is accepted, or after `close`.

        """
        if self.has_closed:
            raise _type_error("Can't call WebSocket send() after close().")
        if self._is_deaf:
            return
        self._leave(message)

    def close(self, code: int | None, reason: str | None, *, limits_reason: bool = True) -> None:
        """Send a close frame; does nothing when one was sent.

        Raises:
            JsException: the code or the reason cannot be sent, or it is not accepted.

        """
        check_close(code, reason, limits_reason=limits_reason)
        if self.has_closed or self._is_deaf:
            return
        self._close(Close(NO_STATUS if code is None else code, reason or ""))

    def _close(self, frame: Close) -> None:
        self._leave(frame)
        self.has_closed = True
        self.phase = follow(self.phase, Sign.CLOSE_SENT)

    @property
    def _is_deaf(self) -> bool:
        return self.is_mute or self.phase is Phase.FAILED or self.use is Use.RELEASED

    def _leave(self, frame: Frame) -> None:
        if self.turns is None and self.accepted is None:
            raise _type_error(
                "You must call one of accept() or state.acceptWebSocket() on this WebSocket before "
                "sending messages."
            )
        scope = running_scope()
        accepted = self.accepted
        if self.turns is not scope.turns and (accepted is None or not accepted.is_of(scope.turns)):
            raise _not_yours()
        scope.turns.output.hold(partial(self._transmit, frame))

    def _transmit(self, frame: Frame) -> None:
        if self.end.peer.is_lost and self.turns is not None:
            self._arrived(Lost("Network connection lost."))
        self.end.write(frame)
        if type(frame) is Close:
            self._forget_if_ended()
            # The other end was the first: there are no tags any more.
            if self.phase is Phase.CLOSED:
                self.accepted = None

    # -- what it hears

    def _arrived(self, frame: Frame) -> None:
        turns, context = self.turns, self._context
        if turns is None or context is None:
            return
        turns.arrive(Callback(self._take, (frame,), context), self._section)

    def _take(self, frame: Frame) -> None:
        hear = self._hear
        if hear is None or self.phase is Phase.FAILED:
            return
        if self._has_heard_close and not _is_failure(frame):
            self._forget_after_turn()
            return
        if isinstance(frame, (str, bytes)):
            self.end.consume(frame)
        elif isinstance(frame, Close):
            self.phase = follow(self.phase, Sign.CLOSE_RECEIVED)
            if self._replies and not self.has_closed:
                self._close(frame)
        elif frame.error is not None:
            self.phase = follow(self.phase, Sign.FAILED)
        hear(frame)
        if type(frame) is Lost:
            self.phase = follow(self.phase, Sign.CLOSE_RECEIVED)
        self._forget_after_turn()

    def fail(self) -> bool:
        """End it, since what hears it has failed; False if it had ended so before."""
        if self.phase is Phase.FAILED:
            return False
        self.phase = Phase.FAILED
        running_scope().turns.output.hold(self.end.cut)
        self._forget_after_turn()
        return True

    @property
    def _has_heard_close(self) -> bool:
        return self.phase is Phase.RECEIVED or self.phase is Phase.CLOSED

    @property
    def keeps_awake(self) -> bool:
        """Whether its owner has to stay: somebody else has the other end and may send."""
        holder = self.end.peer.holder
        return (
            self.phase in {Phase.OPEN, Phase.SENT}
            and not self.end.is_lost
            and holder is not None
            and holder is not self.turns
        )

    @property
    def _has_ended(self) -> bool:
        return self.end.is_lost or self.phase is Phase.CLOSED or self.phase is Phase.FAILED

    def _forget_after_turn(self) -> None:
        # A turn that is taken back takes back what it has said: the owner, which a reset ends,
        # still has the socket then, and cuts it.
        if self._has_ended:
            running_scope().turns.output.hold(self._forget_if_ended)

    def _forget_if_ended(self) -> None:
        if self.turns is not None and self._has_ended:
            self.turns.sockets.discard(self)
            self.turns.ending.discard(self)

    # -- the end of its owner

    def shut(self, code: int, reason: str) -> bool:
        """Close it from outside its owner, which hears nothing; False if it was closed before."""
        is_new = self.phase is Phase.OPEN and not self.end.is_lost
        if is_new and self.end.peer.holder is not None:
            self.end.write(Close(code, reason))
        self.cut()
        return is_new

    def cut(self) -> None:
        """End it from outside its owner, which hears nothing."""
        self._hear = None
        self.phase = follow(self.phase, Sign.FAILED)
        self.end.cut()

    def owner_gone(self) -> None:
        """The owner is dead; what its earlier turns have said is let out first."""
        self._hear = None
        if self.turns is not None:
            self.turns.loop.call_unowned(self.cut)

    @property
    def execution(self) -> Execution | None:
        """What it was accepted in."""
        return None if self._context is None else self._context.get(EXECUTION)

    def end_with_request(self) -> None:
        """Let go of a client's socket when nothing is at work for its request, unless it is closed.

        A Worker's request is over when its client has closed the socket and nothing is waited for,
        and takes it along.
        """
        if type(self.end.peer.holder) is _Elsewhere:
            running_scope().turns.ending.add(self)

    def end_unless_closed(self) -> None:
        """Let go of it, unless it is closed."""
        if self.phase is Phase.RECEIVED:
            self.cut()
            self._forget_if_ended()


def running_scope() -> Scope:
    """Give who runs now.

    Raises:
        JsException: what ran was reset.
        RuntimeError: nobody does, in this thread.

    """
    scope = SCOPE.get()
    if scope is not None and scope.turns.is_dead:
        raise gone()
    if scope is None or not scope.turns.is_running:
        raise RuntimeError(
            "a WebSocket was used outside any turn, from another thread or from a callback of a"
            " transport; use it from code that a handler runs itself"
        )
    return scope


def _is_failure(frame: Frame) -> bool:
    return isinstance(frame, Lost) and frame.error is not None


class _Elsewhere:
    """Stands for a holder that is not known."""

    __slots__ = ("loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop


def _type_error(text: str) -> JsException:
    return JsException("TypeError", text)


def _not_yours() -> JsException:
    return JsException(
        "Error",
        "Cannot perform I/O on behalf of a different Durable Object. I/O objects (such as streams, "
        "request/response bodies, and others) created in the context of one Durable Object cannot "
        "be accessed from a different Durable Object in the same isolate. This is a limitation of "
        "Cloudflare Workers which allows us to improve overall performance. (I/O type: Native)",
    )

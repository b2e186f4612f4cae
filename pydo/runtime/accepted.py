"""One accepted socket of an object, and its events on their way.

Events of one socket begin in the order in which they came.  One whose object could not be started
(the constructor failed) is kept, and comes again with the next start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydo.errors import JsException
from pydo.runtime.closing import Sign, follow
from pydo.runtime.events import SocketClosed, SocketFailed, SocketMessage
from pydo.runtime.pipe import Close
from pydo.runtime.socket import LOST_TEXT

if TYPE_CHECKING:
    from pydo.runtime.events import SocketEvent
    from pydo.runtime.hibernation import HibernationManager
    from pydo.runtime.pipe import Frame
    from pydo.runtime.socket import Socket
    from pydo.runtime.turn import Turns

__all__ = ["LARGEST_MESSAGE", "Accepted", "SocketDelivery"]

LARGEST_MESSAGE: Final = 1024 * 1024  # bytes of one to a socket that hibernates
_NEAR: Final = int(0.8 * LARGEST_MESSAGE)  # from where on it is told


class Accepted:
    """One accepted socket.

    `view` is what the tenant's code holds of it: whatever the host surface puts there, until the
    tenant goes.
    """

    __slots__ = (
        "_begun",
        "_come",
        "_has_ended",
        "answered_ms",
        "is_gone",
        "manager",
        "socket",
        "tags",
        "view",
    )

    def __init__(self, manager: HibernationManager, socket: Socket, tags: tuple[str, ...]) -> None:
        self.manager = manager
        self.socket = socket
        self.tags = tags
        self.view: object = None
        self.answered_ms: int | None = None  # when it was last answered without the object
        self.is_gone = False
        self._has_ended = False  # whether the last event has come
        self._come = 0  # events that have come
        self._begun = 0  # and of these, those whose handlers have begun

    def is_of(self, turns: Turns) -> bool:
        """Whether `turns` are those of the tenant."""
        actor = self.manager.container.actor
        return actor is not None and actor.turns is turns

    # -- what it hears

    def hear(self, frame: Frame) -> None:
        """Take a frame from the other end."""
        if self._has_ended:
            self.manager.forget(self)
            return
        if isinstance(frame, (str, bytes)):
            if self._begun == self._come and self.manager.auto_answer(self, frame):
                return
            if len(frame) >= _NEAR:
                self.manager.container.namespace.has_large_messages(len(frame), LARGEST_MESSAGE)
            event: SocketEvent = SocketMessage(self, frame)
        elif isinstance(frame, Close):
            event = SocketClosed(self, frame.code, frame.reason, was_clean=True)
        elif frame.error is None:
            event = SocketClosed(self, 1006, LOST_TEXT, was_clean=False)
        else:
            event = SocketFailed(self, frame.error)
        if self.is_gone:
            return
        self._has_ended = type(event) is not SocketMessage
        delivery = SocketDelivery(event, self._come)
        self._come += 1
        self.manager.deliver(delivery)

    def begin(self, event: SocketEvent) -> bool:
        """Note that the tenant takes up an event; False when there is nothing to be handled."""
        self._begun += 1
        if isinstance(event, SocketMessage):
            self.socket.end.consume(event.data)
            return not self.manager.auto_answer_in_turn(self, event.data)
        if isinstance(event, SocketFailed):
            self.socket.is_mute = True
        self.socket.phase = follow(self.socket.phase, Sign.CLOSE_RECEIVED)
        return True

    def has_begun(self, number: int) -> bool:
        """Whether the handler of the event of that number has begun."""
        return number < self._begun

    def answer(self, text: str) -> None:
        """Send the auto-response, and note when."""
        self.answered_ms = self.manager.container.loop.clock.now_ms()
        self.socket.end.write(text)


class SocketDelivery:
    """An event on its way: nobody waits for its outcome, and an error is told."""

    __slots__ = ("_is_over", "event", "number")

    def __init__(self, event: SocketEvent, number: int) -> None:
        self.event = event
        self.number = number
        self._is_over = False

    def done(self) -> bool:
        """Whether nobody is interested any more: it was handled, or the socket was dropped."""
        return self._is_over or self.event.socket.is_gone

    def set_result(self, result: object, /) -> None:
        """Nothing comes of what a handler gives."""
        del result
        self._is_over = self.event.socket.has_begun(self.number)

    def set_exception(self, error: type | BaseException, /) -> None:
        """Keep the event if the object could not take it up; tell of an error of its handler."""
        assert isinstance(error, BaseException), "it comes from `travelling`"
        accepted = self.event.socket
        manager = accepted.manager
        is_reset = isinstance(error, JsException) and hasattr(error, "durableObjectReset")
        self._is_over = accepted.has_begun(self.number)
        if not self._is_over:
            manager.hold(self)
        if not is_reset:
            container = manager.container
            container.observer.uncaught(str(container.label), error)

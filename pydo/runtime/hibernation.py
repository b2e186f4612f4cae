"""The accepted sockets of one container: they stay while the object comes and goes.

A socket that an object has accepted with `acceptWebSocket` belongs to the object's place.  What it
hears is an event there (`SocketMessage`, `SocketClosed`, `SocketFailed`), which wakes the object if
it sleeps; a message that equals the auto-response's request is answered from here and wakes nobody.

    listed     from `acceptWebSocket` until the handler of its end has begun
    leaving    then, until the object has closed it too or is gone

Sources: src/workerd/io/legacy-hibernation-manager.c++, src/workerd/api/actor-state.c++.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from pydo.errors import JsException
from pydo.runtime.accepted import LARGEST_MESSAGE, Accepted
from pydo.runtime.closing import Phase
from pydo.runtime.socket import Use

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydo.runtime.accepted import SocketDelivery
    from pydo.runtime.container import ActorContainer
    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.socket import Socket

__all__ = ["HibernationManager"]

MOST_SOCKETS: Final = 32_768
MOST_TAGS: Final = 10
LONGEST_TAG: Final = 256
LONGEST_AUTO: Final = 2048
LONGEST_TIMEOUT_MS: Final = 604_800_000
LARGEST_ATTACHMENT: Final = 16_384


class HibernationManager:
    """The accepted sockets of one container, and what is set for them all."""

    __slots__ = (
        "_auto",
        "_by_tag",
        "_held",
        "_leaving",
        "_listed",
        "container",
        "event_timeout_ms",
    )

    def __init__(self, container: ActorContainer) -> None:
        self.container = container
        self.event_timeout_ms: int | None = None
        self._auto: tuple[str, str] | None = None
        self._listed: dict[Accepted, None] = {}
        self._by_tag: dict[str, dict[Accepted, None]] = {}
        self._leaving: set[Accepted] = set()
        self._held: list[SocketDelivery] = []

    def __len__(self) -> int:
        return len(self._listed)

    @property
    def loop(self) -> ObjectLoop:
        """The loop that it runs on."""
        return self.container.loop

    # -- what user code asks for

    def accept(self, socket: Socket, tags: Iterable[str] = ()) -> Accepted:
        """Take a socket that hibernates with the object.

        Raises:
            JsException: it was used already, or there are too many sockets or tags.

        """
        if socket.use in {Use.ACCEPTED, Use.HIBERNATABLE}:
            raise JsException(
                "Error",
                "Cannot call `acceptWebSocket()` if the WebSocket was already accepted via "
                "`accept()`",
            )
        if socket.use is not Use.FRESH or socket.end.peer.holder is not None:
            raise JsException(
                "Error",
                "Cannot call `acceptWebSocket()` on this WebSocket because its pair has already "
                "been accepted or used in a Response.",
            )
        if len(self) >= MOST_SOCKETS:
            raise JsException(
                "Error",
                "only 32768 websockets can be accepted on a single Durable Object instance",
            )
        accepted = Accepted(self, socket, _checked_tags(tags))
        self._listed[accepted] = None
        for tag in accepted.tags:
            self._by_tag.setdefault(tag, {})[accepted] = None
        socket.use, socket.accepted = Use.HIBERNATABLE, accepted
        socket.end.holder, socket.end.limit = self, LARGEST_MESSAGE
        socket.end.read(accepted.hear)
        return accepted

    def sockets(self, tag: str | None = None) -> list[Accepted]:
        """Give the sockets, newest first; those of a tag oldest first."""
        if tag is None:
            return list(reversed(self._listed))
        return list(self._by_tag.get(tag, ()))

    @property
    def auto_response(self) -> tuple[str, str] | None:
        """What message is answered without the object, and with what."""
        return self._auto

    @auto_response.setter
    def auto_response(self, pair: tuple[str, str] | None) -> None:
        for what, text in zip(("Request", "Response"), pair or (), strict=False):
            size = len(text.encode("utf-8", "replace"))
            if size > LONGEST_AUTO:
                raise JsException(
                    "RangeError",
                    f"{what} cannot be larger than {LONGEST_AUTO} bytes. A "
                    f"{what.lower()} of size {size} was provided.",
                )
        self._auto = pair

    def set_event_timeout(self, ms: int | None) -> None:
        """Let no handler of an event take longer than this.

        Raises:
            JsException: it is more than a week.

        """
        if ms is not None and ms > LONGEST_TIMEOUT_MS:
            raise JsException("Error", f"Event timeout should not exceed {LONGEST_TIMEOUT_MS} ms.")
        self.event_timeout_ms = ms or None

    # -- events

    def deliver(self, delivery: SocketDelivery) -> None:
        """Bring an event to the object, as it is now."""
        container = self.container
        container.deliver(delivery.event, container.namespace.worker.generation, delivery)

    def hold(self, delivery: SocketDelivery) -> None:
        """Keep an event that the object could not take up."""
        if not delivery.event.socket.is_gone:
            self._held.append(delivery)

    def take_held(self) -> list[SocketDelivery]:
        """Give the events that were kept: there is a new tenant for them."""
        held, self._held = self._held, []
        return held

    def auto_answer(self, accepted: Accepted, message: str | bytes) -> bool:
        """Answer a message without the object, if it is the one to be answered so."""
        auto = self._auto
        if auto is None or type(message) is bytes or message != auto[0]:
            return False
        accepted.socket.end.consume(message)
        if accepted.socket.phase is Phase.OPEN:
            accepted.answer(auto[1])
        return True

    def auto_answer_in_turn(self, accepted: Accepted, message: str | bytes) -> bool:
        """Answer such a message that came behind others, after what those have said."""
        auto = self._auto
        actor = self.container.actor
        if auto is None or actor is None or type(message) is bytes or message != auto[0]:
            return False
        if accepted.socket.phase is Phase.OPEN:
            actor.turns.output.hold(partial(accepted.answer, auto[1]))
        return True

    # -- leaving

    def remove(self, accepted: Accepted) -> None:
        """Take a socket that has ended from the lists."""
        if accepted not in self._listed:
            return
        del self._listed[accepted]
        for tag in accepted.tags:
            tagged = self._by_tag[tag]
            del tagged[accepted]
            if not tagged:
                del self._by_tag[tag]
        if accepted.socket.phase is Phase.RECEIVED:
            self._leaving.add(accepted)

    def forget(self, accepted: Accepted) -> None:
        """Let go of a socket whose connection has ended."""
        self._leaving.discard(accepted)

    def tenant_left(self) -> None:
        """The tenant is gone: so are its views, and the sockets that it has not closed."""
        leaving, self._leaving = self._leaving, set()
        for accepted in leaving:
            self._cut(accepted)
        for accepted in self._listed:
            accepted.view = None

    def drop(self) -> None:
        """Cut every socket, without a close frame; no handler hears of it."""
        dropped = [*self._listed, *self._leaving]
        self._listed.clear()
        self._by_tag.clear()
        self._leaving.clear()
        self._held.clear()
        for accepted in dropped:
            self._cut(accepted)

    def _cut(self, accepted: Accepted) -> None:
        accepted.is_gone = True
        # What earlier turns have said is let out first.
        self.container.loop.call_unowned(accepted.socket.cut)


def _checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for tag in tags:
        if len(found) >= MOST_TAGS:
            raise JsException("Error", "a Hibernatable WebSocket cannot have more than 10 tags")
        if len(tag.encode("utf-8", "replace")) > LONGEST_TAG:
            raise JsException(
                "Error", f'"{tag}" is longer than the max tag length (256 characters).'
            )
        found[tag] = None
    return tuple(found)

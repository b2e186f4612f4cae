"""What happens to an object: frozen values, delivered one at a time.

    Deliver     = Callable[[Event], Future[Outcome]]      a container's only door
    Wake        = Callable[[DurableObjectId], ActorContainer]
    Instantiate = Callable[[Actor], Instance]             the core asks for an instance of a class

Requests, responses, arguments and results are opaque to the core: the host surface makes them and
reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from pydo.runtime.accepted import Accepted

__all__ = [
    "Addressed",
    "AlarmFired",
    "Event",
    "Fetch",
    "FunctionCall",
    "Handler",
    "RpcCall",
    "Scheduled",
    "SocketClosed",
    "SocketEvent",
    "SocketFailed",
    "SocketMessage",
]


@dataclass(frozen=True, slots=True)
class Fetch:
    """An HTTP request, from outside or through a stub."""

    request: object


@dataclass(frozen=True, slots=True)
class RpcCall:
    """A method called through a stub; the arguments are the callee's own copies."""

    method: str
    arguments: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function called through a stub that its owner has given away."""

    function: object
    arguments: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class AlarmFired:
    """The object's alarm rings: set for `scheduled_ms` (since 1970), tried `retries` times."""

    scheduled_ms: int
    retries: int


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A cron trigger of the Worker's; `controller` is what its handler is told."""

    controller: object


@dataclass(frozen=True, slots=True)
class SocketMessage:
    """A message came on an accepted socket."""

    socket: Accepted
    data: str | bytes


@dataclass(frozen=True, slots=True)
class SocketClosed:
    """An accepted socket was closed at the other end, or its connection was lost."""

    socket: Accepted
    code: int
    reason: str
    was_clean: bool


@dataclass(frozen=True, slots=True)
class SocketFailed:
    """What came on an accepted socket was wrong."""

    socket: Accepted
    error: str


@dataclass(frozen=True, slots=True)
class Addressed:
    """An event for an entrypoint of a Worker, None for the default one, with its `ctx.props`."""

    entrypoint: str | None
    props: object
    event: Fetch | RpcCall


SocketEvent = SocketMessage | SocketClosed | SocketFailed
Event = Fetch | RpcCall | FunctionCall | AlarmFired | Scheduled | SocketEvent | Addressed


class Handler(Protocol):
    """What takes events: an instance of a user's class, or a Worker's entrypoint."""

    def handle(self, event: Event) -> Coroutine[Any, Any, object]:
        """Run the user's handler for `event`; the coroutine gives its result."""
        ...

"""What happens to an object: frozen values, delivered one at a time.

    Deliver     = Callable[[Event], Future[Outcome]]      a container's only door
    Wake        = Callable[[DurableObjectId], ActorContainer]
    Instantiate = Callable[[Actor], Instance]             the core asks for an instance of a class

Requests, responses, arguments and results are opaque to the core: the host surface makes them and
reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Event", "Fetch", "Handler", "RpcCall"]


@dataclass(frozen=True, slots=True)
class Fetch:
    """An HTTP request, from outside or through a stub."""

    request: object


@dataclass(frozen=True, slots=True)
class RpcCall:
    """A method called through a stub; the arguments are the callee's own copies."""

    method: str
    arguments: tuple[object, ...]


Event = Fetch | RpcCall


class Handler(Protocol):
    """What takes events: an instance of a user's class, or a Worker's entrypoint."""

    async def handle(self, event: Event) -> object:
        """Run the user's handler for `event` and give its result."""
        ...

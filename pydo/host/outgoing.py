"""What leaves a Worker for another server, and what comes back: the port that a shell fills.

`host` knows what is asked for, the shell knows HTTP.  Whoever fills the port runs outside any
object, raises what a Worker may see, and closes the connection when it is told to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydo.errors import JsException, internal_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from pydo.runtime.pipe import PipeEnd

__all__ = [
    "Answered",
    "DialPort",
    "FetchPort",
    "Joined",
    "Outgoing",
    "internal_error",
    "network_lost",
]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request on the wire.

    `url` is absolute, without user, password and fragment; `length` is that of a body in chunks,
    where it is known.
    """

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes | AsyncIterator[bytes] | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The head of an answer, and the way to its body.

    `read` gives some bytes of it, b"" at the end; `close` gives the rest up.
    """

    status: int
    reason: str
    headers: list[tuple[str, str]]
    length: int | None
    read: Callable[[], Awaitable[bytes]]
    close: Callable[[], object]


class FetchPort(Protocol):
    """The way out."""

    def __call__(self, outgoing: Outgoing, /) -> Awaitable[Answered]:
        """Send a request, and give the head of what answers it; redirections are answers.

        Raises:
            JsException: there is no answer.

        """
        ...


@dataclass(frozen=True, slots=True)
class Joined:
    """A WebSocket to another server: this side's end of its pipe, and the head of the answer."""

    end: PipeEnd
    headers: list[tuple[str, str]]
    protocol: str | None


class DialPort(Protocol):
    """The way out for WebSockets."""

    def __call__(self, outgoing: Outgoing, /) -> Awaitable[Joined | Answered]:
        """Ask a server for a WebSocket; gives what it answers instead if it has none to give.

        Raises:
            JsException: there is no answer.

        """
        ...


def network_lost(**properties: object) -> JsException:
    """Make the error of a connection that is refused or that breaks."""
    return JsException("Error", "Network connection lost.", retryable=True, **properties)

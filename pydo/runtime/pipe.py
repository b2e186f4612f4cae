"""A pipe of frames with two ends: what is written into one is read at the other.

A frame is a text (`str`), a message of bytes, a `Close`, or `Lost`, the last that an end hears.
Frames that nobody reads yet are kept.  What a reader has taken but not worked off counts as unread
until it says `consume`; a writer that can wait does so while its pipe is `is_full`, and a pipe
that holds more than `MOST_UNREAD` is cut, so that a reader that stands still fills no memory.
A reader with a buffer and a limit of its own (`keeps_count`) is not counted for.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = [
    "LOST",
    "MOST_UNREAD",
    "NO_STATUS",
    "Close",
    "Frame",
    "Holder",
    "Lost",
    "PipeEnd",
    "new_pipe",
]

NO_STATUS: Final = 1005  # stands for a close frame that names no code
MOST_UNREAD: Final = 64 * 1024 * 1024
_FULL: Final = 256 * 1024
_OVERHEAD: Final = 64  # of each frame, so that empty ones count too


@dataclass(frozen=True, slots=True)
class Close:
    """The writer sends no more."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection ended without a close frame; `error` says what was wrong with a frame."""

    error: str | None = None


LOST: Final = Lost()

Frame = str | bytes | Close | Lost


class Holder(Protocol):
    """Who has taken an end of a pipe."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that it runs on."""
        ...


class PipeEnd:
    """One end.  `holder` is who has taken it, so that nobody waits for an end that nobody has."""

    __slots__ = (
        "_is_counted",
        "_kept",
        "_on_room",
        "_reader",
        "holder",
        "is_lost",
        "limit",
        "peer",
        "unread",
    )
    peer: PipeEnd

    def __init__(self) -> None:
        self.holder: Holder | None = None
        self.limit: int | None = None  # bytes that a message read here may have
        self.unread = 0
        self.is_lost = False
        self._is_counted = True
        self._reader: Callable[[Frame], object] | None = None
        self._kept: deque[Frame] | None = None
        self._on_room: Callable[[], object] | None = None

    def write(self, frame: Frame) -> None:
        """Send a frame; it is dropped if the pipe was cut."""
        peer = self.peer
        if peer.is_lost:
            return
        if peer._is_counted and (type(frame) is str or type(frame) is bytes):  # noqa: SLF001 - its own class
            peer.unread += len(frame) + _OVERHEAD
            if peer.unread > MOST_UNREAD:
                self.cut()
                return
        elif type(frame) is Lost:
            peer.is_lost = True
        reader = peer._reader  # noqa: SLF001 - its own class
        if reader is not None:
            reader(frame)
        else:
            peer._keep(frame)  # noqa: SLF001 - its own class

    def read(self, reader: Callable[[Frame], object], *, keeps_count: bool = False) -> None:
        """Give every frame to `reader`, those that were kept first."""
        kept, self._kept = self._kept, None
        self._reader = reader
        if keeps_count:
            self._is_counted, self.unread = False, 0
        for frame in kept or ():
            reader(frame)

    def _keep(self, frame: Frame) -> None:
        if self._kept is None:
            self._kept = deque()
        self._kept.append(frame)

    def consume(self, frame: str | bytes) -> None:
        """Say that a message is worked off: there is room for more."""
        self.unread -= len(frame) + _OVERHEAD
        if self._on_room is not None and self.unread <= _FULL:
            self.room()

    @property
    def is_full(self) -> bool:
        """Whether the other end has so much to work off that a writer should wait."""
        return self.peer.unread > _FULL

    def when_room(self, callback: Callable[[], object]) -> None:
        """Call back, once, when `is_full` has ended."""
        self.peer.call_for_room(callback)

    def call_for_room(self, callback: Callable[[], object]) -> None:
        """Call back, once, when there is room at this end."""
        self._on_room = callback

    def cut(self) -> None:
        """End the pipe in both directions, without a close frame."""
        for end in (self, self.peer):
            end.unread = 0
            end.peer.write(LOST)
            end.room()

    def room(self) -> None:
        """Tell a writer that waits that it need not."""
        on_room, self._on_room = self._on_room, None
        if on_room is not None:
            on_room()


def new_pipe() -> tuple[PipeEnd, PipeEnd]:
    """Give the two ends of a new pipe."""
    one, other = PipeEnd(), PipeEnd()
    one.peer, other.peer = other, one
    return one, other

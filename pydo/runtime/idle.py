"""When a place has been idle for long enough that its tenant goes.

One timer serves many short spells of idleness: an event does not cancel it, it looks how long the
present spell has lasted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.runtime.lifecycle import State

if TYPE_CHECKING:
    from pydo.runtime.clock import Timer
    from pydo.runtime.container import ActorContainer

__all__ = ["IdleTimer"]


class IdleTimer:
    """Lets a container sleep once it has been idle without a break."""

    __slots__ = ("_container", "_since", "_timer")

    def __init__(self, container: ActorContainer) -> None:
        self._container = container
        self._since = 0.0
        self._timer: Timer | None = None

    def begin(self) -> None:
        """A spell of idleness begins."""
        container = self._container
        self._since = container.loop.clock.monotonic()
        if self._timer is None:
            self._wait(container.settings.idle_s)

    def _wait(self, delay_s: float) -> None:
        self._timer = self._container.loop.clock.call_later(delay_s, self._rang)

    def _rang(self) -> None:
        self._timer = None
        container = self._container
        if container.state is not State.IDLE:
            return
        left = self._since + container.settings.idle_s - container.loop.clock.monotonic()
        if left > 0:
            self._wait(left)
        else:
            container.sleep()

"""What the core tells of itself: hooks that do nothing unless somebody listens.

Source of the idea: src/workerd/io/observer.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydo.runtime.lifecycle import State
    from pydo.runtime.memory import Loss

__all__ = ["Observer"]


class Observer:
    """Hears what happens; override what is of interest.

    An object is named by its class, its 64 hex digits and, where it has one, its name.
    """

    def moved(self, label: ObjectLabel, before: State, after: State) -> None:
        """A container went from one state to another."""

    def was_reset(self, label: ObjectLabel, error: BaseException) -> None:
        """An object was reset; `error` is what its callers see."""

    def uncaught(self, where: str, error: BaseException) -> None:
        """User code raised, and nobody was waiting for it.  `where` names the owner."""

    def alarm_failed(self, label: ObjectLabel, error: BaseException, retry_s: float | None) -> None:
        """An alarm handler raised; it is tried again in `retry_s` seconds, or not at all."""

    def memory_lost(self, label: ObjectLabel, state: State, losses: list[Loss]) -> None:
        """An object that wakes had lost these when it slept; `state` is HIBERNATED or ABSENT."""

    def sockets_shut(self, where: str, count: int) -> None:
        """So many sockets were closed, since the code that had accepted them was replaced."""

    def streams_cut(self, where: str, count: int, seconds: float) -> None:
        """So many streams were cut: their code was replaced, and they had so long to end."""

    def blocked(self, where: str, place: str) -> None:
        """A line of the user's holds the event loop, and so everybody else; told once of each."""

    def stuck(self, where: str, seconds: float, place: str) -> None:
        """A turn has been running for `seconds`; `place` is the user's line (`file:line`)."""

    def interrupted(self, where: str, seconds: float, place: str) -> None:
        """A turn ran for longer than the limit and was stopped."""

    def unstoppable(self, where: str, seconds: float, place: str) -> None:
        """A turn ran for longer than the limit, in code that cannot be stopped."""


class ObjectLabel:
    """How an object is called in what is told of it."""

    __slots__ = ("class_name", "hex", "name")

    def __init__(self, class_name: str, hex_id: str, name: str | None) -> None:
        self.class_name = class_name
        self.hex = hex_id
        self.name = name

    def __str__(self) -> str:
        return f"{self.class_name}/{self.name if self.name is not None else self.hex}"

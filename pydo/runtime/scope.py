"""Whose code it is that runs: context variables that every callback and task inherits.

The event loop looks at them to bring a callback to its owner (`runtime/loop.py`).
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pydo.runtime.gates import CriticalSection
    from pydo.runtime.turn import Turns

__all__ = ["EXECUTION", "SCOPE", "Execution", "Scope"]


class Scope:
    """Where a piece of running code belongs: its owner, its critical section, its generation.

    `generation` is that of the Worker whose event set the code going: a call made for an event of
    the old code carries it to the next object (`ActorContainer.deliver`).
    """

    __slots__ = ("generation", "section", "turns")

    def __init__(self, turns: Turns, section: CriticalSection, generation: int) -> None:
        self.turns = turns
        self.section = section
        self.generation = generation


SCOPE: ContextVar[Scope | None] = ContextVar("pydo-scope", default=None)


class Execution(Protocol):
    """What code runs for: one request of a Worker's, or the life of an object."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and the functions that were made in it."""
        ...


# The request of a Worker's that runs; an object lives in one execution all its life.
EXECUTION: ContextVar[Execution | None] = ContextVar("pydo-execution", default=None)

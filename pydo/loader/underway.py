"""Imports from several threads: each module executes once, and whoever needs it waits."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

__all__ = ["ImportsUnderWay", "UnderWay"]


@dataclass(slots=True)
class UnderWay:
    """One import: the module, the thread that executes it, and its end."""

    name: str
    thread: int
    done: threading.Event = field(default_factory=threading.Event)


class ImportsUnderWay:
    """Which thread executes which module, so that another one that needs it waits.

    As in Python, a thread never waits for one that waits for it: it gets the module half made.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, UnderWay] = {}
        self._waiting: dict[int, UnderWay] = {}
        self._lock = threading.Lock()

    def is_under_way(self, name: str) -> bool:
        """Whether a module is executing, in whatever thread."""
        return name in self._under_way

    def enter(self, name: str) -> UnderWay | None:
        """Begin an import, or return the one that another call has begun."""
        with self._lock:
            if name in self._under_way:
                return self._under_way[name]
            self._under_way[name] = UnderWay(name, threading.get_ident())
            return None

    def leave(self, name: str) -> None:
        """End an import, and let those go on that wait for it."""
        with self._lock:
            self._under_way.pop(name).done.set()

    def wait(self, under_way: UnderWay) -> bool:
        """Wait until an import has ended; False if this thread would wait for itself."""
        me = threading.get_ident()
        with self._lock:
            step: UnderWay | None = under_way
            while step is not None:
                if step.thread == me:
                    return False
                step = self._waiting.get(step.thread)
            self._waiting[me] = under_way
        try:
            under_way.done.wait()
        finally:
            with self._lock:
                del self._waiting[me]
        return True

"""Which of many alarms is next: a heap of their times, in which what is out of date stays."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydo.runtime.namespace import ActorNamespace

__all__ = ["AlarmKey", "AlarmTable"]

AlarmKey = tuple["ActorNamespace", str]  # and the hex id of the object


class AlarmTable:
    """Which of many alarms is next."""

    def __init__(self) -> None:
        self._due: dict[AlarmKey, int] = {}
        self._heap: list[tuple[int, int, AlarmKey]] = []
        self._order = 0

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: AlarmKey, due_ms: int) -> None:
        """Let `key` be due at a time, and not when it was."""
        if self._due.get(key) != due_ms:
            self._due[key] = due_ms
            self._order += 1  # keys have no order of their own
            heapq.heappush(self._heap, (due_ms, self._order, key))

    def remove(self, key: AlarmKey) -> None:
        """Let `key` not be due."""
        self._due.pop(key, None)

    def next_ms(self) -> int | None:
        """Give when the next one is due."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # it was set anew, or removed
        return self._heap[0][0] if self._heap else None

    def take_due(self, now_ms: int) -> list[AlarmKey]:
        """Take out those that are due, in order."""
        taken: list[AlarmKey] = []
        while (due := self.next_ms()) is not None and due <= now_ms:
            key = heapq.heappop(self._heap)[2]
            del self._due[key]
            taken.append(key)
        return taken

"""Time as the core sees it: what o'clock it is, how long ago, and call me back then.

Everything that waits in the core (idle eviction, limits, the timers of user code) goes by a
`Clock`, so that a test can drive a day in a millisecond.
"""

from __future__ import annotations

import heapq
import time
from itertools import count
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "ManualClock", "SystemClock", "Timer"]


class Timer(Protocol):
    """A call that has been asked for and can be taken back."""

    def cancel(self) -> None:
        """Take the call back; nothing happens if it was made already."""
        ...


class Clock(Protocol):
    """Where the core takes the time from."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, by the wall clock."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment in the past; never goes back."""
        ...

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Call `callback` from the event loop, outside any turn, `delay_s` seconds from now."""
        ...


class SystemClock:
    """The machine's clock; `call_later` is the event loop's own."""

    def __init__(self, call_later: Callable[[float, Callable[[], object]], Timer]) -> None:
        self._call_later = call_later

    def now_ms(self) -> int:
        """Milliseconds since 1970, by the wall clock."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds of `time.monotonic`."""
        return time.monotonic()

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Call `callback` from the event loop `delay_s` seconds from now."""
        return self._call_later(delay_s, callback)


class _ManualTimer:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, start_ms: int = 1_700_000_000_000) -> None:
        self._start_ms = start_ms
        self._elapsed = 0.0
        self._order = count()
        self._timers: list[tuple[float, int, _ManualTimer]] = []

    def now_ms(self) -> int:
        """Milliseconds since 1970: where the clock started, plus all it was advanced by."""
        return self._start_ms + round(self._elapsed * 1000)

    def monotonic(self) -> float:
        """Seconds that the clock was advanced by."""
        return self._elapsed

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Call `callback` when the clock has been advanced by `delay_s` seconds."""
        timer = _ManualTimer(callback)
        heapq.heappush(self._timers, (self._elapsed + max(delay_s, 0), next(self._order), timer))
        return timer

    def next_due(self, until: float) -> Callable[[], object] | None:
        """Move to the next call due no later than `until` (`monotonic` seconds) and give it.

        None when there is no such call: the clock then stands at `until`.
        """
        while self._timers and self._timers[0][0] <= until:
            when, _, timer = heapq.heappop(self._timers)
            if timer.callback is not None:
                self._elapsed = max(self._elapsed, when)
                return timer.callback
        self._elapsed = max(self._elapsed, until)
        return None

"""The clocks: one stands still until it is told to go on, the other is the machine's."""

from __future__ import annotations

import time

from pydo.runtime.clock import ManualClock, SystemClock


def run(clock: ManualClock, until: float) -> None:
    while (callback := clock.next_due(until)) is not None:
        callback()


def test_a_manual_clock_stands_still() -> None:
    clock = ManualClock(start_ms=1_000)

    assert (clock.now_ms(), clock.monotonic()) == (1_000, 0)
    run(clock, 1.5)
    assert (clock.now_ms(), clock.monotonic()) == (2_500, 1.5)
    run(clock, 1)
    assert (clock.now_ms(), clock.monotonic()) == (2_500, 1.5)


def test_timers_ring_in_the_order_in_which_they_are_due() -> None:
    clock, rung = ManualClock(), list[tuple[str, float]]()

    def ring(name: str) -> None:
        rung.append((name, clock.monotonic()))

    clock.call_later(2, lambda: ring("second"))
    clock.call_later(1, lambda: ring("first"))
    clock.call_later(2, lambda: ring("second too"))
    clock.call_later(-1, lambda: ring("at once"))
    clock.call_later(9, lambda: ring("too late"))
    run(clock, 5)

    assert rung == [("at once", 0), ("first", 1), ("second", 2), ("second too", 2)]
    assert clock.monotonic() == 5


def test_a_timer_that_was_taken_back_does_not_ring() -> None:
    clock, rung = ManualClock(), list[str]()

    timer = clock.call_later(1, lambda: rung.append("rung"))
    timer.cancel()
    timer.cancel()
    run(clock, 2)

    assert rung == []


def test_a_timer_set_by_a_timer_rings_in_the_same_stretch() -> None:
    clock, rung = ManualClock(), list[float]()

    def ring() -> None:
        rung.append(clock.monotonic())
        clock.call_later(1, ring)

    clock.call_later(1, ring)
    run(clock, 3)

    assert rung == [1, 2, 3]


def test_the_system_clock_is_the_machines() -> None:
    asked: list[float] = []

    class Timer:
        def cancel(self) -> None: ...

    def call_later(delay_s: float, callback: object) -> Timer:
        del callback
        asked.append(delay_s)
        return Timer()

    clock = SystemClock(call_later)

    assert abs(clock.now_ms() / 1000 - time.time()) < 5
    assert abs(clock.monotonic() - time.monotonic()) < 5
    assert isinstance(clock.call_later(3, lambda: None), Timer)
    assert asked == [3]

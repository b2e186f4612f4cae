"""Cron triggers: the handler `scheduled`, called by hand or on its schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.config.cron import Cron
from pydo.host.scheduled import ScheduledController

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from pydo.runtime.clock import Clock, Timer

__all__ = ["CronSchedule", "Outcome", "Trigger"]

_LONGEST_SLEEP_S = 60.0  # timers stand still while the machine sleeps: how late it may be


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call of `scheduled` went; an `error` is what it raised, not what it left behind."""

    error: Exception | None = None
    is_ok: bool = True
    is_final: bool = False

    @property
    def text(self) -> str:
        """The outcome as workerd names it."""
        return "ok" if self.is_ok else "exception"


class Trigger:
    """Calls the handler; `deliver` brings a call to the Worker, `on_error` hears of failures."""

    def __init__(
        self,
        deliver: Callable[[object], Awaitable[object]],
        clock: Clock,
        on_error: Callable[[str, BaseException], None],
    ) -> None:
        self._deliver = deliver
        self._clock = clock
        self._on_error = on_error

    async def call(self, cron: str, time_ms: int | None = None, *, waits: bool = True) -> Outcome:
        """Call the handler, for now by default; `waits` for what it gave to `waitUntil` too."""
        scheduled_ms = self._clock.now_ms() if time_ms is None else time_ms
        controller = ScheduledController(scheduled_ms, cron)
        try:
            await self._deliver(controller)
        except Exception as error:  # noqa: BLE001 - the handler's, whatever it is
            self._on_error("the scheduled handler", error)
            return Outcome(error, is_ok=False, is_final=controller.__is_final__)
        execution = controller.__execution__
        is_ok = not waits or execution is None or await execution.rest()
        return Outcome(None, is_ok=is_ok, is_final=controller.__is_final__)


class CronSchedule:
    """Calls the handler at the times that the expressions name; a time that is missed is over."""

    def __init__(self, clock: Clock, ring: Callable[[str, int], object]) -> None:
        self._clock = clock
        self._ring = ring
        self._crons: tuple[Cron, ...] = ()
        self._due: tuple[int, tuple[Cron, ...]] | None = None
        self._timer: Timer | None = None

    def set(self, crons: Iterable[str]) -> None:
        """Go by these expressions from now on."""
        new = tuple(Cron.parse(each) for each in crons)
        if [each.text for each in new] != [each.text for each in self._crons]:
            self._crons = new
            self._plan(self._clock.now_ms())

    def close(self) -> None:
        """Call no more."""
        self._crons = ()
        self._plan(0)

    @property
    def next_ms(self) -> int | None:
        """When the next call is due."""
        return None if self._due is None else self._due[0]

    def _plan(self, after_ms: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        times = [(each, each.next_after(after_ms)) for each in self._crons]
        due = min((time for _, time in times if time is not None), default=None)
        self._due = None
        if due is not None:
            self._due = (due, tuple(each for each, time in times if time == due))
            self._sleep(due)

    def _sleep(self, due_ms: int) -> None:
        delay_s = min((due_ms - self._clock.now_ms()) / 1000, _LONGEST_SLEEP_S)
        self._timer = self._clock.call_later(max(delay_s, 0), self._wake)

    def _wake(self) -> None:
        if self._due is None:
            return
        due_ms, crons = self._due
        now_ms = self._clock.now_ms()
        if now_ms < due_ms:
            self._sleep(due_ms)
            return
        for cron in crons:
            self._ring(cron.text, due_ms)
        self._plan(max(due_ms, now_ms - 60_000))

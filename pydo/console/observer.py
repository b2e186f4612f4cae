"""The core's hooks as lines in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.console.level import Level
from pydo.errors import JsException
from pydo.runtime.failure import origin
from pydo.runtime.lifecycle import State
from pydo.runtime.observer import ObjectLabel, Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pydo.console.console import Console
    from pydo.runtime.memory import Loss

__all__ = ["ConsoleObserver"]


class ConsoleObserver(Observer):
    """Says what nobody else would hear of; `owns` tells the project's files in a traceback.

    `may_forget` names attributes whose loss is nothing to tell, as `Class.attribute` or, for every
    class, as `attribute`.
    """

    def __init__(
        self,
        console: Console,
        owns: Callable[[str], bool],
        may_forget: Collection[str] = (),
    ) -> None:
        self._console = console
        self._owns = owns
        self._told = set(may_forget)

    def moved(self, label: ObjectLabel, before: State, after: State) -> None:
        """A container went from one state to another: shown at `debug` only."""
        if self._console.shows(Level.DEBUG):
            self._console.debug(f"{label}: {before.value} → {after.value}")

    def was_reset(self, label: ObjectLabel, error: BaseException) -> None:
        """An object was reset: with the traceback of its cause, if user code raised that."""
        cause = origin(error)
        if isinstance(cause, JsException) and cause.__traceback__ is None:
            self._console.warn(f"{label} was reset: {cause.message}")
        else:
            self._console.user_error(cause, self._owns, title=f"{label} was reset")

    def uncaught(self, where: str, error: BaseException) -> None:
        """User code raised, and nobody was waiting for it."""
        self._console.user_error(error, self._owns, title=f"Uncaught error in {where}")

    def alarm_failed(self, label: ObjectLabel, error: BaseException, retry_s: float | None) -> None:
        """An alarm handler raised: with its traceback, and when it is tried again."""
        when = "it is not tried again" if retry_s is None else f"tried again in {retry_s:.1f} s"
        self._console.user_error(
            error, self._owns, title=f"Uncaught error in the alarm of {label}; {when}"
        )

    def memory_lost(self, label: ObjectLabel, state: State, losses: list[Loss]) -> None:
        """An object slept and lost attributes: each is told of once in a class."""
        names = {each: f"{label.class_name}.{each.attribute}" for each in losses}
        new = [each for each in losses if self._told.isdisjoint((names[each], each.attribute))]
        self._told.update(names[each] for each in new)
        if not new:
            return
        is_hibernation = state is State.HIBERNATED
        how = "it hibernated" if is_hibernation else "it was evicted"
        where = "ctx.storage or a socket attachment" if is_hibernation else "ctx.storage"
        what = ", ".join(f"{each.attribute} ({each.content})" for each in new)
        self._console.warn(
            f"{label.class_name} lost in-memory state when {how}: {what}. Keep it in {where}."
        )

    def sockets_shut(self, where: str, count: int) -> None:
        """Sockets were closed because the code was replaced: how they could have stayed."""
        what = "1 socket was" if count == 1 else f"{count} sockets were"
        self._console.warn(
            f"{where}: {what} closed (1012), since what accept() has taken does not outlive its"
            " code; what ctx.acceptWebSocket() has taken does"
        )

    def streams_cut(self, where: str, count: int, seconds: float) -> None:
        """Streams were cut because the code was replaced: how long they had to end."""
        what = "1 stream was" if count == 1 else f"{count} streams were"
        self._console.warn(f"{where}: {what} cut {seconds:g} s after the code was replaced")

    def blocked(self, where: str, place: str) -> None:
        """A line holds the event loop: what waits meanwhile, and what to do."""
        self._console.warn(
            f"{where} holds the event loop for more than 100 ms: {place}. Nothing else is answered"
            " meanwhile, here as on Cloudflare; wait with await, or do less at a time."
        )

    def stuck(self, where: str, seconds: float, place: str) -> None:
        """Something has been running for `seconds` and holds up everything else."""
        self._console.warn(f"{where} has been running for {seconds:.1f} s without a pause: {place}")

    def interrupted(self, where: str, seconds: float, place: str) -> None:
        """Something ran for longer than the limit and was stopped."""
        self._console.error(f"{where} was stopped after {seconds:.1f} s without a pause: {place}")

    def unstoppable(self, where: str, seconds: float, place: str) -> None:
        """Something ran for longer than the limit, in code that cannot be stopped."""
        self._console.error(
            f"{where} has been running for {seconds:.1f} s in code that cannot be stopped: {place}"
            "\n  press Ctrl-C twice to end pydo; all that was acknowledged is on disk"
        )

"""An eye on what runs too long: turns that do not end, imports that do not end.

The event loop counts its turns.  A thread looks some twenty times a second: the same turn as before
means that it has been running since.  After a tenth of a second the line of the user's that holds
the loop is named, each line once; after a second the turn is named; past the limit it is
interrupted: a signal makes the main thread look at the frame that it is in, and if that is the
user's code (or code that the user's code called, but none of pydo's) the handler raises `Stopped`
there.  That also ends a `time.sleep` or a read that blocks.  A statement of SQLite's is stopped by
SQLite.  What is left, a call into C that neither blocks nor returns, is reported.

Nothing is measured on the way of a request: the cost there is one counter.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydo import platform
from pydo.errors import JsException
from pydo.runtime.failure import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType

    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.observer import Observer

__all__ = ["Watchdog"]

_TICK_S = 0.05
_CLOSER_TICK_S = 0.02  # while what runs is what ran before
_BLOCKED_S = 0.1
_BLOCKED_LOOKS = 4  # a machine that is busy elsewhere delays the looks as well
_RETRY_S = 0.02  # between tries to catch the main thread in a frame of the user's
_TRIES = 50
_WARN_S = 1.0
_NOWHERE = "pydo"
_PYDO = str(Path(__file__).parent.parent)
# What stands in for functions of Python's own, such as `time.sleep`, is the caller's code.
_STAND_INS = tuple(str(Path(_PYDO, "host", name)) for name in ("portability", "waiting.py"))
_DEBUGGERS = frozenset({"pdb", "bdb", "pudb", "IPython.core.debugger", "pydevd", "debugpy"})


class Watchdog:
    """Watches one event loop, from a thread of its own."""

    def __init__(
        self,
        loop: ObjectLoop,
        observer: Observer,
        limit_s: float,
        owns: Callable[[str], bool],
    ) -> None:
        self._loop = loop
        self._observer = observer
        self._limit_s = limit_s
        self._owns = owns
        self._guarded: _Guarded | None = None
        self._target: object = None  # what the next interrupt is meant for
        self._hurried = False
        self._named: set[str] = set()  # the places that have held the loop
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="pydo-watchdog", daemon=True)

    def start(self) -> None:
        """Begin; to be called in the main thread."""
        platform.install_interrupt(self._on_interrupt)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._closing.set()
        self._thread.join()
        platform.remove_interrupt()

    @contextmanager
    def guarding(self, what: str, limit_s: float) -> Generator[None]:
        """Watch a piece of the main thread that is no turn: it may take `limit_s` seconds."""
        self._guarded = _Guarded(what, limit_s)
        try:
            yield
        finally:
            self._guarded = None

    def hurry(self) -> None:
        """Interrupt what runs now whatever its limit: the process is to end."""
        self._hurried = True

    # -- in the watchdog's thread

    def _watch(self) -> None:
        seen: object = None
        since, looks = 0.0, 0
        has_looked = has_warned = has_reported = False
        while not self._closing.is_set():
            is_held = self._wait(_CLOSER_TICK_S if looks else _TICK_S)
            subject = self._subject()
            now = time.monotonic()
            if is_held and subject is not None:
                self._name_what_blocks()
            if subject is None and not platform.hears_stop_signals():  # pdb takes Ctrl-C over
                self._loop.call_soon_threadsafe(platform.hear_stop_signals)
            if subject is None or subject != seen or self._is_debugged():
                seen, since, looks = subject, now, 0
                has_looked = has_warned = has_reported = False
                continue
            elapsed, looks = now - since, looks + 1
            if elapsed >= _BLOCKED_S and looks >= _BLOCKED_LOOKS and not has_looked:
                has_looked = True
                self._name_what_blocks()
            if elapsed >= _WARN_S and not has_warned:
                has_warned = True
                self._observer.stuck(self._name(), elapsed, self._place())
            if elapsed >= self._limit() or self._hurried:
                place, name = self._place(), self._name()
                if self._interrupt(subject):
                    self._observer.interrupted(name, elapsed, place)
                elif not has_reported:
                    has_reported = True
                    self._observer.unstoppable(name, elapsed, place)

    def _wait(self, seconds: float) -> bool:
        """Wait; whether a call into C has held the interpreter meanwhile."""
        began, burnt = time.monotonic(), time.process_time()
        self._closing.wait(seconds)
        late = time.monotonic() - began - seconds
        return min(late, time.process_time() - burnt) >= _BLOCKED_S

    def _name_what_blocks(self) -> None:
        place, name = self._place(), self._name()
        is_known = place in self._named or place == _NOWHERE
        if is_known or self._guarded is not None or self._is_importing():
            return
        self._named.add(place)
        self._observer.blocked(name, place)

    def _interrupt(self, subject: object) -> bool:
        running = self._loop.running
        if running is not None:
            running.owner.interrupt()
        self._target = subject
        for _ in range(_TRIES):
            platform.interrupt_main()
            if self._closing.wait(_RETRY_S) or self._target is None:
                break
        has_stopped = self._target is None
        self._target = None
        return has_stopped

    # -- in either thread

    def _subject(self) -> object:
        """Give what runs now, equal only to itself; None when the loop is at rest."""
        if self._guarded is not None:
            return self._guarded
        return None if self._loop.running is None else self._loop.turn_number

    def _name(self) -> str:
        guarded, running = self._guarded, self._loop.running
        if guarded is not None:
            return guarded.what
        return "the Worker" if running is None else running.name

    def _limit(self) -> float:
        return self._limit_s if self._guarded is None else self._guarded.limit_s

    def _place(self) -> str:
        frame = sys._current_frames().get(self._loop.thread_id)  # noqa: SLF001 - there is no other way
        while frame is not None:
            if self._owns(frame.f_code.co_filename):
                return f"{frame.f_code.co_filename}:{frame.f_lineno}"
            frame = frame.f_back
        return _NOWHERE

    def _is_importing(self) -> bool:
        """Whether a module is being imported: that happens once, whatever it takes."""
        frame = sys._current_frames().get(self._loop.thread_id)  # noqa: SLF001 - as above
        while frame is not None:
            if frame.f_code.co_filename.startswith("<frozen importlib."):
                return True
            frame = frame.f_back
        return False

    def _is_debugged(self) -> bool:
        """Whether a debugger has stopped the main thread: it may take as long as it likes."""
        frame = sys._current_frames().get(self._loop.thread_id)  # noqa: SLF001 - as above
        while frame is not None:
            if frame.f_globals.get("__name__") in _DEBUGGERS:
                return True
            frame = frame.f_back
        return False

    # -- in the main thread

    def _on_interrupt(self, frame: FrameType | None) -> None:
        if self._target is None or self._target != self._subject() or not self._is_users(frame):
            return
        self._target = None
        self._hurried = False
        guarded, running = self._guarded, self._loop.running
        if guarded is not None:
            raise Stopped(
                JsException("Error", f"{guarded.what} took longer than {guarded.limit_s:g} s")
            )
        if running is not None:
            raise Stopped(running.owner.stop())

    def _is_users(self, frame: FrameType | None) -> bool:
        while frame is not None:
            filename = frame.f_code.co_filename
            if self._owns(filename):
                return True
            if filename.startswith(_PYDO) and not filename.startswith(_STAND_INS):
                return False
            frame = frame.f_back
        return False


class _Guarded:
    __slots__ = ("limit_s", "what")

    def __init__(self, what: str, limit_s: float) -> None:
        self.what = what
        self.limit_s = limit_s

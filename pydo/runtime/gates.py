"""The two gates of an object: who may come in, and what may leave.

**Input.**  An object's events come in one turn at a time.  While a critical section
(`blockConcurrencyWhile`) is open, only what belongs to that section comes in; everything else
waits in the order of its arrival.  Sections are a tree: the root is the object with no section
open, a section opened from within another is its child, and a child blocks its parent.  Only the
innermost open section admits, so each keeps a queue of its own and admission is one look at one
queue.

    open()   a section is made under the one that asks, and waits behind its elder siblings
    begin()  between turns, the first waiting child of the innermost section becomes innermost
    end()    its parent is innermost again; what still waited for the section goes first there,
             and so do sections within it that have not begun

Source: src/workerd/io/io-gate.h (`InputGate`, `CriticalSection`).

**Output.**  What a turn says to the outside (an answer, a call, a frame) is held until the writes
of that turn are committed, and is dropped if they are lost.  Source: `OutputGate` in the same file.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from pydo.errors import JsException

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.turn import Callback

__all__ = ["CriticalSection", "InputGate", "OutputGate"]

_MAX_DEPTH = 64


class CriticalSection:
    """A stretch of an object's life during which only its own arrivals come in."""

    __slots__ = ("arrivals", "depth", "is_over", "on_begin", "parent", "waiting")

    def __init__(self, parent: CriticalSection | None, on_begin: Callable[[], None]) -> None:
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.on_begin = on_begin
        self.is_over = False
        self.arrivals: deque[Callback] = deque()
        self.waiting: deque[CriticalSection] = deque()

    def living(self) -> CriticalSection:
        """This section, or the nearest around it that is not over."""
        section = self
        while section.is_over and section.parent is not None:
            section = section.parent
        return section


class InputGate:
    """Decides which arrival of an object enters next."""

    __slots__ = ("innermost", "root")

    def __init__(self) -> None:
        self.root = CriticalSection(None, lambda: None)
        self.innermost = self.root

    def arrive(self, section: CriticalSection, arrival: Callback) -> None:
        """Queue an arrival that belongs to `section`."""
        if section.is_over:
            section = section.living()
        section.arrivals.append(arrival)

    def next(self) -> Callback | None:
        """Take the first arrival that may enter; None when none may."""
        arrivals = self.innermost.arrivals
        return arrivals.popleft() if arrivals else None

    @property
    def has_admissible(self) -> bool:
        """Whether `next` would give an arrival."""
        return bool(self.innermost.arrivals)

    def open(self, within: CriticalSection, on_begin: Callable[[], None]) -> CriticalSection:
        """Make a section within `within`; `on_begin` is called when its turn has come.

        Raises:
            JsException: `within` is 64 sections deep already.

        """
        parent = within.living()
        if parent.depth >= _MAX_DEPTH:
            raise JsException("Error", "blockConcurrencyWhile() calls are nested too deeply.")
        section = CriticalSection(parent, on_begin)
        parent.waiting.append(section)
        return section

    def begin_waiting(self) -> None:
        """Between turns: let the first section that waits at the innermost one begin."""
        while self.innermost.waiting:
            self.innermost = self.innermost.waiting.popleft()
            self.innermost.on_begin()

    def end(self, section: CriticalSection) -> None:
        """End a section: its parent admits again, first what the section left behind."""
        parent = section.parent
        if section.is_over or parent is None:
            return
        section.is_over = True
        parent.arrivals.extendleft(reversed(section.arrivals))
        section.arrivals.clear()
        # A child that nobody waited for outlives its parent, as a child of the next one up.
        for child in section.waiting:
            child.parent = parent
        parent.waiting.extendleft(reversed(section.waiting))
        section.waiting.clear()
        if self.innermost is section:
            self.innermost = parent
        else:
            self._adopt_open_child(section, parent)

    def open_wide(self) -> None:
        """End every section: after a reset, all that still arrives enters."""
        while self.innermost is not self.root:
            self.end(self.innermost)
        for section in self.root.waiting:
            section.is_over = True
        self.root.waiting.clear()

    def _adopt_open_child(self, section: CriticalSection, parent: CriticalSection) -> None:
        child: CriticalSection | None = self.innermost
        while child is not None and child.parent is not section:
            child = child.parent
        if child is not None:
            child.parent = parent


class OutputGate:
    """Holds what turns say to the outside until what they wrote is committed."""

    __slots__ = ("_held", "_mark")

    def __init__(self) -> None:
        self._held: list[Callable[[], object]] = []
        self._mark = 0

    def hold(self, output: Callable[[], object]) -> None:
        """Keep an output of the running turn until `release`."""
        self._held.append(output)

    def begin_turn(self) -> None:
        """What is held from here on belongs to a new turn."""
        self._mark = len(self._held)

    def drop_turn(self) -> None:
        """Forget what the running turn has said: its writes are lost."""
        del self._held[self._mark :]

    def drop(self) -> None:
        """Forget everything: nothing of what the turns wrote was committed."""
        self._held.clear()
        self._mark = 0

    def release(self) -> None:
        """Let everything out, in order: it is all committed."""
        if not self._held:
            return
        held, self._held = self._held, []
        self._mark = 0
        for output in held:
            output()

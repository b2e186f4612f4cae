"""Stacks that can be put aside: what lets plain functions wait (`run_sync`).

Production suspends a stack of WebAssembly in the middle of a plain function, while the event loop
goes on (pyodide/pyodide src/core/stack_switching).  Here the callbacks of turns run on a greenlet,
a *strand*, and not on the loop's own stack.  To wait is to put the strand aside: its turn goes on
with what else is ready, and ends, as at an `await`.  What is waited for comes back as an arrival
of the same owner in the same critical section, so nobody gets past a gate by waiting this way.

    Turns           give a pass to the loop's strand, which runs its turns until it is put aside:
                    then another goes on with what is left
    wait            puts the running strand aside; the turn that is told of the result resumes it
    a resumed one   runs to the end of its callback, and is gone: the loop has a new one by then

A callback's context is that of the strand (`gr_context`), not one that is entered: a context
that was entered on a strand put aside could be entered nowhere else.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

from greenlet import GreenletExit, getcurrent, greenlet

from pydo.runtime.scope import SCOPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydo.runtime.turn import Turns

__all__ = ["Strand", "can_wait", "pin_while_collecting", "pinned", "wait"]

_Result = TypeVar("_Result")

# Pyodide's words: for a stack that was entered by a call that cannot be suspended, and for none at
# all, as at the top level of a module (the SDK's `import_from_javascript` knows them).
_NO_SUSPENDER: Final = "No suspender"
_SYNCHRONOUS: Final = (
    "Cannot stack switch because the Python entrypoint was a synchronous function. Use "
    "pyFunc.callPromising() to fix."
)


class Strand(greenlet):
    """A stack on which callbacks of turns run; made on the event loop's own stack."""

    def __init__(self) -> None:
        super().__init__(self._run_passes)
        self.is_put_aside = False
        self.pins = 0
        self.switch()  # it waits for its first pass: what it starts with it would keep for ever

    def _run_passes(self) -> None:
        while not self.is_put_aside:
            assert self.parent is not None
            self._run_turns(self.parent.switch())  # without a name: an idle strand keeps nobody

    def _run_turns(self, turns: Turns) -> None:
        ready = turns.ready
        callback = ready.popleft() if ready else turns.next_turn()
        while callback is not None:
            if not callback.is_cancelled:
                self.gr_context = callback.context
                try:
                    callback.function(*callback.args)
                except BaseException as error:
                    if self.is_put_aside and isinstance(error, GreenletExit):
                        raise  # nobody is left to resume it
                    turns.owner.contain(error)  # a turn lets nothing out
            del callback  # the traceback of an error may keep this frame
            if self.is_put_aside:
                return
            if ready:
                callback = ready.popleft()
            else:
                self.gr_context = None  # what is between turns is nobody's
                callback = turns.next_turn()


def can_wait() -> bool:
    """Whether what runs now can be put aside: a callback of a turn, but not what is `pinned`."""
    strand = getcurrent()
    return type(strand) is Strand and not strand.pins and SCOPE.get() is not None


def wait(awaitable: Awaitable[_Result]) -> _Result:
    """Give the result of `awaitable` to a plain function, which waits for it.

    Raises:
        RuntimeError: what runs now cannot be put aside.

    """
    strand = getcurrent()
    if type(strand) is not Strand or strand.pins or SCOPE.get() is None:
        close = getattr(awaitable, "close", None)  # a coroutine that nobody will await
        if callable(close):
            close()
        raise RuntimeError(_NO_SUSPENDER if SCOPE.get() is None else _SYNCHRONOUS)
    future = asyncio.ensure_future(awaitable)
    if not future.done():
        _put_aside(strand, future)
    return future.result()


def _put_aside(strand: Strand, future: asyncio.Future[Any]) -> None:
    scope = SCOPE.get()
    assert scope is not None, "callbacks of turns have an owner"
    loop = asyncio.get_running_loop()
    task = asyncio.current_task(loop)
    future.add_done_callback(lambda _: _resume(strand))
    strand.is_put_aside = True
    scope.turns.put_aside[strand] = future
    if task is not None:  # others take their steps meanwhile
        asyncio.tasks._leave_task(loop, task)  # noqa: SLF001 - asyncio's own way for event loops
    assert strand.parent is not None
    strand.parent.switch()
    if task is not None:
        asyncio.tasks._enter_task(loop, task)  # noqa: SLF001 - as above
    del scope.turns.put_aside[strand]


def _resume(strand: Strand) -> None:
    strand.parent = getcurrent()  # where it goes when it waits again, or is done
    strand.switch()


def pinned(function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Call a function for something that cannot be suspended: within it nothing waits."""
    strand = getcurrent()
    if type(strand) is not Strand:
        return function(*arguments)
    strand.pins += 1
    try:
        return function(*arguments)
    finally:
        strand.pins -= 1


def pin_while_collecting(phase: str, _: object) -> None:
    """Keep finalizers from waiting: for `gc.callbacks`.

    The garbage collector calls them wherever it happens to run, in the middle of the core's own
    work as well, which nobody else may see half done.
    """
    strand = getcurrent()
    if type(strand) is Strand:
        strand.pins += 1 if phase == "start" else -1

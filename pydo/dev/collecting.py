"""When the garbage collector looks while requests are served.

Python has it look after some hundred objects more than there were, and concurrent requests hold as
many without a cycle among them: here it waits for many more.  The few cycles of a Worker may hold
much memory, though: while they are young they end within a second, however few they are.
"""

from __future__ import annotations

import asyncio
import gc
from typing import Final

__all__ = ["collect_seldom", "collect_young"]

_MANY: Final = 10_000  # objects more than there were
_FEW: Final = 64
_PERIOD_S: Final = 1.0
_YOUNG: Final = 1  # the generation: what is older may be all that a Worker keeps in memory


def collect_seldom() -> None:
    """Let the collector wait for many objects, and leave alone what is there by now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_MANY)


async def collect_young(period_s: float = _PERIOD_S) -> None:
    """Collect what is young time and again, as long as nothing ends the task."""
    while True:
        await asyncio.sleep(period_s)
        if gc.get_count()[0] >= _FEW:
            gc.collect(_YOUNG)

"""What ends the cycles that a Worker leaves behind."""

from __future__ import annotations

import asyncio
import gc
import weakref

from pydo.dev.collecting import collect_young


class Cycle:
    def __init__(self) -> None:
        self.me = self


def test_a_few_cycles_end_without_many_more_objects() -> None:
    async def main() -> None:
        collecting = asyncio.create_task(collect_young(0.001))
        found = [weakref.ref(Cycle()) for _ in range(100)]
        for _ in range(1000):
            if not any(each() for each in found):
                break
            await asyncio.sleep(0.001)
        collecting.cancel()

        assert not any(each() for each in found)

    was_enabled = gc.isenabled()
    gc.disable()
    try:
        asyncio.run(main())
    finally:
        if was_enabled:
            gc.enable()

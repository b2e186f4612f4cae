"""What it costs to keep the history of an object, beside keeping none.

    python benchmarks/history.py [--seconds 2] [--rounds 5] [--directory DIR] [--processor]

An object writes a key in each turn.  Printed are the microseconds of a turn with a history and
without, taken in turns so that what else the machine does meets both, and their ratio: with one
caller (each write its own commit), with 32 objects that are written at once, and with values of
20,000 bytes, whose pages are copied.  The last figure is what an object's waking, one write and
its sleep cost, which is where a history is opened and brought up to date.  With `--processor` the
time is that of the processor, which does not wait for disks or other programs.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from writer import Code

from pydo.runtime.container import Settings
from pydo.runtime.events import RpcCall
from pydo.runtime.history.log import Retention
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.namespace import ActorChannel
from pydo.runtime.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Load:
    """What is measured: so many objects at once, values of so many bytes, with sleep between."""

    title: str
    objects: int = 1
    size: int = 100
    sleeps: bool = False


LOADS = (
    Load("one object"),
    Load("32 objects at once", objects=32),
    Load("values of 20,000 bytes", size=20_000),
    Load("waking, a write, sleep", sleeps=True),
)


async def turns_us(
    directory: Path, load: Load, seconds: float, clock: Callable[[], float], *, kept: bool
) -> float:
    """Give the microseconds that a turn takes, of all objects together."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ObjectLoop)
    settings = Settings(history=Retention() if kept else None)
    runtime = Runtime(loop, Code(), settings=settings)
    namespace = runtime.open_namespace("Writer", "writer", directory)
    end = 0.0

    async def write(name: str) -> int:
        object_id = namespace.ids.from_name(name)
        channel = ActorChannel(namespace, object_id)
        count = 0
        await channel.send(RpcCall("write", (b"the file is made",)))
        while time.perf_counter() < end:
            value = count.to_bytes(8, "big") * (load.size // 8)
            await channel.send(RpcCall("write", (value,)))
            if load.sleeps:
                await namespace.sleep_soon(object_id)
            count += 1
        return count

    async def all_write() -> int:
        names = [f"object {number}" for number in range(load.objects)]
        return sum(await asyncio.gather(*map(write, names)))

    await all_write()
    end = time.perf_counter() + seconds
    began = clock()
    done = await all_write()
    took = clock() - began
    runtime.close()
    return took / done * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--directory", type=Path, default=None)
    parser.add_argument("--processor", action="store_true")
    given = parser.parse_args()
    clock = time.process_time if given.processor else time.perf_counter
    print(f"{'':24} {'without':>9} {'with':>9} {'ratio':>7}")
    for load in LOADS:
        found: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(given.rounds):
            for kept in (False, True):
                with tempfile.TemporaryDirectory(dir=given.directory) as directory:
                    loop = ObjectLoop()
                    seconds = given.seconds / given.rounds
                    measured = turns_us(Path(directory), load, seconds, clock, kept=kept)
                    found[kept].append(loop.run_until_complete(measured))
                    loop.close()
        without, with_history = (statistics.median(found[kept]) for kept in (False, True))
        ratio = with_history / without
        print(f"{load.title:24} {without:6.1f} µs {with_history:6.1f} µs {ratio:6.2f}x")


if __name__ == "__main__":
    main()

"""What it costs to bring every commit to the disk, beside leaving that to the system.

    python benchmarks/durability.py [--seconds 3] [--directory DIR]

An object writes a key in each turn.  Printed are commits a second and the microseconds of one, for
`durability = "normal"` (the default: what is answered survives the death of the process) and for
`"full"` (it survives a power loss as well); with one caller, each write its own commit, and with
32 objects that are written at once.  The figures depend on the disk: measure on your own, in a
directory of it (temporary directories may be memory).
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from writer import Code

from pydo.runtime.container import Settings
from pydo.runtime.events import RpcCall
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.namespace import ActorChannel
from pydo.runtime.runtime import Runtime

OBJECTS = 32


async def commits(directory: Path, seconds: float, objects: int, *, full: bool) -> float:
    """Give the commits a second that so many objects make, each written again and again."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ObjectLoop)
    runtime = Runtime(loop, Code(), settings=Settings(syncs_commits=full))
    namespace = runtime.open_namespace("Writer", "writer", directory)
    end = time.perf_counter() + seconds

    async def write(name: str) -> int:
        channel = ActorChannel(namespace, namespace.ids.from_name(name))
        count = 0
        while time.perf_counter() < end:
            await channel.send(RpcCall("write", (count.to_bytes(100, "big"),)))
            count += 1
        return count

    began = time.perf_counter()
    done = await asyncio.gather(*(write(f"object {number}") for number in range(objects)))
    took = time.perf_counter() - began
    runtime.close()
    return sum(done) / took


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--directory", type=Path, default=None)
    given = parser.parse_args()
    print(f"{'durability':<12}{'objects':>8}{'commits/s':>12}{'us each':>10}")
    for full in (False, True):
        for objects in (1, OBJECTS):
            with tempfile.TemporaryDirectory(dir=given.directory) as where:
                measured = commits(Path(where), given.seconds, objects, full=full)
                rate = ObjectLoop().run_until_complete(measured)
            name = "full" if full else "normal"
            print(f"{name:<12}{objects:>8}{rate:>12,.0f}{1e6 / rate:>10.0f}")


if __name__ == "__main__":
    main()

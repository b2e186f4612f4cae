"""What a crash at any moment leaves on the disk: whole turns, never half of one."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from .conftest import Object, on_disk

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Core


def after_a_crash(file: Path, where: Path) -> dict[str, int]:
    """Give what is in a copy of the files as they are on the disk now."""
    where.mkdir()
    for name in (file.name, f"{file.name}-wal"):
        if file.with_name(name).exists():
            shutil.copy(file.with_name(name), where / name)
    if not (where / file.name).exists():
        return {}
    return on_disk(where / file.name)


class Account(Object):
    """Moves amounts between two keys, in many steps of one turn; the sum is always the same."""

    async def open(self) -> None:
        self.write(1000, "left")
        self.write(1000, "right")

    async def move(self, amount: int) -> None:
        self.write(self.read("left") - amount, "left")
        await self.in_between()
        await asyncio.sleep(0)
        self.write(self.read("right") + amount, "right")

    async def in_between(self) -> None: ...

    async def move_with_a_wait(self, amount: int) -> None:
        await self.move(amount)
        await asyncio.sleep(1)
        await self.move(-amount)


async def test_a_crash_never_shows_half_a_turn(core: Core, tmp_path: Path) -> None:
    seen: list[dict[str, int]] = []

    class Crashing(Account):
        async def in_between(self) -> None:
            file = core.stub(Crashing).file
            seen.append(after_a_crash(file, tmp_path / f"copy {len(seen)}"))
            seen.append(on_disk(file))

    stub = core.stub(Crashing)
    await stub.call("open")
    await asyncio.gather(*(stub.call("move", amount) for amount in range(20)))
    await asyncio.gather(*(stub.call("move", amount) for amount in range(20)))

    assert len(seen) == 80
    assert {account["left"] + account["right"] for account in seen} == {2000}
    assert on_disk(stub.file) == {"left": 1000 - 380, "right": 1000 + 380}


async def test_a_crash_between_turns_shows_the_turns_that_were(core: Core, tmp_path: Path) -> None:
    stub = core.stub(Account)
    await stub.call("open")
    moving = stub.call("move_with_a_wait", 7)
    await core.advance(0.5)

    during = after_a_crash(stub.file, tmp_path / "during")
    await core.advance(0.5)
    await moving
    after = after_a_crash(stub.file, tmp_path / "after")

    assert during == {"left": 993, "right": 1007}
    assert after == {"left": 1000, "right": 1000}


async def test_what_was_acknowledged_survives_a_crash(core: Core, tmp_path: Path) -> None:
    stub = core.stub(Object)

    for number in range(1, 30):
        await stub.call("put", number)
        assert after_a_crash(stub.file, tmp_path / str(number)) == {"n": number}


async def test_a_crash_in_the_first_turn_leaves_nothing(core: Core, tmp_path: Path) -> None:
    class Crashing(Object):
        async def begin(self) -> dict[str, int]:
            self.write(1)
            return after_a_crash(core.stub(Crashing).file, tmp_path / "copy")

    assert await core.stub(Crashing).call("begin") == {}


DYING = """
import asyncio, os, sys
from pathlib import Path
from pydo.runtime.clock import ManualClock
from pydo.runtime.events import RpcCall
from pydo.runtime.failure import ErrorForm
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.namespace import ActorChannel
from pydo.runtime.runtime import Runtime

class Dying:
    def __init__(self, actor):
        self.actor = actor

    async def handle(self, event):
        self.actor.kv.put("n", str(event.arguments[0]).encode())
        if event.method == "die":
            os._exit(9)

class Code:
    generation, handler, classes, tasks = 1, None, {"Dying": Dying}, ()
    def owns(self, filename):
        return False
    errors = ErrorForm(bool)

async def main():
    runtime = Runtime(asyncio.get_running_loop(), Code())
    namespace = runtime.open_namespace("Dying", "test-Dying", Path(sys.argv[1]))
    channel = ActorChannel(namespace, namespace.ids.from_name("a"))
    print(channel.id.hex, flush=True)
    for number in range(10):
        await channel.send(RpcCall("put", (number,)))
    await channel.send(RpcCall("die", (99,)))

ObjectLoop(ManualClock()).run_until_complete(main())
"""


def test_a_process_that_dies_in_a_turn_has_kept_the_turns_before_it(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", DYING, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (9, "")
    assert on_disk(tmp_path / done.stdout.strip() / "db.sqlite") == {"n": 9}

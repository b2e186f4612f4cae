"""Kills `pydo dev` at random moments under load, and looks at what is there after each restart.

    python -m tests.durability.killing --rounds 200

Writers send numbers to a few objects, which write each of them in four places in one turn or in
one transaction; others set alarms; now and then the code is saved.  After a kill and a restart it
must hold that

-   every number that was acknowledged is there;
-   no number is in some of its four places only, and none is there that was not sent;
-   every alarm that was set has rung, or rings now; what it wrote is whole as well.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["Figures", "LostError", "kill_rounds"]

PROJECT = Path(__file__).parent / "project"
_OBJECTS = 5
_WRITERS = 16
_ARMERS = 4
_LONGEST_RUN_S = 0.6
_LONGEST_ALARM_MS = 400
_READY_S = 15.0
_RING_S = 5.0


class LostError(AssertionError):
    """A promise was not kept; the message says which."""


@dataclass
class Figures:
    """What was tried and found in all rounds."""

    kills_under_load: int = 0
    kills_at_start: int = 0
    reloads: int = 0  # begun under load, before the kill
    acknowledged: int = 0  # writes
    unanswered_and_kept: int = 0
    unanswered_and_lost: int = 0
    alarms_set: int = 0  # and rung
    alarms_rung_twice: int = 0  # the kill came between the handler's end and the note of it
    slowest_start_s: float = 0.0

    def __str__(self) -> str:
        return "\n".join(
            f"{each.name:<22}{getattr(self, each.name):>9.6g}" for each in fields(self)
        )


@dataclass
class _Sent:
    """What was sent to one object: all of it, and what was answered."""

    begun: set[int] = field(default_factory=set[int])
    acknowledged: set[int] = field(default_factory=set[int])


def kill_rounds(rounds: int, random_: random.Random, where: Path) -> Figures:
    """Run so many rounds in the directory `where`, which the project is copied to.

    Raises:
        LostError: something that was acknowledged is lost, or a turn is half there.

    """
    project = where / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    return asyncio.run(_Killing(project, random_).run(rounds))


class _Killing:
    def __init__(self, project: Path, random_: random.Random) -> None:
        self._project = project
        self._random = random_
        self._figures = Figures()
        self._numbers = itertools.count(1)
        self._sent: dict[str, _Sent] = {}
        self._alarms: dict[str, bool] = {}  # those not known to have rung; whether acknowledged
        self._log = project.parent / "log.txt"
        self._url = ""

    async def run(self, rounds: int) -> Figures:
        for number in range(rounds):
            await self._kill_at_start()
            async with self._served() as (process, session):
                await self._check(
                    session, {n for n in self._sent if n.startswith(f"{number - 1}-")}
                )
                await self._check_alarms(session)
                await self._kill_under_load(number, process, session)
        async with self._served() as (_, session):
            await self._check(session, set(self._sent), counts=True)
            await self._check_alarms(session)
        return self._figures

    async def _kill_at_start(self) -> None:
        if self._random.random() < 0.1:
            process = self._start()
            await asyncio.sleep(self._random.uniform(0, 1))
            self._end(process)
            self._figures.kills_at_start += 1

    async def _kill_under_load(
        self, number: int, process: subprocess.Popen[bytes], session: aiohttp.ClientSession
    ) -> None:
        senders = [
            *(self._write(session, f"{number}-{i % _OBJECTS}") for i in range(_WRITERS)),
            *(self._arm(session, f"{number}-alarm-{i}") for i in range(_ARMERS)),
        ]
        tasks = [asyncio.create_task(each) for each in senders]
        until_the_kill = self._random.uniform(0, _LONGEST_RUN_S)
        if self._random.random() < 0.3:
            tasks.append(asyncio.create_task(self._save(self._random.uniform(0, until_the_kill))))
            self._figures.reloads += 1
        await asyncio.sleep(until_the_kill)
        process.kill()
        await asyncio.gather(*tasks)
        self._figures.kills_under_load += 1

    async def _save(self, delay_s: float) -> None:
        """Save the code anew, so that the kill comes while it is loaded, or shortly after."""
        await asyncio.sleep(delay_s)
        code = self._project / "src" / "entry.py"
        draft = code.with_suffix(".tmp")
        draft.write_text(code.read_text() + "\n# saved again\n")
        draft.replace(code)

    async def _write(self, session: aiohttp.ClientSession, name: str) -> None:
        sent = self._sent.setdefault(name, _Sent())
        for number in self._numbers:
            sent.begun.add(number)
            method = "transact" if number % 5 == 0 else "write"
            try:
                await self._call(session, method, name, number)
            except (aiohttp.ClientError, OSError):
                return
            sent.acknowledged.add(number)

    async def _arm(self, session: aiohttp.ClientSession, name: str) -> None:
        for number in itertools.count():
            delay_ms = self._random.randrange(_LONGEST_ALARM_MS)
            self._alarms[f"{name}-{number}"] = False
            try:
                await self._call(session, "arm", f"{name}-{number}", delay_ms)
            except (aiohttp.ClientError, OSError):
                return
            self._alarms[f"{name}-{number}"] = True
            await asyncio.sleep(0.02)

    # -- what must hold

    async def _check(
        self, session: aiohttp.ClientSession, names: set[str], *, counts: bool = False
    ) -> None:
        for name in sorted(names):
            places: dict[str, list[int]] = await self._call(session, "numbers", name)
            found = sorted(places["left key"])
            for place, numbers in places.items():
                if sorted(numbers) != found:
                    raise LostError(f"{name} is half there: {place} has {numbers}, not {found}")
            sent = self._sent[name]
            if lost := sent.acknowledged - set(found):
                raise LostError(f"{name} has lost {sorted(lost)}, which it had acknowledged")
            if strange := set(found) - sent.begun:
                raise LostError(f"{name} has {sorted(strange)}, which nobody sent")
            if counts:
                self._figures.acknowledged += len(sent.acknowledged)
                self._figures.unanswered_and_kept += len(set(found) - sent.acknowledged)
                self._figures.unanswered_and_lost += len(sent.begun - set(found))

    async def _check_alarms(self, session: aiohttp.ClientSession) -> None:
        end = time.monotonic() + _RING_S
        while self._alarms:
            for name, is_acknowledged in list(self._alarms.items()):
                await self._check_alarm(session, name, is_acknowledged=is_acknowledged)
            if self._alarms and time.monotonic() > end:
                raise LostError(f"the alarms of {sorted(self._alarms)} never rang")
            await asyncio.sleep(0.02)

    async def _check_alarm(
        self, session: aiohttp.ClientSession, name: str, *, is_acknowledged: bool
    ) -> None:
        is_armed, by_keys, by_rows = await self._call(session, "rung", name)
        if by_keys != by_rows:
            raise LostError(f"the alarm of {name} is half there: {by_keys} keys, {by_rows} rows")
        if is_acknowledged and not is_armed:
            raise LostError(f"{name} has lost its alarm, which it had acknowledged")
        if not is_armed:
            del self._alarms[name]
        elif by_keys:
            del self._alarms[name]
            self._figures.alarms_set += 1
            self._figures.alarms_rung_twice += by_keys > 1

    # -- the server

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "pydo", "dev", "--port", "0"],
                cwd=self._project,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        began = time.monotonic()
        while time.monotonic() < began + _READY_S and process.poll() is None:
            for word in self._log.read_text().split():
                if word.startswith("http://localhost:"):
                    self._url = word
                    took = time.monotonic() - began
                    self._figures.slowest_start_s = max(self._figures.slowest_start_s, took)
                    return
            await asyncio.sleep(0.005)
        raise LostError(f"pydo dev does not start again:\n{self._log.read_text()}")

    @contextlib.asynccontextmanager
    async def _served(
        self,
    ) -> AsyncGenerator[tuple[subprocess.Popen[bytes], aiohttp.ClientSession]]:
        process = self._start()
        try:
            await self._ready(process)
            async with aiohttp.ClientSession() as session:
                yield process, session
        finally:
            self._end(process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()

    async def _call(
        self, session: aiohttp.ClientSession, method: str, name: str, argument: int | None = None
    ) -> Any:
        query = {"name": name} if argument is None else {"name": name, "argument": str(argument)}
        async with session.get(f"{self._url}/{method}", params=query) as answer:
            text = await answer.text()
            if answer.status != 200:
                raise LostError(f"{method} of {name} failed: {text}")
            return json.loads(text)


def main() -> None:
    """Run as many rounds as were asked for, and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as where:
        figures = kill_rounds(given.rounds, random.Random(given.seed), Path(where))
    print(figures)


if __name__ == "__main__":
    main()

"""Kills `pydo dev` at random moments under load, and looks at what is there after each restart.

    python -m tests.durability.killing --rounds 200

Several loads (`load`) work on objects that write each number in five places in one turn or in one
transaction; now and then the code is saved.  After a kill and a restart everything that was
acknowledged must be there, no turn may be half there, and every alarm must have rung, or ring.
`--durability full` lets each commit wait for the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from .load import Alarms, Figures, LostError, Numbers, RefusedError, Travels

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from .load import Call

__all__ = ["kill_rounds"]

PROJECT = Path(__file__).parent / "project"
_LONGEST_RUN_S = 1.2
_READY_S = 15.0


def kill_rounds(
    rounds: int, random_: random.Random, where: Path, durability: str = "normal"
) -> Figures:
    """Run so many rounds in the directory `where`, which the project is copied to.

    Raises:
        LostError: something that was acknowledged is lost, or a turn is half there.

    """
    project = where / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    (project / "pyproject.toml").write_text(f'[tool.pydo]\ndurability = "{durability}"\n')
    return asyncio.run(_Killing(project, random_).run(rounds))


class _Killing:
    def __init__(self, project: Path, random_: random.Random) -> None:
        self._project = project
        self._random = random_
        self._figures = Figures()
        self._numbers = Numbers(self._figures)
        self._alarms = Alarms(self._figures, random_)
        self._travels = Travels(self._figures, random_)
        self._log = project.parent / "log.txt"
        self._url = ""

    async def run(self, rounds: int) -> Figures:
        for number in range(rounds):
            await self._kill_at_start()
            async with self._served() as (process, call):
                await self._check(number - 1, call)
                await self._kill_under_load(number, process, call)
        async with self._served() as (_, call):
            await self._check(rounds - 1, call)
            await self._numbers.check_all(call)
        return self._figures

    async def _check(self, number: int, call: Call) -> None:
        await self._travels.check(call)
        await self._numbers.check(call, number)
        await self._alarms.check(call)

    async def _kill_at_start(self) -> None:
        if self._random.random() < 0.1:
            process = self._start()
            await asyncio.sleep(self._random.uniform(0, 1))
            self._end(process)
            self._figures.kills_at_start += 1

    async def _kill_under_load(
        self, number: int, process: subprocess.Popen[bytes], call: Call
    ) -> None:
        senders = [
            *self._numbers.senders(number, call),
            *self._alarms.senders(number, call),
            *self._travels.senders(call),
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
    async def _served(self) -> AsyncGenerator[tuple[subprocess.Popen[bytes], Call]]:
        process = self._start()
        try:
            await self._ready(process)
            async with aiohttp.ClientSession() as session:

                async def call(method: str, name: str, *arguments: object) -> Any:
                    return await self._call(session, f"{method}/{name}", arguments)

                yield process, call
        finally:
            self._end(process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()

    async def _call(
        self, session: aiohttp.ClientSession, path: str, arguments: tuple[object, ...]
    ) -> Any:
        try:
            async with session.post(f"{self._url}/{path}", json=arguments) as answer:
                if answer.status != 200:
                    raise RefusedError(f"{path} failed: {await answer.text()}")
                return await answer.json(content_type=None)
        except aiohttp.ClientError as error:
            raise ConnectionError(str(error)) from error


def main() -> None:
    """Run as many rounds as were asked for, and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--durability", choices=("normal", "full"), default="normal")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as where:
        figures = kill_rounds(
            given.rounds, random.Random(given.seed), Path(where), given.durability
        )
    print(figures)


if __name__ == "__main__":
    main()

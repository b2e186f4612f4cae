"""The history has every acknowledged commit, and no return is half done, after any kill."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from pydo.runtime.history.log import History, Retention

from .travelling import open_database

if TYPE_CHECKING:
    from pydo.runtime.history.bookmark import Bookmark

KILLS = int(os.environ.get("KILLS", "10"))


@pytest.mark.timeout(90 + KILLS * 3)
def test_no_kill_takes_a_commit_out_of_the_history(tmp_path: Path) -> None:
    random_ = random.Random()
    directory = tmp_path / "object"
    said: list[int] = []
    known: dict[Bookmark, int] = {}
    returns = 0
    for _ in range(KILLS):
        new = until_killed(directory, max(said, default=0) + 2, random_)
        said += [each for each in new if each > 0]
        returns += sum(each < 0 for each in new)

        database, travel = open_database(directory)
        travel.current()
        states = states_of(History(database.path, Retention()), known)
        found = database.opened().execute("SELECT n FROM t").fetchall()
        database.close()

        assert [(states[-1],)] == found
        assert in_order(said, states)

    assert len(said) > KILLS
    assert returns > 0


def until_killed(directory: Path, number: int, random_: random.Random) -> list[int]:
    """Run the program and kill it; what it has said."""
    seed = str(random_.randrange(1 << 30))
    program = [sys.executable, "-m", "tests.durability.travelling"]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([*program, str(directory), str(number), seed], stdout=said)  # noqa: S603 - our own
        while said.seek(0, os.SEEK_END) == 0:
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(random_.uniform(0, 0.3))
        process.kill()
        process.wait()
        said.seek(0)
        return [int(line) for line in said.read().split("\n")[:-1]]


def states_of(history: History, known: dict[Bookmark, int]) -> list[int]:
    """Give the number that there was at each commit; those that are known are not read again."""
    names = [each.bookmark for each in history.commits()]
    assert known.keys() <= set(names)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            if name in known:
                continue
            copy = Path(folder) / "db.sqlite"
            history.pages_at(name).write_to(copy)
            connection = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
            known[name] = int(str(connection.execute("SELECT n FROM t").fetchall()[0][0]))
            connection.close()
    return [known[name] for name in names]


def in_order(wanted: list[int], states: list[int]) -> bool:
    """Tell whether all that is wanted is among the states, in order."""
    left = iter(states)
    return all(any(state == each for state in left) for each in wanted)

"""Writes numbers into one database, and returns to earlier ones, until it is killed.

    python -m tests.durability.travelling DIRECTORY NEXT SEED

Each number is said when it is committed, and with a minus sign when it was returned to.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from pydo.runtime.budget import OpenDatabases
from pydo.runtime.database import Database
from pydo.runtime.history.log import Retention
from pydo.runtime.history.recorder import Recording
from pydo.runtime.timetravel import TimeTravel

__all__ = ["open_database"]

_PADDING = "x" * 3000


def open_database(directory: Path) -> tuple[Database, TimeTravel]:
    """Open the database of the test, and its past."""

    def now_ms() -> int:
        return time.time_ns() // 1_000_000

    recording = Recording(now_ms, Retention(), checkpoint=16)
    database = Database(directory, OpenDatabases(4), lambda: None, recording)
    return database, TimeTravel(database, now_ms)


def run(directory: Path, number: int, random_: random.Random) -> None:
    """Write and return for ever."""
    database, travel = open_database(directory)
    travel.carry_out(lambda _: None, lambda _: None)  # what a kill has interrupted
    marks: list[tuple[int, str]] = []
    while True:
        connection = database.writing()
        connection.execute("CREATE TABLE IF NOT EXISTS t (n, padding)")
        connection.execute("DELETE FROM t")
        connection.execute("INSERT INTO t VALUES (?, ?)", (number, _PADDING))
        database.end_turn()
        database.commit()
        print(number, flush=True)
        chance = random_.random()
        if chance < 0.2:
            marks.append((number, travel.current()))
        if chance < 0.1:
            earlier, bookmark = random_.choice(marks)
            travel.order(bookmark)
            travel.carry_out(lambda _: None, lambda _: None)
            print(-earlier, flush=True)
        elif chance < 0.15:
            database.close()
        number += 1


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3])))

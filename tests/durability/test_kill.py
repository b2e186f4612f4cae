"""What was acknowledged is there, in whole turns, whenever the server is killed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from .killing import kill_rounds

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(90)
def test_kills_under_load_lose_nothing_acknowledged_and_halve_no_turn(tmp_path: Path) -> None:
    figures = kill_rounds(10, random.Random(), tmp_path)

    assert figures.kills_under_load == 10
    assert figures.acknowledged > 100
    assert figures.alarms_set > 10
    assert figures.new_objects > 10
    assert figures.returns > 0

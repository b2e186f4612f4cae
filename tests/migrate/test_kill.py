"""A sample of what `killing.py` tries in full, in a process of its own: it forks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks")
@pytest.mark.timeout(120)
def test_a_migration_that_is_killed_is_finished_or_undone() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.migrate.killing", "--every", "10"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    figures = dict(line.split() for line in done.stdout.splitlines())
    assert int(figures["kills"]) > 30
    assert int(figures["as_before"]) > 10
    assert int(figures["as_after"]) > 10

"""`pydo migrate` at a terminal: what it asks, and what it takes for an answer."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .test_migrate import DELETE, NEW

if TYPE_CHECKING:
    from .conftest import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no such terminals")


def at_a_terminal(project: Project, typed: str) -> tuple[int, str]:
    """Run `pydo migrate` with a terminal, at which `typed` is typed; its exit code and text."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pydo", "migrate", "--cwd", str(project.root)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, f"{typed}\n".encode())
    said = b""
    try:
        while part := os.read(ours, 4096):
            said += part
    except OSError:  # Linux's way to say that the other end is closed
        pass
    os.close(ours)
    return process.wait(), said.decode()


@pytest.fixture
def deleting(project: Project) -> Project:
    project.write(NEW, classes="Counter")
    project.apply()
    project.store("Counter", "a", 1)
    project.write(NEW, DELETE)
    return project


def test_the_name_of_the_class_is_asked_for_after_the_plan(deleting: Project) -> None:
    code, said = at_a_terminal(deleting, "Counter")

    assert code == 0
    assert "delete Counter: 1 object, " in said
    assert "Type Counter to delete it" in said
    assert deleting.everything() == {}


def test_another_name_changes_nothing(deleting: Project) -> None:
    code, said = at_a_terminal(deleting, "yes")

    assert code == 1
    assert "yes is not Counter: nothing was changed" in said
    assert deleting.everything() == {"app-Counter": {"a": 1}}

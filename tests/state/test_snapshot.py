from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pydo.errors import StateError
from pydo.state import find_object, read, reset_all, restore, snapshot, snapshots
from pydo.statedir import StateDirectory

if TYPE_CHECKING:
    from .conftest import Stored


def test_what_was_kept_is_put_back(stored: Stored) -> None:
    stored.write("a", {"k": "then"}, alarm_ms=1_800_000_000_000)
    snapshot(stored.state, "one")
    stored.write("a", {"k": "now"})
    stored.write("b", {"k": 1}, class_name="Others")

    restore(stored.state, "one")

    contents = read(find_object(stored.state, "Notes/a"))
    assert (contents.keys, contents.alarm_ms) == ({"k": "then"}, 1_800_000_000_000)
    assert [each.class_name for each in stored.state.class_directories()] == ["Notes"]
    assert sorted(each.name for each in stored.state.layout.iterdir()) == [
        "do",
        "lock",
        "snapshots",
    ]


def test_a_snapshot_can_be_put_back_more_than_once(stored: Stored) -> None:
    stored.write("a", {"k": 1})
    snapshot(stored.state, "one")

    for _ in range(2):
        reset_all(stored.state)
        restore(stored.state, "one")
        assert read(find_object(stored.state, "Notes/a")).keys == {"k": 1}


def test_snapshots_have_names(stored: Stored) -> None:
    assert snapshots(stored.state) == []
    snapshot(stored.state, "b")
    snapshot(stored.state, "a")

    assert snapshots(stored.state) == ["a", "b"]
    with pytest.raises(StateError, match='a snapshot "a" already'):
        snapshot(stored.state, "a")
    with pytest.raises(StateError, match=r'no snapshot "c" .*there are: a, b'):
        restore(stored.state, "c")
    for name in ("", "..", "a/b", ".a"):
        with pytest.raises(StateError, match="cannot name a snapshot"):
            snapshot(stored.state, name)


@pytest.mark.parametrize("last", range(12))
def test_a_restore_that_a_crash_interrupts_is_finished_at_the_next_opening(
    stored: Stored, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    stored.write("a", {"k": "then"})
    (stored.state.layout / "ledger").write_text("then")
    snapshot(stored.state, "one")
    stored.write("a", {"k": "now"})
    (stored.state.layout / "ledger").write_text("now")
    (stored.state.layout / "later").mkdir()
    steps = 0

    def counted(owner: object, name: str) -> None:
        original = getattr(owner, name)

        def step(*arguments: object, **named: object) -> object:
            nonlocal steps
            steps += 1
            if steps > last:
                raise CrashError
            return original(*arguments, **named)

        monkeypatch.setattr(owner, name, step)

    for owner, name in ((shutil, "rmtree"), (Path, "unlink"), (Path, "rename"), (Path, "rmdir")):
        counted(owner, name)
    with contextlib.suppress(CrashError):
        restore(stored.state, "one")
    monkeypatch.undo()
    stored.state.close()

    stored.state = StateDirectory.open(stored.root)

    is_restored = read(find_object(stored.state, "Notes/a")).keys == {"k": "then"}
    assert (stored.state.layout / "ledger").read_text() == ("then" if is_restored else "now")
    assert (stored.state.layout / "later").exists() != is_restored
    assert is_restored or last < 3


class CrashError(Exception):
    """The process dies here."""

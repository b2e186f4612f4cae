from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.errors import StateError
from pydo.state import find_object, read, reset_all, restore, snapshot, snapshots

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

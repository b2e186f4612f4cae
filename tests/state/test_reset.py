from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

import apsw
import pytest

from pydo.errors import StateError
from pydo.runtime.metadata import ClassMetadata
from pydo.state import find_class, find_object, objects_of, reset_all, reset_class, reset_object

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Stored


def test_one_object_is_taken_away_with_its_name_and_its_alarm(stored: Stored) -> None:
    stored.write("a", {"k": 1}, alarm_ms=1_800_000_000_000)
    stored.write("b", {"k": 1}, alarm_ms=1_900_000_000_000)

    reset_object(find_object(stored.state, "Notes/a"))

    owner = find_class(stored.state, "Notes")
    assert [each.name for each in objects_of(owner)] == ["b"]
    metadata = ClassMetadata(owner.metadata_path)
    assert [each.scheduled_ms for each in metadata.alarms()] == [1_900_000_000_000]
    assert list(metadata.names().values()) == ["b"]
    metadata.close()
    assert not list(owner.path.glob(".*"))


def test_an_object_whose_name_cannot_be_forgotten_is_told_of(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: ClassMetadata, __: str) -> None:
        raise apsw.ReadOnlyError("attempt to write a readonly database")

    stored.write("a", {"k": 1})
    place = find_object(stored.state, "Notes/a")
    monkeypatch.setattr(ClassMetadata, "forget", refuse)

    with pytest.raises(StateError, match=r"Notes/a is gone, but .*metadata\.sqlite cannot be"):
        reset_object(place)

    assert not place.directory.exists()


def test_files_that_cannot_be_removed_are_named(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path, __: Path) -> None:
        raise PermissionError("not yours")

    stored.write("a", {"k": 1})
    place = find_object(stored.state, "Notes/a")
    monkeypatch.setattr("pathlib.Path.rename", refuse)

    with pytest.raises(StateError, match=f"{place.id} cannot be removed .not yours"):
        reset_object(place)

    assert place.database.exists()


@pytest.mark.parametrize("whole_class", [False, True])
def test_an_object_whose_files_stay_behind_is_gone_with_its_alarm(
    stored: Stored, monkeypatch: pytest.MonkeyPatch, *, whole_class: bool
) -> None:
    def refuse(_: Path, *, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise PermissionError("not yours")

    stored.write("a", {"k": 1}, alarm_ms=1_800_000_000_000)
    place = find_object(stored.state, "Notes/a")
    reset = partial(reset_class, place.owner) if whole_class else partial(reset_object, place)
    monkeypatch.setattr("shutil.rmtree", refuse)

    with pytest.raises(StateError, match=r"is gone, but its files .*not yours.*: remove .*\."):
        reset()

    metadata = ClassMetadata(place.owner.metadata_path)
    assert (metadata.alarms(), metadata.names()) == ([], {})
    metadata.close()


def test_files_that_stay_behind_do_not_keep_those_of_other_objects(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[Path] = []

    def refuse_once(path: Path, *, ignore_errors: bool = False) -> None:
        if ignore_errors or refused:
            rmtree(path, ignore_errors=ignore_errors)
        else:
            refused.append(path)
            raise PermissionError("not yours")

    for name in "abc":
        stored.write(name, {"k": 1})
    owner = find_class(stored.state, "Notes")
    rmtree = shutil.rmtree
    monkeypatch.setattr("shutil.rmtree", refuse_once)

    with pytest.raises(StateError, match="its files cannot be removed"):
        reset_class(owner)

    assert list(owner.path.glob(".*")) == refused


def test_a_class_is_emptied_and_its_ids_stay(stored: Stored) -> None:
    before = stored.write("a", {"k": 1})
    stored.write("other", {"k": 1}, class_name="Others")

    assert reset_class(find_class(stored.state, "Notes")) == 1

    assert objects_of(find_class(stored.state, "Notes")) == []
    assert len(objects_of(find_class(stored.state, "Others"))) == 1
    assert stored.write("a", {"k": 1}) == before


def test_everything_is_emptied(stored: Stored) -> None:
    stored.write("a", {"k": 1})
    stored.write("other", {"k": 1}, class_name="Others")

    assert reset_all(stored.state) == 2
    assert [objects_of(each) for each in stored.state.class_directories()] == [[], []]


def test_a_class_is_emptied_though_a_crash_left_an_object_half_removed(stored: Stored) -> None:
    stored.write("a", {"k": 1})
    owner = find_class(stored.state, "Notes")
    directory = objects_of(owner)[0].directory
    left = directory.with_name(f".{directory.name}")
    left.mkdir()
    (left / "db.sqlite").touch()

    assert reset_class(owner) == 1
    assert not left.exists()

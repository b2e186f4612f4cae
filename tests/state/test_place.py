from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.errors import StateError
from pydo.state import find_class, find_object, hold, objects_of

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Stored


def test_an_object_is_found_by_its_name_and_by_its_id(stored: Stored) -> None:
    named = stored.write("a/b", {"k": 1})
    nameless = stored.write(None, {"k": 1})

    by_name = find_object(stored.state, "Notes/a/b")
    assert (by_name.id, by_name.name, str(by_name)) == (named, "a/b", "Notes/a/b")
    assert find_object(stored.state, f"Notes/{nameless.upper()}").name is None
    assert find_object(stored.state, f"my-app-Notes/{named}") == by_name


def test_objects_with_names_come_first(stored: Stored) -> None:
    nameless = stored.write(None, {"k": 1})
    stored.write("b", {"k": 1})
    stored.write("a", {"k": 1})

    places = objects_of(find_class(stored.state, "Notes"))

    assert [each.name for each in places] == ["a", "b", None]
    assert places[2].id == nameless


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("Nots/a", 'holds no objects of a class "Nots"; did you mean "Notes"?'),
        ("Notes/counte", 'Notes has no object "counte"; did you mean "counter"?'),
        ("Notes", '"Notes" names a class; an object of it is Notes/NAME'),
        (f"Notes/{'0' * 64}", "Notes has no object"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(stored: Stored, named: str, message: str) -> None:
    stored.write("counter", {"k": 1})

    with pytest.raises(StateError) as raised:
        find_object(stored.state, named)

    assert message in str(raised.value)


def test_two_workers_may_have_a_class_of_one_name(stored: Stored) -> None:
    stored.state.class_directory("one", "Notes", "sqlite")
    stored.state.class_directory("two", "Notes", "sqlite")

    with pytest.raises(StateError, match="say which one: one-Notes or two-Notes"):
        find_class(stored.state, "Notes")
    assert find_class(stored.state, "two-Notes").path.name == "two-Notes"


def test_a_directory_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="is not there"):
        hold(tmp_path / "state")

    assert not (tmp_path / "state").exists()


def test_a_directory_that_is_held_is_refused(stored: Stored) -> None:
    with pytest.raises(StateError, match="is in use by pydo dev"):
        hold(stored.root)

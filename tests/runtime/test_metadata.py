"""What is known of a class's objects without opening each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.runtime.metadata import ClassMetadata

from .conftest import Object

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Core


def test_nothing_is_known_and_no_file_made_before_the_first_object(tmp_path: Path) -> None:
    metadata = ClassMetadata(tmp_path / "class" / "metadata.sqlite")

    assert metadata.name_of("00") is None
    metadata.close()

    assert list(tmp_path.iterdir()) == []


def test_the_name_of_an_object_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "class" / "metadata.sqlite"
    metadata = ClassMetadata(path)
    metadata.record("00", "lobby")
    metadata.record("01", None)

    assert metadata.name_of("00") == "lobby"
    assert metadata.name_of("01") is None
    metadata.close()
    again = ClassMetadata(path)
    assert again.name_of("00") == "lobby"
    again.close()


def test_a_name_is_not_forgotten_for_none(tmp_path: Path) -> None:
    metadata = ClassMetadata(tmp_path / "metadata.sqlite")

    metadata.record("00", "lobby")
    metadata.record("00", None)
    metadata.record("01", None)
    metadata.record("01", "hall")

    assert [metadata.name_of(each) for each in ("00", "01")] == ["lobby", "hall"]
    metadata.close()


@pytest.mark.parametrize(("noted", "expected"), [(None, 5), (3, 3), (5, 5), (7, 5)])
def test_an_alarm_that_is_advanced_rings_no_later_than_it_was_noted(
    tmp_path: Path, noted: int | None, expected: int
) -> None:
    metadata = ClassMetadata(tmp_path / "metadata.sqlite")
    if noted is not None:
        metadata.set_alarm("00", None, noted)

    metadata.advance_alarm("00", 5)

    assert [(each.scheduled_ms, each.due_ms) for each in metadata.alarms()] == [
        (expected, expected)
    ]
    metadata.close()


async def test_an_object_is_recorded_at_its_first_write(core: Core) -> None:
    stub = core.stub(Object, "lobby")

    await stub.call("get")
    assert stub.namespace.metadata.name_of(stub.id.hex) is None
    assert not stub.namespace.directory.exists()

    await stub.call("put", 1)
    assert stub.namespace.metadata.name_of(stub.id.hex) == "lobby"
    assert {path.name for path in stub.namespace.directory.iterdir()} >= {
        "metadata.sqlite",
        stub.id.hex,
    }

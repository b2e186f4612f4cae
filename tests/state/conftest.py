"""A state directory with objects in it, made by the runtime's own parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.clone import PLAIN
from pydo.runtime.alarms import ObjectAlarm
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.database import Database
from pydo.runtime.ids import IdFactory
from pydo.runtime.kv import KeyValueTable
from pydo.runtime.metadata import ClassMetadata
from pydo.statedir import StateDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Stored:
    """A state directory, and what writes objects into it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = StateDirectory.open(root)

    def write(
        self,
        name: str | None,
        keys: dict[str, object],
        *statements: str,
        class_name: str = "Notes",
        alarm_ms: int | None = None,
    ) -> str:
        """Let an object store keys, run statements and set an alarm; its id."""
        owner = self.state.class_directory("my-app", class_name, "sqlite")
        ids = IdFactory(owner.unique_key)
        object_id = ids.unique() if name is None else ids.from_name(name)
        metadata = ClassMetadata(owner.metadata_path)
        database = Database(
            owner.object_directory(object_id.hex),
            OpenDatabases(8),
            lambda: metadata.record(object_id.hex, name),
        )
        KeyValueTable(database).put_many([(k, PLAIN.encode(v)) for k, v in keys.items()])
        for statement in statements:
            database.writing().execute(statement)
        if alarm_ms is not None:
            metadata.set_alarm(object_id.hex, name, alarm_ms)
            ObjectAlarm(database).set(alarm_ms)
        database.end_turn()
        database.commit()
        database.close()
        metadata.close()
        return object_id.hex

    def close(self) -> None:
        self.state.close()


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    """An empty state directory, held by the test."""
    stored = Stored(tmp_path / "state")
    yield stored
    stored.close()

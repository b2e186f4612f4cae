"""What is known of a class's objects, found out anew from their databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
import pytest

from pydo.errors import StateError
from pydo.runtime.metadata import ClassMetadata
from pydo.runtime.recovery import recover_metadata

from .faulty import FaultyDisk

if TYPE_CHECKING:
    from pathlib import Path

AT_MS = 1_800_000_000_000


def objects_with_alarms(directory: Path, count: int) -> dict[str, int]:
    """Make objects as workerd does, each with an alarm; when each rings."""
    expected: dict[str, int] = {}
    for number in range(count):
        file = directory / f"{number:064x}" / "db.sqlite"
        file.parent.mkdir(parents=True)
        connection = apsw.Connection(str(file))
        connection.execute("CREATE TABLE _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)")
        expected[file.parent.name] = AT_MS + number
        ns = (AT_MS + number) * 1_000_000
        connection.execute("INSERT INTO _cf_METADATA VALUES (1, ?)", (ns,))
        connection.close()
    return expected


def recovered(directory: Path) -> dict[str, int]:
    """Give what a start notes: nothing is read from the objects if there is a file."""
    metadata = ClassMetadata(directory / "metadata.sqlite")
    try:
        if not metadata.exists:
            recover_metadata(directory, metadata)
        return {each.object_id: each.due_ms for each in metadata.alarms()}
    finally:
        metadata.close()


def test_an_object_that_cannot_be_read_for_now_is_not_taken_for_one_without_an_alarm(
    tmp_path: Path,
) -> None:
    expected = objects_with_alarms(tmp_path, 3)
    file = tmp_path / f"{1:064x}" / "db.sqlite"
    file.rename(tmp_path / "meanwhile")
    file.mkdir()

    with pytest.raises(StateError, match=r"db\.sqlite, which may have an alarm, cannot be read"):
        recovered(tmp_path)

    file.rmdir()
    (tmp_path / "meanwhile").rename(file)
    assert recovered(tmp_path) == expected


def test_a_recovery_that_is_cut_short_at_any_write_is_done_again(tmp_path: Path) -> None:
    expected = objects_with_alarms(tmp_path, 5)
    cut = 0

    with FaultyDisk() as disk:
        while True:
            disk.writes, disk.fails_from = 0, cut + 1
            try:
                recovered(tmp_path)
                break
            except (StateError, apsw.Error):
                cut += 1
            disk.fails_from = None
            assert recovered(tmp_path) == expected, f"write {cut} failed"
            for each in tmp_path.glob("metadata.sqlite*"):
                each.unlink()

    assert cut > 5


def test_an_old_log_is_not_taken_for_the_new_files(tmp_path: Path) -> None:
    expected = objects_with_alarms(tmp_path, 2)
    old = apsw.Connection(str(tmp_path / "metadata.sqlite"))
    old.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    old.execute("PRAGMA journal_mode = WAL; CREATE TABLE other (n)").fetchall()
    old.close()
    (tmp_path / "metadata.sqlite").unlink()
    assert (tmp_path / "metadata.sqlite-wal").stat().st_size > 0

    assert recovered(tmp_path) == expected

"""Backups: a class as it was before a migration took it away.

They lie in `v1/backups/<name>/`, with a note of what they are, and the oldest go when there are
more than the cap.  Databases are copied by SQLite itself, so what is in their logs is in the copy.
"""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import apsw

from pydo.errors import StateError
from pydo.platform import atomic_write, sync_directory
from pydo.runtime.sqlitefile import left_as_found

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.statedir import ClassDirectory, StateDirectory

__all__ = ["MOST", "Backup", "backups", "copy_class", "draft", "keep", "prune", "restore"]

MOST = 20  # backups kept
_FOLDER = "backups"
_NOTE = "backup.json"
_CONTENT = "class"
_LOGS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is kept."""

    name: str
    worker: str
    class_name: str
    tag: str
    at: str
    objects: int
    size: int


def backups(state: StateDirectory) -> list[Backup]:
    """Give what there is, the oldest first."""
    folder = state.layout / _FOLDER
    if not folder.exists():
        return []
    found = (each for each in folder.iterdir() if not each.name.startswith("."))
    return sorted((_read(each) for each in found), key=lambda each: (each.at, each.name))


def draft(state: StateDirectory, owner: ClassDirectory, note: Backup) -> None:
    """Copy a class; `keep` makes a backup of it, and else it goes when the directory is opened."""
    target = state.layout / _FOLDER / f".{note.name}"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    copy_class(owner.path, target / _CONTENT)
    record = {
        "worker": note.worker,
        "class": note.class_name,
        "tag": note.tag,
        "at": note.at,
        "objects": note.objects,
        "size": note.size,
    }
    atomic_write(target / _NOTE, json.dumps(record, indent=2).encode() + b"\n")


def keep(state: StateDirectory, name: str) -> None:
    """Make a backup of a draft; if that has happened, nothing happens."""
    folder = state.layout / _FOLDER
    if (folder / f".{name}").exists():
        (folder / f".{name}").rename(folder / name)
        sync_directory(folder)


def restore(state: StateDirectory, name: str, worker: str, class_name: str) -> None:
    """Put the class of a backup in place; the backup stays.  If it is there, nothing happens.

    Raises:
        StateError: the backup has gone.

    """
    source = state.layout / _FOLDER / name / _CONTENT
    if not source.exists():
        raise StateError(f"The backup {name} has gone from {state.layout / _FOLDER}")
    copied = state.layout / _FOLDER / f".{name}"
    shutil.rmtree(copied, ignore_errors=True)
    shutil.copytree(source, copied)
    state.receive_class(copied, "", worker, class_name)
    shutil.rmtree(copied, ignore_errors=True)


def prune(state: StateDirectory) -> None:
    """Remove the oldest backups above the cap."""
    for each in backups(state)[:-MOST]:
        doomed = state.layout / _FOLDER / f".{each.name}"
        (state.layout / _FOLDER / each.name).rename(doomed)
        shutil.rmtree(doomed)


def remove_drafts(state: StateDirectory) -> None:
    """Remove what no journal has made a backup."""
    folder = state.layout / _FOLDER
    if folder.exists():
        for each in folder.iterdir():
            if each.name.startswith("."):
                shutil.rmtree(each)


def copy_class(source: Path, target: Path) -> None:
    """Copy a class directory, databases by SQLite's online backup and all else as it is."""
    target.mkdir()
    for path in sorted(source.iterdir()):
        if path.is_dir():
            copy_class(path, target / path.name)
        elif path.suffix == ".sqlite":
            _copy_database(path, target / path.name)
        elif not path.name.endswith(_LOGS):
            shutil.copy2(path, target / path.name)


def _copy_database(source: Path, target: Path) -> None:
    try:
        with (
            left_as_found(source) as before,
            closing(apsw.Connection(str(target))) as after,
            after.backup("main", before, "main") as copying,
        ):
            copying.step()
    except (apsw.Error, OSError) as error:
        raise StateError(f"{source} cannot be copied ({error}): nothing was changed") from error


def _read(path: Path) -> Backup:
    try:
        record = json.loads((path / _NOTE).read_bytes())
        fields = ("worker", "class", "tag", "at", "objects", "size")
        return Backup(path.name, *(record[each] for each in fields))
    except (OSError, ValueError, KeyError) as error:
        raise StateError(f"{path} is no backup ({error}): move it away") from error

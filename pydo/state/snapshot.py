"""Snapshots: everything in the state directory, kept under a name and put back.

They lie in `v1/snapshots/<name>/`, and hold all of `v1/` but themselves and the lock.  Files are
copied as they are: nobody uses them meanwhile.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from pydo.errors import StateError
from pydo.platform import sync_directory

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.statedir import StateDirectory

__all__ = ["restore", "snapshot", "snapshots"]

_FOLDER = "snapshots"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_IGNORED = shutil.ignore_patterns("*.sqlite-shm")  # an index that SQLite makes anew
_DRAFT = ".restoring"


def snapshots(state: StateDirectory) -> list[str]:
    """Give the names that there are, in order."""
    folder = state.layout / _FOLDER
    if not folder.exists():
        return []
    return sorted(each.name for each in folder.iterdir() if _NAME.fullmatch(each.name))


def snapshot(state: StateDirectory, name: str) -> Path:
    """Keep everything under a name; where it is kept.

    Raises:
        StateError: the name is taken, or can be no name.

    """
    if not _NAME.fullmatch(name):
        raise StateError(
            f'"{name}" cannot name a snapshot: use letters, digits, ".", "_" and "-" only'
        )
    target = state.layout / _FOLDER / name
    if target.exists():
        raise StateError(f'There is a snapshot "{name}" already; choose another name')
    draft = target.with_name(f".{name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    _copy(state.entries(), draft)
    draft.rename(target)
    sync_directory(target.parent)
    return target


def restore(state: StateDirectory, name: str) -> None:
    """Put everything back as it was when the snapshot was made; what is there now is lost.

    Raises:
        StateError: there is no such snapshot.

    """
    source = state.layout / _FOLDER / name
    if name not in snapshots(state):
        known = ", ".join(snapshots(state)) or "none"
        raise StateError(f'There is no snapshot "{name}" in {state.root} (there are: {known})')
    draft = state.layout / _DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    _copy(list(source.iterdir()), draft)
    state.replace_all(draft)


def _copy(entries: list[Path], target: Path) -> None:
    for each in entries:
        if each.is_dir():
            shutil.copytree(each, target / each.name, ignore=_IGNORED)
        else:
            shutil.copy2(each, target / each.name)

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
_NOT_KEPT = frozenset({_FOLDER, "lock"})
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_IGNORED = shutil.ignore_patterns("*.sqlite-shm")  # an index that SQLite makes anew
_DRAFT, _REPLACED = ".restoring", ".replaced"


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
    _copy(_kept(state.layout), draft)
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
    draft, replaced = state.layout / _DRAFT, state.layout / _REPLACED
    for each in (draft, replaced):
        shutil.rmtree(each, ignore_errors=True)
        each.mkdir()
    _copy(list(source.iterdir()), draft)
    # From here on there are renames only: whatever fails before leaves all as it was.
    for entry in _kept(state.layout):
        entry.rename(replaced / entry.name)
    for entry in list(draft.iterdir()):
        entry.rename(state.layout / entry.name)
    sync_directory(state.layout)
    shutil.rmtree(replaced)
    draft.rmdir()


def _kept(layout: Path) -> list[Path]:
    return [
        each
        for each in layout.iterdir()
        if each.name not in _NOT_KEPT and not each.name.startswith(".")
    ]


def _copy(entries: list[Path], target: Path) -> None:
    for each in entries:
        if each.is_dir():
            shutil.copytree(each, target / each.name, ignore=_IGNORED)
        else:
            shutil.copy2(each, target / each.name)

"""The directory in which the objects of a project live, held by one process at a time."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import quote

from pydo.errors import StateError
from pydo.platform import FileLock, sync_directory
from pydo.statedir.classdirectory import (
    NAMESPACE,
    ClassDirectory,
    holds_objects,
    read_class_directory,
    unusable,
    without_namespace,
    write_namespace,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["HeldError", "StateDirectory", "store_directory"]

_LAYOUT = "v1"
_NOT_KEPT = frozenset({"lock", "control", "snapshots", "backups"})
_DOOMED = ".doomed"  # a class directory that is being removed
_COMPLETE, _PLACING = ".replacing", ".placing"  # a replacement before and after the old is gone
_UNFIT_FOR_A_NAME = re.compile(r'^\.|[\x00-\x1f/\\:*?"<>|\ud800-\udfff]')


class HeldError(StateError):
    """Another process holds the directory."""


class StateDirectory:
    """The state directory at `root`, held by this process alone until `close`.

    A process that dies, however it dies, holds it no longer.
    """

    def __init__(self, root: Path, lock: FileLock | None, owner: dict[str, object]) -> None:
        self.root = root
        self._lock = lock
        self._owner = owner

    @classmethod
    def open(
        cls, root: Path, *, port: int | None = None, left: int | None = None
    ) -> StateDirectory:
        """Make the directory at `root` if it is not there, and take hold of it.

        `port` is for those who are refused meanwhile; `record_port` tells it later.  `left` is what
        the process before has left of its hold.

        Raises:
            StateError: another pydo holds the directory, or it cannot be made or locked.

        """
        root = root.absolute()
        layout = root / _LAYOUT
        try:
            _make_root(root)
            (layout / "do").mkdir(parents=True, exist_ok=True)
            path = layout / "lock"
            lock = None if left is None else FileLock.adopt(left, path)
            lock = lock or FileLock.acquire(path)
            if lock is None:
                raise HeldError(
                    f"{root} is in use by pydo dev{_read_owner(layout / 'lock')}; "
                    "stop that one, or choose another directory with --persist-to"
                )
            started = datetime.now(UTC).isoformat(timespec="seconds")
            directory = cls(root, lock, {"pid": os.getpid(), "port": port, "started": started})
            directory._write_owner()
            directory._finish_replacing()
            directory.finish_naming()
        except OSError as error:
            raise unusable(root, error) from error
        return directory

    @classmethod
    def look_at(cls, root: Path) -> StateDirectory:
        """Give a directory that another process holds, to be read while that goes on."""
        return cls(root.absolute(), None, {})

    @property
    def control(self) -> Path:
        """The file by which the server that holds it is asked."""
        return self.layout / "control"

    def store_directory(self, kind: str, store_id: str) -> Path:
        """Return where a store that stands beside objects belongs; nothing is made there."""
        return store_directory(self.root, kind, store_id)

    def record_port(self, port: int) -> None:
        """Tell those who are refused on which port this process serves."""
        self._owner["port"] = port
        self._write_owner()

    def class_directory(self, worker: str, class_name: str, storage: str) -> ClassDirectory:
        """Return the place of this worker's class, made on its first use.

        A place that is there already keeps the storage kind that it was made with.

        Raises:
            StateError: as `propose` and `make` say.

        """
        return self.find(worker, class_name) or self.make(self.propose(worker, class_name, storage))

    def propose(self, worker: str, class_name: str, storage: str) -> ClassDirectory:
        """Return the place that a new class would get; nothing is made.

        It takes the unique key `<worker>-<Class>`, or `<worker>-<Class>#2` and so on while the
        objects of another class directory, one that was renamed, have ids of that key.

        Raises:
            StateError: the name differs from one that is there only in case, or fits no directory.

        """
        name = f"{worker}-{class_name}"
        if _UNFIT_FOR_A_NAME.search(name):
            raise StateError(f'"{name}" cannot be the name of a directory; rename worker or class')
        try:
            self._refuse_names_alike(name)
            path = self._free_path(name)
        except OSError as error:
            raise unusable(self._class_directories / name, error) from error
        becomes = None if path.name == name else name
        return ClassDirectory(path, self._free_key(name), storage, class_name, worker, becomes)

    def make(self, place: ClassDirectory) -> ClassDirectory:
        """Make a class directory that was proposed, if it is not there.

        Raises:
            StateError: a namespace.json is missing, damaged or of a newer format, or the place
                cannot be made.

        """
        try:
            if not (place.path / NAMESPACE).exists():
                self._make_class_directory(place)
        except OSError as error:
            raise unusable(place.path, error) from error
        return read_class_directory(place.path)

    def find(self, worker: str, class_name: str) -> ClassDirectory | None:
        """Give the place of this worker's class, if it has one."""
        name = f"{worker}-{class_name}"
        path = self._class_directories / name
        if (path / NAMESPACE).exists() and (found := read_class_directory(path)).label == name:
            return found
        return next((each for each in self.class_directories() if each.label == name), None)

    def find_key(self, key: str) -> ClassDirectory | None:
        """Give the class directory whose objects have ids of this key."""
        return next((each for each in self.class_directories() if each.unique_key == key), None)

    def give_class(self, key: str, worker: str, class_name: str) -> None:
        """Let the class directory of this key be that worker's class; its files stay in place.

        `finish_naming` renames the directory, when nobody uses its files.
        """
        found = self.find_key(key)
        if found is None:
            raise StateError(f'No class directory in {self.root} has the key "{key}"')
        write_namespace(replace(found, class_name=class_name, worker=worker), worker, class_name)

    def remove_class(self, key: str) -> None:
        """Remove the class directory of this key with all of its objects, if it is there."""
        self._finish_removing()
        found = self.find_key(key)
        if found is not None:
            found.path.rename(self.layout / _DOOMED)
            sync_directory(self._class_directories)
            self._finish_removing()

    def receive_class(self, draft: Path, key: str, worker: str, class_name: str) -> None:
        """Take the folder `draft`, a copy of a class directory, in as that worker's class.

        If the class of this key is there already, nothing happens.
        """
        if not draft.exists() or self.find_key(key or read_class_directory(draft).unique_key):
            return
        found = read_class_directory(draft)
        write_namespace(found, worker, class_name)
        draft.rename(self._free_path(f"{worker}-{class_name}"))
        sync_directory(self._class_directories)

    def finish_naming(self) -> None:
        """Give every class directory the name that it is to have; nobody may use its files."""
        waiting = [each for each in self.class_directories() if each.becomes is not None]
        while ready := [each for each in waiting if self._may_have_its_name(each)]:
            for each in ready:
                waiting.remove(each)
                target = self._class_directories / each.label
                if target != each.path:
                    each.path.rename(target)
                    sync_directory(self._class_directories)
                write_namespace(replace(each, path=target), each.worker, each.class_name)

    def _may_have_its_name(self, directory: ClassDirectory) -> bool:
        return (
            directory.path.name == directory.label
            or not (self._class_directories / directory.label).exists()
        )

    def _finish_removing(self) -> None:
        if (self.layout / _DOOMED).exists():
            shutil.rmtree(self.layout / _DOOMED)

    def _free_path(self, name: str) -> Path:
        """Give a folder for a class directory: another one takes the place until it is renamed."""
        path, number = self._class_directories / name, 1
        while (path / NAMESPACE).exists():
            number += 1
            path = self._class_directories / f"{name}#{number}"
        return path

    def class_directories(self) -> Iterator[ClassDirectory]:
        """Yield every class directory there is, in the order of their names.

        Raises:
            StateError: a namespace.json is missing, damaged or of a newer format.

        """
        for path in sorted(self._class_directories.iterdir()):
            if (path / NAMESPACE).exists():
                yield read_class_directory(path)
            elif holds_objects(path):
                raise without_namespace(path)

    def entries(self) -> list[Path]:
        """Give what is kept here: all of the layout but its snapshots, the lock, and drafts."""
        return [
            each
            for each in self.layout.iterdir()
            if each.name not in _NOT_KEPT and not each.name.startswith(".")
        ]

    def replace_all(self, draft: Path) -> None:
        """Put the content of `draft`, a folder in the layout, in the place of all that is kept.

        It happens as a whole: what a crash interrupts is finished when the directory is opened.
        """
        shutil.rmtree(self.layout / _PLACING, ignore_errors=True)
        draft.rename(self.layout / _COMPLETE)
        sync_directory(self.layout)
        self._finish_replacing()

    def _finish_replacing(self) -> None:
        complete, placing = self.layout / _COMPLETE, self.layout / _PLACING
        if complete.exists():
            for each in self.entries():
                if each.is_dir():
                    shutil.rmtree(each)
                else:
                    each.unlink()
            complete.rename(placing)
        if placing.exists():
            for each in list(placing.iterdir()):
                if (self.layout / each.name).exists():  # made empty by whoever opened it since
                    (self.layout / each.name).rmdir()
                each.rename(self.layout / each.name)
            placing.rmdir()
            sync_directory(self.layout)

    def leave(self) -> int | None:
        """Leave the hold to the program that this process executes next."""
        return None if self._lock is None else self._lock.leave()

    def close(self) -> None:
        """Let go of the directory; a second call does nothing."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def layout(self) -> Path:
        """Where everything is: the part of the directory that has this version's form."""
        return self.root / _LAYOUT

    @property
    def _class_directories(self) -> Path:
        return self.layout / "do"

    def _write_owner(self) -> None:
        assert self._lock is not None, "it is held"
        self._lock.write(json.dumps(self._owner).encode())

    def _refuse_names_alike(self, name: str) -> None:
        # On macOS and Windows both names would lead to one directory, on Linux to two.
        for path in self._class_directories.iterdir():
            if path.name != name and _folded(path.name) == _folded(name):
                raise StateError(
                    f'"{name}" and "{path.name}" differ only in case, which not every file system '
                    f"can tell apart; rename one of them, or delete {path} with its objects"
                )

    def _make_class_directory(self, place: ClassDirectory) -> None:
        path = place.path
        path.mkdir(exist_ok=True)
        if not all(entry.name.startswith(".") for entry in path.iterdir()):
            # To make one up could give the objects other ids, and so hide them all.
            raise without_namespace(path)
        write_namespace(place, place.worker, place.class_name)
        sync_directory(path.parent)

    def _free_key(self, wanted: str) -> str:
        taken = {directory.unique_key for directory in self.class_directories()}
        key, number = wanted, 1
        while key in taken:
            number += 1
            key = f"{wanted}#{number}"
        return key


def store_directory(root: Path, kind: str, store_id: str) -> Path:
    """Return where a store of the state directory at `root` belongs; nothing is made there.

    Unlike what is in the directory of a class, SQLite alone guards it: several may use it.
    """
    return root.absolute() / _LAYOUT / kind / quote(store_id, safe=" ")


def _make_root(root: Path) -> None:
    """Make the directory, kept out of version control where it is pydo's to say so."""
    is_new = not root.exists()
    root.mkdir(parents=True, exist_ok=True)
    for directory in (root, root.parent):
        if directory.name == ".pydo":
            _ignore_everything_in(directory)
            return
    if is_new:
        _ignore_everything_in(root)


def _ignore_everything_in(directory: Path) -> None:
    with contextlib.suppress(FileExistsError), (directory / ".gitignore").open("x") as file:
        file.write("*\n")


def _read_owner(lock: Path) -> str:
    """Return ` (pid 1, port 2)` of who holds the lock, as far as it has said so yet."""
    try:
        # While it is being written anew, the end of a longer record may still follow.
        text = lock.read_text(encoding="utf-8", errors="replace")
        owner, _ = json.JSONDecoder().raw_decode(text)
    except (OSError, ValueError):
        return ""
    if not isinstance(owner, dict):
        return ""
    fields = cast("dict[str, Any]", owner)
    known = [f"{name} {fields[name]}" for name in ("pid", "port") if fields.get(name) is not None]
    return f" ({', '.join(known)})" if known else ""


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()

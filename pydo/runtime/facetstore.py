"""Where the facets of one object are stored: in folders of its own folder.

    <object>/facets/index       which facet of which parent is number 1, 2, 3 …
    <object>/facets/<n>/        the files of number n, as an object's own

The index has workerd's form: a magic number, then for each facet its parent's number (0 is the
object itself), the length of its name and the name.  It only grows; a facet that is deleted keeps
its number.  Source: src/workerd/server/facet-tree-index.h.
"""

from __future__ import annotations

import os
import shutil
import struct
from contextlib import closing
from typing import TYPE_CHECKING

import apsw

from pydo.errors import JsException, internal_error
from pydo.runtime.sqlite_error import raise_sqlite_error
from pydo.runtime.sqlitefile import left_as_found

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["DATABASE", "INDEX", "ROOT", "FacetKey", "FacetStore", "index_of", "read_index"]

ROOT = 0  # the number of the object itself
DATABASE, INDEX = "db.sqlite", "index"
FacetKey = tuple[int, str]  # the number of its parent, and its name

_MAGIC = struct.pack("<Q", 0xC4CDCE5BC5B0EF57)
_ENTRY = struct.Struct("<HH")
_MOST = 65535


def read_index(data: bytes) -> list[FacetKey]:
    """Give the facets of an index, number 1 first; what a crash has left unfinished is none.

    Raises:
        ValueError: it is no index.

    """
    if len(data) < len(_MAGIC) and _MAGIC.startswith(data):
        return []  # the crash, or a full disk, came before its first facet
    if not data.startswith(_MAGIC):
        raise ValueError("it does not begin as an index of facets does")
    found: list[FacetKey] = []
    at = len(_MAGIC)
    while at + _ENTRY.size <= len(data):
        parent, length = _ENTRY.unpack_from(data, at)
        at += _ENTRY.size + length
        if at > len(data):
            break
        found.append((parent, data[at - length : at].decode()))
    return found


def index_of(facets: list[FacetKey]) -> bytes:
    """Give the index of these facets."""
    return _MAGIC + b"".join(map(_entry, facets))


def _entry(facet: FacetKey) -> bytes:
    parent, name = facet[0], facet[1].encode()
    return _ENTRY.pack(parent, len(name)) + name


class FacetStore:
    """The facets of one object, and of its facets.

    `syncs` tells whether what is noted has to survive a power loss.
    """

    def __init__(self, object_directory: Path, *, syncs: bool = False) -> None:
        self.directory = object_directory / "facets"
        self._index = self.directory / INDEX
        self._syncs = syncs
        self._numbers: dict[FacetKey, int] | None = None
        self._end = 0  # of the last whole entry of the index, in bytes

    def path(self, number: int) -> Path:
        """Return the folder of a facet, which is there once it has stored something."""
        return self.directory / str(number)

    def find(self, parent: int, name: str) -> int | None:
        """Give the number of a facet that has ever run."""
        return self._load().get((parent, name))

    def number(self, parent: int, name: str) -> int:
        """Give the number of a facet, a new one if it has none.

        Raises:
            JsException: there are too many, or it cannot be noted.

        """
        numbers = self._load()
        if (parent, name) not in numbers:
            if len(numbers) == _MOST:
                raise JsException("Error", f"A Durable Object cannot have more than {_MOST} facets")
            self.remove(len(numbers) + 1)  # of a facet whose entry a power loss has taken
            self._note((parent, name))
            numbers[parent, name] = len(numbers) + 1
        return numbers[parent, name]

    def numbers(self) -> range:
        """Give the numbers of all facets there are."""
        return range(1, len(self._load()) + 1)

    def children(self, number: int) -> list[tuple[str, int]]:
        """Give the names and numbers of a facet's facets."""
        return [(name, n) for (parent, name), n in self._load().items() if parent == number]

    def remove(self, number: int) -> None:
        """Delete what a facet and all its facets have stored; none of them may run.

        Raises:
            JsException: the disk does not allow it.

        """
        try:
            for each in (number, *self._descendants(number)):
                if self.path(each).exists():
                    # What a crash leaves of it is not taken for a facet's.
                    doomed = self.directory / f".{each}"
                    shutil.rmtree(doomed, ignore_errors=True)
                    self.path(each).rename(doomed)
                    shutil.rmtree(doomed)
        except OSError as error:
            raise internal_error() from error

    def copy(self, source: int, target: int) -> None:
        """Copy what a facet and all its facets have committed; the target stores nothing yet.

        Raises:
            JsException: it cannot be read or written.

        """
        self._copy_database(self.path(source), self.path(target))
        for name, child in self.children(source):
            self.copy(child, self.number(target, name))

    def _copy_database(self, source: Path, target: Path) -> None:
        if not (source / DATABASE).exists():
            return
        try:
            target.mkdir(parents=True, exist_ok=True)
            with (
                left_as_found(source / DATABASE) as original,
                closing(apsw.Connection(str(target / DATABASE))) as copy,
                copy.backup("main", original, "main") as backup,
            ):
                backup.step()
        except apsw.Error as error:
            raise_sqlite_error(error)
        except OSError as error:
            raise internal_error() from error

    def _descendants(self, number: int) -> Iterator[int]:
        for _, child in self.children(number):
            yield child
            yield from self._descendants(child)

    def _load(self) -> dict[FacetKey, int]:
        if self._numbers is None:
            try:
                known = read_index(self._index.read_bytes()) if self._index.exists() else []
            except (OSError, ValueError) as error:
                raise internal_error() from RuntimeError(f"{self._index} cannot be read: {error}")
            self._numbers = {facet: number for number, facet in enumerate(known, 1)}
            self._end = len(index_of(known)) if known else 0
        return self._numbers

    def _note(self, facet: FacetKey) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with self._index.open("r+b" if self._end else "wb") as file:
                # What a crash, or a full disk, has left behind the last whole entry goes.
                file.seek(self._end)
                file.write((b"" if self._end else _MAGIC) + _entry(facet))
                file.truncate()
                if self._syncs:
                    file.flush()
                    os.fsync(file.fileno())
                self._end = file.tell()
        except OSError as error:
            raise internal_error() from error

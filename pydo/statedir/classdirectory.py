"""The directory of one class, and what its namespace.json says of it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydo.errors import StateError
from pydo.platform import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "KEY_VALUE",
    "NAMESPACE",
    "SQLITE",
    "ClassDirectory",
    "holds_objects",
    "read_class_directory",
    "unusable",
    "without_namespace",
    "write_namespace",
]

SQLITE = "sqlite"
KEY_VALUE = "key-value"
NAMESPACE = "namespace.json"

_FORMAT = 1
_OBJECT_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ClassDirectory:
    """Where all objects of one class live, and the key of which their ids are made.

    `storage` is the kind with which the class was first made, `SQLITE` or `KEY_VALUE`; what the
    configuration says today may differ, and is then the thing to refuse.
    """

    path: Path
    unique_key: str
    storage: str
    class_name: str
    worker: str = ""
    becomes: str | None = None  # the name that its directory is to have, if it has another one

    @property
    def label(self) -> str:
        """What it is called, `<worker>-<Class>`, whatever its directory is called for now."""
        return self.becomes or self.path.name

    @property
    def metadata_path(self) -> Path:
        """Where the class's metadata database is or will be."""
        return self.path / "metadata.sqlite"

    def object_directory(self, object_id: str) -> Path:
        """Return where the files of the object with this hex id belong; nothing is made there."""
        return self.path / object_id

    def list_objects(self) -> Iterator[str]:
        """Yield the hex id of every object that has a directory, in no order."""
        yield from _objects_in(self.path)


def _objects_in(path: Path) -> Iterator[str]:
    with os.scandir(path) as entries:
        for entry in entries:
            if _OBJECT_NAME.fullmatch(entry.name) and entry.is_dir():
                yield entry.name


def holds_objects(path: Path) -> bool:
    """Tell whether a folder is one with the files of objects."""
    return path.is_dir() and any(True for _ in _objects_in(path))


def without_namespace(path: Path) -> StateError:
    """Give the error for a class directory that does not say what it is."""
    return StateError(
        f"{path / NAMESPACE} is missing though the directory holds objects: put it back from a"
        f" copy, or move {path} away to begin anew"
    )


def read_class_directory(path: Path) -> ClassDirectory:
    """Read what the directory of a class says of it.

    Raises:
        StateError: its namespace.json is damaged, or of a newer format.

    """
    source = path / NAMESPACE
    try:
        record = json.loads(source.read_bytes())
    except OSError as error:
        raise unusable(source, error) from error
    except ValueError as error:
        raise _damaged(source, str(error)) from error
    if not isinstance(record, dict):
        raise _damaged(source, "no JSON object")
    fields = cast("dict[str, Any]", record)
    if isinstance(fields.get("format"), int) and fields["format"] > _FORMAT:
        raise StateError(
            f"{source} was written by a newer pydo (format {fields['format']}, this one reads "
            f"{_FORMAT}): upgrade pydo-workers, or choose another directory with --persist-to"
        )
    if fields.get("format") != _FORMAT:
        raise _damaged(source, f'"format" is {fields.get("format")!r}')
    for name in ("unique_key", "storage", "class"):
        if not isinstance(fields.get(name), str):
            raise _damaged(source, f'"{name}" is {fields.get(name)!r}')
    class_name, becomes = fields["class"], fields.get("becomes")
    worker = fields.get("worker", path.name.removesuffix(f"-{class_name}"))
    return ClassDirectory(
        path, fields["unique_key"], fields["storage"], class_name, worker, becomes
    )


def write_namespace(directory: ClassDirectory, worker: str, class_name: str) -> None:
    """Note what a class directory is, and which name it is to have if that is another one."""
    name = f"{worker}-{class_name}"
    record = {
        "format": _FORMAT,
        "unique_key": directory.unique_key,
        "storage": directory.storage,
        "worker": worker,
        "class": class_name,
        **({} if directory.path.name == name else {"becomes": name}),
    }
    atomic_write(directory.path / NAMESPACE, json.dumps(record, indent=2).encode() + b"\n")


def _damaged(source: Path, found: str) -> StateError:
    return StateError(
        f"{source} is damaged ({found}): put it back from a copy, since without it the ids of the "
        f"objects beside it are lost, or move {source.parent} away to begin anew"
    )


def unusable(path: Path, error: OSError) -> StateError:
    """Give the error for a place that the system does not let pydo use."""
    where = error.filename or path
    return StateError(
        f"{path} cannot be used ({where}: {error.strerror or error}): make it a directory that you "
        "may write to, or choose another with --persist-to"
    )

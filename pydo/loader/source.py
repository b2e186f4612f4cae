"""Which files are the project's own, and which of them a module's name means.

The module root is the folder of `main`, as in production, where wrangler uploads every `.py`
below it and the runtime puts that folder first on the path (src/pyodide/internal in
cloudflare/workerd).  Nothing is read here but folders.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ModuleRoot", "ModuleSource", "digest", "is_project_folder"]

_NEVER_PROJECT = frozenset({"__pycache__", "node_modules", "python_modules", "site-packages"})
_PYDO = str(Path(__file__).parents[1]) + os.sep


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """Where a module comes from.

    A plain module has a `file`, a package a `file` and a `folder`, a namespace package a
    `folder` only.
    """

    file: Path | None
    folder: Path | None


class ModuleRoot:
    """The folder from which the project's modules are imported."""

    def __init__(self, folder: Path) -> None:
        # The path is made absolute but links are kept: tracebacks show what the user typed.
        self.folder = folder.absolute()
        self._prefixes = tuple({_prefix(self.folder), _prefix(self.folder.resolve())})

    def find(self, name: str, folders: Iterable[str] | None = None) -> ModuleSource | None:
        """Return the source of the module whose last name is `name`, or None.

        It is looked for in the root, or in `folders` (a package's `__path__`), those of them
        that are the project's.  Python's own order holds: a package, a module, a namespace.
        """
        if not is_project_folder(name):
            return None
        places = [self.folder] if folders is None else self._own_folders(folders)
        found = [source for place in places if (source := _find_in(place, name)) is not None]
        return next((source for source in found if source.file), found[0] if found else None)

    def owns(self, filename: str) -> bool:
        """Whether a code object's file name is that of a file of the project."""
        prefix = next((p for p in self._prefixes if filename.startswith(p)), None)
        if prefix is None or filename.startswith(_PYDO):
            return False
        folders = Path(filename[len(prefix) :]).parent.parts
        return all(is_project_folder(folder) for folder in folders)

    def is_at(self, folder: str) -> bool:
        """Whether `folder` is this root, under whatever path."""
        return _prefix(Path(folder).resolve()) in self._prefixes

    def _own_folders(self, folders: Iterable[str]) -> list[Path]:
        return [Path(folder) for folder in folders if self.owns(str(Path(folder) / "_"))]


def is_project_folder(name: str) -> bool:
    """Whether a folder of that name can hold code of the project.

    Environments, caches and other tools' folders never do: anything that starts with a dot
    (`.venv`, `.venv-workers`, `.pydo`, `.wrangler`, `.git`), `node_modules`, `python_modules`.
    """
    return name not in _NEVER_PROJECT and not name.startswith(".")


def digest(contents: bytes) -> bytes:
    """Return what tells a file's contents from any other's."""
    return hashlib.blake2b(contents, digest_size=16).digest()


def _prefix(folder: Path) -> str:
    return str(folder).rstrip(os.sep) + os.sep


def _find_in(place: Path, name: str) -> ModuleSource | None:
    try:
        # A listing, not a look at each path: a file system may ignore case, imports never do.
        present = {entry.name for entry in place.iterdir()}
    except OSError:
        return None
    folder, file = place / name, place / f"{name}.py"
    is_folder = name in present and folder.is_dir()
    if is_folder and (folder / "__init__.py").is_file():
        return ModuleSource(folder / "__init__.py", folder)
    if file.name in present and file.is_file():
        return ModuleSource(file, None)
    return ModuleSource(None, folder) if is_folder else None

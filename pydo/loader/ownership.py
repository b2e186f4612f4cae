"""Whose a top-level name is: the project's, another's, or in dispute.

A file of the project beats an installed package of its name, as the module root is the first
entry of the path in production.  It cannot beat a module that is loaded already, or that the
Worker stands on: those who imported that one would go on with it and the project with its own.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydo.loader.finder import ProjectFinder, project_loader

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from pydo.loader.source import ModuleRoot, ModuleSource

__all__ = ["Ownership"]

_RESERVED = frozenset(
    {
        # What the Worker stands on, which may not be loaded yet when its first line runs.
        "_cloudflare_compat_flags",
        "_pyodide_entrypoint_helper",
        "js",
        "pyodide",
        "workers",
        # What pydo itself loads late, and what that stands on.
        "anyio",
        "cryptography",
        "multiprocessing",
        "pydo",
        "rich",
        "tomllib",
        "watchfiles",
    }
)


class Ownership:
    """Answers for one generation, and remembers the names that it found to be others'."""

    def __init__(self, root: ModuleRoot) -> None:
        self.refusal: ImportError | None = None
        """The last name in dispute, for an `except` of the project may have hidden it."""
        self._root = root
        self._root_name = root.folder.name
        self._others: set[str] = set()

    def is_own(self, name: str) -> bool:
        """Whether the project's import of the top-level `name` means a module of its own.

        Raises:
            ImportError: a file of the project has that name, and so has another module.

        """
        if name in self._others:
            return False
        source = self._root.find(name)
        if source is None:
            return False
        if source.file is None:
            return self._owns_namespace(name, source)
        if name in _RESERVED or _stranger(name, source) is not None:
            raise self._refuse(name, source.file)
        return True

    def offers(self, name: str, source: ModuleSource) -> bool:
        """Whether others who import the top-level `name`, not loaded yet, get `source`."""
        return self._owns_namespace(name, source) if source.file is None else name not in _RESERVED

    def is_root(self, name: str) -> bool:
        """Whether `name` is the root's own, by which Python may find it through its parent."""
        if name != self._root_name or name in self._others:
            return False
        if name in sys.modules:
            folders = getattr(sys.modules[name], "__path__", None)
        else:
            spec = _find_elsewhere(name)
            folders = spec.submodule_search_locations if spec else None
        return any(self._root.is_at(folder) for folder in folders or ())

    def missing(self, name: str) -> ModuleNotFoundError:
        """Return the error for a top-level name that nobody has."""
        return self.explain(ModuleNotFoundError(f"No module named {name!r}", name=name))

    def explain(self, error: ModuleNotFoundError) -> ModuleNotFoundError:
        """Add what to do if the error comes of naming the root in an import."""
        if error.name == self._root_name:
            error.add_note(
                f"The modules of a Python Worker are imported from the folder of `main`, here "
                f"{error.name!r}: leave out the `{error.name}.` prefix."
            )
        return error

    def remember_other(self, name: str) -> None:
        """Note that the top-level `name` was imported, and is not the project's."""
        self._others.add(name)

    def _owns_namespace(self, name: str, source: ModuleSource) -> bool:
        # As on a path, a folder without __init__.py gives way to any module.
        return _stranger(name, source) is None and _find_elsewhere(name) is None

    def _refuse(self, name: str, file: Path) -> ImportError:
        state = "is already loaded" if name in sys.modules else "pydo needs"
        self.refusal = ImportError(
            f"{file} bears the name of the module {name!r}, which {state} and is not the "
            f"project's; rename the file",
            name=name,
            path=str(file),
        )
        return self.refusal


def _stranger(name: str, source: ModuleSource) -> ModuleType | None:
    """Return the module loaded under that name, if it is not a project's."""
    module = sys.modules.get(name)
    if module is None or project_loader(module) is not None:
        return None
    # The same file may have been imported in an ordinary way, by a test say.
    file = getattr(module, "__file__", None)
    return None if _is_same(file, source.file) else module


def _is_same(one: str | None, other: Path | None) -> bool:
    if one is not None and other is not None:
        with suppress(OSError):
            return Path(one).samefile(other)
    return False


def _find_elsewhere(name: str) -> ModuleSpec | None:
    """Return the spec of a module that is no project's."""
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        if find_spec is None or isinstance(finder, ProjectFinder):
            continue
        spec: ModuleSpec | None = find_spec(name, None, None)
        if spec is not None:
            return spec
    return None

"""How the import system meets the project's modules.

Project code imports through its own generation.  Everyone else (importlib.import_module called
by a framework, pickle, runpy) comes through `sys.meta_path`, where a `ProjectFinder` answers for
the generation that stands in `sys.modules`.  The root never goes on `sys.path`: an entry there
would bring in Python's own finders, and with them .pyc files and folders that are not code.
"""

from __future__ import annotations

from importlib.machinery import ModuleSpec, SourceFileLoader
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.readers import FileReader
    from pathlib import Path
    from types import CodeType, ModuleType

    from pydo.loader.source import ModuleSource

__all__ = ["ProjectFinder", "ProjectLoader", "ProjectModules", "project_loader", "spec_of"]


class ProjectModules(Protocol):
    """What the import system asks of a generation."""

    @property
    def is_standing(self) -> bool:
        """Whether its modules are those that stand in `sys.modules` for its loader."""
        ...

    def spec(self, name: str) -> ModuleSpec | None:
        """Return the spec of a module of the project, or None if it is not the project's."""
        ...

    def load(self, name: str) -> ModuleType:
        """Return the module of that absolute name, executed."""
        ...

    def read(self, file: Path) -> bytes:
        """Return the contents of a source file, remembering that it was read."""
        ...


class ProjectFinder:
    """Answers on `sys.meta_path` for the generation that `current` returns."""

    def __init__(self, current: Callable[[], ProjectModules | None]) -> None:
        self._current = current

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
        /,
    ) -> ModuleSpec | None:
        """Return the spec of a module of the project, or None."""
        del path, target
        generation = self._current()
        return generation.spec(fullname) if generation is not None else None


class ProjectLoader:
    """Marks a module as a project's, and lets the import system take it from its generation."""

    def __init__(self, generation: ProjectModules) -> None:
        self._generation = generation
        self._is_adopting = False

    @property
    def is_standing(self) -> bool:
        """Whether the generation is the one of its `Loader` that stands in `sys.modules`."""
        return self._generation.is_standing

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the generation's module, which executes it."""
        module = self._generation.load(spec.name)
        self._is_adopting = True
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module again (importlib.reload), or leave it if it was just made."""
        if self._is_adopting:
            self._is_adopting = False
        else:
            self.execute(module)

    def execute(self, module: ModuleType) -> None:
        """Run the module's code; a namespace package has none."""


class SourceLoader(ProjectLoader, SourceFileLoader):  # type: ignore[misc]  # typeshed's bases differ
    """Loads a module from its source, each time: bytecode is neither read nor written.

    A .pyc is found stale by time and size, so an edit of the same size within a second of the
    last would load the old code.
    """

    def __init__(self, generation: ProjectModules, name: str, file: Path) -> None:
        ProjectLoader.__init__(self, generation)
        SourceFileLoader.__init__(self, name, str(file))
        self._file = file

    def execute(self, module: ModuleType) -> None:
        """Compile the source and run it in the module."""
        code = self.get_code(module.__name__)
        exec(code, vars(module))  # noqa: S102  # this is what importing a module means

    def get_code(self, fullname: str) -> CodeType:
        """Return the module's code, compiled from the source as it stands now."""
        del fullname
        contents = self._generation.read(self._file)
        try:
            return compile(contents, self.path, "exec", dont_inherit=True)
        except ValueError as error:
            raise SyntaxError(str(error), (self.path, 1, None, None)) from None
        except SyntaxError as error:
            # A null byte has no place: a ValueError up to Python 3.11.3, later a SyntaxError.
            error.filename = error.filename or self.path
            error.lineno = error.lineno or 1
            raise


class NamespaceLoader(ProjectLoader):
    """Loads a folder without an `__init__.py`."""

    def __init__(self, generation: ProjectModules, folder: Path) -> None:
        super().__init__(generation)
        # A reader looks beside this file, which need not be there.
        self.path = str(folder / "__init__.py")

    def get_resource_reader(self, name: str) -> FileReader:
        """Return what importlib.resources reads the folder with."""
        from importlib.readers import FileReader  # noqa: PLC0415  # slow, and few need it

        del name
        return FileReader(_as_loader(self))


def spec_of(generation: ProjectModules, name: str, source: ModuleSource) -> ModuleSpec:
    """Return the spec of a module of the project that stands at `source`."""
    if source.file is None:
        assert source.folder is not None
        spec = ModuleSpec(
            name, _as_loader(NamespaceLoader(generation, source.folder)), is_package=True
        )
    else:
        spec = ModuleSpec(
            name,
            SourceLoader(generation, name, source.file),
            origin=str(source.file),
            is_package=source.folder is not None,
        )
        spec.has_location = True
    if source.folder is not None:
        spec.submodule_search_locations = [str(source.folder)]
    return spec


def project_loader(module: ModuleType | None) -> ProjectLoader | None:
    """Return the loader of a module if it is a project's, this one's or another's."""
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    return loader if isinstance(loader, ProjectLoader) else None


def _as_loader(loader: ProjectLoader) -> Any:
    # The import system asks for no base class, and importlib.abc is slow to import.
    return loader

"""One reading of the project's modules, and the imports that its code makes.

Every module of a generation runs with a `__builtins__` of its own, whose `__import__` belongs to
the generation.  So an import inside a function finds the modules its code was loaded with, also
after newer ones have taken their names in `sys.modules`.  The order of events is the import
system's own (a parent before its child, a module entered before it executes, one that fails
taken out), so that circular imports and their error messages are what Python's would be.

What project code puts into `builtins` is seen by its modules once the module that did so has
executed; a patch of `builtins` made later is not.
"""

from __future__ import annotations

import builtins
import importlib
import linecache
from contextlib import suppress
from importlib.util import resolve_name
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

from pydo.loader.finder import ProjectLoader, spec_of
from pydo.loader.ownership import Ownership
from pydo.loader.source import digest
from pydo.loader.underway import ImportsUnderWay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from pathlib import Path

    from pydo.loader.source import ModuleRoot, ModuleSource
    from pydo.loader.table import ModuleTable

__all__ = ["Generation"]


class Generation:
    """The project's modules as one load read them.

    `number` grows with each load of a loader.  Modules imported later, inside functions, join
    the generation whose code imports them.
    """

    def __init__(self, number: int, main: str, root: ModuleRoot, table: ModuleTable) -> None:
        self.number = number
        self.aliases: dict[str, ModuleType] = {}
        self._main = main
        self._root = root
        self._table = table
        self._modules: dict[str, ModuleType] = {}
        self._digests: dict[Path, bytes] = {}
        self._ownership = Ownership(root)
        self._imports = ImportsUnderWay()
        self._importlib = _Importlib(self)
        self._builtins: dict[str, Any] = {}
        self._refresh_builtins()

    @property
    def entry(self) -> ModuleType:
        """The module of `main`."""
        return self._modules[self._main]

    @property
    def modules(self) -> Mapping[str, ModuleType]:
        """The project's modules by name, those still executing among them."""
        return MappingProxyType(self._modules)

    @property
    def is_standing(self) -> bool:
        """Whether these modules are the ones of their loader that stand in `sys.modules`."""
        return self._table.shown is self and self._table.is_in_front

    @property
    def files(self) -> frozenset[Path]:
        """Every file of the project that was read, whether it compiled or not."""
        return frozenset(self._digests)

    @property
    def digests(self) -> Mapping[Path, bytes]:
        """The `digest` of each file's contents as they were read."""
        return MappingProxyType(self._digests)

    @property
    def refusal(self) -> ImportError | None:
        """The import that was refused because a project file bears a name that is taken."""
        return self._ownership.refusal

    def owns(self, filename: str) -> bool:
        """Whether a code object's file name is that of a file of the project."""
        return self._root.owns(filename)

    def import_(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002  # callers may name them
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import as `builtins.__import__` does: what an import statement of the project calls.

        Raises:
            ImportError: as Python does, and if a project file bears a name that is taken.

        """
        absolute = _absolute(name, globals, level)
        if not self._is_own(absolute):
            module = self._import_outside(name, absolute, (globals, locals, fromlist, level))
            return self._importlib if module is importlib else module
        module = self.load(absolute)
        if not fromlist:
            return self._modules[absolute.partition(".")[0]] if level == 0 else module
        if hasattr(module, "__path__"):
            self._load_submodules(module, fromlist)
        return module

    def import_module(self, name: str, package: str | None = None) -> ModuleType:
        """Import as `importlib.import_module` does: what that name is to the project's code."""
        absolute = name
        if name.startswith(".") and package:
            absolute = resolve_name(name, package)
        if not absolute.startswith(".") and self._is_own(absolute):
            return self.load(absolute)
        return importlib.import_module(name, package)

    def load(self, name: str) -> ModuleType:
        """Return the module of the project with that absolute name, executed if it is new.

        Raises:
            ModuleNotFoundError: the project has no such module.

        """
        if name in self._modules and not self._imports.is_under_way(name):
            return self._modules[name]
        parent, _, child = name.rpartition(".")
        if parent:
            self.load(parent)
        while (under_way := self._imports.enter(name)) is not None:
            if not self._imports.wait(under_way):
                return self._modules[name]
        try:
            if name in self._modules:
                return self._modules[name]
            module = self._execute(name, self._require(name))
            if parent:
                with suppress(AttributeError):
                    setattr(self._modules[parent], child, module)
            return module
        finally:
            self._imports.leave(name)

    def spec(self, name: str) -> ModuleSpec | None:
        """Return the spec of a module of the project, or None if it is not the project's."""
        source = self._find(name)
        if source is None or ("." not in name and not self._ownership.offers(name, source)):
            return None
        return spec_of(self, name, source)

    def read(self, file: Path) -> bytes:
        """Return the contents of a source file, remembering that it was read."""
        # linecache goes by time and size, which an edit can leave as they were.
        linecache.cache.pop(str(file), None)
        # Known before it is read: a file that cannot be is one whose change matters.
        self._digests[file] = b""
        contents = file.read_bytes()
        self._digests[file] = digest(contents)
        return contents

    def _is_own(self, name: str) -> bool:
        top = name.partition(".")[0]
        return top in self._modules or self._ownership.is_own(top)

    def _import_outside(
        self,
        name: str,
        absolute: str,
        arguments: tuple[
            Mapping[str, Any] | None, Mapping[str, Any] | None, Sequence[str] | None, int
        ],
    ) -> ModuleType:
        names, local_names, fromlist, level = arguments
        top = absolute.partition(".")[0]
        if self._ownership.is_root(top):
            raise self._ownership.missing(top)
        try:
            module = builtins.__import__(name, names, local_names, fromlist or (), level)
        except ModuleNotFoundError as error:
            self._ownership.explain(error)
            raise
        self._ownership.remember_other(top)
        return module

    def _load_submodules(self, package: ModuleType, names: Sequence[str]) -> None:
        for name in names:
            if name == "*":
                everything = getattr(package, "__all__", ())
                self._load_submodules(package, [n for n in everything if n != "*"])
            elif not hasattr(package, name):
                self._load_submodule(package, name)

    def _load_submodule(self, package: ModuleType, name: str) -> None:
        full_name = f"{package.__name__}.{name}"
        try:
            submodule = self.load(full_name)
        except ModuleNotFoundError as error:
            # The statement itself says that the name cannot be imported.
            if error.name != full_name:
                raise
            return
        if not self.is_standing:
            # A submodule that is still executing is no attribute yet; the interpreter would
            # now look in sys.modules, where another generation stands.
            setattr(package, name, submodule)

    def _require(self, name: str) -> ModuleSource:
        source = self._find(name)
        if source is not None:
            return source
        parent = name.rpartition(".")[0]
        reason = ""
        if parent and not hasattr(self._modules[parent], "__path__"):
            reason = f"; {parent!r} is not a package"
        raise ModuleNotFoundError(f"No module named {name!r}{reason}", name=name)

    def _find(self, name: str) -> ModuleSource | None:
        parent, _, child = name.rpartition(".")
        if not parent:
            return self._root.find(name)
        folders = getattr(self._modules.get(parent), "__path__", None)
        return self._root.find(child, folders) if folders is not None else None

    def _execute(self, name: str, source: ModuleSource) -> ModuleType:
        module = self._create(name, source)
        spec, loader = module.__spec__, module.__loader__
        assert spec is not None
        assert isinstance(loader, ProjectLoader)
        # The interpreter's words about circular imports depend on this.
        vars(spec)["_initializing"] = True
        with self._table.standing(self):
            self._modules[name] = module
            self._table.put(self, name, module)
            self._refresh_builtins()
            try:
                loader.execute(module)
                self._modules[name] = self._table.get(self, name, module)
            except BaseException:
                del self._modules[name]
                self._table.drop(name, module)
                raise
            finally:
                vars(spec)["_initializing"] = False
                self._refresh_builtins()
        return self._modules[name]

    def _create(self, name: str, source: ModuleSource) -> ModuleType:
        spec = spec_of(self, name, source)
        module = ModuleType(name)
        module.__spec__ = spec
        module.__loader__ = spec.loader
        module.__package__ = spec.parent
        if spec.origin is not None:
            module.__file__ = spec.origin
        if spec.submodule_search_locations is not None:
            module.__path__ = spec.submodule_search_locations
        vars(module)["__builtins__"] = self._builtins
        return module

    def _refresh_builtins(self) -> None:
        self._builtins.update({**vars(builtins), "__import__": self.import_})


class _Importlib(ModuleType):
    """`importlib` as a generation's code sees it, with that generation's `import_module`."""

    def __init__(self, generation: Generation) -> None:
        super().__init__(importlib.__name__, importlib.__doc__)
        self.import_module = generation.import_module

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib, name)

    def __dir__(self) -> list[str]:
        return dir(importlib)


def _absolute(name: str, names: Mapping[str, Any] | None, level: int) -> str:
    if level == 0:
        return name
    package = (names or {}).get("__package__")
    if not package:
        raise ImportError("attempted relative import with no known parent package")
    return resolve_name("." * level + name, package)

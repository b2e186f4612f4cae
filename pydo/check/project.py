"""The modules of a project that its main module reaches, and the folder that they stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.check.module import Module, read
from pydo.loader.source import ModuleRoot, ModuleSource

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydo.check.module import Call, Function
    from pydo.config import Config

__all__ = ["Project", "open_project", "target_python"]

_MODULE_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


@dataclass(frozen=True, slots=True)
class Project:
    """What is checked: the configuration, and every module that importing `main` can lead to.

    `python` is the minor version of Python that Cloudflare runs it on.  A module that is no Python
    is not among `modules`: `broken` has what is wrong with it.  `running` are the functions that
    the imports call.
    """

    config: Config
    root: ModuleRoot
    python: tuple[int, int]
    modules: tuple[Module, ...]
    broken: tuple[SyntaxError, ...]
    running: frozenset[Function]

    def runs_at_import(self, call: Call) -> bool:
        """Tell whether a call is made while the modules are imported."""
        return call.function is None or call.function in self.running

    def has_module(self, name: str) -> bool:
        """Tell whether a module of that full name is the project's own."""
        return _source(self.root, name) is not None


def open_project(config: Config) -> Project:
    """Read the modules that `main` reaches: by imports, and by names in strings.

    Django's settings name modules so, and so do `importlib.import_module` and its like.

    Raises:
        OSError: `main` cannot be read.

    """
    root, python = ModuleRoot(config.main.parent), target_python(config)
    modules: list[Module] = []
    broken: list[SyntaxError] = []
    waiting: list[tuple[str, Path]] = [(config.main.stem, config.main)]
    seen = {config.main}
    while waiting:
        name, path = waiting.pop(0)
        try:
            module = read(name, path, python)
        except SyntaxError as error:
            broken.append(error)
            continue
        modules.append(module)
        for other in _mentioned(module):
            source = _source(root, other)
            place = None if source is None else source.file
            if place is not None and place not in seen:
                seen.add(place)
                waiting.append((other, place))
    running = frozenset(_running(modules))
    return Project(config, root, python, tuple(modules), tuple(broken), running)


def target_python(config: Config) -> tuple[int, int]:
    """Tell which Python runs a Worker of this date and these flags.

    Source: `packages/cli/src/pywrangler/utils.py` in cloudflare/workers-py.
    """
    flags, date = config.compatibility_flags, config.compatibility_date
    if {"python_workers_20260610", "python_workers_314"} & {*flags} or date >= "2026-09-08":
        return (3, 14)
    if "python_workers_20250116" in flags or date >= "2025-09-29":
        return (3, 13)
    return (3, 12)


def _running(modules: Iterable[Module]) -> set[Function]:
    """Find the functions that imports call, also those of other modules and of classes made."""
    defined = {f"{m.name}.{name}": each for m in modules for name, each in m.functions.items()}
    called: dict[Function | None, list[Function]] = {}
    for module in modules:
        for call in module.calls:
            for name in (f"{module.name}.{call.name}", call.name):
                found = defined.get(name) or defined.get(f"{name}.__init__")
                if found is not None:
                    called.setdefault(call.function, []).append(found)
    running: set[Function] = set()
    waiting = [*called.get(None, ())]
    while waiting:
        function = waiting.pop()
        if function not in running:
            running.add(function)
            waiting += called.get(function, ())
    return running


def _mentioned(module: Module) -> list[str]:
    imported = [each.name for each in module.imports]
    named = [each.value for each in module.strings if _MODULE_NAME.fullmatch(str(each.value))]
    both = [*imported, *map(str, named)]
    parents = [name.rsplit(".", n)[0] for name in both for n in range(1, name.count(".") + 1)]
    return list(dict.fromkeys([*parents, *both]))


def _source(root: ModuleRoot, name: str) -> ModuleSource | None:
    folders: list[str] | None = None
    source = None
    for part in name.split("."):
        source = root.find(part, folders)
        if source is None:
            return None
        folders = [] if source.folder is None else [str(source.folder)]
    return source

"""Which generation stands in `sys.modules`.

A generation's own imports never look there.  The table is for everyone else who finds modules by
name: dataclasses, typing.get_type_hints, pickle, enum, frameworks that import by string.

Each loader has a table; where there are several, one of them is in front and fills `sys.modules`,
and the others have stepped back.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from pydo.loader.finder import project_loader

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from types import ModuleType

__all__ = ["ModuleTable", "Tenant"]


class Tenant(Protocol):
    """Something whose modules can stand in `sys.modules`."""

    aliases: dict[str, ModuleType]
    """Further names under which its modules stood, kept while they do not."""

    @property
    def modules(self) -> Mapping[str, ModuleType]:
        """The modules by name."""
        ...


class ModuleTable:
    """The part of `sys.modules` that one loader fills.

    One tenant is chosen and stands there; another is let in while a module of it executes, since
    a class is made by looking its module up by name.  What stood under a name before comes back
    when the tenant leaves.  Whatever is done to a table brings it to the front.
    """

    def __init__(self) -> None:
        self.shown: Tenant | None = None
        self._chosen: Tenant | None = None
        self._guests: list[Tenant] = []
        self._displaced: dict[str, ModuleType] = {}

    @property
    def is_in_front(self) -> bool:
        """Whether it is this table whose modules stand."""
        return _line[-1:] == [self]

    def come_forward(self) -> None:
        """Let the modules of this table stand, and those of no other."""
        if self.is_in_front:
            return
        with _lock:
            if _line:
                _line[-1].step_back()
            if self in _line:
                _line.remove(self)
            _line.append(self)
            self.place_all()

    def choose(self, tenant: Tenant | None) -> None:
        """Let `tenant` stand in `sys.modules` from now on; or nobody, and the table before it."""
        with _lock:
            self._chosen = tenant
            if tenant is not None:
                self._show(tenant)
            elif self in _line:
                self._show(None)
                _line.remove(self)
                if _line:
                    _line[-1].place_all()

    @contextmanager
    def standing(self, tenant: Tenant) -> Generator[None]:
        """Let `tenant` stand while the block runs."""
        with _lock:
            self._guests.append(tenant)
            self._show(tenant)
        try:
            yield
        finally:
            with _lock:
                self._guests.remove(tenant)
                self._show(self._guests[-1] if self._guests else self._chosen)

    def put(self, tenant: Tenant, name: str, module: ModuleType) -> None:
        """Enter a module, if its tenant is the one that stands."""
        with _lock:
            if self.shown is tenant:
                self._place(name, module)

    def get(self, tenant: Tenant, name: str, module: ModuleType) -> ModuleType:
        """Return what stands under `name`: a module may put another object in its place."""
        with _lock:
            return sys.modules.get(name, module) if self.shown is tenant else module

    def drop(self, name: str, module: ModuleType) -> None:
        """Take a module out that failed to execute."""
        with _lock:
            if sys.modules.get(name) is module:
                self._remove(name)

    def step_back(self) -> None:
        """Let no module of this table stand, for a while: under what further names is not asked."""
        for name, module in self._shown_modules():
            if sys.modules.get(name) is module:
                self._remove(name)

    def place_all(self) -> None:
        """Let the modules of this table stand again."""
        for name, module in self._shown_modules():
            self._place(name, module)

    def _shown_modules(self) -> list[tuple[str, ModuleType]]:
        tenant = self.shown
        return [] if tenant is None else [*tenant.aliases.items(), *tenant.modules.items()]

    def _show(self, tenant: Tenant | None) -> None:
        self.come_forward()
        if tenant is self.shown:
            return
        if self.shown is not None:
            self._take_down(self.shown)
        self.shown = tenant
        self.place_all()

    def _take_down(self, tenant: Tenant) -> None:
        own = {id(module) for module in tenant.modules.values()}
        standing = {
            name: module for name, module in sys.modules.copy().items() if id(module) in own
        }
        tenant.aliases = {
            name: module for name, module in standing.items() if name not in tenant.modules
        }
        for name in standing:
            self._remove(name)

    def _place(self, name: str, module: ModuleType) -> None:
        before = sys.modules.get(name)
        if before is not None and before is not module:
            self._displaced[name] = before
        sys.modules[name] = module

    def _remove(self, name: str) -> None:
        sys.modules.pop(name, None)
        before = self._displaced.pop(name, None)
        loader = project_loader(before)
        if before is not None and not (loader and not loader.is_standing):
            sys.modules[name] = before


_line: list[ModuleTable] = []  # the last is in front: there is one `sys.modules`
_lock = threading.RLock()

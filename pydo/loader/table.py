"""Which generation stands in `sys.modules`.

A generation's own imports never look there.  The table is for everyone else who finds modules by
name: dataclasses, typing.get_type_hints, pickle, enum, frameworks that import by string.
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
    when the tenant leaves.
    """

    def __init__(self) -> None:
        self.shown: Tenant | None = None
        self._chosen: Tenant | None = None
        self._guests: list[Tenant] = []
        self._displaced: dict[str, ModuleType] = {}
        self._lock = threading.RLock()

    def choose(self, tenant: Tenant | None) -> None:
        """Let `tenant` stand in `sys.modules` from now on, or nobody."""
        with self._lock:
            self._chosen = tenant
            self._show(tenant)

    @contextmanager
    def standing(self, tenant: Tenant) -> Generator[None]:
        """Let `tenant` stand while the block runs."""
        with self._lock:
            self._guests.append(tenant)
            self._show(tenant)
        try:
            yield
        finally:
            with self._lock:
                self._guests.remove(tenant)
                self._show(self._guests[-1] if self._guests else self._chosen)

    def put(self, tenant: Tenant, name: str, module: ModuleType) -> None:
        """Enter a module, if its tenant is the one that stands."""
        with self._lock:
            if self.shown is tenant:
                self._place(name, module)

    def get(self, tenant: Tenant, name: str, module: ModuleType) -> ModuleType:
        """Return what stands under `name`: a module may put another object in its place."""
        with self._lock:
            return sys.modules.get(name, module) if self.shown is tenant else module

    def drop(self, name: str, module: ModuleType) -> None:
        """Take a module out that failed to execute."""
        with self._lock:
            if sys.modules.get(name) is module:
                self._remove(name)

    def _show(self, tenant: Tenant | None) -> None:
        if tenant is self.shown:
            return
        if self.shown is not None:
            self._take_down(self.shown)
        self.shown = tenant
        if tenant is not None:
            for name, module in {**tenant.aliases, **tenant.modules}.items():
                self._place(name, module)

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

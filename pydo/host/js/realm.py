"""JavaScript as one generation of code finds it and leaves it: a realm, in the language's own word.

The classes, `js` and `sys.modules` are one for the process.  What code changes there stands while
its realm does, and steps back with it; each generation begins in a new one, as each version of a
Worker begins in a new isolate.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

__all__ = ["Realm", "stand", "standing"]

_ABSENT = object()
_OWN = frozenset((__name__.partition(".")[0], "pyodide"))  # packages that classes say they are of


class Realm:
    """What belongs to one generation of code.

    `prototypes` are by the id of their class, `registered` the objects that can be imported by
    name, `imported` the modules made of them.  `names` become those of `js`, whose namespace is
    `js`.
    """

    __slots__ = ("_js", "_names", "_others", "imported", "prototypes", "registered")

    def __init__(self, js: dict[str, Any], names: Mapping[str, Any]) -> None:
        self.prototypes: dict[int, Any] = {}
        self.registered: dict[str, Any] = {}
        self.imported: dict[str, ModuleType] = {}
        self._js = js
        self._names = names
        self._others: dict[tuple[type, str], object] = {}  # what a class has in other realms

    def note(self, cls: type, name: str) -> None:
        """Remember what a class has, since that is to change; not of the user's own."""
        if not name.startswith("__") and cls.__module__.partition(".")[0] in _OWN:
            self._others.setdefault((cls, name), vars(cls).get(name, _ABSENT))

    def enter(self) -> None:
        """Put everything in its place."""
        self._exchange_members()
        sys.modules.update(self.imported)
        self._js.update(self._names)
        if len(self._js) > len(self._names):
            for name in self._js.keys() - self._names.keys():
                del self._js[name]

    def leave(self) -> None:
        """Take everything out of its place."""
        self._exchange_members()
        self._names = dict(self._js)
        found = sys.modules.get
        self.imported = {name: each for name, each in self.imported.items() if found(name) is each}
        for name in self.imported:
            del sys.modules[name]

    def _exchange_members(self) -> None:
        for (cls, name), other in self._others.items():
            self._others[cls, name] = vars(cls).get(name, _ABSENT)
            if other is not _ABSENT:
                type.__setattr__(cls, name, other)
            elif name in vars(cls):
                type.__delattr__(cls, name)


_standing = Realm({}, {})  # one stands, as there is one of what it changes


def standing() -> Realm:
    """Give the realm that stands."""
    return _standing


def stand(realm: Realm) -> None:
    """Let a realm stand, and the one before step back."""
    global _standing  # noqa: PLW0603 - as there is one `sys.modules`
    if realm is not _standing:
        _standing.leave()
        _standing = realm
        realm.enter()

"""What Pyodide lends from Python's mappings to values that JavaScript looks up in.

A value with `get`, `set` and `has` can be subscripted (`Lookup`: `Headers`, `FormData`); one that
has a `size` and is iterated as well is a mapping of its keys (`Mapped`: `Map`, `URLSearchParams`).
Source: pyodide/pyodide src/core/jsproxy.c.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, KeysView, Mapping, MutableMapping, ValuesView
from typing import TYPE_CHECKING, Any, cast

from pydo.host.js.value import JsProxy

if TYPE_CHECKING:
    from abc import ABCMeta

__all__ = ["Lookup", "Mapped"]


class Lookup(JsProxy):
    """A value whose `get`, `set`, `has` and `delete` are Python's subscripts and `in` as well."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        value = cast("Any", self).get(key)
        if value is None and key not in self:
            raise KeyError(key)
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        cast("Any", self).set(key, value)

    def __delitem__(self, key: Any) -> None:
        # Gone it is in any case: most of the web's collections do not tell whether it was there.
        if not cast("Any", self).delete(key):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return bool(cast("Any", self).has(key))


class Mapped(Lookup):
    """A value that is a mapping in Python's eyes too."""

    __slots__ = ()

    def keys(self, *_: object) -> Any:
        """View the keys."""
        return KeysView(cast("Mapping[Any, Any]", self))

    def values(self, *_: object) -> Any:
        """View the values."""
        return ValuesView(cast("Mapping[Any, Any]", self))

    def items(self, *_: object) -> Any:
        """View the entries as tuples."""
        return ItemsView(cast("Mapping[Any, Any]", self))

    def pop(self, key: Any, *default: Any) -> Any:
        """Take the value of a key."""
        if default and key not in self:
            return default[0]
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[Any, Any]:
        """Take the first entry."""
        for key in self:
            return key, self.pop(key)
        raise KeyError

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Give the value of a key, which is set if there is none."""
        value = cast("Any", self).get(key)
        if value is None:
            self[key] = default
        return self[key]

    def update(self, other: Any = (), **named: Any) -> None:
        """Set several entries."""
        pairs: Iterable[Any] = other.items() if hasattr(other, "items") else other
        for key, value in (*pairs, *named.items()):
            self[key] = value

    def clear(self, *_: object) -> None:
        """Remove every entry."""
        for key in list(self):
            cast("Any", self).delete(key)

    def __iter__(self) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        return int(cast("Any", self).size)


cast("ABCMeta", MutableMapping).register(Mapped)

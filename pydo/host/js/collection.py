"""`Map` and `Set`, whose keys are the same by SameValueZero: objects by identity, 1 is not true."""

from __future__ import annotations

import math
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, NoReturn, cast, final

from pydo.host.js.array import JsArray
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.iterator import JsIterator
from pydo.host.js.text import js_string
from pydo.host.js.value import Conversion, JsProxy, NativeClass, cross, iterated, jsnull
from pydo.runtime.strand import pinned

__all__ = ["JsMap", "JsSet", "LiteralMap"]

_ABSENT = object()


@final
class Identity:
    """A key that stands for one object, or for a boolean (which Python takes for a number)."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


_NAN = math.nan


class CollectionClass(NativeClass):
    """A collection, which only `new` constructs."""

    def __call__(cls, *_: object, **__: object) -> NoReturn:
        raise JsTypeError(f"Constructor {cls.name} requires 'new'")


class JsMap(JsProxy, metaclass=CollectionClass, js_name="Map"):
    """A Map, in the order in which keys were set."""

    __slots__ = ("data",)
    data: dict[Any, Any]

    def __init__(self, entries: Any = None, *_: object) -> None:
        self.data = data = {}
        if entries is None or entries is jsnull:
            return
        for entry in iterated(entries):
            key, value = _pair(entry)
            data[key if type(key) is str else _key(key)] = cross(value)

    @property
    def size(self) -> int:
        """The number of entries."""
        return len(self.data)

    def get(self, key: Any, default: Any = None, *_: object) -> Any:
        """Give the value of a key, or `default`."""
        return self.data.get(key if type(key) is str else _key(key), default)

    def set(self, key: Any = None, value: Any = None, *_: object) -> JsMap:
        """Set the value of a key."""
        self.data[_key(key)] = cross(value)
        return self

    def has(self, key: Any = None, *_: object) -> bool:
        """Tell whether there is such a key."""
        return _key(key) in self.data

    def delete(self, key: Any = None, *_: object) -> bool:
        """Remove a key, and tell whether there was one."""
        return self.data.pop(_key(key), _ABSENT) is not _ABSENT

    def clear(self, *_: object) -> None:
        """Remove every entry."""
        self.data.clear()

    def forEach(self, function: Any, *_: object) -> None:
        """Call `function(value, key, map)` for each entry."""
        for key, value in list(self.data.items()):
            pinned(function, value, _value(key), self)

    def entries(self, *_: object) -> JsIterator:
        """Iterate over pairs of key and value."""
        pairs = (JsArray([_value(key), value]) for key, value in self.data.items())
        return JsIterator(pairs, "Map Iterator")

    __js_iter__ = entries

    # Python's methods of a mapping, as Pyodide gives them to maps

    def keys(self, *_: object) -> KeysView[Any]:
        """View the keys."""
        return KeysView(cast("Mapping[Any, Any]", self))

    def values(self, *_: object) -> ValuesView[Any]:
        """View the values."""
        return ValuesView(cast("Mapping[Any, Any]", self))

    def items(self, *_: object) -> ItemsView[Any, Any]:
        """View the entries as tuples."""
        return ItemsView(cast("Mapping[Any, Any]", self))

    def pop(self, key: Any, *default: Any) -> Any:
        """Take the value of a key."""
        try:
            return self.data.pop(_key(key), *default)
        except KeyError:
            raise KeyError(key) from None

    def popitem(self) -> tuple[Any, Any]:
        """Take the first entry."""
        try:
            key = next(iter(self.data))
        except StopIteration:
            raise KeyError from None
        return _value(key), self.data.pop(key)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Give the value of a key, which is set if there is none."""
        return self.data.setdefault(_key(key), cross(default))

    def update(self, other: Any = (), **named: Any) -> None:
        """Set several entries."""
        pairs: Iterable[Any] = other.items() if hasattr(other, "items") else other
        for key, value in (*pairs, *named.items()):
            self.set(key, value)

    @property
    def __members__(self) -> dict[str, Any]:
        return {}

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        result: dict[Any, Any] = {}
        conversion.remember(self, result)
        for key, value in self.data.items():
            name = key if type(key) is str else _python_key(key, "dict")
            result[name] = conversion.convert(value, depth)
        return result

    def __getitem__(self, key: Any) -> Any:
        found = self.data.get(_key(key), _ABSENT)
        if found is _ABSENT:
            raise KeyError(key)
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        self.set(key, value)

    def __delitem__(self, key: Any) -> None:
        self.pop(key)

    def __contains__(self, key: object) -> bool:
        return _key(key) in self.data

    def __iter__(self) -> Iterator[Any]:
        return JsIterator(map(_value, self.data), "Map Iterator")

    def __len__(self) -> int:
        return len(self.data)


class LiteralMap(JsMap):
    """What `to_js` makes of a dict in Pyodide 0.28: a Map whose string keys are attributes.

    It cannot be cloned, so it can neither be stored nor sent.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self.data[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def __members__(self) -> dict[str, Any]:
        return {key: value for key, value in self.data.items() if type(key) is str}

    def toString(self) -> str:
        """Give the text of a Map."""
        return "[object Map]"


class JsSet(JsProxy, metaclass=CollectionClass, js_name="Set"):
    """A Set, in the order in which values were added."""

    __slots__ = ("data",)
    data: dict[Any, None]

    def __init__(self, values: Any = None, *_: object) -> None:
        items: Iterable[Any] = () if values is None or values is jsnull else iterated(values)
        self.data = {_key(value): None for value in items}

    @property
    def size(self) -> int:
        """The number of values."""
        return len(self.data)

    def add(self, value: Any = None, *_: object) -> JsSet:
        """Add a value."""
        self.data[_key(value)] = None
        return self

    def has(self, value: Any = None, *_: object) -> bool:
        """Tell whether the value is there."""
        return _key(value) in self.data

    def delete(self, value: Any = None, *_: object) -> bool:
        """Remove a value, and tell whether it was there."""
        return self.data.pop(_key(value), _ABSENT) is not _ABSENT

    def clear(self, *_: object) -> None:
        """Remove every value."""
        self.data.clear()

    def forEach(self, function: Any, *_: object) -> None:
        """Call `function(value, value, set)` for each value."""
        for key in list(self.data):
            pinned(function, _value(key), _value(key), self)

    def values(self, *_: object) -> JsIterator:
        """Iterate over the values."""
        return JsIterator(map(_value, self.data), "Set Iterator")

    keys = values

    def entries(self, *_: object) -> JsIterator:
        """Iterate over pairs of each value with itself."""
        pairs = (JsArray([_value(key), _value(key)]) for key in self.data)
        return JsIterator(pairs, "Set Iterator")

    @property
    def __members__(self) -> dict[str, Any]:
        return {}

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        result = {key if type(key) is str else _python_key(key, "set") for key in self.data}
        conversion.remember(self, result)
        return result

    def __contains__(self, value: object) -> bool:
        return _key(value) in self.data

    def __iter__(self) -> Iterator[Any]:
        return self.values()

    def __len__(self) -> int:
        return len(self.data)


def _pair(entry: Any) -> tuple[Any, Any]:
    if isinstance(entry, str) or not hasattr(entry, "__getitem__"):
        raise JsTypeError(f"Iterator value {js_string(entry)} is not an entry object")
    items: list[Any] = [*entry, None, None]
    return items[0], items[1]


def _key(value: Any) -> Any:
    value = cross(value)
    kind = cast("type", type(value))
    if kind is str or kind is int or value is None or value is jsnull:
        return value
    if kind is float:
        return _NAN if math.isnan(value) else value
    return Identity(value)


def _value(key: Any) -> Any:
    return key.value if type(key) is Identity else key


def _python_key(key: Any, container: str) -> Any:
    value = _value(key)
    if isinstance(value, JsProxy):
        raise JsError(
            f"Cannot use key of type {value.constructor.name} as a key to a Python {container}"
        )
    return value

"""`Map`, and the Map that Pyodide makes of a dict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from pydo.host.js.array import JsArray
from pydo.host.js.callback import called
from pydo.host.js.error import JsTypeError
from pydo.host.js.grouping import grouped
from pydo.host.js.identity import key_of, python_key, value_of
from pydo.host.js.iterator import JsIterator
from pydo.host.js.lookup import Mapped
from pydo.host.js.text import js_string
from pydo.host.js.value import Conversion, NativeClass, cross, iterated, jsnull
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CollectionClass", "JsMap", "LiteralMap"]

_ABSENT = object()


class CollectionClass(NativeClass):
    """A collection, which only `new` constructs."""

    def __call__(cls, *_: object, **__: object) -> NoReturn:  # noqa: D102 - it refuses
        raise JsTypeError(f"Constructor {cls.name} requires 'new'")


class MapClass(CollectionClass):
    """`Map`, with its static function."""

    def groupBy(cls, values: Any = None, key_of: Any = None, *_: object) -> JsMap:
        """Give arrays of values by what `key_of(value, index)` makes of them.

        Raises:
            JsException: a `TypeError` for what cannot be iterated, or called.

        """
        groups: JsMap = JsMap.new()
        for key, value in grouped("Map", values, key_of):
            groups.getOrInsertComputed(key, lambda _: JsArray([])).push(value)
        return groups


class JsMap(Mapped, metaclass=MapClass, js_name="Map"):
    """A Map, in the order in which keys were set; Python's methods of a mapping come first."""

    __slots__ = ("__data__",)
    __data__: dict[Any, Any]

    def __init__(self, entries: Any = None, *_: object) -> None:
        self.__data__ = data = {}
        if entries is None or entries is jsnull:
            return
        for entry in iterated(entries):
            key, value = _pair(entry)
            data[key if type(key) is str else key_of(key)] = cross(value)

    @property
    def size(self) -> int:
        """The number of entries."""
        return len(self.__data__)

    def get(self, key: Any, default: Any = None, *_: object) -> Any:
        """Give the value of a key, or `default`."""
        return self.__data__.get(key if type(key) is str else key_of(key), default)

    def set(self, key: Any = None, value: Any = None, *_: object) -> JsMap:
        """Set the value of a key."""
        self.__data__[key_of(key)] = cross(value)
        return self

    def has(self, key: Any = None, *_: object) -> bool:
        """Tell whether there is such a key."""
        return key_of(key) in self.__data__

    def delete(self, key: Any = None, *_: object) -> bool:
        """Remove a key, and tell whether there was one."""
        return self.__data__.pop(key_of(key), _ABSENT) is not _ABSENT

    def getOrInsert(self, key: Any = None, value: Any = None, *_: object) -> Any:
        """Give the value of a key, which is set if there is none."""
        return self.__data__.setdefault(key_of(key), cross(value))

    def getOrInsertComputed(self, key: Any = None, make: Any = None, *_: object) -> Any:
        """Give the value of a key; if there is none, it is set to what `make(key)` gives."""
        if key_of(key) not in self.__data__:
            self.__data__[key_of(key)] = cross(called(make)(key))
        return self.__data__[key_of(key)]

    def clear(self, *_: object) -> None:
        """Remove every entry."""
        self.__data__.clear()

    def forEach(self, function: Any = None, *_: object) -> None:
        """Call `function(value, key, map)` for each entry."""
        callback = called(function)
        for key, value in list(self.__data__.items()):
            pinned(callback, value, value_of(key), self)

    def entries(self, *_: object) -> JsIterator:
        """Iterate over pairs of key and value."""
        pairs = (JsArray([value_of(key), value]) for key, value in self.__data__.items())
        return JsIterator(pairs, "Map Iterator")

    __js_iter__ = entries

    @property
    def __members__(self) -> dict[str, Any]:
        return {}

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        result: dict[Any, Any] = {}
        conversion.remember(self, result)
        for key, value in self.__data__.items():
            name = key if type(key) is str else python_key(key, "dict")
            result[name] = conversion.convert(value, depth)
        return result

    def __getitem__(self, key: Any) -> Any:
        found = self.__data__.get(key_of(key), _ABSENT)
        if found is _ABSENT:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        return key_of(key) in self.__data__

    def __iter__(self) -> Iterator[Any]:
        return JsIterator(map(value_of, self.__data__), "Map Iterator")

    def __len__(self) -> int:
        return len(self.__data__)


class LiteralMap(JsMap):
    """What `to_js` makes of a dict in Pyodide 0.28: a Map whose string keys are attributes.

    It cannot be cloned, so it can neither be stored nor sent.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__data__[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def __members__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__data__.items() if type(key) is str}

    def toString(self, *_: object) -> str:
        """Give the text of a Map."""
        return "[object Map]"


def _pair(entry: Any) -> tuple[Any, Any]:
    if isinstance(entry, str) or not hasattr(entry, "__getitem__"):
        raise JsTypeError(f"Iterator value {js_string(entry)} is not an entry object")
    items: list[Any] = [*entry, None, None]
    return items[0], items[1]

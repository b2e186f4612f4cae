"""`Set`, with the operations on two sets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pydo.host.js.array import JsArray
from pydo.host.js.callback import called
from pydo.host.js.collection import CollectionClass
from pydo.host.js.error import JsRangeError, JsTypeError
from pydo.host.js.identity import key_of, python_key, value_of
from pydo.host.js.iterator import JsIterator
from pydo.host.js.text import js_number, js_string, truthy
from pydo.host.js.value import Conversion, JsProxy, iterated, jsnull
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["JsSet"]

_ABSENT = object()


class JsSet(JsProxy, metaclass=CollectionClass, js_name="Set"):
    """A Set, in the order in which values were added."""

    __slots__ = ("__data__",)
    __data__: dict[Any, None]

    def __init__(self, values: Any = None, *_: object) -> None:
        items: Iterable[Any] = () if values is None or values is jsnull else iterated(values)
        self.__data__ = {key_of(value): None for value in items}

    @property
    def size(self) -> int:
        """The number of values."""
        return len(self.__data__)

    def add(self, value: Any = None, *_: object) -> JsSet:
        """Add a value."""
        self.__data__[key_of(value)] = None
        return self

    def has(self, value: Any = None, *_: object) -> bool:
        """Tell whether the value is there."""
        return key_of(value) in self.__data__

    def delete(self, value: Any = None, *_: object) -> bool:
        """Remove a value, and tell whether it was there."""
        return self.__data__.pop(key_of(value), _ABSENT) is not _ABSENT

    def clear(self, *_: object) -> None:
        """Remove every value."""
        self.__data__.clear()

    def forEach(self, function: Any = None, *_: object) -> None:
        """Call `function(value, value, set)` for each value."""
        callback = called(function)
        for key in list(self.__data__):
            pinned(callback, value_of(key), value_of(key), self)

    def values(self, *_: object) -> JsIterator:
        """Iterate over the values."""
        return JsIterator(map(value_of, self.__data__), "Set Iterator")

    keys = values

    def entries(self, *_: object) -> JsIterator:
        """Iterate over pairs of each value with itself."""
        pairs = (JsArray([value_of(key), value_of(key)]) for key in self.__data__)
        return JsIterator(pairs, "Set Iterator")

    def union(self, *others: Any) -> JsSet:
        """Give the values of this set and of another."""
        return _set({**self.__data__, **_Other(others, "union").read()})

    def intersection(self, *others: Any) -> JsSet:
        """Give the values that another set has too."""
        other = _Other(others, "intersection")
        if len(self.__data__) > other.size:
            return _set({key: None for key in other.read() if key in self.__data__})
        return _set({key: None for key in self.__data__ if other.has(key)})

    def difference(self, *others: Any) -> JsSet:
        """Give the values that another set has not."""
        other = _Other(others, "difference")
        return _set({key: None for key in self.__data__ if not other.has(key)})

    def symmetricDifference(self, *others: Any) -> JsSet:
        """Give the values that one of both sets has."""
        theirs = _Other(others, "symmetricDifference").read()
        ours = {key: None for key in self.__data__ if key not in theirs}
        return _set({**ours, **{key: None for key in theirs if key not in self.__data__}})

    def isSubsetOf(self, *others: Any) -> bool:
        """Tell whether another set has all the values."""
        other = _Other(others, "isSubsetOf")
        return all(other.has(key) for key in self.__data__)

    def isSupersetOf(self, *others: Any) -> bool:
        """Tell whether all values of another set are here."""
        return all(key in self.__data__ for key in _Other(others, "isSupersetOf").read())

    def isDisjointFrom(self, *others: Any) -> bool:
        """Tell whether no value is in both sets."""
        other = _Other(others, "isDisjointFrom")
        return not any(other.has(key) for key in self.__data__)

    @property
    def __members__(self) -> dict[str, Any]:
        return {}

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        result = {key if type(key) is str else python_key(key, "set") for key in self.__data__}
        conversion.remember(self, result)
        return result

    def __contains__(self, value: object) -> bool:
        return key_of(value) in self.__data__

    def __iter__(self) -> Iterator[Any]:
        return self.values()

    def __len__(self) -> int:
        return len(self.__data__)


def _set(data: dict[Any, None]) -> JsSet:
    made = JsSet.new()
    made.__data__ = data
    return made


class _Other:
    """The other of two sets: whatever has `size`, `has` and `keys`, a Map too."""

    def __init__(self, given: tuple[Any, ...], method: str) -> None:
        other = given[0] if given else None
        if not isinstance(other, JsProxy):
            raise JsTypeError(f"Set.prototype.{method} argument must be an object")
        self._other: Any = other
        size = js_number(getattr(other, "size", None))
        if math.isnan(size):
            raise JsTypeError("The .size property is NaN")
        if size < 0:
            raise JsRangeError(f"'{js_string(size)}' is an invalid size")
        for name in ("has", "keys"):
            if not callable(getattr(other, name, None)):
                raise JsTypeError(f"The .{name} property is not callable")
        self.size = size

    def has(self, key: Any) -> bool:
        return truthy(self._other.has(value_of(key)))

    def read(self) -> dict[Any, None]:
        return {key_of(value): None for value in self._other.keys()}  # noqa: SIM118 - JavaScript's

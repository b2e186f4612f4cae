"""What arrays and typed arrays have in common: methods that read their elements."""

from __future__ import annotations

import math
from typing import Any

from pydo.host.js.callback import called
from pydo.host.js.error import JsTypeError
from pydo.host.js.iterator import JsIterator
from pydo.host.js.text import integer, truthy
from pydo.host.js.value import JsProxy, cross
from pydo.runtime.strand import pinned

__all__ = ["Elements", "strictly_equal"]


class Elements(JsProxy):
    """A row of elements, which a kind of array gives as a list by `__elements__`."""

    __slots__ = ()

    @property
    def __elements__(self) -> list[Any]:
        raise NotImplementedError

    def at(self, index: Any = None, *_: object) -> Any:
        """Give an element, from the end if the index is negative."""
        items, position = self.__elements__, integer(index)
        return items[position] if -len(items) <= position < len(items) else None

    def indexOf(self, wanted: Any = None, start: Any = None, *_: object) -> int:
        """Give the first index of a value, or -1."""
        items = self.__elements__
        places = range(len(items))[integer(start) :]
        return next((i for i in places if strictly_equal(items[i], wanted)), -1)

    def lastIndexOf(self, wanted: Any = None, *_: object) -> int:
        """Give the last index of a value, or -1."""
        items = self.__elements__
        places = reversed(range(len(items)))
        return next((i for i in places if strictly_equal(items[i], wanted)), -1)

    def includes(self, wanted: Any = None, *_: object) -> bool:
        """Tell whether a value is among the elements; NaN is found."""
        return any(
            strictly_equal(item, wanted) or _both_nan(item, wanted) for item in self.__elements__
        )

    def forEach(self, function: Any = None, *_: object) -> None:
        """Call `function(item, index, array)` for each element."""
        callback = called(function)
        for index, item in enumerate(list(self.__elements__)):
            pinned(callback, item, index, self)

    def find(self, function: Any = None, *_: object) -> Any:
        """Give the first element of which `function` is true."""
        return self._first(function, 1)[1]

    def findIndex(self, function: Any = None, *_: object) -> int:
        """Give the index of the first element of which `function` is true, or -1."""
        return self._first(function, 1)[0]

    def findLast(self, function: Any = None, *_: object) -> Any:
        """Give the last element of which `function` is true."""
        return self._first(function, -1)[1]

    def findLastIndex(self, function: Any = None, *_: object) -> int:
        """Give the index of the last element of which `function` is true, or -1."""
        return self._first(function, -1)[0]

    def some(self, function: Any = None, *_: object) -> bool:
        """Tell whether `function` is true of an element."""
        return self.findIndex(function) >= 0

    def every(self, function: Any = None, *_: object) -> bool:
        """Tell whether `function` is true of all elements."""
        callback, items = called(function), self.__elements__
        return all(truthy(pinned(callback, item, i, self)) for i, item in enumerate(items))

    def reduce(self, function: Any = None, *initial: Any) -> Any:
        """Fold the elements with `function(sum, item, index, array)`."""
        return self._fold(function, 1, initial)

    def reduceRight(self, function: Any = None, *initial: Any) -> Any:
        """Fold the elements from the end."""
        return self._fold(function, -1, initial)

    def entries(self, *_: object) -> JsIterator:
        """Iterate over pairs of index and element."""
        pairs = (_pair(index, item) for index, item in enumerate(self.__elements__))
        return JsIterator(pairs, "Array Iterator")

    def values(self, *_: object) -> JsIterator:
        """Iterate over the elements."""
        return JsIterator(self.__elements__, "Array Iterator")

    @property
    def __members__(self) -> dict[str, Any]:
        return {str(index): item for index, item in enumerate(self.__elements__)}

    def _first(self, function: Any, step: int) -> tuple[int, Any]:
        callback, items = called(function), self.__elements__
        for index in range(len(items))[::step]:
            if truthy(pinned(callback, items[index], index, self)):
                return index, items[index]
        return -1, None

    def _fold(self, function: Any, step: int, initial: tuple[Any, ...]) -> Any:
        callback, items = called(function), self.__elements__
        order = range(len(items))[::step]
        if not initial and not order:
            raise JsTypeError("Reduce of empty array with no initial value")
        total = cross(initial[0]) if initial else items[order[0]]
        for index in order if initial else order[1:]:
            total = cross(pinned(callback, total, items[index], index, self))
        return total


def strictly_equal(first: Any, second: Any) -> bool:
    """Compare as JavaScript's `===` does: numbers by value, objects by identity."""
    if first is second:
        return not (isinstance(first, float) and math.isnan(first))
    if isinstance(first, bool) or isinstance(second, bool):
        return False
    if isinstance(first, (int, float)) and isinstance(second, (int, float)):
        return first == second
    return isinstance(first, str) and isinstance(second, str) and first == second


def _both_nan(first: Any, second: Any) -> bool:
    return (
        isinstance(first, float)
        and isinstance(second, float)
        and math.isnan(first)
        and math.isnan(second)
    )


def _pair(index: int, item: Any) -> Any:
    from pydo.host.js.array import JsArray  # noqa: PLC0415 - it is one of these itself

    return JsArray([index, item])

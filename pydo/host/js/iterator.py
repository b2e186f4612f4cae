"""What `entries()`, `keys()` and `values()` give: an iterator for both languages."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

from pydo.host.js.callback import shown
from pydo.host.js.error import JsRangeError, JsTypeError
from pydo.host.js.illegal import illegal_constructor
from pydo.host.js.object import JsObject
from pydo.host.js.text import integer, js_number, js_string, truthy
from pydo.host.js.value import JsClass, JsProxy, cross, iterated, jsnull

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["JsIterator", "WebIterator"]


class IteratorClass(JsClass):
    """`Iterator`."""

    def from_(cls, source: Any = None, *_: object) -> JsIterator:
        """Give an iterator of what can be iterated; an iterator itself.

        Raises:
            JsException: a `TypeError` for what is no object.

        """
        if isinstance(source, JsIterator):
            return source
        if source is None or source is jsnull or isinstance(source, (int, float)):
            raise JsTypeError("Iterator.from called on non-object")
        return JsIterator(iterated(source), "Iterator Wrap")

    def concat(cls, *sources: Any) -> JsIterator:
        """Give an iterator of the items of each source in turn.

        Raises:
            JsException: a `TypeError` for what is no object.

        """
        for source in sources:
            if source is None or source is jsnull or isinstance(source, (str, int, float)):
                raise JsTypeError("Iterator.concat called on non-object")
        return _helper(item for source in sources for item in iterated(source))

    if not TYPE_CHECKING:

        def new(cls, *_: object, **__: object) -> NoReturn:
            """Refuse: it is there to be extended."""
            raise JsTypeError("Abstract class Iterator not directly constructable")


class JsIterator(JsProxy, metaclass=IteratorClass, js_name="Iterator"):
    """An iterator; `label` is what its text says of it, such as `Array Iterator`."""

    __slots__ = ("label", "source")

    def __init__(self, source: Iterable[Any], label: str = "Object") -> None:
        self.source = iter(source)
        self.label = label

    def __iter__(self) -> JsIterator:
        return self

    def __next__(self) -> Any:
        return next(self.source)

    def next(self, *_: object) -> JsObject:
        """Give the next step, as an object of `done` and `value`."""
        for value in self.source:
            return JsObject({"value": value, "done": False})
        return JsObject({"value": None, "done": True})

    # The helpers are lazy, as in JavaScript: an iterator is read when theirs is.

    def map(self, function: Any = None, *_: object) -> JsIterator:
        """Give an iterator of what `function(item, index)` makes of each item."""
        _check(function)
        return _helper(cross(function(item, index)) for index, item in enumerate(self))

    def filter(self, function: Any = None, *_: object) -> JsIterator:
        """Give an iterator of the items of which `function` is true."""
        _check(function)
        return _helper(item for index, item in enumerate(self) if truthy(function(item, index)))

    def flatMap(self, function: Any = None, *_: object) -> JsIterator:
        """Give an iterator of the items of what `function` makes of each item."""
        _check(function)
        return _helper(
            cross(each)
            for index, item in enumerate(self)
            for each in iterated(function(item, index))
        )

    def take(self, limit: Any = None, *_: object) -> JsIterator:
        """Give an iterator of the first items."""
        return _helper(islice(self, _counted(limit)))

    def drop(self, limit: Any = None, *_: object) -> JsIterator:
        """Give an iterator of the items after the first ones."""
        return _helper(islice(self, _counted(limit), None))

    def toArray(self, *_: object) -> Any:
        """Give an array of what is left."""
        return _array()(list(self))

    def forEach(self, function: Any = None, *_: object) -> None:
        """Call `function(item, index)` for each item."""
        _check(function)
        for index, item in enumerate(self):
            function(item, index)

    def some(self, function: Any = None, *_: object) -> bool:
        """Tell whether `function` is true of an item."""
        _check(function)
        return any(truthy(function(item, index)) for index, item in enumerate(self))

    def every(self, function: Any = None, *_: object) -> bool:
        """Tell whether `function` is true of all items."""
        _check(function)
        return all(truthy(function(item, index)) for index, item in enumerate(self))

    def find(self, function: Any = None, *_: object) -> Any:
        """Give the first item of which `function` is true."""
        return next(self.filter(function), None)

    def reduce(self, function: Any = None, *initial: Any) -> Any:
        """Fold the items with `function(sum, item, index)`."""
        _check(function)
        items = enumerate(self)
        if initial:
            total = cross(initial[0])
        else:
            _, total = next(items, (0, _NONE))
            if total is _NONE:
                raise JsTypeError("Reduce of a done iterator with no initial value")
        for index, item in items:
            total = cross(function(total, item, index))
        return total

    def toString(self, *_: object) -> str:
        """Give JavaScript's text of the iterator."""
        return f"[object {self.label}]"


class WebIterator(JsIterator):
    """An iterator of a class of the web's, whose label names its own class as well."""

    __slots__ = ()

    @property
    def constructor(self) -> Any:
        """What stands for the class, which there is no other way to."""
        return illegal_constructor(self.label)


_NONE = object()


def _helper(items: Iterable[Any]) -> JsIterator:
    return JsIterator(items, "Iterator Helper")


def _check(function: Any) -> None:
    if not callable(function):
        kind = "number " if isinstance(function, (int, float)) else ""
        raise JsTypeError(f"{kind}{js_string(function)} is not a function")


def _counted(limit: Any) -> int:
    number = js_number(limit)
    if math.isnan(number):
        raise JsRangeError(f"{shown(limit)} must be positive")
    count = integer(limit)
    if count < 0:
        raise JsRangeError(f"{shown(limit)} must be positive")
    return count


def _array() -> Any:
    from pydo.host.js.array import JsArray  # noqa: PLC0415 - arrays are iterated by these

    return JsArray

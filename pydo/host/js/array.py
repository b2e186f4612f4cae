"""Arrays, with JavaScript's methods."""

from __future__ import annotations

import functools
import inspect
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from pydo.host.js.callback import called, comparator
from pydo.host.js.error import JsRangeError, JsTypeError
from pydo.host.js.listlike import ListLike
from pydo.host.js.number import localized
from pydo.host.js.text import integer, js_number, js_string, truthy
from pydo.host.js.value import Conversion, JsClass, JsProxy, cross, iterated, jsnull, told
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

__all__ = ["JsArray"]

_MAX_LENGTH = 2**32 - 1
_joining: ContextVar[frozenset[int]] = ContextVar("joining", default=frozenset())


class ArrayClass(JsClass):
    """`Array`: one number is a length, anything else the elements."""

    if not TYPE_CHECKING:

        def new(cls, *items: Any, **named: Any) -> JsArray:
            """Construct an array of a length, or of the elements given."""
            if len(items) != 1 or not isinstance(items[0], (int, float)):
                return cls([cross(item) for item in items])
            length = cross(items[0])
            if not isinstance(length, int) or not 0 <= length <= _MAX_LENGTH:
                raise JsRangeError("Invalid array length")
            return cls([None] * length)

        def __call__(cls, *items: Any) -> JsArray:
            if len(items) == 1 and type(items[0]) is list:
                return type.__call__(cls, items[0])
            return cls.new(*items)

    def isArray(cls, value: Any = None, *_: object) -> bool:
        """Tell whether the value is an array."""
        return isinstance(value, JsArray)

    def of(cls, *items: Any) -> JsArray:
        """Make an array of the arguments."""
        return cls([cross(item) for item in items])

    def fromAsync(cls, source: Any = None, mapper: Any = None, *_: object) -> Any:
        """Give a promise of an array of an iterable's elements, each of which is waited for."""
        from pydo.host.promise import JsPromise  # noqa: PLC0415 - promises are made of arrays

        made_of = None if mapper is None else called(mapper)

        async def collect() -> JsArray:
            items: list[Any] = []
            elements = source if hasattr(source, "__aiter__") else _in_turn(cls.from_(source))
            async for element in elements:
                made = element if made_of is None else made_of(element, len(items))
                items.append(cross(await made if inspect.isawaitable(made) else made))
            return cls(items)

        return JsPromise.of(collect())

    def from_(cls, source: Any = None, mapper: Any = None, *_: object) -> JsArray:
        """Make an array of an iterable, through `mapper` if there is one."""
        if source is None or source is jsnull:
            raise JsTypeError(
                f"{told(source)} is not iterable (cannot read property Symbol(Symbol.iterator))"
            )
        items: Iterable[Any] = ()
        if hasattr(source, "__iter__"):
            items = iterated(source)
        elif (length := getattr(source, "length", None)) is not None:  # as an array looks
            items = [getattr(source, str(index), None) for index in range(integer(length))]
        if mapper is None:
            return cls([cross(item) for item in items])
        made_of = called(mapper)
        return cls([cross(made_of(cross(item), index)) for index, item in enumerate(items)])

    if not TYPE_CHECKING:

        def __getattr__(cls, name: str) -> Any:
            # `getattr(js.Array, "from")`: the name is Python's keyword.
            if name == "from":
                return cls.from_
            raise AttributeError(name)


class JsArray(ListLike, metaclass=ArrayClass, js_name="Array"):
    """An array; made of a list it takes the list over, whose items are what `cross` gives."""

    __slots__ = ("__dict__",)

    def __init__(self, items: list[Any]) -> None:
        self.__items__ = items

    @property
    def length(self) -> int:
        """The number of elements; setting it cuts or extends."""
        return len(self.__items__)

    @length.setter
    def length(self, given: Any) -> None:
        length = js_number(given)
        if not isinstance(length, int) or not 0 <= length <= _MAX_LENGTH:
            raise JsRangeError("Invalid array length")
        del self.__items__[length:]
        self.__items__.extend([None] * (length - len(self.__items__)))

    def push(self, *items: Any) -> int:
        """Append, and give the new length."""
        self.__items__.extend(cross(item) for item in items)
        return len(self.__items__)

    def unshift(self, *items: Any) -> int:
        """Put in front, and give the new length."""
        self.__items__[:0] = [cross(item) for item in items]
        return len(self.__items__)

    def shift(self, *_: object) -> Any:
        """Take the first element."""
        return self.__items__.pop(0) if self.__items__ else None

    def concat(self, *others: Any) -> JsArray:
        """Give a new array of this one and the others."""
        items = list(self.__items__)
        for other in others:
            if isinstance(other, JsArray):
                items.extend(other.__items__)
            elif isinstance(other, (list, tuple)):
                items.extend(cross(item) for item in list(other))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # the user's own
            else:
                items.append(cross(other))
        return JsArray(items)

    def slice(self, start: Any = None, end: Any = None, *_: object) -> JsArray:
        """Give a new array of a part of this one."""
        stop = None if end is None else integer(end)
        return JsArray(self.__items__[integer(start) : stop])

    def splice(self, *given: Any) -> JsArray:
        """Replace a part, told by its start and its length, and give what stood there."""
        start, count, *items = (*given, None, None)[: max(len(given), 2)]
        size = len(self.__items__)
        first = integer(start)
        first = max(size + first, 0) if first < 0 else min(first, size)
        last = first + max(integer(count), 0) if len(given) > 1 else size if given else first
        removed = self.__items__[first:last]
        self.__items__[first:last] = [cross(item) for item in items]
        return JsArray(removed)

    def join(self, separator: Any = None, *_: object) -> str:
        """Give the texts of the elements, joined."""
        between = "," if separator is None else js_string(separator)
        if id(self) in _joining.get():
            return ""  # an array within itself, as V8 has it
        token = _joining.set(_joining.get() | {id(self)})
        try:
            return between.join([_element_text(item) for item in self.__items__])
        finally:
            _joining.reset(token)

    def reverse(self, *_: object) -> None:
        """Turn the array around in place; it is Python's, which gives nothing back."""
        self.__items__.reverse()

    def fill(self, value: Any = None, start: Any = None, end: Any = None, *_: object) -> JsArray:
        """Set a part of the array to one value."""
        filler = cross(value)
        stop = len(self.__items__) if end is None else integer(end)
        for index in range(*slice(integer(start), stop).indices(len(self.__items__))):
            self.__items__[index] = filler
        return self

    def sort(self, compare: Any = None, *_: object) -> JsArray:
        """Sort in place, by text unless `compare(a, b)` says otherwise."""
        by = comparator(compare)
        defined = [item for item in self.__items__ if item is not None]
        if by is not None:
            defined.sort(key=functools.cmp_to_key(lambda a, b: _sign(by(a, b))))
        else:
            defined.sort(key=lambda item: js_string(item).encode("utf-16-be", "surrogatepass"))
        self.__items__[:] = defined + [None] * (len(self.__items__) - len(defined))
        return self

    def flat(self, depth: Any = 1, *_: object) -> JsArray:
        """Give a new array with nested arrays laid out, `depth` levels of them."""
        return JsArray(_flattened(self.__items__, integer(depth, 1)))

    def map(self, function: Any = None, *_: object) -> JsArray:
        """Give a new array of what `function(item, index, array)` makes of each element."""
        callback = called(function)
        return JsArray(
            [cross(pinned(callback, item, i, self)) for i, item in enumerate(self.__items__)]
        )

    def filter(self, function: Any = None, *_: object) -> JsArray:
        """Give a new array of the elements of which `function` is true."""
        callback = called(function)
        return JsArray(
            [
                each
                for i, each in enumerate(self.__items__)
                if truthy(pinned(callback, each, i, self))
            ]
        )

    def flatMap(self, function: Any = None, *_: object) -> JsArray:
        """Give a new array of what `function` makes, with its arrays laid out."""
        return self.map(function).flat()

    def copyWithin(
        self, target: Any = None, start: Any = None, end: Any = None, *_: object
    ) -> JsArray:
        """Copy a part of the array over another."""
        size = len(self.__items__)
        stop = size if end is None else integer(end)
        part = self.__items__[integer(start) : stop]
        to = range(size)[integer(target) :]
        for index, item in zip(to, part, strict=False):
            self.__items__[index] = item
        return self

    def toReversed(self, *_: object) -> JsArray:
        """Give a new array of the elements from last to first."""
        return JsArray(self.__items__[::-1])

    def toSorted(self, compare: Any = None, *_: object) -> JsArray:
        """Give a new array, sorted."""
        return JsArray(list(self.__items__)).sort(compare)

    def toSpliced(self, *given: Any) -> JsArray:
        """Give a new array with a part replaced."""
        copied = JsArray(list(self.__items__))
        copied.splice(*given)
        return copied

    def with_(self, index: Any = None, value: Any = None, *_: object) -> JsArray:
        """Give a new array with one element replaced."""
        position = integer(index)
        if not -len(self.__items__) <= position < len(self.__items__):
            raise JsRangeError("Invalid index : " + js_string(index))
        copied = list(self.__items__)
        copied[position] = cross(value)
        return JsArray(copied)

    def toString(self, *_: object) -> str:
        """Give the texts of the elements, with commas between."""
        return self.join()

    def toLocaleString(self, *_: object) -> str:
        """Give the texts that people read of the elements, with commas between."""
        return ",".join(map(_localized, self.__items__))

    @property
    def __members__(self) -> dict[str, Any]:
        return {**super().__members__, **self.__dict__}

    def __of__(self, items: list[Any]) -> JsArray:
        return JsArray(items)

    def __names__(self) -> list[str]:
        return [*self.__members__, "length"]

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        result: list[Any] = []
        conversion.remember(self, result)
        convert = conversion.convert
        result.extend(
            [convert(item, depth) if isinstance(item, JsProxy) else item for item in self.__items__]
        )
        return result


async def _in_turn(elements: Iterable[Any]) -> AsyncIterator[Any]:
    for element in elements:
        yield await element if inspect.isawaitable(element) else element


def _element_text(item: Any) -> str:
    return "" if item is None or item is jsnull else js_string(item)


def _localized(item: Any) -> str:
    if isinstance(item, JsProxy):
        return item.toLocaleString()
    is_number = isinstance(item, (int, float)) and not isinstance(item, bool)
    return localized(item) if is_number else _element_text(item)


def _sign(result: Any) -> int:
    number = js_number(result)
    return (number > 0) - (number < 0)


def _flattened(items: list[Any], depth: int) -> list[Any]:
    result: list[Any] = []
    for item in items:
        if isinstance(item, JsArray) and depth > 0:
            result.extend(_flattened(item.__items__, depth - 1))
        else:
            result.append(item)
    return result

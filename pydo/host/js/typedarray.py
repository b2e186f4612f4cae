"""The typed arrays: numbers of one kind in a buffer."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydo.host.js.array import JsArray
from pydo.host.js.buffer import ArrayBuffer, BufferView
from pydo.host.js.callback import called, comparator
from pydo.host.js.elements import Elements
from pydo.host.js.error import JsRangeError
from pydo.host.js.text import integer, js_number, js_string
from pydo.host.js.value import NativeClass, jsnull, plain_number
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["TypedArray", "TypedArrayClass", "element"]


class TypedArrayClass(NativeClass):
    """A class of typed arrays."""

    @property
    def BYTES_PER_ELEMENT(cls) -> int:
        """The bytes that an element takes."""
        return cast("type[TypedArray]", cls).item_size()

    def of(cls, *items: Any) -> Any:
        """Make an array of the arguments."""
        return cls.new(list(items))

    def from_(cls, source: Any = None, mapper: Any = None, *_: object) -> Any:
        """Make an array of an iterable, through `mapper` if there is one."""
        return cls.new(JsArray.from_(source, mapper))

    if not TYPE_CHECKING:

        def __getattr__(cls, name: str) -> Any:
            if name == "from":
                return cls.from_
            raise AttributeError(name)


class TypedArray(Elements, BufferView, metaclass=TypedArrayClass):
    """Numbers of one kind in a buffer; `typecode` is the kind, as `struct` spells it."""

    __slots__ = ()
    typecode: ClassVar[str] = "B"

    def __init__(
        self, source: Any = None, offset: Any = None, length: Any = None, *_: object, **__: object
    ) -> None:
        size = self.item_size()
        if isinstance(source, ArrayBuffer):
            self._look_at(source, integer(offset), length)
            return
        if isinstance(source, bytearray):
            self.buffer = ArrayBuffer.new(source)
        elif _is_length(source):
            count = integer(source)
            if count < 0:
                raise JsRangeError(f"Invalid typed array length: {count}")
            self.buffer = ArrayBuffer.new(count * size)
        else:
            items = JsArray.from_(() if source is jsnull else source).__items__
            self.buffer = ArrayBuffer.new(len(items) * size)
            self.byteOffset, self.byteLength = 0, len(items) * size
            self._fill(0, items)
        self.byteOffset, self.byteLength = 0, len(self.buffer.__data__)

    @classmethod
    def item_size(cls) -> int:
        """Give the bytes that an element takes."""
        return struct.calcsize(cls.typecode)

    @property
    def BYTES_PER_ELEMENT(self) -> int:
        """The bytes that an element takes."""
        return self.item_size()

    @property
    def length(self) -> int:
        """The number of elements."""
        return self.byteLength // self.item_size()

    def set(self, source: Any = None, offset: Any = None, *_: object) -> None:
        """Copy elements in, from `offset` on."""
        items = list(cast("Iterable[Any]", source))
        start = integer(offset)
        if start < 0 or start + len(items) > self.length:
            raise JsRangeError("offset is out of bounds")
        self._fill(start, items)

    def subarray(self, start: Any = None, end: Any = None, *_: object) -> Any:
        """View a part of the same bytes."""
        first, last, _step = self._slice(start, end)
        size = self.item_size()
        return type(self).new(self.buffer, self.byteOffset + first * size, max(last - first, 0))

    def slice(self, start: Any = None, end: Any = None, *_: object) -> Any:
        """Copy a part of the elements."""
        first, last, _step = self._slice(start, end)
        size = self.item_size()
        return type(self).new(bytearray(self.view()[first * size : last * size]))

    def fill(self, value: Any = None, start: Any = None, end: Any = None, *_: object) -> Any:
        """Set a part of the elements to one value."""
        first, last, _step = self._slice(start, end)
        self._fill(first, [value] * max(last - first, 0))
        return self

    def join(self, separator: Any = None, *_: object) -> str:
        """Give the texts of the elements, joined."""
        between = "," if separator is None else js_string(separator)
        return between.join(js_string(item) for item in self)

    def map(self, function: Any = None, *_: object) -> Any:
        """Make an array of the same kind of what `function` makes of each element."""
        callback = called(function)
        return type(self).new(
            [pinned(callback, item, index, self) for index, item in enumerate(self)]
        )

    def filter(self, function: Any = None, *_: object) -> Any:
        """Make an array of the same kind of the elements of which `function` is true."""
        callback = called(function)
        return type(self).new(JsArray(list(self)).filter(lambda e, i, _: callback(e, i, self)))

    def copyWithin(self, target: Any = None, start: Any = None, end: Any = None, *_: object) -> Any:
        """Copy a part of the array over another."""
        self._fill(0, JsArray(list(self)).copyWithin(target, start, end).__items__)
        return self

    def reverse(self, *_: object) -> Any:
        """Turn the array around in place."""
        self._fill(0, list(self)[::-1])
        return self

    def sort(self, compare: Any = None, *_: object) -> Any:
        """Sort in place, by value unless `compare(a, b)` says otherwise."""
        items = list(self)
        by = comparator(compare)
        self._fill(0, sorted(items) if by is None else JsArray(items).sort(by).__items__)
        return self

    def toReversed(self, *_: object) -> Any:
        """Give a new array of the elements from last to first."""
        return self.slice().reverse()

    def toSorted(self, compare: Any = None, *_: object) -> Any:
        """Give a new array, sorted."""
        return self.slice().sort(compare)

    def with_(self, index: Any = None, value: Any = None, *_: object) -> Any:
        """Give a new array with one element replaced."""
        return type(self).new(JsArray(list(self)).with_(index, value))

    def to_memoryview(self) -> memoryview:
        """Copy the elements into a memoryview of their format."""
        copied = memoryview(bytearray(self.view()))
        return copied if self.typecode == "B" else copied.cast(self.typecode)  # type: ignore[call-overload,no-any-return]  # the code is one of the table

    def toString(self, *_: object) -> str:
        """Give the texts of the elements, with commas between."""
        return self.join()

    @property
    def __elements__(self) -> list[Any]:
        return list(self)

    def __len__(self) -> int:
        return self.length

    def __bytes__(self) -> bytes:
        return bytes(list(self))

    def __iter__(self) -> Iterator[Any]:
        elements = struct.unpack(f"{self.length}{self.typecode}", self.view())
        return iter([element(item) for item in elements])

    def __contains__(self, item: object) -> bool:
        return item in list(self)

    def __getitem__(self, index: Any) -> Any:
        return element(struct.unpack_from(self.typecode, self.view(), self._offset(index))[0])

    def __setitem__(self, index: Any, value: Any) -> None:
        struct.pack_into(self.typecode, self.view(), self._offset(index), self.coerce(value))

    @classmethod
    def coerce(cls, value: Any) -> Any:
        """Convert a value to an element, by JavaScript's rules."""
        bits = 8 * cls.item_size()
        number = js_number(value)
        if isinstance(number, float):
            number = 0 if math.isnan(number) or math.isinf(number) else int(number)
        number &= (1 << bits) - 1
        if cls.typecode.islower() and number >> (bits - 1):
            number -= 1 << bits
        return number

    def _look_at(self, buffer: ArrayBuffer, offset: int, length: Any) -> None:
        size = self.item_size()
        name = type(self).name
        if offset % size:
            raise JsRangeError(f"start offset of {name} should be a multiple of {size}")
        if length is None and len(buffer.__data__) % size:
            raise JsRangeError(f"byte length of {name} should be a multiple of {size}")
        if offset > len(buffer.__data__):
            raise JsRangeError(f"Start offset {offset} is outside the bounds of the buffer")
        taken = len(buffer.__data__) - offset if length is None else integer(length) * size
        if taken < 0 or offset + taken > len(buffer.__data__):
            raise JsRangeError(f"Invalid typed array length: {integer(length)}")
        self.buffer, self.byteOffset, self.byteLength = buffer, offset, taken

    def _fill(self, start: int, items: list[Any]) -> None:
        elements = [self.coerce(item) for item in items]
        offset = self.byteOffset + start * self.item_size()
        struct.pack_into(f"{len(elements)}{self.typecode}", self.buffer.__data__, offset, *elements)

    def _slice(self, start: Any, end: Any) -> tuple[int, int, int]:
        return slice(integer(start), None if end is None else integer(end)).indices(self.length)

    def _offset(self, index: Any) -> int:
        if isinstance(index, slice):
            raise NotImplementedError("Slice subscripting isn't implemented for typed arrays")
        position = index + self.length if index < 0 else index
        if not 0 <= position < self.length:
            raise IndexError(index)
        return int(position) * self.item_size()


def _is_length(source: Any) -> bool:
    return source is None or isinstance(source, (int, float, str))


def element(item: Any) -> Any:
    """Give an element as Python reads it."""
    return plain_number(item) if isinstance(item, float) else item

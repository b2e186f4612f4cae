"""`ArrayBuffer`, the typed arrays and `DataView`: bytes that are shared, and views of them."""

from __future__ import annotations

import math
import struct
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

from pydo.host.js.array import JsArray, strictly_equal
from pydo.host.js.error import JsRangeError, JsTypeError
from pydo.host.js.iterator import JsIterator
from pydo.host.js.text import integer, js_number, js_string
from pydo.host.js.value import Conversion, JsProxy, NativeClass, plain_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "TYPED_ARRAYS",
    "ArrayBuffer",
    "BufferView",
    "DataView",
    "JsBuffer",
    "TypedArray",
    "Uint8Array",
    "bytes_of",
    "typed_array_of",
]


class JsBuffer(JsProxy, js_name="ArrayBuffer"):
    """What Pyodide lends to buffers and views of them: ways to carry bytes over."""

    __slots__ = ()

    def view(self) -> memoryview:
        """Give the bytes themselves, not a copy."""
        raise NotImplementedError

    def to_bytes(self) -> bytes:
        """Copy the bytes."""
        return self.view().tobytes()

    def to_memoryview(self) -> memoryview:
        """Copy the bytes into a memoryview of the elements' format."""
        return memoryview(bytearray(self.view()))

    def to_string(self, encoding: str | None = None) -> str:
        """Decode the bytes, as a TextDecoder would."""
        return self.to_bytes().decode(encoding or "utf-8-sig", "replace")

    def assign(self, source: Any, /) -> None:
        """Take the bytes of a Python buffer of the same length."""
        mine = self.view()
        given = memoryview(source).cast("B")
        if len(given) != len(mine):
            raise ValueError(
                f"cannot assign to TypedArray of length {len(given)} "
                f"from buffer of length {len(mine)}"
            )
        mine[:] = given

    def assign_to(self, target: Any, /) -> None:
        """Give the bytes to a writable Python buffer of the same length."""
        mine = self.view()
        given = memoryview(target).cast("B")
        if len(given) != len(mine):
            raise ValueError(
                f"cannot assign from TypedArray of length {len(mine)} "
                f"to buffer of length {len(given)}"
            )
        given[:] = mine

    def to_file(self, file: IO[bytes], /) -> None:
        """Write the bytes to a file."""
        file.write(self.to_bytes())

    def from_file(self, file: IO[bytes], /) -> None:
        """Fill the buffer from a file."""
        read = file.read(len(self.view()))
        self.view()[: len(read)] = read

    @property
    def __members__(self) -> dict[str, Any]:
        return {}

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        return self.to_memoryview()


class ArrayBufferClass(NativeClass):
    """`ArrayBuffer`, of a length or (for pydo's own code) of bytes that it takes over."""

    def isView(cls, value: Any = None, *_: object) -> bool:
        """Tell whether the value is a typed array or a `DataView`."""
        return isinstance(value, BufferView)


class ArrayBuffer(JsBuffer, metaclass=ArrayBufferClass):
    """Bytes, which views may share; they stand in `data`."""

    __slots__ = ("__dict__", "data")
    data: bytearray

    def __init__(self, content: Any = 0, *_: object, **__: object) -> None:
        if isinstance(content, bytearray):
            self.data = content
            return
        length = integer(content)
        if length < 0:
            raise JsRangeError(f"Invalid array buffer length: {length}")
        self.data = bytearray(length)

    @property
    def byteLength(self) -> int:
        """The number of bytes."""
        return len(self.data)

    maxByteLength = byteLength

    @property
    def resizable(self) -> bool:
        """Whether the length can change: it cannot."""
        return False

    def slice(self, start: Any = None, end: Any = None, *_: object) -> ArrayBuffer:
        """Copy a part of the bytes."""
        stop = None if end is None else integer(end)
        return ArrayBuffer.new(self.data[integer(start) : stop])

    def view(self) -> memoryview:
        """Give the bytes themselves."""
        return memoryview(self.data)


class BufferView(JsBuffer):
    """A view of a part of an `ArrayBuffer`."""

    __slots__ = ("__dict__", "buffer", "byteLength", "byteOffset")
    buffer: ArrayBuffer
    byteLength: int
    byteOffset: int

    def view(self) -> memoryview:
        """Give the bytes themselves."""
        return memoryview(self.buffer.data)[self.byteOffset : self.byteOffset + self.byteLength]


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


class TypedArray(BufferView, metaclass=TypedArrayClass):
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
            items = list(cast("Iterable[Any]", source))
            self.buffer = ArrayBuffer.new(len(items) * size)
            self.byteOffset, self.byteLength = 0, len(items) * size
            self._fill(0, items)
        self.byteOffset, self.byteLength = 0, len(self.buffer.data)

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

    def at(self, index: Any = None, *_: object) -> Any:
        """Give an element, from the end if the index is negative."""
        position = integer(index)
        return self[position] if -self.length <= position < self.length else None

    def join(self, separator: Any = None, *_: object) -> str:
        """Give the texts of the elements, joined."""
        between = "," if separator is None else js_string(separator)
        return between.join(js_string(item) for item in self)

    def indexOf(self, wanted: Any = None, *_: object) -> int:
        """Give the first index of a value, or -1."""
        return next((i for i, item in enumerate(self) if strictly_equal(item, wanted)), -1)

    def includes(self, wanted: Any = None, *_: object) -> bool:
        """Tell whether a value is among the elements."""
        return self.indexOf(wanted) >= 0

    def forEach(self, function: Callable[..., Any], *_: object) -> None:
        """Call `function(item, index, array)` for each element."""
        for index, item in enumerate(self):
            function(item, index, self)

    def map(self, function: Callable[..., Any], *_: object) -> Any:
        """Make an array of the same kind of what `function` makes of each element."""
        return type(self).new([function(item, index, self) for index, item in enumerate(self)])

    def values(self, *_: object) -> JsIterator:
        """Iterate over the elements."""
        return JsIterator(iter(self), "Array Iterator")

    def keys(self, *_: object) -> JsIterator:
        """Iterate over the indices."""
        return JsIterator(range(self.length), "Array Iterator")

    def to_memoryview(self) -> memoryview:
        """Copy the elements into a memoryview of their format."""
        copied = memoryview(bytearray(self.view()))
        return copied if self.typecode == "B" else copied.cast(self.typecode)  # type: ignore[call-overload,no-any-return]  # the code is one of the table

    def toString(self) -> str:
        """Give the texts of the elements, with commas between."""
        return self.join()

    @property
    def __members__(self) -> dict[str, Any]:
        return {str(index): item for index, item in enumerate(self)}

    def __len__(self) -> int:
        return self.length

    def __bytes__(self) -> bytes:
        return bytes(list(self))

    def __iter__(self) -> Iterator[Any]:
        elements = struct.unpack(f"{self.length}{self.typecode}", self.view())
        return iter([_element(item) for item in elements])

    def __contains__(self, item: object) -> bool:
        return item in list(self)

    def __getitem__(self, index: Any) -> Any:
        return _element(struct.unpack_from(self.typecode, self.view(), self._offset(index))[0])

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
        if length is None and len(buffer.data) % size:
            raise JsRangeError(f"byte length of {name} should be a multiple of {size}")
        if offset > len(buffer.data):
            raise JsRangeError(f"Start offset {offset} is outside the bounds of the buffer")
        taken = len(buffer.data) - offset if length is None else integer(length) * size
        if taken < 0 or offset + taken > len(buffer.data):
            raise JsRangeError(f"Invalid typed array length: {integer(length)}")
        self.buffer, self.byteOffset, self.byteLength = buffer, offset, taken

    def _fill(self, start: int, items: list[Any]) -> None:
        elements = [self.coerce(item) for item in items]
        offset = self.byteOffset + start * self.item_size()
        struct.pack_into(f"{len(elements)}{self.typecode}", self.buffer.data, offset, *elements)

    def _slice(self, start: Any, end: Any) -> tuple[int, int, int]:
        return slice(integer(start), None if end is None else integer(end)).indices(self.length)

    def _offset(self, index: Any) -> int:
        if isinstance(index, slice):
            raise NotImplementedError("Slice subscripting isn't implemented for typed arrays")
        position = index + self.length if index < 0 else index
        if not 0 <= position < self.length:
            raise IndexError(index)
        return int(position) * self.item_size()


class Uint8Array(TypedArray):
    """Bytes."""

    __slots__ = ()


class Uint8ClampedArray(TypedArray):
    """Bytes; what is out of range becomes the nearest."""

    __slots__ = ()

    @classmethod
    def coerce(cls, value: Any) -> Any:
        """Round and clamp."""
        number = js_number(value)
        return 0 if math.isnan(number) else round(max(0, min(255, number)))


class Int8Array(TypedArray):
    """Signed bytes."""

    __slots__ = ()
    typecode = "b"


class Uint16Array(TypedArray):
    """Numbers of 16 bits."""

    __slots__ = ()
    typecode = "H"


class Int16Array(TypedArray):
    """Signed numbers of 16 bits."""

    __slots__ = ()
    typecode = "h"


class Uint32Array(TypedArray):
    """Numbers of 32 bits."""

    __slots__ = ()
    typecode = "I"


class Int32Array(TypedArray):
    """Signed numbers of 32 bits."""

    __slots__ = ()
    typecode = "i"


class BigUint64Array(TypedArray):
    """Numbers of 64 bits."""

    __slots__ = ()
    typecode = "Q"


class BigInt64Array(TypedArray):
    """Signed numbers of 64 bits."""

    __slots__ = ()
    typecode = "q"


class _Floats(TypedArray):
    __slots__ = ()

    @classmethod
    def coerce(cls, value: Any) -> Any:
        """Convert to a float; what is too large becomes infinite."""
        number = float(js_number(value))
        try:
            struct.pack(cls.typecode, number)
        except OverflowError:
            return math.copysign(math.inf, number)
        return number


class Float16Array(_Floats):
    """Floats of 16 bits."""

    __slots__ = ()
    typecode = "e"


class Float32Array(_Floats):
    """Floats of 32 bits."""

    __slots__ = ()
    typecode = "f"


class Float64Array(_Floats):
    """Floats of 64 bits."""

    __slots__ = ()
    typecode = "d"


TYPED_ARRAYS = {
    each.name: each
    for each in (
        Uint8Array,
        Uint8ClampedArray,
        Int8Array,
        Uint16Array,
        Int16Array,
        Uint32Array,
        Int32Array,
        BigUint64Array,
        BigInt64Array,
        Float16Array,
        Float32Array,
        Float64Array,
    )
}


_BY_READER = {
    each.name.removesuffix("Array"): each
    for each in TYPED_ARRAYS.values()
    if "Clamp" not in each.name
}


class DataView(BufferView, metaclass=NativeClass):
    """Numbers of any kind at any place of a buffer."""

    __slots__ = ()

    def __init__(
        self, buffer: Any = None, offset: Any = None, length: Any = None, *_: object
    ) -> None:
        if not isinstance(buffer, ArrayBuffer):
            raise JsTypeError("First argument to DataView constructor must be an ArrayBuffer")
        start = integer(offset)
        if not 0 <= start <= len(buffer.data):
            raise JsRangeError(f"Start offset {start} is outside the bounds of the buffer")
        taken = len(buffer.data) - start if length is None else integer(length)
        if taken < 0 or start + taken > len(buffer.data):
            raise JsRangeError(f"Invalid DataView length {taken}")
        self.buffer, self.byteOffset, self.byteLength = buffer, start, taken

    def __getattr__(self, name: str) -> Any:
        kind = _BY_READER.get(name[3:])
        if kind is None or name[:3] not in {"get", "set"}:
            raise AttributeError(name)

        def get(offset: Any = 0, little: Any = False, *_: object) -> Any:  # noqa: FBT002 - JavaScript's own order
            form = ("<" if little else ">") + kind.typecode
            return _element(struct.unpack_from(form, self.view(), self._inside(offset, kind))[0])

        def put(offset: Any = 0, value: Any = None, little: Any = False, *_: object) -> None:  # noqa: FBT002 - as above
            form = ("<" if little else ">") + kind.typecode
            struct.pack_into(form, self.view(), self._inside(offset, kind), kind.coerce(value))

        return get if name.startswith("get") else put

    def _inside(self, offset: Any, kind: type[TypedArray]) -> int:
        start = integer(offset)
        if start < 0 or start + kind.item_size() > self.byteLength:
            raise JsRangeError("Offset is outside the bounds of the DataView")
        return start


def bytes_of(value: Any) -> bytes | None:
    """Copy the bytes of a JavaScript buffer or view, or of a Python one; None if it is neither."""
    if isinstance(value, JsBuffer):
        return value.view().tobytes()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return None


def typed_array_of(view: memoryview) -> TypedArray | None:
    """Copy a Python buffer into the typed array of its format; None if there is none."""
    kind = _BY_FORMAT.get(view.format.lstrip("@=<"))
    return None if kind is None else kind.new(bytearray(view.tobytes()))


_BY_FORMAT: dict[str, type[TypedArray]] = {
    **{kind.typecode: kind for kind in TYPED_ARRAYS.values() if kind is not Uint8ClampedArray},
    "c": Uint8Array,
    "?": Uint8Array,
    # The machine's long: 32 bits in Pyodide, 64 on most others; the width decides.
    "l": Int32Array if struct.calcsize("l") == 4 else BigInt64Array,  # noqa: PLR2004 - bytes
    "L": Uint32Array if struct.calcsize("l") == 4 else BigUint64Array,  # noqa: PLR2004 - bytes
}


def _is_length(source: Any) -> bool:
    return source is None or isinstance(source, (int, float, str))


def _element(item: Any) -> Any:
    return plain_number(item) if isinstance(item, float) else item

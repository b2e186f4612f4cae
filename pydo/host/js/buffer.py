"""`ArrayBuffer`: bytes, which the views of it share."""

from __future__ import annotations

from typing import IO, Any

from pydo.host.js.error import JsRangeError, JsTypeError
from pydo.host.js.text import integer
from pydo.host.js.value import Conversion, JsProxy, NativeClass, options

__all__ = ["ArrayBuffer", "BufferView", "JsBuffer", "bytes_of"]


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
    """Bytes, which views may share; they stand in `__data__`."""

    __slots__ = ("__data__", "__dict__", "detached", "most")
    __data__: bytearray
    detached: bool  # its bytes are another's now
    most: int | None  # the length that it may grow to; None: it is what it is

    def __init__(self, content: Any = 0, given: Any = None, *_: object, **named: Any) -> None:
        self.most, self.detached = None, False
        if isinstance(content, bytearray):
            self.__data__ = content
            return
        length = integer(content)
        if length < 0:
            raise JsRangeError(f"Invalid array buffer length: {length}")
        if given is not None or named:
            most = options(given, named).get("maxByteLength")
            self.most = None if most is None else integer(most)
            if self.most is not None and self.most < length:
                raise JsRangeError("Invalid array buffer max length")
        self.__data__ = bytearray(length)

    @property
    def byteLength(self) -> int:
        """The number of bytes."""
        return len(self.__data__)

    @property
    def maxByteLength(self) -> int:
        """The number of bytes that there can be."""
        return len(self.__data__) if self.most is None else self.most

    @property
    def resizable(self) -> bool:
        """Whether the length can change."""
        return self.most is not None

    def resize(self, length: Any = None, *_: object) -> None:
        """Change the length, up to `maxByteLength`."""
        if self.most is None:
            raise JsTypeError(
                "Method ArrayBuffer.prototype.resize called on incompatible receiver #<ArrayBuffer>"
            )
        size = integer(length)
        if not 0 <= size <= self.most:
            raise JsRangeError("ArrayBuffer.prototype.resize: Invalid length parameter")
        del self.__data__[size:]
        self.__data__.extend(bytes(size - len(self.__data__)))

    def transfer(self, length: Any = None, *_: object) -> ArrayBuffer:
        """Give the bytes to another buffer, cut or extended to a length."""
        moved = self.__data__
        size = integer(length, len(moved))
        if size < 0:
            raise JsRangeError("Invalid array buffer length")
        self.__data__, self.detached = bytearray(), True
        del moved[size:]
        moved.extend(bytes(size - len(moved)))
        return ArrayBuffer.new(moved)

    transferToFixedLength = transfer

    def __bool__(self) -> bool:
        return bool(self.__data__)

    def slice(self, start: Any = None, end: Any = None, *_: object) -> ArrayBuffer:
        """Copy a part of the bytes."""
        stop = None if end is None else integer(end)
        return ArrayBuffer.new(self.__data__[integer(start) : stop])

    def view(self) -> memoryview:
        """Give the bytes themselves."""
        return memoryview(self.__data__)


class BufferView(JsBuffer):
    """A view of a part of an `ArrayBuffer`."""

    __slots__ = ("__dict__", "buffer", "byteLength", "byteOffset")
    buffer: ArrayBuffer
    byteLength: int
    byteOffset: int

    def view(self) -> memoryview:
        """Give the bytes themselves."""
        return memoryview(self.buffer.__data__)[self.byteOffset : self.byteOffset + self.byteLength]


def bytes_of(value: Any) -> bytes | None:
    """Copy the bytes of a JavaScript buffer or view, or of a Python one; None if it is neither."""
    if isinstance(value, JsBuffer):
        return value.view().tobytes()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return None

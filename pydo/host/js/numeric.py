"""`Uint8Array` and its kin: the kinds of numbers that a typed array can hold."""

from __future__ import annotations

import math
import struct
from typing import Any

from pydo.host.js.bigint import to_big_int
from pydo.host.js.bytetext import from_base64, from_hex, to_base64
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_number
from pydo.host.js.typedarray import TypedArray, TypedArrayClass
from pydo.host.js.value import options

__all__ = [
    "TYPED_ARRAYS",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "Uint8Array",
    "typed_array_of",
]


class BytesClass(TypedArrayClass):
    """`Uint8Array`, which texts of bytes are read into."""

    def fromHex(cls, text: Any = None, *_: object) -> Uint8Array:
        """Make an array of a text of hexadecimal digits."""
        return Uint8Array.new(bytearray(from_hex(text)))

    def fromBase64(
        cls, text: Any = None, given: Any = None, *_: object, **named: Any
    ) -> Uint8Array:
        """Make an array of a text in base64."""
        return Uint8Array.new(bytearray(from_base64(text, options(given, named))))


class Uint8Array(TypedArray, metaclass=BytesClass):
    """Bytes."""

    __slots__ = ()

    def toHex(self, *_: object) -> str:
        """Give the bytes in hexadecimal digits."""
        return self.to_bytes().hex()

    def toBase64(self, given: Any = None, *_: object, **named: Any) -> str:
        """Give the bytes in base64."""
        return to_base64(self.to_bytes(), options(given, named))

    def setFromHex(self, text: Any = None, *_: object) -> JsObject:
        """Read as many bytes as there is room for, and tell how much that was."""
        data = from_hex(text)[: self.length]
        self.view()[: len(data)] = data
        return JsObject({"read": 2 * len(data), "written": len(data)})

    def setFromBase64(
        self, text: Any = None, given: Any = None, *_: object, **named: Any
    ) -> JsObject:
        """Read as many bytes as there is room for, and tell how much that was."""
        data = from_base64(text, options(given, named))
        read = len(text)
        if len(data) > self.length:
            data = data[: self.length // 3 * 3]
            read = len(data) // 3 * 4
        self.view()[: len(data)] = data
        return JsObject({"read": read, "written": len(data)})


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
    """BigInts of 64 bits."""

    __slots__ = ()
    typecode = "Q"

    @classmethod
    def coerce(cls, value: Any) -> Any:
        """Take a BigInt's lowest bits."""
        return super().coerce(to_big_int(value))


class BigInt64Array(BigUint64Array):
    """Signed BigInts of 64 bits."""

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

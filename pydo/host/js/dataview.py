"""`DataView`: numbers of any kind at any place of a buffer."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from pydo.host.js.buffer import ArrayBuffer, BufferView
from pydo.host.js.error import JsRangeError, JsTypeError
from pydo.host.js.numeric import TYPED_ARRAYS
from pydo.host.js.text import integer
from pydo.host.js.typedarray import element
from pydo.host.js.value import NativeClass

if TYPE_CHECKING:
    from pydo.host.js.typedarray import TypedArray

__all__ = ["DataView"]

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
        if not 0 <= start <= len(buffer.__data__):
            raise JsRangeError(f"Start offset {start} is outside the bounds of the buffer")
        taken = len(buffer.__data__) - start if length is None else integer(length)
        if taken < 0 or start + taken > len(buffer.__data__):
            raise JsRangeError(f"Invalid DataView length {taken}")
        self.buffer, self.byteOffset, self.byteLength = buffer, start, taken

    def __bool__(self) -> bool:
        return self.byteLength > 0

    def __getattr__(self, name: str) -> Any:
        kind = _BY_READER.get(name[3:])
        if kind is None or name[:3] not in {"get", "set"}:
            raise AttributeError(name)

        def get(offset: Any = 0, little: Any = False, *_: object) -> Any:  # noqa: FBT002 - JavaScript's own order
            form = ("<" if little else ">") + kind.typecode
            return element(struct.unpack_from(form, self.view(), self._inside(offset, kind))[0])

        def put(offset: Any = 0, value: Any = None, little: Any = False, *_: object) -> None:  # noqa: FBT002 - as above
            number = kind.coerce(value)
            form = ("<" if little else ">") + kind.typecode
            struct.pack_into(form, self.view(), self._inside(offset, kind), number)

        return get if name.startswith("get") else put

    def _inside(self, offset: Any, kind: type[TypedArray]) -> int:
        start = integer(offset)
        if start < 0 or start + kind.item_size() > self.byteLength:
            raise JsRangeError("Offset is outside the bounds of the DataView")
        return start

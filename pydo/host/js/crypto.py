"""`crypto`, as far as randomness goes."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from pydo.host.js.buffer import BufferView, Float16Array, Float32Array, Float64Array
from pydo.host.js.error import DOMException, JsTypeError
from pydo.host.js.value import JsProxy, NativeClass

__all__ = ["Crypto"]

_MAX_RANDOM = 65536


class Crypto(JsProxy, metaclass=NativeClass):
    """The object `crypto`."""

    __slots__ = ("__dict__",)

    def randomUUID(self, *_: object) -> str:
        """Give a random UUID."""
        return str(uuid.uuid4())

    def getRandomValues(self, target: Any = None, *_: object) -> Any:
        """Fill an array of integers with random bytes, and give it back."""
        if not isinstance(target, BufferView):
            raise JsTypeError(
                "Failed to execute 'getRandomValues' on 'Crypto': parameter 1 is not of type "
                "'ArrayBufferView'."
            )
        if isinstance(target, (Float16Array, Float32Array, Float64Array)):
            raise DOMException(
                "ArrayBufferView argument to getRandomValues() must be an integer-typed view.",
                "TypeMismatchError",
            )
        size = target.byteLength
        if size > _MAX_RANDOM:
            raise DOMException(
                f"getRandomValues() only accepts buffers of size <= 64K but provided {size} bytes.",
                "QuotaExceededError",
            )
        target.view()[:] = secrets.token_bytes(size)
        return target

"""`crypto`: random values and identifiers."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

from pydo.host.js.error import DOMException
from pydo.host.js.value import JsProxy

if TYPE_CHECKING:
    from pydo.host.js.buffer import TypedArray

__all__ = ["Crypto"]

_MOST_BYTES = 65536


class Crypto(JsProxy, js_name="Crypto"):
    """The part of Web Crypto that needs no keys."""

    __slots__ = ()

    def randomUUID(self) -> str:
        """Give a random UUID."""
        return str(uuid.uuid4())

    def getRandomValues(self, array: TypedArray) -> TypedArray:
        """Fill an array with random bytes."""
        if array.byteLength > _MOST_BYTES:
            raise DOMException(
                "getRandomValues() only accepts buffers of size <= 64K but provided"
                f" {array.byteLength} bytes.",
                "QuotaExceededError",
            )
        array.view()[:] = os.urandom(array.byteLength)
        return array

"""`crypto`: randomness, and `subtle`.

Source: src/workerd/api/crypto/crypto.c++.
"""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from pydo.host.js.buffer import BufferView
from pydo.host.js.dataview import DataView
from pydo.host.js.digest import DigestStream
from pydo.host.js.error import DOMException, JsTypeError
from pydo.host.js.function import Namespace
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.numeric import Float16Array, Float32Array, Float64Array
from pydo.host.js.subtle import SubtleCrypto
from pydo.host.scope import refuse_at_top_level

__all__ = ["Crypto"]

_MAX_RANDOM = 65536
_NO_INTEGERS = (DataView, Float16Array, Float32Array, Float64Array)


class Crypto(Namespace, RuntimeObject):
    """The object `crypto`."""

    __slots__ = ("subtle",)
    TAG = "Crypto"

    def __init__(self) -> None:
        super().__init__()
        self.subtle = SubtleCrypto()

    @property
    def DigestStream(self) -> Any:
        """The class of streams whose bytes become a digest."""
        return DigestStream

    def randomUUID(self, *_: object) -> str:
        """Give a random UUID."""
        refuse_at_top_level()
        return str(uuid.uuid4())

    def getRandomValues(self, target: Any = None, *_: object) -> Any:
        """Fill an array of integers with random bytes, and give it back.

        Raises:
            JsException: a `TypeError`, `TypeMismatchError` or `QuotaExceededError` for what
                cannot be filled.

        """
        if not isinstance(target, BufferView):
            raise JsTypeError(
                "Failed to execute 'getRandomValues' on 'Crypto': parameter 1 is not of type "
                "'JsArrayBufferView'."
            )
        if isinstance(target, _NO_INTEGERS):
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
        refuse_at_top_level()
        target.view()[:] = secrets.token_bytes(size)
        return target

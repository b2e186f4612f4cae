"""`crypto.DigestStream`: bytes that become a digest (src/workerd/api/crypto/crypto.c++)."""

from __future__ import annotations

import hashlib
from typing import Any

from pydo.host.js.buffer import ArrayBuffer, bytes_of
from pydo.host.js.error import JsTypeError
from pydo.host.js.key import Parameters, hash_of
from pydo.host.js.stream.strategy import Strategy
from pydo.host.js.stream.writable import WritableStream
from pydo.host.js.stream.writes import QueuedWrites
from pydo.host.js.text import usv
from pydo.host.js.value import NativeClass
from pydo.host.promise import JsPromise, rejection

__all__ = ["DigestStream"]


class DigestStream(WritableStream, metaclass=NativeClass):
    """A stream to write bytes and texts to; `digest` is a promise of their digest."""

    __slots__ = ("_hashing",)

    def __init__(self, algorithm: Any = None, *_: object) -> None:
        if algorithm is None:
            raise JsTypeError(
                "Failed to construct 'DigestStream': constructor parameter 1 is not of type 'string"
                " or HashAlgorithm'."
            )
        self._hashing = _Hashing(hash_of(Parameters(algorithm, "HashAlgorithm")).python)
        writes = QueuedWrites(self._hashing, Strategy(None, 1))
        self.writes, self.locked_by = writes, None
        writes.start()

    @property
    def digest(self) -> JsPromise:
        """A promise of an ArrayBuffer, when the stream is closed."""
        return self._hashing.promise

    @property
    def bytesWritten(self) -> int:
        """The number of bytes so far."""
        return self._hashing.count


class _Hashing:
    """The sink."""

    def __init__(self, name: str) -> None:
        self.count = 0
        self._hash = hashlib.new(name, usedforsecurity=False)
        resolvers: Any = JsPromise.withResolvers()
        self.promise: JsPromise = resolvers.promise
        self._resolve, self._reject = resolvers.resolve, resolvers.reject

    def write(self, chunk: Any, _: Any) -> None:
        data = usv(chunk).encode() if isinstance(chunk, str) else bytes_of(chunk)
        if data is None:
            raise JsTypeError(
                "DigestStream is a byte stream but received an object of non-ArrayBuffer/"
                "ArrayBufferView/string type on its writable side."
            )
        self._hash.update(data)
        self.count += len(data)

    def close(self) -> None:
        self._resolve(ArrayBuffer.new(bytearray(self._hash.digest())))

    def abort(self, reason: Any) -> None:
        self._reject(rejection(reason))

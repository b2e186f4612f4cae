"""What the keys of `crypto.subtle` do: AES in two modes, and two ways to stretch a secret.

Sources: src/workerd/api/crypto/{aes,pbkdf2,hkdf}.c++.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

from pydo.host.js.error import DOMException, not_simulated

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.host.js.key import CryptoKey, Parameters

__all__ = ["CIPHERS", "DERIVATIONS", "Cipher"]

_BLOCK = 16
_TAG_BITS = 128
_TAGS = frozenset({32, 64, 96, 104, 112, 120, 128})
_SHORTEST_IV = 8  # of the library's; workerd takes one byte
_MOST_BLOCKS = 255


class Cipher:
    """One mode of AES."""

    name: str

    def encrypt(self, key: CryptoKey, algorithm: Parameters, data: bytes) -> bytes:
        """Encrypt."""
        raise NotImplementedError

    def decrypt(self, key: CryptoKey, algorithm: Parameters, data: bytes) -> bytes:
        """Decrypt.

        Raises:
            JsException: an `OperationError` for what was not encrypted so.

        """
        raise NotImplementedError

    def failure(self, size: int, expected: int) -> DOMException:
        """Make the error of what cannot be decrypted."""
        return DOMException(
            "Decryption failed. This could be due to a ciphertext authentication failure, bad "
            "padding, incorrect CryptoKey, or another algorithm-specific reason. Input length was "
            f"{size}, output length expected to be {expected} for {self.name}",
            "OperationError",
        )


class _Gcm(Cipher):
    name = "AES-GCM"

    def encrypt(self, key: CryptoKey, algorithm: Parameters, data: bytes) -> bytes:
        iv, tag_bytes, extra = self._read(algorithm)
        encryptor = _aes(key, _library().GCM(iv)).encryptor()
        encryptor.authenticate_additional_data(extra)
        encrypted: bytes = encryptor.update(data) + encryptor.finalize()
        tag: bytes = encryptor.tag
        return encrypted + tag[:tag_bytes]

    def decrypt(self, key: CryptoKey, algorithm: Parameters, data: bytes) -> bytes:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - slow, and rarely asked for

        iv, tag_bytes, extra = self._read(algorithm)
        size = len(data) - tag_bytes
        if size < 0:
            raise DOMException(
                f"Ciphertext length of {len(data) * 8} bits must be greater than or equal to the "
                f"size of the AES-GCM tag length of {tag_bytes * 8} bits.",
                "OperationError",
            )
        mode = _library().GCM(iv, data[size:], min_tag_length=tag_bytes)
        decryptor = _aes(key, mode).decryptor()
        decryptor.authenticate_additional_data(extra)
        try:
            decrypted: bytes = decryptor.update(data[:size]) + decryptor.finalize()
        except InvalidTag:
            raise self.failure(size, size) from None
        return decrypted

    def _read(self, algorithm: Parameters) -> tuple[bytes, int, bytes]:
        iv = algorithm.bytes("iv")
        if not iv:
            raise DOMException("AES-GCM IV must not be empty.", "OperationError")
        bits = algorithm.number("tagLength") if algorithm.has("tagLength") else _TAG_BITS
        if bits not in _TAGS:
            raise DOMException(f"Invalid AES-GCM tag length {bits}.", "OperationError")
        if len(iv) < _SHORTEST_IV:
            raise not_simulated("AES-GCM with an IV of fewer than 8 bytes")
        extra = algorithm.bytes("additionalData") if algorithm.has("additionalData") else b""
        return iv, bits // 8, extra


class _Cbc(Cipher):
    name = "AES-CBC"

    def encrypt(self, key: CryptoKey, algorithm: Parameters, data: bytes) -> bytes:
        missing = _BLOCK - len(data) % _BLOCK
        encryptor = _aes(key, _library().CBC(self._iv(algorithm))).encryptor()
        encrypted: bytes = encryptor.update(data + bytes([missing]) * missing)
        return encrypted + encryptor.finalize()

    def decrypt(self, key: CryptoKey, algorithm: Parameters, data: bytes) -> bytes:
        iv = self._iv(algorithm)
        if not data or len(data) % _BLOCK:
            raise self.failure(len(data), 0)
        decryptor = _aes(key, _library().CBC(iv)).decryptor()
        padded: bytes = decryptor.update(data) + decryptor.finalize()
        padding = padded[-1]
        if not 1 <= padding <= _BLOCK or padded[-padding:] != bytes([padding]) * padding:
            raise self.failure(len(data), 0)
        return padded[:-padding]

    def _iv(self, algorithm: Parameters) -> bytes:
        iv = algorithm.bytes("iv")
        if len(iv) != _BLOCK:
            raise DOMException(
                f"AES-CBC IV must be 16 bytes long (provided {len(iv)} bytes).", "OperationError"
            )
        return iv


def _pbkdf2(key: CryptoKey, algorithm: Parameters, bits: int | None) -> bytes:
    digest, rounds = algorithm.hash(), algorithm.number("iterations")
    salt, size = algorithm.bytes("salt"), _size("PBKDF2", bits)
    if rounds < 1:
        raise DOMException(
            f"PBKDF2 requires a positive iteration count (requested {rounds}).", "OperationError"
        )
    if not size:
        return b""
    return hashlib.pbkdf2_hmac(digest.python, key.data(), salt, rounds, size)


def _hkdf(key: CryptoKey, algorithm: Parameters, bits: int | None) -> bytes:
    digest, salt, info = algorithm.hash().python, algorithm.bytes("salt"), algorithm.bytes("info")
    size = _size("HKDF", bits)
    drawn = hmac.digest(salt or bytes(hashlib.new(digest).digest_size), key.data(), digest)
    if size > _MOST_BLOCKS * len(drawn):
        raise DOMException("HKDF deriveBits failed.", "OperationError")
    block, derived, number = b"", b"", 0
    while len(derived) < size:
        number += 1
        block = hmac.digest(drawn, block + info + bytes([number]), digest)
        derived += block
    return derived[:size]


def _size(name: str, bits: int | None) -> int:
    if bits is None:
        raise DOMException(f"{name} cannot derive a key with null length.", "OperationError")
    if bits % 8:
        raise DOMException(
            f"{name} requires a derived key length that is a multiple of eight (requested {bits}).",
            "OperationError",
        )
    return bits // 8


def _library() -> Any:
    from cryptography.hazmat.primitives.ciphers import modes  # noqa: PLC0415 - slow, rarely asked for

    return modes


def _aes(key: CryptoKey, mode: Any) -> Any:
    from cryptography.hazmat.primitives import ciphers  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.ciphers import algorithms  # noqa: PLC0415 - as above

    return ciphers.Cipher(algorithms.AES(key.data()), mode)


CIPHERS: Final[dict[str, Cipher]] = {each.name: each for each in (_Gcm(), _Cbc())}
DERIVATIONS: Final[dict[str, Callable[[Any, Any, int | None], bytes]]] = {
    "PBKDF2": _pbkdf2,
    "HKDF": _hkdf,
}

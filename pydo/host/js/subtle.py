"""`crypto.subtle`: hashes, HMAC, AES, and keys made of passwords.

Wrapping and the algorithms of two keys are not simulated.  Source:
src/workerd/api/crypto/crypto.c++.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import wraps
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.buffer import ArrayBuffer, JsBuffer
from pydo.host.js.cipher import CIPHERS, DERIVATIONS
from pydo.host.js.error import DOMException, JsTypeError, not_simulated
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.key import CryptoKey, Parameters, bytes_of_buffer, hash_of, is_missing
from pydo.host.js.keymaking import (
    derived_bits,
    exported_jwk,
    generated_aes,
    generated_hmac,
    imported,
    imported_jwk,
    unknown,
)
from pydo.host.js.text import integer, js_string, truthy
from pydo.host.js.value import JsProxy, options
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SubtleCrypto"]


def _promised(*kinds: str) -> Callable[[Callable[..., Any]], Callable[..., JsPromise]]:
    """Check the arguments of a method, as many as there are kinds, and promise what it gives."""

    def decorate(method: Callable[..., Any]) -> Callable[..., JsPromise]:
        @wraps(method)
        def call(self: SubtleCrypto, *arguments: Any) -> JsPromise:
            try:
                for position, kind in enumerate(kinds):
                    given = arguments[position] if position < len(arguments) else _MISSING
                    if not _CHECKS[kind](given):
                        raise JsTypeError(_wrong(method.__name__, position + 1, kind))
                return JsPromise.resolved(method(self, *arguments))
            except JsException as error:
                return JsPromise.rejected(error)

        return call

    return decorate


class SubtleCrypto(RuntimeObject):
    """The object `crypto.subtle`."""

    __slots__ = ("__dict__",)

    @_promised("string or HashAlgorithm", "Array")
    def digest(self, algorithm: Any, data: JsBuffer, *_: object) -> ArrayBuffer:
        """Hash some bytes."""
        digest = hash_of(Parameters(algorithm, "HashAlgorithm"))
        return _buffer(hashlib.new(digest.python, _bytes(data), usedforsecurity=False).digest())

    @_promised("string or SignAlgorithm", "CryptoKey", "Array")
    def sign(self, algorithm: Any, key: CryptoKey, data: JsBuffer, *_: object) -> ArrayBuffer:
        """Sign some bytes."""
        key.used(Parameters(algorithm, "SignAlgorithm"), "sign")
        return _buffer(hmac.digest(key.data(), _bytes(data), key.hash.python))

    @_promised("string or SignAlgorithm", "CryptoKey", "Array", "Array")
    def verify(
        self, algorithm: Any, key: CryptoKey, signature: JsBuffer, data: JsBuffer, *_: object
    ) -> bool:
        """Tell whether a signature is that of some bytes."""
        key.used(Parameters(algorithm, "SignAlgorithm"), "verify")
        expected = hmac.digest(key.data(), _bytes(data), key.hash.python)
        return hmac.compare_digest(expected, _bytes(signature))

    @_promised("string or EncryptAlgorithm", "CryptoKey", "Array")
    def encrypt(self, algorithm: Any, key: CryptoKey, data: JsBuffer, *_: object) -> ArrayBuffer:
        """Encrypt some bytes."""
        given = Parameters(algorithm, "EncryptAlgorithm")
        key.used(given, "encrypt")
        return _buffer(CIPHERS[key.name].encrypt(key, given, _bytes(data)))

    @_promised("string or EncryptAlgorithm", "CryptoKey", "Array")
    def decrypt(self, algorithm: Any, key: CryptoKey, data: JsBuffer, *_: object) -> ArrayBuffer:
        """Decrypt some bytes."""
        given = Parameters(algorithm, "EncryptAlgorithm")
        key.used(given, "decrypt")
        return _buffer(CIPHERS[key.name].decrypt(key, given, _bytes(data)))

    @_promised("string or DeriveKeyAlgorithm", "CryptoKey")
    def deriveBits(
        self, algorithm: Any, key: CryptoKey, bits: Any = None, *_: object
    ) -> ArrayBuffer:
        """Make bits of a secret."""
        given = Parameters(algorithm, "DeriveKeyAlgorithm")
        key.used(given, "deriveBits")
        size = None if is_missing(bits) else integer(bits)
        return _buffer(DERIVATIONS[key.name](key, given, size))

    @_promised(
        "string or DeriveKeyAlgorithm",
        "CryptoKey",
        "string or ImportKeyAlgorithm",
        "boolean",
        "Array of usages",
    )
    def deriveKey(
        self,
        algorithm: Any,
        key: CryptoKey,
        derived: Any,
        extractable: Any,
        usages: JsArray,
        *_: object,
    ) -> CryptoKey:
        """Make a key of a secret."""
        given = Parameters(algorithm, "DeriveKeyAlgorithm")
        wanted = Parameters(derived, "ImportKeyAlgorithm", "derivedKeyParams")
        key.used(given, "deriveKey")
        data = DERIVATIONS[key.name](key, given, derived_bits(wanted))
        return imported(data, wanted, usages, extractable=truthy(extractable))

    @_promised("string or GenerateKeyAlgorithm", "boolean", "Array of usages")
    def generateKey(
        self, algorithm: Any, extractable: Any, usages: JsArray, *_: object
    ) -> CryptoKey:
        """Make a key of random bits."""
        given = Parameters(algorithm, "GenerateKeyAlgorithm")
        if given.name == "HMAC":
            return generated_hmac(given, usages, extractable=truthy(extractable))
        if given.name in CIPHERS:
            return generated_aes(given, usages, extractable=truthy(extractable))
        raise unknown(given, "key generation algorithm")

    @_promised(
        "string",
        "ArrayBuffer or ArrayBufferView or JsonWebKey",
        "string or ImportKeyAlgorithm",
        "boolean",
        "Array of usages",
    )
    def importKey(
        self,
        form: Any,
        data: Any,
        algorithm: Any,
        extractable: Any,
        usages: JsArray,
        *_: object,
    ) -> CryptoKey:
        """Make a key of bytes, or of a JSON Web Key."""
        given = Parameters(algorithm, "ImportKeyAlgorithm")
        is_extractable = truthy(extractable)
        raw = bytes_of_buffer(data)
        if form == "jwk":
            if raw is not None:
                raise JsTypeError(
                    'Import data provided for "jwk" import format must be a JsonWebKey.'
                )
            return imported_jwk(options(data, {}), given, usages, extractable=is_extractable)
        if raw is None:
            raise JsTypeError(
                'Import data provided for "raw", "pkcs8", or "spki" import formats must be a '
                "buffer source."
            )
        if form != "raw":
            raise DOMException(
                f'Unrecognized key import format "{js_string(form)}".', "NotSupportedError"
            )
        return imported(raw, given, usages, extractable=is_extractable)

    @_promised("string", "CryptoKey")
    def exportKey(self, form: Any, key: CryptoKey, *_: object) -> Any:
        """Give the bytes of a key, or its JSON Web Key."""
        if not key.extractable:
            raise DOMException(
                f"Attempt to export non-extractable {key.name} key.", "InvalidAccessError"
            )
        if form == "raw":
            return _buffer(key.data())
        if form == "jwk":
            return exported_jwk(key)
        text = f'Unimplemented key export format "{js_string(form)}".'
        if key.name != "HMAC":
            text = f'{key.name} key only supports exporting "raw" & "jwk", not "{js_string(form)}".'
        raise DOMException(text, "NotSupportedError")

    @_promised("string")
    def wrapKey(self, *_: object) -> None:
        """Refuse."""
        raise not_simulated("crypto.subtle.wrapKey")

    @_promised("string")
    def unwrapKey(self, *_: object) -> None:
        """Refuse."""
        raise not_simulated("crypto.subtle.unwrapKey")

    def timingSafeEqual(self, *arguments: Any) -> bool:
        """Tell whether two buffers are equal, in a time that tells nothing of where they differ.

        Raises:
            JsException: a `TypeError` for what is no buffer, or for different lengths.

        """
        buffers: list[bytes] = []
        for position in (1, 2):
            given = arguments[position - 1] if len(arguments) >= position else None
            if not isinstance(given, JsBuffer):
                raise JsTypeError(_wrong("timingSafeEqual", position, "JsBufferSource"))
            buffers.append(_bytes(given))
        if len(buffers[0]) != len(buffers[1]):
            raise JsTypeError("Input buffers must have the same byte length.")
        return hmac.compare_digest(*buffers)


# -- arguments

_MISSING = object()


def _is_algorithm(value: Any) -> bool:
    return isinstance(value, (str, int, float, dict, JsProxy))


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "Array": lambda value: isinstance(value, JsBuffer),
    "Array of usages": lambda value: isinstance(value, JsArray),
    "ArrayBuffer or ArrayBufferView or JsonWebKey": lambda value: isinstance(
        value, (dict, JsProxy)
    ),
    "CryptoKey": lambda value: isinstance(value, CryptoKey),
    "boolean": lambda value: value is not _MISSING,
    "string": lambda value: value is not _MISSING,
    "string or DeriveKeyAlgorithm": _is_algorithm,
    "string or EncryptAlgorithm": _is_algorithm,
    "string or GenerateKeyAlgorithm": _is_algorithm,
    "string or HashAlgorithm": _is_algorithm,
    "string or ImportKeyAlgorithm": _is_algorithm,
    "string or SignAlgorithm": _is_algorithm,
}


def _wrong(method: str, position: int, kind: str) -> str:
    expected = kind.removesuffix(" of usages")
    return (
        f"Failed to execute '{method}' on 'SubtleCrypto': parameter {position} is not of type "
        f"'{expected}'."
    )


def _bytes(data: JsBuffer) -> bytes:
    return data.view().tobytes()


def _buffer(data: bytes) -> ArrayBuffer:
    return ArrayBuffer.new(bytearray(data))

"""`CryptoKey`, and what the methods of `crypto.subtle` read of their arguments.

Sources: src/workerd/api/crypto/crypto.{h,c++}, src/workerd/api/crypto/keys.c++.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydo.host.js.array import JsArray
from pydo.host.js.buffer import JsBuffer
from pydo.host.js.error import DOMException, JsTypeError
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.object import JsObject
from pydo.host.js.text import integer, js_string
from pydo.host.js.value import jsnull, options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "HASHES",
    "CryptoKey",
    "Hash",
    "Parameters",
    "bytes_of_buffer",
    "hash_of",
    "is_missing",
    "usages_of",
]

_USAGES = (
    "encrypt",
    "decrypt",
    "sign",
    "verify",
    "deriveKey",
    "deriveBits",
    "wrapKey",
    "unwrapKey",
)


@dataclass(frozen=True, slots=True)
class Hash:
    """A hash function: its name, hashlib's, the bits of its block, what JSON Web Keys call it."""

    name: str
    python: str
    block_bits: int
    suffix: str | None


HASHES: Final = {
    each.name: each
    for each in (
        Hash("MD5", "md5", 512, None),
        Hash("SHA-1", "sha1", 512, "1"),
        Hash("SHA-256", "sha256", 512, "256"),
        Hash("SHA-384", "sha384", 1024, "384"),
        Hash("SHA-512", "sha512", 1024, "512"),
    )
}


class CryptoKey(RuntimeObject):
    """A secret, and what it may be used for."""

    __slots__ = ("_algorithm", "_secret", "_usages", "extractable", "type")

    type: str
    extractable: bool
    _algorithm: dict[str, Any]
    _secret: bytes
    _usages: tuple[str, ...]

    @classmethod
    def secret(
        cls, data: bytes, algorithm: dict[str, Any], usages: Iterable[str], *, extractable: bool
    ) -> CryptoKey:
        """Make a key of some bytes."""
        self: CryptoKey = object.__new__(cls)
        self.type, self.extractable = "secret", extractable
        self._secret, self._algorithm, self._usages = data, algorithm, tuple(usages)
        return self

    @property
    def algorithm(self) -> JsObject:
        """What it is a key of."""
        return _object(self._algorithm)

    @property
    def usages(self) -> JsArray:
        """What it may be used for."""
        return JsArray(list(self._usages))

    @property
    def name(self) -> str:
        """The name of its algorithm."""
        return str(self._algorithm["name"])

    @property
    def hash(self) -> Hash:
        """The hash function of its algorithm."""
        return HASHES[self._algorithm["hash"]["name"]]

    def data(self) -> bytes:
        """Give the bytes of the secret."""
        return self._secret

    def used(self, algorithm: Parameters, usage: str) -> CryptoKey:
        """Check that it may be used so.

        Raises:
            JsException: an `InvalidAccessError` when it may not.

        """
        if algorithm.name != self.name:
            raise DOMException(
                f'Requested algorithm "{algorithm.given_name}" does not match this CryptoKey\'s '
                f'algorithm "{self.name}".',
                "InvalidAccessError",
            )
        if usage not in self._usages:
            raise DOMException(
                f'Requested key usage "{usage}" does not match any usage listed in this CryptoKey.',
                "InvalidAccessError",
            )
        return self

    @property
    def __members__(self) -> dict[str, Any]:
        return {
            "usages": self.usages,
            "algorithm": self.algorithm,
            "extractable": self.extractable,
            "type": self.type,
        }


class Parameters:
    """An algorithm as it was given: a name, or an object with a name and more.

    `role` is what errors call the object, `kind` what they call its type.
    """

    __slots__ = ("_given", "_kind", "_role", "given_name", "name")

    def __init__(self, given: Any, kind: str, role: str = "algorithm") -> None:
        is_name = isinstance(given, (str, int, float))
        self._given: Mapping[str, Any] = {} if is_name else options(given, {})
        self._kind = kind
        self._role = role
        self.given_name = js_string(given if is_name else self._given.get("name"))
        self.name = self.given_name.upper()

    def has(self, field: str) -> bool:
        """Tell whether a field is there."""
        return self._given.get(field) is not None

    def bytes(self, field: str) -> bytes:
        """Give the bytes of a field.

        Raises:
            JsException: a `TypeError` when they are missing, or no buffer.

        """
        data = bytes_of_buffer(self._present(field))
        if data is None:
            raise JsTypeError(
                f"Incorrect type for the '{field}' field on '{self._kind}': the provided value is "
                "not of type 'JsBufferSource'."
            )
        return data

    def number(self, field: str) -> int:
        """Give a number.

        Raises:
            JsException: a `TypeError` when it is missing.

        """
        return integer(self._present(field))

    def hash(self) -> Hash:
        """Give the hash function of the field `hash`.

        Raises:
            JsException: a `TypeError` when it is missing, a `NotSupportedError` for one that is
                not known.

        """
        return hash_of(Parameters(self._present("hash"), self._kind))

    def _present(self, field: str) -> Any:
        value = self._given.get(field)
        if value is None:
            raise JsTypeError(f'Missing field "{field}" in "{self._role}".')
        return value


def hash_of(algorithm: Parameters) -> Hash:
    """Give the hash function of a name.

    Raises:
        JsException: a `NotSupportedError` for one that is not known.

    """
    found = HASHES.get(algorithm.name)
    if found is None:
        raise DOMException(
            "Unrecognized or unimplemented digest algorithm requested.", "NotSupportedError"
        )
    return found


def bytes_of_buffer(value: Any) -> bytes | None:
    """Give the bytes of a buffer of JavaScript's; None for all else, Python's own too."""
    return value.view().tobytes() if isinstance(value, JsBuffer) else None


def usages_of(given: JsArray, allowed: frozenset[str], attempt: str) -> tuple[str, ...]:
    """Read what a key is to be used for, in the order in which keys tell it.

    Raises:
        JsException: a `SyntaxError` for what it cannot be used for, or for nothing.

    """
    asked = [js_string(each) for each in given]
    for usage in asked:
        if usage not in allowed:
            raise DOMException(
                f'Attempt to {attempt} key with invalid usage "{usage}".', "SyntaxError"
            )
    if not asked:
        raise DOMException("Secret/private CryptoKeys must have at least one usage.", "SyntaxError")
    return tuple(usage for usage in _USAGES if usage in asked)


def is_missing(value: Any) -> bool:
    """Tell whether a value is undefined or null."""
    return value is None or value is jsnull


def _object(members: dict[str, Any]) -> JsObject:
    return JsObject(
        {
            name: _object(value) if isinstance(value, dict) else value
            for name, value in members.items()
        }
    )

"""The ids of Durable Objects: 16 bytes that a name or chance decides, and 16 that prove them.

Byte for byte those of workerd (src/workerd/server/actor-id-impl.c++), so that an id made here names
the same object under wrangler: the second half is the HMAC of the first under the SHA-256 of the
namespace's unique key, and an id of another namespace is told by it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from pydo.errors import JsException

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DurableObjectId", "IdFactory"]

_HALF = 16
_HEX_ID = re.compile(r"[0-9A-Fa-f]{64}")
_LONGEST_DELIVERED_NAME = 1024
_REMEMBERED_NAMES = 4096


@dataclass(frozen=True, slots=True)
class DurableObjectId:
    """Which object: 64 lower-case hex digits, and the name that they were made from, if any.

    The name does not take part in comparing: the same object may be reached with and without it.
    """

    hex: str
    name: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.hex

    @property
    def delivered_name(self) -> str | None:
        """The name as the object itself sees it: None if it has over 1024 bytes of UTF-8.

        The caller's stub keeps its name all the same (src/workerd/api/actor.c++).
        """
        if self.name is None or len(self.name.encode()) > _LONGEST_DELIVERED_NAME:
            return None
        return self.name


class IdFactory:
    """Makes and checks the ids of one namespace, told from all others by its `unique_key`."""

    def __init__(self, unique_key: str) -> None:
        self._key = hashlib.sha256(unique_key.encode()).digest()
        self._remembered = lru_cache(_REMEMBERED_NAMES)(self._from_name)

    def from_name(self, name: str) -> DurableObjectId:
        """Return the id that this name, the empty one too, has in this namespace.

        Lone surrogates count as U+FFFD, and the id's name shows them so: JavaScript's strings
        become UTF-8 in this way.
        """
        # Every request computes one, mostly of a few names; long names are not worth their memory.
        if len(name) > _LONGEST_DELIVERED_NAME:
            return self._from_name(name)
        return self._remembered(name)

    def from_string(self, text: str) -> DurableObjectId:
        """Return the id that is written as 64 hex digits of either case; it has no name.

        Raises:
            JsException: `TypeError`, if these are no 64 hex digits or no id of this namespace.

        """
        if not _HEX_ID.fullmatch(text):
            raise JsException("TypeError", "Invalid Durable Object ID: must be 64 hex digits")
        base = bytes.fromhex(text[: 2 * _HALF])
        proven = self._prove(base)
        if proven.hex != text.lower():
            raise JsException("TypeError", "Durable Object ID is not valid for this namespace.")
        return proven

    def unique(self, random: Callable[[int], bytes] = os.urandom) -> DurableObjectId:
        """Return a new id without a name; `random` gives the number of bytes it is asked for."""
        return self._prove(random(_HALF))

    def _from_name(self, name: str) -> DurableObjectId:
        encoded = _utf8(name)
        base = hmac.digest(self._key, encoded, "sha256")[:_HALF]
        return self._prove(base, encoded.decode())

    def _prove(self, base: bytes, name: str | None = None) -> DurableObjectId:
        proof = hmac.digest(self._key, base, "sha256")[:_HALF]
        return DurableObjectId((base + proof).hex(), name)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # By way of UTF-16, as in JavaScript, where two halves that meet are one character.
        units = text.encode("utf-16-le", "surrogatepass")
        return units.decode("utf-16-le", "replace").encode()

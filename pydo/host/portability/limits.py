"""Rules of storage: production's limits that workerd does not check on this machine.

From 80 % of a limit on it is told, once for each line; what is beyond it is refused with
`--strict`, in production's words.

Source: developers.cloudflare.com/durable-objects/platform/limits
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.errors import JsException
from pydo.host.portability.hearing import standing

if TYPE_CHECKING:
    from collections.abc import Sized

__all__ = ["is_large", "look_at_count", "look_at_pair"]

_MOST = 128  # keys or pairs in one call
_PAIR = 2 * 1024 * 1024  # bytes of a key and its value, in a class with SQLite
_KEY, _VALUE = 2048, 131_072  # bytes of each, in a class without
_NEAR = 0.8
# Whatever is smaller than these is far from any limit; a character has four bytes at most.
_SMALL_KEY, _SMALL_VALUE = int(_NEAR * _KEY) // 4, int(_NEAR * _VALUE)


def look_at_count(keys: Sized, caller: str, noun: str = "keys") -> None:
    """Look at how many keys, or pairs, a call is given."""
    if len(keys) >= _NEAR * _MOST:
        _look(
            len(keys),
            _MOST,
            f"{caller} gets {len(keys)} {noun} in one call, and Cloudflare takes {_MOST} at most",
            JsException("RangeError", f"Maximum number of {noun} is {_MOST}."),
        )


def is_large(key: str, value: bytes) -> bool:
    """Tell whether a key and its value are anywhere near a limit."""
    return len(value) >= _SMALL_VALUE or len(key) >= _SMALL_KEY


def look_at_pair(key: str, value: bytes, *, has_sql: bool) -> None:
    """Look at the sizes of a key and of the value that it is to have."""
    if not is_large(key, value):
        return
    size = len(key.encode())
    if has_sql:
        both = size + len(value)
        _look(
            both,
            _PAIR,
            f"a key and its value have {both:,} bytes, and Cloudflare takes {_PAIR:,} at most",
            JsException("Error", "string or blob too big: SQLITE_TOOBIG"),
        )
        return
    _look(
        size,
        _KEY,
        f"a key has {size:,} bytes, and Cloudflare takes {_KEY:,} at most",
        JsException("RangeError", f"Keys cannot be larger than {_KEY} bytes."),
    )
    _look(
        len(value),
        _VALUE,
        f"a value has {len(value):,} bytes, and Cloudflare takes {_VALUE:,} at most",
        JsException("RangeError", f"Values cannot be larger than {_VALUE} bytes."),
    )


def _look(size: int, limit: int, text: str, error: JsException) -> None:
    portability = standing()
    if portability is None or size < _NEAR * limit:
        return
    if size > limit:
        portability.found("over-limit", text, error)
    else:
        portability.noted("near-limit", text)

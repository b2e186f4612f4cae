"""How much a stream may hold before its source has to wait, and what streams are made of.

Source: src/workerd/api/streams/standard.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.buffer import bytes_of
from pydo.host.js.error import JsTypeError
from pydo.host.js.value import JsProxy, NativeClass, jsnull, options
from pydo.host.taken import unsigned_64

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ByteLengthQueuingStrategy",
    "CountQueuingStrategy",
    "Strategy",
    "callback",
    "check_parts",
    "member",
]


class _QueuingStrategy(JsProxy):
    __slots__ = ("highWaterMark",)

    def __init__(self, init: Any = None, /, *_: object, **named: Any) -> None:
        if not named and (init is None or isinstance(init, (str, int, float))):
            raise JsTypeError(
                f"Failed to construct '{type(self).name}': constructor parameter 1 is not of type"
                " 'QueuingStrategyInit'."
            )
        self.highWaterMark = options(init, named).get("highWaterMark")


class CountQueuingStrategy(_QueuingStrategy, metaclass=NativeClass):
    """Counts chunks."""

    __slots__ = ()

    def size(self, *_: object) -> int:
        """Give 1, whatever the chunk."""
        return 1


class ByteLengthQueuingStrategy(_QueuingStrategy, metaclass=NativeClass):
    """Counts the bytes of chunks."""

    __slots__ = ()

    def size(self, chunk: Any = None, *_: object) -> Any:
        """Give the length of a buffer in bytes."""
        return getattr(chunk, "byteLength", None)


class Strategy:
    """What a stream was told about its queue."""

    __slots__ = ("_size", "high_water_mark")

    def __init__(self, given: Any, default: int) -> None:
        mark = member(given, "highWaterMark")
        self.high_water_mark = default if mark is None else unsigned_64(mark)
        self._size: Callable[[Any], Any] | None = callback(given, "size", "StreamQueuingStrategy")

    @classmethod
    def of_bytes(cls, given: Any) -> Strategy:
        """Make the strategy of a stream of bytes, which are counted whatever `size` says."""
        made = cls(given, 0)
        made._size = _length
        return made

    def size(self, chunk: Any) -> int:
        """Measure a chunk.

        Raises:
            JsException: a `TypeError` for a size that is no number, or less than 0.
            Exception: what the user's function raises.

        """
        return 1 if self._size is None else unsigned_64(self._size(chunk))


def member(value: Any, name: str) -> Any:
    """Read a member of a source, a sink or a strategy: of an object, a dict, or an instance."""
    if isinstance(value, dict):
        return value.get(name)
    return getattr(value, name, None)


def callback(value: Any, name: str, kind: str) -> Any:
    """Read a function of what a stream is made of; None if there is none.

    Raises:
        JsException: a `TypeError` for what cannot be called.

    """
    function = member(value, name)
    if function is not None and not callable(function):
        raise JsTypeError(
            f"Incorrect type for the '{name}' field on '{kind}': the provided value is not of type"
            " 'function'."
        )
    return function


def check_parts(value: Any, cls: str, kind: str) -> None:
    """Refuse to make a stream of a primitive.

    Raises:
        JsException: a `TypeError`.

    """
    if value is not None and value is not jsnull and isinstance(value, (str, int, float)):
        raise JsTypeError(
            f"Failed to construct '{cls}': constructor parameter 1 is not of type '{kind}'."
        )


def _length(chunk: Any) -> int:
    return len(bytes_of(chunk) or b"")

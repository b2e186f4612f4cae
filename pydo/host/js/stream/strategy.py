"""How much a stream may hold before its source has to wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.buffer import bytes_of
from pydo.host.js.error import JsRangeError
from pydo.host.js.text import js_number
from pydo.host.js.value import JsProxy, NativeClass, options

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ByteLengthQueuingStrategy", "CountQueuingStrategy", "Strategy", "member"]


class CountQueuingStrategy(JsProxy, metaclass=NativeClass):
    """Counts chunks."""

    __slots__ = ("highWaterMark",)

    def __init__(self, init: Any = None, /, *_: object, **named: Any) -> None:
        self.highWaterMark = options(init, named).get("highWaterMark")

    def size(self, *_: object) -> int:
        """Give 1, whatever the chunk."""
        return 1


class ByteLengthQueuingStrategy(JsProxy, metaclass=NativeClass):
    """Counts the bytes of chunks."""

    __slots__ = ("highWaterMark",)

    def __init__(self, init: Any = None, /, *_: object, **named: Any) -> None:
        self.highWaterMark = options(init, named).get("highWaterMark")

    def size(self, chunk: Any = None, *_: object) -> Any:
        """Give the length of a buffer in bytes."""
        return getattr(chunk, "byteLength", None)


class Strategy:
    """What a stream was told about its queue."""

    __slots__ = ("high_water_mark", "size")

    def __init__(self, given: Any, default: float) -> None:
        mark = member(given, "highWaterMark")
        self.high_water_mark = default if mark is None else js_number(mark)
        if not self.high_water_mark >= 0:
            raise JsRangeError("Invalid strategy highWaterMark")
        size: Callable[[Any], Any] | None = member(given, "size")
        self.size: Callable[[Any], Any] = _one if size is None else size

    @classmethod
    def of_bytes(cls, high_water_mark: float = 0) -> Strategy:
        """Make the strategy of a stream of bytes."""
        made = cls(None, high_water_mark)
        made.size = lambda chunk: len(bytes_of(chunk) or b"")
        return made


def member(value: Any, name: str) -> Any:
    """Read a member of a source, a sink or a strategy: of an object, a dict, or an instance."""
    if isinstance(value, dict):
        return value.get(name)
    return getattr(value, name, None)


def _one(_: Any) -> int:
    return 1

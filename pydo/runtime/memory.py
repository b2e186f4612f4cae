"""What an object holds in memory, and what of it is gone when it sleeps.

A `Memory` is a print of an instance's attributes, taken when its constructor has ended, and the
sections with it.  When the instance goes, whatever differs from the print is lost: the next one
begins as this one began.  A print is shallow enough to be cheap and deep enough to see an item
appended to a list in a dict.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Loss", "Memory"]

_DEPTH = 3
_ITEMS = 1000  # looked at in each attribute
_PLAIN = (int, float, complex, type(None))
_TEXTS = (str, bytes)
_ORDERED = (list, tuple, deque)
_UNORDERED = (set, frozenset)


@dataclass(frozen=True, slots=True)
class Loss:
    """An attribute that was lost, and what it held: `list, 12 items`."""

    attribute: str
    content: str


class Memory:
    """The attributes of an instance as they were."""

    __slots__ = ("_prints",)

    def __init__(self, attributes: Mapping[str, object]) -> None:
        self._prints = {name: _print_of(value) for name, value in attributes.items()}

    def losses(self, attributes: Mapping[str, object]) -> list[Loss]:
        """Give what has changed since, and would be lost."""
        return [
            Loss(name, _content_of(value))
            for name, value in attributes.items()
            if name not in self._prints or self._prints[name] != _print_of(value)
        ]


def _print_of(value: object) -> object:
    return _Printer().print_of(value, _DEPTH)


class _Printer:
    """Makes the print of one attribute, and stops when it has seen enough."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = _ITEMS

    def print_of(self, value: Any, depth: int) -> object:
        self.left -= 1
        kind = cast("type", type(value))
        if kind in _PLAIN or kind is bool:
            return (kind, value)
        if kind in _TEXTS:
            return (kind, len(value), hash(value))
        if isinstance(value, (bytearray, memoryview)):
            return (kind, len(value), hash(bytes(value)))
        if depth == 0 or self.left <= 0:
            return (kind, id(value), _size_of(value))
        if isinstance(value, _ORDERED):
            return (kind, len(value), tuple(self._some(value, depth)))
        if isinstance(value, _UNORDERED):
            return (kind, len(value), frozenset(self._some(value, depth)))
        if isinstance(value, dict):
            items = cast("dict[object, object]", value)
            inside = ((self.print_of(k, 0), v) for k, v in items.items())
            return (kind, len(items), tuple((k, p) for k, p in self._pairs(inside, depth)))
        held = getattr(value, "__dict__", None)
        if isinstance(held, dict):
            return (kind, id(value), self.print_of(cast("object", held), depth - 1))
        return (kind, id(value))

    def _some(self, values: Any, depth: int) -> Any:
        for value in values:
            if self.left <= 0:
                return
            yield self.print_of(value, depth - 1)

    def _pairs(self, pairs: Any, depth: int) -> Any:
        for key, value in pairs:
            if self.left <= 0:
                return
            yield key, self.print_of(value, depth - 1)


def _size_of(value: Any) -> int | None:
    try:
        return len(value)
    except Exception:  # noqa: BLE001 - whatever a class of the user's raises, it has no size
        return None


def _content_of(value: Any) -> str:
    kind = cast("type", type(value)).__qualname__
    size = _size_of(value)
    if size is None:
        return kind
    unit = "character" if isinstance(value, str) else "item"
    if isinstance(value, (bytes, bytearray)):
        unit = "byte"
    return f"{kind}, {size} {unit}{'' if size == 1 else 's'}"

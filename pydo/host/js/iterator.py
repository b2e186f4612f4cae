"""What `entries()`, `keys()` and `values()` give: an iterator for both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.object import JsObject
from pydo.host.js.value import JsProxy

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["JsIterator"]


class JsIterator(JsProxy, js_name="Object"):
    """An iterator; `label` is what its text says of it, such as `Array Iterator`."""

    __slots__ = ("label", "source")

    def __init__(self, source: Iterable[Any], label: str = "Object") -> None:
        self.source = iter(source)
        self.label = label

    def __iter__(self) -> JsIterator:
        return self

    def __next__(self) -> Any:
        return next(self.source)

    def next(self, *_: object) -> JsObject:
        """Give the next step, as an object of `done` and `value`."""
        for value in self.source:
            return JsObject({"value": value, "done": False})
        return JsObject({"value": None, "done": True})

    def toString(self) -> str:
        """Give JavaScript's text of the iterator."""
        return f"[object {self.label}]"

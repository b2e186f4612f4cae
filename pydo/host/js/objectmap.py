"""`as_object_map()`: the members of an object as items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.object import JsObject
from pydo.host.js.value import Conversion, JsProxy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ObjectMap"]


class ObjectMap(JsProxy, js_name="Object"):
    """`as_object_map()`: the members of an object as items."""

    __slots__ = ("hereditary", "target")

    def __init__(self, target: JsProxy, *, hereditary: bool) -> None:
        self.target = target
        self.hereditary = hereditary

    def get(self, key: str, default: Any = None) -> Any:
        """Give the member, or `default`."""
        return self[key] if key in self else default  # noqa: SIM401 - this is `get`

    def keys(self) -> Iterable[str]:
        """Give the names of the members."""
        return self.target.__members__.keys()

    def values(self) -> Iterable[Any]:
        """Give the members."""
        return [self[key] for key in self.keys()]

    def items(self) -> Iterable[tuple[str, Any]]:
        """Give the members with their names."""
        return [(key, self[key]) for key in self.keys()]

    @property
    def __members__(self) -> dict[str, Any]:
        return self.target.__members__

    def __getitem__(self, key: str) -> Any:
        value = self.target.__members__[key]
        if self.hereditary and isinstance(value, JsObject):
            return ObjectMap(value, hereditary=True)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self.target, key, value)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        delattr(self.target, key)

    def __contains__(self, key: object) -> bool:
        return key in self.target.__members__

    def __iter__(self) -> Iterator[str]:
        return iter(self.target.__members__)

    def __len__(self) -> int:
        return len(self.target.__members__)

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        return self.target.__to_py__(conversion, depth)

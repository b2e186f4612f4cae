"""What Pyodide lends to arrays from Python's list.

Source: pyodide/pyodide src/core/jsproxy.c.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import TYPE_CHECKING, Any, Self, cast

from pydo.host.js.elements import Elements
from pydo.host.js.iterator import JsIterator
from pydo.host.js.value import cross

if TYPE_CHECKING:
    from abc import ABCMeta
    from collections.abc import Iterable, Iterator

__all__ = ["ListLike"]


class ListLike(Elements):
    """An array whose elements stand in a list, with the methods that the list has in Python."""

    __slots__ = ("__items__",)
    __items__: list[Any]

    @property
    def __elements__(self) -> list[Any]:
        return self.__items__

    def __of__(self, items: list[Any]) -> Any:
        """Make a plain array of a list, which it takes over."""
        raise NotImplementedError

    def append(self, item: Any) -> None:
        """Append an element."""
        self.__items__.append(cross(item))

    def extend(self, items: Iterable[Any]) -> None:
        """Append several elements."""
        self.__items__.extend(cross(item) for item in items)

    def insert(self, index: int, item: Any) -> None:
        """Insert an element before an index."""
        self.__items__.insert(index, cross(item))

    def remove(self, item: Any) -> None:
        """Remove the first element that is equal.

        Raises:
            ValueError: there is none.

        """
        try:
            self.__items__.remove(item)
        except ValueError:
            raise ValueError(f"{item!r} is not in list") from None

    def pop(self, *index: Any) -> Any:
        """Take the last element, or that at an index."""
        return self.__items__.pop(*index)

    def index(self, item: Any, *bounds: int) -> int:
        """Give the first index of an equal element."""
        return self.__items__.index(item, *bounds)

    def count(self, item: Any) -> int:
        """Count the elements that are equal."""
        return self.__items__.count(item)

    def __len__(self) -> int:
        return len(self.__items__)

    def __iter__(self) -> Iterator[Any]:
        return JsIterator(self.__items__, "Array Iterator")

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self.__items__)

    def __contains__(self, item: object) -> bool:
        return item in self.__items__

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self.__of__(self.__items__[index])
        try:
            return self.__items__[index]
        except IndexError:
            raise IndexError(index) from None

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self.__items__[index] = [cross(item) for item in value]
            return
        missing = index + 1 - len(self.__items__)
        if missing > 0:
            self.__items__.extend([None] * missing)
        try:
            self.__items__[index] = cross(value)
        except IndexError:
            raise IndexError(index) from None

    def __delitem__(self, index: Any) -> None:
        try:
            del self.__items__[index]
        except IndexError:
            raise IndexError(index) from None

    def __add__(self, other: Any) -> Any:
        return cast("Any", self).concat(other)

    def __iadd__(self, other: Iterable[Any]) -> Self:  # type: ignore[misc]  # as of a list
        self.extend(other)
        return self

    def __mul__(self, times: int) -> Any:
        return self.__of__(self.__items__ * times)

    __rmul__ = __mul__


cast("ABCMeta", MutableSequence).register(ListLike)

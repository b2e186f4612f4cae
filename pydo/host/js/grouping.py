"""What `Object.groupBy` and `Map.groupBy` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.callback import shown
from pydo.host.js.error import JsTypeError
from pydo.host.js.value import cross, iterated, jsnull
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["grouped"]


def grouped(owner: str, values: Any, key_of: Any) -> Iterator[tuple[Any, Any]]:
    """Give each value with what `key_of(value, index)` makes of it.

    Raises:
        JsException: a `TypeError` for values that cannot be iterated, a key that cannot be called.

    """
    if values is None or values is jsnull:
        raise JsTypeError(f"{owner}.groupBy called on null or undefined")
    if not callable(key_of):
        raise JsTypeError(f"{shown(key_of)} is not a function")
    for index, value in enumerate(iterated(values)):
        item = cross(value)
        yield pinned(key_of, item, index), item

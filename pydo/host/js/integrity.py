"""Objects and arrays that may not change, or not in every way: `Object.freeze` and its kin.

What a plain object refuses stands in `pydo.host.js.property`, for arrays it stands here.
Other values than plain objects and arrays stay as they are.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

from pydo.host.js.array import JsArray
from pydo.host.js.error import JsTypeError
from pydo.host.js.object import JsObject
from pydo.host.js.property import DefinedObject, shape_of
from pydo.host.js.value import JsProxy

__all__ = ["FIXED", "FROZEN", "SEALED", "is_restricted", "restrict"]

# Each takes what the one before takes, and something more: new members, removal, assignment.
FIXED: Final = 1
SEALED: Final = 2
FROZEN: Final = 3


def restrict(value: Any, level: int) -> Any:
    """Take from a value what `level` says, and give it back."""
    if isinstance(value, JsObject):
        shape = shape_of(value)
        shape.is_extensible = False
        for each in shape.properties.values():
            each.configurable = each.configurable and level < SEALED
            each.writable = each.writable and level < FROZEN
    elif isinstance(value, JsArray) and level == FROZEN:
        value.__items__ = FrozenItems(value.__items__)
    return value


def is_restricted(value: Any, level: int) -> bool:
    """Tell whether a value has lost what `level` says; primitives never had it."""
    if isinstance(value, DefinedObject):
        shape = shape_of(value)
        held = shape.properties.values()
        return not shape.is_extensible and not (
            (level >= SEALED and any(each.configurable for each in held))
            or (level == FROZEN and any(e.writable and not e.is_accessor for e in held))
        )
    if isinstance(value, JsArray):
        return isinstance(value.__items__, FrozenItems)
    return not isinstance(value, JsProxy)


class FrozenItems(list[Any]):
    """The elements of an array that stays as it is."""

    __slots__ = ()

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise JsTypeError(_READ_ONLY.format(index if isinstance(index, int) else 0))

    def _refuse_new(self, *_: Any) -> NoReturn:
        raise JsTypeError(f"Cannot add property {len(self)}, object is not extensible")

    def _refuse_less(self, *_: Any) -> NoReturn:
        raise JsTypeError(f"Cannot delete property '{len(self) - 1}' of [object Array]")

    def _refuse_order(self, *_: Any, **__: Any) -> NoReturn:
        raise JsTypeError(_READ_ONLY.format(0))

    append = extend = insert = __iadd__ = _refuse_new  # type: ignore[assignment] # each refuses
    pop = remove = clear = __delitem__ = _refuse_less  # type: ignore[assignment]
    sort = reverse = _refuse_order  # type: ignore[assignment]


_READ_ONLY = "Cannot assign to read only property '{}' of object '[object Array]'"

"""Objects and arrays that may not change, or not in every way: `Object.freeze` and its kin.

Members are refused in strict mode's words, which is the mode that a Python Worker assigns in.
Other values than plain objects and arrays stay as they are.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

from pydo.host.js.array import JsArray
from pydo.host.js.error import JsTypeError
from pydo.host.js.object import JsObject
from pydo.host.js.value import JsProxy

__all__ = ["FIXED", "FROZEN", "SEALED", "is_restricted", "restrict"]

# Each takes what the one before takes, and something more: new members, removal, assignment.
FIXED: Final = 1
SEALED: Final = 2
FROZEN: Final = 3


def restrict(value: Any, level: int) -> Any:
    """Take from a value what `level` says, and give it back."""
    if isinstance(value, JsObject):
        if level > getattr(value, "__level__", 0):
            object.__setattr__(value, "__class__", _LEVELS[level])
    elif isinstance(value, JsArray) and level == FROZEN:
        value.items = FrozenItems(value.items)
    return value


def is_restricted(value: Any, level: int) -> bool:
    """Tell whether a value has lost what `level` says; primitives never had it."""
    if isinstance(value, JsObject):
        held = getattr(value, "__level__", 0)
        return held >= level or bool(held and not value.__members__)
    if isinstance(value, JsArray):
        return isinstance(value.items, FrozenItems)
    return not isinstance(value, JsProxy)


class FixedObject(JsObject, js_name="Object"):
    """An object without room for further members."""

    __slots__ = ()
    __level__ = FIXED
    constructor = property(lambda _: JsObject)  # type: ignore[assignment] # not the class at hand

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__members__:
            raise JsTypeError(f"Cannot add property {name}, object is not extensible")
        super().__setattr__(name, value)


class SealedObject(FixedObject, js_name="Object"):
    """An object that keeps the members it has, whatever their values."""

    __slots__ = ()
    __level__ = SEALED

    def __delattr__(self, name: str) -> None:
        if name in self.__members__:
            raise JsTypeError(f"Cannot delete property '{name}' of #<Object>")


class FrozenObject(SealedObject, js_name="Object"):
    """An object that stays as it is."""

    __slots__ = ()
    __level__ = FROZEN

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__members__:
            raise JsTypeError(f"Cannot assign to read only property '{name}' of object '#<Object>'")
        super().__setattr__(name, value)


_LEVELS = {FIXED: FixedObject, SEALED: SealedObject, FROZEN: FrozenObject}


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

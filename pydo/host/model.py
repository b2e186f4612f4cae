"""What the host surface's values are in the terms of the structured clone.

`CODEC` turns the JavaScript values of this package into the bytes that an object's storage holds,
and back.  A Python object that was not converted is a proxy in JavaScript's eyes, and no proxy can
be cloned: `to_js` is what production asks for as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from pydo.clone import CloneError, Codec, Kind, Model
from pydo.host.js import error as errors
from pydo.host.js.array import JsArray
from pydo.host.js.buffer import ArrayBuffer, BufferView
from pydo.host.js.collection import JsMap, LiteralMap
from pydo.host.js.dataview import DataView
from pydo.host.js.date import JsDate
from pydo.host.js.error import JsError
from pydo.host.js.identity import value_of
from pydo.host.js.numeric import TYPED_ARRAYS
from pydo.host.js.object import JsObject
from pydo.host.js.regexp import RegExp
from pydo.host.js.set import JsSet
from pydo.host.js.value import jsnull

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.clone.model import Parts

__all__ = ["CODEC"]

_ERRORS: dict[str, type[JsError]] = {
    cls.name: cls
    for cls in (
        errors.JsTypeError,
        errors.JsRangeError,
        errors.JsSyntaxError,
        errors.JsReferenceError,
        errors.JsEvalError,
        errors.JsURIError,
    )
}


def _refuse(value: object) -> NoReturn:
    raise CloneError(value)


def _view_parts(view: BufferView) -> tuple[str, ArrayBuffer, int, int]:
    return type(view).name, view.buffer, view.byteOffset, view.byteLength


def _map_parts(value: JsMap) -> list[tuple[object, object]]:
    return [(value_of(key), each) for key, each in value.__data__.items()]


def _error_parts(error: JsError) -> tuple[str, str | None, dict[str, object]]:
    members: dict[str, object] = {"stack": error.stack, **error.__members__}
    if hasattr(error, "cause"):
        members["cause"] = error.cause
    return error.name, error.message, members


def _make_map() -> tuple[JsMap, Callable[[object, object], object]]:
    made = JsMap.new()
    return made, made.set


def _make_set() -> tuple[JsSet, Callable[[object], object]]:
    made = JsSet.new()
    return made, made.add


def _make_view(name: str, buffer: ArrayBuffer, offset: int, length: int) -> object:
    if name == "DataView":
        return DataView.new(buffer, offset, length)
    cls: Any = TYPED_ARRAYS[name]
    return cls.new(buffer, offset, length // cls.BYTES_PER_ELEMENT)


def _make_error(name: str, message: str | None, members: dict[str, object]) -> object:
    made: Any = _ERRORS.get(name, JsError).new(message)
    del made.stack  # as every other member, it is still to come
    members.update(vars(made))
    made.__dict__ = members
    return made  # type: ignore[no-any-return]  # an error, whose class is one of a table


_PARTS: dict[type, tuple[Kind, Parts]] = {
    JsObject: (Kind.OBJECT, lambda value: value.__members__),
    JsArray: (Kind.ARRAY, lambda value: value.__items__),
    JsMap: (Kind.MAP, _map_parts),
    LiteralMap: (Kind.MAP, _refuse),
    JsSet: (Kind.SET, lambda value: [value_of(key) for key in value.__data__]),
    JsDate: (Kind.DATE, lambda value: value.ms),
    ArrayBuffer: (Kind.BUFFER, lambda value: value.__data__),
    BufferView: (Kind.VIEW, _view_parts),
    JsError: (Kind.ERROR, _error_parts),
    RegExp: (Kind.REGEXP, lambda value: (value.source, value.flags)),
}

CODEC = Codec(
    Model(
        undefined=None,
        null=jsnull,
        hole=None,
        parts=_PARTS,
        make_object=JsObject,
        make_array=JsArray,
        make_map=_make_map,
        make_set=_make_set,
        make_date=JsDate.at_ms,
        make_buffer=ArrayBuffer.new,
        make_view=_make_view,
        make_error=_make_error,
        make_regexp=RegExp.new,
        make_boxed=lambda primitive: primitive,
    )
)

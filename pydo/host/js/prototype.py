"""The prototypes of classes, as far as they tell values apart: their methods are not there."""

from __future__ import annotations

from typing import Any

from pydo.host.js.error import JsTypeError
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string
from pydo.host.js.value import JsClass, JsProxy, jsnull

__all__ = ["of_class", "prototype_of"]


class Prototype(JsProxy, js_name="Object"):
    """The prototype of a class: the same one each time it is asked for."""

    __slots__ = ("_class",)

    def __init__(self, cls: Any) -> None:
        self._class = cls

    @property
    def constructor(self) -> Any:
        """The class."""
        return self._class


_prototypes: dict[Any, Prototype] = {}


def prototype_of(value: Any) -> Any:
    """Give the prototype of a value; null for that of `Object`.

    Raises:
        JsException: a `TypeError` for undefined and null.

    """
    if value is None or value is jsnull:
        raise JsTypeError("Cannot convert undefined or null to object")
    if isinstance(value, Prototype):
        return jsnull if value.constructor is JsObject else of_class(JsObject)
    if not isinstance(value, JsProxy):
        raise JsTypeError(f"{js_string(value)} is not an object of JavaScript's")
    return of_class(value.constructor)


def of_class(cls: JsClass) -> Prototype:
    """Give the prototype of a class."""
    known = _prototypes.get(id(cls))
    if known is None:
        known = _prototypes[id(cls)] = Prototype(cls)
    return known

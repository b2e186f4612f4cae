"""Primitives as objects: what `new Number(5)` and `Object(5)` give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.text import js_string, truthy
from pydo.host.js.value import Conversion, JsClass, JsProxy

__all__ = ["Boolean", "Box"]


class Box(JsProxy, js_name="Object"):
    """A primitive as an object; `primitive` is what it boxes."""

    __slots__ = ("__dict__", "primitive")

    def __init__(self, primitive: Any) -> None:
        self.primitive = primitive

    def valueOf(self, *_: object) -> Any:
        """Give the primitive."""
        return self.primitive

    def toString(self, *_: object) -> str:
        """Give the primitive's text."""
        return js_string(self.primitive)

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        return conversion.leave(self)


class BooleanClass(JsClass):
    """`Boolean`: a conversion when it is called, a box when it is constructed."""

    if not TYPE_CHECKING:

        def new(cls, value: Any = None, *_: object) -> Boolean:
            """Box a boolean."""
            return type.__call__(cls, truthy(value))

        def __call__(cls, value: Any = None, *_: object) -> Any:
            return truthy(value)


class Boolean(Box, metaclass=BooleanClass):
    """A boxed boolean."""

    __slots__ = ()

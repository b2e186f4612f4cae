"""The prototypes of classes: their methods, to be called for any value that they fit."""

from __future__ import annotations

import re
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

from pydo.host.js.array import JsArray
from pydo.host.js.box import Boolean, Box
from pydo.host.js.boxing import boxed
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.function import JsFunction, Method
from pydo.host.js.jsclass import JsClass
from pydo.host.js.members import proxied
from pydo.host.js.number import Number
from pydo.host.js.object import JsObject
from pydo.host.js.realm import standing
from pydo.host.js.string import String
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, jsnull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Prototype", "is_prototype_of", "of_class", "prototype_of", "tag_of"]

_ILLEGAL = (
    "Illegal invocation: function called with incorrect `this` reference. See https://developers."
    "cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details."
)

_TAG = re.compile(r"\[object ([^\]]*)\]")
_CHANGING = frozenset(
    ("push", "pop", "shift", "unshift", "splice", "reverse", "sort", "fill", "copyWithin")
)
_OF_OBJECT = (
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
)
_OBJECT = vars(JsProxy)  # where the methods of `Object.prototype` stand
_INHERITED = frozenset(("Error", "Blob", "Event", "EventTarget"))  # what other classes extend


class Prototype(JsProxy, js_name="Object"):
    """The prototype of a class: the same one each time it is asked for."""

    __slots__ = ("__dict__", "_class")

    def __init__(self, cls: Any) -> None:
        self._class = cls
        for name in _OF_OBJECT:  # which this proxy has for itself as well
            vars(self)[name] = self._found(name)

    @property
    def constructor(self) -> Any:
        """The class."""
        return self._class

    @property
    def typeof(self) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "function" if self._class is JsFunction else "object"

    @property
    def __parent__(self) -> Any:
        """The prototype that this one extends; null for that of `Object`."""
        if self._class is JsObject:
            return jsnull
        for base in self._class.__mro__[1:]:
            if getattr(base, "name", "") in _INHERITED:
                return of_class(base)
        return of_class(JsObject)

    def __names__(self) -> list[str]:
        """Give the names of what the prototype itself has."""
        own = {name.removesuffix("_") for cls in self._classes() for name in vars(cls)}
        return ["constructor", *sorted(name for name in own if not name.startswith("_"))]

    @property
    def __members__(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        shown = {JsArray: "", JsFunction: "function () { [native code] }"}
        return shown.get(self._class, f"[object {self._class.name}]")

    __str__ = __repr__

    def __getattr__(self, name: str) -> Any:
        if issubclass(self._class, JsError) and name in {"name", "message"}:
            return self._class.name if name == "name" else ""
        if self._class is JsArray and name == "length":
            return 0
        if name.startswith("_"):
            raise AttributeError(name)
        return self._found(name)

    def _found(self, name: str) -> Method:
        """Give a method; the same one each time."""
        for cls in (*self._classes(), JsObject, JsProxy):
            member = vars(cls).get(name)
            if isinstance(member, FunctionType):
                made = vars(self)[name] = self._method(name, member)
                return made
        raise AttributeError(name)

    def _classes(self) -> Iterator[type]:
        """Give the Python classes that this one JavaScript class is made of."""
        for cls in self._class.__mro__:
            if cls is JsProxy or (
                cls is not self._class and getattr(cls, "name", "") in _INHERITED
            ):
                break
            yield cls
        if self._class is JsObject:
            yield JsProxy

    def _method(self, name: str, function: Callable[..., Any]) -> Method:
        def call(this: Any, *arguments: Any, **options: Any) -> Any:
            if function is _OBJECT["toString"]:
                return f"[object {tag_of(this)}]"
            if isinstance(this, Prototype) and function is _OBJECT.get(name):
                return function(this, *arguments, **options)
            return getattr(self._receiver(this, name), name)(*arguments, **options)

        return Method(call, name.removesuffix("_"), self)

    def _receiver(self, this: Any, name: str) -> Any:
        """Give what the method is called for."""
        cls = self._class
        if isinstance(this, cls):
            return this
        if isinstance(this, dict):
            this = JsObject(proxied(cast("dict[Any, Any]", this)))
        if cls is JsObject:
            return boxed(this)
        where = f"{cls.name}.prototype.{name}"
        if cls is JsArray:
            if name in _CHANGING and not isinstance(this, Prototype):
                raise NotImplementedError(f"pydo simulates {where} for arrays only")
            return JsArray.from_(() if this is self else this)
        if cls is String:
            if this is None or this is jsnull:
                raise JsTypeError(f"{where} called on null or undefined")
            return String.new(this)
        box = boxed(this)
        if cls in {Number, Boolean}:
            if not isinstance(box, cls):
                raise JsTypeError(f"{where} requires that 'this' be a {cls.name}")
            return box
        raise JsTypeError(_incompatible(cls, where, this))


def prototype_of(value: Any) -> Any:
    """Give the prototype of a value; null for that of `Object`.

    Raises:
        JsException: a `TypeError` for undefined and null.

    """
    if value is None or value is jsnull:
        raise JsTypeError("Cannot convert undefined or null to object")
    if isinstance(value, Prototype):
        return value.__parent__
    if isinstance(value, JsObject):
        return value.__prototype__
    if issubclass(type(value), JsClass):
        return next((b for b in value.__mro__[1:] if b is JsError), of_class(JsFunction))
    if not isinstance(value, JsProxy):
        value = boxed(value)
        if not isinstance(value, JsProxy):
            raise JsTypeError(f"{js_string(value)} is not an object of JavaScript's")
    return of_class(value.constructor)


def of_class(cls: JsClass) -> Prototype:
    """Give the prototype of a class."""
    prototypes = standing().prototypes
    known: Prototype | None = prototypes.get(id(cls))
    if known is None:
        known = prototypes[id(cls)] = Prototype(cls)
    return known


def is_prototype_of(prototype: Any, value: Any) -> bool:
    """Tell whether a value is made after a prototype, or after what is."""
    while isinstance(value, JsProxy):
        value = prototype_of(value)
        if value is prototype:
            return True
    return False


def tag_of(value: Any) -> str:
    """Tell what `Object.prototype.toString` calls a value."""
    if value is None:
        return "Undefined"
    if value is jsnull:
        return "Null"
    if isinstance(value, JsError):
        return "Error"
    if isinstance(value, (str, float, int)):
        return str(type(boxed(value)).name)
    if isinstance(value, Prototype):
        return value.constructor.name
    if isinstance(value, JsFunction) or issubclass(type(value), JsClass):
        return "Function"
    if not isinstance(value, JsProxy):
        return "PyProxy"
    if isinstance(value, (JsObject, JsArray, Box)):
        return type(value).name
    found = _TAG.fullmatch(value.toString())
    return found[1] if found else type(value).name


def _incompatible(cls: Any, where: str, this: Any) -> str:
    if cls.name == "Date":
        return "this is not a Date object."
    if cls.name in {"Map", "Set", "WeakMap", "WeakSet", "RegExp", "Promise"}:
        shown = f"#<{type(this).name}>" if isinstance(this, JsProxy) else js_string(this)
        return f"Method {where} called on incompatible receiver {shown}"
    return _ILLEGAL

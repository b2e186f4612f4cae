"""Objects whose members are more than values: read by functions, hidden, not to be changed.

A plain object is a dict of its members (`JsObject`).  `Object.defineProperty`, `Object.freeze`,
`Object.create` and their kin turn it into a `DefinedObject`, whose members are properties with
what JavaScript calls attributes, and which knows its prototype and whether it may grow.  What it
refuses, it refuses in strict mode's words, which is the mode that a Python Worker assigns in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pydo.host.js.error import JsTypeError
from pydo.host.js.members import members_of, ordered, without_underscore
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string, truthy
from pydo.host.js.value import JsProxy, cross, jsnull

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DefinedObject", "Property", "Shape", "define", "describe", "shape_of"]

_BOTH = (
    "Invalid property descriptor. Cannot both specify accessors and a value or writable attribute"
)
_ATTRIBUTES = ("writable", "enumerable", "configurable")


@dataclass(slots=True)
class Property:
    """A member: a value, or functions that read and write it."""

    value: Any = None
    get: Any = None
    set: Any = None
    is_accessor: bool = False
    writable: bool = True
    enumerable: bool = True
    configurable: bool = True

    def read(self, owner: Any) -> Any:
        """Give the value of the member as `owner` has it."""
        if not self.is_accessor:
            return self.value
        return None if self.get is None else cross(_call(self.get, owner))

    def described(self) -> JsObject:
        """Give the description that JavaScript has of the member."""
        first = (
            {"get": self.get, "set": self.set}
            if self.is_accessor
            else {"value": self.value, "writable": self.writable}
        )
        return JsObject({**first, "enumerable": self.enumerable, "configurable": self.configurable})


@dataclass(slots=True)
class Shape:
    """The members of an object, whether there can be more, and its prototype (None: Object's)."""

    properties: dict[str, Property] = field(default_factory=dict[str, Property])
    is_extensible: bool = True
    prototype: Any = None


class DefinedObject(JsObject, js_name="Object"):
    """A plain object with a `Shape`."""

    __slots__ = ()

    @property
    def constructor(self) -> Any:  # type: ignore[override] # not the class at hand
        """The class of its prototype."""
        found = self._find("constructor")
        if found is not None:
            return found.read(self)
        prototype = _shape(self).prototype
        if prototype is jsnull:
            raise AttributeError("constructor")
        return JsObject if prototype is None else prototype.constructor

    @property
    def __prototype__(self) -> Any:
        prototype = _shape(self).prototype
        return super().__prototype__ if prototype is None else prototype

    @property
    def __members__(self) -> dict[str, Any]:  # type: ignore[override] # computed, as for others
        members = {
            name: each.read(self)
            for name, each in _shape(self).properties.items()
            if each.enumerable
        }
        return ordered(members)

    def __names__(self) -> list[str]:
        return list(_shape(self).properties)

    def _find(self, name: str) -> Property | None:
        """Give a member of the object, or of those that it is made after."""
        owner: Any = self
        while isinstance(owner, DefinedObject):
            found = _shape(owner).properties.get(name)
            if found is not None:
                return found
            owner = _shape(owner).prototype
        if isinstance(owner, JsObject) and name in owner.__members__:
            return Property(owner.__members__[name])
        return None

    def __getattr__(self, name: str) -> Any:
        found = self._find(name) or self._find(without_underscore(name))
        if found is not None:
            return found.read(self)
        prototype = _shape(self).prototype
        if isinstance(prototype, JsProxy) and not name.startswith("_"):
            return getattr(prototype, name)
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        name = without_underscore(name)
        shape = _shape(self)
        found = self._find(name)
        if found is not None and found.is_accessor:
            if found.set is None:
                raise JsTypeError(
                    f"Cannot set property {name} of #<Object> which has only a getter"
                )
            _call(found.set, self, value)
        elif found is not None and not found.writable:
            raise JsTypeError(f"Cannot assign to read only property '{name}' of object '#<Object>'")
        elif name in shape.properties:
            shape.properties[name].value = cross(value)
        elif not shape.is_extensible:
            raise JsTypeError(f"Cannot add property {name}, object is not extensible")
        else:
            shape.properties[name] = Property(cross(value))

    def __delattr__(self, name: str) -> None:
        name = without_underscore(name)
        properties = _shape(self).properties
        if name in properties and not properties[name].configurable:
            raise JsTypeError(f"Cannot delete property '{name}' of #<Object>")
        properties.pop(name, None)

    def __repr__(self) -> str:
        own = self._find("toString")
        return self.toString() if own is None else str(own.read(self)())

    __str__ = __repr__

    def __dir__(self) -> Iterable[str]:
        return [*object.__dir__(self), *_shape(self).properties]


_slot: Any = cast("Any", JsObject.__dict__["__members__"])


def _shape(value: DefinedObject) -> Shape:
    shape: Shape = _slot.__get__(value)
    return shape


def shape_of(value: JsObject) -> Shape:
    """Give the shape of an object, which it gets if it has none yet."""
    if not isinstance(value, DefinedObject):
        members = value.__members__
        object.__setattr__(value, "__class__", DefinedObject)
        _slot.__set__(value, Shape({name: Property(each) for name, each in members.items()}))
    return _shape(cast("DefinedObject", value))


def describe(value: Any, name: str) -> JsObject | None:
    """Tell what a member of any value is like; None if there is none."""
    if isinstance(value, DefinedObject):
        found = _shape(value).properties.get(name)
        return None if found is None else found.described()
    members = members_of(value)
    return Property(members[name]).described() if name in members else None


def define(value: JsObject, name: str, given: Any) -> None:
    """Give an object a member as it is described, or change the one that it has.

    Raises:
        JsException: a `TypeError` for a description that says two things, and for a member that
            is not to be changed.

    """
    told = members_of(given)
    is_accessor = _told_as_accessor(told)
    if type(given) is dict and not is_accessor:  # whose proxy has a `get` of its own
        raise JsTypeError(f"{_BOTH}, [object Object]")
    shape = shape_of(value)
    known = shape.properties.get(name)
    if known is None:
        if not shape.is_extensible:
            raise JsTypeError(f"Cannot define property {name}, object is not extensible")
        known = Property(writable=False, enumerable=False, configurable=False)
    elif not known.configurable and not _is_allowed(known, told, is_accessor=is_accessor):
        raise JsTypeError(f"Cannot redefine property: {name}")
    known.is_accessor = is_accessor or (known.is_accessor and "value" not in told)
    for part in ("value", "get", "set"):
        if part in told:
            setattr(known, part, cross(told[part]))
    for attribute in _ATTRIBUTES:
        if attribute in told:
            setattr(known, attribute, truthy(told[attribute]))
    shape.properties[name] = known


def _told_as_accessor(told: dict[str, Any]) -> bool:
    """Tell whether a description is of functions, and refuse one that is wrong."""
    is_accessor = "get" in told or "set" in told
    if is_accessor and ("value" in told or "writable" in told):
        raise JsTypeError(f"{_BOTH}, #<Object>")
    for part, word in (("get", "Getter"), ("set", "Setter")):
        if told.get(part) is not None and not callable(told[part]):
            raise JsTypeError(f"{word} must be a function: {js_string(told[part])}")
    return is_accessor


def _is_allowed(known: Property, told: dict[str, Any], *, is_accessor: bool) -> bool:
    """Tell whether a description asks nothing of a fixed member that it is not already."""
    if told.get("configurable") or truthy(told.get("enumerable", known.enumerable)) != (
        known.enumerable
    ):
        return False
    if is_accessor != known.is_accessor and (is_accessor or "value" in told):
        return False
    if known.is_accessor:
        return told.get("get", known.get) is known.get and told.get("set", known.set) is known.set
    if known.writable:
        return True
    is_same = JsObject.is_(told.get("value", known.value), known.value)
    return bool(is_same) and not truthy(told.get("writable"))


def _call(function: Any, owner: Any, *values: Any) -> Any:
    """Call a getter or a setter, for which the object is `this`."""
    if isinstance(function, JsProxy):
        return cast("Any", function).call(owner, *values)
    return function(*values)

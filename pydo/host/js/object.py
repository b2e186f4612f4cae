"""Plain objects, and the class `Object` with its static functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from pydo.host.js.error import JsTypeError
from pydo.host.js.members import is_index, members_of, ordered, without_underscore
from pydo.host.js.text import js_string
from pydo.host.js.value import Conversion, JsClass, JsProxy, cross, iterated, jsnull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydo.host.js.array import JsArray

__all__ = ["JsObject"]


class ObjectClass(JsClass):
    """`Object`: called or constructed it gives an object, its argument if that is one."""

    if not TYPE_CHECKING:

        def new(cls, value: Any = None, *_: object, **named: Any) -> Any:
            """Give a new object, or the argument as one."""
            if value is None or value is jsnull:
                return cls(ordered({key: cross(each) for key, each in named.items()}))
            return _boxed(value)

        def __call__(cls, members: Any = None, *_: object) -> Any:
            if members is None or type(members) is dict:
                made = object.__new__(cls)
                _take_over(made, {} if members is None else members)
                return made
            return cls.new(members)

    def keys(cls, value: Any = None, *_: object) -> JsArray:
        """Give the names of the own enumerable members."""
        return _view(list(members_of(value)))

    def values(cls, value: Any = None, *_: object) -> JsArray:
        """Give the own enumerable members."""
        return _view(list(members_of(value).values()))

    def entries(cls, value: Any = None, *_: object) -> JsArray:
        """Give the own enumerable members as pairs."""
        return _view([_view([key, each]) for key, each in members_of(value).items()])

    def getOwnPropertyNames(cls, value: Any = None, *_: object) -> JsArray:
        """Give the names of the own members, shown or not."""
        return _view(_own_names(value))

    def fromEntries(cls, entries: Any = None, *_: object) -> JsObject:
        """Make an object of pairs; keys that are whole numbers come first, in their order."""
        members: dict[str, Any] = {}
        if entries is None or entries is jsnull:
            raise JsTypeError("undefined is not iterable")
        for entry in iterated(entries):
            try:
                key, value = entry
            except (TypeError, ValueError):
                key, value = _pair(entry)
            members[key if type(key) is str else js_string(key)] = cross(value)
        return JsObject(ordered(members))

    def groupBy(cls, values: Any = None, key_of: Any = None, *_: object) -> JsObject:
        """Give arrays of values by what `key_of(value, index)` makes of them, in an object.

        Raises:
            JsException: a `TypeError` for what cannot be iterated, or called.

        """
        groups: dict[str, JsArray] = {}
        for key, value in _grouping().grouped("Object", values, key_of):
            groups.setdefault(js_string(key), _view([])).push(value)
        return JsObject(ordered(cast("dict[str, Any]", groups)))

    def getOwnPropertySymbols(cls, value: Any = None, *_: object) -> JsArray:
        """Give the symbols that name own members, of which pydo's objects have none."""
        members_of(value)
        return _view([])

    def assign(cls, target: Any = None, *sources: Any, **named: Any) -> Any:
        """Copy the members of the sources to `target`, and give it back.

        Raises:
            JsException: a `TypeError` for undefined and null.

        """
        if target is None or target is jsnull:
            raise JsTypeError("Cannot convert undefined or null to object")
        if isinstance(target, (str, int, float)):
            target = _boxed(target)
        for source in (*sources, named):
            if source is None or source is jsnull:
                continue
            for key, value in members_of(source).items():
                setattr(target, key, value)
        return target

    def create(cls, prototype: Any = None, described: Any = None, *_: object) -> JsObject:
        """Give a new object that has what `prototype` has, and members as they are described."""
        if prototype is not jsnull and not isinstance(prototype, JsProxy):
            raise JsTypeError(
                f"Object prototype may only be an Object or null: {js_string(prototype)}"
            )
        made = JsObject({})
        _properties().shape_of(made).prototype = prototype
        return made if described is None else cls.defineProperties(made, described)

    def setPrototypeOf(cls, value: Any = None, prototype: Any = None, *_: object) -> Any:
        """Let an object have what `prototype` has, and give it back."""
        if prototype is not jsnull and not isinstance(prototype, JsProxy):
            raise JsTypeError(
                f"Object prototype may only be an Object or null: {js_string(prototype)}"
            )
        if isinstance(value, JsObject):
            _properties().shape_of(value).prototype = prototype
        return value

    def freeze(cls, value: Any = None, *_: object) -> Any:
        """Let an object or an array stay as it is, and give it back."""
        return _integrity().restrict(value, _integrity().FROZEN)

    def isFrozen(cls, value: Any = None, *_: object) -> bool:
        """Tell whether the value stays as it is."""
        return _integrity().is_restricted(value, _integrity().FROZEN)

    def seal(cls, value: Any = None, *_: object) -> Any:
        """Let an object keep the members that it has, and give it back."""
        return _integrity().restrict(value, _integrity().SEALED)

    def isSealed(cls, value: Any = None, *_: object) -> bool:
        """Tell whether the value keeps the members that it has."""
        return _integrity().is_restricted(value, _integrity().SEALED)

    def preventExtensions(cls, value: Any = None, *_: object) -> Any:
        """Let an object have no further members, and give it back."""
        return _integrity().restrict(value, _integrity().FIXED)

    def isExtensible(cls, value: Any = None, *_: object) -> bool:
        """Tell whether the value can have further members."""
        return not _integrity().is_restricted(value, _integrity().FIXED)

    def getPrototypeOf(cls, value: Any = None, *_: object) -> Any:
        """Give the prototype of the value's class."""
        from pydo.host.js.prototype import prototype_of  # noqa: PLC0415 - it needs plain objects

        return prototype_of(value)

    def getOwnPropertyDescriptor(cls, value: Any = None, name: Any = None, *_: object) -> Any:
        """Tell what a member is like, or undefined if there is none."""
        return _properties().describe(value, js_string(name))

    def getOwnPropertyDescriptors(cls, value: Any = None, *_: object) -> JsObject:
        """Tell what each member is like."""
        names = cls.getOwnPropertyNames(value)
        return JsObject({name: cls.getOwnPropertyDescriptor(value, name) for name in names})

    def defineProperty(cls, value: Any = None, name: Any = None, given: Any = None, *_: Any) -> Any:
        """Give an object a member as it is described, and give the object back.

        Raises:
            JsException: a `TypeError` for what is no object or no description, and for a member
                that is not to be changed.
            NotImplementedError: the object is no plain one, and the member not a plain one either.

        """
        if not isinstance(value, JsProxy):
            raise JsTypeError("Object.defineProperty called on non-object")
        if not isinstance(given, (JsProxy, dict)):
            raise JsTypeError(f"Property description must be an object: {js_string(given)}")
        if isinstance(value, JsObject):
            _properties().define(value, js_string(name), given)
            return value
        told = members_of(given)
        if {"get", "set"} & told.keys():
            raise NotImplementedError(
                "pydo simulates Object.defineProperty with functions for plain objects only"
            )
        setattr(value, js_string(name), told.get("value"))
        return value

    def defineProperties(cls, value: Any = None, described: Any = None, *_: object) -> Any:
        """Give an object several members as they are described, and give it back.

        Raises:
            JsException: a `TypeError` for what is no object.

        """
        if not isinstance(value, JsProxy):
            raise JsTypeError("Object.defineProperties called on non-object")
        for name, given in members_of(described).items():
            cls.defineProperty(value, name, given)
        return value

    def is_(cls, first: Any = None, second: Any = None, *_: object) -> bool:
        """Tell whether both are the same value."""
        if isinstance(first, (int, float)) and isinstance(second, (int, float)):
            if isinstance(first, bool) or isinstance(second, bool):
                return first is second
            if math.isnan(first) or math.isnan(second):
                return math.isnan(first) and math.isnan(second)
            return first == second and math.copysign(1, first) == math.copysign(1, second)
        return first is second or (isinstance(first, str) and first == second)

    def hasOwn(cls, value: Any = None, name: Any = None, *_: object) -> bool:
        """Tell whether the value itself has the member."""
        if isinstance(value, JsProxy):
            return value.hasOwnProperty(name)
        return js_string(name) in members_of(value)


class JsObject(JsProxy, metaclass=ObjectClass, js_name="Object"):
    """A plain object; its members are attributes, and stand in `__members__`.

    Made of a dict it takes the dict over: keys are strings in JavaScript's order (see `ordered`),
    values what `cross` gives.
    """

    __slots__ = ("__members__",)  # pyright: ignore[reportIncompatibleMethodOverride] # as below
    __members__: dict[str, Any]  # type: ignore[misc] # a slot where others compute

    if TYPE_CHECKING:
        members: dict[str, Any]

        def __init__(self, members: dict[str, Any] | None = None) -> None:
            """Take a dict over."""

    if TYPE_CHECKING:
        constructor: Any
    else:

        @property
        def constructor(self) -> Any:
            """`Object`, unless a member has the name."""
            return self.__members__.get("constructor", JsObject)

    @property
    def __prototype__(self) -> Any:
        return JsObject.prototype

    def __getattr__(self, name: str) -> Any:
        members = self.__members__
        if name in members:
            return members[name]
        if name == "members":
            return members
        if name[-1] == "_" and (plain := without_underscore(name)) in members:
            return members[plain]
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        members = self.__members__
        if name[-1:] == "_":
            name = without_underscore(name)
        is_out_of_order = name[:1].isdigit() and name not in members and is_index(name)
        members[name] = cross(value)
        if is_out_of_order:
            _take_over(self, ordered(members))

    def __delattr__(self, name: str) -> None:
        self.__members__.pop(without_underscore(name), None)

    def __repr__(self) -> str:
        own = self.__members__.get("toString")
        return self.toString() if own is None else str(own())

    __str__ = __repr__

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self.__members__]

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        result: dict[str, Any] = {}
        conversion.remember(self, result)
        convert = conversion.convert
        for key, value in self.__members__.items():
            result[key] = convert(value, depth) if isinstance(value, JsProxy) else value
        return result


# Past `__setattr__`, which is the user's way to a member.
_take_over: Callable[[JsObject, dict[str, Any]], None] = cast(
    "Any", JsObject.__dict__["__members__"]
).__set__


def _pair(entry: Any) -> tuple[Any, Any]:
    if isinstance(entry, (int, float, str)) or entry is None or entry is jsnull:
        raise JsTypeError(f"Iterator value {js_string(entry)} is not an entry object")
    items = list(entry) if isinstance(entry, (list, tuple)) or hasattr(entry, "__iter__") else []
    first, second, *_ = (*items, None, None)
    return first, second


def _boxed(value: Any) -> Any:
    from pydo.host.js.boxing import boxed  # noqa: PLC0415 - its objects are kinds of ours

    return boxed(value)


def _own_names(value: Any) -> list[str]:
    names = getattr(value, "__names__", None)
    if names is not None:
        return list(names())
    return [*members_of(value), *(["length"] if isinstance(value, str) else [])]


def _grouping() -> Any:
    from pydo.host.js import grouping  # noqa: PLC0415 - it needs errors, which need objects

    return grouping


def _properties() -> Any:
    from pydo.host.js import property as properties  # noqa: PLC0415 - it needs plain objects itself

    return properties


def _integrity() -> Any:
    from pydo.host.js import integrity  # noqa: PLC0415 - it needs plain objects itself

    return integrity


def _view(items: list[Any]) -> JsArray:
    from pydo.host.js.array import JsArray  # noqa: PLC0415 - it needs plain objects itself

    return JsArray(items)

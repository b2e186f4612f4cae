"""`Symbol`, `Reflect`, and collections that hold their keys weakly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from pydo.host.js.callback import called, shown
from pydo.host.js.error import JsTypeError
from pydo.host.js.function import JsFunction, Namespace
from pydo.host.js.lookup import Lookup
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string
from pydo.host.js.value import JsClass, JsProxy, NativeClass, cross, jsnull

if TYPE_CHECKING:
    from pydo.host.js.array import JsArray

__all__ = ["Reflect", "Symbol", "WeakMap", "WeakRef", "WeakSet"]


class SymbolClass(JsClass):
    """`Symbol`: called, not constructed."""

    iterator: Any
    _registry: dict[str, Symbol] = {}  # noqa: RUF012 - JavaScript's registry is one for all

    def new(cls, *_: object, **__: object) -> NoReturn:
        """Refuse.

        Raises:
            JsException: always.

        """
        raise JsTypeError("Symbol is not a constructor")

    def for_(cls, key: Any = None, *_: object) -> Symbol:
        """Give the one symbol of a key."""
        text = js_string(key)
        return cls._registry.setdefault(text, Symbol(text))

    def keyFor(cls, symbol: Any = None, *_: object) -> str | None:
        """Give the key of a symbol that `for` has given; undefined for another one.

        Raises:
            JsException: a `TypeError` for what is no symbol.

        """
        if not isinstance(symbol, Symbol):
            raise JsTypeError(f"{shown(symbol)} is not a symbol")
        key = symbol.description
        return key if key is not None and cls._registry.get(key) is symbol else None

    if not TYPE_CHECKING:

        def __getattr__(cls, name: str) -> Any:
            # `getattr(js.Symbol, "for")`: the name is Python's keyword.
            if name == "for":
                return cls.for_
            raise AttributeError(name)


class Symbol(JsProxy, metaclass=SymbolClass):
    """A value that is equal to itself alone."""

    __slots__ = ("description",)

    def __init__(self, description: Any = None) -> None:
        self.description = None if description is None else js_string(description)

    @property
    def typeof(self) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "symbol"

    def toString(self, *_: object) -> str:
        """Give the text of the symbol."""
        return f"Symbol({self.description or ''})"


_WELL_KNOWN = (
    "asyncDispose asyncIterator dispose hasInstance isConcatSpreadable iterator match matchAll"
    " replace search species split toPrimitive toStringTag unscopables"
)
for _name in _WELL_KNOWN.split():
    setattr(SymbolClass, _name, Symbol(f"Symbol.{_name}"))


class Reflect(Namespace, js_name="Object"):
    """The object `Reflect`, for members of objects."""

    __slots__ = ()
    TAG = "Reflect"

    def ownKeys(self, target: Any = None, *_: object) -> JsArray:
        """Give the names of an object's own members."""
        return JsObject.getOwnPropertyNames(target)

    def getOwnPropertyDescriptor(self, target: Any = None, name: Any = None, *_: object) -> Any:
        """Tell what a member is like, or undefined if there is none."""
        return JsObject.getOwnPropertyDescriptor(target, name)

    def defineProperty(
        self, target: Any = None, name: Any = None, given: Any = None, *_: object
    ) -> bool:
        """Give an object a member as it is described; whether it took it."""
        try:
            JsObject.defineProperty(target, name, given)
        except JsTypeError:
            return False
        return True

    def getPrototypeOf(self, target: Any = None, *_: object) -> Any:
        """Give the prototype of an object."""
        return JsObject.getPrototypeOf(target)

    def isExtensible(self, target: Any = None, *_: object) -> bool:
        """Tell whether an object can have further members."""
        return bool(JsObject.isExtensible(target))

    def has(self, target: Any = None, name: Any = None, *_: object) -> bool:
        """Tell whether an object has a member."""
        if name == SymbolClass.iterator:
            return hasattr(target, "__iter__")
        return hasattr(target, js_string(name))

    def get(self, target: Any = None, name: Any = None, *_: object) -> Any:
        """Give a member of an object; undefined if there is none."""
        return getattr(target, js_string(name), None)

    def set(self, target: Any = None, name: Any = None, value: Any = None, *_: object) -> bool:
        """Set a member of an object."""
        setattr(target, js_string(name), value)
        return True

    def deleteProperty(self, target: Any = None, name: Any = None, *_: object) -> bool:
        """Take a member of an object away."""
        delattr(target, js_string(name))
        return True

    def apply(
        self, function: Any = None, this: Any = None, arguments: Any = None, *_: object
    ) -> Any:
        """Call a function with the elements of an array."""
        if isinstance(function, JsFunction):
            return function.apply(this, arguments)
        return function(*arguments)

    def construct(self, target: Any = None, arguments: Any = (), *_: object) -> Any:
        """Construct an instance with the elements of an array."""
        return target.new(*arguments)


class WeakMap(Lookup, metaclass=NativeClass):
    """Values by objects, which are told apart by identity."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Any = None, *_: object) -> None:
        self._entries: dict[int, tuple[Any, Any]] = {}
        for key, value in entries or ():
            self.set(key, value)

    def get(self, key: Any = None, *_: object) -> Any:
        """Give the value of a key."""
        return self._entries.get(id(key), (None, None))[1]

    def set(self, key: Any = None, value: Any = None, *_: object) -> WeakMap:
        """Set the value of a key.

        Raises:
            JsException: a `TypeError` for a key that is no object.

        """
        self._entries[id(_object(key, "as weak map key"))] = (key, cross(value))
        return self

    def getOrInsert(self, key: Any = None, value: Any = None, *_: object) -> Any:
        """Give the value of a key, which is set if there is none."""
        if not self.has(key):
            self.set(key, value)
        return self.get(key)

    def getOrInsertComputed(self, key: Any = None, make: Any = None, *_: object) -> Any:
        """Give the value of a key; if there is none, it is set to what `make(key)` gives."""
        if not self.has(key):
            self.set(key, called(make)(key))
        return self.get(key)

    def has(self, key: Any = None, *_: object) -> bool:
        """Tell whether there is a value of a key."""
        return id(key) in self._entries

    def delete(self, key: Any = None, *_: object) -> bool:
        """Take a key away; whether it was there."""
        return self._entries.pop(id(key), None) is not None


class WeakSet(JsProxy, metaclass=NativeClass):
    """Objects, told apart by identity."""

    __slots__ = ("_map",)

    def __init__(self, values: Any = None, *_: object) -> None:
        self._map = WeakMap.new()
        for value in values or ():
            self.add(value)

    def add(self, value: Any = None, *_: object) -> WeakSet:
        """Put an object in.

        Raises:
            JsException: a `TypeError` for what is no object.

        """
        self._map.set(_object(value, "in weak set"), value)
        return self

    def has(self, value: Any = None, *_: object) -> bool:
        """Tell whether an object is there."""
        return self._map.has(value)

    def delete(self, value: Any = None, *_: object) -> bool:
        """Take an object out; whether it was there."""
        return self._map.delete(value)


class WeakRef(JsProxy, metaclass=NativeClass):
    """A reference to an object."""

    __slots__ = ("_target",)

    def __init__(self, target: Any = None, *_: object) -> None:
        self._target = target

    def deref(self, *_: object) -> Any:
        """Give the object."""
        return self._target


def _object(value: Any, where: str) -> Any:
    if value is not jsnull and not isinstance(value, (str, int, float, type(None))):
        return value
    raise JsTypeError(f"Invalid value used {where}")

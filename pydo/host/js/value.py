"""The rules of `JsProxy`: what a JavaScript value looks like to Python.

undefined is `None`, null is `jsnull`, booleans, numbers and strings are Python's own; every other
JavaScript value is a `JsProxy`.  A Python object that crosses into JavaScript stays that object:
it is its own PyProxy.

Attributes with two underscores on both sides (`__members__`, `__to_py__`, `__clone__`) are how
pydo's own code looks into a proxy; a key of the user's cannot be hidden behind them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, cast, final

from pydo.errors import JsException
from pydo.host.js.jsclass import JsClass, NativeClass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydo.host.js.array import JsArray
    from pydo.host.js.objectmap import ObjectMap

__all__ = [
    "MAX_SAFE_INTEGER",
    "Conversion",
    "JsClass",
    "JsNull",
    "JsProxy",
    "NativeClass",
    "cross",
    "iterated",
    "jsnull",
    "options",
    "plain_number",
    "told",
]

MAX_SAFE_INTEGER: Final = 2**53 - 1


@final
class JsNull:
    """The class of `jsnull`, JavaScript's null: falsy, equal to itself alone, no `JsProxy`."""

    __slots__ = ()
    _one: JsNull

    def __new__(cls) -> JsNull:  # noqa: D102 - gives the one there is
        return cls._one

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "jsnull"

    def __copy__(self) -> JsNull:
        return self

    def __deepcopy__(self, memo: object) -> JsNull:
        return self

    def __reduce__(self) -> tuple[type[JsNull], tuple[()]]:
        return JsNull, ()


JsNull._one = object.__new__(JsNull)  # noqa: SLF001 - its own module makes the one instance
jsnull: Final = JsNull()


class Conversion:
    """One run of `to_py`: the user's converter, and what has been converted already.

    The cache keeps shared and cyclic references as they are.
    """

    __slots__ = ("cache", "default")

    def __init__(self, default: Callable[[Any, Any, Any], Any] | None) -> None:
        self.default = default
        self.cache: dict[int, tuple[object, Any]] = {}

    def convert(self, value: Any, depth: int = -1) -> Any:
        """Convert `value`, and what it holds down to `depth` levels (-1: all of it)."""
        if depth == 0 or not isinstance(value, JsProxy):
            return value
        known = self.cache.get(id(value))
        if known is not None:
            return known[1]
        return value.__to_py__(self, depth - 1)

    def remember(self, value: Any, result: Any) -> None:
        """Let later references to `value` become `result`; the value is kept alive meanwhile."""
        self.cache[id(value)] = (value, result)

    def leave(self, value: Any) -> Any:
        """Give `value` to the user's converter, or leave it as it is."""
        if self.default is None:
            return value
        return self.default(value, self.convert, self.remember)


class JsProxy(metaclass=JsClass, js_name="Object"):
    """A JavaScript value that is no primitive; equal to itself alone, and not hashable."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # as in Pyodide, where no proxy can be a key

    if TYPE_CHECKING:

        @property
        def constructor(self) -> Any:
            """The JavaScript class of the value; its `name` tells the SDK what it has."""
            return JsProxy
    else:
        constructor = property(type)

    @property
    def typeof(self) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "object"

    @property
    def js_id(self) -> int:
        """A number that stands for the identity of the value."""
        return id(self)

    def to_py(
        self, *, depth: int = -1, default_converter: Callable[[Any, Any, Any], Any] | None = None
    ) -> Any:
        """Convert to Python what has a form there, down to `depth` levels.

        `default_converter(value, convert, cache)` gets what has none.
        """
        return Conversion(default_converter).convert(self, depth)

    def object_keys(self) -> JsArray:
        """`Object.keys` of the value."""
        return _array(list(self.__members__))

    def object_values(self) -> JsArray:
        """`Object.values` of the value."""
        return _array(list(self.__members__.values()))

    def object_entries(self) -> JsArray:
        """`Object.entries` of the value."""
        return _array([_array([key, item]) for key, item in self.__members__.items()])

    def as_object_map(self, *, hereditary: bool = False) -> ObjectMap:
        """View the value as a mapping of its own members."""
        from pydo.host.js.objectmap import ObjectMap  # noqa: PLC0415 - it is a proxy itself

        return ObjectMap(self, hereditary=hereditary)

    def toString(self, *_: object) -> str:
        """Give JavaScript's text of the value."""
        return f"[object {type(self).name}]"

    def valueOf(self, *_: object) -> Any:
        """Give the primitive of the value, which for most is the value itself."""
        return self

    def toLocaleString(self, *_: object) -> str:
        """Give JavaScript's text of the value, for people."""
        return self.toString()

    def hasOwnProperty(self, name: Any = "undefined", *_: object) -> bool:
        """Tell whether the value itself has the member."""
        return str(name) in self.__names__()

    def propertyIsEnumerable(self, name: Any = "undefined", *_: object) -> bool:
        """Tell whether the value itself has the member, and shows it."""
        return str(name) in self.__members__

    def isPrototypeOf(self, value: Any = None, *_: object) -> bool:
        """Tell whether `value` is made after this one."""
        from pydo.host.js.prototype import is_prototype_of  # noqa: PLC0415 - it is a proxy itself

        return is_prototype_of(self, value)

    def __names__(self) -> list[str]:
        """Give the names of the own members, shown or not."""
        return list(self.__members__)

    @property
    def __members__(self) -> dict[str, Any]:
        """The own enumerable members, in JavaScript's order."""
        return dict(getattr(self, "__dict__", {}))

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        """Convert to Python; `depth` is what is left for the members."""
        return conversion.leave(self)

    def __repr__(self) -> str:
        return self.toString()

    def __str__(self) -> str:
        return self.toString()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, JsProxy):
            return NotImplemented
        first, second = _comparable(self, other)
        return bool(first < second)

    def __le__(self, other: object) -> bool:
        if not isinstance(other, JsProxy):
            return NotImplemented
        first, second = _comparable(self, other)
        return bool(first <= second)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"cannot pickle '{JsClass.TYPE_NAME}' object")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def _comparable(first: JsProxy, second: JsProxy) -> tuple[Any, Any]:
    """Give what JavaScript compares of two objects: their texts, if one is no number."""
    from pydo.host.js.text import js_number  # noqa: PLC0415 - it knows proxies itself

    values = [each.valueOf() for each in (first, second)]
    values = [str(value) if isinstance(value, JsProxy) else value for value in values]
    if all(isinstance(value, str) for value in values):
        return values[0], values[1]
    return js_number(values[0]), js_number(values[1])


def plain_number(value: float) -> int | float:
    """Give a Number as Python reads it: an `int` where it is integral and safe."""
    if value.is_integer() and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return int(value)
    return value


def cross(value: Any) -> Any:
    """Carry a Python value into JavaScript and read it back.

    Numbers lose what JavaScript does not tell apart, an enum of strings or numbers becomes its
    value; everything else stays the object that it is.
    """
    kind: type = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return plain_number(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return value if getattr(kind, "__bigint__", False) else int.__int__(value)
    if isinstance(value, float):
        return plain_number(float.__float__(value))
    return value


def iterated(value: Any) -> Iterable[Any]:
    """Iterate as JavaScript does, for which the items of a Map are its entries.

    Raises:
        JsException: a `TypeError` for what cannot be iterated.

    """
    entries = getattr(cast("type", type(value)), "__js_iter__", None)
    try:
        return iter(value) if entries is None else entries(value)
    except TypeError:
        raise JsException(
            "TypeError",
            f"{told(value)} is not iterable (cannot read property Symbol(Symbol.iterator))",
        ) from None


def told(value: Any) -> str:
    """Give the text of a value where V8 says that it cannot be called or iterated."""
    if value is None:
        return "undefined"
    if value is jsnull:
        return "object null"
    if isinstance(value, bool):
        return f"boolean {'true' if value else 'false'}"
    if isinstance(value, (int, float)):
        return f"number {value}"
    if isinstance(value, str):
        return f'string "{value}"'
    return "function" if callable(value) else "object"


def options(value: Any, named: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read the options object of a native method: its last argument, then its keywords.

    In Pyodide keyword arguments become one trailing object; a bare dict works as well, since
    named reads of its proxy fall through to its items, all but those that the proxy answers.
    """
    if value is None or value is jsnull:
        return named
    members: Mapping[str, Any] = {}
    if type(value) is dict:
        # Two names are the proxy's own, whether the dict has them or not.
        members = {**cast("dict[str, Any]", value), "type": "dict", "length": len(value)}
    elif isinstance(value, JsProxy):
        members = value.__members__
    return {**members, **named} if named else members


def _array(items: list[Any]) -> JsArray:
    from pydo.host.js.array import JsArray  # noqa: PLC0415 - it is a proxy itself

    return JsArray(items)

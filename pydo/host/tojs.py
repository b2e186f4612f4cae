"""`to_js`: values of Python's made into JavaScript's, with everything that is in them.

Source: pyodide/pyodide src/core/python2js.c.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

from pydo.host.js.array import JsArray
from pydo.host.js.collection import LiteralMap
from pydo.host.js.members import ordered
from pydo.host.js.numeric import Uint8Array, typed_array_of
from pydo.host.js.object import JsObject
from pydo.host.js.set import JsSet
from pydo.host.js.text import js_string
from pydo.host.js.value import JsNull, JsProxy, cross

if TYPE_CHECKING:
    from pydo.host.js.typedarray import TypedArray

__all__ = ["ConversionError", "Converter", "to_js", "to_js_with_objects"]

_SCALARS = frozenset({str, int, bool, type(None), JsNull})

Convert = Callable[[Any], Any]


def _no_converter(_: Any, /) -> NoReturn:
    raise AssertionError("it stands for there being none")


def _objects(_: Any, /) -> NoReturn:
    raise AssertionError("it stands for plain objects of dicts, as Pyodide 314 makes them")


# What stands where no converter was given; production refuses None as any other value.
_NO_CONVERTER: Callable[[Any], Any] = _no_converter
_OBJECTS: Callable[[Any], Any] = _objects


class ConversionError(Exception):
    """A value cannot be carried over."""

    __module__ = "pyodide.ffi"  # what tracebacks call it


class Converter(Protocol):
    """A user's own conversion: of the object, with a way to convert parts and to remember."""

    def __call__(self, obj: Any, convert: Convert, cache: Callable[[Any, Any], None], /) -> Any:
        """Give the JavaScript value of `obj`."""
        ...


def to_js(  # noqa: PLR0913 - the options are Pyodide's
    obj: Any,
    /,
    *,
    depth: int = -1,
    pyproxies: Any = None,
    create_pyproxies: bool = True,
    dict_converter: Callable[[Any], Any] = _NO_CONVERTER,
    default_converter: Converter | None = None,
    eager_converter: Converter | None = None,
) -> Any:
    """Convert lists, tuples, dicts, sets and buffers, and what is in them, to JavaScript's.

    Raises:
        ConversionError: a key of a dict or an element of a set that no Map or Set can have, a
            value without a conversion where no proxies may be made, or the failure of a converter.
        TypeError: `pyproxies` is no array, `depth` is no whole number.

    """
    if pyproxies is not None and not isinstance(pyproxies, JsArray):
        raise TypeError("Expected a JsArray for the pyproxies argument")
    if type(obj) in _SCALARS or isinstance(obj, (JsProxy, str, int, float)):
        return obj  # nothing is carried anywhere
    return _Conversion(
        create_pyproxies=create_pyproxies,
        pyproxies=pyproxies,
        dict_converter=dict_converter,
        default=default_converter,
        eager=eager_converter,
    ).run(obj, operator.index(depth))


class _Conversion:
    __slots__ = ("cache", "create_pyproxies", "default", "dict_converter", "eager", "pyproxies")

    def __init__(
        self,
        *,
        create_pyproxies: bool,
        pyproxies: Any,
        dict_converter: Callable[[Any], Any],
        default: Converter | None,
        eager: Converter | None,
    ) -> None:
        self.create_pyproxies = create_pyproxies
        self.pyproxies = pyproxies
        self.dict_converter = dict_converter
        self.default = default
        self.eager = eager
        self.cache: dict[int, tuple[Any, Any]] = {}

    def run(self, obj: Any, depth: int) -> Any:
        try:
            return self.convert(obj, depth)
        except (ConversionError, RecursionError):
            raise
        except Exception as error:
            raise ConversionError("Conversion from python to javascript failed") from error

    def convert(self, obj: Any, depth: int = -1) -> Any:
        if type(obj) in _SCALARS:
            return obj
        if isinstance(obj, (str, int, float, JsProxy)):
            return cross(obj)
        known = self.cache.get(id(obj))
        if known is not None:
            return known[1]
        if depth == 0:
            return self._without_form(obj)
        if self.eager is not None:

            def convert(value: Any) -> Any:
                # Of the object itself it is the usual conversion, not the eager one again.
                return self._container(obj, depth - 1) if value is obj else self.convert(value)

            return cross(self.eager(obj, convert, self._remember))
        return self._container(obj, depth - 1)

    def _container(self, obj: Any, depth: int) -> Any:
        if isinstance(obj, (list, tuple)):
            items: list[Any] = []
            array = JsArray(items)
            self._remember(obj, array)
            items.extend(self.convert(each, depth) for each in cast("Iterable[Any]", obj))
            return array
        if isinstance(obj, dict):
            return self._dict(obj, depth)
        if isinstance(obj, set):
            return self._set(obj)
        if isinstance(obj, (bytes, bytearray)):
            return Uint8Array.new(bytearray(obj))
        view = _buffer(obj)
        if view is not None:
            return view
        if self.default is not None:
            return cross(self.default(obj, self.convert, self._remember))
        return self._without_form(obj)

    def _dict(self, obj: dict[Any, Any], depth: int) -> Any:
        if self.dict_converter is _NO_CONVERTER:
            made = LiteralMap.new()
            self._remember(obj, made)
            for key, value in obj.items():
                made.set(_key(key, "Map"), self.convert(value, depth))
            return made
        if self.dict_converter is _OBJECTS or self.dict_converter == JsObject.fromEntries:
            members: dict[str, Any] = {}
            made_object = JsObject(members)
            self._remember(obj, made_object)
            for key, value in obj.items():
                name = key if type(key) is str else js_string(_key(key, "Map"))
                if name in members and self.dict_converter is _OBJECTS:
                    raise ConversionError(
                        "Key collision when converting Python dictionary to JavaScript. "
                        f"Key: {key!r}"
                    )
                members[name] = self.convert(value, depth)
            in_order = ordered(members)
            if in_order is not members:
                members.clear()
                members.update(in_order)
            return made_object
        pairs = [
            JsArray([_key(key, "Map"), self.convert(value, depth)]) for key, value in obj.items()
        ]
        return cross(self.dict_converter(JsArray(list(pairs))))

    def _set(self, obj: set[Any]) -> JsSet:
        made = JsSet.new()
        self._remember(obj, made)
        for each in obj:
            made.add(_key(each, "Set"))
        return made

    def _without_form(self, obj: Any) -> Any:
        if not self.create_pyproxies:
            raise ConversionError("No conversion known for x.")  # Pyodide says it so
        if self.pyproxies is not None:
            self.pyproxies.append(obj)
        return obj

    def _remember(self, obj: Any, made: Any) -> None:
        self.cache[id(obj)] = (obj, made)


def _key(key: Any, container: str) -> Any:
    if key is None or isinstance(key, (str, int, float, JsProxy, JsNull)):
        return key
    raise ConversionError(f"Cannot use {key!r} as a key for a Javascript {container}")


def _buffer(obj: Any) -> TypedArray | None:
    try:
        view = memoryview(obj)
    except TypeError:
        return None
    return typed_array_of(view)


def to_js_with_objects(
    obj: Any, /, *, dict_converter: Callable[[Any], Any] = _OBJECTS, **options: Any
) -> Any:
    """Convert as `to_js` does, and dicts to plain objects: so from Pyodide 314 on."""
    return to_js(obj, dict_converter=dict_converter, **options)

"""`pyodide.ffi`: what carries values between Python and JavaScript.

Source: pyodide/pyodide src/py/_pyodide/_core_docs.py and src/core/python2js.c.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Any, NoReturn, Protocol, cast

from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.buffer import JsBuffer, TypedArray, Uint8Array, typed_array_of
from pydo.host.js.collection import JsSet, LiteralMap
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.object import JsObject, ordered
from pydo.host.js.text import js_string
from pydo.host.js.value import JsFunction, JsNull, JsProxy, cross, jsnull, options
from pydo.host.kind import KINDS, kind
from pydo.host.promise import JsPromise
from pydo.host.pythonerror import as_js_rejects
from pydo.runtime.strand import can_wait, pinned, wait

__all__ = ["NAMES", "ConversionError", "InternalError", "JsDoubleProxy", "names", "to_js"]

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


class InternalError(Exception):
    """Something is wrong in the bridge itself."""


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
    if type(obj) in _SCALARS or isinstance(obj, (str, int, float, JsProxy)):
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


# -- proxies of Python objects


class JsDoubleProxy(JsProxy, js_name="PyProxy"):
    """What `create_proxy` gives: a Python object as JavaScript sees it, seen from Python again."""

    __slots__ = ("_is_destroyed", "_object")

    def __init__(self, obj: Any) -> None:
        object.__setattr__(self, "_object", obj)
        object.__setattr__(self, "_is_destroyed", False)

    def destroy(self) -> None:
        """Let the object go; using the proxy afterwards is an error."""
        object.__setattr__(self, "_is_destroyed", True)

    def unwrap(self) -> Any:
        """Give the Python object."""
        return self._alive()

    def awaitable_in(self) -> Awaitable[Any] | None:
        """Give the object if it can be awaited: to JavaScript its proxy has `then`."""
        obj = self._alive()
        return obj if inspect.isawaitable(obj) else None

    def copy(self) -> JsDoubleProxy:
        """Give another proxy of the same object."""
        return type(self)(self._alive())

    def toString(self) -> str:
        """Give Python's text of the object."""
        return str(self._alive())

    def toJs(self, given: Any = None, **named: Any) -> Any:
        """Convert the object, with the options of `to_js` that go by these names: `depth`."""
        return to_js(self._alive(), depth=options(given, named).get("depth", -1))

    def getBuffer(self, _kind: str | None = None) -> PyBufferView:
        """Lend the bytes of a Python buffer."""
        return PyBufferView(self._alive())

    @property
    def __members__(self) -> dict[str, Any]:
        return {}

    @property
    def type(self) -> str:
        """The name of the Python object's class."""
        return self._alive().__class__.__name__

    def __getattr__(self, name: str) -> Any:
        obj = self._alive()
        if name == "length" and hasattr(obj, "__len__"):
            return len(obj)
        try:
            return getattr(obj, name)
        except AttributeError:
            if isinstance(obj, dict) and name in obj:
                return cast("dict[str, Any]", obj)[name]
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._alive(), name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._alive()[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._alive()[key] = value

    def __contains__(self, item: object) -> bool:
        return item in self._alive()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._alive())

    def __len__(self) -> int:
        return len(self._alive())

    def __bool__(self) -> bool:
        return True

    def _alive(self) -> Any:
        if self._is_destroyed:
            raise JsError(_DESTROYED)
        return self._object


_DESTROYED = (
    "Object has already been destroyed\nFor more information about the cause of this error, use "
    "`pyodide.setDebug(true)`"
)


class CallableProxy(JsDoubleProxy, js_name="PyProxy"):
    """The proxy of an object that can be called."""

    __slots__ = ("_captures_this",)

    def __init__(self, obj: Any, *, captures_this: bool = False) -> None:
        super().__init__(obj)
        object.__setattr__(self, "_captures_this", captures_this)

    @property
    def typeof(self) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "function"

    def copy(self) -> CallableProxy:
        """Give another proxy of the same object."""
        return CallableProxy(self._alive(), captures_this=self._captures_this)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the object, with an undefined `this` before all else if it captures that.

        Keywords become one trailing object on the way through JavaScript.
        """
        if named:
            arguments = (*arguments, JsObject({key: cross(each) for key, each in named.items()}))
        if self._captures_this:
            arguments = (None, *arguments)
        result = pinned(self._alive(), *(cross(each) for each in arguments))
        # JavaScript gets a promise of a coroutine, which begins without being awaited.
        return JsPromise.of(as_js_rejects(result)) if inspect.iscoroutine(result) else result


class PyBufferView(JsProxy, js_name="PyBufferView"):
    """The bytes of a Python buffer as a typed array, until they are released."""

    __slots__ = ("data", "format", "readonly")

    def __init__(self, obj: Any) -> None:
        view = memoryview(obj)
        self.data = typed_array_of(view)
        self.format = view.format
        self.readonly = int(view.readonly)

    def release(self) -> None:
        """Give the bytes back: here they were a copy."""


class OnceCallable(JsFunction, js_name="Function"):
    """What `create_once_callable` gives."""

    __slots__ = ("_is_spent",)

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._is_spent = False

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function, for the first and last time."""
        if self._is_spent:
            raise JsError("OnceProxy can only be called once")
        self._is_spent = True
        return pinned(partial(super().__call__, *arguments, **named))

    def destroy(self) -> None:
        """Let the function go."""
        self._is_spent = True


def create_proxy(
    obj: Any,
    /,
    *,
    capture_this: bool = False,
    roundtrip: bool = True,
) -> JsDoubleProxy:
    """Make a proxy of a Python object that lives until it is destroyed."""
    if callable(obj):
        return CallableProxy(obj, captures_this=capture_this)
    return JsDoubleProxy(obj)


def create_once_callable(obj: Callable[..., Any], /) -> OnceCallable:
    """Make a function of JavaScript's that may be called once."""
    return OnceCallable(obj)


def destroy_proxies(pyproxies: Any, /) -> None:
    """Destroy the proxies in an array.

    Raises:
        TypeError: it is no array of JavaScript's.
        JsException: a `TypeError` for what is in it and cannot be destroyed.

    """
    if not isinstance(pyproxies, JsProxy):
        raise TypeError("Expected a JsProxy for the argument")
    for each in cast("Iterable[Any]", pyproxies):
        if isinstance(each, (JsDoubleProxy, OnceCallable)):
            each.destroy()
        elif isinstance(each, (JsProxy, str, int, float)) or each is None or each is jsnull:
            raise JsTypeError("proxy.destroy is not a function")
        # Any other Python object is its own proxy, with nothing to let go of.


def run_sync(awaitable: Any, /) -> Any:
    """Give what `awaitable` gives: the plain function that calls this waits for it.

    Raises:
        TypeError: it is no awaitable.
        RuntimeError: no function waits here: at the top level of a module, in a constructor, or in
            a function that JavaScript calls.

    """
    if isinstance(awaitable, JsDoubleProxy):
        awaitable = awaitable.unwrap()
    if not isinstance(awaitable, JsPromise):
        if not inspect.isawaitable(awaitable):
            kind: str = type(awaitable).__name__
            name = "pyodide.ffi.JsProxy" if isinstance(awaitable, JsProxy) else kind
            raise TypeError(f"object {name} is not awaitable")
        return wait(awaitable)
    if awaitable.future is not None or not can_wait():
        return wait(awaitable.wait())
    if awaitable.error is not None:
        raise awaitable.error
    return awaitable.value


NAMES: dict[str, Any] = {
    "ConversionError": ConversionError,
    "InternalError": InternalError,
    **KINDS,
    "JsBuffer": kind("JsBuffer", lambda value: isinstance(value, JsBuffer)),
    "JsCallableDoubleProxy": kind(
        "JsCallableDoubleProxy", lambda value: isinstance(value, CallableProxy)
    ),
    "JsDoubleProxy": kind("JsDoubleProxy", lambda value: isinstance(value, JsDoubleProxy)),
    "JsException": JsException,
    "JsNull": JsNull,
    "JsOnceCallable": kind("JsOnceCallable", lambda value: isinstance(value, OnceCallable)),
    "JsProxy": JsProxy,
    "ToJsConverter": Converter,
    "JsTypedArray": kind("JsTypedArray", lambda value: isinstance(value, TypedArray)),
    "can_run_sync": can_wait,
    "create_once_callable": create_once_callable,
    "create_proxy": create_proxy,
    "destroy_proxies": destroy_proxies,
    "jsnull": jsnull,
    "run_sync": run_sync,
    "to_js": to_js,
}


def _to_js_with_objects(
    obj: Any, /, *, dict_converter: Callable[[Any], Any] = _OBJECTS, **options: Any
) -> Any:
    return to_js(obj, dict_converter=dict_converter, **options)


def names(*, dicts_become_objects: bool) -> dict[str, Any]:
    """Give what the module holds; from Pyodide 314 on a dict becomes an object, not a Map."""
    if dicts_become_objects:
        return {**NAMES, "to_js": _to_js_with_objects}
    return dict(NAMES)

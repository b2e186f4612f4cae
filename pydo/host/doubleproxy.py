"""Proxies of Python objects that live until they are destroyed: `create_proxy` and its kin.

Source: pyodide/pyodide src/core/pyproxy.ts.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.function import JsFunction, listed
from pydo.host.js.numeric import typed_array_of
from pydo.host.js.object import JsObject
from pydo.host.js.value import JsProxy, cross, jsnull, options
from pydo.host.promise import JsPromise
from pydo.host.pythonerror import as_js_rejects
from pydo.host.tojs import to_js
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

__all__ = [
    "CallableProxy",
    "JsDoubleProxy",
    "OnceCallable",
    "create_once_callable",
    "create_proxy",
    "destroy_proxies",
]


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

    def toString(self, *_: object) -> str:
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
        return self.call(None, *arguments, **named)

    def call(self, this: Any = None, *arguments: Any, **named: Any) -> Any:
        """Call the object, with `this` before all else if it captures that."""
        if named:
            arguments = (*arguments, JsObject({key: cross(each) for key, each in named.items()}))
        if self._captures_this:
            arguments = (this, *arguments)
        result = pinned(self._alive(), *(cross(each) for each in arguments))
        # JavaScript gets a promise of a coroutine, which begins without being awaited.
        return JsPromise.of(as_js_rejects(result)) if inspect.iscoroutine(result) else result

    def apply(self, this: Any = None, arguments: Any = None, *_: object) -> Any:
        """Call the object for `this` with the elements of an array."""
        return self.call(this, *listed(arguments))

    def bind(self, this: Any = None, *arguments: Any) -> JsFunction:
        """Give a function that calls the object for `this`, with these arguments first."""
        return JsFunction(partial(self.call, this, *arguments))


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

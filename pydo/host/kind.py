"""The names of `pyodide.ffi` that tell what a proxy can do: for `isinstance` and annotations.

In Pyodide a proxy has a Python type made for what its value can do (is it called, iterated, looked
up in?), and these are the bases of those types.  Here they ask the value.
Source: pyodide/pyodide src/py/_pyodide/_core_docs.py.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pydo.host.js.array import JsArray
from pydo.host.js.function import JsFunction
from pydo.host.js.lookup import Mapped
from pydo.host.js.typedarray import TypedArray
from pydo.host.js.value import JsProxy
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KINDS", "kind"]


class Kind(type):
    """The class of one of these names."""

    is_one: Callable[[Any], bool]

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, JsProxy) and cls.is_one(value)

    def __subclasscheck__(cls, other: type) -> bool:
        return any(base is cls for base in other.__mro__)

    def __call__(cls, *_: object, **__: object) -> NoReturn:
        raise TypeError(f"{cls.__name__} cannot be instantiated.")

    def __getitem__(cls, parameters: Any) -> types.GenericAlias:
        """Give the form that annotations have: `JsArray[str]`."""
        return types.GenericAlias(cls, parameters)


def kind(name: str, is_one: Callable[[Any], bool]) -> Kind:
    """Make the name of the proxies of which `is_one` is true."""
    members = {"is_one": staticmethod(is_one), "__module__": "pyodide.ffi"}
    return Kind(name, (), members)


def _has(*methods: str) -> Callable[[Any], bool]:
    return lambda value: all(hasattr(type(value), each) for each in methods)


def _is_array(value: Any) -> bool:
    return isinstance(value, (JsArray, TypedArray))


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapped)


def _is_callable(value: Any) -> bool:
    return isinstance(value, JsFunction) or (isinstance(value, JsProxy) and callable(value))


KINDS: Final[dict[str, Any]] = {
    "JsArray": kind("JsArray", _is_array),
    "JsAsyncGenerator": kind("JsAsyncGenerator", _has("__anext__", "asend")),
    "JsAsyncIterable": kind("JsAsyncIterable", _has("__aiter__")),
    "JsAsyncIterator": kind("JsAsyncIterator", _has("__anext__")),
    "JsCallable": kind("JsCallable", _is_callable),
    # Pyodide tells these two from no other proxy.
    "JsDomElement": kind("JsDomElement", lambda _: True),
    "JsFetchResponse": kind("JsFetchResponse", lambda _: True),
    "JsGenerator": kind("JsGenerator", _has("__next__", "send")),
    "JsIterable": kind("JsIterable", _has("__iter__")),
    "JsIterator": kind("JsIterator", _has("__next__")),
    "JsMap": kind("JsMap", _is_map),
    "JsMutableMap": kind("JsMutableMap", _is_map),
    "JsPromise": kind("JsPromise", lambda value: isinstance(value, JsPromise)),
    "JsWeakRef": kind("JsWeakRef", _has("deref")),
}

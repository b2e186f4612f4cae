"""`pyodide.ffi`: what carries values between Python and JavaScript.

Source: pyodide/pyodide src/py/_pyodide/_core_docs.py.
"""

from __future__ import annotations

import inspect
from typing import Any

from pydo.errors import JsException
from pydo.host.doubleproxy import (
    CallableProxy,
    JsDoubleProxy,
    OnceCallable,
    create_once_callable,
    create_proxy,
    destroy_proxies,
)
from pydo.host.js.bigint import JsBigInt
from pydo.host.js.buffer import JsBuffer
from pydo.host.js.typedarray import TypedArray
from pydo.host.js.value import JsNull, JsProxy, jsnull
from pydo.host.kind import KINDS, kind
from pydo.host.promise import JsPromise
from pydo.host.tojs import ConversionError, Converter, to_js, to_js_with_objects
from pydo.runtime.strand import can_wait, wait

__all__ = ["names"]


class InternalError(Exception):
    """Something is wrong in the bridge itself."""

    __module__ = "pyodide.ffi"  # what tracebacks call it


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


_NAMES: dict[str, Any] = {
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


def names(*, dicts_become_objects: bool) -> dict[str, Any]:
    """Give what the module holds; from Pyodide 314 on a dict becomes an object, not a Map."""
    if dicts_become_objects:
        return {**_NAMES, "JsBigInt": JsBigInt, "to_js": to_js_with_objects}
    return dict(_NAMES)

"""`structuredClone`: a deep copy of a JavaScript value within the process.

Through the same encoding as storage, so that what can be stored is what can be copied.
"""

from __future__ import annotations

from typing import Any, cast

from pydo.clone import CloneError
from pydo.host.js.array import JsArray
from pydo.host.js.buffer import ArrayBuffer
from pydo.host.js.error import DOMException, JsTypeError
from pydo.host.js.headers import Headers
from pydo.host.js.iterator import JsIterator
from pydo.host.js.request import Request
from pydo.host.js.response import Response
from pydo.host.js.stream import ReadableStream
from pydo.host.js.text import js_string
from pydo.host.js.value import JsNull, JsProxy, cross, jsnull, options
from pydo.host.model import CODEC

__all__ = ["encode", "structured_clone"]


def encode(value: object) -> bytes:
    """Encode a value as an object's storage holds it.

    Raises:
        JsException: a `DataCloneError` for a value that has no clone.

    """
    try:
        return CODEC.encode(value)
    except CloneError as error:
        raise DOMException(_refusal(error.value), "DataCloneError") from None


_NO_ARRAY = (
    "Incorrect type for the 'transfer' field on 'StructuredCloneOptions': the provided value is not"
    " of type 'Array'."
)
# What Pyodide makes stands behind a `Proxy`, of which V8 sees the tag alone.
_TAGS = {"LiteralMap": "[object Map]", "PyProxy": "[object Object]"}
_OF_THE_LANGUAGE = frozenset({"Object", "Promise", "WeakMap", "WeakRef", "WeakSet"})


def _refusal(value: object) -> str:
    if not isinstance(value, JsProxy):
        shown = "function(){}" if callable(value) else "[object Object]"
        return f"{shown} could not be cloned."
    name = type(value).name
    if name in _TAGS:
        return f"{_TAGS[name]} could not be cloned."
    if isinstance(value, (ReadableStream, Request, Response)):
        return "ReadableStream can only be serialized for RPC."
    if value.typeof in {"function", "symbol"}:
        return f"{js_string(value)} could not be cloned."
    if isinstance(value, JsIterator):
        return f"{js_string(value)} could not be cloned."
    if name in _OF_THE_LANGUAGE:
        return f"#<{name}> could not be cloned."
    # src/workerd/jsg/ser.c++
    return f'Could not serialize object of type "{name}". This type does not support serialization.'


def structured_clone(*given: Any, **named: Any) -> Any:
    """Copy a value; shared and cyclic references are kept.

    The buffers of the option `transfer` are emptied: their bytes are the copy's.

    Raises:
        JsException: a `DataCloneError` for a value that has no clone, a `TypeError` for no value
            and for options of a wrong type.

    """
    value, told, *_ = cast("tuple[Any, ...]", (*given, None, None))
    if not given:
        raise JsTypeError(_wrong(1, "JsValue"))
    if told is not None and not isinstance(told, (JsProxy, dict, JsNull)):
        raise JsTypeError(_wrong(2, "StructuredCloneOptions"))
    transferred = options(told, named).get("transfer")
    if transferred is not None and transferred is not jsnull:
        if not isinstance(transferred, JsArray):
            raise JsTypeError(_NO_ARRAY)
        copied = CODEC.decode(encode(value))
        for each in transferred.__items__:
            if not isinstance(each, ArrayBuffer):
                raise DOMException("Value not transferable", "DataCloneError")
            each.__data__ = bytearray()
        return copied
    if isinstance(value, (str, int, float)):  # by far the most of what is sent
        return cross(value)
    if isinstance(value, Headers):
        return value.copy()
    return CODEC.decode(encode(value))


def _wrong(position: int, kind: str) -> str:
    return (
        "Failed to execute 'structuredClone' on 'ServiceWorkerGlobalScope': parameter "
        f"{position} is not of type '{kind}'."
    )

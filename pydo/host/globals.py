"""Everything that the module `js` holds: the globals of a Worker."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pydo.host.clone import structured_clone
from pydo.host.js import error as errors
from pydo.host.js.abort import AbortController, AbortSignal
from pydo.host.js.aggregate import AggregateError
from pydo.host.js.array import JsArray
from pydo.host.js.bigint import big_int_function
from pydo.host.js.blob import Blob, File
from pydo.host.js.box import Boolean
from pydo.host.js.buffer import ArrayBuffer
from pydo.host.js.cache import CacheStorage
from pydo.host.js.collection import JsMap
from pydo.host.js.console import Console
from pydo.host.js.crypto import Crypto
from pydo.host.js.dataview import DataView
from pydo.host.js.date import JsDate
from pydo.host.js.encoding import TextDecoder, TextEncoder, atob, btoa
from pydo.host.js.event import (
    CloseEvent,
    CustomEvent,
    ErrorEvent,
    Event,
    ExtendableEvent,
    MessageEvent,
)
from pydo.host.js.formdata import FormData
from pydo.host.js.function import JsFunction, js_eval
from pydo.host.js.headers import Headers
from pydo.host.js.illegal import illegal_constructor
from pydo.host.js.iterator import JsIterator
from pydo.host.js.json import JSON
from pydo.host.js.math import NUMBER_FUNCTIONS, Math
from pydo.host.js.navigator import Navigator, Performance
from pydo.host.js.number import Number
from pydo.host.js.numeric import TYPED_ARRAYS
from pydo.host.js.object import JsObject
from pydo.host.js.regexp import RegExp
from pydo.host.js.request import Request
from pydo.host.js.response import Response
from pydo.host.js.rewriter import HTMLRewriter
from pydo.host.js.searchparams import URLSearchParams
from pydo.host.js.set import JsSet
from pydo.host.js.stream import STREAM_CLASSES
from pydo.host.js.string import String
from pydo.host.js.symbol import Reflect, Symbol, WeakMap, WeakRef, WeakSet
from pydo.host.js.target import EventTarget
from pydo.host.js.timers import TIMERS, Scheduler
from pydo.host.js.uri import URI_FUNCTIONS
from pydo.host.js.url import URL
from pydo.host.js.value import JsProxy, cross
from pydo.host.js.websocket import WebSocket, WebSocketPair, WebSocketRequestResponsePair
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["worker_globals"]

_OF_THE_RUNTIME = ("Cache", "CacheStorage", "Crypto", "CryptoKey", "Navigator", "SubtleCrypto")


def worker_globals(fetch: Callable[..., Any], *, tells_big_ints: bool) -> dict[str, Any]:
    """Give the globals by name; `fetch` is the way out.

    From Pyodide 314 on a BigInt is more than an `int`.
    """
    classes: tuple[Any, ...] = (
        AggregateError,
        AbortController,
        AbortSignal,
        ArrayBuffer,
        Blob,
        Boolean,
        CloseEvent,
        CustomEvent,
        DataView,
        errors.DOMException,
        ErrorEvent,
        Event,
        EventTarget,
        ExtendableEvent,
        File,
        FormData,
        Headers,
        HTMLRewriter,
        JsArray,
        JsDate,
        JsMap,
        JsObject,
        JsPromise,
        JsSet,
        MessageEvent,
        Number,
        RegExp,
        Request,
        Response,
        String,
        Symbol,
        TextDecoder,
        TextEncoder,
        URL,
        URLSearchParams,
        WeakMap,
        WeakRef,
        WeakSet,
        WebSocket,
        WebSocketPair,
        WebSocketRequestResponsePair,
        *STREAM_CLASSES,
        *errors.ERROR_CLASSES.values(),
        *TYPED_ARRAYS.values(),
    )
    names: dict[str, Any] = {cls.name: cls for cls in classes}
    names |= {name: illegal_constructor(name) for name in _OF_THE_RUNTIME}
    names |= {name: JsFunction(function, name) for name, function in TIMERS.items()}
    names |= NUMBER_FUNCTIONS | URI_FUNCTIONS
    names |= {
        "BigInt": big_int_function(tells_big_ints=tells_big_ints),
        "Iterator": JsIterator,
        "Function": JsFunction,
        "Infinity": math.inf,
        "JSON": JSON(),
        "Math": Math(),
        "NaN": math.nan,
        "Reflect": Reflect(),
        "atob": JsFunction(atob, "atob"),
        "btoa": JsFunction(btoa, "btoa"),
        "caches": CacheStorage(),
        "console": Console(),
        "crypto": Crypto(),
        "eval": JsFunction(js_eval, "eval"),
        "fetch": JsFunction(fetch, "fetch"),
        "navigator": Navigator(),
        "performance": Performance(),
        "scheduler": Scheduler(),
        "structuredClone": JsFunction(structured_clone, "structuredClone"),
        "undefined": None,
    }
    names["globalThis"] = names["self"] = _GlobalThis(names)
    return names


class _GlobalThis(JsProxy, js_name="ServiceWorkerGlobalScope"):
    __slots__ = ("_names",)

    def __init__(self, names: dict[str, Any]) -> None:
        self.stand_for(names)

    def stand_for(self, names: dict[str, Any]) -> None:
        """Be the object whose members these are: the module `js` itself."""
        object.__setattr__(self, "_names", names)

    def __setattr__(self, name: str, value: Any) -> None:
        self._names[name] = cross(value)

    def __delattr__(self, name: str) -> None:
        self._names.pop(name, None)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._names[name]
        except KeyError:
            raise AttributeError(name) from None

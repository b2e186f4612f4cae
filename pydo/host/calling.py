"""How code of the user's is called: a method for a caller elsewhere, a handler, and what it gives.

Here the SDK meets user code as it does in production: arguments go in through `python_from_rpc`,
results out through `python_to_rpc`.  Sources: src/pyodide/python-entrypoint-helper.ts,
src/pyodide/internal/introspection.py.
"""

from __future__ import annotations

import inspect
import sys
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeGuard

from pydo.errors import JsException
from pydo.host.capability import sent
from pydo.host.js.response import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

__all__ = [
    "called",
    "is_awaited",
    "no_fetch",
    "no_method",
    "no_scheduled",
    "positional",
    "response_in",
    "result_of",
]

_RESERVED = frozenset(
    {
        "alarm",
        "connect",
        "constructor",
        "dup",
        "fetch",
        "webSocketClose",
        "webSocketError",
        "webSocketMessage",
    }
)
_OF_THE_RUNTIME = frozenset({"ctx", "env"})
_ANY_NUMBER = sys.maxsize  # of arguments


async def called(
    sdk: ModuleType, instance: Any, method: str, arguments: tuple[object, ...]
) -> object:
    """Call a method for a caller elsewhere; any name that the instance has will do.

    Raises:
        JsException: a `TypeError` for a name that is the runtime's own, or that there is none of.

    """
    if method in _RESERVED:
        raise JsException(
            "TypeError", f"'{method}' is a reserved method and cannot be called over RPC."
        )
    if method in _OF_THE_RUNTIME:
        raise JsException(
            "TypeError", f'The RPC receiver does not implement the method "{method}".'
        )
    function = getattr(instance, method, None)
    if not callable(function):
        raise no_method(method)
    result = await result_of(function(*[sdk.python_from_rpc(each) for each in arguments]))
    return sent(sdk.python_to_rpc(result))


def is_awaited(value: object) -> TypeGuard[Awaitable[Any]]:
    """Tell whether what a handler gives is a coroutine, or something else to be awaited."""
    return type(value) is CoroutineType or inspect.isawaitable(value)


async def result_of(value: Any) -> Any:
    """Give what a handler gives, when it is there."""
    return await value if is_awaited(value) else value


def response_in(value: Any, where: str) -> object:
    """Give the JS response in what a handler has returned.

    Raises:
        JsException: it has returned something else.

    """
    response = getattr(value, "js_object", None) or getattr(value, "js_response", None) or value
    if type(response) is Response:
        return response
    constructor = getattr(response, "constructor", None)
    if constructor is not None and constructor.name == "Response":
        return response
    found = "None" if value is None else f"{type(value).__name__}: {value!r}"
    raise JsException(
        "TypeError",
        "Incorrect type for Promise: the Promise did not resolve to 'Response'."
        f" ({where} returned {found[:200]}; return a workers.Response)",
    )


def positional(function: Callable[..., object]) -> int:
    """Count the arguments that a handler takes: surplus ones are dropped."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return _ANY_NUMBER
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return _ANY_NUMBER
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def no_fetch() -> JsException:
    """Make the error of a request that nothing handles."""
    return JsException("Error", "Handler does not export a fetch() function.")


def no_scheduled() -> JsException:
    """Make the error of a cron trigger that nothing handles."""
    return JsException("Error", "Handler does not export a scheduled() function.")


def no_method(method: str) -> JsException:
    """Make the error of a method that there is none of."""
    return JsException("TypeError", f"Method {method} does not exist")

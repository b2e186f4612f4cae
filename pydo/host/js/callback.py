"""Functions that JavaScript's own classes are given; V8's words for what is none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.error import JsTypeError
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, jsnull, told

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["called", "comparator", "shown"]


def called(function: Any) -> Callable[..., Any]:
    """Give what is to be called back.

    Raises:
        JsException: a `TypeError` for what cannot be called.

    """
    if not callable(function):
        raise JsTypeError(f"{told(function)} is not a function")
    return function  # type: ignore[no-any-return]  # the user's own


def comparator(compare: Any) -> Callable[[Any, Any], Any] | None:
    """Give what compares two elements; None where their own order is meant.

    Raises:
        JsException: a `TypeError` for what is neither a function nor undefined.

    """
    if compare is not None and not callable(compare):
        raise JsTypeError(
            "The comparison function must be either a function or undefined: " + shown(compare)
        )
    return compare  # type: ignore[no-any-return]  # the user's own


def shown(value: Any) -> str:
    """Give the text of a value in V8's errors, for which nothing of the value is run."""
    if isinstance(value, JsProxy) and not isinstance(value, type):
        is_array = type(value).name == "Array"
        return "[object Array]" if is_array else f"#<{type(value).name}>"
    if value is not jsnull and callable(value):
        return "function(){}"
    return js_string(value)

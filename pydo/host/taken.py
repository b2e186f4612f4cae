"""What native methods take, those of storage above all.

workerd refuses what is of another type before it looks; whatever is no primitive of JavaScript's
will do for options.  Sources: src/workerd/api/actor-state.h, src/workerd/jsg/util.c++.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn

from pydo.errors import JsException
from pydo.host.js.date import JsDate
from pydo.host.js.text import js_number, js_string, well_formed

__all__ = [
    "STORAGE",
    "TRANSACTION",
    "check",
    "check_callable",
    "is_options",
    "text",
    "time_ms",
    "unsigned",
    "unsigned_64",
]

STORAGE, TRANSACTION = "DurableObjectStorage", "DurableObjectTransaction"

# What has to be there, if anything; of which type the options are, if any, and where they stand.
_METHODS: dict[str, tuple[str | None, str | None, int]] = {
    "get": ("string or Array", "GetOptions", 1),
    "put": ("string or object", "PutOptions", 2),
    "delete": ("string or Array", "PutOptions", 1),
    "list": (None, "ListOptions", 0),
    "deleteAll": (None, "PutOptions", 0),
    "getAlarm": (None, "GetAlarmOptions", 0),
    "setAlarm": ("date", "SetAlarmOptions", 1),
    "deleteAlarm": (None, "SetAlarmOptions", 0),
    "getBookmarkForTime": ("date", None, 1),
    "onNextSessionRestoreBookmark": ("string", None, 1),
}
_LARGEST = 2**32 - 1
_LAST_MS = 9_223_372_036_854  # in nanoseconds still a number of 64 bits; workerd's words err


def check(interface: str, method: str, given: tuple[object, ...]) -> None:
    """Look at the arguments of a method of storage.

    Raises:
        JsException: a `TypeError` for one that is missing, or of another type.

    """
    first, options, position = _METHODS[method]
    if first is not None and not given:
        _refuse(interface, method, 1, first)
    if options is not None and len(given) > position and not is_options(given[position]):
        _refuse(interface, method, position + 1, options)


def is_options(value: object) -> bool:
    """Tell whether a value can stand for options: it is an object, null or undefined."""
    return not isinstance(value, (str, int, float))


def check_callable(interface: str, method: str, given: tuple[object, ...]) -> None:
    """Refuse what is no function.

    Raises:
        JsException: a `TypeError`.

    """
    if not (given and callable(given[0])):
        _refuse(interface, method, 1, "function")


def time_ms(interface: str, given: tuple[Any, ...], method: str = "setAlarm") -> float:
    """Give the time that a method is called with (src/workerd/jsg/value.c++).

    Raises:
        JsException: a `TypeError` for what is no time, or none of those that workerd can hold.

    """
    check(interface, method, given)
    at = given[0]
    if isinstance(at, JsDate):
        ms = at.ms
    elif isinstance(at, (int, float)) and not isinstance(at, bool):
        ms = at
    else:
        _refuse(interface, method, 1, "date")
    if not math.isfinite(ms):
        raise JsException(
            "TypeError", "The value cannot be converted because it is not a valid Date."
        )
    if ms > _LAST_MS:
        raise JsException("TypeError", "This API doesn't support dates after 2189.")
    if ms < -_LAST_MS:
        raise JsException("TypeError", "This API doesn't support dates before 1687.")
    return ms


def unsigned(value: Any) -> int:
    """Give a whole number of 32 bits without a sign (src/workerd/jsg/value.c++).

    Raises:
        JsException: a `TypeError` for what is no number, or none that fits.

    """
    number = _not_negative(value, "number")
    if number > _LARGEST:
        raise JsException(
            "TypeError", f"Value out of range. Must be less than or equal to {_LARGEST}."
        )
    return int(number)


def unsigned_64(value: Any) -> int:
    """Give a whole number of 64 bits without a sign, as sizes are (src/workerd/jsg/value.c++).

    Raises:
        JsException: a `TypeError` for what is no number, or less than 0.

    """
    return int(_not_negative(value, "bigint"))


def _not_negative(value: Any, wanted: str) -> float:
    number = js_number(value)
    if not math.isfinite(number):
        raise JsException(
            "TypeError", "The value cannot be converted because it is not an integer."
        )
    if number < 0:
        raise JsException(
            "TypeError",
            "The value cannot be converted because it is negative and this API expects a positive"
            f" {wanted}.",
        )
    return number


def text(value: Any) -> str:
    """Give a key as it is stored."""
    if type(value) is str and value.isascii():
        return value
    return well_formed(js_string(value))


def _refuse(interface: str, method: str, position: int, wanted: str) -> NoReturn:
    raise JsException(
        "TypeError",
        f"Failed to execute '{method}' on '{interface}': parameter {position} is not of type"
        f" '{wanted}'.",
    )

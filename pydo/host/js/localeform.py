"""The forms that people of a place write in: of all of them pydo has that of the United States."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydo.host.js.error import JsRangeError, JsTypeError, not_simulated
from pydo.host.js.value import jsnull, options

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["only_the_default"]

_TAG = re.compile(r"([A-Za-z]{2,3}|[A-Za-z]{5,8})(-[A-Za-z0-9]{2,8})*")
_DEFAULT = frozenset(("en", "en-US"))


def only_the_default(what: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Check what a method such as `toLocaleString` was given: a place, and options.

    Raises:
        JsException: a `TypeError` or `RangeError` for what is no place; for another place than the
            United States, and for options, that they are not simulated.

    """
    place, given, *_ = (*arguments, None, None)
    if place is jsnull:
        raise JsTypeError("Cannot convert undefined or null to object")
    if isinstance(place, str):
        if not _TAG.fullmatch(place):
            raise JsRangeError(f"Invalid language tag: {place}")
        if place not in _DEFAULT:
            raise not_simulated(f"the form of {what} for another place")
    if options(given, named):
        raise not_simulated(f"the form of {what} by options")

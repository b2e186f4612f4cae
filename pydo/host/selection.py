"""The options of `list`, as JavaScript gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.errors import JsException
from pydo.host.js.text import integer
from pydo.host.taken import text
from pydo.runtime.kv import ListOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["selected"]


def selected(given: Mapping[str, object]) -> ListOptions:
    """Read which keys to list.

    Raises:
        JsException: a `TypeError` for options that contradict each other.

    """
    limit = given.get("limit")
    return ListOptions(
        start=_optional(given.get("start")),
        start_after=_optional(given.get("startAfter")),
        end=_optional(given.get("end")),
        prefix=_optional(given.get("prefix")) or "",
        limit=None if limit is None else _limit(limit),
        reverse=bool(given.get("reverse")),
    )


def _optional(value: object) -> str | None:
    return None if value is None else text(value)


def _limit(value: object) -> int:
    number = integer(value)
    if not -(2**31) <= number < 2**31:
        raise JsException(
            "TypeError",
            "Value out of range. Must be between -2147483648 and 2147483647 (inclusive).",
        )
    return number

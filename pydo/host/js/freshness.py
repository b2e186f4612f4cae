"""How long a response may be kept: the rules of HTTP for a cache that many share.

Sources: RFC 9111, and what miniflare's cache keeps of it
(packages/miniflare/src/workers/cache/cache.worker.ts).
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["directives", "lifetime_s", "seconds_of"]

# Those that a cache understands, and of these those that are kept without being told to.
_KEPT: Final = frozenset({200, 203, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501})
_IMMUTABLE_S = 24 * 60 * 60
_HEURISTIC = 0.1  # of the time since the last change
_DIRECTIVE = re.compile(r'\s*([^=,\s]+)\s*(?:=\s*("[^"]*"|[^,]*))?\s*(?:,|$)')


def directives(text: str) -> dict[str, str]:
    """Read a `Cache-Control` header."""
    return {
        found[1].lower(): (found[2] or "").strip().strip('"') for found in _DIRECTIVE.finditer(text)
    }


def lifetime_s(
    status: int, asked: Mapping[str, str], answered: Mapping[str, str], now_s: float
) -> float:
    """Give for how many seconds a response is kept; 0 is not at all.

    `asked` are the headers of the request and `answered` those of the response, by their names in
    lower case.
    """
    control = directives(answered.get("cache-control", ""))
    if status not in _KEPT or "no-store" in directives(asked.get("cache-control", "")):
        return 0
    if not control.keys().isdisjoint({"no-store", "private", "no-cache"}):
        return 0
    if "set-cookie" in answered:
        return 0
    is_for_all = not control.keys().isdisjoint({"public", "s-maxage", "must-revalidate"})
    if "authorization" in asked and not is_for_all:
        return 0
    stale = max(_number(control, name) for name in ("stale-while-revalidate", "stale-if-error"))
    return _freshness_s(control, answered, now_s) + stale


def seconds_of(date: str) -> float | None:
    """Read a date of HTTP; None if it is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return None


def _freshness_s(control: Mapping[str, str], headers: Mapping[str, str], now_s: float) -> float:
    if "proxy-revalidate" in control:
        return 0
    for name in ("s-maxage", "max-age"):
        if name in control:
            return _number(control, name)
    least = _IMMUTABLE_S if "immutable" in control else 0
    date_s = seconds_of(headers["date"]) if "date" in headers else None
    date_s = now_s if date_s is None else date_s
    if "expires" in headers:
        expires_s = seconds_of(headers["expires"])
        return 0 if expires_s is None else max(least, expires_s - date_s)
    changed_s = seconds_of(headers.get("last-modified", ""))
    if changed_s is None or changed_s >= date_s:
        return least
    return max(least, (date_s - changed_s) * _HEURISTIC)


def _number(control: Mapping[str, str], name: str) -> float:
    value = control.get(name, "")
    return int(value) if value.isdecimal() else 0

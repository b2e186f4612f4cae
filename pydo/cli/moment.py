"""Which moment somebody means: `10m ago`, `2 hours`, `14:30`, `2026-03-01 12:00`, `now`."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

__all__ = ["moment_ms"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = r"(\d+(?:\.\d+)?)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)"
_AGO = re.compile(rf"(?:{_PART}\s*)+(?:ago)?", re.IGNORECASE)
_MILLISECONDS = re.compile(r"\d{12,14}")


def moment_ms(text: str, now: datetime) -> int | None:
    """Give a moment in milliseconds since 1970; None for what is none.

    What names no time zone is in that of `now`.
    """
    text = text.strip()
    if text == "now":
        return _ms(now)
    if _MILLISECONDS.fullmatch(text):
        return int(text)
    if _AGO.fullmatch(text):
        parts = re.findall(_PART, text, re.IGNORECASE)
        seconds = sum(float(number) * _UNITS[unit[0].lower()] for number, unit in parts)
        return _ms(now - timedelta(seconds=seconds))
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = datetime.combine(now.date(), time.fromisoformat(text))
        except ValueError:
            return None
    return _ms(found if found.tzinfo is not None else found.replace(tzinfo=now.tzinfo))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)

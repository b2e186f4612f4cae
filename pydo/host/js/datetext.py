"""Moments read from texts, as V8 reads them: ISO's form, and those that people write.

Source: v8/src/date/dateparser-inl.h.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

from pydo.host.js.text import js_number

__all__ = ["from_parts", "read_text", "to_utc"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_ISO = re.compile(
    r"(?P<year>\d{4}|[+-]\d{6})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?"
    r"(?:[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r"(?P<zone>[Zz]|[+-]\d\d:?\d\d)?)?"
)
_FIELDS = ("year", "month", "day", "hour", "minute", "second")
_LARGEST = {"month": 12, "day": 31, "hour": 24, "minute": 59, "second": 59}


def read_text(text: str) -> float:
    """Give the milliseconds of the moment that a text tells; NaN if it tells none."""
    found = _ISO.fullmatch(text.strip())
    if found is None:
        return _read_loosely(text)
    told = {name: found[name] for name in _FIELDS if found[name] is not None}
    part = {name: int(digits) for name, digits in told.items()}
    if any(part.get(name, 0) > largest for name, largest in _LARGEST.items()):
        return math.nan
    if 0 in (part.get("month"), part.get("day")):
        return math.nan
    fraction = (found["fraction"] or "0")[:3].ljust(3, "0")
    time = [part.get(name, 0) for name in _FIELDS[3:]]
    if time[0] == _LARGEST["hour"] and (any(time[1:]) or int(fraction)):
        return math.nan
    month, day = part.get("month", 1) - 1, part.get("day", 1)
    ms = from_parts(part["year"], month, day, *time, int(fraction), has_whole_year=True)
    zone = found["zone"]
    if zone is None:
        # A day alone is UTC, a time of day without zone is local.
        return ms if found["hour"] is None else to_utc(ms)
    if zone in "Zz":
        return ms
    return ms - _offset_ms(zone)


_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.:](\d+))?)?\s*([AaPp][Mm])?")
_ZONE = re.compile(r"(?:GMT|UTC|UT|Z)?\s*([+-]\d{1,2}:?\d{2})\b|\b(GMT|UTC|UT|Z)\b", re.IGNORECASE)
_REMARK = re.compile(r"\([^)]*\)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONES = {
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
}
_NOON = 12
_PARTS_OF_A_DAY = 3  # year, month, day
_YEAR_OF_NONE = 2001  # so V8
_CENTURY = 100
_CENTURY_FROM = 50  # two digits below it are of this century


def _read_loosely(text: str) -> float:
    """Read what people write: `March 7, 2024 10:00 PM GMT+1`, `3/7/2024`, `7 Mar 2024`."""
    rest = _REMARK.sub(" ", text)
    time, rest = _clock(rest)
    zone, rest = _zone(rest, has_time=time is not None)
    day = _day(rest)
    if day is None or time == ():
        return math.nan
    ms = from_parts(*day, *(time or (0, 0, 0, 0)), has_whole_year=True)
    return to_utc(ms) if zone is None else ms - zone


def _clock(text: str) -> tuple[tuple[int, ...] | None, str]:
    """Take the time of day out of a text; an empty one is wrong."""
    found = _CLOCK.search(text)
    if found is None:
        return None, text
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[5]:
        if not 1 <= hour <= _NOON:
            return (), text
        hour = hour % _NOON + (_NOON if found[5].lower() == "pm" else 0)
    left = f"{text[: found.start()]} {text[found.end() :]}"
    if hour > _LARGEST["hour"] or max(minute, second) > _LARGEST["minute"]:
        return (), left
    return (hour, minute, second, int((found[4] or "0")[:3].ljust(3, "0"))), left


def _zone(text: str, *, has_time: bool) -> tuple[int | None, str]:
    """Take the zone out of a text, in milliseconds; None: local time."""
    found = _ZONE.search(text) if has_time else re.search(r"\b(GMT|UTC|UT|Z)\b", text)
    if found is not None:
        offset = found[1] if found.re is _ZONE else None
        left = f"{text[: found.start()]} {text[found.end() :]}"
        return (0 if offset is None else _offset_ms(offset)), left
    for word in re.findall(r"[A-Za-z]+", text):
        if word.lower() in _ZONES:
            return _ZONES[word.lower()] * 3_600_000, text.replace(word, " ", 1)
    return None, text


def _offset_ms(zone: str) -> int:
    digits = zone[1:].replace(":", "").rjust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (minutes if zone[0] == "+" else -minutes) * 60_000


def _day(text: str) -> tuple[int, int, int] | None:
    """Read year, month from 0 on, and day; None for what is no day."""
    numbers = [int(digits) for digits in re.findall(r"\d+", text)]
    words = [word.lower()[:3] for word in re.findall(r"[A-Za-z]+", text)]
    named = [_MONTHS.index(word) for word in words if word in _MONTHS]
    if not numbers or len(numbers) + len(named[:1]) > _PARTS_OF_A_DAY:
        return None
    if named:
        day, year = _day_and_year(*numbers)
        return _checked(year, named[0], day)
    if words and not re.match(r"\s*\d", text):
        return None
    if len(numbers) < _PARTS_OF_A_DAY:
        return _checked(None, numbers[0] - 1, (numbers[1:] or [1])[0])
    first, second, third = numbers
    if first > _LARGEST["day"]:
        return _checked(first, second - 1, third)
    return _checked(third, first - 1, second)


def _day_and_year(first: int, second: int | None = None) -> tuple[int, int | None]:
    """Tell which of the numbers beside a month's name is the day, and which the year."""
    if first > _LARGEST["day"]:
        return second or 1, first
    return first, second


def _checked(year: int | None, month: int, day: int) -> tuple[int, int, int] | None:
    year = _YEAR_OF_NONE if year is None else year
    if year < _CENTURY:
        year += 2000 if year < _CENTURY_FROM else 1900
    is_one = 0 <= month < _LARGEST["month"] and 1 <= day <= _LARGEST["day"]
    return (year, month, day) if is_one else None


def from_parts(*parts: Any, has_whole_year: bool = False) -> float:
    """Give the milliseconds of a moment told in parts; NaN for what is none.

    A year below 100 is one of the last century, unless it is whole.
    """
    numbers = [float(js_number(part)) for part in parts[:7]]
    if any(math.isnan(number) or math.isinf(number) for number in numbers):
        return math.nan
    defaults = [0, 0, 1, 0, 0, 0, 0]
    year, month, day, hour, minute, second, milli = [int(number) for number in numbers] + defaults[
        len(numbers) :
    ]
    if 0 <= year <= 99 and not has_whole_year:  # noqa: PLR2004 - JavaScript's two digits
        year += 1900
    year, month = year + month // 12, month % 12
    try:
        days = (dt.date(year, month + 1, 1) - _EPOCH.date()).days + day - 1
    except (ValueError, OverflowError):
        return math.nan
    return float((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli)


def to_utc(local_ms: float) -> float:
    """Give the moment at which it is `local_ms` by local time."""
    if math.isnan(local_ms):
        return local_ms
    naive = (_EPOCH + dt.timedelta(milliseconds=local_ms)).replace(tzinfo=None)
    return naive.timestamp() * 1000

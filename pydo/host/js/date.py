"""`Date`: a moment in whole milliseconds since 1970, or none at all (NaN)."""

from __future__ import annotations

import datetime as dt
import functools
import math
import time
from typing import TYPE_CHECKING, Any

from pydo.host.js.datetext import from_parts, read_text, to_utc
from pydo.host.js.error import JsRangeError
from pydo.host.js.localeform import only_the_default
from pydo.host.js.text import js_number, js_string
from pydo.host.js.value import JsClass, JsProxy, jsnull, plain_number

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["JsDate"]

_MAX_MS = 8.64e15
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class DateClass(JsClass):
    """`Date`: called without `new` it gives the text of the present moment."""

    if not TYPE_CHECKING:

        def new(cls, *parts: Any, **_: Any) -> JsDate:
            """Construct the present moment, one read from a value, or one from its parts."""
            if not parts:
                return cls.at_ms(cls.now())
            if len(parts) > 1:
                return cls.at_ms(to_utc(from_parts(*parts)))
            return cls.at_ms(_read(parts[0]))

        def __call__(cls, *_: object) -> str:
            return str(cls.new())

    def now(cls, *_: object) -> int:
        """Give the present moment in milliseconds."""
        return time.time_ns() // 1_000_000

    def parse(cls, text: Any = None, *_: object) -> Any:
        """Read a moment from a text, in milliseconds; NaN if it is none."""
        return plain_number(read_text(js_string(text)))

    def UTC(cls, *parts: Any) -> Any:
        """Give the milliseconds of a moment that is told in UTC."""
        return plain_number(_clipped(from_parts(*parts)))


class JsDate(JsProxy, metaclass=DateClass, js_name="Date"):
    """A moment; `ms` is its milliseconds, NaN for an invalid one."""

    __slots__ = ("ms",)

    ms: float

    @classmethod
    def at_ms(cls, ms: float) -> JsDate:
        """Make a date of milliseconds."""
        self: JsDate = object.__new__(cls)
        self.ms = _clipped(ms)
        return self

    def getTime(self, *_: object) -> Any:
        """Give the milliseconds."""
        return plain_number(self.ms)

    def valueOf(self, *_: object) -> Any:
        """Give the milliseconds."""
        return plain_number(self.ms)

    def setTime(self, ms: Any = None, *_: object) -> Any:
        """Set the milliseconds."""
        self.ms = _clipped(js_number(ms))
        return plain_number(self.ms)

    def toISOString(self, *_: object) -> str:
        """Give the moment in ISO's form, in UTC.

        Raises:
            JsException: a `RangeError` for an invalid date.

        """
        if math.isnan(self.ms):
            raise JsRangeError("Invalid time value")
        year, rest = _utc_parts(self.ms)
        if 0 <= year <= 9999:  # noqa: PLR2004 - ISO's four digits
            return f"{year:04}-{rest}"
        return f"{'-' if year < 0 else '+'}{abs(year):06}-{rest}"

    def toJSON(self, *_: object) -> Any:
        """Give the moment in ISO's form, or null."""
        return jsnull if math.isnan(self.ms) else self.toISOString()

    def toUTCString(self, *_: object) -> str:
        """Give the moment as HTTP writes it."""
        if math.isnan(self.ms):
            return "Invalid Date"
        moment = _moment(self.ms)
        return (
            f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} "
            f"{moment.year:04} {moment:%H:%M:%S} GMT"
        )

    def toString(self, *_: object) -> str:
        """Give the moment in local time, in words."""
        if math.isnan(self.ms):
            return "Invalid Date"
        return f"{self.toDateString()} {self.toTimeString()}"

    def toLocaleString(self, *arguments: Any, **named: Any) -> str:
        """Give the moment as it is written in the United States, in local time.

        Raises:
            JsException: for another place, or another form, which are not simulated.

        """
        only_the_default("a Date", arguments, named)
        if math.isnan(self.ms):
            return "Invalid Date"
        return f"{self.toLocaleDateString()}, {self.toLocaleTimeString()}"

    def toLocaleDateString(self, *arguments: Any, **named: Any) -> str:
        """Give the local day as it is written in the United States.

        Raises:
            JsException: for another place, or another form, which are not simulated.

        """
        only_the_default("a Date", arguments, named)
        if math.isnan(self.ms):
            return "Invalid Date"
        moment = _moment(self.ms).astimezone()
        return f"{moment.month}/{moment.day}/{moment.year}"

    def toLocaleTimeString(self, *arguments: Any, **named: Any) -> str:
        """Give the local time of day as it is written in the United States.

        Raises:
            JsException: for another place, or another form, which are not simulated.

        """
        only_the_default("a Date", arguments, named)
        if math.isnan(self.ms):
            return "Invalid Date"
        moment = _moment(self.ms).astimezone()
        return f"{moment.hour % 12 or 12}:{moment:%M:%S} {'AM' if moment.hour < 12 else 'PM'}"  # noqa: PLR2004 - noon

    toGMTString = toUTCString

    def toDateString(self, *_: object) -> str:
        """Give the local day."""
        if math.isnan(self.ms):
            return "Invalid Date"
        moment = _moment(self.ms).astimezone()
        return (
            f"{_DAYS[moment.weekday()]} {_MONTHS[moment.month - 1]} {moment.day:02} "
            f"{moment.year:04}"
        )

    def toTimeString(self, *_: object) -> str:
        """Give the local time of day."""
        if math.isnan(self.ms):
            return "Invalid Date"
        moment = _moment(self.ms).astimezone()
        zone = "Coordinated Universal Time" if moment.tzname() == "UTC" else moment.tzname()
        return f"{moment:%H:%M:%S} GMT{moment:%z} ({zone})"

    def getTimezoneOffset(self, *_: object) -> Any:
        """Give the minutes by which UTC is ahead of local time."""
        if math.isnan(self.ms):
            return math.nan
        offset = _moment(self.ms).astimezone().utcoffset() or dt.timedelta()
        return -int(offset.total_seconds() // 60)

    def _set(self, first: str, *values: Any, is_utc: bool) -> Any:
        """Set a part of the moment and those after it; a part out of its range carries over."""
        ms = self.ms
        if math.isnan(ms):
            if first != "FullYear":
                return math.nan
            ms = 0.0
        moment = _moment(ms) if is_utc else _moment(ms).astimezone()
        parts: list[Any] = [_PARTS[name](moment) for name in _SETTABLE]
        start, last = _SETTABLE.index(first), _SETTABLE.index(_LAST_SET_WITH[first])
        given = values[: last + 1 - start] or (math.nan,)
        parts[start : start + len(given)] = given
        found = from_parts(*parts, has_whole_year=True)
        self.ms = _clipped(found if is_utc else to_utc(found))
        return plain_number(self.ms)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("set"):
            first = name.removeprefix("setUTC").removeprefix("set")
            if first in _LAST_SET_WITH:
                return functools.partial(self._set, first, is_utc=name.startswith("setUTC"))
        part = _PARTS.get(name.removeprefix("getUTC").removeprefix("get"))
        if part is None or not name.startswith("get"):
            raise AttributeError(name)

        def get(*_: object) -> Any:
            if math.isnan(self.ms):
                return math.nan
            moment = _moment(self.ms)
            return part(moment if name.startswith("getUTC") else moment.astimezone())

        return get

    @property
    def __members__(self) -> dict[str, Any]:
        return {}


_PARTS: dict[str, Callable[[dt.datetime], int]] = {
    "FullYear": lambda moment: moment.year,
    "Month": lambda moment: moment.month - 1,
    "Date": lambda moment: moment.day,
    "Day": lambda moment: (moment.weekday() + 1) % 7,
    "Hours": lambda moment: moment.hour,
    "Minutes": lambda moment: moment.minute,
    "Seconds": lambda moment: moment.second,
    "Milliseconds": lambda moment: moment.microsecond // 1000,
    "Year": lambda moment: moment.year - 1900,
}

# The parts in the order of a constructor's arguments, and up to which one a setter takes them.
_SETTABLE = ("FullYear", "Month", "Date", "Hours", "Minutes", "Seconds", "Milliseconds")
_LAST_SET_WITH = {
    "FullYear": "Date",
    "Month": "Date",
    "Date": "Date",
    "Hours": "Milliseconds",
    "Minutes": "Milliseconds",
    "Seconds": "Milliseconds",
    "Milliseconds": "Milliseconds",
}


def _clipped(ms: float) -> float:
    if math.isnan(ms) or abs(ms) > _MAX_MS:
        return math.nan
    return float(int(ms))


def _moment(ms: float) -> dt.datetime:
    return _EPOCH + dt.timedelta(milliseconds=ms)


def _utc_parts(ms: float) -> tuple[int, str]:
    try:
        moment = _moment(ms)
    except OverflowError:
        # Python's years end at 9999, JavaScript's at 275760: go by a year of the same shape,
        # since the calendar repeats after 400 years.
        cycle_ms = 146_097 * 86_400_000
        cycles = int(ms // cycle_ms)
        moment = _moment(ms - cycles * cycle_ms)
        return moment.year + 400 * cycles, _rest(moment)
    return moment.year, _rest(moment)


def _rest(moment: dt.datetime) -> str:
    return f"{moment:%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _read(value: Any) -> float:
    if isinstance(value, JsDate):
        return value.ms
    if isinstance(value, str):
        return read_text(value)
    if isinstance(value, dt.datetime):
        # A datetime is a PyProxy, whose text JavaScript reads as any other.
        return read_text(repr(value))
    return float(js_number(value))

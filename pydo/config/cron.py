"""Cron expressions in Cloudflare's dialect, and the times that they name, in UTC.

Five fields: minute, hour, day of the month, month, day of the week.  Days of the week go from 1,
which is Sunday, to 7; months and days may be names.  A day of the month may be `L`, `L-3`, `LW`,
`L-3W` or `15W`, a day of the week `6L` or `6#3`.  Where both days are restricted, either will do.
Ranges may run past the end (`FRI-MON`).  Source: cloudflare/saffron `saffron/src/{lib,parse}.rs`.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from pydo.config.document import spell
from pydo.config.report import as_strings

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.config.environment import Environment
    from pydo.config.report import Report

__all__ = ["Cron", "read_crons"]

_NAMES_OF_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
_NAMES_OF_DAYS = "SUN MON TUE WED THU FRI SAT"
_MONTHS: dict[str, int] = {name: n for n, name in enumerate(_NAMES_OF_MONTHS.split(), 1)}
_DAYS: dict[str, int] = {name: n for n, name in enumerate(_NAMES_OF_DAYS.split(), 1)}
_MONTH_DAY = re.compile(r"(?P<last>L)(-(?P<offset>\d+))?(?P<lastweekday>W)?|(?P<day>\d+)W")
_WEEK_DAY = re.compile(r"(?P<day>\w+?)(?P<last>L)|(?P<nthday>\w+)#(?P<nth>[1-5])")
_MOST_YEARS = 12  # 29 February may be eight years away
_SATURDAY, _SUNDAY = 5, 6  # as Python counts


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression that is ready to be asked."""

    text: str
    _minutes: frozenset[int]
    _hours: frozenset[int]
    _months: frozenset[int]
    _is_day: Callable[[date], bool]

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read an expression.

        Raises:
            ValueError: it is none; the message says which part, and what there may be.

        """
        fields = text.split()
        if len(fields) != 5:  # noqa: PLR2004 - as the documentation says
            raise ValueError(
                f"it has {len(fields)} fields, and needs 5: minute, hour, day of the month, month,"
                " day of the week"
            )
        minute, hour, month_day, month, week_day = fields
        of_month, of_week = _month_day(month_day), _week_day(week_day)
        return cls(
            text,
            _values(minute, "minute", 0, 59),
            _values(hour, "hour", 0, 23),
            _values(month, "month", 1, 12, _MONTHS),
            _either(of_month, of_week),
        )

    def next_after(self, time_ms: int) -> int | None:
        """Give the first time after `time_ms` that it names, in milliseconds since 1970.

        None if there is none, as for 30 February.
        """
        start = datetime.fromtimestamp(time_ms // 1000, UTC).replace(second=0, microsecond=0)
        first = start + timedelta(minutes=1)
        for days in range(366 * _MOST_YEARS):
            day = (first + timedelta(days=days)).date()
            if day.month not in self._months or not self._is_day(day):
                continue
            for hour in sorted(self._hours):
                for minute in sorted(self._minutes):
                    found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                    if found >= first:
                        return int(found.timestamp()) * 1000
        return None


def read_crons(report: Report, environment: Environment) -> tuple[str, ...]:
    """Read `triggers.crons`; one that cannot be used is reported."""
    found = environment.find("triggers")
    if found is None:
        return ()
    table = report.table(found.path, found.value)
    report.unexpected(found.path, table, ("crons",))
    path = (*found.path, "crons")
    crons = as_strings(table.get("crons", []))
    if crons is None:
        message = f'Expected "{spell(path)}" to be of type string array but got '
        report.error(f"{message}{table['crons']!r}.", path, 'for example crons = ["*/5 * * * *"]')
        return ()
    for index, cron in enumerate(crons):
        try:
            Cron.parse(cron)
        except ValueError as error:
            message = f'"{cron}" is no cron expression: {error}.'
            report.error(message, (*path, index), 'for example "*/5 * * * *", every five minutes')
    return crons


def _values(
    field: str, name: str, low: int, high: int, names: dict[str, int] | None = None
) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step_text = part.partition("/")
        start_text, dash, end_text = span.partition("-")
        start = low if span == "*" else _value(start_text, name, low, high, names)
        end = _value(end_text, name, low, high, names) if dash else start
        if span == "*" or (slash and not dash):
            end = high
        step = _value(step_text, f"step of the {name}", 1, high, None) if slash else 1
        width = (end - start) % (high - low + 1)  # a range may run past the end
        found |= {
            low + (start - low + each) % (high - low + 1) for each in range(0, width + 1, step)
        }
    return frozenset(found)


def _value(text: str, name: str, low: int, high: int, names: dict[str, int] | None) -> int:
    named = (names or {}).get(text.upper())
    if named is not None:
        return named
    if re.fullmatch("[0-9]+", text) and low <= int(text) <= high:
        return int(text)
    raise ValueError(f'"{text}" is no {name}, which is from {low} to {high}')


def _month_day(field: str) -> Callable[[date], bool] | None:
    """Tell whether a date is such a day of the month; None for any."""
    if field == "*":
        return None
    special = _MONTH_DAY.fullmatch(field)
    if special is None:
        days = _values(field, "day of the month", 1, 31)
        return lambda day: day.day in days
    if special["last"]:
        offset = int(special["offset"] or 0)
        find = _nearest_weekday if special["lastweekday"] else _same
        return lambda day: day.day == find(day, _length(day) - offset)
    wanted = _value(special["day"], "day of the month", 1, 31, None)
    return lambda day: wanted <= _length(day) and day.day == _nearest_weekday(day, wanted)


def _week_day(field: str) -> Callable[[date], bool] | None:
    if field == "*":
        return None
    if field == "L":
        field = "SAT"
    special = _WEEK_DAY.fullmatch(field)
    if special is None:
        days = _values(field, "day of the week", 1, 7, _DAYS)
        return lambda day: _week_number(day) in days
    wanted = _value(special["day"] or special["nthday"], "day of the week", 1, 7, _DAYS)
    if special["last"]:
        return lambda day: _week_number(day) == wanted and day.day + 7 > _length(day)
    nth = int(special["nth"])
    return lambda day: _week_number(day) == wanted and (day.day - 1) // 7 + 1 == nth


def _either(
    of_month: Callable[[date], bool] | None, of_week: Callable[[date], bool] | None
) -> Callable[[date], bool]:
    given = [each for each in (of_month, of_week) if each is not None]
    return lambda day: not given or any(each(day) for each in given)


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _same(_: date, wanted: int) -> int:
    return wanted


def _nearest_weekday(day: date, wanted: int) -> int:
    """Give the day from Monday to Friday that is nearest, in the same month."""
    if wanted < 1:
        return 0
    weekday = day.replace(day=wanted).weekday()
    if weekday == _SATURDAY:
        return wanted - 1 if wanted > 1 else 3
    if weekday == _SUNDAY:
        return wanted + 1 if wanted < _length(day) else wanted - 2
    return wanted


def _week_number(day: date) -> int:
    return day.isoweekday() % 7 + 1

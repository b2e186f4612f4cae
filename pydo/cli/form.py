"""How what is stored is said: lists in columns, contents as text and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from pydo.state import Contents, Summary

__all__ = [
    "columned",
    "contents_as_json",
    "contents_lines",
    "count",
    "listed",
    "size_text",
    "time_text",
]


def listed(objects: list[Summary]) -> tuple[list[str], list[list[str]]]:
    """Give the heading and the lines of a list; facets have a column if there are any."""
    counted = ["KEYS", "TABLES"]
    if any(each.facets for each in objects):
        counted.append("FACETS")
    lines = [_line(each, len(counted)) for each in objects]
    return ["NAME", "SIZE", *counted, "ALARM"], lines


def _line(summary: Summary, counted: int) -> list[str]:
    name = summary.place.id if summary.place.name is None else summary.place.name
    if summary.damage is not None:
        return [name, size_text(summary.size), *["-"] * counted, f"damaged: {summary.damage}"]
    alarm = "-" if summary.alarm_ms is None else time_text(summary.alarm_ms)
    counts = (summary.keys, summary.tables, summary.facets)[:counted]
    return [name, size_text(summary.size), *map(str, counts), alarm]


def columned(heading: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Give lines in columns below their heading."""
    table = [list(heading), *(list(each) for each in lines)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(
        (
            "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )


def contents_lines(
    contents: Contents, as_text: Callable[[object], str], as_line: Callable[[object], str]
) -> Generator[str]:
    """Yield the lines that say what an object or a facet stores."""
    if contents.alarm_ms is not None:
        yield f"alarm  {time_text(contents.alarm_ms)}"
    for key, value in contents.keys.items():
        yield _indented(f"{key!r}: ", as_text(value))
    for table in contents.tables:
        shown = "" if table.count <= len(table.rows) else f", the first {len(table.rows)}"
        yield f"\n{table.name}: {count(table.count, 'row')}{shown}"
        yield columned(table.columns, (map(as_line, row) for row in table.rows))
    for name, facet in contents.facets.items():
        yield f"\nfacet {name!r}"
        for line in contents_lines(facet, as_text, as_line):
            yield "\n".join(f"  {each}".rstrip() for each in line.split("\n"))


def _indented(head: str, text: str) -> str:
    return "  " + head + text.replace("\n", "\n" + " " * (len(head) + 2))


def contents_as_json(contents: Contents, convert: Callable[[object], object]) -> dict[str, object]:
    """Give what an object or a facet stores, each value as `convert` has it."""
    return {
        "alarm": contents.alarm_ms,
        "keys": {key: convert(value) for key, value in contents.keys.items()},
        "tables": {
            table.name: [
                dict(zip(table.columns, map(convert, row), strict=True)) for row in table.rows
            ]
            for table in contents.tables
        },
        "facets": {
            name: contents_as_json(facet, convert) for name, facet in contents.facets.items()
        },
    }


def time_text(ms: int) -> str:
    """Give a time in the zone of this machine."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone().isoformat(" ", "milliseconds")


def size_text(size: int) -> str:
    """Give a number of bytes."""
    return f"{size / 1024:,.0f} KB"


def count(number: int, noun: str) -> str:
    """Give a number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

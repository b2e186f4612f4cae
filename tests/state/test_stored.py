from __future__ import annotations

import errno
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pydo.clone import UNDEFINED, ByIdentity
from pydo.errors import StateError
from pydo.state import as_json, as_line, as_text, find_object, read, summarize
from pydo.state.stored import Contents, Table, Unreadable

if TYPE_CHECKING:
    from .conftest import Stored


def test_an_object_is_summed_up(stored: Stored) -> None:
    stored.write("a", {"k": 1, "l": 2}, "CREATE TABLE t (a)", alarm_ms=1_800_000_000_123)

    summary = summarize(find_object(stored.state, "Notes/a"))

    assert (summary.keys, summary.tables, summary.alarm_ms) == (2, 1, 1_800_000_000_123)
    assert summary.size >= 8192
    assert summary.damage is None


def test_all_that_it_stores_is_read(stored: Stored) -> None:
    stored.write(
        "a",
        {"k": {"list": [1, None]}},
        'CREATE TABLE "odd ""name" (a, b)',
        "INSERT INTO \"odd \"\"name\" VALUES (1, 'x'), (2, x'05'), (3, NULL)",
    )

    contents = read(find_object(stored.state, "Notes/a"), most_rows=2)

    rows = ((1, "x"), (2, b"\x05"))
    assert contents == Contents(
        None, {"k": {"list": [1, None]}}, (Table('odd "name', ("a", "b"), rows, 3),)
    )


def test_an_object_that_has_stored_nothing_is_empty(stored: Stored) -> None:
    stored.write("a", {"k": 1})
    place = find_object(stored.state, "Notes/a")
    place.database.unlink()

    assert read(place) == Contents()
    assert summarize(place).keys == 0


def test_a_damaged_file_is_told_with_its_path(stored: Stored) -> None:
    stored.write("a", {"k": 1})
    place = find_object(stored.state, "Notes/a")
    place.database.write_bytes(b"no database" * 1000)
    for log in place.directory.glob("*-wal"):
        log.unlink()

    assert summarize(place).damage == "file is not a database"
    with pytest.raises(StateError, match=r"db\.sqlite cannot be read"):
        read(place)


def test_a_value_that_is_damaged_leaves_the_others(stored: Stored) -> None:
    stored.write("a", {"good": 1, "bad": 2}, "UPDATE _cf_KV SET value = x'ff0f' WHERE key = 'bad'")

    keys = read(find_object(stored.state, "Notes/a")).keys

    assert keys["good"] == 1
    assert isinstance(keys["bad"], Unreadable)


def itself() -> object:
    value: dict[str, object] = {"a": 1}
    value["self"] = [value]
    return value


VALUES: list[tuple[object, str, object]] = [
    ("text", "'text'", "text"),
    (1.5, "1.5", 1.5),
    (2**70, str(2**70), {"$type": "bigint", "value": str(2**70)}),
    (float("inf"), "inf", {"$type": "number", "value": "Infinity"}),
    (float("nan"), "nan", {"$type": "number", "value": "NaN"}),
    (float("-inf"), "-inf", {"$type": "number", "value": "-Infinity"}),
    (UNDEFINED, "undefined", {"$type": "undefined"}),
    (b"\x01", r"b'\x01'", {"$type": "bytes", "base64": "AQ=="}),
    (bytes(33), f"{bytes(32)!r}… (33 bytes)", {"$type": "bytes", "base64": "A" * 44}),
    (
        datetime(2026, 1, 1, tzinfo=UTC),
        "2026-01-01T00:00:00+00:00",
        {"$type": "date", "value": "2026-01-01T00:00:00+00:00"},
    ),
    ([1, [2]], "[1, [2]]", [1, [2]]),
    ([ByIdentity([1])], "[[1]]", [[1]]),
    ({1}, "{1}", {"$type": "set", "values": [1]}),
    ({"a": {"b": None}}, "{'a': {'b': None}}", {"a": {"b": None}}),
    ({1: "x"}, "{1: 'x'}", {"$type": "map", "entries": [[1, "x"]]}),
    (
        {ByIdentity([1]): 2},
        "{[1]: 2}",
        {"$type": "map", "entries": [[[1], 2]]},
    ),
    (itself(), "{'a': 1, 'self': [<itself>]}", {"a": 1, "self": [{"$type": "itself"}]}),
    (Unreadable("cut"), "<unreadable: cut>", {"$type": "unreadable", "reason": "cut"}),
]


@pytest.mark.parametrize(("value", "text", "converted"), VALUES, ids=[each[1] for each in VALUES])
def test_a_value_is_shown(value: object, text: str, converted: object) -> None:
    assert as_text(value) == text
    assert as_json(value) == converted
    json.dumps(as_json(value), allow_nan=False)


def test_long_values_are_cut_as_text() -> None:
    assert as_text("x" * 5000).endswith(" characters)")
    assert len(as_text("x" * 5000)) < 4100
    assert as_line("x" * 100) == f"'{'x' * 59}… (102 characters)"
    assert "\n" not in as_line(["x" * 20] * 20)


def test_an_object_without_keys_has_tables_only(stored: Stored) -> None:
    stored.write("a", {}, "CREATE TABLE t (a)")

    contents = read(find_object(stored.state, "Notes/a"))

    assert contents.keys == {}
    assert [table.name for table in contents.tables] == ["t"]
    assert summarize(find_object(stored.state, "Notes/a")).keys == 0


def test_a_file_that_a_power_loss_has_emptied_is_not_lost_by_looking_at_it(stored: Stored) -> None:
    stored.write("a", {"k": 1}, alarm_ms=1_800_000_000_123)
    place = find_object(stored.state, "Notes/a")
    assert place.database.with_name("db.sqlite-wal").stat().st_size > 0
    place.database.write_bytes(b"")

    assert summarize(place).alarm_ms == 1_800_000_000_123
    assert read(place).keys == {"k": 1}


def test_a_file_that_the_system_does_not_give_is_told_of(stored: Stored) -> None:
    stored.write("a", {"k": 1})
    place = find_object(stored.state, "Notes/a")
    place.database.unlink()
    place.database.symlink_to(place.database)

    assert summarize(place).damage == os.strerror(errno.ELOOP)

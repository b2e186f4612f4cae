"""The key-value table: each operation, and listing against a model that looks at every key."""

from __future__ import annotations

import random
from itertools import product
from typing import TYPE_CHECKING

import pytest

from pydo.errors import JsException
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.database import Database
from pydo.runtime.kv import KeyValueTable, ListOptions

from .conftest import Object, failure_of, on_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Core

TOO_BIG = "string or blob too big: SQLITE_TOOBIG"
FOUR_MIB = 4 * 1024 * 1024


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "object", OpenDatabases(8), lambda: None)
    yield database
    database.close()


@pytest.fixture
def table(database: Database) -> KeyValueTable:
    return KeyValueTable(database)


def test_a_table_that_nobody_wrote_to_is_empty(table: KeyValueTable, database: Database) -> None:
    assert table.get("a") is None
    assert table.get_many(["a", "b"]) == []
    assert table.list(ListOptions()) == []
    assert table.delete("a") is False
    assert table.delete_many(["a", "b"]) == 0
    table.put_many([])

    assert not database.path.exists()


def test_a_file_without_the_table_counts_as_empty(table: KeyValueTable, database: Database) -> None:
    database.writing().execute("CREATE TABLE other (a)")

    assert table.get("a") is None
    assert table.list(ListOptions()) == []
    assert table.delete("a") is False


def test_what_is_put_is_got_until_it_is_deleted(table: KeyValueTable) -> None:
    table.put("a", b"1")
    table.put("a", b"2")
    table.put("", b"the empty key")

    assert table.get("a") == b"2"
    assert table.get("") == b"the empty key"
    assert table.delete("a") is True
    assert table.delete("a") is False
    assert table.get("a") is None


def test_several_keys_come_in_their_order_without_those_that_are_missing(
    table: KeyValueTable,
) -> None:
    table.put_many([("b", b"2"), ("\U0001f600", b"4"), ("\uffff", b"3"), ("a", b"1")])

    found = table.get_many(["\U0001f600", "b", "missing", "\uffff", "a", "b"])

    assert found == [("a", b"1"), ("b", b"2"), ("\uffff", b"3"), ("\U0001f600", b"4")]


def test_deleting_several_keys_counts_those_that_existed(table: KeyValueTable) -> None:
    table.put_many([("a", b""), ("b", b"")])

    assert table.delete_many(["a", "b", "missing", "a"]) == 2
    assert table.list(ListOptions()) == []


def test_hundreds_of_keys_go_in_one_call(table: KeyValueTable) -> None:
    entries = [(f"{number:04}", str(number).encode()) for number in range(1000)]

    table.put_many(entries)

    assert table.get_many([key for key, _ in entries]) == entries


def test_the_table_is_made_again_after_everything_was_deleted(
    table: KeyValueTable, database: Database
) -> None:
    table.put("a", b"1")

    database.delete_all()

    assert table.get("a") is None
    table.put("b", b"2")
    assert table.list(ListOptions()) == [("b", b"2")]


def test_the_table_is_made_again_after_its_making_was_taken_back(
    table: KeyValueTable, database: Database
) -> None:
    table.put("a", b"1")

    database.rollback_turn()

    assert table.get("a") is None
    table.put("b", b"2")
    database.end_turn()
    database.commit()
    assert table.list(ListOptions()) == [("b", b"2")]


# -- too big


def test_a_value_may_have_nearly_4_mib(table: KeyValueTable) -> None:
    value = bytes(FOUR_MIB - 64)

    table.put("a", value)

    assert table.get("a") == value


USES: dict[str, Callable[[KeyValueTable], object]] = {
    "put of a value": lambda table: table.put("b", bytes(FOUR_MIB + 1)),
    "put of a key": lambda table: table.put("b" * (FOUR_MIB + 1), b""),
    "put of several": lambda table: table.put_many([("b", b""), ("c", bytes(FOUR_MIB + 1))]),
    "get": lambda table: table.get("b" * (FOUR_MIB + 1)),
    "get of several": lambda table: table.get_many(["a", "b" * (FOUR_MIB + 1)]),
    "delete": lambda table: table.delete("b" * (FOUR_MIB + 1)),
    "delete of several": lambda table: table.delete_many(["b", "b" * (FOUR_MIB + 1)]),
    "list": lambda table: table.list(ListOptions(prefix="b" * (FOUR_MIB + 1))),
}


@pytest.mark.parametrize("use", USES)
def test_what_is_over_4_mib_is_refused_and_nothing_of_it_is_stored(
    table: KeyValueTable, use: str
) -> None:
    table.put("a", b"1")

    with pytest.raises(JsException) as refused:
        USES[use](table)

    assert (refused.value.name, refused.value.message) == ("Error", TOO_BIG)
    assert table.list(ListOptions()) == [("a", b"1")]


# -- listing


KEYS = [
    "",
    "\0",
    "A",
    "a",
    "a\0",
    "a\0b",
    "aa",
    "ab",
    "b",
    "é",
    "éa",
    "\ud7fe",
    "\ud7ff",
    "\ud7ffz",
    "\ue000",
    "\uffff",
    "\uffffa",
    "\U0001f600",
    "\U0010fffe",
    "\U0010ffff",
    "\U0010ffff\U0010ffff",
    "\U0010ffff\U0010ffffz",
    "x\U0010ffff",
    "x\U0010ffff!",
    "y",
]
PREFIXES = ["", "a", "a\0", "b", "é", "\ud7ff", "\uffff", "\U0010ffff", "x\U0010ffff", "nothing"]
BOUNDS = [None, "", "a", "a\0", "ab", "\ud7ff", "\uffff", "\U0001f600", "y"]


def model(options: ListOptions) -> list[str]:
    chosen = [
        key
        for key in sorted(KEYS, key=str.encode)
        if key.startswith(options.prefix)
        and (options.start is None or key.encode() >= options.start.encode())
        and (options.start_after is None or key.encode() > options.start_after.encode())
        and (options.end is None or key.encode() < options.end.encode())
    ]
    if options.reverse:
        chosen.reverse()
    return chosen[: options.limit]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_listing_gives_what_looking_at_every_key_gives(table: KeyValueTable, prefix: str) -> None:
    shuffled = random.Random(1).sample(KEYS, len(KEYS))  # noqa: S311 - only an order
    table.put_many([(key, key.encode()) for key in shuffled])

    starts = [("start", bound) for bound in BOUNDS] + [("start_after", bound) for bound in BOUNDS]
    for (kind, start), end, limit, reverse in product(
        starts, BOUNDS, [None, 1, 2, 100], [False, True]
    ):
        options = ListOptions(
            start=start if kind == "start" else None,
            start_after=start if kind == "start_after" else None,
            end=end,
            prefix=prefix,
            limit=limit,
            reverse=reverse,
        )
        assert table.list(options) == [(key, key.encode()) for key in model(options)], options


def test_a_start_and_a_start_after_exclude_each_other() -> None:
    with pytest.raises(JsException) as refused:
        ListOptions(start="a", start_after="b")

    assert str(refused.value) == (
        "TypeError: list() cannot be called with both start and startAfter values."
    )


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_is_positive(limit: int) -> None:
    with pytest.raises(JsException) as refused:
        ListOptions(limit=limit)

    assert str(refused.value) == "TypeError: List limit must be positive."


# -- in an object


async def test_deleting_all_is_seen_at_once_and_forgets_what_was_not_committed(core: Core) -> None:
    class Deleting(Object):
        async def delete_all(self) -> list[int]:
            self.write(2)
            self.actor.delete_all()
            found = [self.read(), self.read("other")]
            self.write(3, "new")
            return found

    deleting = core.stub(Deleting)
    await deleting.call("put", 1)

    assert await deleting.call("delete_all") == [0, 0]
    assert on_disk(deleting.file) == {"new": 3}


async def test_an_abort_after_a_savepoint_leaves_the_table_usable(core: Core) -> None:
    class Writing(Object):
        async def hold(self) -> None:
            self.actor.block_concurrency_while(lambda: None)

        async def abort(self) -> None:
            self.write(9)
            self.actor.abort("over")

    stub = core.stub(Writing)
    holding = stub.call("hold")
    writing, aborting = stub.call("put", 1), stub.call("abort")

    await holding
    await failure_of(aborting)
    del writing
    assert await core.stub(Writing).call("get") == 1


# -- listing one by one


def test_40_a_pass_over_the_keys_ends_when_another_begins(table: KeyValueTable) -> None:
    table.put_many([("a", b"1"), ("b", b"2")])
    first = table.iterate(ListOptions())
    assert first.next() == ("a", b"1")

    second = table.iterate(ListOptions(reverse=True))

    for _ in range(2):
        with pytest.raises(JsException, match="iterator was invalidated"):
            first.next()
    assert second.next() == ("b", b"2")
    assert table.list(ListOptions(limit=1)) == [("a", b"1")]
    with pytest.raises(JsException, match="iterator was invalidated"):
        second.next()


def test_a_pass_that_is_over_stays_over(table: KeyValueTable, database: Database) -> None:
    table.put("a", b"1")
    listing = table.iterate(ListOptions())
    assert (listing.next(), listing.next()) == (("a", b"1"), None)
    assert not database.cursors.open

    table.iterate(ListOptions())

    assert listing.next() is None


def test_a_pass_over_nothing_gives_nothing(table: KeyValueTable) -> None:
    assert table.iterate(ListOptions()).next() is None


def test_a_pass_that_nobody_holds_is_gone(table: KeyValueTable, database: Database) -> None:
    table.put("a", b"1")
    listing = table.iterate(ListOptions())
    database.end_turn()
    database.commit()
    assert database.is_pinned

    del listing

    assert not database.is_pinned
    table.iterate(ListOptions())


def test_a_pass_that_is_interrupted_fails(table: KeyValueTable, database: Database) -> None:
    table.put_many([(str(number), b"") for number in range(1000)])
    listing = table.iterate(ListOptions())
    listing.next()

    database.interrupt()

    for _ in range(2):
        with pytest.raises(JsException, match="interrupted: SQLITE_INTERRUPT"):
            listing.next()


def test_a_pass_ends_with_the_keys(table: KeyValueTable, database: Database) -> None:
    table.put("a", b"1")
    listing = table.iterate(ListOptions())

    database.delete_all()

    with pytest.raises(JsException, match="internal error; reference = "):
        listing.next()

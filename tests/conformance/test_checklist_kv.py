"""Numbers 14 to 41 of the reference's checklist: keys, transactions, the synchronous interface.

What only JavaScript can say has its Python twin: `undefined` is the None of the storage beneath the
SDK's, null that of the SDK's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLONE = "DataCloneError"


@pytest.fixture
def old_lab(tmp_path: Path) -> Iterator[Lab]:
    """Objects of a project that is older than the flag `delete_all_deletes_alarm`."""
    lab = Lab(tmp_path, date="2026-02-23")
    yield lab
    lab.close()


def test_014_a_key_that_is_missing_is_undefined(lab: Lab) -> None:
    assert lab.run_in("return [await s.get('nope'), await raw.get('nope')]") == [None, None]


def test_015_several_keys_give_those_that_exist_in_the_order_of_keys(lab: Lab) -> None:
    program = """
    await s.put({"b": 2, "a": 1, "c": 3})
    found = await raw.get(to_js(["c", "nope", "a", "c"]))
    return [str(type(found).__name__), list(found.to_py().items())]
    """

    _, found = lab.run_in(program)

    assert found == [["a", 1], ["c", 3]]


def test_016_undefined_is_no_value_to_put(lab: Lab) -> None:
    programs = ("await raw.put('k', None)", "await raw.put('k')")

    assert lab.run_in(*programs) == ["TypeError: put() called with undefined value."] * 2


def test_017_undefined_members_are_left_out(lab: Lab) -> None:
    program = """
    await raw.put(to_js({"a": None, "b": 1}, dict_converter=Object.fromEntries))
    return list((await raw.list()).to_py().items())
    """

    assert lab.run_in(program) == [["b", 1]]


def test_018_null_is_a_value(lab: Lab) -> None:
    program = """
    await s.put("k", None)
    return [(await raw.get("k")) is jsnull, await s.get("k"), list(await s.list())]
    """

    assert lab.run_in(program) == [True, None, ["k"]]


def test_019_delete_tells_what_there_was(lab: Lab) -> None:
    program = """
    await s.put({"a": 1, "b": 2, "k": 3})
    return [await s.delete("k"), await s.delete("k"), await s.delete(["a", "b", "missing"])]
    """

    assert lab.run_in(program) == [True, False, 2]


def test_020_keys_are_ordered_as_their_utf_8_is(lab: Lab) -> None:
    program = r"""
    for key in ("\U0001F600", "\uffff", "b", "a", ""):
        await s.put(key, 1)
    return list(await s.list())
    """

    assert lab.run_in(program) == ["", "a", "b", "\uffff", "\U0001f600"]


def test_021_a_range_has_its_start_and_not_its_end(lab: Lab) -> None:
    program = """
    await s.put({"a": 1, "b": 2, "c": 3})
    return [list(await s.list(start="a", end="c")), list(await s.list(startAfter="a")),
            list(await s.list({"start": "b"}))]
    """

    assert lab.run_in(program) == [["a", "b"], ["b", "c"], ["b", "c"]]


def test_022_a_range_has_one_start(lab: Lab) -> None:
    assert lab.run_in("await s.list(start='a', startAfter='b')") == (
        "TypeError: list() cannot be called with both start and startAfter values."
    )


@pytest.mark.parametrize("limit", [0, -1])
def test_023_a_limit_is_positive(lab: Lab, limit: int) -> None:
    assert lab.run_in(f"await s.list(limit={limit})") == ("TypeError: List limit must be positive.")


def test_024_a_reversed_list_begins_with_the_last_key(lab: Lab) -> None:
    program = """
    await s.put({"o": 0, "p1": 1, "p2": 2, "q": 3})
    return list((await s.list(reverse=True, limit=1, prefix="p")).items())
    """

    assert lab.run_in(program) == [["p2", 2]]


def test_025_an_empty_range_is_no_error(lab: Lab) -> None:
    program = """
    await s.put({"a": 1, "b": 2})
    return [list(await s.list(start="b", end="a")), list(await s.list(prefix="a", start="b"))]
    """

    assert lab.run_in(program) == [[], []]


def test_026_what_get_gives_is_a_copy(lab: Lab) -> None:
    program = """
    await s.put("k", {"list": [1]})
    (await s.get("k"))["list"].append(2)
    return (await s.get("k"))["list"]
    """

    assert lab.run_in(program) == [1]


def test_027_what_cannot_be_cloned_is_not_written_nor_what_comes_with_it(lab: Lab) -> None:
    one, several, keys = lab.run_in(
        "await s.put('k', create_proxy(print))",
        "await s.put({'a': 1, 'f': create_proxy(print), 'z': 2})",
        "return list(await s.list())",
    )

    assert one.startswith(CLONE)
    assert several.startswith(CLONE)
    assert keys == []


def test_028_two_hundred_keys_can_be_put_and_got_at_once(lab: Lab) -> None:
    program = """
    await s.put({f"k{n}": n for n in range(200)})
    found = await s.get([f"k{n}" for n in range(200)])
    return [len(found), await s.delete([f"k{n}" for n in range(200)])]
    """

    assert lab.run_in(program) == [200, 200]


def test_029_a_key_or_a_value_above_four_mebibytes_is_too_big(lab: Lab) -> None:
    too_big = "Error: string or blob too big: SQLITE_TOOBIG"

    assert lab.run_in(
        "await s.put('k' * (4 * 1024 * 1024 + 1), 1)",
        "await s.put('k', 'v' * (4 * 1024 * 1024 + 1))",
        "await s.put('k' * 4000000, 1)\nreturn len(next(iter(await s.list())))",
    ) == [too_big, too_big, 4000000]


def test_030_delete_all_is_seen_at_once_and_takes_the_tables(lab: Lab) -> None:
    program = """
    await s.put("k", 1)
    q.exec("CREATE TABLE t (a)")
    promise = raw.deleteAll()
    found = await s.get("k")
    await promise
    return [found, error_of(lambda: q.exec("SELECT * FROM t"))]
    """

    found, error = lab.run_in(program)

    assert found is None
    assert error.startswith("Error: no such table: t")


ALARM_AND_DELETE = """
await s.setAlarm(1800000000000)
await s.put("k", 1)
await s.deleteAll()
return [await s.getAlarm() is not None, await s.get("k")]
"""


def test_031_delete_all_deletes_the_alarm_too(lab: Lab) -> None:
    assert lab.run_in(ALARM_AND_DELETE) == [False, None]


def test_031_before_2026_02_24_delete_all_keeps_the_alarm(old_lab: Lab) -> None:
    assert old_lab.run_in(ALARM_AND_DELETE) == [True, None]


def test_032_a_transaction_does_not_delete_all(lab: Lab) -> None:
    refused = "Error: Cannot call deleteAll() within a transaction"
    on_txn = """
    async def body(txn):
        txn.deleteAll()
    await s.transaction(body)
    """
    on_storage = """
    async def body(txn):
        await s.deleteAll()
    await s.transaction(body)
    """

    assert lab.run_in(on_txn, on_storage) == [refused, refused]


def test_033_a_transaction_that_raises_is_taken_back_and_the_object_goes_on(lab: Lab) -> None:
    raising = """
    self.seen.append("kept in memory")
    async def body(txn):
        await txn.put("k", 1)
        await s.put("l", 1)
        raise ValueError("mine")
    try:
        await s.transaction(body)
    except Exception as error:
        return "mine" in str(error)
    """

    assert lab.run_in(raising, "return [self.seen, list(await s.list())]") == [
        True,
        [["kept in memory"], []],
    ]


def test_034_a_transaction_that_is_rolled_back_resolves_and_ends(lab: Lab) -> None:
    program = """
    said = []
    async def body(txn):
        await txn.put("k", 1)
        txn.rollback()
        txn.rollback()
        for use in (lambda: txn.put("l", 1), lambda: txn.get("k"), lambda: txn.list(),
                    lambda: txn.delete("k"), lambda: txn.getAlarm(),
                    lambda: txn.setAlarm(1800000000000), lambda: txn.deleteAlarm()):
            said.append(error_of(use))
        return 7
    return [await s.transaction(body), said, list(await s.list())]
    """
    operations = ("put", "get", "list", "delete", "getAlarm", "setAlarm", "deleteAlarm")

    assert lab.run_in(program) == [
        7,
        [f"Error: Cannot {each}() on rolled back transaction" for each in operations],
        [],
    ]


def test_035_a_transaction_that_is_committed_has_ended(lab: Lab) -> None:
    program = """
    kept = []
    async def body(txn):
        kept.append(txn)
        await txn.put("k", 1)
    await s.transaction(body)
    return [error_of(lambda: kept[0].put("l", 1)), list(await s.list())]
    """

    assert lab.run_in(program) == [
        (
            "Error: Cannot call put() on transaction that has already committed: did you move `txn`"
            " outside of the closure?"
        ),
        ["k"],
    ]


def test_036_what_a_nested_transaction_kept_goes_with_the_outer_one(lab: Lab) -> None:
    program = """
    async def inner(txn):
        await txn.put("inner", 1)
    async def outer(txn):
        await txn.put("outer", 1)
        await s.transaction(inner)
        txn.rollback()
    await s.transaction(outer)
    return list(await s.list())
    """

    assert lab.run_in(program) == []


def test_037_a_synchronous_transaction_gives_its_value_and_nests(lab: Lab) -> None:
    program = """
    q.exec("CREATE TABLE t (a)")
    def inner():
        q.exec("INSERT INTO t VALUES (2)")
        s.kv.put("inner", 1)
        raise ValueError("inner")
    def outer():
        q.exec("INSERT INTO t VALUES (1)")
        try:
            s.transactionSync(inner)
        except Exception as error:
            assert "inner" in str(error), error
        return "value"
    given = s.transactionSync(outer)
    return [given, rows(q.exec("SELECT a FROM t")), [k for k, _ in s.kv.list()]]
    """

    assert lab.run_in(program) == ["value", [{"a": 1}], []]


def test_038_the_synchronous_interface_sees_the_other_one_s_keys(lab: Lab) -> None:
    program = """
    await s.put("a", 1)
    s.kv.put("b", 2)
    return [s.kv.get("a"), await s.get("b"), s.kv.delete("a"), s.kv.delete("a"),
            await s.get("a")]
    """

    assert lab.run_in(program) == [1, 2, True, False, None]


def test_039_the_synchronous_interface_keeps_undefined(lab: Lab) -> None:
    program = """
    raw.kv.put("k", None)
    return [[list(pair) for pair in raw.kv.list()], raw.kv.get("k"), raw.kv.delete("k")]
    """

    assert lab.run_in(program) == [[["k", None]], None, True]


def test_040_there_is_one_pass_over_the_keys_at_a_time(lab: Lab) -> None:
    program = """
    await s.put({"a": 1, "b": 2})
    first = raw.kv.list()
    first.next()
    second = raw.kv.list()
    return [error_of(first.next), list(second.next().value)]
    """

    assert lab.run_in(program) == [
        (
            "Error: kv.list() iterator was invalidated because a new call to kv.list() was started."
            " Only one kv.list() iterator can exist at a time."
        ),
        ["a", 1],
    ]


def test_041_a_class_without_sql_refuses_sql_and_synchronous_keys(lab: Lab) -> None:
    program = """
    await s.put("k", 1)
    sql, kv = s.sql, s.kv
    return [await s.get("k"), error_of(lambda: sql.exec("SELECT 1")), error_of(lambda: kv.get("k"))]
    """

    found, sql, kv = lab.run_in(program, class_name="B")

    assert found == 1
    assert sql.startswith(
        "Error: SQL is not enabled for this Durable Object class. To enable it, change"
        " `new_classes` to `new_sqlite_classes`"
    )
    assert "directly,set `enableSql = true`" in sql
    assert kv.startswith(
        "Error: The storage.kv (synchronous KV) API is only available for SQLite-backed Durable"
        " Objects, but this object's namespace is not declared to use SQLite. You can use the"
        " older, asyncronous interface via methods of `storage` itself"
    )

"""`storage.kv` by the answers that workerd gives to the same calls.

Each test bears the number of the reference's checklist where there is one.
"""

# ruff: noqa: E501 - programs are one line each
from __future__ import annotations

from typing import TYPE_CHECKING

from tests.host.test_sql import project, run

if TYPE_CHECKING:
    from tests.host.project import Project

__all__ = ["project"]

INVALIDATED = (
    "Error: kv.list() iterator was invalidated because a new call to kv.list() was started. Only"
    " one kv.list() iterator can exist at a time."
)
WRONG = "TypeError: Failed to execute '{}' on 'SyncKvStorage': parameter {} is not of type '{}'."
KV = "kv = raw_storage(s).kv\n"


def test_38_the_two_key_value_interfaces_are_one(project: Project) -> None:
    source = """
await s.put("a", {"x": [1]})
s.kv.put("b", [2])
return [s.kv.get("a")["x"], await s.get("b"), [k for k, _ in s.kv.list()], s.kv.delete("a"),
        s.kv.delete("a"), [k for k, _ in s.kv.list(limit=1, reverse=True)], s.kv.get("nope")]
"""

    assert run(project, source) == [[1], [2], ["a", "b"], True, False, ["b"], None]


def test_39_undefined_is_a_value(project: Project) -> None:
    source = (
        KV
        + """
kv.put("x", None)
listed = [list(pair) for pair in kv.list()]
return [listed, kv.get("x"), kv.delete("x"), kv.delete("x")]
"""
    )

    assert run(project, source) == [[["x", None]], None, True, False]


def test_39_what_is_missing_is_not_undefined(project: Project) -> None:
    source = (
        KV
        + """
return [told(lambda: kv.put("x")), told(kv.put), told(kv.get), told(kv.delete), told(lambda: kv.list(5)),
        told(lambda: kv.put("f", lambda: 1)), list(kv.list())]
"""
    )

    *wrong, function, keys = run(project, source)

    assert wrong == [
        WRONG.format("put", 2, "JsValue"),
        WRONG.format("put", 1, "string"),
        WRONG.format("get", 1, "string"),
        WRONG.format("delete", 1, "string"),
        WRONG.format("list", 1, "ListOptions"),
    ]
    assert function.startswith("DataCloneError: ")
    assert keys == []


def test_40_there_is_one_listing_at_a_time(project: Project) -> None:
    source = (
        KV
        + """
kv.put("a", 1)
kv.put("b", 2)
first = kv.list()
second = kv.list()
both = [told(first.next), list(second.next().value)]
await s.list()
third = kv.list()
done = [list(pair)[0] for pair in third]
kv.list()
return [both, told(second.next), done, third.next().done]
"""
    )

    assert run(project, source) == [[INVALIDATED, ["a", 1]], INVALIDATED, ["a", "b"], True]


def test_40_a_listing_sees_what_changes_meanwhile(project: Project) -> None:
    source = (
        KV
        + """
for key in "abc":
    kv.put(key, 1)
listing = kv.list()
first = listing.next().value[0]
kv.delete("b")
await s.put("z", 1)
await asyncio.sleep(0.001)
return [first, [pair[0] for pair in listing.toArray()], listing.toString(), kv.toString()]
"""
    )

    assert run(project, source) == [
        "a",
        ["c", "z"],
        "[object ListIterator]",
        "[object SyncKvStorage]",
    ]


def test_30_a_listing_ends_with_the_keys_that_it_lists(project: Project) -> None:
    source = (
        KV
        + """
kv.put("a", 1)
listing = kv.list()
await s.deleteAll()
return [told(listing.next), list(kv.list())]
"""
    )

    said, after = run(project, source)

    assert said.startswith("Error: internal error; reference = ")
    assert after == []


def test_22_options_are_those_of_the_asynchronous_list(project: Project) -> None:
    source = (
        KV
        + """
for key in "abcd":
    kv.put(key, key)
def keys(**named):
    return "".join(pair[0] for pair in kv.list(**named))
return [keys(start="b"), keys(startAfter="b"), keys(end="c"), keys(prefix="b"), keys(limit=2), keys(reverse=True, limit=2),
        keys(start="c", end="a"), keys(limit="2"), keys(limit=1.5), keys(start=jsnull),
        told(lambda: kv.list(limit=0)), told(lambda: kv.list(limit=jsnull)), told(lambda: kv.list(start="a", startAfter="b"))]
"""
    )

    positive = "TypeError: List limit must be positive."
    assert run(project, source) == [
        *("bcd", "cd", "ab", "b", "ab", "dc", "", "ab", "a", ""),
        positive,
        positive,
        "TypeError: list() cannot be called with both start and startAfter values.",
    ]


def test_41_a_class_without_sql_has_no_synchronous_keys(project: Project) -> None:
    project.bound["A"].has_sql = False
    source = (
        KV
        + """
return [told(lambda: kv.get("a")), told(lambda: kv.put("a", 1)), told(lambda: kv.delete("a")), told(kv.list)]
"""
    )

    refused = (
        "Error: The storage.kv (synchronous KV) API is only available for SQLite-backed Durable"
        " Objects, but this object's namespace is not declared to use SQLite. You can use the"
        " older, asyncronous interface via methods of `storage` itself (e.g. `storage.get()`)."
        " Alternatively, to enable SQLite, change `new_classes` to `new_sqlite_classes` within the"
        " 'migrations' field in your wrangler.jsonc or wrangler.toml file. If using workerd"
        " directly, set `enableSql = true` in your workerd config for the class. Note that this"
        " change cannot be made after the class is already deployed to production."
    )
    assert run(project, source) == [refused] * 4

"""What the methods of storage take, by the answers of wrangler 4.86 to the same calls."""

# ruff: noqa: E501 - messages are one line each
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .lab import Lab

FORMS = (
    "TypeError: put() may only be called with a single key-value pair and optional options as put(key, value,"
    " options) or with multiple key-value pairs and optional options as put(entries, options)"
)
UNDEFINED = "TypeError: put() called with undefined value."
RANGE = "TypeError: Value out of range. Must be between -2147483648 and 2147483647 (inclusive)."
LIMIT = "TypeError: List limit must be positive."


def wrong(method: str, position: int, wanted: str) -> str:
    return (
        f"TypeError: Failed to execute '{method}' on 'DurableObjectStorage': parameter {position}"
        f" is not of type '{wanted}'."
    )


REFUSED = [
    ("get()", wrong("get", 1, "string or Array")),
    ("get('a', 5)", wrong("get", 2, "GetOptions")),
    ("put()", wrong("put", 1, "string or object")),
    ("put('k')", UNDEFINED),
    ("put('k', None, obj())", UNDEFINED),
    ("put('k', 1, 5)", wrong("put", 3, "PutOptions")),
    ("put(to_js([]))", UNDEFINED),
    ("put(obj(a=1), 5)", FORMS),
    ("put(obj(a=1), 'x')", FORMS),
    ("put(obj(a=1), True)", FORMS),
    ("put(js.Map.new(), 5)", FORMS),
    ("put(js.Date.new(0), 1)", FORMS),
    ("delete()", wrong("delete", 1, "string or Array")),
    ("delete('k', 5)", wrong("delete", 2, "PutOptions")),
    ("deleteAll(5)", wrong("deleteAll", 1, "PutOptions")),
    ("list(5)", wrong("list", 1, "ListOptions")),
    ("list('x')", wrong("list", 1, "ListOptions")),
    ("list(limit=float('nan'))", LIMIT),
    ("list(limit=jsnull)", LIMIT),
    ("list(limit=0.5)", LIMIT),
    ("list(limit='x')", LIMIT),
    ("list(limit=2 ** 31)", RANGE),
    ("list(limit=2 ** 32 + 1)", RANGE),
    ("getAlarm(5)", wrong("getAlarm", 1, "GetAlarmOptions")),
    ("setAlarm()", wrong("setAlarm", 1, "date")),
    ("setAlarm(1900000000000, 5)", wrong("setAlarm", 2, "SetAlarmOptions")),
    ("deleteAlarm(5)", wrong("deleteAlarm", 1, "SetAlarmOptions")),
    ("transaction()", wrong("transaction", 1, "function")),
    ("transaction(5)", wrong("transaction", 1, "function")),
    ("transactionSync()", wrong("transactionSync", 1, "function")),
    ("transactionSync(5)", wrong("transactionSync", 1, "function")),
]
HEAD = "def obj(**members): return to_js(members, dict_converter=Object.fromEntries)\n"


@pytest.mark.parametrize(("call", "said"), REFUSED)
def test_a_call_is_refused(lab: Lab, call: str, said: str) -> None:
    assert lab.run_in(HEAD + f"await raw.{call}") == said
    assert lab.run_in("return list(await s.list())") == []


@pytest.mark.parametrize(
    "call",
    [
        "get()",
        "get('a', 5)",
        "put()",
        "put('k', 1, 5)",
        "delete()",
        "list(5)",
        "setAlarm('x')",
        "getAlarm(5)",
        "deleteAlarm(5)",
    ],
)
def test_a_transaction_refuses_in_its_own_name(lab: Lab, call: str) -> None:
    program = f"""
    async def body(txn):
        await txn.{call}
    await raw.transaction(body)
    """

    said = lab.run_in(program)

    assert said.startswith("TypeError: Failed to execute '")
    assert "' on 'DurableObjectTransaction': parameter " in said


TAKEN: list[tuple[str, list[str]]] = [
    ("put(jsnull, 1)", ["null"]),
    ("put(5, 1)", ["5"]),
    ("put(True, 1)", ["true"]),
    ("put('k', 1, jsnull)", ["k"]),
    ("put(obj())", []),
    ("put(obj(a=1), obj())", ["a"]),
    ("put(obj(a=1), jsnull)", ["a"]),
    ("put(obj(a=1), None)", ["a"]),
    ("put(obj(a=1), obj(), obj())", ["a"]),
    ("put(js.Map.new())", []),
    ("put(js.Date.new(0))", []),
    ("sync(5)", []),
    ("setAlarm(1900000000000, jsnull)", []),
]


@pytest.mark.parametrize(("call", "keys"), TAKEN)
def test_a_call_is_taken(lab: Lab, call: str, keys: list[str]) -> None:
    assert lab.run_in(HEAD + f"await raw.{call}\nreturn list(await s.list())") == keys


FOUND: list[tuple[str, Any]] = [
    ("limit=1.5", ["a"]),
    ("limit='1'", ["a"]),
    ("limit=True", ["a"]),
    ("limit=None", ["a", "n", "true"]),
    ("prefix=jsnull", []),
    ("prefix=''", ["a", "n", "true"]),
    ("start=jsnull", ["true"]),
    ("end=jsnull", ["a", "n"]),
    ("end=''", []),
    ("start=None, startAfter='a'", ["n", "true"]),
    ("reverse='x', limit=1", ["true"]),
    ("reverse=jsnull, limit=1", ["a"]),
    ("nope=1, limit=1", ["a"]),
]


@pytest.mark.parametrize(("options", "keys"), FOUND)
def test_options_of_a_list_are_converted(lab: Lab, options: str, keys: list[str]) -> None:
    program = f"""
    await s.put({{"a": 1, "n": 1, "true": 1}})
    return list((await raw.list({options})).to_py())
    """

    assert lab.run_in(program) == keys


def test_a_lone_surrogate_is_three_replacement_characters(lab: Lab) -> None:
    program = r"""
    await raw.put("\ud800x", 1)
    s.kv.put("\U0001f600", 2)
    found = [k for k in (await raw.list(prefix="\ud800")).to_py()]
    return [found, await raw.get("\ud800x"), await raw.get("\ufffd"), await raw.get("\ud83d\ude00"),
            await raw.delete("\ud800x"), rows(q.exec("SELECT '\ud800' AS a, ? AS b", "\ud800"))]
    """

    assert lab.run_in(program) == [
        ["\ufffd\ufffd\ufffdx"],
        1,
        None,
        2,
        True,
        [{"a": "\ufffd\ufffd\ufffd", "b": "\ufffd\ufffd\ufffd"}],
    ]

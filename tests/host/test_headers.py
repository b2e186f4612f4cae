from __future__ import annotations

from typing import Any

import pytest

from pydo.errors import JsException
from pydo.host.js.collection import JsMap
from pydo.host.js.headers import Headers
from pydo.host.js.object import JsObject
from pydo.host.js.value import jsnull

# Each refusal was read off workerd.
NO_SEQUENCE = "TypeError: Incorrect type: the provided value is not of type 'Sequence'."
NOT_AN_INIT = (
    "TypeError: Failed to construct 'Headers': constructor parameter 1 is not of type "
    "'Headers or Sequence or object'."
)
NOT_A_PAIR = (
    "TypeError: To initialize a Headers object from a sequence, each inner sequence must have "
    "exactly two elements."
)


def pairs(headers: Headers) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers]


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ([("a b", "c")], "TypeError: Invalid header name."),
        ([("a", "c\nd")], "TypeError: Invalid header value."),
        ([("a", "c\0d")], "TypeError: Invalid header value."),
        ([("a", "b", "c")], NOT_A_PAIR),
        ([("a",)], NOT_A_PAIR),
        (["ab"], NO_SEQUENCE),
        ({"ab": "c"}, NO_SEQUENCE),
        ("abc", NOT_AN_INIT),
        (5, NOT_AN_INIT),
        (jsnull, NOT_AN_INIT),
    ],
)
def test_what_is_no_header_is_refused(init: Any, message: str) -> None:
    with pytest.raises(JsException) as refused:
        Headers.new(init)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("init", "expected"),
    [
        (None, []),
        ([("", "c")], [("", "c")]),
        ([("é", "日")], [("é", "日")]),
        ([("a", "  x \t\r\n")], [("a", "x")]),
        (
            JsObject({"A": 1, "b": True, "c": jsnull, "d": None}),
            [("a", "1"), ("b", "true"), ("c", "null"), ("d", "undefined")],
        ),
        (JsMap.new([("a", "b")]), [("a", "b")]),
        ({"a": "b"}.items(), [("a", "b")]),
        (Headers.new([("a", "1")]), [("a", "1")]),
        ([("b", "1"), ("A", "2"), ("B", "3")], [("a", "2"), ("b", "1, 3")]),
        (
            [("z", "1"), ("set-cookie", "1"), ("Set-Cookie", "3")],
            [("set-cookie", "1"), ("set-cookie", "3"), ("z", "1")],
        ),
    ],
)
def test_iteration_is_sorted_and_joined_by_name(init: Any, expected: Any) -> None:
    assert pairs(Headers.new(init)) == expected


def test_headers_are_read_and_changed_by_any_case() -> None:
    headers = Headers.new([("a", "1"), ("b", "2"), ("A", "3")])

    assert headers.get("A") == "1, 3"
    assert headers.get("zz") is jsnull
    headers.set("a", 5)
    headers.append("C", "x")
    headers.delete("B")
    assert headers.has("c")
    assert pairs(headers) == [("a", "5"), ("c", "x")]


def test_cookies_are_kept_apart() -> None:
    headers = Headers.new([("Set-Cookie", "a=1"), ("set-cookie", "b=2")])

    assert headers.get("set-cookie") == "a=1, b=2"
    assert list(headers.getSetCookie()) == ["a=1", "b=2"]
    assert list(headers.getAll("Set-Cookie")) == ["a=1", "b=2"]
    assert headers.pairs() == [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    with pytest.raises(JsException, match=r"getAll\(\) can only be used with"):
        headers.getAll("a")


@pytest.mark.parametrize(
    ("method", "arguments", "position"),
    [("get", (), 1), ("has", (), 1), ("delete", (), 1), ("append", (), 1), ("set", ("a",), 2)],
)
def test_a_missing_argument_is_named(
    method: str, arguments: tuple[str, ...], position: int
) -> None:
    with pytest.raises(JsException) as refused:
        getattr(Headers.new(), method)(*arguments)

    assert str(refused.value) == (
        f"TypeError: Failed to execute '{method}' on 'Headers': parameter {position} is not of "
        "type 'string'."
    )


def test_the_iterators_are_javascripts() -> None:
    headers = Headers.new([("b", "1"), ("a", "2")])
    seen: list[tuple[Any, ...]] = []

    headers.forEach(lambda value, name, of: seen.append((name, value, of is headers)))

    assert seen == [("a", "2", True), ("b", "1", True)]
    assert list(headers.keys()) == ["a", "b"]
    assert list(headers.values()) == ["2", "1"]
    step: Any = headers.entries().next()
    assert (step.done, step.value[0]) == (False, "a")
    assert str(headers) == "[object Headers]"


def test_received_headers_keep_their_case_and_their_order() -> None:
    received = [("X-B", "1"), ("X-A", "2"), ("x-b", "3")]

    assert Headers.received(received).pairs() == [("X-B", "1"), ("X-B", "3"), ("X-A", "2")]

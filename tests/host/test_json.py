from __future__ import annotations

import math
from typing import Any

import pytest

from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.collection import JsMap
from pydo.host.js.date import JsDate
from pydo.host.js.json import parse, stringify
from pydo.host.js.object import JsObject
from pydo.host.js.value import jsnull


# Each text was read off workerd.
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Unexpected end of JSON input"),
        ("{bad", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        ("[1,]", "Unexpected token ']', \"[1,]\" is not valid JSON"),
        ("abc", "Unexpected token 'a', \"abc\" is not valid JSON"),
        (
            '{"a":1}x',
            "Unexpected non-whitespace character after JSON at position 7 (line 1 column 8)",
        ),
        ('{"a"', "Expected ':' after property name in JSON at position 4 (line 1 column 5)"),
        ('"abc', "Unterminated string in JSON at position 4 (line 1 column 5)"),
        ("undefined", '"undefined" is not valid JSON'),
        (
            '{"a":1,}',
            "Expected double-quoted property name in JSON at position 7 (line 1 column 8)",
        ),
        ("NaN", '"NaN" is not valid JSON'),
        (
            "[1 2]",
            "Expected ',' or ']' after array element in JSON at position 3 (line 1 column 4)",
        ),
        ("01", "Unexpected number in JSON at position 1 (line 1 column 2)"),
        (
            '{"a":"\n"}',
            "Bad control character in string literal in JSON at position 6 (line 1 column 7)",
        ),
        ('\n\n {"a": bad}', 'Unexpected token \'b\', "\n\n {"a": bad}" is not valid JSON'),
    ],
)
def test_what_is_no_json_is_told_as_v8_tells_it(text: str, message: str) -> None:
    with pytest.raises(JsException) as refused:
        parse(text)

    assert (refused.value.name, refused.value.message) == ("SyntaxError", message)


def test_values_are_read_as_javascripts() -> None:
    read = parse('{"b":[1.0,null,1e400],"2":0,"1":true}')

    assert list(read.object_keys()) == ["1", "2", "b"]
    assert list(read.b) == [1, jsnull, math.inf]
    assert isinstance(read.b[0], int)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (jsnull, "null"),
        (None, None),
        (len, None),
        (True, "true"),
        (1.0, "1"),
        (1e21, "1e+21"),
        (1e-7, "1e-7"),
        (0.1 + 0.2, "0.30000000000000004"),
        (math.nan, "null"),
        ("é\ud800\n", '"é\\ud800\\n"'),
        (JsArray([None, len, 1]), "[null,null,1]"),
        (JsObject({"a": None, "b": len, "c": jsnull}), '{"c":null}'),
        (JsMap.new([(1, 2)]), "{}"),
        (JsDate.at_ms(0), '"1970-01-01T00:00:00.000Z"'),
        ({"a": [1, "b"]}, '{"a":[1,"b"]}'),
    ],
)
def test_values_are_written_as_javascript_writes_them(value: Any, text: str | None) -> None:
    assert stringify(value) == text


def test_writing_can_be_indented_and_filtered() -> None:
    value = JsObject({"a": JsArray([1]), "b": JsObject({}), "c": 2})

    assert stringify(value, None, 2) == '{\n  "a": [\n    1\n  ],\n  "b": {},\n  "c": 2\n}'
    assert stringify(value, JsArray(["c"])) == '{"c":2}'
    assert stringify(value, lambda key, each: 0 if key == "a" else each) == '{"a":0,"b":{},"c":2}'


def test_cycles_and_big_integers_are_refused() -> None:
    cycle: Any = JsObject({})
    cycle.a = cycle

    with pytest.raises(JsException, match=r"^TypeError: Converting circular structure to JSON\n"):
        stringify(cycle)
    with pytest.raises(JsException, match="Do not know how to serialize a BigInt"):
        stringify(2**60)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("text", "Unexpected token 'e', \"text\" is not valid JSON"),
        ("nulx", "Unexpected token 'x', \"nulx\" is not valid JSON"),
        ("[tru]", "Unexpected token ']', \"[tru]\" is not valid JSON"),
        ("fals", "Unexpected end of JSON input"),
    ],
)
def test_a_word_is_wrong_where_it_goes_wrong(text: str, message: str) -> None:
    with pytest.raises(JsException) as caught:
        parse(text)

    assert caught.value.message == message

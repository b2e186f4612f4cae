from __future__ import annotations

import copy
import enum
import json
import pickle
from typing import Any

import pytest

from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.bigint import JsBigInt, js_big_int
from pydo.host.js.buffer import ArrayBuffer
from pydo.host.js.collection import JsMap
from pydo.host.js.date import JsDate
from pydo.host.js.error import JsError, JsRangeError, as_error
from pydo.host.js.headers import Headers
from pydo.host.js.json import stringify
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.object import JsObject
from pydo.host.js.prototype import tag_of
from pydo.host.js.response import Response
from pydo.host.js.set import JsSet
from pydo.host.js.value import JsNull, JsProxy, cross, jsnull, options


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


def proxies() -> list[Any]:
    return [
        JsObject({}),
        JsArray([1]),
        JsMap.new(),
        JsSet.new(),
        JsDate.at_ms(0),
        ArrayBuffer.new(1),
        Uint8Array.new(1),
        JsError("x"),
        Headers.new(),
        Response.new("x"),
    ]


def test_null_is_false_and_nothing_but_itself() -> None:
    null: Any = jsnull

    assert not null
    assert null is not None
    assert null != None  # noqa: E711 - that is the question
    assert repr(null) == "jsnull"
    assert not isinstance(null, JsProxy)
    assert JsNull() is null
    assert copy.deepcopy(null) is null
    assert pickle.loads(pickle.dumps(null)) is null  # noqa: S301 - our own bytes


@pytest.mark.parametrize("proxy", proxies(), ids=lambda proxy: proxy.constructor.name)
def test_no_proxy_is_hashable(proxy: Any) -> None:
    name = "JsException" if isinstance(proxy, Exception) else "JsProxy"

    with pytest.raises(TypeError, match=f"unhashable type: 'pyodide.ffi.{name}'"):
        hash(proxy)


@pytest.mark.parametrize("proxy", proxies(), ids=lambda proxy: proxy.constructor.name)
def test_every_proxy_has_a_class_with_a_name_and_equals_only_itself(proxy: Any) -> None:
    assert proxy.constructor is type(proxy)
    assert isinstance(proxy.constructor.name, str)
    assert proxy == proxy  # noqa: PLR0124 - that is the question
    assert proxy != copy.copy(proxy.__members__)
    assert isinstance(proxy.constructor, JsProxy)
    assert proxy.constructor.constructor.name == "Function"
    with pytest.raises(AttributeError, match=r"^nope$"):
        _ = proxy.nope


@pytest.mark.parametrize("value", [1, 1.5, "a", True, None, jsnull, [1], {"a": 1}, b"a", len])
def test_no_ordinary_value_has_a_constructor(value: object) -> None:
    assert not hasattr(value, "constructor")


def test_a_class_shows_itself_as_javascript_shows_it() -> None:
    assert repr(JsObject) == "function Object() { [native code] }"
    assert str(JsDate) == "function Date() { [native code] }"
    response_class: Any = Response
    assert response_class.typeof == "function"
    assert response_class.toString() == "function Response() { [native code] }"
    assert response_class.to_py() is Response


def test_a_native_class_wants_new() -> None:
    with pytest.raises(JsException, match="Please use the 'new' operator"):
        Headers()


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (lambda o: o["a"], "'pyodide.ffi.JsProxy' object is not subscriptable"),
        (len, r"object of type 'pyodide.ffi.JsProxy' has no len\(\)"),
        (iter, "'pyodide.ffi.JsProxy' object is not iterable"),
        (lambda o: "a" in o, "argument of type 'pyodide.ffi.JsProxy' is not"),
        (lambda o: o(), "'pyodide.ffi.JsProxy' object is not callable"),
        (json.dumps, "Object of type JsProxy is not JSON serializable"),
    ],
)
def test_a_plain_object_is_no_container(operation: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        operation(JsObject({"a": 1}))


def test_members_are_attributes_whatever_their_names() -> None:
    plain: Any = JsObject({"keys": 1, "items": 2, "members": 3, "name": 4, "from": 5, "gone": None})

    assert (plain.keys, plain.items, plain.members, plain.name) == (1, 2, 3, 4)
    assert plain.from_ == 5
    assert plain.gone is None


def test_a_member_that_was_set_reads_back_as_the_same_object() -> None:
    plain: Any = JsObject({})
    value = [1]

    plain.list = value
    plain.whole = 2.0
    del plain.nothing

    assert plain.list is value
    assert plain.whole == 2
    assert isinstance(plain.whole, int)
    del plain.list
    assert not hasattr(plain, "list")


def test_keys_values_and_entries_are_arrays() -> None:
    plain = JsObject({"a": 1, "b": jsnull})

    assert list(plain.object_keys()) == ["a", "b"]
    assert list(plain.object_values()) == [1, jsnull]
    assert plain.object_entries().to_py() == [["a", 1], ["b", jsnull]]


def test_an_object_can_be_read_as_a_map() -> None:
    plain = JsObject({"a": JsObject({"b": 1})})

    shallow, deep = plain.as_object_map(), plain.as_object_map(hereditary=True)

    assert list(shallow) == ["a"]
    assert len(shallow) == 1
    assert shallow.get("zz") is None
    assert deep["a"]["b"] == 1
    with pytest.raises(TypeError):
        _ = shallow["a"]["b"]
    with pytest.raises(KeyError):
        _ = shallow["zz"]
    shallow["c"] = 2
    del shallow["a"]
    assert plain.to_py() == {"c": 2}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, 1),
        (-0.0, 0),
        (1.5, 1.5),
        (float(2**53), float(2**53)),
        (2**60, 2**60),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (True, True),
        (None, None),
    ],
)
def test_a_value_that_crosses_reads_back_as_javascript_has_it(
    value: object, expected: object
) -> None:
    crossed = cross(value)

    assert crossed == expected
    assert type(crossed) is type(expected)


def test_to_py_goes_as_deep_as_it_is_told() -> None:
    value = JsObject({"a": JsArray([JsMap.new([("k", jsnull)]), JsSet.new([1, 2])]), "u": None})

    assert value.to_py() == {"a": [{"k": jsnull}, {1, 2}], "u": None}
    assert isinstance(value.to_py(depth=1)["a"], JsArray)


def test_to_py_keeps_shared_and_cyclic_references() -> None:
    shared = JsObject({})
    array = JsArray([shared, shared])
    array.push(array)

    converted = array.to_py()

    assert converted[0] is converted[1]
    assert converted[2] is converted
    assert str(array) == "[object Object],[object Object],"


def test_to_py_asks_the_converter_for_what_has_no_form() -> None:
    seen: list[str] = []

    def convert(value: Any, _convert: Any, _cache: Any) -> str:
        seen.append(value.constructor.name)
        return "converted"

    value = JsArray([JsDate.at_ms(0), Headers.new(), JsError("x"), 1])

    assert value.to_py(default_converter=convert) == ["converted"] * 3 + [1]
    assert seen == ["Date", "Headers", "Error"]


def test_a_map_with_an_object_for_a_key_has_no_form_in_python() -> None:
    with pytest.raises(
        JsException, match="Cannot use key of type Object as a key to a Python dict"
    ):
        JsMap.new([(JsObject({}), 1)]).to_py()


def test_options_are_read_from_an_object_a_dict_and_keywords() -> None:
    assert options(JsObject({"a": 1}), {}) == {"a": 1}
    assert options({"a": 1}, {"b": 2}) == {"a": 1, "b": 2, "type": "dict", "length": 1}
    assert options(None, {"b": 2}) == {"b": 2}
    assert options(jsnull, {}) == {}
    assert options(5, {}) == {}


def test_an_error_is_an_exception_and_a_value() -> None:
    error = JsRangeError("boom", cause=1)

    assert isinstance(error, JsException)
    assert isinstance(error, JsProxy)
    assert (error.name, error.message, str(error)) == ("RangeError", "boom", "RangeError: boom")
    assert error.constructor.name == "RangeError"
    assert error.cause == 1
    assert str(JsError()) == "Error"


def test_an_error_of_the_core_becomes_the_value_that_its_name_says() -> None:
    cloning = as_error(JsException("DataCloneError", "x", remote=True))
    custom = as_error(JsException("Custom", "y"))

    assert cloning.constructor.name == "DOMException"
    assert getattr(cloning, "remote") is True  # noqa: B009 - not every error has it
    assert (custom.constructor.name, custom.name) == ("Error", "Custom")


def test_a_big_int_of_the_newer_pyodide_stays_one() -> None:
    five = js_big_int(5)

    assert (five, type(five + 1), type(-five), type(five / 2)) == (5, JsBigInt, JsBigInt, float)
    assert type(cross(five)) is JsBigInt
    assert tag_of(five) == "BigInt"
    with pytest.raises(JsException, match="Do not know how to serialize a BigInt"):
        stringify(five)

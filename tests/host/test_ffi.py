from __future__ import annotations

import array
from typing import Any

import pytest

from pydo.errors import JsException
from pydo.host.doubleproxy import create_once_callable, create_proxy
from pydo.host.js.collection import LiteralMap
from pydo.host.js.object import JsObject
from pydo.host.js.value import JsProxy, jsnull
from pydo.host.tojs import ConversionError, to_js

plain = JsObject.fromEntries


@pytest.mark.parametrize("value", [None, True, 3, "a", 2**60, jsnull])
def test_scalars_stay_what_they_are(value: object) -> None:
    assert to_js(value) is value


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ([1], "Array"),
        ((1,), "Array"),
        ({1}, "Set"),
        ({"a": 1}, "LiteralMap"),
        (b"a", "Uint8Array"),
        (bytearray(b"a"), "Uint8Array"),
        (memoryview(b"a"), "Uint8Array"),
        (array.array("i", [1]), "Int32Array"),
        (array.array("d", [1]), "Float64Array"),
        (array.array("q", [1]), "BigInt64Array"),
    ],
)
def test_containers_and_buffers_have_a_form(value: object, name: str) -> None:
    assert to_js(value).constructor.name == name


@pytest.mark.parametrize("value", [object(), frozenset({1}), range(3), len, ValueError("x")])
def test_other_objects_stay_themselves(value: object) -> None:
    assert to_js(value) is value
    assert to_js([value])[0] is value


def test_a_dict_is_a_map_whose_keys_are_attributes() -> None:
    made = to_js({"a": 1, "b": {"c": 2.0}})

    assert isinstance(made, LiteralMap)
    assert (made.a, made["a"], made.get("a"), len(made)) == (1, 1, 1, 2)
    assert made.to_py() == {"a": 1, "b": {"c": 2}}
    assert str(made) == "[object Map]"


def test_a_dict_becomes_a_plain_object_with_whole_numbers_first() -> None:
    made = to_js({"b": 1, 10: 2, "9": 3, None: 4, True: 5, 1.5: 6}, dict_converter=plain)

    assert list(made.object_keys()) == ["9", "10", "b", "undefined", "true", "1.5"]


def test_a_dict_converter_gets_an_array_of_pairs() -> None:
    assert to_js({"a": [1]}, dict_converter=lambda pairs: pairs[0][0]) == "a"
    assert to_js([{"a": 1}], dict_converter=lambda _: "D").to_py() == ["D"]


@pytest.mark.parametrize("converter", [None, plain])
def test_a_tuple_is_no_key(converter: Any) -> None:
    message = r"^Cannot use \(1, 2\) as a key for a Javascript Map$"

    with pytest.raises(ConversionError, match=message) as refused:
        to_js({(1, 2): 3}, dict_converter=converter)
    with pytest.raises(
        ConversionError, match=r"^Cannot use \(1, 2\) as a key for a Javascript Set"
    ):
        to_js({(1, 2)})

    assert f"{refused.type.__module__}.{refused.type.__name__}" == "pyodide.ffi.ConversionError"


def test_shared_and_cyclic_references_are_kept() -> None:
    shared = [1]
    cycle: list[Any] = [shared, shared]
    cycle.append(cycle)

    made = to_js(cycle)

    assert made[0] is made[1]
    assert made[2] is made


def test_depth_leaves_what_lies_deeper() -> None:
    inner = [1]

    assert to_js([inner], depth=1)[0] is inner
    assert to_js(inner, depth=0) is inner


def test_the_default_converter_gets_what_has_no_form() -> None:
    seen: list[object] = []
    value = object()

    def convert(obj: Any, _convert: Any, _cache: Any) -> str:
        seen.append(obj)
        return "converted"

    assert to_js([value, 1, None], default_converter=convert).to_py() == ["converted", 1, None]
    assert seen == [value]


def test_the_eager_converter_is_asked_first_and_may_go_on_as_usual() -> None:
    seen: list[object] = []

    def convert(obj: Any, go_on: Any, _cache: Any) -> Any:
        seen.append(obj)
        return go_on(obj)

    assert to_js([1, ["a"]], eager_converter=convert).to_py() == [1, ["a"]]
    assert seen == [[1, ["a"]], ["a"]]


def test_without_proxies_an_object_cannot_cross() -> None:
    with pytest.raises(ConversionError, match="No conversion known for"):
        to_js([object()], create_pyproxies=False)


def test_a_double_proxy_reaches_through_to_its_object() -> None:
    value = [1, 2]
    proxy: Any = create_proxy(value)

    proxy.append(3)

    assert proxy != value
    assert proxy.unwrap() is value
    assert (proxy[2], len(proxy), list(proxy), 2 in proxy) == (3, 3, [1, 2, 3], True)
    assert proxy.constructor.name == "PyProxy"
    assert isinstance(proxy, JsProxy)
    assert not callable(proxy)
    with pytest.raises(AttributeError, match=r"^nope$"):
        _ = proxy.nope


def test_a_double_proxy_of_a_function_gets_keywords_as_one_object() -> None:
    proxy: Any = create_proxy(lambda *arguments, **named: (arguments, named))

    (first, trailing), named = proxy(1, a=2)

    assert (first, trailing.a, named) == (1, 2, {})
    assert proxy.typeof == "function"


def test_attributes_set_on_a_double_proxy_are_set_on_the_object() -> None:
    class Target:
        x = 1

    target = Target()
    proxy: Any = create_proxy(target)

    proxy.x = 5

    assert target.x == 5


def test_a_destroyed_proxy_says_so() -> None:
    proxy: Any = create_proxy(lambda: 1)
    proxy.destroy()

    with pytest.raises(JsException, match=r"^Error: Object has already been destroyed"):
        proxy()


def test_the_bytes_of_a_proxy_are_a_typed_array() -> None:
    view = create_proxy(b"abc").getBuffer()

    assert view.data is not None
    assert view.data.to_bytes() == b"abc"
    assert (view.format, view.readonly) == ("B", 1)
    view.release()


def test_a_once_callable_is_called_once() -> None:
    once = create_once_callable(lambda x: x)

    assert once(1) == 1
    with pytest.raises(JsException, match=r"^Error: OnceProxy can only be called once$"):
        once(1)


def test_destroy_proxies_destroys_what_is_in_the_array(js: Any, ffi: Any) -> None:
    proxy = create_proxy([1])

    ffi.destroy_proxies(js.Array.new(proxy))

    with pytest.raises(JsException, match="already been destroyed"):
        _ = proxy[0]


def test_there_is_no_second_stack(ffi: Any) -> None:
    async def never() -> None:
        raise AssertionError

    with pytest.raises(RuntimeError, match=r"^No suspender$"):
        ffi.run_sync(never())

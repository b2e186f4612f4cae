from __future__ import annotations

import math
from typing import Any

import pytest

from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.value import jsnull


def test_arrays_are_javascripts_and_lend_from_lists(js: Any) -> None:
    array = js.Array.new(3, 1, 2)

    assert (array.push(4.0), array[3], array[-1], len(array)) == (4, 4, 4, 4)
    assert (array.indexOf(1), array.includes(9), array.join("-")) == (1, False, "3-1-2-4")
    assert list(array.slice(1, 3)) == [1, 2]
    assert list(array.map(lambda item, index, _array: item * index)) == [0, 1, 4, 12]
    with pytest.raises(TypeError):
        array.map(lambda item: item)
    assert list(array.splice(1, 2, "x")) == [1, 2]
    array.extend([5])
    array.sort()
    assert list(array) == [3, 4, 5, "x"]
    assert array.reduce(lambda total, item, *_: f"{total}{item}") == "345x"
    assert not js.Array.new()
    with pytest.raises(IndexError):
        _ = array[9]
    assert array != [3, 4, 5, "x"]
    assert (len(js.Array.new(3)), len(js.Array(2)), js.Array.isArray(array)) == (3, 2, True)
    assert list(js.Array.from_(js.Map.new([["a", 1]]))[0]) == ["a", 1]
    assert JsArray([1, JsArray([2])]).flat().to_py() == [1, 2]


def test_maps_keep_keys_apart_as_javascript_does(js: Any) -> None:
    key = js.Object.new()
    made = js.Map.new([[1, "a"], [True, "b"], [key, "c"], [math.nan, "d"], [1.0, "e"]])

    assert made.size == 4
    assert (made.get(1), made.get(True), made[key], made.get(math.nan)) == ("e", "b", "c", "d")
    assert made.get(js.Object.new()) is None
    assert list(made) == [1, True, key, math.nan]
    assert made.delete(True)  # noqa: FBT003 - a key
    assert next(iter(made.items())) == (1, "e")
    with pytest.raises(KeyError):
        _ = made["zz"]
    with pytest.raises(JsException, match="Iterator value a is not an entry object"):
        js.Map.new({"a": 1})


def test_sets_hold_each_value_once(js: Any) -> None:
    made = js.Set.new([1, 1.0, "1", jsnull])

    assert (made.size, 1 in made, list(made.add(2))) == (3, True, [1, "1", jsnull, 2])
    assert made.to_py() == {1, "1", jsnull, 2}


def test_objects_are_made_of_pairs(js: Any) -> None:
    made = js.Object.fromEntries([["b", 1], ["2", 1.0], ["1", None]])

    assert list(js.Object.keys(made)) == ["1", "2", "b"]
    assert js.Object.assign(js.Object.new(), made, x=1).x == 1
    assert js.Object.fromEntries(js.Map.new([["k", 5]])).k == 5
    assert js.Object.fromEntries({"a": 1}.items()).a == 1
    with pytest.raises(JsException, match="Iterator value 5 is not an entry object"):
        js.Object.fromEntries([5])
    with pytest.raises(JsException, match="number 5 is not iterable"):
        js.Object.fromEntries(5)
    with pytest.raises(JsException, match="Cannot convert undefined or null to object"):
        js.Object.keys(None)


def test_dates_are_milliseconds(js: Any) -> None:
    date = js.Date.new("2020-01-02T03:04:05.678Z")

    assert date.getTime() == 1577934245678
    assert date.toISOString() == "2020-01-02T03:04:05.678Z"
    assert date.toUTCString() == "Thu, 02 Jan 2020 03:04:05 GMT"
    assert (date.getUTCDay(), date.getUTCMonth(), date.getUTCMilliseconds()) == (4, 0, 678)
    assert js.Date.new("2020-01-01").getTime() == js.Date.UTC(2020, 0) == 1577836800000
    assert js.Date.new(1500.7).getTime() == 1500
    assert js.Date.new(date) == date or js.Date.new(date).getTime() == date.getTime()
    assert js.Date.new(8.64e15).toISOString() == "+275760-09-13T00:00:00.000Z"
    assert math.isnan(js.Date.new("x").getTime())
    assert str(js.Date.new("x")) == "Invalid Date"
    assert isinstance(js.Date(), str)
    assert js.Date.new(1) < js.Date.new(2)
    with pytest.raises(JsException, match="RangeError: Invalid time value"):
        js.Date.new(None).toISOString()


def test_buffers_share_their_bytes(js: Any) -> None:
    buffer = js.ArrayBuffer.new(8)
    whole = js.Uint8Array.new(buffer)
    part = js.Int32Array.new(buffer, 4, 1)

    part[0] = -1
    whole[0] = 300

    assert whole.to_bytes() == b"\x2c\0\0\0\xff\xff\xff\xff"
    assert (part.length, part.byteOffset, part[0], len(whole)) == (1, 4, -1, 8)
    assert whole.subarray(4).to_bytes() == b"\xff" * 4
    assert js.DataView.new(buffer).getUint16(3) == 0x00FF
    assert js.DataView.new(buffer).getUint16(3, True) == 0xFF00  # noqa: FBT003 - JavaScript's own order
    for unreadable in (len, bytes, memoryview):
        with pytest.raises(TypeError):
            unreadable(buffer)
    copied = whole.to_py()
    copied[0] = 9
    assert (copied.format, copied.readonly, whole[0]) == ("B", False, 44)
    assert js.Int32Array.new([1, -1]).to_py().tolist() == [1, -1]
    assert js.Float64Array.new([1])[0] == 1
    assert js.Uint8ClampedArray.new([300, -5]).to_bytes() == b"\xff\0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1,), "RangeError: Invalid typed array length: -1"),
        ((3,), None),
        (("3",), None),
    ],
)
def test_typed_arrays_have_a_length(
    js: Any, arguments: tuple[Any, ...], message: str | None
) -> None:
    if message is None:
        assert len(js.Uint8Array.new(*arguments)) == 3
        return
    with pytest.raises(JsException) as refused:
        js.Uint8Array.new(*arguments)
    assert str(refused.value) == message


def test_a_view_has_to_fit_its_buffer(js: Any) -> None:
    with pytest.raises(JsException, match="byte length of Int32Array should be a multiple of 4"):
        js.Int32Array.new(js.ArrayBuffer.new(3))
    with pytest.raises(JsException, match="start offset of Int32Array should be a multiple of 4"):
        js.Int32Array.new(js.ArrayBuffer.new(8), 1)
    with pytest.raises(NotImplementedError):
        _ = js.Uint8Array.new(3)[0:2]
    with pytest.raises(ValueError, match="cannot assign to TypedArray of length 1"):
        js.Uint8Array.new(3).assign(b"x")


def test_text_is_encoded_and_decoded(js: Any) -> None:
    assert js.TextEncoder.new().encode("é\ud800").to_bytes() == "é\ufffd".encode()
    into = js.TextEncoder.new().encodeInto("héé", js.Uint8Array.new(4))
    assert (into.read, into.written) == (2, 3)
    decoder = js.TextDecoder.new()
    chunks = [js.Uint8Array.new([0xE2, 0x82]), js.Uint8Array.new([0xAC])]
    assert [decoder.decode(chunk, {"stream": True}) for chunk in chunks] == ["", "€"]
    assert js.TextDecoder.new("latin1").encoding == "windows-1252"
    assert js.TextDecoder.new().decode(js.Uint8Array.new([0xEF, 0xBB, 0xBF, 65, 255])) == "A\ufffd"
    with pytest.raises(JsException, match='"zzz" is not a valid encoding'):
        js.TextDecoder.new("zzz")
    with pytest.raises(JsException, match="Failed to decode input"):
        js.TextDecoder.new("utf-8", fatal=True).decode(js.Uint8Array.new([255]))


def test_base64_is_of_latin_characters(js: Any) -> None:
    assert (js.btoa("hé"), js.atob("aOk="), js.atob(" aG k=")) == ("aOk=", "hé", "hi")
    with pytest.raises(JsException, match=r"^InvalidCharacterError: btoa\(\) can only operate"):
        js.btoa("€")
    for wrong in ("%%", "a", "=", "aG=k"):
        with pytest.raises(JsException, match=r"^InvalidCharacterError: atob\(\) called with"):
            js.atob(wrong)


def test_randomness_fills_arrays_of_integers(js: Any) -> None:
    array = js.Uint8Array.new(16)

    assert js.crypto.getRandomValues(array) is array
    assert array.to_bytes() != bytes(16)
    assert len(js.crypto.randomUUID()) == 36
    with pytest.raises(JsException, match="QuotaExceededError"):
        js.crypto.getRandomValues(js.Uint8Array.new(65537))
    with pytest.raises(JsException, match="TypeMismatchError"):
        js.crypto.getRandomValues(js.Float32Array.new(1))


def test_blobs_and_files_have_types_and_names(js: Any) -> None:
    blob = js.Blob.new(
        js.Array.of("a", js.Uint8Array.new([98]), js.Blob.new(js.Array.of("c"))), type="A/B"
    )
    file = js.File.new(js.Array.of(blob), "n", {"lastModified": 5})

    assert (blob.size, blob.type, blob.slice(-1).size) == (3, "a/b", 1)
    assert (file.name, file.lastModified, file.content, str(file)) == (
        "n",
        5,
        b"abc",
        "[object File]",
    )
    with pytest.raises(JsException, match="constructor parameter 1 is not of type 'Array'"):
        js.Blob.new(["abc"])
    with pytest.raises(JsException, match="'endings' field on 'Options' is not implemented"):
        js.Blob.new(js.Array.of("a"), endings="native")
    with pytest.raises(JsException, match="constructor parameter 2 is not of type 'string'"):
        js.File.new(js.Array.of("a"))


def test_the_console_shows_what_values_hold(js: Any, capsys: pytest.CaptureFixture[str]) -> None:
    js.console.log("hi", 1, js.Object.new(a="x", b=js.Array.new(1, None)), js.Map.new([["k", 2]]))
    js.console.error("bad")

    written = capsys.readouterr()
    assert written.out == "hi 1 { a: 'x', b: [ 1, undefined ] } Map(1) { 'k' => 2 }\n"
    assert written.err == "bad\n"


@pytest.mark.parametrize(
    "make",
    [
        lambda js: js.eval("1"),
        lambda js: js.Function.new("return 1"),
        lambda js: js.Function("return 1"),
        lambda js: js.Function.new(),
    ],
)
def test_text_is_never_run_as_code(js: Any, make: Any) -> None:
    with pytest.raises(JsException) as refused:
        make(js)

    assert (refused.value.name, refused.value.message) == (
        "EvalError",
        "Code generation from strings disallowed for this context",
    )


def test_what_is_no_text_is_evaluated_to_itself(js: Any) -> None:
    assert (js.eval(5), js.eval()) == (5, None)

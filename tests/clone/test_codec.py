"""What the fixtures do not show: Python's own values, limits, errors, damaged data."""

from __future__ import annotations

import enum
import math
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pydo.clone import (
    PLAIN,
    UNDEFINED,
    ByIdentity,
    CloneDecodeError,
    CloneError,
    Codec,
    Kind,
    Model,
)
from pydo.errors import PydoError

if TYPE_CHECKING:
    from collections.abc import Callable


class Level(enum.IntEnum):
    LOW = 1


class Colour(enum.StrEnum):
    RED = "red"


class Row(dict[str, object]):
    pass


ENCODED = {
    "undefined": (UNDEFINED, "5f"),
    "null": (None, "30"),
    "true": (True, "54"),
    "zero": (0, "4900"),
    "minus one": (-1, "4901"),
    "63": (63, "497e"),
    "64": (64, "498001"),
    "-64": (-64, "497f"),
    "-65": (-65, "498101"),
    "8191": (8191, "49fe7f"),
    "8192": (8192, "49808001"),
    "the largest small integer": (2**30 - 1, "49feffffff07"),
    "the smallest small integer": (-(2**30), "49ffffffff07"),
    "2**30": (2**30, "4e000000000000d041"),
    "2**31": (2**31, "4e000000000000e041"),
    "-2**31-1": (-(2**31) - 1, "4e000020000000e0c1"),
    "the largest safe integer": (2**53 - 1, "4effffffffffff3f43"),
    "2**53": (2**53, "5a100000000000002000"),
    "-2**53": (-(2**53), "5a110000000000002000"),
    "2**64": (2**64, "5a2000000000000000000100000000000000"),
    "2.0**53": (2.0**53, "4e0000000000004043"),
    "1.0 is 1": (1.0, "4902"),
    "0.0 is 0": (0.0, "4900"),
    "-0.0": (-0.0, "4e0000000000000080"),
    "a half": (0.5, "4e000000000000e03f"),
    "infinity": (math.inf, "4e000000000000f07f"),
    "text": ("text", "220474657874"),
    "latin-1": ("é", "2201e9"),
    "two-byte string": ("あ", "63024230"),
    "two-byte string at an even offset": (["あ"], "41016302423024 0001"),
    "two-byte string at an odd offset": ([None, "あ"], "410230006302423024 0002"),
    "pair of surrogates": ("\U0001f600", "63043dd800de"),
    "lone surrogate": ("\ud83d", "63023dd8"),
    "integer enum": (Level.LOW, "4902"),
    "string enum": (Colour.RED, "2203726564"),
    "dict": ({"a": 1}, "6f2201614902 7b01"),
    "subclass of dict": (Row(a=1), "6f2201614902 7b01"),
    "index as name": ({"7": 1}, "6f490e49027b01"),
    "no index as name": ({"07": 1}, "6f2202303749027b01"),
    "list": ([1, "a"], "41024902220161240002"),
    "tuple": ((), "4100240000"),
    "set": ({1}, "2749022c01"),
    "bytes": (b"\x01\x02", "420201025642000200"),
    "bytearray": (bytearray(b"\x01"), "420101"),
    "date": (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), "440000000000408f40"),
}


@pytest.mark.parametrize(("value", "data"), ENCODED.values(), ids=ENCODED)
def test_a_python_value_has_these_bytes(value: object, data: str) -> None:
    assert PLAIN.encode(value).hex(" ") == bytes.fromhex("ff0f" + data).hex(" ")


SAME: list[object] = [
    UNDEFINED,
    None,
    True,
    0,
    -1,
    2**31,
    -(2**31) - 1,
    2**53 - 1,
    2**53,
    -(10**50),
    1.5,
    2.0**60,
    "",
    "x" * 127,
    "x" * 128,
    "x" * 16384,
    "あ" * 8192,
    "\udc00\ud800",
    {},
    {"a": {"b": [1, [2, {"c": None}]]}, "1": UNDEFINED, "é": "é", "名": "前", "x" * 200: 1},
    [[], [[]]],
    {1, "a"},
    b"",
    b"\x00" * 300,
    datetime(2025, 1, 2, 3, 4, 5, 678000, UTC),
    datetime(1900, 1, 1, tzinfo=UTC),
]


@pytest.mark.parametrize("value", SAME, ids=[repr(value)[:30] for value in SAME])
def test_a_plain_value_comes_back_as_itself(value: object) -> None:
    again = PLAIN.decode(PLAIN.encode(value))

    assert again == value
    assert type(again) is type(value)


def test_an_integral_number_comes_back_as_an_int() -> None:
    values = [1.0, 2.0**40, -0.0, 2.0**53]

    again: Any = PLAIN.decode(PLAIN.encode(values))

    assert [str(value) for value in again] == ["1", "1099511627776", "0", "9007199254740992.0"]


def test_what_is_shared_stays_shared_and_what_is_equal_stays_apart() -> None:
    inner = [1]
    value = {"a": inner, "b": inner, "c": [1]}

    again: Any = PLAIN.decode(PLAIN.encode(value))

    assert again["a"] is again["b"]
    assert again["a"] is not again["c"]


def test_a_value_may_hold_itself() -> None:
    value: dict[str, object] = {}
    value["list"] = [value]

    again: Any = PLAIN.decode(PLAIN.encode(value))

    assert again["list"][0] is again


def test_many_names_are_written_right() -> None:
    value = {f"name {n}": n for n in range(5000)}

    assert PLAIN.decode(PLAIN.encode(value)) == value
    assert PLAIN.decode(PLAIN.encode(value)) == value


def test_what_follows_a_value_is_ignored() -> None:
    assert PLAIN.decode(PLAIN.encode("a") + b"\x00V") == "a"


def test_older_tags_are_read() -> None:
    assert PLAIN.decode(b"\xff\x0fU\x80\x01") == 128
    assert PLAIN.decode(b"\xff\x0fS\x02\xc3\xa9") == "é"
    assert PLAIN.decode(b"\xff\x0f\x00\x00I\x02") == 1
    assert PLAIN.decode(b"\xff\x0fA\x03-I\x02-$\x00\x03") == [UNDEFINED, 1, UNDEFINED]


# Without a kind


def nested_function() -> None: ...


@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [1, {"a": v}], lambda v: ({"k": (v,)},)])
@pytest.mark.parametrize("value", [nested_function, object(), 1j, range(3)], ids=repr)
def test_a_value_of_no_kind_is_named(value: object, wrap: Callable[[object], object]) -> None:
    with pytest.raises(CloneError, match=type(value).__name__) as caught:
        PLAIN.encode(wrap(value))

    assert caught.value.value is value
    assert isinstance(caught.value, PydoError)


def test_the_name_of_a_member_is_a_string() -> None:
    with pytest.raises(CloneError, match="is 1, not a string"):
        PLAIN.encode({1: "a"})


def test_a_codec_goes_on_after_an_error() -> None:
    value = {"a": 1, "b": [object()]}

    with pytest.raises(CloneError):
        PLAIN.encode(value)

    assert PLAIN.encode({"a": 1}).hex() == "ff0f6f22016149027b01"


# Depth


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def depth_of(value: Any) -> int:
    depth = 1
    while value:
        value = value[0]
        depth += 1
    return depth


def test_depth_costs_no_python_stack() -> None:
    assert depth_of(PLAIN.decode(PLAIN.encode(nested(3000)))) == 3000


def test_too_deep_a_value_is_an_error() -> None:
    value = nested(3001)

    with pytest.raises(CloneError, match="nested more than 3000 deep") as caught:
        PLAIN.encode(value)

    assert caught.value.value is value


def test_too_deep_data_is_an_error() -> None:
    with pytest.raises(CloneDecodeError, match="nested more than 3000 deep"):
        PLAIN.decode(b"\xff\x0f" + b"A\x01" * 100_000)


@pytest.mark.parametrize("run", [b"s", b"R", b"rm", b"rs", b"rc", b"\\\x0a\x00", b"o", b";", b"'"])
def test_a_run_of_the_same_tag_is_an_error(run: bytes) -> None:
    with pytest.raises(CloneDecodeError):
        PLAIN.decode(b"\xff\x0f" + run * 100_000)


def test_long_runs_of_padding_are_passed() -> None:
    assert PLAIN.decode(b"\xff\x0f" + b"\x00" * 100_000 + b"T") is True


# Damage

DAMAGED = {
    "nothing": ("", 0, "too early"),
    "only a header": ("ff0f", 2, "too early"),
    "an old version": ("ff0c30", 2, "version 12"),
    "a version to come": ("ff1030", 2, "version 16"),
    "no tag": ("ff0f01", 2, "0x01"),
    "transferred buffer": ("ff0f7400", 2, "0x74"),
    "string cut off": ("ff0f22056162", 6, "too early"),
    "double cut off": ("ff0f4e0000", 3, "too early"),
    "half a character": ("ff0f6303616263", 7, "half a character"),
    "bigint cut off": ("ff0f5a10ff", 5, "too early"),
    "reference to nothing": ("ff0f5e00", 4, "object 0, of 0"),
    "wrong count of members": ("ff0f6f22016149027b02", 10, "1 members where 2"),
    "the same name twice": ("ff0f6f220161490222016149027b02", 15, "1 members where 2"),
    "object as name": ("ff0f6f6f7b0049027b01", 4, "no string"),
    "true as name": ("ff0f6f5449027b01", 4, "no string"),
    "hole in an object": ("ff0f6f2201612d7b01", 6, "0x2d"),
    "wrong length of an array": ("ff0f41014902240002", 9, "1 items where 2"),
    "wrong count in an array": ("ff0f41014902240101", 8, "0 members where 1"),
    "sparse array beyond all bounds": ("ff0f61ffffffff0f400000", 8, "sparse"),
    "wrong count of a map": ("ff0f3b490249023a01", 9, "2 keys and values where 1"),
    "wrong count of a set": ("ff0f2749022c02", 7, "1 elements where 2"),
    "buffer cut off": ("ff0f420401", 5, "within a buffer"),
    "buffer beyond its limit": ("ff0f7e020101 01", 5, "larger than its own limit"),
    "no kind of view": ("ff0f4202010256780002 00", 11, "0x78"),
    "view beyond its buffer": ("ff0f42020102564201 0200", 11, "no Uint8Array over 2 bytes"),
    "view at an odd offset": ("ff0f4204010203045657010200", 13, "no Uint16Array"),
    "regexp of a number": ("ff0f52490200", 3, "a string was expected"),
    "boxed number as string": ("ff0f734902", 3, "a string was expected"),
    "unknown part of an error": ("ff0f7278", 4, "0x78"),
    "message twice": ("ff0f726d2201616d2201612e", 8, "0x6d"),
    "host object": ("ff0f5c040300", 5, "kind 4"),
    "host error of no kind": ("ff0f5c0a0e2200", 5, "kind 10"),
    "host error without members": ("ff0f5c0a01220149", 8, "too early"),
    "host error with a number": ("ff0f5c0a01220161 4902", 8, "without members"),
}


@pytest.mark.parametrize(("data", "offset", "said"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_data_is_an_error_that_says_where(data: str, offset: int, said: str) -> None:
    with pytest.raises(CloneDecodeError, match=said) as caught:
        PLAIN.decode(bytes.fromhex(data))

    assert caught.value.offset == offset
    assert f"byte {offset}:" in str(caught.value)


def decodes_or_is_damaged(data: bytes) -> bool:
    try:
        PLAIN.decode(data)
    except CloneDecodeError:
        return False
    return True


def test_random_bytes_give_a_value_or_an_error() -> None:
    source = random.Random(1)  # noqa: S311 - the same bytes each time
    tags = b"_0TFIUNZS\"c^o{A$a@-;:',DB~VRyxnzsr.mE\\\x00\x01\x02\x0a"

    for _ in range(20_000):
        size = source.randrange(1, 30)
        decodes_or_is_damaged(b"\xff\x0f" + bytes(source.choices(tags, k=size)))
        decodes_or_is_damaged(source.randbytes(size))


def test_changed_bytes_give_a_value_or_an_error() -> None:
    source = random.Random(2)  # noqa: S311 - the same bytes each time
    whole = PLAIN.encode(
        {
            "a": [1, 2.5, "あ", {"b": {1, 2}}],
            "1": 2**70,
            "t": datetime(2025, 1, 2, tzinfo=UTC),
            "v": b"\x01\x02",
        }
    )

    for _ in range(20_000):
        data = bytearray(whole)
        for _ in range(source.randrange(1, 4)):
            data[source.randrange(2, len(data))] = source.randrange(256)
        decodes_or_is_damaged(bytes(data))


# Plain values


def test_undefined_is_false_and_says_its_name() -> None:
    assert not UNDEFINED
    assert repr(UNDEFINED) == "undefined"


SHOWN = {
    "map": ("3b 220161 4902 220162 4904 3a04", {"a": 1, "b": 2}),
    "set": ("27 4902 220161 2c02", {1, "a"}),
    "holes": ("6103 4902 4902 400103", [UNDEFINED, 1, UNDEFINED]),
    "int16array": ("4204ffff0300 5677000400", [-1, 3]),
    "biguint64array": ("4208ffffffffffffffff 5651000800", [2**64 - 1]),
    "float16array": ("4204003e00c0 5668000400", [1.5, -2.0]),
    "dataview": ("42020102 563f010100", b"\x02"),
    "clamped array": ("4201ff 5643000100", b"\xff"),
    "buffer": ("4201ff", b"\xff"),
    "regexp": ("5222016103", "/a/gi"),
    "boxed string": ("73220161", "a"),
    "boxed number": ("6e000000000000f03f", 1),
    "invalid date": ("44000000000000f87f", "Date(nan)"),
    "date beyond year 9999": ("440000dcc208b23e43", "Date(8640000000000000.0)"),
    "error": (
        "72546d2201617322 0162 635f2e",
        {"name": "TypeError", "message": "a", "stack": "b", "cause": UNDEFINED},
    ),
    "error without message": ("722e", {"name": "Error"}),
    "error of workerd's": (
        "5c0a00 22024d79 220161 6f 220163 4902 7b01",
        {"name": "My", "message": "a", "c": 1},
    ),
}


@pytest.mark.parametrize(("data", "shown"), SHOWN.values(), ids=SHOWN)
def test_what_has_no_plain_twin_is_shown(data: str, shown: object) -> None:
    assert PLAIN.decode(bytes.fromhex("ff0f" + data)) == shown


def test_keys_that_python_cannot_tell_apart_are_kept_apart() -> None:
    # new Map([[1, "int"], [true, "true"], [{}, "object"], [{}, "another"]])
    data = "3b 4902 2203696e74 54 220474727565 6f7b00 22026f62 6f7b00 2202616e 3a08"

    shown: Any = PLAIN.decode(bytes.fromhex("ff0f" + data))

    assert list(shown.values()) == ["int", "true", "ob", "an"]
    first, *others = shown
    assert first == 1
    assert [key.value for key in others] == [True, {}, {}]
    assert {type(key) for key in others} == {ByIdentity}


@pytest.mark.parametrize(
    "value",
    [
        datetime(2025, 1, 2, 12, tzinfo=timezone(timedelta(hours=9))),
        datetime(2025, 1, 2, 12),  # noqa: DTZ001 - what is to be shown
    ],
    ids=["with a zone", "local"],
)
def test_a_date_is_a_point_in_time(value: datetime) -> None:
    again = PLAIN.decode(PLAIN.encode(value))

    assert again == value.astimezone(UTC)


# The model


class Proxy:
    """An object of a host: it makes its parts anew each time."""

    def __init__(self, content: bytes) -> None:
        self.content = content


PROXIES = Model(
    undefined=UNDEFINED,
    null=None,
    hole=UNDEFINED,
    parts={
        list: (Kind.ARRAY, list),
        bytearray: (Kind.BUFFER, bytes),
        Proxy: (Kind.VIEW, lambda v: ("Uint8Array", bytearray(v.content), 0, len(v.content))),
        type: (Kind.BOXED, lambda cls: cls()),
    },
    make_object=dict,
    make_array=lambda items: items,
    make_map=lambda: ({}, lambda *_: None),
    make_set=lambda: (set(), lambda *_: None),
    make_date=float,
    make_buffer=bytes,
    make_view=lambda *parts: parts,
    make_error=lambda *parts: parts,
    make_regexp=lambda *parts: parts,
    make_boxed=lambda value: ["box", value],
)


def test_parts_that_are_made_anew_are_never_taken_for_one_another() -> None:
    codec = Codec(PROXIES)
    value = [Proxy(bytes((n,))) for n in range(100)]

    assert codec.decode(codec.encode(value)) == [
        ("Uint8Array", bytes((n,)), 0, 1) for n in range(100)
    ]


@pytest.mark.parametrize("cls", [int, float, str, bool])
def test_a_primitive_is_boxed(cls: type) -> None:
    codec = Codec(PROXIES)

    assert codec.decode(codec.encode(cls)) == ["box", cls()]

"""The codec of values against `v8serialize`, another one of the same format."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import v8serialize
from hypothesis import given, settings
from hypothesis import strategies as st
from v8serialize.jstypes import JSArray, JSObject, JSSet, JSUint8Array

from pydo.clone import PLAIN, CloneDecodeError

# JavaScript has one kind of number, and what is beyond its whole ones is a BigInt here.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
DATES = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 - the bounds have none
    datetime(2200, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
).map(lambda each: each.replace(microsecond=each.microsecond // 1000 * 1000))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | TEXTS
    | st.binary(max_size=20)
    | DATES
)
NAMES = TEXTS | st.integers(0, 2**33).map(str)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(NAMES, inner, max_size=5)
        | st.sets(st.booleans() | TEXTS | st.integers(), max_size=4)
    ),
    max_leaves=25,
)
PROPERTIES = settings(max_examples=300, deadline=None, database=None)


@PROPERTIES
@given(VALUES)
def test_what_is_encoded_is_decoded(value: object) -> None:
    assert same(PLAIN.decode(PLAIN.encode(value)), value)


@PROPERTIES
@given(VALUES)
def test_another_decoder_reads_what_is_encoded(value: object) -> None:
    found = v8serialize.loads(PLAIN.encode(value), default_timezone=UTC)

    assert same(of_v8serialize(found), value)


@PROPERTIES
@given(VALUES)
def test_what_another_encoder_wrote_is_decoded(value: object) -> None:
    assert same(PLAIN.decode(v8serialize.dumps(for_v8serialize(value))), value)


@PROPERTIES
@given(st.binary(max_size=60), VALUES)
def test_damaged_bytes_are_refused_or_read_and_never_break_it(noise: bytes, value: object) -> None:
    data = PLAIN.encode(value)
    cut = len(noise) % len(data)
    for damaged in (b"\xff\x0f" + noise, data[:cut] + noise, data[:-1]):
        try:
            PLAIN.decode(damaged)
        except CloneDecodeError:
            continue


def for_v8serialize(value: object) -> Any:
    """Give a value in the types that v8serialize writes as plain objects and arrays."""
    match value:
        case dict():
            return JSObject({k: for_v8serialize(v) for k, v in value.items()})
        case list():
            return JSArray([for_v8serialize(each) for each in value])
        case _:
            return value


def of_v8serialize(value: Any) -> object:
    """Give a value that v8serialize has read in plain types."""
    match value:
        case JSArray():  # an object as well
            return [of_v8serialize(each) for each in value.array]
        case JSObject():
            return {str(k): of_v8serialize(v) for k, v in value.items()}
        case JSUint8Array():
            with value.get_buffer() as view:
                return bytes(view)
        case JSSet():
            return set(value)
        case _:
            return value


def same(found: object, value: object) -> bool:
    """Tell whether two values are equal; members of objects in whichever order, 1.0 as 1."""
    match value:
        case dict():
            if not isinstance(found, dict):
                return False
            return found.keys() == value.keys() and all(same(found[k], value[k]) for k in value)
        case list():
            return (
                isinstance(found, list)
                and len(found) == len(value)
                and all(map(same, found, value))
            )
        case bool() | None:
            return found is value
        case int() | float():
            return not isinstance(found, bool) and found == value
        case bytes():
            return isinstance(found, (bytes, bytearray, memoryview)) and bytes(found) == value
        case datetime():
            return isinstance(found, datetime) and abs((found - value).total_seconds()) < 0.001
        case _:
            return type(found) is type(value) and found == value

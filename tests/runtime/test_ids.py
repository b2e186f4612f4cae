from __future__ import annotations

import dataclasses
import hashlib
import hmac
from enum import StrEnum

import pytest

from pydo.errors import JsException
from pydo.runtime.ids import DurableObjectId, IdFactory

COUNTER_TEST = "e6ebe911c538ab73c9dcca3e875f77fe4cddf19dfee0d823a83744c651280531"


@pytest.mark.parametrize(
    ("unique_key", "name", "expected"),
    [
        ("counter-Counter", "test", COUNTER_TEST),
        (
            "counter-Counter",
            "",
            "fd2686b6179ca9e34aeebf6e50318e179562e9eba2a1514eeef0c81b666bcd14",
        ),
        (
            "counter-Counter",
            "Test",
            "630abdcd86c98b27add8c8a5f1969918cfa539dead52b6998dcd6d4ea87467d5",
        ),
        (
            "counter-Counter",
            "h\u00e9llo-\u2713",
            "f8759c654d76eca8cf3f7c88aa78cbc3809ec65eb3fe5881901d84a6d865bf57",
        ),
        (
            "chat-ChatRoom",
            "lobby",
            "6e4bb4018f234b3690508f6cd131484d2b81f53878ae256db93884ef63d8d75c",
        ),
        (
            "my-worker-Room",
            "a" * 1025,
            "9364e718f7b3e5eee02e159c4fd8f4d70ed677d01ab5f219bb668af72df42e2a",
        ),
        (
            "mykey",
            "http://foo/",
            "59002eb8cf872e541722977a258a12d6a93bbe8192b502e1c0cb250aa91af234",
        ),
    ],
)
def test_a_name_has_the_id_that_workerd_gives_it(unique_key: str, name: str, expected: str) -> None:
    found = IdFactory(unique_key).from_name(name)

    assert found.hex == expected
    assert str(found) == expected
    assert found.name == name


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (bytes(16), "000000000000000000000000000000008ac74126c5699dd8a194010ea1218bd1"),
        (bytes(range(16)), "000102030405060708090a0b0c0d0e0ffbc15be63d00c50e78908cc075b1a0ef"),
    ],
)
def test_a_unique_id_is_chance_and_its_proof(base: bytes, expected: str) -> None:
    asked: list[int] = []

    def random(count: int) -> bytes:
        asked.append(count)
        return base

    found = IdFactory("counter-Counter").unique(random)

    assert found == DurableObjectId(expected)
    assert found.name is None
    assert asked == [16]


def test_unique_ids_differ_and_prove_themselves() -> None:
    ids = IdFactory("counter-Counter")
    key = hashlib.sha256(b"counter-Counter").digest()

    first, second = ids.unique(), ids.unique()

    assert first != second
    for found in (first, second):
        base, proof = bytes.fromhex(found.hex)[:16], bytes.fromhex(found.hex)[16:]
        assert proof == hmac.digest(key, base, "sha256")[:16]


@pytest.mark.parametrize("text", [COUNTER_TEST, COUNTER_TEST.upper(), COUNTER_TEST.title()])
def test_a_written_id_is_read_in_either_case_and_has_no_name(text: str) -> None:
    ids = IdFactory("counter-Counter")

    found = ids.from_string(text)

    assert found == ids.from_name("test")
    assert found.hex == COUNTER_TEST
    assert found.name is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "test",
        COUNTER_TEST[:-1],
        COUNTER_TEST + "0",
        COUNTER_TEST + "\n",
        " " + COUNTER_TEST[1:],
        COUNTER_TEST[:31] + "  " + COUNTER_TEST[33:],
        "g" + COUNTER_TEST[1:],
        "\uff10" + COUNTER_TEST[1:],
        "\ud800" + COUNTER_TEST[1:],
    ],
)
def test_what_is_no_64_hex_digits_is_refused(text: str) -> None:
    with pytest.raises(JsException) as refused:
        IdFactory("counter-Counter").from_string(text)

    assert refused.value.name == "TypeError"
    assert refused.value.message == "Invalid Durable Object ID: must be 64 hex digits"


@pytest.mark.parametrize("unique_key", ["counter-Tally", "other-Counter", "counter-Counter#2"])
def test_an_id_of_another_namespace_is_refused(unique_key: str) -> None:
    foreign = IdFactory(unique_key).from_name("test")

    with pytest.raises(JsException) as refused:
        IdFactory("counter-Counter").from_string(foreign.hex)

    assert refused.value.name == "TypeError"
    assert refused.value.message == "Durable Object ID is not valid for this namespace."


def test_ids_are_compared_by_their_bytes_alone() -> None:
    named = DurableObjectId(COUNTER_TEST, "test")
    nameless = DurableObjectId(COUNTER_TEST)
    text: object = COUNTER_TEST

    assert named == nameless
    assert {named: "object"}[nameless] == "object"
    assert named != DurableObjectId("00" * 32, "test")
    assert named != text


def test_an_id_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        DurableObjectId(COUNTER_TEST).hex = ""  # type: ignore[misc]  # what the test is about


@pytest.mark.parametrize(
    ("name", "delivered"),
    [
        ("", True),
        ("a" * 1024, True),
        ("a" * 1025, False),
        ("\u00e9" * 512, True),
        ("\u00e9" * 513, False),
    ],
)
def test_an_object_sees_its_name_up_to_1024_bytes(name: str, *, delivered: bool) -> None:
    found = IdFactory("counter-Counter").from_name(name)

    assert found.name == name
    assert found.delivered_name == (name if delivered else None)


def test_an_id_without_a_name_delivers_none() -> None:
    assert DurableObjectId(COUNTER_TEST).delivered_name is None


@pytest.mark.parametrize(
    ("name", "as_javascript_sees_it"),
    [
        ("\ud83d", "\ufffd"),
        ("a\ude00b", "a\ufffdb"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\u00e9\ud83dx", "\u00e9\ufffdx"),
    ],
)
def test_lone_surrogates_in_a_name_count_as_javascript_counts_them(
    name: str, as_javascript_sees_it: str
) -> None:
    ids = IdFactory("counter-Counter")

    found = ids.from_name(name)

    assert found == ids.from_name(as_javascript_sees_it)
    assert found.name == as_javascript_sees_it


def test_the_same_name_asked_for_again_gives_the_same_id() -> None:
    ids = IdFactory("counter-Counter")

    assert ids.from_name("test") is ids.from_name("test")
    assert ids.from_name("a" * 2000) == ids.from_name("a" * 2000)


def test_the_name_of_an_id_is_plain_text_whatever_it_was_asked_with() -> None:
    class Room(StrEnum):
        LOBBY = "lobby"

    found = IdFactory("chat-ChatRoom").from_name(Room.LOBBY)

    assert type(found.name) is str
    assert found == IdFactory("chat-ChatRoom").from_name("lobby")

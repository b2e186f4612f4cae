"""Workers KV: what is put, what is given, and in which words it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bindings.conftest import Time


def test_values_are_given_as_asked_for(run: Callable[[str], Any]) -> None:
    assert run("""
        await kv.put("a", "hello")
        await kv.put("b", '{"x": 1}')
        await kv.put("c", b"\\x01\\xff")
        stream = await kv.get("a", "stream")
        return [
            await kv.get("a"),
            await kv.get("a", "text"),
            await kv.get("b", "json") == {"x": 1},
            await kv.get("b", type="json") == {"x": 1},
            await kv.get("b", {"type": "json"}) == {"x": 1},
            bytes(await kv.get("c", "arrayBuffer")),
            await Response(stream).text(),
            await kv.get("missing"),
            await raw_kv.get("missing") is jsnull,
            await kv.get("missing", "stream"),
        ]
    """) == ["hello", "hello", True, True, True, b"\x01\xff", "hello", None, True, None]


def test_what_is_put_becomes_bytes(run: Callable[[str], Any]) -> None:
    assert run("""
        await kv.put("bytes", b"ab")
        await kv.put("view", memoryview(b"cd"))
        await kv.put("stream", Response("streamed").js_object.body)
        await kv.put("number", 5)
        await kv.put("bool", True)
        await kv.put("null", None)
        await raw_kv.put("undefined", None)
        await kv.put(12, "of a number")
        names = ["bytes", "view", "stream", "number", "bool", "null", "undefined", "12"]
        return [await kv.get(name) for name in names]
    """) == ["ab", "cd", "streamed", "5", "true", "null", "undefined", "of a number"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("kv.put('k', {'a': 1})", "TypeError: KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values."),  # noqa: E501 - as said
        ("raw_kv.put('k')", "TypeError: Failed to execute 'put' on 'KvNamespace': parameter 2 is not of type 'string or JsObject'."),  # noqa: E501 - as said
        ("kv.put('', 'x')", "TypeError: Key name cannot be empty."),
        ("kv.get('')", "TypeError: Key name cannot be empty."),
        ("kv.delete('.')", 'TypeError: "." is not allowed as a key name.'),
        ("kv.put('..', 'x')", 'TypeError: ".." is not allowed as a key name.'),
        ("kv.put('k' * 513, 'x')", "Error: KV PUT failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512."),  # noqa: E501 - as said
        ("kv.get('é' * 257)", "Error: KV GET failed: 414 UTF-8 encoded length of 514 exceeds key length limit of 512."),  # noqa: E501 - as said
        ("kv.put('k', 'x', expirationTtl=59)", "Error: KV PUT failed: 400 Invalid expiration_ttl of 59. Expiration TTL must be at least 60."),  # noqa: E501 - as said
        ("kv.put('k', 'x', expirationTtl=0)", "Error: KV PUT failed: 400 Invalid expiration_ttl of 0. Please specify integer greater than 0."),  # noqa: E501 - as said
        ("kv.put('k', 'x', {'expirationTtl': 'abc'})", "Error: KV PUT failed: 400 Invalid expiration_ttl of 0. Please specify integer greater than 0."),  # noqa: E501 - as said
        ("kv.put('k', 'x', expiration=1000)", "Error: KV PUT failed: 400 Invalid expiration of 1000. Please specify integer greater than the current number of seconds since the UNIX epoch."),  # noqa: E501 - as said
        ("kv.put('k', 'x', expiration=1_700_000_030)", "Error: KV PUT failed: 400 Invalid expiration of 1700000030. Expiration times must be at least 60 seconds in the future."),  # noqa: E501 - as said
        ("kv.put('k', 'x', expiration=4102444800)", "TypeError: Value out of range. Must be between -2147483648 and 2147483647 (inclusive)."),  # noqa: E501 - as said
        ("kv.put('k', 'x', metadata='m' * 1023)", "Error: KV PUT failed: 413 Metadata length of 1025 exceeds limit of 1024."),  # noqa: E501 - as said
        ("kv.put('k', bytes(25 * 1024 * 1024 + 1))", "Error: KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400."),  # noqa: E501 - as said
        ("raw_kv.get()", "thrown TypeError: Failed to execute 'get' on 'KvNamespace': parameter 1 is not of type 'string or Array'."),  # noqa: E501 - as said
        ("raw_kv.delete()", "TypeError: Failed to execute 'delete' on 'KvNamespace': parameter 1 is not of type 'string'."),  # noqa: E501 - as said
        ("kv.get('a', 'nope')", 'TypeError: Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".'),  # noqa: E501 - as said
        ("kv.get('a', cacheTtl=10)", "Error: KV GET failed: 400 Invalid cache_ttl of 10. Cache TTL must be at least 30."),  # noqa: E501 - as said
        ("kv.get('a', 'json')", "SyntaxError: Unexpected token 'h', \"hello\" is not valid JSON"),
        ("kv.get(['a', 'b'], 'json')", "Error: KV GET_BULK failed: 400 At least one of the requested keys corresponds to a non-json value"),  # noqa: E501 - as said
        ("kv.get(['a'], 'arrayBuffer')", 'Error: KV GET_BULK failed: 400 "arrayBuffer" is not a valid type. Use "json" or "text"'),  # noqa: E501 - as said
        ("kv.get(['k'] * 101)", "Error: KV GET_BULK failed: 400 You can request a maximum of 100 keys"),  # noqa: E501 - as said
        ("kv.get([])", "Error: KV GET_BULK failed: 400 You must request a minimum of 1 key"),
        ("kv.get(['a', ''])", "Error: KV GET_BULK failed: 400 Key names must not be empty"),
        ("kv.get(['a', '.'])", 'Error: KV GET_BULK failed: 400 Illegal key name ".". Please use a different name.'),  # noqa: E501 - as said
        ("kv.get(['k' * 513])", "Error: KV GET_BULK failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512."),  # noqa: E501 - as said
        ("kv.list(limit=1001)", "Error: KV GET failed: 400 Invalid key_count_limit of 1001. Please specify an integer less than 1000."),  # noqa: E501 - as said
        ("kv.list(prefix='p' * 513)", "Error: KV GET failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512."),  # noqa: E501 - as said
    ],
)  # fmt: skip
def test_what_is_refused(run: Callable[[str], Any], call: str, said: str) -> None:
    assert (
        run(f"""
        await kv.put("a", "hello")
        return await tried(lambda: {call})
    """)
        == said
    )


def test_metadata_comes_back_with_the_value(run: Callable[[str], Any]) -> None:
    assert run("""
        await kv.put("a", "1", metadata={"m": [1, None, "é"]})
        await kv.put("b", "2")
        found = await kv.getWithMetadata("a")
        other = await kv.getWithMetadata("b", "json")
        none = await kv.getWithMetadata("c")
        return [
            found.value, found.metadata == {"m": [1, None, "é"]}, found.cacheStatus,
            other["value"], other["metadata"], none.value, none.metadata,
        ]
    """) == ["1", True, None, 2, None, None, None]


def test_several_keys_come_in_a_map(run: Callable[[str], Any]) -> None:
    assert run("""
        await kv.put("a", "1", metadata="m")
        found = await kv.get(["a", "zz", "a"])
        raw = await raw_kv.get(to_js(["a", "zz"]))
        both = await kv.getWithMetadata(["a"], "json")
        return [
            dict(found), raw.constructor.name, raw.get("zz") is jsnull,
            both["a"].value, both["a"].metadata,
        ]
    """) == [{"a": "1", "zz": None}, "Map", True, 1, "m"]


def test_keys_are_listed_in_pages_by_their_bytes(run: Callable[[str], Any]) -> None:
    assert run("""
        for name in ("b", "B", "a1", "a10", "a2", "é", "\U0001f600", "\ufffd", "%"):
            await kv.put("o:" + name, "x")
        await kv.put("p", "x", {"metadata": {"n": 1}, "expirationTtl": 60})
        first = await kv.list(prefix="o:", limit=4)
        rest = await kv.list({"prefix": "o:", "cursor": first.cursor})
        last = await kv.list(prefix="p", limit=1)
        return [
            [key.name for key in first["keys"]], first.list_complete, first.cursor,
            [key.name for key in rest["keys"]], rest.list_complete, hasattr(rest, "cursor"),
            [(key.name, key.expiration, key.metadata.n) for key in last["keys"]],
            len((await kv.list(limit=0))["keys"]), len((await kv.list(prefix=None))["keys"]),
        ]
    """) == [
        ["o:%", "o:B", "o:a1", "o:a10"], False, "bzphMTA=",
        ["o:a2", "o:b", "o:é", "o:\ufffd", "o:\U0001f600"], True, False,
        [("p", 1_700_000_060, 1)],
        10, 10,
    ]  # fmt: skip


def test_a_key_is_gone_when_it_expires(run: Callable[[str], Any], now: Time) -> None:
    assert (
        run("""
        await kv.put("a", "1", expirationTtl=60)
        await kv.put("b", "2", expiration=1_700_000_200)
        return await kv.get("a")
    """)
        == "1"
    )

    now.seconds += 60

    found = run("return [await kv.get('a'), [key.name for key in (await kv.list())['keys']]]")
    assert found == [None, ["b"]]


def test_a_deleted_key_is_gone(run: Callable[[str], Any]) -> None:
    assert (
        run("""
        await kv.put("a", "1")
        await kv.delete("a")
        await kv.delete("never there")
        return await kv.get("a")
    """)
        is None
    )


def test_the_binding_has_the_name_and_the_text_of_productions(run: Callable[[str], Any]) -> None:
    assert run("return [raw_kv.constructor.name, str(raw_kv)]") == [
        "KvNamespace",
        "[object KvNamespace]",
    ]


def test_prefixes_and_keys_of_many_may_be_any_text(run: Callable[[str], Any]) -> None:
    assert run("""
        for key in ("a", "a\\0b", "a\\0c", "a\\U0010ffff", "b"):
            await kv.put(key, "1")
        async def listed(prefix):
            return [each.name for each in (await raw_kv.list({"prefix": prefix})).keys]
        return [
            await listed("a\\0"),
            await listed("a\\U0010ffff"),
            await listed("\\ud800"),
            (await raw_kv.get(["\\ud800"])).size,
        ]
    """) == [["a\0b", "a\0c"], ["a\U0010ffff"], [], 1]

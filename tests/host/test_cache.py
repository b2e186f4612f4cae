"""`caches`; the answers are those of `wrangler dev`."""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from pydo.errors import JsException
from pydo.host.js.cache import CacheStorage
from pydo.host.js.request import Request
from pydo.host.js.response import Response
from pydo.host.js.stream import ReadableStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Now: TypeAlias = "list[float]"
Do: TypeAlias = "Callable[..., Any]"

NOW = 1_800_000_000.0
URL = "http://x.example/"
FRESH = {"cache-control": "max-age=100"}


@pytest.fixture
def now() -> Now:
    """The time, which a test may move on."""
    return [NOW]


@pytest.fixture
def caches(now: Now) -> CacheStorage:
    """The object `caches`."""
    return CacheStorage(lambda: now[0])


@pytest.fixture
def do(caches: CacheStorage) -> Do:
    """Call a method of the default cache; gives what a response tells, or the text of an error."""

    def do(method: str, *arguments: Any, **named: Any) -> Any:
        async def main() -> Any:
            result = await getattr(caches.default, method)(*arguments, **named)
            if not isinstance(result, Response):
                return result
            return result.status, await result.text()

        try:
            return asyncio.run(main())
        except JsException as error:
            return str(error)

    return do


def response(body: Any = "v", status: Any = 200, **headers: Any) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response.new(body, {"status": status, "headers": list(named.items())})


def request(**headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request.new(URL, {"headers": list(named.items())})


def test_what_is_put_is_found_until_it_is_stale(do: Any, now: Now) -> None:
    assert do("match", URL) is None
    assert do("put", URL, response(**{"cache-control": "max-age=100"})) is None
    assert do("match", URL) == (200, "v")

    now[0] += 99
    assert do("match", URL) == (200, "v")
    now[0] += 1
    assert do("match", URL) is None


def test_the_last_one_put_is_found(do: Any) -> None:
    do("put", URL, response("1", **FRESH))
    do("put", URL, response("2", **FRESH))

    assert do("match", URL) == (200, "2")


def test_a_response_tells_where_it_comes_from(caches: CacheStorage, do: Any) -> None:
    do("put", URL, response(etag='"a"', **FRESH))

    found = asyncio.run(_awaited(caches.default.match(URL)))

    assert [(str(name), str(value)) for name, value in found.headers] == [
        ("age", "0"),
        ("cache-control", "max-age=100"),
        ("cf-cache-status", "HIT"),
        ("content-length", "1"),
        ("content-type", "text/plain;charset=UTF-8"),
        ("etag", '"a"'),
    ]
    assert (found.url, found.statusText) == ("", "OK")


async def _awaited(promise: Any) -> Any:
    return await promise


@pytest.mark.parametrize(
    ("status", "headers", "is_kept"),
    [
        (200, {}, False),
        (200, {"cache-control": "s-maxage=100"}, True),
        (200, {"cache-control": "max-age=0"}, False),
        (200, {"cache-control": "no-store"}, False),
        (200, {"cache-control": "no-store", "cdn-cache-control": "max-age=100"}, False),
        (200, {"cache-control": "private, max-age=100"}, False),
        (200, {"cache-control": "no-cache, max-age=100"}, False),
        (200, {"cache-control": "public"}, False),
        (200, {"cache-control": "stale-while-revalidate=100"}, True),
        (200, {"cache-control": "immutable"}, True),
        (200, {"cache-control": "proxy-revalidate, max-age=100"}, False),
        (200, {"expires": formatdate(NOW + 100, usegmt=True)}, True),
        (200, {"expires": formatdate(NOW - 100, usegmt=True)}, False),
        (200, {"expires": "never"}, False),
        (200, {"last-modified": formatdate(NOW - 1e5, usegmt=True)}, True),
        (200, {"set-cookie": "a=b", **FRESH}, False),
        (200, {"set-cookie": "a=b", "cache-control": "max-age=100, private=set-cookie"}, True),
        (200, {"vary": "accept", **FRESH}, True),
        (201, FRESH, False),
        (302, FRESH, True),
        (404, FRESH, True),
        (404, {}, False),
        (500, FRESH, False),
        (503, FRESH, False),
    ],
)
def test_what_may_be_kept_is_kept(
    do: Any,
    status: int,
    headers: dict[str, str],
    is_kept: bool,  # noqa: FBT001 - a column
) -> None:
    do("put", URL, response("v", status, **headers))

    assert do("match", URL) == ((status, "v") if is_kept else None)


def test_private_cookies_are_left_out(caches: CacheStorage, do: Any) -> None:
    do("put", URL, response(set_cookie="a=b", cache_control="max-age=100, private=set-cookie"))

    found = asyncio.run(_awaited(caches.default.match(URL)))

    assert found.headers.get("cache-control") == "max-age=100,"
    assert not found.headers.has("set-cookie")


def test_an_answer_to_someone_is_kept_for_nobody(do: Any) -> None:
    do("put", request(authorization="x"), response(**FRESH))

    assert do("match", URL) is None


def test_some_responses_are_refused(do: Any) -> None:
    post = Request.new(URL, {"method": "POST"})

    assert do("put", post, response()) == "TypeError: Cannot cache response to non-GET request."
    assert do("put", URL, response(status=206)) == (
        "TypeError: Cannot cache response to a range request (206 Partial Content)."
    )
    assert do("put", URL, response(vary="*")) == (
        "TypeError: Cannot cache response with 'Vary: *' header."
    )
    assert do("put", "/x", response()) == "TypeError: Invalid URL: /x"
    assert do("put") == (
        "TypeError: Failed to execute 'put' on 'Cache': parameter 1 is not of type 'Request or "
        "string'."
    )
    assert do("put", URL, 5) == (
        "TypeError: Failed to execute 'put' on 'Cache': parameter 2 is not of type 'Response'."
    )


def test_a_body_is_used_by_being_put(do: Any) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        await asyncio.sleep(0)
        yield b"a"
        yield b"b"

    given = response(**FRESH)
    do("put", URL, given)
    assert given.bodyUsed
    assert do("put", URL, given).startswith("TypeError: Body has already been used.")

    do("put", URL + "s", response(ReadableStream.from_(chunks()), **FRESH))
    assert do("match", URL + "s") == (200, "ab")


def test_only_get_is_looked_for(do: Any) -> None:
    post = Request.new(URL, {"method": "POST"})
    do("put", URL, response(**FRESH))

    assert do("match", post) is None
    assert do("delete", post) is False
    assert do("match", post, {"ignoreMethod": True}) == (200, "v")
    assert do("delete", post, ignoreMethod=True) is True


def test_what_is_deleted_is_gone(do: Any, now: Now) -> None:
    do("put", URL, response(**FRESH))

    assert (do("delete", URL), do("delete", URL), do("match", URL)) == (True, False, None)
    do("put", URL, response(**FRESH))
    now[0] += 1000
    assert do("delete", URL) is False


def test_a_fragment_makes_no_difference_and_a_query_does(do: Any) -> None:
    do("put", URL + "?a#b", response(**FRESH))

    assert do("match", URL + "?a#c") == (200, "v")
    assert do("match", URL + "?b") is None
    assert do("match", URL, {"ignoreSearch": True}) == (
        "Error: The 'ignoreSearch' field on 'CacheQueryOptions' is not implemented."
    )


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"if-none-match": '"a"'}, (304, "")),
        ({"if-none-match": 'W/"a"'}, (304, "")),
        ({"if-none-match": '"c", "a"'}, (304, "")),
        ({"if-none-match": "*"}, (304, "")),
        ({"if-none-match": '"b"'}, (200, "0123456789")),
        ({"if-modified-since": "Wed, 21 Oct 2015 07:28:00 GMT"}, (304, "")),
        ({"if-modified-since": "Wed, 21 Oct 2014 07:28:00 GMT"}, (200, "0123456789")),
        ({"range": "bytes=2-4"}, (206, "234")),
        ({"range": "bytes=7-"}, (206, "789")),
        ({"range": "bytes=-3"}, (206, "789")),
        ({"range": "bytes=20-"}, (416, "")),
        ({"cache-control": "no-cache"}, (200, "0123456789")),
    ],
)
def test_a_request_may_ask_for_a_part_or_a_change(
    do: Any, headers: dict[str, str], found: tuple[int, str]
) -> None:
    changed = "Wed, 21 Oct 2015 07:28:00 GMT"
    do("put", URL, response("0123456789", etag='"a"', last_modified=changed, **FRESH))

    assert do("match", request(**headers)) == found


def test_caches_have_names(caches: CacheStorage) -> None:
    async def main() -> list[Any]:
        first, again, other = [await caches.open(name) for name in ("a", "a", "b")]
        await first.put(URL, response(**FRESH))
        places = (first, again, other, caches.default)
        return [(await place.match(URL)) is not None for place in places]

    assert asyncio.run(main()) == [True, True, False, False]


def test_the_rest_is_not_implemented(js: Any) -> None:
    def text(call: Any, *arguments: Any) -> str:
        with pytest.raises(JsException) as caught:
            call(*arguments)
        return str(caught.value)

    assert text(js.caches.keys) == (
        "Error: Failed to execute 'keys' on 'CacheStorage': the method is not implemented."
    )
    assert text(js.caches.default.addAll, []) == (
        "Error: Failed to execute 'addAll' on 'Cache': the method is not implemented."
    )
    assert (str(js.caches), str(js.caches.default)) == ("[object CacheStorage]", "[object Cache]")
    assert text(js.Cache.new) == "TypeError: Illegal constructor"
    assert text(asyncio.run, _awaited(js.caches.open())) == (
        "TypeError: Failed to execute 'open' on 'CacheStorage': parameter 1 is not of type "
        "'string'."
    )
    assert text(asyncio.run, _awaited(js.caches.open("x" * 2000))) == (
        "TypeError: Cache name is too long."
    )


def test_those_used_least_make_room(do: Any) -> None:
    megabytes = 100 * 2**20
    for name in ("a", "b", "a", "c"):
        if do("match", URL + name) is None:
            do("put", URL + name, response(bytes_of(megabytes), **FRESH))

    assert [do("match", URL + name) is not None for name in "abc"] == [True, False, True]


def bytes_of(size: int) -> ReadableStream:
    return ReadableStream.of_bytes(bytes(size))

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pydo.errors import JsException
from pydo.host.js.blob import Blob
from pydo.host.js.headers import Headers
from pydo.host.js.incomingcf import IncomingCf
from pydo.host.js.request import Request
from pydo.host.js.response import Response
from pydo.host.js.url import URL
from pydo.host.js.value import jsnull

HERE = "http://example.com/"
TEXT = ("content-type", "text/plain;charset=UTF-8")
REDIRECT = (
    'TypeError: Invalid redirect value, must be one of "follow" or "manual" ("error" won\'t be '
    'implemented since it does not make sense at the edge; use "manual" and check the response '
    "status code)."
)


def fields(request: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.headers]


def post(**named: Any) -> Request:
    return Request.new(HERE, method="POST", body="x", **named)


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        (
            (),
            {},
            (
                "TypeError: Failed to construct 'Request': constructor parameter 1 is not of type "
                "'Request or string'."
            ),
        ),
        (("/x",), {}, "TypeError: Invalid URL: /x"),
        (("",), {}, "TypeError: Invalid URL: "),
        ((5,), {}, "TypeError: Invalid URL: 5"),
        (("http://a:65536/",), {}, "TypeError: Invalid URL: http://a:65536/"),
        (
            (HERE, "z"),
            {},
            (
                "TypeError: Failed to construct 'Request': constructor parameter 2 is not of type "
                "'RequestInitializerDict or Request'."
            ),
        ),
        (
            (HERE,),
            {"body": "x"},
            "TypeError: Request with a GET or HEAD method cannot have a body.",
        ),
        (
            (HERE,),
            {"body": "x", "method": "HEAD"},
            "TypeError: Request with a GET or HEAD method cannot have a body.",
        ),
        ((HERE,), {"method": "FOO"}, "TypeError: Invalid HTTP method string: FOO"),
        ((HERE,), {"method": "CONNECT"}, "TypeError: Invalid HTTP method string: CONNECT"),
        ((HERE,), {"redirect": "error"}, REDIRECT),
        ((HERE,), {"cache": "zzz"}, "TypeError: Unsupported cache mode: zzz"),
    ],
)
def test_what_is_no_request_is_refused(
    arguments: tuple[Any, ...], named: dict[str, Any], message: str
) -> None:
    with pytest.raises(JsException) as refused:
        Request.new(*arguments, **named)

    assert str(refused.value) == message


def test_a_request_has_defaults() -> None:
    request = Request.new("http://example.com")

    assert (request.method, request.url, request.redirect) == ("GET", HERE, "follow")
    assert request.body is jsnull
    assert request.cf is None
    assert fields(request) == []


def test_options_are_taken() -> None:
    request = Request.new(
        "http://example.com/a b?q=é#h",
        method="patch",
        body="x",
        headers=[("A", "b")],
        redirect="manual",
        cache="no-store",
        cf={"a": 1},
    )

    assert (request.method, request.url) == ("PATCH", "http://example.com/a%20b?q=%C3%A9#h")
    assert fields(request) == [("a", "b"), TEXT]
    assert (request.redirect, request.cache, request.cf.to_py()) == (
        "manual",
        "no-store",
        {"a": 1},
    )


def test_an_address_may_be_an_object() -> None:
    assert Request.new(URL.new("http://a.b/c")).url == "http://a.b/c"


def test_a_blob_gives_its_type() -> None:
    request = Request.new(HERE, method="POST", body=Blob.of_bytes(b"x", "q/r"))

    assert fields(request) == [("content-type", "q/r")]


def test_a_request_made_of_another_takes_its_body() -> None:
    async def main() -> None:
        first = post(headers=[("a", "b")])
        second = Request.new(first, method="PUT")
        assert (second.method, fields(second)) == ("PUT", [("a", "b"), TEXT])
        assert await second.text() == "x"
        assert first.bodyUsed
        with pytest.raises(JsException, match="Cannot reconstruct a Request with a used body"):
            Request.new(first)

    asyncio.run(main())


def test_a_body_of_its_own_leaves_the_other_alone() -> None:
    async def main() -> None:
        first = post()
        second = Request.new(first, body="y")
        assert (await second.text(), await first.text()) == ("y", "x")

    asyncio.run(main())


def test_headers_of_its_own_replace_the_others() -> None:
    second = Request.new(post(headers=[("q", "1")]), headers=Headers.new([("z", "2")]))

    assert fields(second) == [("z", "2")]


def test_a_request_may_be_the_options_of_another() -> None:
    async def main() -> None:
        first = post(headers=[("q", "1")])
        second = Request.new("http://b.c", first)
        assert (second.url, second.method, fields(second)) == (
            "http://b.c/",
            "POST",
            [TEXT, ("q", "1")],
        )
        assert (await second.text(), first.bodyUsed) == ("x", True)

    asyncio.run(main())


def test_a_get_made_of_a_post_has_a_body_too_many() -> None:
    with pytest.raises(JsException, match="GET or HEAD"):
        Request.new(post(), method="GET")


def test_a_clone_can_be_read_beside_the_first() -> None:
    async def main() -> None:
        first = post()
        second = first.clone()
        assert (await first.text(), await second.text()) == ("x", "x")
        with pytest.raises(JsException):
            first.clone()

    asyncio.run(main())


def test_an_incoming_request_is_taken_as_it_came() -> None:
    async def main() -> None:
        received = [("Host", "a.b"), ("X-Y", "1"), ("x-y", "2")]
        request = Request.incoming("PROPFIND", "http://a.b/?q", received, b"\xff")
        assert (request.method, request.url) == ("PROPFIND", "http://a.b/?q")
        assert request.header_list() is received
        assert request.headers.get("x-y") == "1, 2"
        assert request.headers is request.headers
        assert list(await request.bytes()) == [255]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("status", "method", "followed"),
    [
        (303, "PUT", "GET"),
        (302, "POST", "GET"),
        (301, "PUT", "PUT"),
        (307, "POST", "POST"),
        (303, "HEAD", "HEAD"),
    ],
)
def test_a_redirection_changes_the_method_where_it_must(
    status: int, method: str, followed: str
) -> None:
    request = Request.incoming(method, "http://a.b/c/d", [("content-type", "x/y")], b"x")

    following = request.redirected(Response.new(None, status=status, headers=[("location", "e")]))

    assert following is not None
    assert (following.url, following.method) == ("http://a.b/c/e", followed)
    assert following.headers.has("content-type")
    assert (following.body is jsnull) is (followed == "GET")


def test_a_redirection_without_a_place_is_an_answer() -> None:
    request = Request.new(HERE)

    assert request.redirected(Response.new(None, status=302)) is None
    with pytest.raises(JsException, match="Invalid Location header"):
        request.redirected(Response.new(None, status=302, headers=[("location", "http://")]))


def test_undefined_members_change_nothing_of_a_request(js: Any) -> None:
    async def main() -> None:
        controller = js.AbortController.new()
        request = Request.new(HERE, cf={"a": 1}, signal=controller.signal)

        same = Request.new(request, cf=None, signal=None)
        without = Request.new(request, signal=jsnull)
        controller.abort()

        assert same.cf.to_py() == {"a": 1}
        assert (same.signal.aborted, without.signal.aborted) == (True, False)

    asyncio.run(main())


def test_a_used_request_gives_no_body_to_another_address() -> None:
    async def main() -> None:
        used = Request.new(HERE, method="POST", body="x")
        await used.text()

        with pytest.raises(JsException, match="Cannot reconstruct a Request with a used body"):
            Request.new(used)
        with pytest.raises(JsException, match="This ReadableStream is disturbed"):
            Request.new(HERE, used)

    asyncio.run(main())


def test_nothing_of_what_cloudflare_tells_can_be_changed() -> None:
    told = IncomingCf({}).made()

    with pytest.raises(JsException, match="Cannot add property 0, object is not extensible"):
        told.botManagement.detectionIds.push(1)

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.blob import Blob
from pydo.host.js.buffer import ArrayBuffer
from pydo.host.js.collection import JsMap
from pydo.host.js.formdata import FormData
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.object import JsObject
from pydo.host.js.response import Response
from pydo.host.js.searchparams import URLSearchParams
from pydo.host.js.stream import ReadableStream
from pydo.host.js.value import JsProxy, jsnull

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TEXT = [("content-type", "text/plain;charset=UTF-8")]
json_response: Any = getattr(Response, "json")  # noqa: B009 - typed as the method of the instances
RANGE = (
    "RangeError: Responses may only be constructed with status codes in the range 200 to 599, "
    "inclusive."
)
WITH_BODY = "TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body."
INIT = (
    "TypeError: Failed to construct 'Response': constructor parameter 2 is not of type "
    "'InitializerDict or Response'."
)
HEADERS = (
    "TypeError: Incorrect type for the 'headers' field on 'InitializerDict': the provided value is "
    "not of type 'Headers or Sequence or object'."
)
USED = (
    "TypeError: Body has already been used. It can only be used once. Use tee() first if you need "
    "to read it twice."
)
LOCKED = "TypeError: This ReadableStream is currently locked to a reader."


def refused(call: Any) -> str:
    with pytest.raises(JsException) as error:
        call()
    return str(error.value)


async def rejected(awaitable: Any) -> str:
    with pytest.raises(JsException) as error:
        await awaitable
    return str(error.value)


@pytest.mark.parametrize("status", [99, 101, 199, 600, 0, -1, 70000, "abc", jsnull, JsObject({})])
def test_a_status_out_of_range_is_refused(status: Any) -> None:
    assert refused(lambda: Response.new("x", status=status)) == RANGE


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (None, 200, "OK"),
        ("201", 201, "Created"),
        (200.7, 200, "OK"),
        (404, 404, "Not Found"),
        (413, 413, "Payload Too Large"),
        (418, 418, "I'm a teapot"),
        (299, 299, "Successful"),
        (599, 599, "Server Error"),
    ],
)
def test_a_status_has_its_words(status: Any, code: int, text: str) -> None:
    response = Response.new("x", status=status)

    assert (response.status, response.statusText) == (code, text)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_some_statuses_have_no_body(status: int) -> None:
    assert refused(lambda: Response.new("x", status=status)) == WITH_BODY
    for empty in ("", None):
        response = Response.new(empty, status=status)
        assert response.body is jsnull
        assert response.header_list() == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("x", "text/plain;charset=UTF-8"),
        (5, "text/plain;charset=UTF-8"),
        (JsObject({}), "text/plain;charset=UTF-8"),
        (Uint8Array.new(1), None),
        (ArrayBuffer.new(1), None),
        (None, None),
        (URLSearchParams.new("a=1"), "application/x-www-form-urlencoded;charset=UTF-8"),
        (Blob.of_bytes(b"x", "a/b"), "a/b"),
        (Blob.of_bytes(b"x"), None),
    ],
)
def test_the_body_implies_the_content_type(body: Any, kind: str | None) -> None:
    given = Response.new(body, headers=JsObject({"content-type": "q/r"}))

    assert Response.new(body).header_list() == ([] if kind is None else [("content-type", kind)])
    assert given.headers.get("content-type") == "q/r"


def test_a_form_goes_in_parts_with_a_boundary() -> None:
    form = FormData.new()
    form.append('a"\n', "1")
    form.append("b", Blob.of_bytes(b"x", "t/u"), 'n"m')
    response = Response.new(form)
    boundary = str(response.headers.get("content-type")).removeprefix(
        "multipart/form-data; boundary="
    )

    assert len(boundary) == 32
    assert (
        response.take()
        == (
            f'--{boundary}\r\nContent-Disposition: form-data; name="a%22%0A"\r\n\r\n1\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="b"; filename="n%22m"\r\n'
            f"Content-Type: t/u\r\n\r\nx\r\n--{boundary}--"
        ).encode()
    )


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ("y", INIT),
        (5, INIT),
        ({"headers": "z"}, HEADERS),
        ({"headers": 5}, HEADERS),
        ({"headers": jsnull}, HEADERS),
        ({"statusText": "h\nm"}, "TypeError: Invalid statusText"),
        ({"encodeBody": "z"}, "TypeError: encodeBody: unexpected value: z"),
        (
            {"webSocket": "z"},
            (
                "TypeError: Incorrect type for the 'webSocket' field on 'InitializerDict': the "
                "provided value is not of type 'WebSocket'."
            ),
        ),
    ],
)
def test_options_of_another_kind_are_refused(init: Any, message: str) -> None:
    assert refused(lambda: Response.new("x", init)) == message


def test_a_socket_and_its_status_belong_together() -> None:
    class Socket(JsProxy, js_name="WebSocket"):
        pass

    socket = Socket()

    assert Response.new(None, status=101, webSocket=socket).webSocket is socket
    assert refused(lambda: Response.new(None, webSocket=socket)) == (
        "RangeError: Responses with a WebSocket must have status code 101."
    )
    assert refused(lambda: Response.new("x", status=101, webSocket=socket)) == WITH_BODY


def test_a_response_can_be_the_options_of_another() -> None:
    first = Response.new("y", status=201, statusText="q", headers=[("a", "b")])
    second = Response.new("x", first)

    assert (second.status, second.statusText, second.headers.get("a")) == (201, "q", "b")
    assert second.headers is not first.headers


def test_a_bare_dict_works_as_options() -> None:
    assert Response.new("x", {"status": 201}).status == 201


def test_json_is_written_as_javascript_does() -> None:
    response = json_response(JsObject({"a": 1, "b": JsArray([1.5])}))

    assert response.header_list() == [("content-type", "application/json")]
    assert response.take() == b'{"a":1,"b":[1.5]}'
    given = json_response(jsnull, status=201, headers=JsObject({"content-type": "x/y"}))
    assert (given.status, given.headers.get("content-type")) == (201, "x/y")
    other = json_response(1, headers=JsObject({"a": "b"}))
    assert other.headers.get("content-type") == "application/json"


def test_a_redirection_names_its_place() -> None:
    response = Response.redirect("http://a.b")

    assert (response.status, response.header_list()) == (302, [("location", "http://a.b/")])
    assert refused(lambda: Response.redirect("http://a.b", 200)) == (
        "RangeError: 200 is not a redirect status code. It must be one of: 301, 302, 303, 307, or "
        "308."
    )
    assert refused(lambda: Response.redirect("/x")) == "TypeError: Unable to parse URL: /x"


def test_a_network_error_has_no_status() -> None:
    response = Response.error()

    assert (response.status, response.type, response.ok, response.statusText) == (
        0,
        "error",
        False,
        "",
    )


def test_a_body_is_read_once() -> None:
    async def main() -> None:
        response = Response.new("x")
        assert not response.bodyUsed
        assert await response.text() == "x"
        assert response.bodyUsed
        assert await rejected(response.text()) == USED
        with pytest.raises(JsException):
            response.clone()
        with pytest.raises(JsException):
            Response.new(response.body)
        nothing = Response.new(None)
        assert (await nothing.text(), await nothing.text(), nothing.bodyUsed) == ("", "", False)

    asyncio.run(main())


def test_a_body_is_read_in_every_form() -> None:
    async def main() -> None:
        assert (await Response.new("x").arrayBuffer()).to_bytes() == b"x"
        assert list(await Response.new("x").bytes()) == [120]
        assert (await Response.new('{"a":[1.0,null]}').json()).to_py() == {"a": [1, jsnull]}
        blob = await Response.new("x", headers=[("content-type", "Text/HTML; charset=a")]).blob()
        assert (blob.type, blob.size) == ("text/html;charset=a", 1)
        bom = Response.new(Uint8Array.new([0xEF, 0xBB, 0xBF, 65, 255]))
        assert await bom.text() == "A\ufffd"
        assert await rejected(Response.new("").json()) == (
            "SyntaxError: Unexpected end of JSON input"
        )
        form = await Response.new(URLSearchParams.new("a=1&b=%20+x&a=2&c")).formData()
        assert [tuple(pair) for pair in form] == [("a", "1"), ("b", "  x"), ("a", "2"), ("c", "")]

    asyncio.run(main())


def test_parts_are_parsed_into_strings_and_files() -> None:
    body = (
        '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        '--B\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n'
        "Content-Type: a/b\r\n\r\nhello\r\n--B--\r\n"
    )

    async def main() -> None:
        headers = [("content-type", "multipart/form-data; boundary=B")]
        form = await Response.new(body, headers=headers).formData()
        file = form.get("f")
        assert (form.get("a"), file.name, file.type) == ("1", "x.txt", "a/b")
        assert await file.text() == "hello"
        assert "Unrecognized Content-Type" in await rejected(Response.new(body).formData())
        bare = Response.new(body, headers=[("content-type", "multipart/form-data")])
        assert "No boundary string" in await rejected(bare.formData())
        cut = Response.new(body.removesuffix("--B--\r\n"), headers=headers)
        assert "No subsequent boundary string" in await rejected(cut.formData())

    asyncio.run(main())


def test_a_stream_is_locked_to_its_reader() -> None:
    async def main() -> None:
        response = Response.new("abc")
        stream = response.body
        assert stream is response.body
        reader = stream.getReader()
        assert stream.locked
        assert await rejected(response.text()) == LOCKED
        assert refused(stream.getReader) == LOCKED
        first, last = await reader.read(), await reader.read()
        assert (first.done, first.value.to_bytes(), last.done) == (False, b"abc", True)
        reader.releaseLock()
        assert await rejected(reader.read()) == (
            "TypeError: This ReadableStream reader has been released."
        )
        assert await rejected(response.text()) == USED

    asyncio.run(main())


def test_a_body_handed_on_is_used_when_it_is_read() -> None:
    async def main() -> None:
        first = Response.new("x")
        second = Response.new(first.body)
        assert (first.bodyUsed, second.bodyUsed) == (False, False)
        assert await second.text() == "x"
        assert first.bodyUsed
        assert await rejected(first.text()) == USED

    asyncio.run(main())


def test_a_clone_and_a_tee_can_both_be_read() -> None:
    async def chunks() -> AsyncIterator[Any]:
        yield Uint8Array.new([97])
        yield b"b"

    async def main() -> None:
        for body in ("ab", ReadableStream.from_(chunks())):
            first = Response.new(body)
            second = first.clone()
            assert (await first.text(), await second.text()) == ("ab", "ab")
        stream = Response.new("abc").body
        left, right = stream.tee()
        assert stream.locked
        assert await Response.new(left).text() == "abc"
        assert [chunk.to_bytes() async for chunk in right] == [b"abc"]

    asyncio.run(main())


def test_an_iterable_body_has_to_give_buffers() -> None:
    async def main() -> None:
        assert await Response.new(JsArray([Uint8Array.new([65])])).text() == "A"
        assert await Response.new([1]).text() == "[1]"  # Python's own is its text
        for wrong in (JsArray(["abc"]), JsMap.new([(1, 2)])):
            assert await rejected(Response.new(wrong).text()) == (
                "TypeError: This ReadableStream did not return bytes."
            )

    asyncio.run(main())


def test_a_server_takes_bytes_or_chunks() -> None:
    assert Response.new("é").take() == "é".encode()
    assert Response.new(None).take() is None
    assert Response.new("x").header_list() == TEXT
    taken = Response.new("x")
    taken.take()
    assert refused(taken.take) == USED

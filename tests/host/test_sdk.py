"""Cloudflare's SDK, unmodified, on the modules that stand in for Pyodide's and the runtime's."""

from __future__ import annotations

import asyncio
import datetime as dt
import enum
import importlib
import sys
from http import HTTPMethod, HTTPStatus
from typing import Any

import pytest

from pydo.errors import JsException
from pydo.host.importer import Host, install, uninstall
from pydo.host.js.request import Request
from pydo.host.js.value import jsnull


class Colour(enum.StrEnum):
    RED = "red"


def test_a_response_is_made_of_text_and_of_bytes(sdk: Any) -> None:
    async def main() -> None:
        text = sdk.Response("héllo", status=HTTPStatus.CREATED, headers={"x-a": 1})
        assert (text.status, text.status_text, text.ok) == (201, "Created", True)
        assert text.headers["X-A"] == "1"
        assert text.headers["missing"] is None
        assert await text.text() == "héllo"
        with pytest.raises(OSError, match="already used"):
            await text.text()
        data = sdk.Response(b"\x00\xff")
        assert data.js_object.header_list() == []
        assert await data.bytes() == b"\x00\xff"
        assert sdk.Response().body is None
        assert (await sdk.Response("{}").json(), await sdk.Response("x").string()) == ({}, "x")
        assert bytes(await sdk.Response("x").memoryview()) == b"x"

    asyncio.run(main())


@pytest.mark.parametrize("body", [{}, [], 1, bytearray(b"x"), object()])
def test_other_bodies_are_refused_by_the_sdk(sdk: Any, body: object) -> None:
    with pytest.raises(TypeError, match=f"Unsupported type in Response: {type(body).__name__}"):
        sdk.Response(body)


def test_a_response_shows_itself(sdk: Any) -> None:
    assert repr(sdk.Response.json({"a": 1})) == (
        "Response(status=200, status_text='OK', content_type='application/json')"
    )


def test_a_response_in_json(sdk: Any, js: Any) -> None:
    async def main() -> None:
        response = sdk.Response.json({"a": [1, None]}, status=201, headers={"x": "y"})
        assert response.headers["content-type"] == "application/json"
        assert await response.text() == '{"a": [1, null]}'
        native = sdk.Response.json(js.JSON.parse('{"a":1}'))
        assert (await native.text(), native.headers["content-type"]) == (
            '{"a":1}',
            "application/json",
        )
        with pytest.raises(ValueError, match="status codes in the range"):
            sdk.Response.json({}, status=999)

    asyncio.run(main())


def test_redirections_and_wrapping(sdk: Any, js: Any) -> None:
    redirection = sdk.Response.redirect("http://a.b/c", HTTPStatus.FOUND)

    assert redirection.headers.get("location") == "http://a.b/c"
    with pytest.raises(ValueError, match="not a redirect status code"):
        sdk.Response.redirect("", 502)
    native = js.Response.new("x")
    assert sdk.Response(native).js_object is native
    with pytest.raises(ValueError, match="Expected no options"):
        sdk.Response(native, status=201)
    assert sdk.Response("x", status=201).replace_body("y").status == 201
    with pytest.raises(JsException, match="RangeError"):
        sdk.Response("x", {"headers": {}})


def test_cookies_stay_apart_and_the_rest_is_joined(sdk: Any) -> None:
    headers = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x", "1"), ("x", "2")]

    response = sdk.Response("", headers=headers)

    assert response.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert response.headers.get_all("x") == ["1, 2"]


def test_a_request_that_came_in_is_wrapped(sdk: Any) -> None:
    async def main() -> None:
        headers = [("Host", "a.b"), ("X-Y", "1")]
        request = sdk.Request(Request.incoming("POST", "http://a.b/c?d", headers, b'{"e":1}'))
        assert (request.method, request.url) == (HTTPMethod.POST, "http://a.b/c?d")
        assert request.headers["x-y"] == "1"
        assert request.cf is None
        copied = request.clone()
        assert await request.json() == {"e": 1}
        assert await copied.bytes() == b'{"e":1}'
        with pytest.raises(OSError, match="Body already used"):
            await request.text()

    asyncio.run(main())


def test_a_request_is_made(sdk: Any) -> None:
    async def main() -> None:
        request = sdk.Request("http://a.b", method=HTTPMethod.POST, body=b"x", headers={"A": "b"})
        assert (request.url, request.method, request.headers["a"]) == ("http://a.b/", "POST", "b")
        assert await request.text() == "x"
        assert sdk.Request("http://a.b").body is jsnull
        with pytest.raises(JsException, match="TypeError: Invalid URL: /x"):
            sdk.Request("/x")

    asyncio.run(main())


def test_forms_and_blobs(sdk: Any) -> None:
    async def main() -> None:
        form = sdk.FormData({"a": "1", "f": sdk.File([b"xyz"], "n.txt", "t/u")})
        form.append("a", "2")
        sent = sdk.Response(form)
        read = await sent.form_data()
        assert read.get_all("a") == ["1", "2"]
        assert (read["f"].name, read["f"].content_type) == ("n.txt", "t/u")
        assert await read["f"].bytes() == b"xyz"
        assert read["missing"] is jsnull
        blob = sdk.Blob(["a", b"b"], content_type="q/r")
        assert (blob.size, await blob.slice(1).text()) == (2, "b")
        assert await (await sdk.Response(blob.js_object).blob()).text() == "ab"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (None, None),
        (1, 1),
        (1.0, 1),
        (1.5, 1.5),
        ("é", "é"),
        (2**60, 2**60),
        (Colour.RED, "red"),
        ([1, [None]], [1, [None]]),
        ({"a": {"b": None}}, {"a": {"b": None}}),
        ({2: 1, 1: 2, "x": 3, None: 4}, {"1": 2, "2": 1, "x": 3, "undefined": 4}),
        ({1, 2}, {1, 2}),
        (b"ab", b"ab"),
    ],
)
def test_plain_values_go_through_rpc(sdk: Any, js: Any, sent: Any, received: Any) -> None:
    arrived = sdk.python_from_rpc(js.structuredClone(sdk.python_to_rpc(sent)))

    assert arrived == received
    if isinstance(received, dict):
        assert list(arrived) == list(received)
        assert type(arrived).__name__ == "JsDict"
    if isinstance(received, int):
        assert isinstance(arrived, int)


def test_dates_errors_and_responses_go_through_rpc(sdk: Any) -> None:
    moment = dt.datetime(2020, 1, 2, 3, 4, 5, 678000)  # noqa: DTZ001 - it arrives so
    response = sdk.Response("x")

    assert sdk.python_from_rpc(sdk.python_to_rpc(moment)) == moment
    assert str(sdk.python_from_rpc(sdk.python_to_rpc(ValueError("bad")))) == "Error: bad"
    assert sdk.python_from_rpc(sdk.python_to_rpc(response)).js_object is response.js_object


@pytest.mark.parametrize("value", [(1,), bytearray(b"x"), [(1,)], {"a": (1,)}])
def test_some_values_are_refused_before_they_leave(sdk: Any, value: object) -> None:
    with pytest.raises(TypeError, match="cannot be sent over RPC"):
        sdk.python_to_rpc(value)


def test_the_environment_can_be_read_and_patched(sdk: Any) -> None:
    assert sdk.env.GREETING == "hello"
    with sdk.patch_env(GREETING="hi", OTHER=1):
        assert (sdk.env.GREETING, sdk.env.OTHER) == ("hi", 1)
    assert sdk.env.GREETING == "hello"
    assert not hasattr(sdk.env, "OTHER")


def test_wait_until_reaches_the_host(sdk: Any, kept: list[object]) -> None:
    promise: Any = object()

    sdk.wait_until(promise)

    assert kept == [promise]


def test_other_javascript_modules_are_not_there(sdk: Any) -> None:
    with pytest.raises(ImportError, match="Failed to import 'cloudflare:email'"):
        sdk.import_from_javascript("cloudflare:email")


def test_what_is_absent_says_so(js: Any) -> None:
    with pytest.raises(AttributeError, match="pydo"):
        _ = js.EventSource
    with pytest.raises(ImportError, match="pydo"):
        exec("from js import EventSource", {})  # noqa: S102 - the statement is under test
    with pytest.raises(ImportError, match="pydo"):
        exec("from pyodide.ffi import nothing", {})  # noqa: S102 - as above
    with pytest.raises(JsException, match="within global scope"):
        js.WebSocket.new("ws://a.b")


def test_the_modules_stand_before_others_and_go_away(host: Host) -> None:
    uninstall()
    sentinel: Any = object()
    sys.modules["pyodide"] = sentinel
    try:
        install(host)
        assert importlib.import_module("pyodide").__version__ == "0.28.2"
        assert importlib.import_module("pyodide.http").FetchResponse
        uninstall()
        assert sys.modules["pyodide"] is sentinel
        assert "js" not in sys.modules
    finally:
        sys.modules.pop("pyodide", None)
    assert sys.platform != "emscripten"

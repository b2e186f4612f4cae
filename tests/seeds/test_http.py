"""HTTP as odd clients speak it, byte by byte; what is expected was measured on workerd.

Where `wrangler dev` and workerd alone differ, it is wrangler's.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.seeds.conftest import Dev, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """
name = "wire"
main = "entry.py"
compatibility_date = "2026-01-01"
compatibility_flags = ["python_workers"]
[[durable_objects.bindings]]
name = "OBJECT"
class_name = "Wire"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Wire"]
"""

CODE = """
import asyncio, json
import js
from js import FixedLengthStream, ReadableStream
from pyodide.ffi import create_proxy, jsnull, to_js
from workers import DurableObject, Response, WorkerEntrypoint


def stream(*chunks, error=None):
    def start(controller):
        for chunk in chunks:
            controller.enqueue(to_js(chunk))
        controller.close() if error is None else controller.error(js.Error.new(error))

    return ReadableStream.new(start=create_proxy(start))


def fixed():
    sides = FixedLengthStream.new(5)

    async def write():
        writer = sides.writable.getWriter()
        await writer.write(to_js(b"hello"))
        await writer.close()

    asyncio.ensure_future(write())
    return sides.readable


def slow():
    async def start(controller):
        controller.enqueue(to_js(b"begun"))
        await asyncio.sleep(0.3)
        controller.enqueue(to_js(b"end"))
        controller.close()

    return ReadableStream.new(start=create_proxy(start))


def endless():
    def start(controller):
        controller.enqueue(to_js(b"begun"))

    return ReadableStream.new(
        start=create_proxy(start), cancel=create_proxy(lambda reason: print("it was cancelled"))
    )


async def late_socket():
    await asyncio.sleep(0.3)
    client, server = js.WebSocketPair.new().object_values()
    server.accept()
    server.addEventListener("close", create_proxy(lambda event: print("it was closed")))
    return Response(None, status=101, web_socket=client)


def fail(text):
    raise ValueError(text)


def visitor(request):
    return Response.json(
        {
            "country": request.cf.country,
            "accepted": request.cf.clientAcceptEncoding,
            "certificate": request.cf.tlsClientAuth.certVerified,
            "copied": js.Request.new("http://x", request).cf.colo,
            "is_fixed": js.Object.isFrozen(request.cf),
            "ip": request.headers.get("cf-connecting-ip"),
        }
    )


async def answer(request):
    path = js.URL.new(request.url).pathname.rsplit("/", 1)[1]
    if path == "late-socket":
        return await late_socket()
    if path == "echo":
        told = {
            "method": request.js_object.method,
            "url": request.url,
            "has_body": request.body is not jsnull,
            "x": request.js_object.headers.get("x") or "",
        }
        try:
            told["body"] = await request.text()
        except Exception as error:
            told["body"] = f"{error}"
        return Response.json(told)
    answers = {
        "str": lambda: Response("hello"),
        "bytes": lambda: Response(b"hello"),
        "null": lambda: Response(None),
        "named": lambda: Response("hello", headers={"content-length": "9"}),
        "stream": lambda: Response(stream(b"a", b"b")),
        "named-stream": lambda: Response(stream(b"a"), headers={"content-length": "1"}),
        "fixed": lambda: Response(fixed()),
        "slow": lambda: Response(slow()),
        "endless": lambda: Response(endless()),
        "204": lambda: Response(None, status=204, headers={"content-length": "0"}),
        "205": lambda: Response(None, status=205),
        "304": lambda: Response(None, status=304, headers={"content-length": "7"}),
        "strings": lambda: Response(stream("a", "b")),
        "failed": lambda: Response(stream(error="at once")),
        "hop": lambda: Response(
            "n", headers={n: "x" for n in ("connection", "te", "trailer", "upgrade", "x-kept")}
        ),
        "visitor": lambda: visitor(request.js_object),
        "throw": lambda: 1 / 0,
        "surrogate": lambda: fail("\\ud800"),
    }
    return answers[path]()


class Wire(DurableObject):
    async def fetch(self, request):
        return await answer(request)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if "/object/" in request.url:
            return await self.env.OBJECT.getByName("a").fetch(request)
        return await answer(request)
"""


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    project: Path = tmp_path_factory.mktemp("wire")
    (project / "wrangler.toml").write_text(CONFIG)
    (project / "entry.py").write_text(CODE)
    served = Dev(project, "--port", str(free_port()))
    served.until("Ready on")
    yield served
    served.close()


WHERE = pytest.mark.parametrize("where", ["/worker", "/object"])


def said(dev: Dev, *parts: bytes, ends: bool = False) -> bytes:
    """Send bytes, and give all that comes; `ends` tells that no more will be sent."""
    with socket.create_connection(("127.0.0.1", dev.port), timeout=10) as raw:
        for part in parts:
            raw.sendall(part)
        if ends:
            raw.shutdown(socket.SHUT_WR)
        got = b""
        while True:
            try:
                data = raw.recv(65536)
            except ConnectionResetError:
                return got
            if not data:
                return got
            got += data


def asked(method: str, target: str, *lines: str, body: bytes = b"", host: str = "x") -> bytes:
    head = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def parsed(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return int(first.split()[1]), {name.lower(): value for name, _, value in pairs}, body


def echoed(answer: bytes) -> Any:
    status, _, body = parsed(answer)
    assert status == 200, answer
    return json.loads(body)


@WHERE
@pytest.mark.parametrize(
    ("path", "status", "length"),
    [
        ("str", 200, None),
        ("bytes", 200, None),
        ("null", 200, None),
        ("named", 200, "9"),
        ("stream", 200, None),
        ("named-stream", 200, "1"),
        ("fixed", 200, None),
        ("204", 204, "0"),
        ("205", 205, "0"),
        ("304", 304, "7"),
        ("strings", 500, None),
    ],
)
def test_head_is_told_of_the_length_that_the_worker_names(
    dev: Dev, where: str, path: str, status: int, length: str | None
) -> None:
    code, headers, body = parsed(said(dev, asked("HEAD", f"{where}/{path}")))

    assert (code, headers.get("content-length"), body) == (status, length, b"")
    assert "transfer-encoding" not in headers


@WHERE
@pytest.mark.parametrize(
    ("path", "framing", "body"),
    [
        ("named", ("5", None), b"hello"),
        ("fixed", ("5", None), b"hello"),
        ("204", (None, None), b""),
        ("205", ("0", None), b""),
        ("304", (None, None), b""),
    ],
)
def test_get_is_framed_by_what_the_body_is(
    dev: Dev, where: str, path: str, framing: tuple[str | None, str | None], body: bytes
) -> None:
    _, headers, content = parsed(said(dev, asked("GET", f"{where}/{path}")))

    assert (headers.get("content-length"), headers.get("transfer-encoding")) == framing
    assert content == body


@WHERE
def test_a_stream_comes_in_chunks_also_if_all_of_it_is_there(dev: Dev, where: str) -> None:
    _, headers, body = parsed(said(dev, asked("GET", f"{where}/stream")))

    assert headers["transfer-encoding"] == "chunked"
    assert body.replace(b"1\r\na\r\n1\r\nb", b"2\r\nab") == b"2\r\nab\r\n0\r\n\r\n"


@WHERE
def test_a_stream_of_strings_has_begun_when_it_fails(dev: Dev, where: str) -> None:
    status, headers, body = parsed(said(dev, asked("GET", f"{where}/strings")))

    assert (status, headers["transfer-encoding"], body) == (200, "chunked", b"")
    dev.until("TypeError: This ReadableStream did not return bytes")


def test_head_of_a_stream_that_has_failed_tells_why(dev: Dev) -> None:
    status, _, _ = parsed(said(dev, asked("HEAD", "/worker/failed")))

    assert status == 500
    dev.until("Error: at once")
    assert not any("aiohttp" in line for line in dev.said)


def test_headers_of_the_connection_are_not_the_workers(dev: Dev) -> None:
    _, headers, _ = parsed(said(dev, asked("GET", "/worker/hop")))

    assert headers.keys().isdisjoint({"te", "trailer", "upgrade"})
    assert (headers["connection"], headers["x-kept"]) == ("close", "x")


@pytest.mark.parametrize("where", ["/worker", "/object"])
def test_a_worker_is_told_where_a_request_comes_from(dev: Dev, where: str) -> None:
    told = echoed(said(dev, asked("GET", f"{where}/visitor", "Accept-Encoding: zstd")))

    assert told == {
        "country": "US",
        "accepted": "zstd",
        "certificate": "NONE",
        "copied": "DFW",
        "is_fixed": True,
        "ip": "127.0.0.1",
    }


def test_a_client_may_say_itself_where_it_is(dev: Dev) -> None:
    told = echoed(said(dev, asked("GET", "/worker/visitor", "CF-Connecting-IP: 2001:db8::1")))

    assert (told["ip"], told["accepted"]) == ("2001:db8::1", "")


def test_an_error_is_text_of_the_servers_own(dev: Dev) -> None:
    status, headers, body = parsed(said(dev, asked("GET", "/worker/throw")))

    assert (status, headers["content-type"]) == (500, "text/plain;charset=UTF-8")
    assert "server" not in headers
    assert body.startswith(b"ZeroDivisionError")


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("/a/./b/../echo", "http://x/a/echo"),
        ("/%2e%2e/echo", "http://x/echo"),
        ("/..//echo", "http://x//echo"),
        ("/a%2Fb/echo?q=%20+%zz", "http://x/a%2Fb/echo?q=%20+%zz"),
        ("/echo#part", "http://x/echo"),
        ("/a|b^{c}/echo", "http://x/a|b%5E%7Bc%7D/echo"),
        ("/日本/echo?q=ü", "http://x/%E6%97%A5%E6%9C%AC/echo?q=%C3%BC"),
        ("http://other:80/echo", "http://other/echo"),
        ("https://other/echo", "https://other/echo"),
    ],
)
def test_a_worker_sees_an_address_as_the_standard_writes_it(
    dev: Dev, target: str, url: str
) -> None:
    assert echoed(said(dev, asked("GET", target)))["url"] == url


@pytest.mark.parametrize(
    ("host", "url"), [("EXAMPLE.com:80", "http://example.com/echo"), ("[::1]", "http://[::1]/echo")]
)
def test_a_worker_sees_a_host_as_the_standard_writes_it(dev: Dev, host: str, url: str) -> None:
    assert echoed(said(dev, asked("GET", "/echo", host=host)))["url"] == url


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (asked("GET", "/echo", host=""), 400),
        (asked("GET", "/echo", host="a b"), 400),
        (asked("GET", "ftp://x/echo"), 400),
        (asked("get", "/echo"), 501),
        (asked("LINK", "/echo"), 501),
        (asked("GET", "/echo", "no colon"), 400),
        (asked("GET", "/echo?" + "a" * 140_000), 431),
    ],
)
def test_what_is_no_request_is_refused_without_a_word_of_the_library(
    dev: Dev, request_: bytes, status: int
) -> None:
    answer = said(dev, request_)

    code, headers, _ = parsed(answer)
    assert answer.startswith(b"HTTP/1.1")
    assert (code, "server" in headers) == (status, False)


def test_long_addresses_and_headers_and_many_of_them_are_taken(dev: Dev) -> None:
    long = "a" * 60_000
    many = [f"X-{number}: a" for number in range(1000)]

    told = echoed(said(dev, asked("GET", f"/echo?{long}", f"X: {long}", *many)))

    assert (told["url"], told["x"]) == (f"http://x/echo?{long}", long)


@WHERE
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PROPFIND"])
def test_any_request_may_bring_a_body(dev: Dev, where: str, method: str) -> None:
    answer = said(dev, asked(method, f"{where}/echo", "Content-Length: 3", body=b"abc"))

    status, _, body = parsed(answer)
    assert status == 200
    assert method == "HEAD" or json.loads(body)["body"] == "abc"


def test_a_body_that_is_said_to_be_empty_is_a_body(dev: Dev) -> None:
    assert echoed(said(dev, asked("POST", "/echo", "Content-Length: 0")))["has_body"]
    assert not echoed(said(dev, asked("POST", "/echo")))["has_body"]
    assert not echoed(said(dev, asked("GET", "/echo", "Content-Length: 0")))["has_body"]


@WHERE
@pytest.mark.parametrize("path", ["str", "stream", "echo"])
def test_a_client_that_has_said_all_is_answered(dev: Dev, where: str, path: str) -> None:
    request = f"GET {where}/{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()

    status, _, body = parsed(said(dev, request, ends=True))

    assert status == 200
    assert body


@pytest.mark.parametrize("sent", [b"", b"a"])
def test_a_body_that_ends_too_soon_ends_for_the_worker_at_once(dev: Dev, sent: bytes) -> None:
    request = b"POST /worker/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"

    for _ in range(3):  # the end may come before its request has got to a handler
        assert b"Network connection lost." in said(dev, request + sent, ends=True)


def test_a_client_that_says_so_when_its_answer_has_begun_gets_all_of_it(dev: Dev) -> None:
    with socket.create_connection(("127.0.0.1", dev.port), timeout=10) as raw:
        raw.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        got = raw.recv(1)
        raw.shutdown(socket.SHUT_WR)
        while data := raw.recv(65536):
            got += data

    assert got.endswith(b"begun\r\n3\r\nend\r\n0\r\n\r\n")


@pytest.mark.parametrize("rest", [b"", b"late"])
def test_a_client_that_leaves_a_silent_stream_is_noticed(dev: Dev, rest: bytes) -> None:
    with socket.create_connection(("127.0.0.1", dev.port), timeout=10) as raw:
        raw.sendall(asked("POST", "/endless", f"Content-Length: {len(rest)}"))
        raw.recv(1)
        raw.sendall(rest)

    dev.until("it was cancelled")


def test_a_client_that_leaves_before_its_socket_is_open_is_noticed(dev: Dev) -> None:
    with socket.create_connection(("127.0.0.1", dev.port), timeout=10) as raw:
        raw.sendall(
            b"GET /late-socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )

    dev.until("it was closed")


def test_pipelined_requests_of_a_client_that_has_said_all_are_answered(dev: Dev) -> None:
    request = b"GET /worker/str HTTP/1.1\r\nHost: x\r\n\r\n"

    answers = said(dev, request * 3, ends=True)

    assert answers.count(b"HTTP/1.1 200 OK") == 3
    assert answers.endswith(b"hello")


def test_a_body_that_ends_too_soon_is_an_error_of_the_network(dev: Dev) -> None:
    request = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc"

    assert echoed(said(dev, request, ends=True))["body"] == "Error: Network connection lost."


def test_a_long_address_beyond_ascii_is_read_in_one_go(dev: Dev) -> None:
    target = "/" + "é" * 50_000

    assert said(dev, f"GET {target} x HTTP/1.1\r\nHost: x\r\n\r\n".encode()).startswith(
        b"HTTP/1.1 400"
    )


def test_an_error_that_is_no_text_is_told_all_the_same(dev: Dev) -> None:
    status, _, body = parsed(said(dev, asked("GET", "/surrogate")))

    assert status == 500
    assert body.startswith(b"ValueError: ?")

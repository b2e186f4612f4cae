"""Bodies of any size, as they come, through the Worker and through an object."""

from __future__ import annotations

import gzip
import http.client
import socket
from typing import TYPE_CHECKING

import pytest

from tests.seeds.conftest import Dev, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB = 1 << 20

CONFIG = """
name = "streaming"
main = "entry.py"
compatibility_date = "2026-09-01"
compatibility_flags = ["python_workers"]
[[durable_objects.bindings]]
name = "OBJECT"
class_name = "Streaming"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Streaming"]
"""

CODE = """
import asyncio
from js import IdentityTransformStream, Object, ReadableStream, TransformStream
from pyodide.ffi import create_proxy, to_js
from workers import DurableObject, Response, WorkerEntrypoint


def stream(**callbacks):
    source = {name: create_proxy(function) for name, function in callbacks.items()}
    return ReadableStream.new(to_js(source, dict_converter=Object.fromEntries))


def zeros(total, cancel):
    chunk, left = to_js(bytes(1 << 16)), total

    def pull(controller):
        nonlocal left
        if left <= 0:
            controller.close()
        else:
            controller.enqueue(chunk)
            left -= 1 << 16

    return stream(pull=pull, cancel=cancel)


async def answer(request, log, wait_until):
    path = request.url.rsplit("/", 1)[1]
    if path == "down":
        return Response(zeros(64 << 20, log.append))
    if path == "up":
        length = 0
        async for chunk in request.body:
            length += chunk.byteLength
        return Response(str(length))
    if path == "echo":
        return Response(request.body, headers={"x-length": request.headers["content-length"] or ""})
    if path == "log":
        return Response(repr(log))
    if path == "events":
        sides = TransformStream.new()
        writer = sides.writable.getWriter()

        async def write():
            for number in range(3):
                await writer.write(to_js(f"data: {number}\\n\\n".encode()))
            await asyncio.Event().wait()

        wait_until(asyncio.ensure_future(write()))
        return Response(sides.readable, headers={"content-type": "text/event-stream"})
    if path == "ticks":
        sides = IdentityTransformStream.new()

        async def tick():
            writer = sides.writable.getWriter()
            try:
                while True:
                    await writer.write(to_js(b"tick"))
            except Exception as error:
                log.append(f"{error}")

        wait_until(asyncio.ensure_future(tick()))
        return Response(sides.readable)
    if path == "broken":
        parts = iter([b"part"])

        def pull(controller):
            controller.enqueue(to_js(next(parts)))

        return Response(stream(pull=pull))
    if path == "gzip":
        return Response("hello " * 100, headers={"content-encoding": "gzip"})
    if path == "brotli":
        return Response("hello", headers={"content-encoding": "br"})
    return Response("?", status=404)


class Streaming(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.log = []

    async def fetch(self, request):
        return await answer(request, self.log, self.ctx.waitUntil)


LOG = []


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if "/object/" in request.url:
            return await self.env.OBJECT.getByName("a").fetch(request)
        return await answer(request, LOG, self.ctx.waitUntil)
"""


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    project: Path = tmp_path_factory.mktemp("streaming")
    (project / "wrangler.toml").write_text(CONFIG)
    (project / "entry.py").write_text(CODE)
    dev = Dev(project, "--port", str(free_port()))
    dev.until("Ready on ")
    yield dev
    dev.close()


@pytest.fixture
def client(dev: Dev) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", dev.port, timeout=10)
    yield connection
    connection.close()


WHERE = pytest.mark.parametrize("where", ["/worker", "/object"])


@WHERE
def test_a_large_body_comes_down_in_little_memory(
    dev: Dev, client: http.client.HTTPConnection, where: str
) -> None:
    client.request("GET", f"{where}/down")
    response = client.getresponse()
    length = 0
    while chunk := response.read(MIB):
        length += len(chunk)

    assert length == 64 * MIB
    assert dev.peak_memory_kb() < 100_000


@WHERE
@pytest.mark.parametrize("path", ["up", "echo"])
def test_a_large_body_goes_up_in_little_memory(
    dev: Dev, client: http.client.HTTPConnection, where: str, path: str
) -> None:
    client.request("POST", f"{where}/{path}", body=(bytes(MIB) for _ in range(8)))
    response = client.getresponse()

    assert response.status == 200
    body = response.read()
    assert body == (str(8 * MIB).encode() if path == "up" else bytes(8 * MIB))
    assert dev.peak_memory_kb() < 100_000


@WHERE
def test_a_body_of_known_length_keeps_its_length(
    client: http.client.HTTPConnection, where: str
) -> None:
    client.request("POST", f"{where}/echo", body=bytes(300_000))
    response = client.getresponse()

    assert response.getheader("Content-Length") == "300000"
    assert response.getheader("X-Length") == "300000"
    assert len(response.read()) == 300_000


@WHERE
def test_events_leave_as_they_come_and_their_end_is_seen(
    client: http.client.HTTPConnection, where: str
) -> None:
    client.request("GET", f"{where}/events")
    response = client.getresponse()

    assert response.getheader("Content-Type") == "text/event-stream"
    got = b""
    while got.count(b"\n\n") < 3:
        got += response.read1()
    assert got == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"


@WHERE
def test_a_client_that_leaves_cancels_the_stream(
    dev: Dev, client: http.client.HTTPConnection, where: str
) -> None:
    client.request("GET", f"{where}/down")
    client.getresponse().read(10)
    client.close()

    assert dev.eventually(f"{where}/log", lambda text: "None" in text)


@WHERE
def test_writers_to_a_client_that_leaves_hear_that_the_connection_is_lost(
    dev: Dev, client: http.client.HTTPConnection, where: str
) -> None:
    client.request("GET", f"{where}/ticks")
    client.getresponse().read(10)
    client.close()

    assert dev.eventually(f"{where}/log", lambda text: "Network connection lost." in text)


@WHERE
def test_an_error_in_the_middle_cuts_the_connection_and_is_told(
    dev: Dev, client: http.client.HTTPConnection, where: str
) -> None:
    client.request("GET", f"{where}/broken")
    response = client.getresponse()

    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        response.read()
    dev.until("StopIteration")


@WHERE
def test_naming_an_encoding_asks_for_it(client: http.client.HTTPConnection, where: str) -> None:
    client.request("GET", f"{where}/gzip")
    response = client.getresponse()

    assert response.getheader("Content-Encoding") == "gzip"
    assert gzip.decompress(response.read()) == b"hello " * 100


@WHERE
def test_an_encoding_that_nothing_here_makes_is_not_named(
    client: http.client.HTTPConnection, where: str
) -> None:
    client.request("GET", f"{where}/brotli")
    response = client.getresponse()

    assert response.getheader("Content-Encoding") is None
    assert response.read() == b"hello"


def test_head_sends_no_body(client: http.client.HTTPConnection) -> None:
    client.request("HEAD", "/worker/down")
    response = client.getresponse()

    assert response.status == 200
    assert response.read() == b""


@WHERE
def test_head_of_a_body_that_fails_is_an_error(dev: Dev, where: str) -> None:
    client = http.client.HTTPConnection("127.0.0.1", dev.port, timeout=10)
    client.request("HEAD", f"{where}/broken")
    response = client.getresponse()

    assert response.status == 500
    assert response.read() == b""
    client.close()


def test_a_client_that_asks_first_is_told_to_go_on(dev: Dev) -> None:
    with socket.create_connection(("127.0.0.1", dev.port), timeout=5) as raw:
        raw.sendall(
            b"POST /worker/up HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw.sendall(b"abc")
        assert b"200 OK" in raw.recv(1000)

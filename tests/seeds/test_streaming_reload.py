"""A body that is being sent when the code is replaced: it ends as it began, or is cut."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING

import pytest

from tests.seeds.conftest import Dev, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONFIG = """
name = "reloading"
main = "entry.py"
compatibility_date = "2026-09-01"
compatibility_flags = ["python_workers"]
[[durable_objects.bindings]]
name = "OBJECT"
class_name = "Ticking"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Ticking"]
"""

CODE = """
import asyncio
from js import IdentityTransformStream, ReadableStream
from pyodide.ffi import create_proxy, to_js
from workers import DurableObject, Response, WorkerEntrypoint

VERSION = "{version}"


async def ticks(count):
    for number in range(count):
        yield to_js(f"{{VERSION}}{{number}} ".encode())
        await asyncio.sleep(0.05)


def answer(request, wait_until):
    kind, count = request.url.split("/")[-2:]
    if kind == "pulled":
        return Response(ReadableStream.from_(create_proxy(ticks(int(count)))))
    sides = IdentityTransformStream.new()

    async def write():
        writer = sides.writable.getWriter()
        async for tick in ticks(int(count)):
            await writer.write(tick)
        await writer.close()

    wait_until(asyncio.ensure_future(write()))
    return Response(sides.readable)


class Ticking(DurableObject):
    async def fetch(self, request):
        return answer(request, self.ctx.waitUntil)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("/version"):
            return Response(VERSION)
        if "/object/" in request.url:
            return await self.env.OBJECT.getByName(request.url).fetch(request)
        return answer(request, self.ctx.waitUntil)
"""
EVERYWHERE = [
    f"/{where}/{kind}" for where in ("worker", "object") for kind in ("pulled", "written")
]


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Dev]:
    (tmp_path / "wrangler.toml").write_text(CONFIG)
    (tmp_path / "entry.py").write_text(CODE.format(version="a"))
    dev = Dev(tmp_path, "--port", str(free_port()))
    dev.until("Ready on ")
    yield dev
    dev.close()


@pytest.fixture
def opened(dev: Dev) -> Iterator[Callable[[str], http.client.HTTPResponse]]:
    """Ask for a body, and wait for its first bytes."""
    connections: list[http.client.HTTPConnection] = []

    def ask(path: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", dev.port, timeout=15)
        connections.append(connection)
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.read(3) == b"a0 "
        return response

    yield ask
    for connection in connections:
        connection.close()


def replace(dev: Dev) -> None:
    (dev.project / "entry.py").write_text(CODE.format(version="b"))
    assert dev.eventually("/version", lambda version: version == "b")


def test_a_body_that_ends_soon_is_sent_to_its_end_by_the_code_that_began_it(
    dev: Dev, opened: Callable[[str], http.client.HTTPResponse]
) -> None:
    responses = [opened(f"{path}/20") for path in EVERYWHERE]

    replace(dev)

    expected = "".join(f"a{number} " for number in range(1, 20)).encode()
    assert [response.read() for response in responses] == [expected] * 4


def test_a_body_that_does_not_end_is_cut_after_its_time_and_that_is_told(
    dev: Dev, opened: Callable[[str], http.client.HTTPResponse]
) -> None:
    responses = [opened(f"{path}/1000") for path in EVERYWHERE]

    began = time.monotonic()
    replace(dev)
    for response in responses:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            response.read()

    assert 4 < time.monotonic() - began < 10
    dev.until("the Worker: 2 streams were cut 5 s after the code was replaced")
    assert dev.eventually("/version", lambda version: version == "b")
    dev.until("GET /version")
    assert sum("reset because its code was updated" in line for line in dev.said) <= 2
    assert not any("Uncaught" in line for line in dev.said)

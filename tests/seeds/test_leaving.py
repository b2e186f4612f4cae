"""Clients that leave before they have their answer; what is expected was measured on workerd."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest

from tests.seeds.conftest import Dev, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """
name = "leaving"
main = "entry.py"
compatibility_date = "2026-09-01"
compatibility_flags = ["python_workers"{flags}]
[[durable_objects.bindings]]
name = "OBJECT"
class_name = "Leaving"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Leaving"]
"""

CODE = """
import asyncio
from js import TransformStream
from pyodide.ffi import create_proxy, to_js
from workers import DurableObject, Response, WorkerEntrypoint

LOG = []


def watch(name, request):
    signal = request.js_object.signal
    heard = create_proxy(lambda _: LOG.append(f"{name}: {signal.reason}"))
    signal.addEventListener("abort", heard)
    return signal


async def answer(name, request, ctx):
    signal = watch(name, request)
    if request.url.endswith("slow"):
        LOG.append(f"{name} waits")
        for _ in range(100):
            if signal.aborted:
                break
            await asyncio.sleep(0.01)
        LOG.append(f"{name} aborted={signal.aborted}")
        return Response("late")
    if request.url.endswith("ticks"):
        sides = TransformStream.new()

        async def tick():
            writer = sides.writable.getWriter()
            while True:
                await writer.write(to_js(b"tick"))

        ctx.waitUntil(asyncio.ensure_future(tick()))
        return Response(sides.readable)
    return Response("whole")


class Leaving(DurableObject):
    async def fetch(self, request):
        return await answer("object", request, self.ctx)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("log"):
            return Response(repr(LOG))
        if request.url.endswith("clear"):
            return Response(repr(LOG.clear()))
        stub = self.env.OBJECT.getByName("a")
        if "/object/" in request.url:
            watch("worker", request)
            return await stub.fetch(request)
        if "/handed/" in request.url:
            try:
                await stub._binding.fetch("http://x/slow", signal=request.js_object.signal)
            except Exception as error:
                LOG.append(f"stopped: {error}")
            return Response("?")
        return await answer("worker", request, self.ctx)
"""

LEFT = "AbortError: The client has disconnected"


def served(project: Path, *flags: str) -> Iterator[Dev]:
    named = "".join(f', "{flag}"' for flag in flags)
    (project / "wrangler.toml").write_text(CONFIG.format(flags=named))
    (project / "entry.py").write_text(CODE)
    with serving(project) as dev:
        yield dev


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    yield from served(tmp_path_factory.mktemp("leaving"), "enable_request_signal")


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    flags = ("enable_request_signal", "request_signal_passthrough")
    yield from served(tmp_path_factory.mktemp("passing"), *flags)


@pytest.fixture(scope="module")
def unflagged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    yield from served(tmp_path_factory.mktemp("unflagged"))


def leave(dev: Dev, path: str, until: str | None = None) -> None:
    """Ask for something, and reset the connection once the log, or an answer, has begun."""
    assert dev.eventually("/clear", lambda _: True)
    with socket.create_connection(("127.0.0.1", dev.port), timeout=5) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        if until is None:
            raw.recv(10)
        else:
            assert dev.eventually("/log", lambda text: until in text)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_client_that_leaves_early_aborts_the_signal_of_its_request(dev: Dev) -> None:
    leave(dev, "/slow", until="worker waits")

    assert dev.eventually("/log", lambda text: f"worker: {LEFT}" in text)
    assert dev.eventually("/log", lambda text: "worker aborted=True" in text)


def test_a_client_that_leaves_a_stream_aborts_the_signal(dev: Dev) -> None:
    leave(dev, "/ticks")

    assert dev.eventually("/log", lambda text: f"worker: {LEFT}" in text)


def test_a_stream_of_an_object_is_the_objects_alone(dev: Dev) -> None:
    leave(dev, "/object/ticks")

    assert dev.eventually("/log", lambda text: text == repr([f"object: {LEFT}"]))


def test_a_request_that_is_sent_on_is_not_stopped(dev: Dev) -> None:
    leave(dev, "/handed/slow", until="object waits")

    assert dev.eventually("/log", lambda text: "object aborted=False" in text)
    assert "stopped" not in dev.get("/log")[1]


def test_a_signal_that_is_passed_through_stops_the_request(passing: Dev) -> None:
    leave(passing, "/handed/slow", until="object waits")

    assert passing.eventually("/log", lambda text: f"stopped: {LEFT}" in text)


@pytest.mark.parametrize("path", ["/ticks", "/slow"])
def test_without_the_flag_no_signal_aborts(unflagged: Dev, path: str) -> None:
    leave(unflagged, path, until="worker waits" if path == "/slow" else None)

    if path == "/slow":
        assert unflagged.eventually("/log", lambda text: "worker aborted=False" in text)
    assert LEFT not in unflagged.get("/log")[1]


def test_a_request_that_is_answered_aborts_nothing(dev: Dev) -> None:
    assert dev.eventually("/clear", lambda _: True)
    assert dev.eventually("/whole", lambda text: text == "whole")

    assert LEFT not in dev.get("/log")[1]

"""How fast a hibernatable socket echoes, beside a bare aiohttp echo under the same load.

    python benchmarks/echo.py [--seconds 2] [--rounds 5] [--sockets 32] [--idle 10000]

Prints messages a second of both and their ratio, with all sockets in one object, and what a message
takes of the processor; then the memory that each of many idle sockets takes, on ten objects that
sleep.  Each client sends the next message when the last has come back.  The load comes from this
process; each server is a process of its own, on uvloop.  They take turns, and the medians of the
rounds count, since other programs may run meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, cast

import uvloop

if TYPE_CHECKING:
    from collections.abc import Iterator

BARE = """
import sys, uvloop
from aiohttp import WSMsgType, web

async def handle(request):
    if request.headers.get("upgrade") != "websocket":
        return web.Response(text="ready")
    ws = web.WebSocketResponse(compress=False)
    await ws.prepare(request)
    async for message in ws:
        await ws.send_str(message.data)
    return ws

app = web.Application()
app.router.add_get("/{name}", handle)
uvloop.install()
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
"""
ENTRY = """
from js import WebSocketPair
from workers import DurableObject, Response, WorkerEntrypoint


class Room(DurableObject):
    async def fetch(self, request):
        client, server = WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(server)
        return Response(None, status=101, web_socket=client)

    async def webSocketMessage(self, ws, message):
        ws.send(message)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.headers.get("upgrade") != "websocket":
            return Response("ready")
        return await self.env.ROOM.getByName(request.url.rpartition("/")[2]).fetch(request)
"""
CONFIG = """
name = "echo"
main = "src/entry.py"
compatibility_date = "2026-03-01"
compatibility_flags = ["python_workers"]

[[durable_objects.bindings]]
name = "ROOM"
class_name = "Room"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["Room"]
"""
# A text frame of 32 bytes, masked with zeroes, and what comes back for it.
TEXT = b"x" * 32
SENT = bytes([0x81, 0x80 | len(TEXT)]) + bytes(4) + TEXT
BACK = len(TEXT) + 2
OBJECTS = 10


class Client(asyncio.Protocol):
    """Sends again as soon as it has heard its echo."""

    def __init__(self, port: int, number: int, *, talks: bool) -> None:
        self.port = port
        self.path = "/room" if talks else f"/room{number % OBJECTS}"
        self.talks = talks
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.echoes = 0
        self.waiting = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if not self.open.done():
            if not data.startswith(b"HTTP/1.1 101"):
                raise SystemExit(data.decode("latin-1"))
            self.open.set_result(None)
            if self.talks:
                self.transport.write(SENT)
            return
        self.waiting += len(data)
        while self.waiting >= BACK:
            self.waiting -= BACK
            self.echoes += 1
            self.transport.write(SENT)


async def connect(port: int, number: int, *, talks: bool) -> Client:
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(
        lambda: Client(port, number, talks=talks), "127.0.0.1", port
    )
    await client.open
    return client


@dataclass(frozen=True)
class Echo:
    """How a server did in one round."""

    rate: float  # messages a second
    cpu_us: float  # of its processor, for each message


async def echo(port: int, pid: int, sockets: int, seconds: float) -> Echo:
    """Count echoes for `seconds`, after half a second of warming up."""
    clients = [await connect(port, number, talks=True) for number in range(sockets)]
    await asyncio.sleep(0.5)
    before, busy, started = sum(each.echoes for each in clients), cpu_s(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    count = sum(each.echoes for each in clients) - before
    found = Echo(count / (time.perf_counter() - started), (cpu_s(pid) - busy) / count * 1e6)
    for each in clients:
        each.transport.abort()
    return found


async def idle(port: int, sockets: int, pid: int, rest_s: float) -> float:
    """Kilobytes of resident memory for each of so many idle sockets."""
    warm = await asyncio.gather(*(connect(port, number, talks=False) for number in range(100)))
    before = resident_kb(pid)
    clients: list[Client] = []
    while len(clients) < sockets:
        clients += await asyncio.gather(
            *(connect(port, number, talks=False) for number in range(100))
        )
    await asyncio.sleep(rest_s)
    taken = (resident_kb(pid) - before) / len(clients)
    for each in (*warm, *clients):
        each.transport.abort()
    return taken


def cpu_s(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def resident_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise SystemExit("there is no VmRSS here")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(command: list[str], port: int, cwd: Path) -> Iterator[int]:
    """Run a server; gives its process id once it answers."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(  # noqa: S603 - our own commands
        command, cwd=cwd, stdout=subprocess.DEVNULL, env=environment
    )
    try:
        while not is_ready(port):
            if process.poll() is not None:
                raise SystemExit(f"{command} ended with {process.returncode}")
            time.sleep(0.01)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5):
            return True
    except OSError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sockets", type=int, default=32)
    parser.add_argument("--idle", type=int, default=10_000)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "bare.py").write_text(BARE)
        project = root / "echo"
        (project / "src").mkdir(parents=True)
        (project / "src" / "entry.py").write_text(ENTRY)
        (project / "wrangler.toml").write_text(CONFIG)
        bare = [sys.executable, str(root / "bare.py")]
        pydo = [sys.executable, "-m", "pydo", "dev", "--log-level", "none", "--port"]

        commands = {"bare": bare, "pydo": pydo}
        rounds: dict[str, list[Echo]] = {name: [] for name in commands}
        with ExitStack() as running:
            served: dict[str, tuple[int, int]] = {}
            for name, command in commands.items():
                port = free_port()
                pid = running.enter_context(server([*command, str(port)], port, project))
                served[name] = (port, pid)
            for _ in range(options.rounds):
                for name, (port, pid) in served.items():
                    done = uvloop.run(echo(port, pid, options.sockets, options.seconds))
                    rounds[name].append(done)
        report(rounds, options.sockets)

        if not options.idle:
            return
        for name, rest_s in (("bare", 0.5), ("pydo", 12)):
            port = free_port()
            with server([*commands[name], str(port)], port, project) as pid:
                size = uvloop.run(idle(port, options.idle, pid, rest_s))
            print(f"an idle socket      {size:9.1f} KB ({name}, of {options.idle:,})")


def report(rounds: dict[str, list[Echo]], sockets: int) -> None:
    for name, label in (("bare", "bare aiohttp echo"), ("pydo", "pydo, hibernatable")):
        rate = median(each.rate for each in rounds[name])
        cpu_us = median(each.cpu_us for each in rounds[name])
        print(f"{label:<18}  {rate:9,.0f} messages/s on {sockets} sockets, {cpu_us:.0f} µs each")
    pairs = zip(rounds["pydo"], rounds["bare"], strict=True)
    ratios = sorted(ours.rate / theirs.rate for ours, theirs in pairs)
    print(f"ratio               {median(ratios):9.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()

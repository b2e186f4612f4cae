"""How fast the counter is, beside a bare aiohttp handler under the same load.

    python benchmarks/counter.py [--seconds 1.5] [--rounds 7] [--connections 32]

Prints requests a second of both and their ratio, the time from the start of `pydo dev` to its
first answer, and the time from the save of a file to the first answer of the new code.  The load
comes from this process over keep-alive connections; each server is a process of its own.  They take
turns, and the medians of the rounds count, since other programs may run meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import uvloop

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATE = Path(__file__).parent.parent / "templates" / "counter"
BARE = """
import sys, uvloop
from aiohttp import web

async def handle(request):
    return web.Response(text="test: 0")

app = web.Application()
app.router.add_get("/", handle)
uvloop.install()
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
"""


class Connection(asyncio.Protocol):
    """Asks again as soon as it is answered."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.answers = 0
        self.failures = 0
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        _, _, length = head.lower().partition(b"content-length: ")
        if len(body) < int(length.split(b"\r\n", 1)[0]):
            return
        self.buffer = b""
        self.answers += 1
        self.failures += not head.startswith(b"HTTP/1.1 200")
        self.transport.write(self.request)


async def load(port: int, connections: int, seconds: float) -> float:
    """Requests a second over `seconds`, after half a second of warming up."""
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(lambda: Connection(request), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.sleep(0.5)
    before, started = sum(each.answers for each in made), time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (sum(each.answers for each in made) - before) / (time.perf_counter() - started)
    for each in made:
        each.transport.abort()
    if failures := sum(each.failures for each in made):
        raise SystemExit(f"{failures} answers were no 200")
    return rate


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(command: list[str], port: int, cwd: Path) -> Iterator[float]:
    """Run a server; gives the seconds from its start to its first answer."""
    started = time.perf_counter()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(  # noqa: S603 - our own commands
        command, cwd=cwd, stdout=subprocess.DEVNULL, env=environment
    )
    try:
        while answer(port) is None:
            if process.poll() is not None:
                raise SystemExit(f"{command} ended with {process.returncode}")
            time.sleep(0.002)
        yield time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()


def answer(port: int) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
            return str(response.read().decode())
    except OSError:
        return None


def save_to_answer(entry: Path, port: int, times: int) -> list[float]:
    """Milliseconds from a save to the first answer of the new code."""
    source = entry.read_text()
    taken = []
    for number in range(times):
        mark = f"v{number}"
        entry.write_text(source.replace("{name}: ", f"{mark} {{name}}: "))
        started = time.perf_counter()
        while not (answer(port) or "").startswith(mark):
            pass
        taken.append((time.perf_counter() - started) * 1000)
        time.sleep(0.3)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "bare.py").write_text(BARE)
        project = root / "counter"
        shutil.copytree(TEMPLATE, project)
        pydo = [sys.executable, "-m", "pydo", "dev", "--log-level", "none", "--port"]

        ports = free_port(), free_port()
        with (
            server([sys.executable, "bare.py", str(ports[0])], ports[0], root),
            server([*pydo, str(ports[1])], ports[1], project),
        ):
            rounds = [
                [uvloop.run(load(port, options.connections, options.seconds)) for port in ports]
                for _ in range(options.rounds)
            ]
        starts = []
        for _ in range(5):
            port = free_port()
            with server([*pydo, str(port)], port, project) as seconds:
                starts.append(seconds * 1000)
        port = free_port()
        with server([*pydo, str(port)], port, project):
            saves = save_to_answer(project / "src" / "entry.py", port, 10)

    bare, counter = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    ratios = sorted(counter / bare for bare, counter in rounds)
    print(f"bare aiohttp        {bare:9,.0f} requests/s")
    print(f"pydo, the counter   {counter:9,.0f} requests/s")
    print(
        f"ratio               {statistics.median(ratios):9.2f}"
        f" ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )
    print(f"start to answer     {statistics.median(starts):9.0f} ms (median of {len(starts)})")
    print(f"save to new answer  {statistics.median(saves):9.0f} ms (median of {len(saves)})")


if __name__ == "__main__":
    main()

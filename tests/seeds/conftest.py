"""`pydo dev` as a process of its own, as a user has it."""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

TEMPLATE = Path(__file__).parent.parent.parent / "templates" / "counter"
DEADLINE_S = 15


class Dev:
    """A running `pydo dev`: its output line by line, and requests to it."""

    def __init__(self, project: Path, *arguments: str) -> None:
        self.project = project
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "pydo", "dev", *arguments],
            cwd=project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def until(self, pattern: str) -> str:
        """Read lines until one matches, and give that one."""
        end = time.monotonic() + DEADLINE_S
        while True:
            line = self._lines.get(timeout=max(0.01, end - time.monotonic()))
            assert line is not None, "it ended:\n" + "\n".join(self.said)
            self.said.append(line)
            if re.search(pattern, line):
                return line

    @property
    def port(self) -> int:
        for line in self.said:
            if found := re.search(r"Ready on http://localhost:(\d+)", line):
                return int(found[1])
        raise AssertionError("it is not ready")

    def get(self, path: str = "/", host: str = "127.0.0.1") -> tuple[int, str]:
        url = f"http://{host}:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def eventually(self, path: str, is_there: Callable[[str], bool]) -> bool:
        """Ask again and again until the answer is as it should be; False when it never is."""
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            if is_there(self.get(path)[1]):
                return True
            time.sleep(0.02)
        return False

    def peak_memory_kb(self) -> int:
        """Give the most memory that the process has held; 0 where the system does not tell."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return 0
        return int(next(re.finditer(r"VmHWM:\s+(\d+)", status.read_text()))[1])

    def close(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()
        self._reader.join(DEADLINE_S)  # what it reads from is not to be closed under it
        if self.process.stdout is not None:
            self.process.stdout.close()

    def save(self, name: str, text: str) -> None:
        """Save a file as editors do: under another name, then renamed."""
        draft = self.project / f"{name}.tmp"
        draft.write_text(text)
        draft.replace(self.project / name)

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, float]:
        """Send a signal; gives the exit code and the seconds until it came."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE_S)
        return code, time.monotonic() - began


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the counter template."""
    return copy_of_counter(tmp_path / "project")


@pytest.fixture
def start(project: Path) -> Iterator[Callable[..., Dev]]:
    """Give what starts `pydo dev` in the project, on a port of its own unless one is named."""
    started: list[Dev] = []

    def start(*arguments: str, ready: bool = True) -> Dev:
        port = () if "--port" in arguments else ("--port", str(free_port()))
        dev = Dev(project, *port, *arguments)
        started.append(dev)
        if ready:
            dev.until("Ready on ")
        return dev

    yield start
    for dev in started:
        dev.close()


def copy_of_counter(target: Path) -> Path:
    """Copy the counter template."""
    shutil.copytree(TEMPLATE, target, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    return target


@contextmanager
def serving(project: Path, *arguments: str) -> Generator[Dev]:
    """Run `pydo dev` in a project, for a fixture that several tests share."""
    dev = Dev(project, "--port", str(free_port()), *arguments)
    try:
        dev.until("Ready on ")
        yield dev
    finally:
        dev.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

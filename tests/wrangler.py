"""The real wrangler, for tests and recordings that compare with it.

It is the program that `PYDO_WRANGLER` names, or else the one on the path; None where there is none.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = ["ENVIRONMENT", "WRANGLER", "wrangler_dev"]

WRANGLER: Final = os.environ.get("PYDO_WRANGLER") or shutil.which("wrangler")
ENVIRONMENT: Final = {**os.environ, "CI": "1", "WRANGLER_SEND_METRICS": "false"}
_START_S = 60


@contextlib.contextmanager
def wrangler_dev(project: Path, *arguments: str) -> Generator[int]:
    """Serve a project; gives the port, as soon as something listens there.

    Raises:
        RuntimeError: there is no wrangler, or it does not start.

    """
    if WRANGLER is None:
        raise RuntimeError("there is no wrangler: let PYDO_WRANGLER name one")
    port = _free_port()
    process = subprocess.Popen(  # noqa: S603 - the program that was named
        [WRANGLER, "dev", "--port", str(port), "--inspector-port", "0", *arguments],
        cwd=project,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"wrangler does not listen on {port}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

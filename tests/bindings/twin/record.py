"""Ask wrangler anew what it answers: `python -m tests.bindings.twin.record WRANGLER PORT`.

WRANGLER is the path of its program.  The cases stay as they are in `kv.json` and `d1.json`; what
Python's values cannot say, and what depends on tables of wrangler's own, is not among them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_CONFIG = {
    "name": "twin",
    "main": "worker.mjs",
    "compatibility_date": "2026-01-01",
    "kv_namespaces": [{"binding": "KV", "id": "kv"}],
    "d1_databases": [{"binding": "DB", "database_name": "db", "database_id": "db"}],
}
_START_S = 60


def main(wrangler: str, port: int) -> None:
    """Record both files of cases."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(HERE / "worker.mjs", folder)
        (Path(folder) / "wrangler.json").write_text(json.dumps(_CONFIG))
        server = subprocess.Popen(  # noqa: S603 - the program that was named
            [wrangler, "dev", "--port", str(port), "--inspector-port", "0"],
            cwd=folder,
            env={**os.environ, "CI": "1", "WRANGLER_SEND_METRICS": "false"},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(port)
            for name in ("kv", "d1"):
                _record(name, port)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


def _record(name: str, port: int) -> None:
    path = HERE / f"{name}.json"
    cases = [each["case"] for each in json.loads(path.read_text())]
    body = json.dumps(cases).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{name}", body, method="POST")
    with urllib.request.urlopen(request) as response:  # noqa: S310 - it was started above
        answers: list[Any] = json.loads(response.read())
    pairs = zip(cases, answers, strict=True)
    lines = [json.dumps({"case": case, "answer": answer}) for case, answer in pairs]
    path.write_text("[\n  " + ",\n  ".join(lines) + "\n]\n")


def _wait_for(port: int) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"nothing listens on {port}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

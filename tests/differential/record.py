"""Record what the real wrangler answers to the programs of cases.py.

    WRANGLER=…/node_modules/.bin/wrangler python -m tests.differential.record

writes answers.json beside this file.  wrangler 4.86 gave those that are there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.differential.cases import CASES

HERE = Path(__file__).parent
PORT = int(os.environ.get("PORT", "21520"))
CONFIG = """
name = "lab"
main = "worker.js"
compatibility_date = "2026-03-01"
[[durable_objects.bindings]]
name = "LAB"
class_name = "Lab"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Lab"]
"""


def ask(name: str, steps: list[Any]) -> Any:
    body = json.dumps({"steps": steps}).encode()
    try:
        with urllib.request.urlopen(f"http://localhost:{PORT}/", body) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        sys.exit(f"{name}: {error.read().decode()[:500]}")


def wait_until_ready() -> None:
    for _ in range(120):
        try:
            ask("ready", [])
        except OSError:
            time.sleep(0.5)
        else:
            return
    sys.exit("wrangler does not answer")


def main() -> None:
    """Start wrangler, ask it everything, stop it."""
    with tempfile.TemporaryDirectory() as directory:
        project = Path(directory)
        (project / "wrangler.toml").write_text(CONFIG)
        (project / "worker.js").write_text((HERE / "worker.js").read_text())
        wrangler = subprocess.Popen(  # noqa: S603 - named by whoever records
            [os.environ["WRANGLER"], "dev", "--port", str(PORT)],
            cwd=project,
            env={**os.environ, "CI": "1", "WRANGLER_SEND_METRICS": "false"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until_ready()
            answers = {name: ask(name, steps) for name, steps in CASES.items()}
        finally:
            wrangler.send_signal(signal.SIGINT)
            wrangler.wait()
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in answers.items())
    (HERE / "answers.json").write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()

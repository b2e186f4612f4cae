"""Record what the real wrangler answers to the programs of cases.py, and to those in pairs.

    PYDO_WRANGLER=…/node_modules/.bin/wrangler python -m tests.differential.record

writes answers.json beside this file, and beside each file of pairs.  wrangler 4.86 gave those that
are there.
"""

from __future__ import annotations

import json
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.differential.cases import CASES
from tests.differential.pairs import javascript
from tests.wrangler import wrangler_dev

HERE = Path(__file__).parent
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
PAIRED = """
name = "pairs"
main = "worker.js"
compatibility_date = "2026-04-01"
"""


def ask(port: int, name: str, steps: list[Any]) -> Any:
    body = json.dumps({"steps": steps}).encode()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", body) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        sys.exit(f"{name}: {error.read().decode()[:500]}")


def write(path: Path, answers: dict[str, Any]) -> None:
    lines = ",\n".join(
        f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in answers.items()
    )
    path.write_text(f"{{\n{lines}\n}}\n")


def record_pairs(folder: Path) -> None:
    """Ask a Worker that runs all programs of a folder."""
    with tempfile.TemporaryDirectory() as directory:
        project = Path(directory)
        (project / "wrangler.toml").write_text(PAIRED)
        (project / "worker.js").write_text(javascript(folder))
        with (
            wrangler_dev(project) as port,
            urllib.request.urlopen(f"http://127.0.0.1:{port}/") as response,
        ):
            write(folder / "answers.json", json.load(response))


def main() -> None:
    """Start wrangler, ask it everything, stop it."""
    with tempfile.TemporaryDirectory() as directory:
        project = Path(directory)
        (project / "wrangler.toml").write_text(CONFIG)
        (project / "worker.js").write_text((HERE / "worker.js").read_text())
        with wrangler_dev(project) as port:
            answers = {name: ask(port, name, steps) for name, steps in CASES.items()}
    write(HERE / "answers.json", answers)
    record_pairs(HERE / "streams")


if __name__ == "__main__":
    main()

"""Ask wrangler anew what it answers: `python -m tests.bindings.twin.record`.

The cases stay as they are in `kv.json` and `d1.json`; what
Python's values cannot say, and what depends on tables of wrangler's own, is not among them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from tests.wrangler import wrangler_dev

HERE = Path(__file__).parent
_CONFIG = {
    "name": "twin",
    "main": "worker.mjs",
    "compatibility_date": "2026-01-01",
    "kv_namespaces": [{"binding": "KV", "id": "kv"}],
    "d1_databases": [{"binding": "DB", "database_name": "db", "database_id": "db"}],
}


def main() -> None:
    """Record both files of cases."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(HERE / "worker.mjs", folder)
        (Path(folder) / "wrangler.json").write_text(json.dumps(_CONFIG))
        with wrangler_dev(Path(folder)) as port:
            for name in ("kv", "d1"):
                _record(name, port)


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


if __name__ == "__main__":
    main()

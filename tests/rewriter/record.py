"""Ask wrangler what it makes of the cases: `PYDO_WRANGLER=… python -m tests.rewriter.record`."""

from __future__ import annotations

import json
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from tests.rewriter.cases import CASES
from tests.wrangler import wrangler_dev

HERE = Path(__file__).parent
CONFIG = 'name = "rewriter"\nmain = "worker.js"\ncompatibility_date = "2026-04-01"\n'


def asked(port: int, case: object) -> Any:
    body = json.dumps(case).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", body) as answer:
        return json.load(answer)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "wrangler.toml").write_text(CONFIG)
        (project / "worker.js").write_text((HERE / "worker.js").read_text())
        with wrangler_dev(project) as port:
            answers = {name: asked(port, case) for name, case in CASES.items()}
    text = json.dumps(answers, indent=1, ensure_ascii=False)
    (HERE / "answers.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main()

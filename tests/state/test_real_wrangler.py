"""A TypeScript object under the real wrangler and its Python twin, over the same stored values.

Skipped where there is no wrangler; `PYDO_WRANGLER` names one that is not on the path.
"""

from __future__ import annotations

import json
import shutil
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pydo.state import export_to, import_from
from pydo.statedir import SQLITE, StateDirectory
from tests.seeds.conftest import Dev, free_port
from tests.wrangler import WRANGLER, wrangler_dev

PROJECTS = Path(__file__).parent / "projects"
AT_MS = 1_900_000_000_000
pytestmark = [
    pytest.mark.skipif(WRANGLER is None, reason="wrangler is not there"),
    pytest.mark.timeout(120),
]

WRITTEN_BY_TYPESCRIPT = {
    "big": "1180591620717411303424",
    "buffer": "bytes [9]",
    "bytes": "bytes [1, 2, 255]",
    "list": "[1, 'two', [3]]",
    "nothing": "None",
    "number": "1.5",
    "text": "'héllo \U0001f600'",
    "whole": "7",
    "yes": "True",
}
WRITTEN_BY_PYTHON = {
    "bytes": "Uint8Array [1, 2, 254]",
    "date": "Date 172800000",
    "list": '[1, "two", [3, {four: 4}]]',
    "nothing": "null",
    "number": "2.5",
    "object": "{a: {b: [1, 2, 3]}}",
    "text": '"from pythön \U0001f600"',
    "whole": "8",
    "yes": "false",
    "set": 'Set [1, "x"]',  # TypeScript's own, which Python left alone
}


def ask(port: int, path: str) -> str:
    """Ask as soon as it answers."""
    end = time.monotonic() + 40
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def storage_of(_: str) -> str:
    return SQLITE


def test_values_of_a_typescript_object_are_read_by_the_python_one_and_back(tmp_path: Path) -> None:
    typescript, python = tmp_path / "typescript", tmp_path / "python"
    shutil.copytree(PROJECTS / "typescript", typescript)
    shutil.copytree(PROJECTS / "python", python)
    state, theirs = python / ".pydo" / "state", typescript / ".wrangler" / "state"

    with wrangler_dev(typescript) as port:
        ask(port, f"/write?name=a&alarm={AT_MS}")
    with StateDirectory.open(state) as held:
        import_from(held, theirs, storage_of)
    with closing(Dev(python, "--port", str(port := free_port()))):
        read: dict[str, Any] = json.loads(ask(port, "/read?name=a"))
        ask(port, f"/write?name=a&alarm={AT_MS + 1000}")
    with StateDirectory.open(state) as held:
        export_to(held, theirs, overwrites=True)
    with wrangler_dev(typescript) as port:
        back: dict[str, Any] = json.loads(ask(port, "/read?name=a"))

    assert (read["name"], read["alarm"]) == ("a", AT_MS)
    assert WRITTEN_BY_TYPESCRIPT.items() <= read["found"].items()
    assert read["rows"] == [[1, "from typescript", [5]]]
    assert (back["name"], back["alarm"]) == ("a", AT_MS + 1000)
    assert WRITTEN_BY_PYTHON.items() <= back["found"].items()
    assert back["rows"] == [
        '{id: 1, body: "from typescript", data: ArrayBuffer [5]}',
        '{id: 2, body: "from python", data: ArrayBuffer [6]}',
    ]

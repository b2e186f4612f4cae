"""Variables and secrets in a running `pydo dev`, with a configuration in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Dev

    Start = Callable[..., Dev]

CONFIGURATION = """\
{
  // variables of every kind
  "name": "app",
  "main": "src/entry.py",
  "compatibility_date": "2026-09-01",
  "compatibility_flags": ["python_workers"],
  "vars": {
    "TEXT": "file",
    "LIST": [1, null, { "a": 1.5 }],
  },
  "env": { "prod": { "vars": { "TEXT": "prod" } } },
}
"""
WORKER = """\
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        names = ("TEXT", "LIST", "SECRET", "LINE")
        found = {name: getattr(self.env, name) for name in names if hasattr(self.env, name)}
        if "LIST" in found:
            found["LIST"] = found["LIST"].to_py()
        return Response(str(found))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "entry.py").write_text(WORKER)
    (tmp_path / "wrangler.jsonc").write_text(CONFIGURATION)
    return tmp_path


def test_secrets_reach_the_worker_and_no_terminal(start: Start, project: Path) -> None:
    (project / ".env").write_text("SECRET=s3cret\nTEXT=over\n")

    dev = start("--var", "LINE:l1ne")

    assert dev.get() == (
        200,
        "{'TEXT': 'over', 'LIST': [1, jsnull, {'a': 1.5}], 'SECRET': 's3cret', 'LINE': 'l1ne'}",
    )
    said = "\n".join(dev.said)
    assert "Using secrets defined in .env\n" in said
    assert 'env.SECRET ("(hidden)") ' in said
    assert not {"s3cret", "l1ne", "over"} & set(said.replace('"', " ").split())


def test_a_file_of_secrets_that_comes_changes_and_goes_is_followed(
    start: Start, project: Path
) -> None:
    dev = start("-e", "prod")
    (project / ".dev.vars.prod").write_text("SECRET=1\n")
    dev.until("updated and ready")
    first = dev.get()[1]
    (project / ".dev.vars.prod").write_text("SECRET=2\n")
    dev.until("updated and ready")
    second = dev.get()[1]
    (project / ".dev.vars.prod").unlink()
    dev.until("updated and ready")

    assert first == "{'TEXT': 'prod', 'SECRET': '1'}"
    assert second == "{'TEXT': 'prod', 'SECRET': '2'}"
    assert dev.get()[1] == "{'TEXT': 'prod'}"


def test_a_mistake_in_json_is_shown_and_what_was_served_stays(start: Start) -> None:
    dev = start()

    dev.save("wrangler.jsonc", CONFIGURATION.replace('"file"', "file"))
    dev.until(r"wrangler\.jsonc:8:13: A value is missing, found `file`\.")
    dev.until(r'8 │     "TEXT": file,')
    assert dev.get()[1].startswith("{'TEXT': 'file'")
    dev.save("wrangler.jsonc", CONFIGURATION.replace('"file"', '"new"'))
    dev.until("updated and ready")

    assert dev.get()[1].startswith("{'TEXT': 'new'")

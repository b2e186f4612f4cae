"""Time travel on a running server: by the object itself, and by the command."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Dev

MAIN = """
from workers import DurableObject, Response, WorkerEntrypoint

class Counter(DurableObject):
    async def increment(self):
        n = (await self.ctx.storage.get("n") or 0) + 1
        await self.ctx.storage.put("n", n)
        return n

    async def bookmark(self):
        return await self.ctx.storage.getCurrentBookmark()

    async def back(self, bookmark):
        return await self.ctx.storage.onNextSessionRestoreBookmark(bookmark)

    async def end(self):
        self.ctx.abort("to begin anew")

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        method, *arguments = request.url.split("/")[3:]
        stub = self.env.COUNTER.getByName("a")
        try:
            return Response(str(await getattr(stub, method)(*arguments)))
        except Exception as error:
            return Response(str(error), status=500)
"""
CONFIG = """
name = "app"
main = "main.py"
compatibility_date = "2026-03-01"
compatibility_flags = ["python_workers"]
[[durable_objects.bindings]]
name = "COUNTER"
class_name = "Counter"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Counter"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(textwrap.dedent(MAIN))
    (tmp_path / "wrangler.toml").write_text(CONFIG)
    return tmp_path


def command(project: Path, *arguments: str) -> Any:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pydo", "time-travel", "Counter/a", "--json", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.timeout(60)
def test_an_object_returns_by_itself_and_by_the_command(
    project: Path, start: Callable[..., Dev]
) -> None:
    server = start()
    server.get("/increment")
    bookmark = server.get("/bookmark")[1]
    server.get("/increment")

    undo = server.get(f"/back/{bookmark}")[1]
    assert server.get("/end") == (500, "Error: to begin anew")
    assert server.get("/increment") == (200, "2")
    listed = command(project)
    command(project, "--to", undo, "--yes")
    running = server.get("/increment")
    server.close()
    command(project, "--to", bookmark, "--yes")

    assert [each["restore"] for each in listed] == [False, False, True, False]
    assert running == (200, "3")
    returns = [each["restore"] for each in command(project)]
    assert returns == [False, False, True, False, True, False, True]

"""Older and newer SDKs: the one that a project has installed is the one that its Worker gets.

They come from the index; where that cannot be reached these tests are skipped, and say so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.seeds.conftest import Dev

    Start = Callable[..., Dev]

_PATIENCE_S = 90
pytestmark = pytest.mark.timeout(_PATIENCE_S + 60)

PROBE = """
from pathlib import Path
import workers
from workers import DurableObject, Response, WorkerEntrypoint

class Counter(DurableObject):
    async def keep(self, value):
        await self.ctx.storage.put("k", value)
        await self.ctx.storage.put({"a": 1, "b": 2})
        return {"kept": await self.ctx.storage.get("k"), "n": await self.ctx.storage.delete("a")}

    async def fetch(self, request):
        return Response(request.method + " " + await request.text())

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        stub = self.env.COUNTER.get(self.env.COUNTER.idFromName("probe"))
        kept = await stub.keep({"list": [1, {"deep": "x"}], "none": None})
        answer = await stub.fetch("http://x/", method="POST", body="sent")
        where = Path(workers.__file__).parent.parent
        return Response.json({"kept": kept, "answer": await answer.text(), "where": str(where)})
"""


@pytest.fixture(scope="module", params=["", "==1.6.*", "==1.3.*"], ids=["newest", "1.6", "1.3"])
def sdk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an SDK of some version."""
    wanted = f"workers-runtime-sdk{request.param}"
    if request.param == "==1.3.*" and sys.version_info < (3, 12):
        pytest.skip(f"{wanted} needs Python 3.12")
    target = tmp_path_factory.mktemp("sdk")
    install = subprocess.run(  # noqa: S603 - pip, with arguments of our own
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--retries", "1"),
            *("--timeout", "10", "--target", str(target), wanted),
        ],
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if install.returncode:
        last = install.stderr.strip().rpartition("\n")[2]
        pytest.skip(f"{wanted} cannot be had from the index: {last}")
    return target


@pytest.fixture
def installed(sdk: Path, project: Path) -> Path:
    """The project's own environment, with that SDK in it."""
    venv.create(project / ".venv", symlinks=True)
    paths = sysconfig.get_paths("venv", {"base": str(project / ".venv")})
    shutil.copytree(sdk, paths["purelib"], dirs_exist_ok=True)
    return project / ".venv"


def test_the_template_runs(start: Start, installed: Path) -> None:
    assert installed.is_dir()

    dev = start()

    assert [dev.get()[1] for _ in range(2)] == ["test: 0", "test: 1"]


def test_calls_and_storage_go_by_the_project_s_own_sdk(
    start: Start, project: Path, installed: Path
) -> None:
    (project / "src" / "entry.py").write_text(PROBE)

    status, text = start().get()

    assert status == 200, text
    assert '"kept": {"kept": {"list": [1, {"deep": "x"}], "none": null}, "n": true}' in text
    assert '"answer": "POST sent"' in text
    assert f'"where": "{installed}' in text

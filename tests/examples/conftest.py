"""Examples as a user has them: copied, served by `pydo dev`, and spoken to over real sockets.

Some have a twin in JavaScript.  Where wrangler is at hand (`PYDO_WRANGLER` names one that is not
on the path) the twin is served by it and has to answer the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.seeds.conftest import Dev, free_port
from tests.wrangler import WRANGLER, wrangler_dev

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TWINS = Path(__file__).parent / "twins"


class Served:
    """Something that answers on a port."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def talk(self, conversation: Callable[[aiohttp.ClientSession], Awaitable[Any]]) -> Any:
        """Run a conversation with it."""

        async def main() -> Any:
            async with aiohttp.ClientSession(self.url) as session:
                return await asyncio.wait_for(conversation(session), 20)

        return asyncio.run(main())

    def ask(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Send one request; the status and the text of the answer."""

        async def conversation(session: aiohttp.ClientSession) -> tuple[int, str]:
            async with session.request(method, path, **options) as answer:
                return answer.status, await answer.text()

        answer: tuple[int, str] = self.talk(conversation)
        return answer


class Example(Served):
    """An example served by `pydo dev`."""

    def __init__(self, project: Path, *arguments: str) -> None:
        port = free_port()
        super().__init__(port)
        self.project = project
        self.dev = Dev(project, "--port", str(port), *arguments)
        self.dev.until("Ready on ")


class Twin(Served):
    """The twin of an example in JavaScript, served by wrangler."""

    def __init__(self, project: Path, *arguments: str) -> None:
        with contextlib.ExitStack() as stack:
            super().__init__(stack.enter_context(wrangler_dev(project, *arguments)))
            while not self._answers():  # what listens first may have nothing to serve yet
                time.sleep(0.2)
            self._running = stack.pop_all()

    def _answers(self) -> bool:
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            return self.ask("GET", "/")[0] > 0
        return False

    def close(self) -> None:
        """End it, and what it has started."""
        self._running.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Example]]:
    """Give what serves an example that needs some packages, with more arguments for `pydo dev`."""
    started: list[Example] = []

    def serve(name: str, *arguments: str, needs: tuple[str, ...] = ()) -> Example:
        for package in needs:
            pytest.importorskip(package, reason=f"{package} is not installed")
        project = tmp_path / name
        shutil.copytree(EXAMPLES / name, project)
        started.append(Example(project, *arguments))
        return started[-1]

    yield serve
    for example in started:
        example.dev.close()


@pytest.fixture
def serve_twin(tmp_path: Path) -> Iterator[Callable[..., Twin]]:
    """Give what serves the twin of an example."""
    started: list[Twin] = []

    def serve_twin(name: str, *arguments: str) -> Twin:
        if WRANGLER is None:
            pytest.skip("wrangler is not there")
        project = tmp_path / name
        shutil.copytree(TWINS / name, project)
        for written in (EXAMPLES / name).rglob("wrangler.toml"):
            config = written.read_text()
            config = config.replace("src/entry.py", "index.js").replace('"python_workers"', "")
            (project / written.relative_to(EXAMPLES / name)).write_text(config)
        started.append(Twin(project, *arguments))
        return started[-1]

    yield serve_twin
    for twin in started:
        twin.close()


@pytest.fixture(params=["pydo", "wrangler"])
def serve_either(request: pytest.FixtureRequest) -> Callable[..., Served]:
    """Give `serve` and then `serve_twin`, for what both have to answer alike."""
    name = "serve" if request.param == "pydo" else "serve_twin"
    either: Callable[..., Served] = request.getfixturevalue(name)
    return either

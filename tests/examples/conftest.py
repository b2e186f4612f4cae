"""Examples as a user has them: copied, served by `pydo dev`, and spoken to over real sockets."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.seeds.conftest import Dev, free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


class Example:
    """An example being served."""

    def __init__(self, project: Path, *arguments: str) -> None:
        self.project = project
        self.dev = Dev(project, "--port", str(free_port()), *arguments)
        self.dev.until("Ready on ")

    def talk(self, conversation: Callable[[aiohttp.ClientSession], Awaitable[Any]]) -> Any:
        """Run a conversation with it."""

        async def main() -> Any:
            url = f"http://127.0.0.1:{self.dev.port}"
            async with aiohttp.ClientSession(url) as session:
                return await asyncio.wait_for(conversation(session), 15)

        return asyncio.run(main())

    def ask(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Send one request; the status and the text of the answer."""

        async def conversation(session: aiohttp.ClientSession) -> tuple[int, str]:
            async with session.request(method, path, **options) as answer:
                return answer.status, await answer.text()

        answer: tuple[int, str] = self.talk(conversation)
        return answer


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

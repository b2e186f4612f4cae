"""Reloading in a new process, as Django needs it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import aiohttp

    from .conftest import Example

VIEWS = "src/polls/views.py"


def edit(file: Path, before: str, after: str) -> None:
    time.sleep(0.3)  # files that are no modules are watched a moment after the server is ready
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_django_is_reloaded_in_a_new_process(serve: Callable[..., Example]) -> None:
    example = serve("django", needs=("django",))
    assert example.ask("GET", "/drinks/votes.json") == (200, "{}")

    edit(example.project / VIEWS, '["tea", "coffee"]', '["water"]')
    example.dev.until("Local server updated and ready")

    assert "water: 0" in example.ask("GET", "/drinks/")[1]
    said = [line for line in example.dev.said if "Django keeps what it has loaded" in line]
    assert len(said) == 1

    edit(example.project / "src/polls/templates/polls/poll.html", "</h1>", " now</h1>")
    example.dev.until("Local server updated and ready")

    assert "Drinks? now" in example.ask("GET", "/drinks/")[1]


def test_nobody_is_turned_away_while_the_process_changes(serve: Callable[..., Example]) -> None:
    example = serve("django", needs=("django",))

    async def conversation(session: aiohttp.ClientSession) -> list[int]:
        statuses: list[int] = []
        edit(example.project / VIEWS, '["tea", "coffee"]', '["water"]')
        deadline = asyncio.get_running_loop().time() + 10
        while asyncio.get_running_loop().time() < deadline:
            answer = await session.get("/drinks/", headers={"connection": "close"})
            statuses.append(answer.status)
            if "water" in await answer.text():
                break
        return statuses

    assert set(example.talk(conversation)) == {200}


def test_a_mistake_leaves_the_process_as_it_is(serve: Callable[..., Example]) -> None:
    example = serve("django", needs=("django",))
    example.ask("GET", "/drinks/")  # Django imports its views at the first request

    edit(example.project / VIEWS, "CHOICES = [", "CHOICES = ]")
    example.dev.until("SyntaxError")
    still = example.ask("GET", "/drinks/")
    edit(example.project / VIEWS, "CHOICES = ]", "CHOICES = [1, ")
    example.dev.until("Local server updated and ready")

    assert "tea: 0" in still[1]
    assert "1: 0" in example.ask("GET", "/drinks/")[1]


def test_code_that_does_not_load_says_so_and_is_loaded_when_mended(
    serve: Callable[..., Example],
) -> None:
    example = serve("django", needs=("django",))

    edit(example.project / "src/entry.py", "Default = ", "raise ValueError('no')\nDefault = ")
    example.dev.until("ValueError: no")
    example.dev.until("Local server updated and ready")
    broken = example.ask("GET", "/drinks/")
    edit(example.project / "src/entry.py", "raise ValueError('no')\n", "")
    example.dev.until("Local server updated and ready")

    assert (broken[0], "ValueError: no" in broken[1]) == (500, True)
    assert example.ask("GET", "/drinks/")[0] == 200


def test_a_process_is_taken_when_it_is_asked_for(serve: Callable[..., Example]) -> None:
    example = serve("chatroom", "--reload", "process")
    pid = example.dev.process.pid

    edit(example.project / "src/chat.html", "Room", "Salon")
    example.dev.until("Local server updated and ready")

    assert "Salon" in example.ask("GET", "/")[1]
    assert (example.dev.process.pid, example.dev.process.poll()) == (pid, None)


def test_a_wrong_configuration_leaves_the_process_as_it_is(serve: Callable[..., Example]) -> None:
    example = serve("chatroom", "--reload", "process")

    edit(example.project / "wrangler.toml", 'main = "src/entry.py"', "main = 7")
    example.dev.until("main")

    assert example.ask("GET", "/")[0] == 200

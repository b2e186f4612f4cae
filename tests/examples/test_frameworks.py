"""Web frameworks over objects, by the SDK's `workers.asgi` and `workers.wsgi`."""

from __future__ import annotations

import json
import re
import shutil
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import EXAMPLES, Example

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import aiohttp


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Example]]:
    """Give the server of an example that is named as the package that it needs."""
    started: list[Example] = []

    @cache
    def shared(name: str) -> Example:
        pytest.importorskip(name, reason=f"{name} is not installed")
        project = shutil.copytree(EXAMPLES / name, tmp_path_factory.mktemp(name) / name)
        started.append(Example(project))
        return started[-1]

    yield shared
    for example in started:
        example.dev.close()


# -- FastAPI


def test_fastapi_serves_what_objects_hold(shared: Callable[[str], Example]) -> None:
    example = shared("fastapi")

    added = example.ask("POST", "/lists/home", json={"text": "water the plants"})
    refused = example.ask("POST", "/lists/home", json={"text": ""})
    listed = example.ask("GET", "/lists/home")
    other = example.ask("GET", "/lists/work")
    removed = [example.ask("DELETE", "/lists/home/1")[0] for _ in range(2)]

    assert added == (201, '{"id":1,"text":"water the plants","done":false}')
    assert refused[0] == 422
    assert json.loads(listed[1]) == [{"id": 1, "text": "water the plants", "done": False}]
    assert (other[1], removed) == ("[]", [204, 404])


def test_fastapi_calls_plain_handlers_and_describes_itself(
    shared: Callable[[str], Example],
) -> None:
    example = shared("fastapi")

    assert example.ask("GET", "/shout/hello") == (200, '{"text":"HELLO"}')
    assert "/lists/{name}" in json.loads(example.ask("GET", "/openapi.json")[1])["paths"]
    assert not any("thread" in line for line in example.dev.said)


def test_fastapi_serves_websockets(shared: Callable[[str], Example]) -> None:
    example = shared("fastapi")

    async def conversation(session: aiohttp.ClientSession) -> list[Any]:
        async with session.ws_connect("/lists/sockets/live") as socket:
            heard: list[Any] = []
            for text in ("one", "two"):
                await socket.send_str(text)
                heard.append(await socket.receive_json())
            return heard

    assert example.talk(conversation) == [{"tasks": 1}, {"tasks": 2}]


# -- Flask


def test_flask_waits_for_objects_in_plain_functions(shared: Callable[[str], Example]) -> None:
    example = shared("flask")

    visits = [json.loads(example.ask("GET", "/about")[1])["visits"] for _ in range(3)]

    assert visits == [1, 2, 3]


def test_flask_reads_and_writes_streams(shared: Callable[[str], Example]) -> None:
    example = shared("flask")

    uploaded = example.ask("POST", "/upload", data=BytesIO(b"x" * 3_000_000), headers={"X-Said": "hello"})
    numbers = example.ask("GET", "/numbers/1000")

    assert json.loads(uploaded[1]) == {"length": 3_000_000, "said": "hello"}
    assert numbers[1].split() == [str(number) for number in range(1000)]


# -- Django


def test_django_renders_what_an_object_counts(serve: Callable[..., Example]) -> None:
    example = serve("django", needs=("django",))

    async def conversation(session: aiohttp.ClientSession) -> str:
        page = await (await session.get("/drinks/")).text()
        token = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page)[0]
        # The cookie jar of aiohttp keeps none for an address that is a number.
        cookie = {"csrftoken": token[32:] if len(token) > 64 else token}
        form = {"choice": "tea", "csrfmiddlewaretoken": token}
        answer = await session.post("/drinks/", data=form, cookies=cookie)
        return await answer.text()

    page = example.talk(conversation)

    assert "tea: 1" in page
    assert example.ask("GET", "/drinks/votes.json") == (200, '{"tea": 1}')
    assert example.ask("POST", "/drinks/", data={"choice": "tea"})[0] == 403


@pytest.mark.parametrize("name", ["django-orm", "django-d1"])
def test_the_orm_of_django_keeps_rows_in_an_object_or_in_d1(
    serve: Callable[..., Example], name: str
) -> None:
    example = serve(name, needs=("django", "django_cf"))

    assert example.ask("GET", "/migrate") == (200, '{"migrated": true}')
    counts = [json.loads(example.ask("GET", f"/notes/add?text={t}")[1])["count"] for t in "ab"]
    notes = json.loads(example.ask("GET", "/notes")[1])["notes"]

    assert counts == [1, 2]
    assert notes == [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]

"""Programs of the kind that people deploy, with servers of our own in place of the internet."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.seeds.conftest import free_port

from .conftest import Example, Served

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp


def test_a_chat_has_a_page_beside_its_module(serve: Callable[..., Example]) -> None:
    example = serve("chatroom")

    status, page = example.ask("GET", "/")

    assert (status, "<title>Chat</title>" in page) == (200, True)
    assert example.ask("GET", "/nothing")[0] == 404


def test_a_page_is_served_beside_the_worker_that_it_calls(serve: Callable[..., Example]) -> None:
    example = serve("votes")

    assert "<title>Votes</title>" in example.ask("GET", "/")[1]
    assert example.ask("GET", "/votes.js")[0] == 200
    assert example.ask("POST", "/api/drinks/tea")[1] == '{"tea": 1}'
    assert example.ask("POST", "/style.css")[0] == 405
    assert example.ask("GET", "/nothing")[1] == "There is nothing here."
    status, page = example.ask("GET", "/nothing", headers={"Sec-Fetch-Mode": "navigate"})
    assert (status, "Not found" in page) == (404, True)


@pytest.mark.timeout(90)
def test_a_chat_goes_to_everybody_in_the_room(serve_either: Callable[..., Served]) -> None:
    example = serve_either("chatroom")

    async def conversation(session: aiohttp.ClientSession) -> list[list[Any]]:
        ada = await session.ws_connect("/rooms/lobby/socket?name=Ada")
        heard = [[await ada.receive_json()], [], []]
        bob = await session.ws_connect("/rooms/lobby/socket?name=Bob")
        eve = await session.ws_connect("/rooms/other/socket?name=Eve")
        heard[1].append(await bob.receive_json())
        heard[2].append(await eve.receive_json())
        await bob.send_str("hello")
        heard[0] += [await ada.receive_json(), await ada.receive_json()]
        heard[1].append(await bob.receive_json())
        await bob.close()
        heard[0].append(await ada.receive_json())
        late = await session.ws_connect("/rooms/lobby/socket?name=Late")
        heard.append([await late.receive_json()])
        return heard

    said = {"name": "Bob", "text": "hello"}
    assert example.talk(conversation) == [
        [{"joined": "Ada"}, {"joined": "Bob"}, said, {"left": "Bob"}],
        [{"joined": "Bob"}, said],
        [{"joined": "Eve"}],
        [said],
    ]
    assert json.loads(example.ask("GET", "/rooms/lobby")[1]) == [said]


@pytest.mark.timeout(90)
def test_an_alarm_keeps_a_consumer_connected(serve_either: Callable[..., Served]) -> None:
    port = free_port()
    example = serve_either("feed", "--var", f"FEED_URL:ws://127.0.0.1:{port}/subscribe?wanted=posts")
    asked: list[str] = []

    async def subscribe(request: web.Request) -> web.WebSocketResponse:
        asked.append(request.query_string)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        number = 10 * len(asked)
        record = {"record": {"text": f"post {number}"}}
        await socket.send_json({"did": "did:web:a", "time_us": number, "commit": record})
        if len(asked) == 1:
            await socket.close(code=1001, message=b"restarting")
        else:
            await socket.receive()
        return socket

    async def conversation(session: aiohttp.ClientSession) -> Any:
        app = web.Application()
        app.router.add_get("/subscribe", subscribe)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await session.get("/start")
        while True:
            report = await (await session.get("/report")).json()
            if report["seen"] == 20:
                break
            await asyncio.sleep(0.05)
        stopped = await (await session.get("/stop")).json()
        await runner.cleanup()
        return report, stopped

    report, stopped = example.talk(conversation)

    assert asked == ["wanted=posts", "wanted=posts&cursor=10"]
    assert [post["text"] for post in report["posts"]] == ["post 20", "post 10"]
    assert (report["is_open"], report["connections"]) == (True, 2)
    assert stopped["is_open"] is False
    if isinstance(example, Example):
        example.dev.until("the feed has closed: 1001 restarting")


def test_an_image_is_made_with_a_compiled_package(serve: Callable[..., Example]) -> None:
    example = serve("image", needs=("PIL",))

    async def conversation(session: aiohttp.ClientSession) -> tuple[str | None, bytes]:
        async with session.get("/hello") as answer:
            return answer.headers.get("content-type"), await answer.read()

    kind, image = example.talk(conversation)

    assert kind == "image/png"
    assert image.startswith(b"\x89PNG\r\n")
    assert 500 < len(image) < 20_000


def test_two_workers_call_each_other(serve_either: Callable[..., Served]) -> None:
    both = serve_either("services", "-c", "front/wrangler.toml", "-c", "greeter/wrangler.toml")

    assert both.ask("GET", "/Elizabeth") == (200, "Hello, Liz! This is visit 1.")
    assert both.ask("GET", "/Elizabeth") == (200, "Hello, Liz! This is visit 2.")
    assert both.ask("GET", "/Anna") == (200, "Hello, Anna! This is visit 1.")

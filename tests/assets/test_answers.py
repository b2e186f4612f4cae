"""The same folder and the same requests as wrangler was given, and the answers that it gave."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pydo.bindings.assets.channel import AssetsChannel
from pydo.bindings.assets.site import Site as AssetSite
from pydo.config import Assets
from pydo.host.js.request import Request
from pydo.host.js.response import Response
from pydo.host.stub import Fetcher
from pydo.runtime.loop import ObjectLoop
from pydo.serve.front import Front
from pydo.serve.http import Exchange
from pydo.serve.server import Server, bind
from pydo.serve.sockets import Sockets
from tests.assets.site import SITES, Site, build, exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.runtime.delivery import Outcome

ANSWERS: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("answers.json").read_text("utf-8")
)
# Wrangler lets its proxy change pages, and sends those in pieces.
_NOT_COMPARED = {"content-length"}


class Running:
    """The assets of one site behind a server, with a Worker that asks for them too."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._folder = folder
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop = ObjectLoop()
        asyncio.set_event_loop(self._loop)
        self._stopping = asyncio.Event()
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        first = self._site.assets.get("run_worker_first", False)
        assets = Assets(
            self._folder,
            html_handling=self._site.assets.get("html_handling", "auto-trailing-slash"),
            not_found_handling=self._site.assets.get("not_found_handling", "none"),
            run_worker_first=first if isinstance(first, bool) else tuple(first),
        )
        site = AssetSite(
            assets,
            has_worker=self._site.has_worker,
            keeps_not_found=True,
            warn=lambda _: None,
        )
        self._assets = Fetcher(AssetsChannel(self._loop, site))
        joined, front = Sockets(), Front(_fail)
        front.site = site
        exchange = Exchange(self._send, lambda _: False, _log, _fail, joined)
        exchange.front = front
        server = Server(exchange, joined)
        sockets, self.port = bind("127.0.0.1", 0)
        await server.start(sockets)
        self._ready.set()
        await self._stopping.wait()
        await server.close()

    def _send(self, request: Request, outcome: Outcome) -> None:
        async def answer() -> None:
            outcome.set_result(await self._fetch(request))

        self._answering = self._loop.create_task(answer())

    async def _fetch(self, request: Request) -> object:
        path = request.url.partition("//")[2].partition("/")[2].partition("?")[0]
        way = path.partition("/")[0]
        if way not in {"via", "pass"}:
            return Response.new(f"worker {request.method} /{_shown(path)}")
        to = request.url.replace(f"/{way}/", "/", 1)
        if way == "via":
            return await self._assets.fetch(to, method=request.method)
        return await self._assets.fetch(Request.new(to, request))


def _shown(path: str) -> str:
    from pydo.host.js.address import parse_address  # noqa: PLC0415

    address = parse_address(f"http://host/{path}")
    assert address is not None
    return address.path.removeprefix("/")


def _log(method: str, path: str, status: int, ms: float) -> None:
    del method, path, status, ms


def _fail(error: BaseException) -> None:
    raise error


@pytest.fixture(scope="module", params=SITES, ids=lambda site: site.name)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, Running]]:
    site: Site = request.param
    server = Running(site, build(tmp_path_factory.mktemp(site.name)))
    server.start()
    yield site, server
    server.stop()


def test_what_wrangler_answers_is_answered(running: tuple[Site, Running]) -> None:
    site, server = running
    etags: dict[str, str] = {}

    found = {asked.key: exchange(server.port, asked, etags) for asked in site.requests}

    differing = {
        key: {"wrangler": expected, "pydo": _compared(found[key])}
        for key in found
        if _compared(found[key]) != (expected := _compared(ANSWERS[site.name][key]))
    }
    assert differing == {}


def _compared(answer: dict[str, Any]) -> dict[str, Any]:
    headers = [each for each in answer["headers"] if each[0] not in _NOT_COMPARED]
    return {**answer, "headers": headers}

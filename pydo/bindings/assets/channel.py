"""`env.ASSETS`: the assets as a service that the Worker itself may ask."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pydo.bindings.assets.asking import Asking
from pydo.errors import JsException
from pydo.host.js.request import Request
from pydo.host.js.response import Response
from pydo.host.js.stream import ReadableStream
from pydo.host.js.stream.source import Outside
from pydo.runtime.channel import Channel
from pydo.runtime.events import Event, Fetch, RpcCall

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO

    from pydo.bindings.assets.asking import Answer
    from pydo.bindings.assets.folder import Asset
    from pydo.bindings.assets.site import Site
    from pydo.runtime.loop import ObjectLoop

__all__ = ["AssetsChannel", "FrontedChannel"]

_AT_ONCE = 64 * 1024  # bytes that are read with the head
_CHUNK = 256 * 1024


class AssetsChannel(Channel):
    """The way to the assets; they have no code, and so no generation."""

    __slots__ = ("_site",)

    def __init__(self, loop: ObjectLoop, site: Site) -> None:
        super().__init__(loop)
        self._site = site

    @property
    def generation(self) -> int:
        """None that matters."""
        return 0

    def again(self) -> Channel:
        """Give this way: it is shared."""
        return self

    def deliver(self, event: Event, generation: int, future: asyncio.Future[object]) -> None:
        """Answer a request."""
        del generation
        if future.done():  # whoever asked is gone
            return
        try:
            future.set_result(_answered(self._site, event))
        except (JsException, OSError) as error:
            future.set_exception(error)


class FrontedChannel(Channel):
    """The way of others to a Worker that has assets: a request for one never gets to its code.

    Calls go to the code, if there is any.  Source: cloudflare/workers-sdk
    `packages/miniflare/src/workers/assets/rpc-proxy.worker.ts`.
    """

    __slots__ = ("_site", "_worker")

    def __init__(self, worker: Channel, site: Callable[[], Site | None]) -> None:
        super().__init__(worker.loop)
        self._worker = worker
        self._site = site

    @property
    def generation(self) -> int:
        """That of the Worker."""
        return self._worker.generation

    def again(self) -> Channel:
        """Give this way: it may be used again and again."""
        return self

    def deliver(self, event: Event, generation: int, future: asyncio.Future[object]) -> None:
        """Answer a request for an asset, and bring anything else to the Worker."""
        site = self._site()
        if site is None or future.done():
            self._worker.deliver(event, generation, future)
            return
        try:
            response = _routed(site, event) if site.has_worker else _answered(site, event)
        except (JsException, OSError) as error:
            future.set_exception(error)
        else:
            if response is None:
                self._worker.deliver(event, generation, future)
            else:
                future.set_result(response)


def _answered(site: Site, event: Event) -> Response:
    if isinstance(event, RpcCall):
        text = f'The RPC receiver does not implement the method "{event.method}".'
        raise JsException("TypeError", text)
    assert isinstance(event, Fetch), "nothing else is sent to a service"
    request = _request(event)
    return response_of(site.answer(_asking(request)), request)


def _routed(site: Site, event: Event) -> Response | None:
    if not isinstance(event, Fetch):
        return None
    request = _request(event)
    answer = site.route(_asking(request))
    return None if answer is None else response_of(answer, request)


def _request(event: Fetch) -> Request:
    assert isinstance(event.request, Request), "a stub sends nothing else"
    return event.request


def _asking(request: Request) -> Asking:
    headers = {name.lower(): value for name, value in request.header_list()}
    return Asking(request.method, request.url, headers)


def response_of(answer: Answer, request: Request) -> Response:
    """Make a Response of an answer; a large file is read as the body is."""
    headers = [(name, value) for name, values in answer.headers.items() for value in values]
    response = Response.incoming(answer.status, "", headers)
    response.given_text, response.url = None, request.url
    if answer.asset is not None and request.method == "HEAD":
        headers.append(("content-length", str(answer.asset.size)))
    elif answer.asset is not None:
        response.content = _body(answer.asset)
    return response


def _body(asset: Asset) -> bytes | ReadableStream:
    file = open(asset.path, "rb", buffering=0)  # noqa: PTH123, SIM115 - whoever reads closes it
    if asset.size <= _AT_ONCE:
        with file:
            return file.read()
    reading = _Reading(file, asset.size)
    return ReadableStream.of_source(Outside(reading.next, file.close), length=asset.size)


class _Reading:
    """A large file on its way, in pieces that another thread reads."""

    def __init__(self, file: FileIO, size: int) -> None:
        self._file = file
        self._left = size

    async def next(self) -> bytes:
        """Give the next piece, and at the end nothing.

        Raises:
            OSError: the file has become shorter since its size was told.

        """
        if not self._left:
            self._file.close()
            return b""
        loop = asyncio.get_running_loop()
        data = await loop.run_in_executor(None, self._file.read, min(_CHUNK, self._left))
        if not data:
            self._file.close()
            raise OSError(f"{self._file.name} was cut short while it was sent")
        self._left -= len(data)
        return data

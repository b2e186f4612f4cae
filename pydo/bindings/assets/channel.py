"""`env.ASSETS`: the assets as a service that the Worker itself may ask."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pydo.bindings.assets.site import Asking
from pydo.errors import JsException
from pydo.host.js.request import Request
from pydo.host.js.response import Response
from pydo.host.js.stream import ReadableStream
from pydo.host.js.stream.source import Outside
from pydo.runtime.channel import Channel
from pydo.runtime.events import Event, Fetch, RpcCall

if TYPE_CHECKING:
    from io import FileIO

    from pydo.bindings.assets.folder import Asset
    from pydo.bindings.assets.site import Answer, Site
    from pydo.runtime.loop import ObjectLoop

__all__ = ["AssetsChannel"]

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
            future.set_result(self._answered(event))
        except (JsException, OSError) as error:
            future.set_exception(error)

    def _answered(self, event: Event) -> Response:
        if isinstance(event, RpcCall):
            text = f'The RPC receiver does not implement the method "{event.method}".'
            raise JsException("TypeError", text)
        assert isinstance(event, Fetch), "nothing else is sent to a service"
        request = event.request
        assert isinstance(request, Request), "a stub sends nothing else"
        headers = {name.lower(): value for name, value in request.header_list()}
        return response_of(self._site.answer(Asking(request.method, request.url, headers)), request)


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

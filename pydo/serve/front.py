"""What stands before the Worker: requests that it never sees.

Its assets are answered here, without a turn of the Worker's, and the server's own paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.bindings.assets.asking import Asking
from pydo.bindings.assets.channel import response_of
from pydo.host.js.request import Request
from pydo.host.js.response import Response
from pydo.serve.answer import Answer, answer_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from pydo.bindings.assets.site import Site
    from pydo.serve.local import LocalPaths

__all__ = ["Front"]


class Front:
    """Answers what is not for the Worker; `site` may change while it serves."""

    def __init__(
        self, on_error: Callable[[BaseException], None], local: LocalPaths | None = None
    ) -> None:
        self.site: Site | None = None
        self.has_worker = True
        self._on_error = on_error
        self._local = local

    def local(self, request: web.BaseRequest) -> Awaitable[Answer] | None:
        """Answer a request for one of the server's own paths, or leave it."""
        if self._local is None:
            return None
        return self._local.answer(request, has_worker=self.has_worker)

    def asset(self, request: web.BaseRequest, url: str) -> Answer | None:
        """Answer a request for an asset, or leave it to the Worker."""
        if self.site is None:
            return None
        answer = self.site.route(Asking(request.method, url, request.headers))
        if answer is None:
            return None
        try:
            response = response_of(answer, Request.incoming(request.method, url, []))
        except OSError as error:  # it is gone since it was found, or may not be read
            self._on_error(error)
            response = Response.new(None, {"status": 500})
        return answer_of(response, self._on_error)

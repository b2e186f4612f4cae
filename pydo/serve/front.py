"""What stands before the Worker: requests that it never sees.

Its assets are answered here, without a turn of the Worker's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.bindings.assets import Asking
from pydo.bindings.assets.channel import response_of
from pydo.host.js.request import Request
from pydo.serve.answer import answer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from pydo.bindings.assets import Site

__all__ = ["Front"]


class Front:
    """Answers what is not for the Worker; `site` may change while it serves."""

    def __init__(self, on_error: Callable[[BaseException], None]) -> None:
        self.site: Site | None = None
        self._on_error = on_error

    def answer(self, request: web.BaseRequest, url: str) -> web.StreamResponse | None:
        """Answer a request at once, or leave it to the Worker."""
        if self.site is None:
            return None
        answer = self.site.route(Asking(request.method, url, request.headers))
        if answer is None:
            return None
        response = response_of(answer, Request.incoming(request.method, url, []))
        return answer_of(response, self._on_error)

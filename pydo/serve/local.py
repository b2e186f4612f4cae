"""The paths that the server keeps for itself, and who may ask for them.

    /cdn-cgi/handler/scheduled?cron=…&time=<ms>&format=json   calls `scheduled`, says how it went
    /__scheduled?cron=…                                       the same, without its `waitUntil`

Everything under `/cdn-cgi/` is for this machine: a request with the Host or the Origin of another
site is refused, so that a page from elsewhere cannot reach it by a name of its own.  Sources:
cloudflare/workers-sdk `packages/miniflare/src/workers/core/{entry,scheduled}.worker.ts` and
`packages/wrangler/templates/middleware/middleware-scheduled.ts`.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from typing import TYPE_CHECKING

from pydo.host.js.address import parse_address
from pydo.serve.answer import Answer, told
from pydo.serve.error_page import error_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from aiohttp import web

    from pydo.bindings.cron import Trigger

__all__ = ["LocalPaths"]

_NAME = "cdn-cgi"
_PREFIX = f"/{_NAME}/"
_HANDLERS = "/cdn-cgi/handler/"
_SCHEDULED = "/cdn-cgi/handler/scheduled"
_SCHEDULED_BEFORE = "/cdn-cgi/mf/scheduled"
_EMAIL = "/cdn-cgi/handler/email"
_BY_HAND = "/__scheduled"
_HERE = {"localhost", "127.0.0.1", "[::1]"}
_DATE_MS = 8.64e15  # what a Date of JavaScript can hold
_DATE_DIGITS = 16


class LocalPaths:
    """Answers the server's own paths; `hosts` are names besides those of this machine."""

    def __init__(
        self, trigger: Trigger, owns: Callable[[str], bool], hosts: Collection[str] = ()
    ) -> None:
        self.hosts = hosts
        self._trigger = trigger
        self._owns = owns

    def answer(self, request: web.BaseRequest, *, has_worker: bool) -> Awaitable[Answer] | None:
        """Answer a request for one of the paths; None leaves it to others."""
        path = _path(request.raw_path)
        if not path.startswith((_PREFIX, _BY_HAND)):
            return None
        path, _, query = path.partition("?")
        given = _parameters(query)
        if path == _BY_HAND and has_worker:
            return self._by_hand(request, given)
        if not path.startswith(_PREFIX):
            return None
        refusal = self._refusal(request)
        if refusal is not None:
            return _told(refusal, 403)
        if path in {_SCHEDULED, _SCHEDULED_BEFORE}:
            return self._scheduled(given)
        if path == _EMAIL:
            return _told("pydo does not simulate email handlers.", 501)
        if path.startswith(_HANDLERS):
            text = f'"{path}" is not a valid handler. Did you mean to use "{_SCHEDULED}"'
            return _told(f'{text} or "{_EMAIL}"?', 404)
        return None

    async def _scheduled(self, given: Mapping[str, str]) -> Answer:
        time = given.get("time")
        time_ms = _leading_integer(time) if time else None
        if time and time_ms is None:
            text = "TypeError: The value cannot be converted because it is not a valid Date."
            return told(text, 500)
        outcome = await self._trigger.call(given.get("cron", ""), time_ms)
        status = 200 if outcome.is_ok else 500
        if given.get("format") == "json":
            body = {"outcome": outcome.text, "noRetry": outcome.is_final}
            return told(json.dumps(body, separators=(",", ":")), status, "application/json")
        return told(outcome.text, status)

    async def _by_hand(self, request: web.BaseRequest, given: Mapping[str, str]) -> Answer:
        outcome = await self._trigger.call(given.get("cron", ""), waits=False)
        if outcome.error is not None:
            return error_answer(outcome.error, request, self._owns)
        return told("Ran scheduled event", 200)

    def _refusal(self, request: web.BaseRequest) -> str | None:
        host = request.headers.get("Host")
        if host and not self._is_ours(f"http://{host}"):
            return "Invalid Host header"
        origin = request.headers.get("Origin")
        if origin and not self._is_ours(origin):
            return "Invalid Origin header"
        return None

    def _is_ours(self, url: str) -> bool:
        address = parse_address(url)
        host = None if address is None else address.host
        if not host:
            return False
        if host in _HERE:
            return True
        return any(host == each or host.endswith(f".{each}") for each in self.hosts)


def _path(raw: str) -> str:
    """Give path and query as the Worker would see them: `/./cdn-cgi/` is no way around."""
    if raw.startswith((_PREFIX, _BY_HAND)) or _NAME not in raw:
        return raw
    address = parse_address(f"http://localhost{raw}" if raw.startswith("/") else raw)
    return raw if address is None else f"{address.path}?{address.query or ''}"


async def _told(text: str, status: int) -> Answer:
    return told(text, status)


def _parameters(query: str) -> dict[str, str]:
    """Give the first value of each name, as `URLSearchParams.get` does."""
    found: dict[str, str] = {}
    for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, value)
    return found


def _leading_integer(text: str) -> int | None:
    """Read a number as `parseInt` does; None for what is none, and for what no Date can hold."""
    found = re.match(r"\s*([+-]?)0*([0-9]+)", text)
    if found is None or len(found[2]) > _DATE_DIGITS or int(found[2]) > _DATE_MS:
        return None
    return int(found[1] + found[2])

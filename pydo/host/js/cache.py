"""`caches`: responses that are kept until they are stale.

They are kept in memory, for as long as pydo runs.  Like miniflare's, the cache looks at addresses
only: `Vary` is remembered and not heeded.  Sources: src/workerd/api/cache.c++, and for what is kept
packages/miniflare/src/workers/cache/cache.worker.ts.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pydo.errors import JsException
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.freshness import directives, lifetime_s, seconds_of
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.request import Request
from pydo.host.js.response import Response
from pydo.host.js.stream import ReadableStream, joined
from pydo.host.js.text import js_string, truthy
from pydo.host.js.value import options
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Cache", "CacheStorage"]

_MAX_BYTES = 256 * 2**20  # of all caches together; those used least go first
_MAX_NAME = 1024
_PARTIAL, _NOT_MODIFIED, _NOT_SATISFIABLE, _OK = 206, 304, 416, 200
_RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))")
_NOT_IMPLEMENTED: Final = (
    ("Cache", ("add", "addAll", "keys", "matchAll")),
    ("CacheStorage", ("delete", "has", "keys", "match")),
)


@dataclass(frozen=True, slots=True)
class _Kept:
    status: int
    text: str
    headers: list[tuple[str, str]]
    body: bytes
    until_s: float


class _Store:
    """All that is kept, those used least first."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.now_s = now_s
        self._kept: OrderedDict[tuple[str | None, str], _Kept] = OrderedDict()
        self._bytes = 0

    def put(self, key: tuple[str | None, str], kept: _Kept) -> None:
        self.take(key)
        self._kept[key] = kept
        self._bytes += len(kept.body)
        while self._bytes > _MAX_BYTES:
            self.take(next(iter(self._kept)))

    def get(self, key: tuple[str | None, str]) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.until_s <= self.now_s():
            self.take(key)
            return None
        self._kept.move_to_end(key)
        return kept

    def take(self, key: tuple[str | None, str]) -> bool:
        kept = self._kept.pop(key, None)
        if kept is None:
            return False
        self._bytes -= len(kept.body)
        return kept.until_s > self.now_s()


class Cache(RuntimeObject):
    """Responses by the requests that they answer."""

    __slots__ = ("__dict__", "_name", "_store")
    _name: str | None
    _store: _Store

    @classmethod
    def named(cls, name: str | None, store: _Store) -> Cache:
        """Make the cache of a name; None is the default one."""
        self: Cache = object.__new__(cls)
        self._name, self._store = name, store
        return self

    def match(self, *arguments: Any, **named: Any) -> JsPromise:
        """Give the response that is kept for a request, or undefined."""
        return _promised(lambda: self._match(arguments, named))

    def put(self, *arguments: Any) -> JsPromise:
        """Keep a response, if it may be kept."""
        return _promised(lambda: self._put(arguments))

    def delete(self, *arguments: Any, **named: Any) -> JsPromise:
        """Forget a response; tells whether there was one."""
        return _promised(lambda: self._delete(arguments, named))

    def __getattr__(self, name: str) -> Any:
        return _not_implemented(self, name)

    def _match(self, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Response | None:
        request = _asked("match", arguments, named)
        kept = None if request is None else self._store.get(self._key(request))
        return None if request is None or kept is None else _answer(request, kept)

    def _delete(self, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> bool:
        request = _asked("delete", arguments, named)
        return request is not None and self._store.take(self._key(request))

    def _put(self, arguments: tuple[Any, ...]) -> JsPromise | None:
        if not arguments:
            raise JsTypeError(_wrong("put", 1, "Request or string"))
        asked, response = arguments[0], arguments[1] if len(arguments) > 1 else None
        if not isinstance(response, Response):
            raise JsTypeError(_wrong("put", 2, "Response"))
        request = Request.new(asked)
        if request.method != "GET":
            raise JsTypeError("Cannot cache response to non-GET request.")
        if response.status == _PARTIAL:
            raise JsTypeError("Cannot cache response to a range request (206 Partial Content).")
        vary = response.headers.get("vary")
        if isinstance(vary, str) and "*" in vary:
            raise JsTypeError("Cannot cache response with 'Vary: *' header.")
        body = response.take()
        if isinstance(body, ReadableStream):
            return JsPromise.of(self._put_stream(request, response, body))
        self._keep(request, response, body or b"")
        return None

    async def _put_stream(self, request: Request, response: Response, body: ReadableStream) -> None:
        self._keep(request, response, await joined(body))

    def _keep(self, request: Request, response: Response, body: bytes) -> None:
        pairs = _without_private_cookies(response.header_list())
        now_s = self._store.now_s()
        lifetime = lifetime_s(
            response.status, _by_name(request.header_list()), _by_name(pairs), now_s
        )
        if lifetime > 0:
            kept = _Kept(response.status, response.statusText, pairs, body, now_s + lifetime)
            self._store.put(self._key(request), kept)

    def _key(self, request: Request) -> tuple[str | None, str]:
        return self._name, request.url.partition("#")[0]


class CacheStorage(RuntimeObject):
    """The object `caches`: a default cache, and others by their names."""

    __slots__ = ("__dict__", "_store", "default")

    def __init__(self, now_s: Callable[[], float] = time.time) -> None:
        self._store = _Store(now_s)
        self.default = Cache.named(None, self._store)

    def open(self, *arguments: Any) -> JsPromise:
        """Give the cache of a name."""
        return _promised(lambda: self._open(arguments))

    def __getattr__(self, name: str) -> Any:
        return _not_implemented(self, name)

    def _open(self, arguments: tuple[Any, ...]) -> Cache:
        if not arguments:
            raise JsTypeError(_wrong("open", 1, "string", "CacheStorage"))
        name = js_string(arguments[0])
        if len(name) > _MAX_NAME:
            raise JsTypeError("Cache name is too long.")
        return Cache.named(name, self._store)


def _promised(call: Callable[[], Any]) -> JsPromise:
    try:
        result = call()
    except JsException as error:
        return JsPromise.rejected(error)
    return result if isinstance(result, JsPromise) else JsPromise.resolved(result)


def _asked(method: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Request | None:
    """Read what is looked for; None is what is never kept."""
    if not arguments:
        raise JsTypeError(_wrong(method, 1, "Request or string"))
    asked, given = arguments[0], options(arguments[1] if len(arguments) > 1 else None, named)
    for field in ("ignoreSearch", "ignoreVary"):
        if given.get(field) is not None:
            raise JsError(f"The '{field}' field on 'CacheQueryOptions' is not implemented.")
    request = Request.new(asked)
    is_looked_for = request.method == "GET" or truthy(given.get("ignoreMethod"))
    return request if is_looked_for else None


def _answer(request: Request, kept: _Kept) -> Response:
    asked, found = _by_name(request.header_list()), _by_name(kept.headers)
    if _is_unchanged(asked, found):
        return _response(_NOT_MODIFIED, "Not Modified", kept.headers, len(kept.body), None)
    span = _RANGE.fullmatch(asked.get("range", "").replace(" ", ""))
    if span is None or kept.status != _OK:
        return _response(kept.status, kept.text, kept.headers, len(kept.body), kept.body)
    total = len(kept.body)
    start, end = _span(span, total)
    if start >= end:
        outside = Response.incoming(
            _NOT_SATISFIABLE,
            "Range Not Satisfiable",
            [("content-range", f"bytes */{total}"), ("cf-cache-status", "HIT")],
        )
        outside.content = b""
        return outside
    headers = [*kept.headers, ("content-range", f"bytes {start}-{end - 1}/{total}")]
    return _response(_PARTIAL, "Partial Content", headers, end - start, kept.body[start:end])


def _response(
    status: int, text: str, headers: list[tuple[str, str]], size: int, body: bytes | None
) -> Response:
    lengthless = [pair for pair in headers if pair[0].lower() != "content-length"]
    told = [("content-length", str(size)), ("age", "0"), ("cf-cache-status", "HIT")]
    response = Response.incoming(status, text, [*lengthless, *told])
    response.content = body
    return response


def _span(span: re.Match[str], total: int) -> tuple[int, int]:
    if span[3] is not None:
        return max(total - int(span[3]), 0), total
    return int(span[1]), min(int(span[2]) + 1, total) if span[2] else total


def _is_unchanged(asked: Mapping[str, str], found: Mapping[str, str]) -> bool:
    if "if-none-match" in asked:
        tag = found.get("etag", "").strip().removeprefix("W/")
        wanted = [each.strip().removeprefix("W/") for each in asked["if-none-match"].split(",")]
        return bool(tag) and (wanted == ["*"] or tag in wanted)
    since, changed = (
        seconds_of(asked.get("if-modified-since", "")),
        seconds_of(found.get("last-modified", "")),
    )
    return since is not None and changed is not None and changed <= since


def _without_private_cookies(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leave cookies out where the response says that they alone are private."""
    control = _by_name(pairs).get("cache-control", "")
    if directives(control).get("private", "").lower() != "set-cookie":
        return pairs
    rest = re.sub(r'private=("?)set-cookie\1', "", control, flags=re.IGNORECASE).strip()
    return [
        (name, rest if name.lower() == "cache-control" else value)
        for name, value in pairs
        if name.lower() != "set-cookie"
    ]


def _by_name(pairs: list[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in pairs}


def _not_implemented(value: Cache | CacheStorage, name: str) -> Callable[..., NoReturn]:
    owner = type(value).name
    if name not in dict(_NOT_IMPLEMENTED).get(owner, ()):
        raise AttributeError(name)
    return partial(_refuse, owner, name)


def _refuse(owner: str, name: str, *_: object) -> NoReturn:
    raise JsError(f"Failed to execute '{name}' on '{owner}': the method is not implemented.")


def _wrong(method: str, position: int, expected: str, owner: str = "Cache") -> str:
    return (
        f"Failed to execute '{method}' on '{owner}': parameter {position} is not of type "
        f"'{expected}'."
    )

"""Calls over a WebSocket, as JSON: both sides of it, in one file without dependencies.

    ["$r", id, method, ...arguments]     a request
    ["$s", id, result]                   its result
    ["$e", id, message]                  or its error

`run_handlers` answers requests where the socket ends; `create_rpc` makes them where it begins.
"""

import asyncio
import inspect
import itertools
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

__all__ = ["RpcError", "create_rpc", "run_handlers"]

REQUEST, RESULT, ERROR = "$r", "$s", "$e"

T = TypeVar("T")

logger = logging.getLogger("rpc")


class RpcError(Exception):
    """The other side has answered a call with an error."""


# -- where the socket ends


async def run_handlers(handlers: object, socket: Any, message: Any) -> None:
    """Answer one message: call the method of `handlers` that it names.

    `handlers` is an object, whose public methods can be called, or a mapping of functions; they
    may be plain or asynchronous.  What is no request is answered with `[unknown]` and itself.
    """
    request = _parsed(message)
    if not (_is_frame(request, REQUEST) and isinstance(request[2], str)):
        socket.send(f"[unknown] {message}")
        return
    _, rid, method, *arguments = request
    handler = _find(handlers, method)
    if handler is None:
        socket.send(_frame(ERROR, rid, f"[unknown-method] {method}"))
        return
    try:
        result = handler(*arguments)
        if inspect.isawaitable(result):
            result = await result
        answer = _frame(RESULT, rid, result)
    except Exception as error:
        answer = _frame(ERROR, rid, str(error))
    socket.send(answer)


def _find(handlers: object, method: str) -> Callable[..., Any] | None:
    if isinstance(handlers, Mapping):
        found = handlers.get(method)
    else:
        found = None if method.startswith("_") else getattr(handlers, method, None)
    return found if callable(found) else None


# -- where it begins


@overload
def create_rpc(socket: Any) -> Any: ...
@overload
def create_rpc(socket: Any, handlers: Callable[..., T]) -> T: ...
def create_rpc(socket: Any, handlers: Any = None) -> Any:
    """Give an object whose methods are those of the other side; each call is awaited.

    `socket` is a `WebSocket` of JavaScript that is open, or a connection of `websockets` or
    aiohttp.  With `handlers`, the class or protocol that the other side implements, type checkers
    know the methods.

        rpc = create_rpc(socket, Handlers)
        assert await rpc.foo(1) == 2
    """
    return _Rpc(socket)


class _Rpc:
    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._calls: dict[str, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._is_closed = False
        if hasattr(socket, "addEventListener"):
            self._listen(socket)
        else:
            self._reading = asyncio.ensure_future(self._read())

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)

        async def call(*arguments: Any) -> Any:
            if self._is_closed:
                raise ConnectionError(f"{method}() was called on a socket that is closed")
            rid = f"{next(self._numbers)}"
            future = self._calls[rid] = asyncio.get_running_loop().create_future()
            try:
                send = getattr(self._socket, "send_str", None) or self._socket.send
                sent = send(_frame(REQUEST, rid, method, *arguments))
                if inspect.isawaitable(sent):
                    await sent
                return await future
            finally:
                self._calls.pop(rid, None)

        return call

    def _listen(self, socket: Any) -> None:
        from pyodide.ffi import create_proxy

        socket.addEventListener("message", create_proxy(lambda event: self._take(event.data)))
        for ending in ("close", "error"):
            socket.addEventListener(ending, create_proxy(lambda _: self._closed()))

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                self._take(getattr(message, "data", message))
        finally:
            self._closed()

    def _take(self, message: Any) -> None:
        answer = _parsed(message)
        if not (_is_frame(answer, RESULT) or _is_frame(answer, ERROR)):
            logger.error("[unknown-rpc] %s", message)
            return
        future = self._calls.get(answer[1])
        if future is None or future.done():
            logger.error("[unknown-rpc] nobody waits for %s", message)
        elif answer[0] == RESULT:
            future.set_result(answer[2])
        else:
            future.set_exception(RpcError(answer[2]))

    def _closed(self) -> None:
        self._is_closed = True
        for future in self._calls.values():
            if not future.done():
                future.set_exception(ConnectionError("the socket closed before the answer came"))


# -- frames


def _frame(*parts: Any) -> str:
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)


def _parsed(message: Any) -> Any:
    if not isinstance(message, str):
        return None
    try:
        return json.loads(message)
    except ValueError:
        return None


def _is_frame(value: Any, marker: str) -> bool:
    return isinstance(value, list) and len(value) >= 3 and value[0] == marker

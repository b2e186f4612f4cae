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
OPEN = 1  # of a socket's readyState

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
    if not (isinstance(request, list) and request[:1] == [REQUEST]):
        socket.send(f"[unknown] {message}")
        return
    # What is missing is read as JavaScript reads it.
    _, rid, method, *arguments = request + [None, "undefined"][len(request) - 1 :]
    handler = _find(handlers, method)
    if handler is None:
        name = method if isinstance(method, str) else json.dumps(method)
        socket.send(_frame(ERROR, rid, f"[unknown-method] {name}"))
        return
    try:
        result = handler(*arguments)
        if inspect.isawaitable(result):
            result = await result
        answer = _frame(RESULT, rid, result)
    except Exception as error:
        answer = _frame(ERROR, rid, str(error))
    socket.send(answer)


def _find(handlers: object, method: Any) -> Callable[..., Any] | None:
    if not isinstance(method, str):
        return None
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
    aiohttp; nobody else may read from it.  With `handlers`, the class or protocol that the other
    side implements, type checkers know the methods.

        rpc = create_rpc(socket, Handlers)
        assert await rpc.foo(1) == 2

    A call fails with `RpcError` when the other side answers with an error, and with
    `ConnectionError` when the socket is closed, or closes before the answer comes.
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
            # What JavaScript's sockets are given before and after they are open is lost.
            if self._is_closed or getattr(self._socket, "readyState", OPEN) != OPEN:
                raise ConnectionError(f"{method}() was called on a socket that is not open")
            rid = f"{next(self._numbers)}"
            request = _frame(REQUEST, rid, method, *arguments)
            future = self._calls[rid] = asyncio.get_running_loop().create_future()
            try:
                send = getattr(self._socket, "send_str", None) or self._socket.send
                sent = send(request)
                if inspect.isawaitable(sent):
                    await sent
                return await future
            finally:
                self._calls.pop(rid, None)

        return call

    def _listen(self, socket: Any) -> None:
        from pyodide.ffi import create_proxy  # type: ignore  # it is there in Workers alone

        socket.addEventListener("message", create_proxy(lambda event: self._take(event.data)))
        for ending in ("close", "error"):
            socket.addEventListener(ending, create_proxy(lambda _: self._closed()))

    async def _read(self) -> None:
        cause = None
        try:
            async for message in self._socket:
                self._take(getattr(message, "data", message))
        except Exception as error:
            cause = error
        finally:
            self._closed(cause)

    def _take(self, message: Any) -> None:
        answer = _parsed(message)
        if not (isinstance(answer, list) and len(answer) >= 3 and answer[0] in (RESULT, ERROR)):
            logger.error("[unknown-rpc] %s", message)
            return
        marker, rid, value, *_ = answer
        future = self._calls.get(rid) if isinstance(rid, str) else None
        if future is None or future.done():
            logger.error("[unknown-rpc] nobody waits for %s", message)
        elif marker == RESULT:
            future.set_result(value)
        else:
            future.set_exception(RpcError(value))

    def _closed(self, cause: Exception | None = None) -> None:
        self._is_closed = True
        for future in self._calls.values():
            if not future.done():
                error = ConnectionError("the socket closed before the answer came")
                error.__cause__ = cause
                future.set_exception(error)


# -- frames


def _frame(*parts: Any) -> str:
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _parsed(message: Any) -> Any:
    """Give what a message says, None if it is no JSON."""
    if not isinstance(message, str):
        return None
    try:
        return json.loads(message, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")

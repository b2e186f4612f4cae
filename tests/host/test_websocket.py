"""`WebSocket` and its kin as user code holds them, in an object on the unmodified SDK.

The answers are those that workerd gave to the same calls in JavaScript.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException
from pydo.host.code import HostedCode
from pydo.host.env import make_env
from pydo.host.execution import wait_until
from pydo.host.flags import Flags
from pydo.host.importer import Host, install, uninstall
from pydo.host.js.request import Request
from pydo.host.js.websocket import WebSocketPair
from pydo.loader import Loader
from pydo.runtime.failure import ErrorForm
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEAD = """
import asyncio, js
from js import WebSocket, WebSocketPair, WebSocketRequestResponsePair
from pyodide.ffi import JsException, create_proxy, jsnull, to_js
from workers import DurableObject, Response, WorkerEntrypoint

def attempt(function):
    try:
        result = function()
    except JsException as error:
        return f"{error.name}: {error.message}"
    return "null" if result is jsnull else "undefined" if result is None else result

def listen(socket, kind):
    future = asyncio.get_running_loop().create_future()
    socket.addEventListener(kind, create_proxy(lambda e: future.done() or future.set_result(e)))
    return future

async def talk(ctx, message, binary=None):
    one, other = WebSocketPair.new()
    one.accept()
    if binary is not None:
        other.binaryType = binary
    other.accept()
    heard = listen(other, "message")
    one.send(message)
    return (await heard).data

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("/room"):
            return await self.env.THING.getByName("a").fetch(request)
        return Response(str(await self.env.THING.getByName("a").run()))

class Thing(DurableObject):
    async def fetch(self, request):
        client, server = WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(server, ["a", "b", "a"])
        return Response(None, status=101, web_socket=client)

    async def run(self):
        ctx, env = self.ctx, self.env
        one, other = WebSocketPair.new().object_values()
        return repr(await self.body(ctx, env, one, other))

    async def body(self, ctx, env, one, other):
"""
NOT_ACCEPTED = (
    "TypeError: You must call one of accept() or state.acceptWebSocket() on this WebSocket before"
    " sending messages."
)


class NothingYet:
    generation = 0
    errors = ErrorForm(bool)
    handler: Any = None
    classes: dict[str, Any] = {}  # noqa: RUF012 - never written to
    tasks = ()

    def owns(self, filename: str, /) -> bool:
        return not filename


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Give what runs the body of a method in an object, and what it returns."""
    loop = ObjectLoop()
    runtime = Runtime(loop, NothingYet())
    namespace = runtime.open_namespace("Thing", "test-Thing", tmp_path / "state")
    env = make_env({}, {"THING": namespace})
    entry = tmp_path / "src" / "entry.py"
    entry.parent.mkdir()
    loader = Loader(entry)

    def run(body: str, date: str = "2026-03-20") -> str:
        indented = "".join(f"        {line}\n" for line in body.splitlines())
        entry.write_text(HEAD + indented)
        host = Host(env, wait_until, Flags(date, ["python_workers"]))
        install(host)
        generation = loader.load()
        runtime.replace(
            HostedCode(generation.number, generation.entry, host, ["Thing"], loader.owns)
        )

        async def main() -> str:
            response: Any = await runtime.fetch(Request.new("http://localhost/"))
            return str(await response.text())

        return loop.run_until_complete(main())

    yield run
    runtime.close()
    loader.close()
    uninstall()
    loop.close()
    sys.modules.pop("entry", None)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("pair = WebSocketPair.new()\nreturn list(pair.object_keys()), str(pair), len(list(pair))",
         (["0", "1"], "[object WebSocketPair]", 2)),
        (("pair = WebSocketPair.new()\nreturn pair[0] == list(pair)[0], pair[1] == "
         "pair.object_values()[1]"),
         (True, True)),
        ("return one.readyState, one.url is jsnull, one.protocol, one.extensions",
         (1, True, "", "")),
        ("return WebSocket.OPEN, WebSocket.READY_STATE_CLOSED, one.CLOSING, one.CONNECTING",
         (1, 3, 2, 0)),
        ("return attempt(lambda: one.send('x')), attempt(lambda: one.close())",
         (NOT_ACCEPTED, NOT_ACCEPTED)),
        ("return attempt(lambda: one.close(999))",
         "InvalidAccessError: Invalid WebSocket close code: 999."),
        ("return attempt(lambda: one.close(None, 'r'))",
         ("InvalidAccessError: If you specify a WebSocket close reason, you must also specify a "
         "code.")),
        ("one.accept()\none.accept()\nreturn attempt(lambda: ctx.acceptWebSocket(one))",
         ("Error: Cannot call `acceptWebSocket()` if the WebSocket was already accepted via "
         "`accept()`")),
        ("one.accept()\nreturn attempt(one.send)",
         ("TypeError: Failed to execute 'send' on 'WebSocket': parameter 1 is not of type "
         "'ArrayBuffer or"
         " ArrayBufferView or string'.")),
        (("one.accept()\none.close(4000, 'x')\nreturn one.readyState, attempt(lambda: "
         "one.send('x'))"),
         (2, "TypeError: Can't call WebSocket send() after close().")),
        ("one.binaryType = 'arraybuffer'\none.binaryType = 'nonsense'\nreturn one.binaryType",
         "arraybuffer"),
        ("return attempt(lambda: WebSocket('ws://a'))",
         ("TypeError: Failed to construct 'WebSocket': Please use the 'new' operator, this object "
         "constructor cannot be called as a function.")),
        ("return attempt(WebSocket.new)",
         ("TypeError: Failed to construct 'WebSocket': constructor parameter 1 is not of type "
         "'string'.")),
        ("return attempt(lambda: WebSocket.new('nope'))",
         "SyntaxError: WebSocket Constructor: The url is invalid."),
        ("return attempt(lambda: WebSocket.new('http://a/'))",
         "SyntaxError: WebSocket Constructor: The url scheme must be ws or wss."),
        ("return attempt(lambda: WebSocket.new('ws://a/#b'))",
         "SyntaxError: WebSocket Constructor: The url fragment must be empty."),
        ("return attempt(lambda: WebSocket.new('ws://a/', ['b', 'b']))",
         "SyntaxError: WebSocket Constructor: The protocols header cannot have repeating values."),
        ("return attempt(lambda: WebSocket.new('ws://a/', ['b', '']))",
         "SyntaxError: WebSocket Constructor: One of the protocol header tokens is invalid."),
        ("return WebSocket.new('ws://A:80/../b', ['b', 'B']).url", "ws://A:80/../b"),
        ("return attempt(lambda: WebSocket.new('ws://a/', 'b c'))",
         "SyntaxError: WebSocket Constructor: The protocol header token is invalid."),
    ],
)  # fmt: skip
def test_a_socket_is_used_as_in_workerd(run: Callable[..., str], body: str, answer: object) -> None:
    assert run(body) == repr(answer)


@pytest.mark.parametrize(
    ("message", "data"),
    [
        ("'text ✓'", "text ✓"),
        ("5", "5"),
        ("jsnull", "null"),
        ("js.Object.new()", "[object Object]"),
        ("'lone \\ud800'", "lone \ufffd"),
    ],
)
def test_what_is_no_buffer_is_sent_as_text(
    run: Callable[..., str], message: str, data: str
) -> None:
    assert run(f"return await talk(ctx, {message})") == repr(data)


@pytest.mark.parametrize(
    "message",
    [
        "b'\\x00\\x01'",
        "bytearray(b'\\x00\\x01')",
        "memoryview(b'\\x00\\x01')",
        "to_js(b'\\x00\\x01')",
        "to_js(b'\\x00\\x01').buffer",
    ],
)
def test_buffers_are_sent_as_bytes(run: Callable[..., str], message: str) -> None:
    body = f"data = await talk(ctx, {message}, 'arraybuffer')\nreturn str(data), data.to_bytes()"

    assert run(body) == repr(("[object ArrayBuffer]", b"\x00\x01"))


def test_bytes_arrive_as_what_the_date_says(run: Callable[..., str]) -> None:
    body = "return str(await talk(ctx, b'x'))"

    assert run(body, "2026-03-16") == repr("[object ArrayBuffer]")
    assert run(body, "2026-03-17") == repr("[object Blob]")


def test_the_length_of_a_reason_is_limited_from_a_date_on(run: Callable[..., str]) -> None:
    body = "one.accept()\nreturn attempt(lambda: one.close(1000, 'x' * 124))"

    assert run(body, "2026-03-02") == repr("undefined")
    assert "longer than 123 bytes" in run(body, "2026-03-03")


def test_a_close_is_answered_from_a_date_on(run: Callable[..., str]) -> None:
    body = (
        "one.accept()\nother.accept({options})\nclosed = listen(other, 'close')\n"
        "one.close(4001, 'bye')\nevent = await closed\n"
        "return event.code, event.reason, event.wasClean, other.readyState"
    )

    assert run(body.format(options=""), "2026-04-06") == repr((4001, "bye", True, 2))
    assert run(body.format(options=""), "2026-04-07") == repr((4001, "bye", True, 3))
    half_open = body.format(options="allowHalfOpen=True")
    assert run(half_open, "2026-04-07") == repr((4001, "bye", True, 2))


@pytest.mark.parametrize(
    "listening",
    [
        "other.onmessage = heard",
        "other.addEventListener('message', create_proxy(heard))",
        "other.addEventListener('message', create_proxy(later))",
    ],
)
def test_listeners_of_all_kinds(run: Callable[..., str], listening: str) -> None:
    body = (
        "done = asyncio.get_running_loop().create_future()\n"
        "def heard(event):\n    done.set_result(event.data)\n"
        "async def later(event):\n    await asyncio.sleep(0)\n    heard(event)\n"
        f"one.accept()\nother.accept()\n{listening}\none.send('x')\nreturn await done"
    )

    assert run(body) == repr("x")


def test_a_listener_that_raises_ends_the_connection(run: Callable[..., str]) -> None:
    body = (
        "heard, lost = [], listen(other, 'close')\n"
        "def fail(event):\n    raise KeyError(event.data)\n"
        "def note(e):\n    heard.append((e.message[:30], e.error.name, one.readyState))\n"
        "one.accept()\nother.accept()\n"
        "one.addEventListener('message', create_proxy(fail))\n"
        "one.addEventListener('message', create_proxy(lambda e: heard.append('second')))\n"
        "one.addEventListener('error', create_proxy(note))\n"
        "other.send('x')\nother.send('y')\nclosed = await lost\n"
        "return heard, closed.code, attempt(lambda: one.send('nobody hears this'))"
    )

    error = ("Uncaught PythonError: Traceback", "PythonError", 3)
    assert run(body) == repr(([(error[0][:30], *error[1:])], 1006, "undefined"))


def test_a_listener_that_exits_ends_the_connection_too(run: Callable[..., str]) -> None:
    body = (
        "lost = listen(other, 'close')\n"
        "def leave(event):\n    raise SystemExit(3)\n"
        "one.accept()\nother.accept()\n"
        "one.addEventListener('message', create_proxy(leave))\n"
        "other.send('x')\nreturn (await asyncio.wait_for(lost, 5)).code"
    )

    assert run(body) == repr(1006)


def test_a_socket_that_the_client_closed_first_has_no_tags_in_the_end(
    run: Callable[..., str],
) -> None:
    ending = (
        "ctx.acceptWebSocket(one, to_js(['a']))\nother.accept()\n"
        "self.webSocketClose = lambda ws, *_: ws.close(1000, 'bye')\n"
        "{first}.close(1000, 'now')\nawait asyncio.sleep(0.05)\n"
        "{then}\nawait asyncio.sleep(0.05)\n"
        "return attempt(lambda: list(ctx.getTags(one)))"
    )

    client = run(ending.format(first="other", then="pass"))
    server = run(ending.format(first="one", then="other.close(1000, 'bye')"))

    assert client == repr(
        "Error: you must call 'acceptWebSocket()' before attempting to access the tags of a "
        "WebSocket."
    )
    assert server == repr(["a"])


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("return attempt(one.deserializeAttachment), attempt(one.serializeAttachment)",
         ("null", ("TypeError: Failed to execute 'serializeAttachment' on 'WebSocket': parameter "
          "1 is not"
          " of type 'JsValue'."))),
        (("value = to_js([1, 'x'])\none.serializeAttachment(value)\nvalue.push(2)\n"
         "first = one.deserializeAttachment()\nfirst.push(3)\n"
         "return list(one.deserializeAttachment())"),
         [1, "x"]),
        (("one.serializeAttachment('x' * 16378)\n"
         "return attempt(lambda: one.serializeAttachment('x' * 16384))"),
         ("Error: A WebSocket 'attachment' cannot be larger than 16384 bytes.'attachment' was "
         "16390 bytes.")),
        ("return attempt(lambda: one.serializeAttachment({'a': 1}))",
         "DataCloneError: [object Object] could not be cloned."),
    ],
)  # fmt: skip
def test_attachments(run: Callable[..., str], body: str, answer: object) -> None:
    assert run(body) == repr(answer)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("ctx.acceptWebSocket(one)\nreturn list(ctx.getTags(one)), len(ctx.getWebSockets())",
         ([], 1)),
        (("ctx.acceptWebSocket(one, to_js(['b', 'a', 'b']))\n"
         "return list(ctx.getTags(one)), ctx.getWebSockets('a')[0] == one, "
         "len(ctx.getWebSockets('c'))"),
         (["b", "a"], True, 0)),
        ("return attempt(lambda: ctx.getTags(one))",
         ("Error: you must call 'acceptWebSocket()' before attempting to access the tags of a "
         "WebSocket.")),
        ("one.accept()\nreturn attempt(lambda: ctx.getTags(one))",
         "Error: only hibernatable websockets can have tags."),
        ("ctx.acceptWebSocket(one)\nreturn attempt(one.accept)",
         "TypeError: Can't accept() WebSocket after enabling hibernation."),
        (("return attempt(lambda: ctx.acceptWebSocket('x')), attempt(lambda: "
         "ctx.acceptWebSocket(one, 5))"),
         (("TypeError: Failed to execute 'acceptWebSocket' on 'DurableObjectState': parameter 1 "
          "is not of"
          " type 'WebSocket'."),
          ("TypeError: Failed to execute 'acceptWebSocket' on 'DurableObjectState': parameter 2 "
          "is not of"
          " type 'Array'."))),
        (("pair = WebSocketRequestResponsePair.new('ping', "
         "'pong')\nctx.setWebSocketAutoResponse(pair)\n"
         "found = ctx.getWebSocketAutoResponse()\nctx.setWebSocketAutoResponse()\n"
         "return found.request, found.response, ctx.getWebSocketAutoResponse() is jsnull"),
         ("ping", "pong", True)),
        (("pair = WebSocketRequestResponsePair.new('é' * 1025, '')\n"
         "return attempt(lambda: ctx.setWebSocketAutoResponse(pair))"),
         ("RangeError: Request cannot be larger than 2048 bytes. A request of size 2050 was "
         "provided.")),
        ("return attempt(lambda: ctx.setWebSocketAutoResponse('x'))",
         ("TypeError: Failed to execute 'setWebSocketAutoResponse' on 'DurableObjectState': "
         "parameter 1 is"
         " not of type 'WebSocketRequestResponsePair'.")),
        ("return attempt(lambda: WebSocketRequestResponsePair.new('x'))",
         ("TypeError: Failed to construct 'WebSocketRequestResponsePair': constructor parameter "
         "2 is not of"
         " type 'string'.")),
        (("ctx.acceptWebSocket(one)\nother.accept()\n"
         "ctx.setWebSocketAutoResponse(WebSocketRequestResponsePair.new('ping', 'pong'))\n"
         "before = ctx.getWebSocketAutoResponseTimestamp(one) is jsnull\n"
         "heard = listen(other, 'message')\nother.send('ping')\nanswer = (await heard).data\n"
         "at = ctx.getWebSocketAutoResponseTimestamp(one)\n"
         "return before, answer, abs(at.getTime() - js.Date.now()) < 1000"),
         (True, "pong", True)),
        (("before = ctx.getHibernatableWebSocketEventTimeout() is jsnull\n"
         "ctx.setHibernatableWebSocketEventTimeout(500)\nreturn before, "
         "ctx.getHibernatableWebSocketEventTimeout()"),
         (True, 500)),
        ("return attempt(lambda: ctx.setHibernatableWebSocketEventTimeout(604800001))",
         "Error: Event timeout should not exceed 604800000 ms."),
        (("given = ctx.setHibernatableWebSocketEventTimeout\n"
         "return [attempt(lambda: given(bad)) for bad in (-1, 'x', 2**32)]"),
         [("TypeError: The value cannot be converted because it is negative and this API expects a "
          "positive number."),
          "TypeError: The value cannot be converted because it is not an integer.",
          "TypeError: Value out of range. Must be less than or equal to 4294967295."]),
        (("ctx.setHibernatableWebSocketEventTimeout(500)\n"
         "ctx.setHibernatableWebSocketEventTimeout(jsnull)\n"
         "return ctx.getHibernatableWebSocketEventTimeout() is jsnull"),
         True),
        ("return attempt(lambda: ctx.acceptWebSocket(WebSocket.new('ws://localhost:1')))",
         ("Error: Cannot call `acceptWebSocket()` on this WebSocket because its pair has already "
         "been accepted or used in a Response.")),
    ],
)  # fmt: skip
def test_sockets_that_hibernate(run: Callable[..., str], body: str, answer: object) -> None:
    assert run(body) == repr(answer)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("return attempt(lambda: js.Response.new(None, {'status': 200, 'webSocket': one}))",
         "RangeError: Responses with a WebSocket must have status code 101."),
        ("return js.Response.new(None, {'status': 101, 'webSocket': one}).webSocket == one", True),
        ("return attempt(lambda: js.Response.new(None, {'status': 101, 'webSocket': 1}))",
         ("TypeError: Incorrect type for the 'webSocket' field on 'InitializerDict': the "
         "provided value is"
         " not of type 'WebSocket'.")),
    ],
)  # fmt: skip
def test_a_socket_in_a_response(run: Callable[..., str], body: str, answer: object) -> None:
    assert run(body) == repr(answer)


def test_a_server_that_is_nowhere_is_an_error_and_a_close(run: Callable[..., str]) -> None:
    body = (
        "socket = WebSocket.new('ws://nowhere.invalid/')\n"
        "before = socket.readyState, socket.url, attempt(socket.accept), attempt(lambda: "
        "socket.send('x'))\n"
        "error, closed = listen(socket, 'error'), listen(socket, 'close')\n"
        "await error\nclosed = await closed\n"
        "return before, closed.code, closed.reason, closed.wasClean, socket.readyState"
    )
    before = (
        0,
        "ws://nowhere.invalid/",
        "TypeError: Websockets obtained from the 'new WebSocket()' constructor cannot call accept",
        NOT_ACCEPTED,
    )

    assert run(body) == repr((before, 1006, "Failed to establish websocket connection", False, 3))


def test_a_socket_can_be_given_up_before_it_is_open(run: Callable[..., str]) -> None:
    body = (
        "socket = WebSocket.new('ws://nowhere.invalid/')\n"
        "refused = attempt(lambda: socket.close(999))\n"
        "error, closed = listen(socket, 'error'), listen(socket, 'close')\n"
        "socket.close()\nreturn refused, (await error).message, (await closed).code"
    )

    assert run(body) == repr(
        (
            "InvalidAccessError: Invalid WebSocket close code: 999.",
            "Uncaught Error: Network connection lost.",
            1006,
        )
    )


def test_a_socket_passes_from_object_to_caller(run: Callable[..., str]) -> None:
    body = (
        "other = env.THING.getByName('b')\n"
        "answer = await other.fetch('http://x/room', headers={'upgrade': 'WebSocket'})\n"
        "socket = answer.js_object.webSocket\n"
        "closing = attempt(lambda: socket.send('x'))\nsocket.accept()\n"
        "again = attempt(lambda: js.Response.new(None, {'status': 101, 'webSocket': socket}) "
        "and 1)\n"
        "return answer.status, closing, again"
    )

    assert run(body) == repr((101, NOT_ACCEPTED, 1))


def test_sockets_are_nothing_for_the_top_level_of_a_module() -> None:
    with pytest.raises(JsException, match="within global scope"):
        WebSocketPair.new()

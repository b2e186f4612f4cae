"""WebSockets end to end: `pydo dev` as a process, and clients that speak to it on the wire."""

from __future__ import annotations

import json
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from .wire import EOF, Client, framed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Dev

CONFIG = """
name = "sockets"
main = "src/entry.py"
compatibility_date = "2026-03-20"
compatibility_flags = ["python_workers"]

[[durable_objects.bindings]]
name = "ROOM"
class_name = "Room"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["Room"]
"""
ENTRY = """
import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import js
from js import WebSocket, WebSocketPair, WebSocketRequestResponsePair
from pyodide.ffi import JsException, create_proxy, jsnull, to_js
from workers import DurableObject, Response, WorkerEntrypoint

VERSION = 1


class Room(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.log = []

    async def fetch(self, request):
        url = urlsplit(request.url)
        if url.path == "/log":
            return Response(json.dumps(self.log))
        if url.path == "/closed":
            return Response(str(await self.ctx.storage.get("closed")))
        if url.path == "/push":
            for ws in self.ctx.getWebSockets():
                ws.send("x" * int(url.query))
            return Response("pushed")
        client, server = WebSocketPair.new().object_values()
        if url.path == "/listen":
            server.accept()
            listen(server, "message", lambda e: server.send(f"heard {e.data}"))
            listen(server, "close", lambda e: self.log.append([e.code, e.reason, e.wasClean]))
            listen(server, "error", lambda e: self.log.append(e.message))
        else:
            tags = parse_qs(url.query).get("tag", [])
            self.ctx.acceptWebSocket(server, to_js(tags))
        chosen = request.headers.get("sec-websocket-protocol")
        headers = {"sec-websocket-protocol": chosen.split(",")[0]} if chosen else {}
        return Response(None, status=101, web_socket=client, headers={**headers, "x-room": "yes"})

    async def webSocketMessage(self, ws, message):
        if not isinstance(message, str):
            return ws.send(to_js(message.to_bytes()[::-1]))
        match message.split(" ", 1):
            case ["version"]:
                ws.send(f"version {VERSION}")
            case ["slow"]:
                await asyncio.sleep(0.3)
                ws.send(f"slow {VERSION}")
            case ["keep", text]:
                ws.serializeAttachment(text)
                ws.send("kept")
            case ["kept"]:
                ws.send(str(ws.deserializeAttachment()))
            case ["tags"]:
                ws.send(json.dumps(list(self.ctx.getTags(ws))))
            case ["auto"]:
                self.ctx.setWebSocketAutoResponse(WebSocketRequestResponsePair.new("ping", "pong"))
                ws.send("set")
            case ["close", code]:
                ws.close(int(code), "as you wish")
            case ["abort"]:
                self.ctx.abort("enough")
            case ["size", text]:
                ws.send(str(len(text)))
            case _:
                ws.send(f"echo {message}")

    async def webSocketClose(self, ws, code, reason, was_clean):
        self.log.append([code, reason, was_clean])
        await self.ctx.storage.put("closed", code)
        ws.close(1000, "bye")

    async def webSocketError(self, ws, error):
        self.log.append(error.message)


def listen(ws, kind, function):
    ws.addEventListener(kind, create_proxy(function))


def first(ws, kind):
    future = asyncio.get_running_loop().create_future()
    listen(ws, kind, lambda e: future.done() or future.set_result(e))
    return future


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        url = urlsplit(request.url)
        room = self.env.ROOM.getByName("a")
        if url.path == "/worker":
            client, server = WebSocketPair.new()
            server.accept()
            listen(server, "message", lambda e: server.send(f"worker {e.data}"))
            return Response(None, status=101, web_socket=client)
        if url.path == "/upgrade-header":
            return Response(request.headers["upgrade"])
        if url.path == "/through":
            answer = await room.fetch("http://room/", headers={"Upgrade": "websocket"})
            socket = answer.js_object.webSocket
            socket.accept()
            socket.send("from the worker")
            return Response((await first(socket, "message")).data)
        if url.path == "/dial":
            socket = WebSocket.new(f"ws://{url.netloc}/room", ["chat"])
            await first(socket, "open")
            socket.send("out and in")
            said = [socket.protocol, (await first(socket, "message")).data]
            socket.close(4001, "done")
            end = await first(socket, "close")
            return Response(json.dumps([*said, [end.code, end.reason, end.wasClean]]))
        if url.path == "/upgrade":
            headers = js.Headers.new([["Upgrade", "websocket"]])
            answer = await js.fetch(f"http://{url.netloc}/room", headers=headers)
            socket = answer.webSocket
            socket.accept()
            socket.send("fetched")
            said = [answer.status, (await first(socket, "message")).data]
            plain = await js.fetch(f"http://{url.netloc}/log", headers=headers)
            refused = [plain.status, plain.webSocket is jsnull, await plain.text()]
            return Response(json.dumps([*said, *refused]))
        return await room.fetch(request)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "sockets"
    (root / "src").mkdir(parents=True)
    (root / "wrangler.toml").write_text(CONFIG)
    (root / "src" / "entry.py").write_text(ENTRY)
    return root


@pytest.fixture
def dev(start: Callable[..., Dev]) -> Dev:
    return start()


@pytest.fixture
def connect(dev: Dev) -> Iterator[Callable[..., Client]]:
    made: list[Client] = []

    def connect(*arguments: Any, **named: Any) -> Client:
        made.append(Client(dev.port, *arguments, **named))
        return made[-1]

    yield connect
    for client in made:
        client.socket.close()


def log_until(dev: Dev, count: int) -> list[Any]:
    """Give what the room has noted, as soon as it is so much."""
    until = time.monotonic() + 5
    while True:
        log: list[Any] = json.loads(dev.get("/log")[1])
        if len(log) >= count or time.monotonic() > until:
            return log
        time.sleep(0.02)


def change(project: Path, dev: Dev, *swaps: tuple[str, str]) -> None:
    text = ENTRY
    for old, new in swaps or [("VERSION = 1", "VERSION = 2")]:
        text = text.replace(old, new)
    draft = project / "src" / "entry.py.tmp"
    draft.write_text(text)
    draft.replace(project / "src" / "entry.py")
    dev.until("updated and ready")


# -- the handshake


def test_the_handshake_carries_what_the_worker_says(connect: Callable[..., Client]) -> None:
    client = connect("/", "Sec-WebSocket-Protocol: chat, other")

    assert client.status == 101
    assert client.headers["upgrade"] == "websocket"
    assert client.headers["connection"].lower() == "upgrade"
    assert client.headers["sec-websocket-accept"] == "ICX+Yqv66kxgM0FcWaLWlFLwTAI="
    assert client.headers["sec-websocket-protocol"] == "chat"
    assert client.headers["x-room"] == "yes"
    assert "server" not in client.headers


def test_nothing_is_compressed_and_no_protocol_chosen_unless_the_worker_says_so(
    connect: Callable[..., Client],
) -> None:
    client = connect("/worker", "Sec-WebSocket-Extensions: permessage-deflate")

    assert client.status == 101
    assert "sec-websocket-extensions" not in client.headers
    assert "sec-websocket-protocol" not in client.headers


def test_a_socket_for_a_request_that_asked_for_none_is_an_error(dev: Dev) -> None:
    status, body = dev.get("/")

    assert status == 500
    assert "did not contain the header" in body


def test_a_bad_handshake_is_refused(connect: Callable[..., Client]) -> None:
    bad: list[tuple[dict[str, Any], str]] = [
        ({"version": 8}, "ERROR: The requested WebSocket version is not supported."),
        ({"key": ""}, "ERROR: Missing Sec-WebSocket-Key"),
        ({"key": "abc"}, "ERROR: Sec-WebSocket-Key is not the base64 of 16 bytes"),
        ({"connection": "close"}, "ERROR: Missing Connection: Upgrade"),
        ({"method": "HEAD"}, "ERROR: A WebSocket is asked for with GET, not with HEAD."),
        ({"method": "PUT"}, "ERROR: A WebSocket is asked for with GET, not with PUT."),
    ]

    for named, text in bad:
        client = connect(**named)

        assert client.status == 400
        assert client.body() == ("" if named.get("method") == "HEAD" else text)
        assert "server" not in client.headers


def test_an_upgrade_is_read_in_small_letters(connect: Callable[..., Client]) -> None:
    client = connect("/upgrade-header", upgrade="WebSocket")

    assert client.body() == "websocket"


# -- messages


def test_texts_and_bytes_come_back(connect: Callable[..., Client]) -> None:
    client = connect()

    assert client.ask("again ✓ 😀") == "echo again ✓ 😀"
    assert client.ask(b"\x00\x01\xff") == b"\xff\x01\x00"
    assert client.ask("") == "echo "
    assert client.ask(b"") == b""


def test_messages_keep_their_order(connect: Callable[..., Client]) -> None:
    client = connect()

    client.socket.sendall(b"".join(framed(1, b"%d" % n) for n in range(500)))

    assert [client.hear() for _ in range(500)] == [f"echo {n}" for n in range(500)]


def test_fragments_and_pings_between_them(connect: Callable[..., Client]) -> None:
    client = connect()

    client.frame(1, "ab✓".encode()[:3], is_last=False)
    client.frame(9, b"are you there")
    assert client.hear() == ("pong", b"are you there")
    client.frame(10, b"unasked")
    client.frame(0, "ab✓".encode()[3:], is_last=True)

    assert client.hear() == "echo ab✓"


def test_large_messages(connect: Callable[..., Client]) -> None:
    client = connect()

    client.send("size " + "x" * (1024 * 1024 - 5))

    assert client.hear() == str(1024 * 1024 - 5)


@pytest.mark.parametrize(
    ("opcode", "content", "code"),
    [
        (1, b"x" * (1024 * 1024 + 1), 1009),
        (1, b"\xff\xfe", 1007),
        (3, b"", 1002),
        (9, b"x" * 126, 1002),
        (0, b"nothing to continue", 1002),
        (8, b"x", 1002),
        (8, b"\x03\xed", 1002),
        (8, b"\x03\xee", 1002),
    ],
    ids=["large", "utf-8", "opcode", "ping", "continuation", "close", "close code", "1006"],
)
def test_what_is_wrong_ends_the_connection_with_a_reason(
    dev: Dev, connect: Callable[..., Client], opcode: int, content: bytes, code: int
) -> None:
    client = connect()

    client.frame(opcode, content)
    kind, given, reason = client.hear()

    assert (kind, given) == ("close", code)
    assert log_until(dev, 1) == [
        (
            f"WebSocket protocol error; protocolError.statusCode = {code}; "
            f"protocolError.description = {reason}"
        )
    ]
    client.socket.close()


def test_what_is_wrong_is_told_in_words_of_workerd(connect: Callable[..., Client]) -> None:
    wrong: list[tuple[str, list[tuple[int, bytes, bool]]]] = [
        ("Unknown opcode 3", [(3, b"", True)]),
        ("Unexpected continuation frame", [(0, b"x", True)]),
        ("Missing continuation frame", [(1, b"a", False), (1, b"b", True)]),
        ("Received fragmented control frame", [(9, b"x", False)]),
        ("Invalid close frame", [(8, b"x", True)]),
        ("Message is too large: 1048577 > 1048576", [(2, b"x" * (1024 * 1024 + 1), True)]),
    ]

    for words, frames in wrong:
        client = connect()
        for opcode, content, is_last in frames:
            client.frame(opcode, content, is_last=is_last)

        assert client.hear()[2] == words


# -- closing


@pytest.mark.parametrize(
    ("code", "reason", "seen"),
    [(4005, "gone", [4005, "gone", True]), (None, "", [1005, "", True])],
)
def test_a_client_closes(
    dev: Dev,
    connect: Callable[..., Client],
    code: int | None,
    reason: str,
    seen: list[Any],
) -> None:
    client = connect()

    client.close(code, reason)

    assert [client.hear(), client.hear()] == [("close", 1000, "bye"), EOF]
    assert log_until(dev, 1) == [seen]


def test_a_client_vanishes(dev: Dev, connect: Callable[..., Client]) -> None:
    client = connect()
    client.ask("x")

    client.drop()

    lost = [1006, "WebSocket disconnected without sending Close frame.", False]
    assert log_until(dev, 1) == [lost]


def test_the_object_closes_first(dev: Dev, connect: Callable[..., Client]) -> None:
    client = connect()

    assert client.ask("close 4010") == ("close", 4010, "as you wish")
    client.send("still heard, not answered")
    client.close(4010, "as you wish")

    assert client.hear() == EOF
    assert log_until(dev, 1) == [[4010, "as you wish", True]]


def test_a_reset_cuts_the_connection(connect: Callable[..., Client]) -> None:
    clients = [connect(), connect()]

    clients[0].send("abort")

    assert [client.hear() for client in clients] == [EOF, EOF]


def test_the_server_says_that_it_goes_away_and_no_handler_hears_of_it(
    start: Callable[..., Dev],
) -> None:
    dev = start()
    client, silent = Client(dev.port), Client(dev.port)
    client.ask("x")
    answering = threading.Timer(0.05, lambda: client.close(1001))
    answering.start()

    code, seconds = dev.stop(signal.SIGINT)

    assert [client.hear(), silent.hear()] == [("close", 1001, "")] * 2
    assert code == 0
    assert seconds < 3
    assert start().get("/closed") == (200, "None")
    answering.join()
    client.socket.close()
    silent.socket.close()


# -- sockets of all kinds


def test_a_socket_of_the_worker_itself(connect: Callable[..., Client]) -> None:
    first, second = connect("/worker"), connect("/worker")

    assert first.ask("hi") == "worker hi"
    assert second.ask("ho") == "worker ho"
    first.close(1000)
    assert first.hear() == EOF
    assert second.ask("still") == "worker still"


def test_a_listening_object(dev: Dev, connect: Callable[..., Client]) -> None:
    client = connect("/listen")

    assert client.ask("hi") == "heard hi"
    client.close(4001, "bye")

    assert log_until(dev, 1) == [[4001, "bye", True]]


def test_a_worker_talks_to_an_object(dev: Dev) -> None:
    assert dev.get("/through") == (200, "echo from the worker")


def test_a_worker_dials_a_server(dev: Dev) -> None:
    status, body = dev.get("/dial")

    assert status == 200
    assert json.loads(body) == ["chat", "echo out and in", [1000, "bye", True]]


def test_a_worker_fetches_a_socket(dev: Dev) -> None:
    status, body = dev.get("/upgrade")

    assert status == 200
    assert json.loads(body) == [101, "echo fetched", 200, True, "[]"]


def test_tags_and_attachments_and_automatic_answers(connect: Callable[..., Client]) -> None:
    client = connect("/?tag=a&tag=b&tag=a")

    assert client.ask("tags") == '["a", "b"]'
    assert client.ask("kept") == "jsnull"
    assert client.ask("keep me") == "kept"
    assert client.ask("kept") == "me"
    assert client.ask("ping") == "echo ping"
    assert client.ask("auto") == "set"
    assert client.ask("ping") == "pong"


# -- reload


def test_a_hibernatable_socket_outlives_a_reload(
    project: Path, dev: Dev, connect: Callable[..., Client]
) -> None:
    client = connect("/?tag=a")
    assert client.ask("version") == "version 1"
    assert client.ask("keep me") == "kept"

    change(project, dev)

    assert client.ask("version") == "version 2"
    assert client.ask("kept") == "me"
    assert client.ask("tags") == '["a"]'


def test_a_socket_outlives_a_reload_while_its_object_is_at_work(
    project: Path, dev: Dev, connect: Callable[..., Client]
) -> None:
    client = connect()
    client.send("slow")
    client.send("version")
    assert client.hear() == "version 1"

    change(project, dev)
    client.send("version")

    assert [client.hear(), client.hear()] == ["slow 1", "version 2"]


def test_a_message_waits_for_code_that_can_be_started(
    project: Path, dev: Dev, connect: Callable[..., Client]
) -> None:
    client = connect()
    client.ask("x")

    change(project, dev, ("self.log = []", "raise RuntimeError('not yet')"))
    client.send("version")
    dev.until("RuntimeError: not yet")
    change(project, dev)

    assert client.hear() == "version 2"


def test_other_sockets_close_with_1012_and_the_terminal_says_so(
    project: Path, dev: Dev, connect: Callable[..., Client]
) -> None:
    clients = [connect("/listen"), connect("/worker")]
    for client in clients:
        client.ask("x")

    change(project, dev)

    assert [client.hear() for client in clients] == [("close", 1012, "The code was replaced.")] * 2
    said = "\n".join(dev.said)
    assert "Room/a: 1 socket was closed (1012)" in said
    assert "the Worker: 1 socket was closed (1012)" in said


def test_a_new_process_closes_every_socket_and_the_terminal_says_so(
    project: Path, start: Callable[..., Dev]
) -> None:
    dev = start("--reload", "process")
    clients = [Client(dev.port, "/"), Client(dev.port, "/listen")]
    time.sleep(0.3)  # files that are no modules are watched a moment after the server is ready

    change(project, dev)

    assert [client.hear() for client in clients] == [("close", 1001, "")] * 2
    assert any(
        "2 WebSockets were closed (1001): a new process takes none over" in line
        for line in dev.said
    )
    for client in clients:
        client.socket.close()


def test_a_reload_can_cut_every_socket(project: Path, start: Callable[..., Dev]) -> None:
    dev = start("--sockets", "close")
    clients = [Client(dev.port, path) for path in ("/", "/listen", "/worker")]
    for client in clients:
        client.ask("x")

    change(project, dev)

    assert [client.hear() for client in clients] == [EOF] * 3
    assert json.loads(dev.get("/log")[1]) == []
    for client in clients:
        client.socket.close()


# -- pressure


def test_a_client_that_does_not_read_holds_up_nobody_else(
    dev: Dev, connect: Callable[..., Client]
) -> None:
    slow, quick = connect(), connect()

    for _ in range(24):
        assert dev.get("/push?1048576")[0] == 200
    for _ in range(24):
        assert len(quick.hear()) == 1048576
    assert quick.ask("still there") == "echo still there"

    assert all(len(slow.hear()) == 1048576 for _ in range(24))


def test_a_client_that_never_reads_is_cut_in_the_end(
    dev: Dev, connect: Callable[..., Client]
) -> None:
    connect()

    for _ in range(80):
        dev.get("/push?1048576")
        if any("cut" in line for line in dev.said):
            break

    dev.until("a WebSocket was cut: its client has not read")
    lost = [1006, "WebSocket disconnected without sending Close frame.", False]
    assert log_until(dev, 1) == [lost]


def test_a_client_that_sends_without_reading_is_read_from_no_further(
    dev: Dev, connect: Callable[..., Client]
) -> None:
    client = connect()
    message = framed(1, b"x" * 1_000_000)
    sent = 0

    def flood() -> None:
        nonlocal sent
        while sent < 100:
            client.socket.sendall(message)
            sent += 1

    flooding = threading.Thread(target=flood, daemon=True)
    flooding.start()
    flooding.join(2)
    assert sent < 100
    heard = sum(len(client.hear()) == 1_000_005 for _ in range(100))
    flooding.join(10)

    assert (sent, heard) == (100, 100)
    assert dev.process.poll() is None


def test_a_client_that_pings_without_reading_is_read_from_no_further(
    dev: Dev, connect: Callable[..., Client]
) -> None:
    client = connect()
    pings = framed(9, b"x" * 125) * 1000
    sent = heard = 0

    def flood() -> None:
        nonlocal sent
        while sent < 100:
            client.socket.sendall(pings)
            sent += 1

    flooding = threading.Thread(target=flood, daemon=True)
    flooding.start()
    flooding.join(2)
    assert sent < 100
    while heard < 100 * 1000 * 127:
        heard += len(client.socket.recv(1 << 20))
    flooding.join(10)

    assert sent == 100
    assert dev.process.poll() is None


# -- memory


def test_the_terminal_says_what_was_lost(project: Path, start: Callable[..., Dev]) -> None:
    text = ENTRY.replace(
        "self.log = []", "self.log, self.typing = [], {}\n        self.sql = ctx.storage.sql"
    ).replace('case ["version"]:', 'case ["type"]:\n                self.typing["a"] = 1')
    (project / "src" / "entry.py").write_text(text)
    (project / "pyproject.toml").write_text('[tool.pydo]\nmay-forget = ["Room.typing"]\n')
    dev = start()
    client = Client(dev.port)
    client.send("type")
    client.close(1000)
    client.hear()
    assert log_until(dev, 1) == [[1000, "", True]]

    time.sleep(10.5)
    dev.get("/log")

    line = dev.until("lost in-memory state")
    assert "Room lost in-memory state when it was evicted: log (list, 1 item). Keep it in" in line
    client.socket.close()

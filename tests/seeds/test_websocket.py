"""WebSockets end to end: `pydo dev` as a process, and clients that speak to it on the wire."""

from __future__ import annotations

import json
import signal
import threading
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import serving
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
        asked = url.path.rpartition("/")[2]
        if asked == "log":
            return Response(json.dumps(self.log))
        if asked == "closed":
            return Response(str(await self.ctx.storage.get("closed")))
        if asked == "push":
            for ws in self.ctx.getWebSockets():
                ws.send("x" * int(url.query))
            return Response("pushed")
        client, server = WebSocketPair.new().object_values()
        if asked == "listen":
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
        name, _, asked = url.path[1:].rpartition("/")
        room = self.env.ROOM.getByName(name)
        if asked == "worker":
            client, server = WebSocketPair.new()
            server.accept()
            listen(server, "message", lambda e: server.send(f"worker {e.data}"))
            return Response(None, status=101, web_socket=client)
        if asked == "upgrade-header":
            return Response(request.headers["upgrade"])
        if asked == "through":
            answer = await room.fetch("http://room/", headers={"Upgrade": "websocket"})
            socket = answer.js_object.webSocket
            socket.accept()
            socket.send("from the worker")
            return Response((await first(socket, "message")).data)
        if asked == "dial":
            socket = WebSocket.new(f"ws://{url.netloc}/{name}/room", ["chat"])
            await first(socket, "open")
            socket.send("out and in")
            said = [socket.protocol, (await first(socket, "message")).data]
            socket.close(4001, "done")
            end = await first(socket, "close")
            return Response(json.dumps([*said, [end.code, end.reason, end.wasClean]]))
        if asked == "upgrade":
            headers = js.Headers.new([["Upgrade", "websocket"]])
            answer = await js.fetch(f"http://{url.netloc}/{name}/room", headers=headers)
            socket = answer.webSocket
            socket.accept()
            socket.send("fetched")
            said = [answer.status, (await first(socket, "message")).data]
            plain = await js.fetch(f"http://{url.netloc}/{name}/log", headers=headers)
            refused = [plain.status, plain.webSocket is jsnull, await plain.text()]
            return Response(json.dumps([*said, *refused]))
        return await room.fetch(request)
"""


class Room:
    """A room on a server: requests to it, and the connections of a test with it."""

    def __init__(self, dev: Dev, name: str) -> None:
        self.dev = dev
        self._path = f"/{name}"
        self._made: list[Client] = []

    def get(self, path: str) -> tuple[int, str]:
        return self.dev.get(self._path + path)

    def connect(self, path: str = "/", *headers: str, **named: Any) -> Client:
        self._made.append(Client(self.dev.port, self._path + path, *headers, **named))
        return self._made[-1]

    def log_until(self, count: int) -> list[Any]:
        """Give what the room has noted, as soon as it is so much."""
        until = time.monotonic() + 5
        while True:
            log: list[Any] = json.loads(self.get("/log")[1])
            if len(log) >= count or time.monotonic() > until:
                return log
            time.sleep(0.02)

    def close(self) -> None:
        for client in self._made:
            client.socket.close()


def made_at(root: Path) -> Path:
    (root / "src").mkdir(parents=True)
    (root / "wrangler.toml").write_text(CONFIG)
    (root / "src" / "entry.py").write_text(ENTRY)
    return root


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A server for the tests that leave it as it was."""
    with serving(made_at(tmp_path_factory.mktemp("sockets"))) as dev:
        yield dev


@pytest.fixture
def room(shared: Dev, request: pytest.FixtureRequest) -> Iterator[Room]:
    """A room that no other test has, on the server that they share."""
    room = Room(shared, sha256(request.node.name.encode()).hexdigest())
    yield room
    room.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return made_at(tmp_path / "sockets")


@pytest.fixture
def serve(start: Callable[..., Dev]) -> Iterator[Callable[..., Room]]:
    """Give what starts a server of the test's own; the room there is named `a`."""
    rooms: list[Room] = []

    def serve(*arguments: str) -> Room:
        rooms.append(Room(start(*arguments), "a"))
        return rooms[-1]

    yield serve
    for room in rooms:
        room.close()


def change(project: Path, dev: Dev, *swaps: tuple[str, str]) -> None:
    text = ENTRY
    for old, new in swaps or [("VERSION = 1", "VERSION = 2")]:
        text = text.replace(old, new)
    draft = project / "src" / "entry.py.tmp"
    draft.write_text(text)
    draft.replace(project / "src" / "entry.py")
    dev.until("updated and ready")


# -- the handshake


def test_the_handshake_carries_what_the_worker_says(room: Room) -> None:
    client = room.connect("/", "Sec-WebSocket-Protocol: chat, other")

    assert client.status == 101
    assert client.headers["upgrade"] == "websocket"
    assert client.headers["connection"].lower() == "upgrade"
    assert client.headers["sec-websocket-accept"] == "ICX+Yqv66kxgM0FcWaLWlFLwTAI="
    assert client.headers["sec-websocket-protocol"] == "chat"
    assert client.headers["x-room"] == "yes"
    assert "server" not in client.headers


def test_nothing_is_compressed_and_no_protocol_chosen_unless_the_worker_says_so(room: Room) -> None:
    client = room.connect("/worker", "Sec-WebSocket-Extensions: permessage-deflate")

    assert client.status == 101
    assert "sec-websocket-extensions" not in client.headers
    assert "sec-websocket-protocol" not in client.headers


def test_a_socket_for_a_request_that_asked_for_none_is_an_error(room: Room) -> None:
    status, body = room.get("/")

    assert status == 500
    assert "did not contain the header" in body


def test_a_bad_handshake_is_refused(room: Room) -> None:
    bad: list[tuple[dict[str, Any], str]] = [
        ({"version": 8}, "ERROR: The requested WebSocket version is not supported."),
        ({"key": ""}, "ERROR: Missing Sec-WebSocket-Key"),
        ({"key": "abc"}, "ERROR: Sec-WebSocket-Key is not the base64 of 16 bytes"),
        ({"connection": "close"}, "ERROR: Missing Connection: Upgrade"),
        ({"method": "HEAD"}, "ERROR: A WebSocket is asked for with GET, not with HEAD."),
        ({"method": "PUT"}, "ERROR: A WebSocket is asked for with GET, not with PUT."),
    ]

    for named, text in bad:
        client = room.connect(**named)

        assert client.status == 400
        assert client.body() == ("" if named.get("method") == "HEAD" else text)
        assert "server" not in client.headers


def test_an_upgrade_is_read_in_small_letters(room: Room) -> None:
    client = room.connect("/upgrade-header", upgrade="WebSocket")

    assert client.body() == "websocket"


# -- messages


def test_texts_and_bytes_come_back(room: Room) -> None:
    client = room.connect()

    assert client.ask("again ✓ 😀") == "echo again ✓ 😀"
    assert client.ask(b"\x00\x01\xff") == b"\xff\x01\x00"
    assert client.ask("") == "echo "
    assert client.ask(b"") == b""


def test_messages_keep_their_order(room: Room) -> None:
    client = room.connect()

    client.socket.sendall(b"".join(framed(1, b"%d" % n) for n in range(500)))

    assert [client.hear() for _ in range(500)] == [f"echo {n}" for n in range(500)]


def test_fragments_and_pings_between_them(room: Room) -> None:
    client = room.connect()

    client.frame(1, "ab✓".encode()[:3], is_last=False)
    client.frame(9, b"are you there")
    assert client.hear() == ("pong", b"are you there")
    client.frame(10, b"unasked")
    client.frame(0, "ab✓".encode()[3:], is_last=True)

    assert client.hear() == "echo ab✓"


def test_large_messages(room: Room) -> None:
    client = room.connect()

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
    room: Room, opcode: int, content: bytes, code: int
) -> None:
    client = room.connect()

    client.frame(opcode, content)
    kind, given, reason = client.hear()

    assert (kind, given) == ("close", code)
    assert room.log_until(1) == [
        (
            f"WebSocket protocol error; protocolError.statusCode = {code}; "
            f"protocolError.description = {reason}"
        )
    ]
    client.socket.close()


def test_what_is_wrong_is_told_in_words_of_workerd(room: Room) -> None:
    wrong: list[tuple[str, list[tuple[int, bytes, bool]]]] = [
        ("Unknown opcode 3", [(3, b"", True)]),
        ("Unexpected continuation frame", [(0, b"x", True)]),
        ("Missing continuation frame", [(1, b"a", False), (1, b"b", True)]),
        ("Received fragmented control frame", [(9, b"x", False)]),
        ("Invalid close frame", [(8, b"x", True)]),
        ("Message is too large: 1048577 > 1048576", [(2, b"x" * (1024 * 1024 + 1), True)]),
    ]

    for words, frames in wrong:
        client = room.connect()
        for opcode, content, is_last in frames:
            client.frame(opcode, content, is_last=is_last)

        assert client.hear()[2] == words


# -- closing


@pytest.mark.parametrize(
    ("code", "reason", "seen"),
    [(4005, "gone", [4005, "gone", True]), (None, "", [1005, "", True])],
)
def test_a_client_closes(room: Room, code: int | None, reason: str, seen: list[Any]) -> None:
    client = room.connect()

    client.close(code, reason)

    assert [client.hear(), client.hear()] == [("close", 1000, "bye"), EOF]
    assert room.log_until(1) == [seen]


def test_a_client_vanishes(room: Room) -> None:
    client = room.connect()
    client.ask("x")

    client.drop()

    lost = [1006, "WebSocket disconnected without sending Close frame.", False]
    assert room.log_until(1) == [lost]


def test_the_object_closes_first(room: Room) -> None:
    client = room.connect()

    assert client.ask("close 4010") == ("close", 4010, "as you wish")
    client.send("still heard, not answered")
    client.close(4010, "as you wish")

    assert client.hear() == EOF
    assert room.log_until(1) == [[4010, "as you wish", True]]


def test_a_reset_cuts_the_connection(room: Room) -> None:
    clients = [room.connect(), room.connect()]

    clients[0].send("abort")

    assert [client.hear() for client in clients] == [EOF, EOF]


def test_the_server_says_that_it_goes_away_and_no_handler_hears_of_it(
    serve: Callable[..., Room],
) -> None:
    room = serve()
    client, silent = room.connect(), room.connect()
    client.ask("x")
    answering = threading.Timer(0.05, lambda: client.close(1001))
    answering.start()

    code, seconds = room.dev.stop(signal.SIGINT)

    assert [client.hear(), silent.hear()] == [("close", 1001, "")] * 2
    assert code == 0
    assert seconds < 3
    assert serve().get("/closed") == (200, "None")
    answering.join()


# -- sockets of all kinds


def test_a_socket_of_the_worker_itself(room: Room) -> None:
    first, second = room.connect("/worker"), room.connect("/worker")

    assert first.ask("hi") == "worker hi"
    assert second.ask("ho") == "worker ho"
    first.close(1000)
    assert first.hear() == EOF
    assert second.ask("still") == "worker still"


def test_a_listening_object(room: Room) -> None:
    client = room.connect("/listen")

    assert client.ask("hi") == "heard hi"
    client.close(4001, "bye")

    assert room.log_until(1) == [[4001, "bye", True]]


def test_a_worker_talks_to_an_object(room: Room) -> None:
    assert room.get("/through") == (200, "echo from the worker")


def test_a_worker_dials_a_server(room: Room) -> None:
    status, body = room.get("/dial")

    assert status == 200
    assert json.loads(body) == ["chat", "echo out and in", [1000, "bye", True]]


def test_a_worker_fetches_a_socket(room: Room) -> None:
    status, body = room.get("/upgrade")

    assert status == 200
    assert json.loads(body) == [101, "echo fetched", 200, True, "[]"]


def test_tags_and_attachments_and_automatic_answers(room: Room) -> None:
    client = room.connect("/?tag=a&tag=b&tag=a")

    assert client.ask("tags") == '["a", "b"]'
    assert client.ask("kept") == "jsnull"
    assert client.ask("keep me") == "kept"
    assert client.ask("kept") == "me"
    assert client.ask("ping") == "echo ping"
    assert client.ask("auto") == "set"
    assert client.ask("ping") == "pong"


# -- reload


def test_a_hibernatable_socket_outlives_a_reload(project: Path, serve: Callable[..., Room]) -> None:
    room = serve()
    client = room.connect("/?tag=a")
    assert client.ask("version") == "version 1"
    assert client.ask("keep me") == "kept"

    change(project, room.dev)

    assert client.ask("version") == "version 2"
    assert client.ask("kept") == "me"
    assert client.ask("tags") == '["a"]'


def test_a_socket_outlives_a_reload_while_its_object_is_at_work(
    project: Path, serve: Callable[..., Room]
) -> None:
    room = serve()
    client = room.connect()
    client.send("slow")
    client.send("version")
    assert client.hear() == "version 1"

    change(project, room.dev)
    client.send("version")

    assert [client.hear(), client.hear()] == ["slow 1", "version 2"]


def test_a_message_waits_for_code_that_can_be_started(
    project: Path, serve: Callable[..., Room]
) -> None:
    room = serve()
    client = room.connect()
    client.ask("x")

    change(project, room.dev, ("self.log = []", "raise RuntimeError('not yet')"))
    client.send("version")
    room.dev.until("RuntimeError: not yet")
    change(project, room.dev)

    assert client.hear() == "version 2"


def test_other_sockets_close_with_1012_and_the_terminal_says_so(
    project: Path, serve: Callable[..., Room]
) -> None:
    room = serve()
    clients = [room.connect("/listen"), room.connect("/worker")]
    for client in clients:
        client.ask("x")

    change(project, room.dev)

    assert [client.hear() for client in clients] == [("close", 1012, "The code was replaced.")] * 2
    said = "\n".join(room.dev.said)
    assert "Room/a: 1 socket was closed (1012)" in said
    assert "the Worker: 1 socket was closed (1012)" in said


def test_a_new_process_closes_every_socket_and_the_terminal_says_so(
    project: Path, serve: Callable[..., Room]
) -> None:
    room = serve("--reload", "process")
    clients = [room.connect("/"), room.connect("/listen")]
    time.sleep(0.3)  # files that are no modules are watched a moment after the server is ready

    change(project, room.dev)

    assert [client.hear() for client in clients] == [("close", 1001, "")] * 2
    assert any(
        "2 WebSockets were closed (1001): a new process takes none over" in line
        for line in room.dev.said
    )


def test_a_reload_can_cut_every_socket(project: Path, serve: Callable[..., Room]) -> None:
    room = serve("--sockets", "close")
    clients = [room.connect(path) for path in ("/", "/listen", "/worker")]
    for client in clients:
        client.ask("x")

    change(project, room.dev)

    assert [client.hear() for client in clients] == [EOF] * 3
    assert json.loads(room.get("/log")[1]) == []


# -- pressure


def test_a_client_that_does_not_read_holds_up_nobody_else(room: Room) -> None:
    slow, quick = room.connect(), room.connect()

    for _ in range(24):
        assert room.get("/push?1048576")[0] == 200
    for _ in range(24):
        assert len(quick.hear()) == 1048576
    assert quick.ask("still there") == "echo still there"

    assert all(len(slow.hear()) == 1048576 for _ in range(24))


def test_a_client_that_never_reads_is_cut_in_the_end(room: Room) -> None:
    room.connect()

    for _ in range(80):
        room.get("/push?1048576")
        if any("cut" in line for line in room.dev.said):
            break

    room.dev.until("a WebSocket was cut: its client has not read")
    lost = [1006, "WebSocket disconnected without sending Close frame.", False]
    assert room.log_until(1) == [lost]


def test_a_client_that_sends_without_reading_is_read_from_no_further(room: Room) -> None:
    client = room.connect()
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
    assert room.dev.process.poll() is None


def test_a_client_that_pings_without_reading_is_read_from_no_further(room: Room) -> None:
    client = room.connect()
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
    assert room.dev.process.poll() is None


# -- memory


def test_the_terminal_says_what_was_lost(project: Path, serve: Callable[..., Room]) -> None:
    text = ENTRY.replace(
        "self.log = []", "self.log, self.typing = [], {}\n        self.sql = ctx.storage.sql"
    ).replace('case ["version"]:', 'case ["type"]:\n                self.typing["a"] = 1')
    (project / "src" / "entry.py").write_text(text)
    (project / "pyproject.toml").write_text('[tool.pydo]\nmay-forget = ["Room.typing"]\n')
    room = serve()
    client = room.connect()
    client.send("type")
    client.close(1000)
    client.hear()
    assert room.log_until(1) == [[1000, "", True]]

    time.sleep(10.5)
    room.get("/log")

    line = room.dev.until("lost in-memory state")
    assert "Room lost in-memory state when it was evicted: log (list, 1 item). Keep it in" in line

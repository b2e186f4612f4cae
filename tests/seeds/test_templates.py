"""Each template as a user gets it: scaffolded, served, and spoken to over real sockets."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import aiohttp
import pytest

from tests.seeds.conftest import TEMPLATE, Dev, serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Dev]]:
    """Give the server of a template, which stays as it is."""
    with ExitStack() as stack:

        @cache
        def serve(template: str) -> Dev:
            project = tmp_path_factory.mktemp(template) / "project"
            shutil.copytree(TEMPLATE.parent / template, project)
            return stack.enter_context(serving(project))

        yield serve


def speak(dev: Dev, conversation: Callable[..., Awaitable[Any]]) -> Any:
    """Run a conversation; it is given what opens another socket."""

    async def main() -> Any:
        async with aiohttp.ClientSession() as session:

            async def connect() -> aiohttp.ClientWebSocketResponse:
                return await session.ws_connect(f"http://127.0.0.1:{dev.port}/")

            return await asyncio.wait_for(conversation(connect), 15)

    return asyncio.run(main())


# -- the Worker's own socket


@pytest.mark.parametrize("template", ["websocket", "websocket-object"])
def test_a_plain_request_is_told_to_upgrade(serve: Callable[[str], Dev], template: str) -> None:
    dev = serve(template)

    assert dev.get() == (426, "Expected Upgrade: websocket")


def test_the_worker_prints_what_it_hears(serve: Callable[[str], Dev]) -> None:
    dev = serve("websocket")

    async def conversation(connect: Any) -> None:
        socket = await connect()
        await socket.send_str("hello from outside")
        await asyncio.sleep(0.1)
        await socket.close()

    speak(dev, conversation)

    dev.until("^hello from outside$")


def test_an_object_counts_the_messages_it_hears(serve: Callable[[str], Dev]) -> None:
    dev = serve("websocket-object")

    async def conversation(connect: Any) -> None:
        for text in ("a", "b"):
            socket = await connect()
            await socket.send_str(text)
            await asyncio.sleep(0.1)
            await socket.close()

    speak(dev, conversation)

    dev.until("^Socket onmessage a 0$")
    dev.until("^Socket onmessage b 1$")


# -- hibernation


def test_the_echo_tells_how_many_are_there(serve: Callable[[str], Dev]) -> None:
    async def conversation(connect: Any) -> list[str]:
        first = await connect()
        await first.send_str("Hello")
        said = [await first.receive_str()]
        others = [await connect(), await connect()]
        await others[1].send_str("Hello")
        said.append(await others[1].receive_str())
        for each in (first, *others):
            await each.close()
        return said

    assert speak(serve("hibernation"), conversation) == [
        "[echo] Hello in 1",
        "[echo] Hello in 3",
    ]


@pytest.mark.parametrize(("sent", "answered"), [(1000, 1000), (4001, 4001), (3000, 3000)])
def test_a_close_is_answered(serve: Callable[[str], Dev], sent: int, answered: int) -> None:
    async def conversation(connect: Any) -> tuple[int, str]:
        socket = await connect()
        await socket._writer.close(sent, b"bye")  # noqa: SLF001 - to see the answer ourselves
        answer = await socket.receive()
        return answer.data, answer.extra

    assert speak(serve("hibernation"), conversation) == (
        answered,
        "Durable Object is closing WebSocket",
    )


def test_a_socket_outlives_a_change_of_the_code(tmp_path: Path) -> None:
    project = shutil.copytree(TEMPLATE.parent / "hibernation", tmp_path / "project")

    async def conversation(connect: Any) -> list[str]:
        socket = await connect()
        await socket.send_str("one")
        said = [await socket.receive_str()]
        code = (dev.project / "src" / "entry.py").read_text()
        await asyncio.to_thread(dev.save, "src/entry.py", code.replace("[echo]", "[new]"))
        await asyncio.to_thread(dev.until, "updated and ready")
        await socket.send_str("two")
        said.append(await socket.receive_str())
        await socket.close()
        return said

    with serving(project) as dev:
        assert speak(dev, conversation) == ["[echo] one in 1", "[new] two in 1"]


def test_the_page_is_served_at_the_root(serve: Callable[[str], Dev]) -> None:
    dev = serve("hibernation")

    status, page = dev.get("/")
    assert status == 200
    assert "window.location.host" in page
    assert dev.get("/other") == (426, "Expected Upgrade: websocket")


# -- rpc


@pytest.fixture
def rpc() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "template_rpc", TEMPLATE.parent / "rpc" / "src" / "rpc.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_calls_are_answered_in_the_frames_of_the_protocol(serve: Callable[[str], Dev]) -> None:
    async def conversation(connect: Any) -> list[str]:
        socket = await connect()
        said = []
        for frame in (
            '["$r","id1","foo",1]',
            '["$r","id2","bar"]',
            '["$r","id3","panic"]',
            '["$r","id4","nope"]',
            '["$r","id5","__init__"]',
            '["$r",6,"bar"]',
            '["$r","id7"]',
            '["$r"]',
            '["$r","id8",["foo"],1]',
            '["$r","id9","foo"]',
            '["$r","id10","foo",NaN]',
            '["$r","id11","foo",1e999]',
            '["$x",1]',
            '{"a":1}',
            "no json",
        ):
            await socket.send_str(frame)
            said.append(await socket.receive_str())
        await socket.send_bytes(b"binary")
        said.append(await socket.receive_str())
        await socket.close()
        return said

    assert speak(serve("rpc"), conversation) == [
        '["$s","id1",2]',
        '["$s","id2",3]',
        '["$e","id3","panic!"]',
        '["$e","id4","[unknown-method] nope"]',
        '["$e","id5","[unknown-method] __init__"]',
        '["$s",6,3]',
        '["$e","id7","[unknown-method] undefined"]',
        '["$e",null,"[unknown-method] undefined"]',
        '["$e","id8","[unknown-method] [\\"foo\\"]"]',
        '["$e","id9","Handlers.foo() missing 1 required positional argument: \'a\'"]',
        '[unknown] ["$r","id10","foo",NaN]',
        f'["$e","id11","{_why_infinity_is_no_json()}"]',
        '[unknown] ["$x",1]',
        '[unknown] {"a":1}',
        "[unknown] no json",
        "[unknown] [object ArrayBuffer]",
    ]


def _why_infinity_is_no_json() -> str:
    with pytest.raises(ValueError, match="JSON") as raised:
        json.dumps(float("inf"), allow_nan=False)
    return str(raised.value)


def test_two_hundred_calls_on_one_socket_find_their_callers(
    serve: Callable[[str], Dev], rpc: ModuleType
) -> None:
    async def conversation(connect: Any) -> list[int]:
        socket = await connect()
        client = rpc.create_rpc(socket)
        results = await asyncio.gather(*(client.foo(n) for n in range(200)))
        with pytest.raises(rpc.RpcError, match="panic!"):
            await client.panic()
        await socket.close()
        return list(results)

    assert speak(serve("rpc"), conversation) == list(range(1, 201))


def test_a_socket_that_closes_fails_the_calls_that_wait(rpc: ModuleType) -> None:
    class Silent:
        def __init__(self) -> None:
            self.sent: list[str] = []
            self.closed = asyncio.Event()

        def send(self, text: str) -> None:
            self.sent.append(text)

        def __aiter__(self) -> Silent:
            return self

        async def __anext__(self) -> str:
            await self.closed.wait()
            raise StopAsyncIteration

    async def main() -> list[str]:
        socket = Silent()
        client = rpc.create_rpc(socket)
        call = asyncio.ensure_future(client.foo(1))
        await asyncio.sleep(0)
        assert json.loads(socket.sent[0])[2:] == ["foo", 1]
        socket.closed.set()
        words = []
        for failing in (call, client.foo(2)):
            with pytest.raises(ConnectionError) as raised:
                await failing
            words.append(str(raised.value))
        return words

    assert asyncio.run(main()) == [
        "the socket closed before the answer came",
        "foo() was called on a socket that is not open",
    ]


def test_an_unknown_answer_is_told_and_hinders_nobody(
    rpc: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd:
        def __init__(self) -> None:
            self.answers: list[Any] = [
                '["$s","other",1]',
                '["$s",["1"],1]',
                "no json",
                b"binary",
                '["$s","1"]',
                '["$s","1",2]',
            ]

        def send(self, text: str) -> None:
            del text

        def __aiter__(self) -> Odd:
            return self

        async def __anext__(self) -> Any:
            await asyncio.sleep(0)
            if not self.answers:
                await asyncio.Event().wait()
            return self.answers.pop(0)

    async def main() -> Any:
        return await rpc.create_rpc(Odd()).foo(1)

    assert asyncio.run(main()) == 2
    assert [record.message for record in caplog.records] == [
        '[unknown-rpc] nobody waits for ["$s","other",1]',
        '[unknown-rpc] nobody waits for ["$s",["1"],1]',
        "[unknown-rpc] no json",
        "[unknown-rpc] b'binary'",
        '[unknown-rpc] ["$s","1"]',
    ]


def test_a_socket_of_javascript_that_is_not_open_takes_no_calls(rpc: ModuleType) -> None:
    class Closing:
        readyState = 2  # noqa: N815 - JavaScript's name

        def addEventListener(self, kind: str, listener: object) -> None:  # noqa: N802 - likewise
            """Nothing comes any more."""

    ffi = ModuleType("pyodide.ffi")
    ffi.__dict__["create_proxy"] = lambda listener: listener

    async def main() -> None:
        await rpc.create_rpc(Closing()).foo(1)

    with patch.dict(sys.modules, {"pyodide.ffi": ffi}), pytest.raises(ConnectionError) as raised:
        asyncio.run(main())

    assert str(raised.value) == "foo() was called on a socket that is not open"


def test_an_error_that_ends_the_socket_is_the_cause(rpc: ModuleType) -> None:
    class Failing:
        def send(self, text: str) -> None:
            """Whatever is sent gets lost."""

        def __aiter__(self) -> Failing:
            return self

        async def __anext__(self) -> str:
            await asyncio.sleep(0)
            raise OSError("the network is down")

    async def main() -> None:
        await rpc.create_rpc(Failing()).foo(1)

    with pytest.raises(ConnectionError) as raised:
        asyncio.run(main())

    assert str(raised.value.__cause__) == "the network is down"


@pytest.mark.parametrize(
    ("checker", "bad_argument", "bad_name"),
    [
        (
            "mypy",
            'incompatible type "str"; expected "int"',
            'has no attribute "nope"',
        ),
        (
            "pyright",
            '"Literal[\'text\']" is not assignable to "int"',
            'Cannot access attribute "nope"',
        ),
    ],
)
def test_type_checkers_know_the_methods(
    tmp_path: Path, checker: str, bad_argument: str, bad_name: str
) -> None:
    for name in ("rpc.py", "handlers.py"):
        shutil.copy(TEMPLATE.parent / "rpc" / "src" / name, tmp_path)
    (tmp_path / "client.py").write_text(
        """
from typing import Protocol

from handlers import Handlers
from rpc import create_rpc


class Calls(Protocol):
    async def foo(self, a: int) -> int: ...


async def main(socket: object) -> None:
    by_class = create_rpc(socket, Handlers)
    first: int = await by_class.foo(1) + await by_class.bar()
    await by_class.panic()
    await by_class.foo("text")
    await by_class.nope()
    by_protocol = create_rpc(socket, Calls)
    second: int = await by_protocol.foo(1)
    await by_protocol.foo("text")
    await by_protocol.nope()
    await create_rpc(socket).whatever(first, second)
"""
    )
    checked = subprocess.run(  # noqa: S603 - one of the two above
        [sys.executable, "-m", checker, "client.py", "rpc.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    wrong = [line for line in checked.stdout.splitlines() if "error:" in line or " - error" in line]
    assert [re.findall(r":(\d+):", line)[0] for line in wrong] == ["16", "17", "20", "21"]
    assert checked.stdout.count(bad_argument) == 2
    assert checked.stdout.count(bad_name) == 2

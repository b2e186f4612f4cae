"""`run_sync`, and what waits by it on Cloudflare: `asyncio.run`, `time.sleep`, plain handlers."""

from __future__ import annotations

import asyncio
import textwrap
import time
from typing import TYPE_CHECKING, Any

import pytest

from pydo.host.waiting import waiting

from .project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    project = Project(tmp_path)
    with waiting():
        yield lambda source: project.run(textwrap.dedent(source))
    project.close()


def test_a_plain_method_of_an_object_waits_for_storage(run: Any) -> None:
    told = run("""
        from pyodide.ffi import run_sync
        class A(DurableObject):
            def increase(self):
                n = run_sync(self.ctx.storage.get("n")) or 0
                run_sync(self.ctx.storage.put("n", n + 1))
                return n
        async def main(env, ctx):
            stub = env.A.getByName("a")
            return sorted(await asyncio.gather(*(stub.increase() for _ in range(10))))
    """)

    assert told == list(range(10))


def test_a_plain_function_calls_an_object(run: Any) -> None:
    told = run("""
        from pyodide.ffi import can_run_sync, run_sync
        class A(DurableObject):
            async def greet(self, name):
                await asyncio.sleep(0.01)
                return f"hello {name}"
        def greeting(env):
            return [can_run_sync(), run_sync(env.A.getByName("a").greet("you"))]
        async def main(env, ctx):
            return greeting(env)
    """)

    assert told == [True, "hello you"]


def test_asyncio_run_and_run_until_complete_work_in_a_handler(run: Any) -> None:
    told = run("""
        async def number(n):
            await asyncio.sleep(0.01)
            return n
        async def main(env, ctx):
            loop = asyncio.get_event_loop()
            return [asyncio.run(number(1)), loop.run_until_complete(number(2))]
    """)

    assert told == [1, 2]


def test_a_sleep_lets_others_go_on(run: Any) -> None:
    told = run("""
        import time
        async def main(env, ctx):
            said = []
            async def other():
                said.append("other")
            task = asyncio.ensure_future(other())
            time.sleep(0.01)
            said.append("slept")
            await task
            return said
    """)

    assert told == ["other", "slept"]


def test_an_error_of_javascript_comes_out_as_itself(run: Any) -> None:
    told = run("""
        from pyodide.ffi import run_sync
        async def main(env, ctx):
            said = []
            for promise in (
                js.Promise.reject(js.TypeError.new("no")),
                js.Promise.resolve(7),
                create_proxy(asyncio.sleep(0, 8)),
            ):
                try:
                    said.append(run_sync(promise))
                except JsException as error:
                    said.append(told(error))
            return said
    """)

    assert told == ["TypeError: no", 7, 8]


def test_nothing_waits_in_a_function_that_javascript_calls(run: Any) -> None:
    told = run("""
        from pyodide.ffi import can_run_sync
        class A(DurableObject):
            async def ask(self):
                said = [self.ctx.storage.transactionSync(can_run_sync)]
                target = js.EventTarget.new()
                target.addEventListener("x", create_proxy(lambda _: said.append(can_run_sync())))
                target.dispatchEvent(js.Event.new("x"))
                to_js([1]).forEach(create_proxy(lambda *_: said.append(can_run_sync())))
                future = asyncio.get_running_loop().create_future()
                js.setTimeout(create_proxy(lambda: future.set_result(can_run_sync())), 1)
                said.append(await future)
                return said
        async def main(env, ctx):
            return list(await env.A.getByName("a").ask())
    """)

    assert told == [False, False, False, False]


def test_what_anyio_sends_to_a_thread_runs_in_place(run: Any) -> None:
    told = run("""
        import anyio.to_thread, threading
        from pyodide.ffi import can_run_sync
        async def main(env, ctx):
            before = threading.current_thread()
            now, waits = await anyio.to_thread.run_sync(
                lambda: (threading.current_thread(), can_run_sync())
            )
            return [now is before, waits]
    """)

    assert told == [True, True]


def test_outside_of_a_worker_all_is_as_it_was() -> None:
    async def number() -> int:
        return 1

    with waiting():
        time.sleep(0)
        assert asyncio.run(number()) == 1


def test_alarms_and_sockets_handlers_wait(run: Any) -> None:
    told = run("""
        from js import WebSocketPair
        from pyodide.ffi import run_sync
        class A(DurableObject):
            def fetch(self, request):
                client, server = WebSocketPair.new().object_values()
                self.ctx.acceptWebSocket(server)
                return Response(None, status=101, web_socket=client)
            def webSocketMessage(self, ws, message):
                heard = run_sync(self.ctx.storage.get("heard")) or []
                run_sync(asyncio.sleep(0.01))
                run_sync(self.ctx.storage.put("heard", [*heard, message]))
                ws.send(f"heard {message}")
            def alarm(self):
                run_sync(asyncio.sleep(0.01))
                run_sync(self.ctx.storage.put("rang", True))
            def ring(self):
                run_sync(self.ctx.storage.setAlarm(js.Date.now()))
            def rang(self):
                return run_sync(self.ctx.storage.get("rang"))
        async def main(env, ctx):
            stub = env.A.getByName("a")
            response = await stub.fetch("http://x/", headers={"Upgrade": "websocket"})
            socket = response.js_object.webSocket
            heard = asyncio.Queue()
            socket.accept()
            socket.addEventListener("message", create_proxy(lambda e: heard.put_nowait(e.data)))
            socket.send("hello")
            said = [await heard.get()]
            await stub.ring()
            while not await stub.rang():
                await asyncio.sleep(0.005)
            socket.close()
            return said
    """)

    assert told == ["heard hello"]


def test_an_object_can_call_itself_by_way_of_another(run: Any) -> None:
    told = run("""
        from pyodide.ffi import run_sync
        class A(DurableObject):
            def ask(self):
                return run_sync(self.env.B.getByName("b").ask())
            def who(self):
                return "a"
        class B(DurableObject):
            def ask(self):
                return "b of " + run_sync(self.env.A.getByName("a").who())
        async def main(env, ctx):
            return await env.A.getByName("a").ask()
    """)

    assert told == "b of a"


def test_an_error_of_another_object_is_raised_where_it_is_waited_for(run: Any) -> None:
    told = run("""
        from pyodide.ffi import run_sync
        class A(DurableObject):
            def fail(self):
                raise ValueError("bad")
        def ask(env):
            try:
                run_sync(env.A.getByName("a").fail())
            except JsException as error:
                return "ValueError: bad" in str(error)
        async def main(env, ctx):
            return ask(env)
    """)

    assert told is True


def test_a_body_is_read_by_a_plain_function(run: Any) -> None:
    told = run("""
        from pyodide.ffi import run_sync
        def read(stream):
            reader = stream.getReader()
            found = b""
            while True:
                part = run_sync(reader.read())
                if part.done:
                    return found.decode()
                found += part.value.to_bytes()
        async def main(env, ctx):
            return read(js.Response.new("some text").body)
    """)

    assert told == "some text"

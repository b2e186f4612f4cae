"""`run_sync`, and what waits by it on Cloudflare: `asyncio.run`, `time.sleep`, plain handlers."""

from __future__ import annotations

import asyncio
import textwrap
import threading
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


def test_what_asyncio_sends_to_a_thread_runs_in_place_and_at_once(run: Any) -> None:
    told = run("""
        from concurrent.futures import ThreadPoolExecutor
        from pyodide.ffi import run_sync
        class A(DurableObject):
            async def count(self):
                sql = self.ctx.storage.sql
                loop = asyncio.get_running_loop()
                order = []
                running = loop.run_in_executor(None, lambda: order.append("in"))
                order.append("after")
                await running
                one = await asyncio.to_thread(lambda: sql.exec("SELECT 1 AS n").one().n)
                two = await asyncio.to_thread(lambda: run_sync(asyncio.sleep(0.001, 2)))
                three = await loop.run_in_executor(ThreadPoolExecutor(1), int, "3")
                try:
                    await asyncio.to_thread(lambda: 1 / 0)
                except ZeroDivisionError as error:
                    return [order, one, two, three, str(error)]
        async def main(env, ctx):
            return await env.A.getByName("a").count()
    """)

    assert told == [["in", "after"], 1, 2, 3, "division by zero"]


def test_outside_of_a_worker_all_is_as_it_was() -> None:
    async def number() -> int:
        return 1

    with waiting():
        time.sleep(0)
        assert asyncio.run(number()) == 1
        other = asyncio.run(asyncio.to_thread(threading.current_thread))
        assert other is not threading.current_thread()


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


# What Pyodide 0.28.2 gives, under Node 24 with stack switching.
RECORDED = {
    "run_sync(later(1))": "1",
    "asyncio.run(later(2))": "2",
    "asyncio.run(later(2), loop_factory=None)": "2",
    "asyncio.get_event_loop().run_until_complete(later(3))": "3",
    "run_sync(js.Promise.resolve(js.Promise.resolve(5)))": "5",
    "run_sync(done())": "9",
    "run_sync(Awaitable())": "11",
    "run_sync(asyncio.wait_for(later(1), 1))": "1",
    "run_sync(asyncio.wait_for(asyncio.sleep(1), 0.01))": "TimeoutError()",
    "run_sync(cancelled())": "CancelledError()",
    "run_sync(raising(KeyError('k')))": "KeyError('k')",
    "run_sync(raising(asyncio.CancelledError()))": "CancelledError()",
    "run_sync(js.Promise.reject(js.TypeError.new('no')))": "TypeError: no",
    "run_sync(1)": "TypeError('object int is not awaitable')",
    "run_sync(None)": "TypeError('object NoneType is not awaitable')",
    "run_sync(x for x in [1])": "TypeError('object generator is not awaitable')",
    "run_sync(js.Object.new())": "TypeError('object pyodide.ffi.JsProxy is not awaitable')",
    "time.sleep(-1)": "None",
    "[run_sync(later(x)) for x in range(3)]": "[0, 1, 2]",
    "sorted([3, 1, 2], key=lambda x: run_sync(later(x)))": "[1, 2, 3]",
    "deep(5)": "5",
    "list(Special())": "[0, 1, 2]",
    "Special()['a']": "'a'",
    "await asyncio.gather(named('a'), named('b'))": "['a', 'b']",
    "await asyncio.gather(current(), current())": "[True, True]",
    "await interleaved()": "['3 begins', '1 begins', '2 begins', '1 ends', '2 ends', '3 ends']",
    "await locked()": "[0, 0, 1, 1, 2, 2]",
    "await queued()": "[0, 1, 2]",
    "await cancelled_in_the_wait()": "['after the wait', 'CancelledError()']",
    "in_a_proxy(can_run_sync)": "False",
    "await js.Promise.resolve(1).then(lambda _: can_run_sync())": "True",
    "await js.Promise.reject(js.Error.new()).catch(lambda _: can_run_sync())": "True",
    "called(lambda f: js.Promise.new(f))": "[False]",
    "called(lambda f: to_js([1]).forEach(f))": "[False]",
    "called(lambda f: to_js([1]).map(f))": "[False]",
    "called(lambda f: to_js([1]).some(f))": "[False]",
    "called(lambda f: to_js([1]).every(f))": "[False]",
    "called(lambda f: to_js([1]).filter(f))": "[False]",
    "called(lambda f: to_js([1, 2]).reduce(f))": "[False]",
    "called(lambda f: js.Map.new([[1, 2]]).forEach(f))": "[False]",
    "called(lambda f: js.Set.new([1]).forEach(f))": "[False]",
    "called(lambda f: js.ReadableStream.new(start=f))": "[False]",
    "in_a_proxy(lambda: run_sync(later(1)))": (
        "RuntimeError('Cannot stack switch because the Python entrypoint was a synchronous"
        " function. Use pyFunc.callPromising() to fix.')"
    ),
    "await in_a_callback(can_run_sync)": "True",
    "await in_an_async_proxy(can_run_sync)": "True",
    "await other_context()": "'ValueError'",
}


def test_waiting_is_as_recorded_from_pyodide(run: Any) -> None:
    attempts = "\n".join(
        f"        async def each(): return {source}\n        said.append(await tried(each))"
        for source in RECORDED
    )
    program = textwrap.dedent("""
        import contextvars, time
        from pyodide.ffi import can_run_sync, run_sync
        NAME = contextvars.ContextVar("name")
        async def later(value):
            await asyncio.sleep(0.001)
            return value
        async def raising(error):
            raise error
        def done():
            future = asyncio.get_running_loop().create_future()
            future.set_result(9)
            return future
        def cancelled():
            future = asyncio.ensure_future(asyncio.sleep(1))
            asyncio.get_running_loop().call_later(0.001, future.cancel)
            return future
        class Awaitable:
            def __await__(self):
                yield from ()
                return 11
        class Special:
            def __iter__(self):
                for i in range(3):
                    yield run_sync(later(i))
            def __getitem__(self, key):
                return run_sync(later(key))
        def deep(depth):
            async def below():
                await asyncio.sleep(0)
                return deep(depth - 1)
            return depth and 1 + run_sync(below())
        async def named(name):
            NAME.set(name)
            run_sync(later(0))
            return NAME.get()
        async def current():
            task = asyncio.current_task()
            run_sync(later(0))
            return asyncio.current_task() is task
        async def interleaved():
            order = []
            async def step(n):
                order.append(f"{n} begins")
                run_sync(asyncio.sleep(0.01 * n))
                order.append(f"{n} ends")
            await asyncio.gather(step(3), step(1), step(2))
            return order
        async def locked():
            order, lock = [], asyncio.Lock()
            async def step(n):
                run_sync(lock.acquire())
                order.append(n)
                run_sync(later(0))
                order.append(n)
                lock.release()
            await asyncio.gather(*map(step, range(3)))
            return order
        async def queued():
            queue = asyncio.Queue(1)
            async def produce():
                for i in range(3):
                    run_sync(queue.put(i))
            task = asyncio.ensure_future(produce())
            found = [run_sync(queue.get()) for _ in range(3)]
            await task
            return found
        async def cancelled_in_the_wait():
            order = []
            async def waits():
                run_sync(asyncio.sleep(0.02))
                order.append("after the wait")
                await asyncio.sleep(0)
                order.append("went on")
            task = asyncio.ensure_future(waits())
            await asyncio.sleep(0.001)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as error:
                order.append(repr(error))
            return order
        def called(give):
            said = []
            give(lambda *_: said.append(can_run_sync()))
            return said
        def in_a_proxy(function):
            return create_proxy(function)()
        async def in_a_callback(function):
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(lambda: future.set_result(function()))
            return await future
        async def in_an_async_proxy(function):
            async def call(*_):
                return function()
            return (await js.Promise.all(to_js([1]).map(create_proxy(call))))[0]
        async def other_context():
            tokens = []
            async def set_it():
                tokens.append(NAME.set("set"))
            async def reset():
                try:
                    NAME.reset(tokens[0])
                except ValueError:
                    return "ValueError"
            await create_proxy(set_it)()
            return await create_proxy(reset)()
        async def tried(function):
            try:
                return repr(await function())
            except JsException as error:
                return told(error)
            except BaseException as error:
                return repr(error)
    """)

    main = f"async def main(env, ctx):\n        said = []\n{attempts}\n        return said\n"
    told = run(f"{program}\n{main}")

    assert dict(zip(RECORDED, told, strict=True)) == RECORDED

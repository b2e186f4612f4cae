"""What an entry module exports, and how its handlers are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import UserCodeError

from .project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


@pytest.fixture
def older(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path, date="2025-08-01")
    yield project
    project.close()


# -- what is exported


def test_entrypoints_and_classes_are_exported_by_the_names_of_their_classes(
    project: Project,
) -> None:
    code = project.load(
        """
class Default(WorkerEntrypoint): pass
class Admin(WorkerEntrypoint): pass
class A(DurableObject): pass
class _Hidden(DurableObject): pass
Alias, Again = A, Default
"""
    )

    assert list(code.classes) == ["A"]
    assert list(code.entrypoints) == ["Admin"]


def test_all_decides_what_is_exported_where_there_is_one(project: Project) -> None:
    code = project.load(
        """
__all__ = ["_Chosen"]
class A(DurableObject): pass
class _Chosen(DurableObject): pass
class Admin(WorkerEntrypoint): pass
"""
    )

    assert list(code.classes) == ["_Chosen"]
    assert list(code.entrypoints) == []


def test_two_default_handlers_are_one_too_many(project: Project) -> None:
    with pytest.raises(UserCodeError, match="Cannot define multiple default entrypoints"):
        project.load(
            """
class Default(WorkerEntrypoint): pass
def on_fetch(request): pass
"""
        )


def test_a_worker_without_a_handler_says_so(project: Project) -> None:
    project.load("class A(DurableObject): pass")

    with pytest.raises(Exception, match=r"Handler does not export a fetch\(\) function"):
        project.ask()


# -- handlers of the Worker


@pytest.mark.parametrize(
    "parameters", ["", ", request", ", request, env", ", request, env, ctx", ", *rest"]
)
def test_fetch_gets_as_much_as_it_takes(project: Project, parameters: str) -> None:
    project.load(
        f"""
class Default(WorkerEntrypoint):
    def fetch(self{parameters}):
        env = locals().get("env", self.env)
        return Response(env.GREETING)
"""
    )

    assert project.ask().text == "hi"


def test_an_instance_lives_for_one_request_and_globals_for_all(project: Project) -> None:
    project.load(
        """
count = 0
class Default(WorkerEntrypoint):
    def __init__(self, state, env):
        super().__init__(state, env)
        self.own = 0
    async def fetch(self, request):
        global count
        count += 1
        self.own += 1
        return Response(f"{self.own} {count}")
"""
    )

    assert [project.ask().text for _ in range(3)] == ["1 1", "1 2", "1 3"]


def test_a_constructor_that_fails_fails_each_request(project: Project) -> None:
    project.load(
        """
class A(DurableObject):
    def __init__(self, ctx, env):
        raise RuntimeError("not today")
    def hi(self): return 1

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        stub, found = self.env.A.getByName("a"), []
        for _ in range(2):
            try:
                await stub.hi()
            except JsException as error:
                found.append([error.message.splitlines()[-1], hasattr(error, "durableObjectReset")])
        return Response(repr(found))
"""
    )

    assert project.ask().text == repr([["RuntimeError: not today", False]] * 2)


def test_functions_of_the_older_form_take_what_javascript_gives(older: Project) -> None:
    code = older.load(
        """
async def on_fetch(request, env, ctx):
    return js.Response.new(f"{request.constructor.name} {env.GREETING} {ctx.constructor.name}")
"""
    )

    assert older.ask().text == "Request hi ExecutionContext"
    assert code.warning is None


def test_a_decorated_function_of_the_older_form_takes_what_the_sdk_gives(older: Project) -> None:
    older.load(
        """
from workers import handler
@handler
async def on_fetch(request, env):
    return Response(request.method + (await env.A.getByName("a").hi({"a": 1})))
class A(DurableObject):
    def hi(self, x): return type(x).__name__
"""
    )

    assert older.ask().text == "GETJsDict"


def test_the_older_form_is_told_of_where_it_is_not_deployed(project: Project) -> None:
    code = project.load("def on_fetch(request): return js.Response.new('x')")

    assert project.ask().text == "x"
    assert code.warning is not None
    assert "on_fetch" in code.warning


def test_objects_of_the_older_form_have_names_with_a_prefix(older: Project) -> None:
    result = older.run(
        """
class A(DurableObject):
    async def on_fetch(self, request): return Response("older")
    async def fetch(self, request): return Response("newer")

async def main(env, ctx):
    return await (await env.A.getByName("a").fetch("http://x/")).text()
"""
    )

    assert result == "older"


# -- calls


def test_methods_take_exactly_what_they_declare(project: Project) -> None:
    result = project.run(
        """
class Mixin:
    def mixed(self): return "mixed"

class A(Mixin, DurableObject):
    def two(self, a, b=2): return [a, b]
    def named(self, *rest): return list(rest)
    def _hidden(self): return "hidden"

async def main(env, ctx):
    stub, found = env.A.getByName("a"), []
    found += [await stub.two(1), await stub.two(1, None), await stub.named(1, x=2)]
    found += [await stub.mixed(), await stub._binding._hidden()]
    for call in (stub.two(), stub.two(1, 2, 3)):
        try:
            await call
        except JsException as error:
            found.append(error.message.splitlines()[-1])
    return found
"""
    )

    assert result[:5] == [[1, 2], [1, None], [1, {"x": 2}], "mixed", "hidden"]
    assert "missing 1 required positional argument" in result[5]
    assert "takes from 2 to 3 positional arguments but 4 were given" in result[6]


def test_handlers_of_sockets_get_as_much_as_they_take(project: Project) -> None:
    result = project.run(
        """
import asyncio
from js import WebSocketPair
from pyodide.ffi import create_proxy

class A(DurableObject):
    async def fetch(self, request):
        client, server = WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(server)
        return Response(None, status=101, web_socket=client)
    def webSocketMessage(self, *everything):
        everything[0].send(f"{len(everything)} {everything[1]}")
    async def webSocketClose(self, socket, code, *rest):
        socket.close(code, str(rest))

async def main(env, ctx):
    answer = await env.A.getByName("a").fetch("http://x/", headers={"upgrade": "websocket"})
    socket, heard = answer.js_object.webSocket, asyncio.Queue()
    socket.accept()
    socket.addEventListener("message", create_proxy(lambda e: heard.put_nowait(e.data)))
    socket.addEventListener("close", create_proxy(lambda e: heard.put_nowait(e.reason)))
    socket.send("hello")
    said = await heard.get()
    socket.close(4000, "bye")
    return [said, await heard.get()]
"""
    )

    assert result == ["2 hello", "('bye', True)"]


# -- waiting


def test_what_is_waited_for_ends_after_the_answer_and_its_errors_are_told(
    project: Project,
) -> None:
    result = project.run(
        """
from workers import wait_until
done = []

async def main(env, ctx):
    async def later(name):
        await asyncio.sleep(0.01)
        done.append(name)
    async def fail():
        raise ValueError("nobody waits")
    ctx.waitUntil(later("ctx"))
    ctx.waitUntil(create_proxy(later("proxy")))
    ctx.waitUntil(fail())
    ctx.waitUntil(None)
    ctx.passThroughOnException()
    wait_until(asyncio.create_task(later("global")))
    found = list(done)
    await asyncio.sleep(0.05)
    return [found, sorted(done)]
"""
    )

    assert result == [[], ["ctx", "global", "proxy"]]
    assert [str(error) for error in project.heard.errors] == ["nobody waits"]


def test_an_object_waits_too(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    def start(self):
        async def later():
            await asyncio.sleep(0.01)
            await self.ctx.storage.put("k", "later")
        self.ctx.waitUntil(later())
    async def get(self):
        return await self.ctx.storage.get("k")

async def main(env, ctx):
    stub = env.A.getByName("a")
    await stub.start()
    first = await stub.get()
    await asyncio.sleep(0.05)
    return [first, await stub.get()]
"""
    )

    assert result == [None, "later"]


# -- the environment


def test_the_environment_is_there_when_modules_are_imported(project: Project) -> None:
    result = project.run(
        """
from workers import env as early
GREETING = early.GREETING
LIST = early.DEEP.list.to_py()
class A(DurableObject):
    def greet(self): return workers.env.GREETING
async def main(env, ctx):
    return [GREETING, LIST, await early.A.getByName("a").greet()]
"""
    )

    assert result == ["hi", [1], "hi"]


def test_a_patch_of_the_environment_is_for_its_own_task(project: Project) -> None:
    result = project.run(
        """
from workers import patch_env

async def main(env, ctx):
    async def patched(value):
        with patch_env(GREETING=value):
            await asyncio.sleep(0.01)
            inner = await asyncio.create_task(greeting())
            return [workers.env.GREETING, inner, hasattr(workers.env, "A")]
    async def greeting():
        return workers.env.GREETING
    found = await asyncio.gather(patched("one"), patched("two"), greeting())
    cw = workers.import_from_javascript("cloudflare:workers")
    found.append(await cw.withEnv(to_js({"GREETING": "other"}), greeting))
    try:
        with patch_env([("GREETING", "never")]):
            raise ValueError
    except ValueError:
        found.append(workers.env.GREETING)
    return found
"""
    )

    assert result == [["one", "one", True], ["two", "two", True], "hi", "other", "hi"]


def test_an_environment_that_was_imported_follows_its_reader(project: Project) -> None:
    result = project.run(
        """
from workers import env as wrapped, patch_env
imported = workers.import_from_javascript("cloudflare:workers").env

def read():
    return [imported.GREETING, getattr(imported, "NEW", None), Object.keys(imported).to_py()]

async def main(env, ctx):
    before = read()
    with patch_env(GREETING="patched", NEW=1):
        within = [*read(), wrapped.NEW]
    imported.SET = 5
    keys = [name in within[2] for name in ("GREETING", "NEW", "SET")]
    return [before[:2], within[:2], keys, within[3], read()[:2], env.SET, imported.to_py()["SET"]]
"""
    )

    keys = [True, True, False]
    assert result == [["hi", None], ["patched", 1], keys, 1, ["hi", None], 5, 5]


def test_modules_of_javascript_are_the_two_that_there_are(project: Project) -> None:
    result = project.run(
        """
from workers import import_from_javascript
def imported(name):
    try:
        return import_from_javascript(name).constructor.name
    except ImportError as error:
        return str(error)
EARLY = imported("cloudflare:email")
async def main(env, ctx):
    names = ("cloudflare:workers", "cloudflare:sockets", "nope")
    return [EARLY, *[imported(name) for name in names]]
"""
    )

    assert result == [
        (
            "Failed to import 'cloudflare:email': Only 'cloudflare:workers' and"
            " 'cloudflare:sockets' are available in the global scope."
        ),
        "Module",
        "Module",
        "Failed to import 'nope': Error: No such module \"nope\".",
    ]


def test_what_an_object_holds_in_memory_are_its_values_and_no_handles(project: Project) -> None:
    project.run(
        """
class A(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.sql, self.bound, self.stub = ctx.storage.sql, env.B, env.B.getByName("b")
        self.numbers = js.Uint8Array.new(3)
        self.names, self.ranks = js.Set.new(), js.Map.new()
        self.frozen = js.Object.freeze(js.JSON.parse("{}"))
        self.list, self.date = js.Array.of(1), js.Date.new(0)

    async def ping(self):
        pass

class B(DurableObject):
    pass

async def main(env, ctx):
    await env.A.getByName("a").ping()
"""
    )

    objects = project.bound["A"]
    place = objects.container(objects.ids.from_name("a"))
    assert place.actor is not None
    handler: Any = place.actor.deliveries.handler

    held = {"numbers", "names", "ranks", "frozen", "list", "date"}
    assert set(handler.attributes()) == held

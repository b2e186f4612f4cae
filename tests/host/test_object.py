"""An object's class on the unmodified SDK, driven through the core without a server."""

from __future__ import annotations

import asyncio
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
from pydo.loader import Loader
from pydo.runtime.failure import ErrorForm
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEAD = """
import asyncio, datetime, json
from js import Object
from pyodide.ffi import JsException, jsnull, to_js
from workers import DurableObject, Request, Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(str(await self.env.THING.getByName("a").run()))

class Thing(DurableObject):
    async def again(self, *values):
        return list(values)

    async def fail(self):
        raise ValueError("bad thing")

    async def run(self):
        storage, ctx, env = self.ctx.storage, self.ctx, self.env
        try:
            return await self.body(storage, ctx, env)
        except JsException as error:
            return f"{error.name}: {error.message.splitlines()[-1]} {getattr(error, 'remote', '')}"

    async def body(self, storage, ctx, env):
"""


LAST_TWO = 'return list(await storage.list(start="k1", end="k4", reverse=True, limit=2))'


class NothingYet:
    generation = 0
    errors = ErrorForm(bool)
    handler: Any = None
    classes: dict[str, Any] = {}  # noqa: RUF012 - never written to
    tasks = ()

    def owns(self, filename: str, /) -> bool:
        return not filename


@pytest.fixture
def answer(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Give what runs the body of a method in an object, and what the client is answered."""
    loop = ObjectLoop()
    runtime = Runtime(loop, NothingYet())
    namespace = runtime.open_namespace("Thing", "test-Thing", tmp_path / "state")
    env = make_env({"GREETING": "hi", "DEEP": {"list": [1, "x"]}}, {"THING": namespace})
    host = Host(env, wait_until, Flags("2026-09-01", ["python_workers"]))
    install(host)
    loader = Loader(tmp_path / "src" / "entry.py")

    async def ask() -> str:
        response: Any = await runtime.fetch(Request.incoming("GET", "http://x/", []))
        return str(await response.text())

    def answer(body: str) -> str:
        lines = "".join(f"        {line}\n" for line in body.splitlines())
        (tmp_path / "src").mkdir(exist_ok=True)
        (tmp_path / "src" / "entry.py").write_text(HEAD + lines)
        generation = loader.load()
        code = HostedCode(generation.number, generation.entry, host, ["Thing"], loader.owns)
        runtime.replace(code)
        return loop.run_until_complete(ask())

    asyncio.set_event_loop(loop)
    yield answer
    runtime.close()
    loop.run_until_complete(asyncio.sleep(0))
    loader.close()
    uninstall()
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('await storage.put("k", {"a": [1, {"b": None}], "f": 1.5})\nreturn await storage.get("k")',
         "{'a': [1, {'b': None}], 'f': 1.5}"),
        ('await storage.put({"b": 2, "a": 1})\nreturn await storage.list()', "{'a': 1, 'b': 2}"),
        ('await storage.put({"b": 2, "a": 1})\nreturn await storage.get(["b", "zz", "a"])',
         "{'a': 1, 'b': 2}"),
        ('await storage.put("k", 1)\nreturn [await storage.delete("k"), await storage.delete("k")]',
         "[True, False]"),
        ('await storage.put({"b": 2, "a": 1})\nreturn await storage.delete(["a", "b", "c"])', "2"),
        ('return [await storage.put("k", 1.0), await storage.get("k"), await storage.get("none")]',
         "[None, 1, None]"),
        ('await storage.put("k", 2**60)\nreturn await storage.get("k")', str(2**60)),
        ('await storage.put("k", b"ab")\nreturn bytes(await storage.get("k")).decode()', "ab"),
        ('await storage.put("k", None)\nreturn await storage.list()', "{'k': None}"),
        ('await storage.put("k", 1)\nawait storage.deleteAll()\nreturn await storage.list()', "{}"),
        ('await storage.put({"k1": 1, "k2": 2, "k3": 3, "k4": 4})\n' + LAST_TWO,
         "['k3', 'k2']"),
        ("return await storage.list(limit=0)", "TypeError: List limit must be positive. "),
        ('return await storage.list(start="a", startAfter="b")',
         "TypeError: list() cannot be called with both start and startAfter values. "),
        ('return ctx._ctx.storage.put("k", {"a": 1})',
         "DataCloneError: [object Object] could not be cloned. "),
        ('return ctx._ctx.storage.put("k")',
         "TypeError: put() called with undefined value. "),
        ('return [env.GREETING, env.DEEP.list[1], hasattr(env, "NOPE")]', "['hi', 'x', False]"),
        ('return await env.THING.getByName("b").again(1, "x", None, [2, {"c": 3}])',
         "[1, 'x', None, [2, {'c': 3}]]"),
        ('return await env.THING.getByName("b").again(1, x=2)', "[1, {'x': 2}]"),
        ('return await env.THING.getByName("b").fail()', "PythonError: ValueError: bad thing True"),
        ('return await env.THING.getByName("b").nope()',
         "TypeError: Method nope does not exist True"),
        ('return await env.THING.getByName("b").alarm()',
         "TypeError: 'alarm' is a reserved method and cannot be called over RPC. True"),
        ('return env.THING.idFromString("abc")',
         "TypeError: Invalid Durable Object ID: must be 64 hex digits "),
        ('return [env.THING.get(env.THING.idFromName("n")).name, env.THING.newUniqueId().name]',
         "['n', None]"),
        ("return [ctx.id.name, len(str(ctx.id))]", "['a', 64]"),
        ('return env.THING.newUniqueId(jurisdiction="eu")',
         "Error: Jurisdiction restrictions are not implemented in workerd. "),
        ('return hasattr(ctx.storage._binding, "nope"), hasattr(ctx._ctx, "acceptWebSocket")',
         "(False, True)"),
    ],
)  # fmt: skip
def test_an_object_sees_what_production_shows(
    answer: Callable[[str], str], body: str, expected: str
) -> None:
    if "return hasattr" in body:
        body = body.replace("return ", "return str((").rstrip() + "))"

    assert answer(body) == expected


NO_DATE = (
    "TypeError: Failed to execute 'getBookmarkForTime' on 'DurableObjectStorage': parameter 1 is"
    " not of type 'date'. "
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return await storage.getCurrentBookmark()", "-".join(["0" * 8] * 3 + ["0" * 32])),
        ('await storage.put("k", 1)\nreturn len(await storage.getCurrentBookmark())', "59"),
        (('await storage.put("k", 1)\nnow = await storage.getCurrentBookmark()\nimport time\n'
         "return now == await storage.getBookmarkForTime(time.time() * 1000)"), "True"),
        (('await storage.put("k", 1)\nnow = await storage.getCurrentBookmark()\n'
         "from js import Date\nreturn now == await storage.getBookmarkForTime(Date.new())"),
         "True"),
        (('await storage.put("k", 1)\nnow = await storage.getCurrentBookmark()\n'
         "return now < await storage.onNextSessionRestoreBookmark(now)"), "True"),
        ("return await storage.getBookmarkForTime()", NO_DATE),
        ('return await storage.getBookmarkForTime("x")', NO_DATE),
        ("return await storage.getBookmarkForTime(None)", NO_DATE),
        ("return await storage.getBookmarkForTime(True)", NO_DATE),
        ('return await storage.getBookmarkForTime(float("nan"))',
         "TypeError: The value cannot be converted because it is not a valid Date. "),
        ("return await storage.getBookmarkForTime(1e20)",
         "TypeError: This API doesn't support dates after 2189. "),
        ("return await storage.getBookmarkForTime(1)",
         "Error: Cannot get a bookmark for a time that is more than 30 days ago. "),
        ("return await storage.onNextSessionRestoreBookmark()",
         ("TypeError: Failed to execute 'onNextSessionRestoreBookmark' on 'DurableObjectStorage':"
         " parameter 1 is not of type 'string'. ")),
        ("return await storage.onNextSessionRestoreBookmark(4)",
         'Error: Bookmark "4" is invalid. '),
        ("ctx._ctx.storage.onNextSessionRestoreBookmark(4)\nreturn 'no error yet'", "no error yet"),
    ],
)  # fmt: skip
def test_the_past_of_an_object_is_asked_for_as_in_production(
    answer: Callable[[str], str], body: str, expected: str
) -> None:
    assert answer(body) == expected


def test_importing_what_is_not_there_names_pydo(answer: Callable[[str], str]) -> None:
    body = "try:\n    from js import Nope\nexcept ImportError as error:\n    return str(error)"

    assert "pydo" in answer(body)


def test_an_error_of_a_method_is_the_callers_to_catch(answer: Callable[[str], str]) -> None:
    with pytest.raises(JsException, match="no luck"):
        answer('raise RuntimeError("no luck")')


def test_the_hosts_modules_are_taken_away_again(answer: Callable[[str], str]) -> None:
    answer("return 1")
    there = {"js", "pyodide", "pyodide.ffi"} <= set(sys.modules)

    uninstall()

    assert there
    assert not {"js", "pyodide", "pyodide.ffi"} & set(sys.modules)

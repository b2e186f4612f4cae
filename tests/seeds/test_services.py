"""Several Workers in one `pydo dev`, bound to one another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .conftest import Dev

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """\
name = "{name}"
main = "src/entry.py"
compatibility_date = "2026-09-01"
compatibility_flags = ["python_workers"]
"""
A_CONFIG = """
services = [
  {binding = "B", service = "b"},
  {binding = "NAMED", service = "b", entrypoint = "Named", props = {rank = 3}},
  {binding = "MISSING", service = "b", entrypoint = "Nobody"},
  {binding = "ABSENT", service = "nowhere"},
  {binding = "SELF", service = "a"},
  {binding = "PAGES", service = "c"},
  {binding = "FILES", service = "d"},
]
[durable_objects]
bindings = [
  {name = "REMOTE", class_name = "Counter", script_name = "b"},
  {name = "GONE", class_name = "Counter", script_name = "nowhere"},
  {name = "CLASSLESS", class_name = "Nothing", script_name = "b"},
]
"""
A = """
import helper
from js import AbortSignal
from workers import Response, WorkerEntrypoint
from urllib.parse import urlparse


async def told(awaitable):
    try:
        return await awaitable
    except Exception as error:
        return f"{error.name}: {error.message}" if hasattr(error, "name") else str(error)


async def read(awaitable):
    answer = await awaitable
    return [answer.status, await answer.text()]


async def by_name(env):
    return [helper.by_name(), await env.B.by_name(), helper.by_name()]


async def returned(env):
    count = await env.B.counter()
    return [await count(1), await count(5)]


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        env = self.env
        counter = env.REMOTE.getByName("x")
        wanted = urlparse(request.url).path[1:]
        if wanted == "inner":
            return Response(helper.NAME)
        answers = {
            "fetch": lambda: read(env.B.fetch("http://b/p?q=1", method="POST", body="hello")),
            "call": lambda: env.B.add(1, 2),
            "function": lambda: env.B.twice(self.double),
            "named": lambda: env.NAMED.rank(),
            "missing": lambda: env.MISSING.rank(),
            "absent": lambda: read(env.ABSENT.fetch("http://x/")),
            "absent-call": lambda: env.ABSENT.anything(),
            "page": lambda: read(env.PAGES.fetch("http://c/page.txt")),
            "no-page": lambda: read(env.PAGES.fetch("http://c/none.txt")),
            "page-call": lambda: env.PAGES.page(),
            "file": lambda: read(env.FILES.fetch("http://d/page.txt")),
            "no-file": lambda: read(env.FILES.fetch("http://d/none.txt")),
            "file-call": lambda: env.FILES.page(),
            "by-name": lambda: by_name(env),
            "returned": lambda: returned(env),
            "abort": lambda: env.B.fetch("http://b/slow", signal=AbortSignal.timeout(50)),
            "abort-body": lambda: read(
                env.B.fetch("http://b/endless", signal=AbortSignal.timeout(99))
            ),
            "self": lambda: read(env.SELF.fetch("http://x/inner")),
            "remote": lambda: counter.up(),
            "gone": lambda: read(env.GONE.getByName("x").fetch("http://x/")),
            "gone-call": lambda: env.GONE.getByName("x").up(),
            "classless": lambda: read(env.CLASSLESS.getByName("x").fetch("http://x/")),
            "classless-call": lambda: env.CLASSLESS.getByName("x").up(),
        }
        return Response.json(await told(answers[wanted]()))

    async def double(self, number):
        return number * 2
"""
B = """
import asyncio
import helper
from js import TransformStream
from pyodide.ffi import to_js
from workers import DurableObject, Response, WorkerEntrypoint, env as env_at_import
import workers


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("/slow"):
            await asyncio.sleep(10)
        if request.url.endswith("/endless"):
            stream = TransformStream.new()
            stream.writable.getWriter().write(to_js(b"x"))
            return Response(stream.readable)
        text = await request.text()
        return Response(f"{request.method.value} {request.url} {text} {helper.NAME}")

    async def add(self, one, other):
        return one + other

    async def by_name(self):
        return helper.by_name()

    async def counter(self):
        counts = []
        return lambda number: counts.append(number) or sum(counts)

    async def twice(self, function):
        return await function(await function(5))


class Named(WorkerEntrypoint):
    async def rank(self):
        return [self.ctx.props.rank, env_at_import.WHO, workers.env.WHO]


class Counter(DurableObject):
    async def up(self):
        value = (await self.ctx.storage.get("value") or 0) + 1
        await self.ctx.storage.put("value", value)
        return value
"""
B_CONFIG = """
vars = {WHO = "b"}
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Counter"]
"""
HELPER = """
import pickle
from typing import get_type_hints

NAME = "helper of {name}"


class Kept:
    inner: "Kept"


def by_name():
    try:
        return [pickle.loads(pickle.dumps(Kept)) is Kept, get_type_hints(Kept)["inner"] is Kept]
    except pickle.PicklingError as error:
        return str(error)
"""
C_CONFIG = """
[assets]
directory = "../pages"
"""
C = """
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("the code", status=418)

    async def page(self):
        return "called"
"""
D_CONFIG = """
name = "d"
compatibility_date = "2026-09-01"
[assets]
directory = "../pages"
"""
NO_CLASS = (
    'Worker "b" has no Durable Object class "Nothing": its configuration neither binds nor'
    " declares it."
)
ANSWERS = {
    "fetch": [200, "POST http://b/p?q=1 hello helper of b"],
    "call": 3,
    "named": [3, "b", "b"],
    "missing": 'Error: The Worker has no entrypoint named "Nobody".',
    "absent": [503, 'Worker "nowhere" not found. Make sure it is running locally.'],
    "absent-call": 'Error: Worker "nowhere" not found. Make sure it is running locally.',
    "self": [200, "helper of a"],
    "gone": [503, 'Worker "nowhere" not found. Make sure it is running locally.'],
    "gone-call": 'Error: Worker "nowhere" not found. Make sure it is running locally.',
    "function": 20,
    "returned": [1, 6],
    "by-name": [[True, True], [True, True], [True, True]],
    "abort": "The operation was aborted due to timeout",
    "abort-body": "The operation was aborted due to timeout",
    "page": [200, "a page"],
    "no-page": [418, "the code"],
    "page-call": "called",
    "file": [200, "a page"],
    "no-file": [404, ""],
    "file-call": 'TypeError: The RPC receiver does not implement the method "page".',
    "classless": [503, NO_CLASS],
    "classless-call": f"Error: {NO_CLASS}",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, config, code in (("a", A_CONFIG, A), ("b", B_CONFIG, B), ("c", C_CONFIG, C)):
        source = tmp_path / name / "src"
        source.mkdir(parents=True)
        (tmp_path / name / "wrangler.toml").write_text(CONFIG.format(name=name) + config)
        (source / "entry.py").write_text(code)
        (source / "helper.py").write_text(HELPER.format(name=name))
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "wrangler.toml").write_text(D_CONFIG)
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "page.txt").write_text("a page")
    return tmp_path


@pytest.fixture
def dev(folder: Path) -> Iterator[Dev]:
    configs = [option for name in "abcd" for option in ("-c", f"{name}/wrangler.toml")]
    dev = Dev(folder, *configs, "--port", "0")
    dev.until("Ready on")
    yield dev
    dev.close()


def ask(dev: Dev, path: str) -> object:
    return json.loads(dev.get(path)[1])


def test_workers_reach_one_another_and_say_who_is_not_there(dev: Dev) -> None:
    answers = {name: ask(dev, f"/{name}") for name in ANSWERS}

    assert answers == ANSWERS
    assert [ask(dev, "/remote"), ask(dev, "/remote")] == [1, 2]


def test_the_terminal_tells_what_is_connected_and_what_is_missing(dev: Dev) -> None:
    said = "\n".join(dev.said)

    assert "a has access to the following bindings:" in said
    assert "env.B (b)" in said
    assert "local [connected]" in said
    assert "local [not connected]" in said
    assert (
        'Worker "a"\'s binding "MISSING" refers to service "b" with a named entrypoint "Nobody",'
        ' but "b" has no such named entrypoint.'
    ) in said
    assert "[b] " in said
    assert f'Worker "a"\'s binding "CLASSLESS" leads nowhere. {NO_CLASS}' in said


def test_a_saved_worker_is_reached_by_the_others_at_once(dev: Dev, folder: Path) -> None:
    assert ask(dev, "/call") == 3

    dev.save("b/src/entry.py", B.replace("one + other", "one - other"))
    dev.until("Local server updated")

    assert ask(dev, "/call") == -1
    assert ask(dev, "/remote") == 1
    (folder / "b" / "src" / "helper.py").write_text('NAME = "another"\n')
    dev.until("Local server updated")
    assert ask(dev, "/fetch") == [200, "POST http://b/p?q=1 hello another"]


def test_each_worker_and_each_version_has_a_javascript_of_its_own(folder: Path) -> None:
    code = """
import js
from pyodide.ffi import register_js_module
from workers import Response, WorkerEntrypoint

before = [hasattr(js.Map, "mark"), hasattr(js, "mark")]
js.Map.mark = js.mark = "{0}"
register_js_module("cfg", js.Object.fromEntries([["v", "{0}"]]))

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        import cfg
        if hasattr(self.env, "B"):
            other = await (await self.env.B.fetch("http://b/")).json()
        else:
            other = None
        return Response.json([before, js.Map.mark, js.mark, cfg.v, other])
"""
    for name in "ab":
        (folder / name / "src" / "entry.py").write_text(code.replace("{0}", f"{name}1"))
    (folder / "b" / "wrangler.toml").write_text(CONFIG.format(name="b"))
    dev = Dev(folder, "-c", "a/wrangler.toml", "-c", "b/wrangler.toml", "--port", "0")
    dev.until("Ready on")
    fresh = [False, False]
    try:
        for _ in range(2):
            assert ask(dev, "/") == [fresh, *["a1"] * 3, [fresh, *["b1"] * 3, None]]

        dev.save("b/src/entry.py", code.replace("{0}", "b2"))
        dev.until("Local server updated")
        assert ask(dev, "/") == [fresh, *["a1"] * 3, [fresh, *["b2"] * 3, None]]

        dev.save("b/src/entry.py", code.replace("{0}", "b3") + "raise LookupError")
        dev.until("LookupError")
        assert ask(dev, "/") == [fresh, *["a1"] * 3, [fresh, *["b2"] * 3, None]]
    finally:
        dev.close()


def test_a_broken_worker_leaves_its_last_version_to_the_others(dev: Dev) -> None:
    dev.save("b/src/entry.py", "class Default(:\n")
    dev.until("SyntaxError")

    assert ask(dev, "/call") == 3


def test_a_new_configuration_of_one_is_seen_by_the_others(dev: Dev, folder: Path) -> None:
    config = (folder / "b" / "wrangler.toml").read_text()
    dev.save("b/wrangler.toml", config.replace('"b"}', '"new"}'))
    dev.until("Local server updated")

    assert ask(dev, "/named") == [3, "new", "new"]


def test_a_new_configuration_is_served_beside_a_worker_that_is_broken(
    dev: Dev, folder: Path
) -> None:
    dev.save("a/src/entry.py", "def broken(:")
    dev.until("SyntaxError")

    config = (folder / "b" / "wrangler.toml").read_text()
    dev.save("b/wrangler.toml", config.replace('"b"}', '"new"}'))
    dev.until("Local server updated")

    assert ask(dev, "/named") == [3, "new", "new"]


def test_a_name_that_another_worker_has_is_not_taken_up(dev: Dev, folder: Path) -> None:
    config = (folder / "c" / "wrangler.toml").read_text()
    dev.save("c/wrangler.toml", config.replace('name = "c"', 'name = "b"'))
    dev.until('Two Workers are named "b"')

    assert ask(dev, "/page") == [200, "a page"]


def test_two_workers_of_one_name_are_refused(folder: Path) -> None:
    dev = Dev(folder, "-c", "a/wrangler.toml", "-c", "a/wrangler.toml", "--port", "0")

    dev.until('Two Workers are named "a"')

    assert dev.process.wait(10) == 1
    dev.close()

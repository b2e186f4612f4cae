"""What works here and breaks on Cloudflare: told once with its line, or refused."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import pytest

from pydo.errors import UserCodeError
from pydo.host.portability import Finding, Portability, standing, watching, watching_imports

from .project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Watched(Project):
    """A project that is listened to."""

    def __init__(self, directory: Path, *, strict: bool) -> None:
        super().__init__(directory)
        self.findings: list[Finding] = []
        self.portability = Portability(
            self.loader.owns, self.findings.append, strict=strict, uploads=["**/*.json"]
        )

    def run(self, source: str) -> object:
        with watching(self.portability):
            return super().run(source)

    @property
    def rules(self) -> list[tuple[str, str]]:
        """Each finding's rule, and the line of the project that it names."""
        lines = self.file.read_text().splitlines()
        found = [(each.rule, each.place.rpartition(":")) for each in self.findings]
        assert all(file == str(self.file) for _, (file, _, _) in found)
        return [(rule, lines[int(line) - 1].strip()) for rule, (_, _, line) in found]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Watched]:
    project = Watched(tmp_path, strict=False)
    yield project
    project.close()


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Watched]:
    project = Watched(tmp_path, strict=True)
    yield project
    project.close()


BORROWED = """
async def main(env, ctx):
    for _ in range(2):
        js.setTimeout(lambda: None, 1)
    js.setTimeout(create_proxy(lambda: None), 1)
    target = js.EventTarget.new()
    target.addEventListener("x", print)
    target.addEventListener("x", create_proxy(print))
    js.HTMLRewriter.new().on("p", {"element": print})
    js.HTMLRewriter.new().on("p", create_proxy({"element": print}))
"""


def test_a_function_that_is_kept_without_a_proxy_is_told_of_once(project: Watched) -> None:
    project.run(BORROWED)

    assert project.rules == [
        ("borrowed-callable", "js.setTimeout(lambda: None, 1)"),
        ("borrowed-callable", 'target.addEventListener("x", print)'),
        ("borrowed-callable", 'js.HTMLRewriter.new().on("p", {"element": print})'),
    ]


def test_a_function_that_is_kept_without_a_proxy_is_refused(strict: Watched) -> None:
    result = strict.run(
        """
async def main(env, ctx):
    try:
        js.setTimeout(lambda: None, 1)
    except JsException as error:
        return [error.message, error.__notes__]
"""
    )

    assert isinstance(result, list)
    assert result[0].startswith("This borrowed proxy was automatically destroyed")
    assert "create_proxy" in result[1][0]


THREADS = """
import subprocess, sys, threading
async def main(env, ctx):
    found = []
    try:
        threading.Thread(target=found.append, args=(7,)).start()
    except RuntimeError as error:
        found.append(str(error))
    try:
        found.append(subprocess.run([sys.executable, "-c", ""]).returncode)
    except OSError as error:
        found.append(error.strerror)
    return found
"""


def test_threads_and_processes_are_told_of(project: Watched) -> None:
    assert project.run(THREADS) == [7, 0]

    assert project.rules == [
        ("thread", "threading.Thread(target=found.append, args=(7,)).start()"),
        ("process", 'found.append(subprocess.run([sys.executable, "-c", ""]).returncode)'),
    ]


def test_threads_and_processes_are_refused(strict: Watched) -> None:
    assert strict.run(THREADS) == [
        "can't start new thread",
        "emscripten does not support processes.",
    ]


def test_threads_of_others_are_their_own_affair(project: Watched) -> None:
    with watching(project.portability):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    assert not project.findings
    assert standing() is None


FILES = """
from pathlib import Path
here = Path(__file__).parent
async def main(env, ctx):
    found = []
    for name in ("a.css", "b.json", "c.txt"):
        try:
            found.append((here / name).read_text())
        except FileNotFoundError:
            found.append(None)
    with open(here / "made.css", "w") as file:
        file.write("x")
    return found
"""


def test_a_file_that_is_not_deployed_is_told_of(project: Watched) -> None:
    for name in ("a.css", "b.json", "c.txt"):
        (project.file.parent / name).write_text(name)

    assert project.run(FILES) == ["a.css", "b.json", "c.txt"]

    assert project.rules == [("undeclared-file", "found.append((here / name).read_text())")]


def test_a_file_that_is_not_deployed_is_not_there(strict: Watched) -> None:
    for name in ("a.css", "b.json", "c.txt"):
        (strict.file.parent / name).write_text(name)

    assert strict.run(FILES) == [None, "b.json", "c.txt"]


ENTROPY = """
import os, random, secrets, uuid
from random import randint
first = randint(1, 1)
second = uuid.uuid4()
third = secrets.token_hex(2)
async def main(env, ctx):
    return [randint(2, 2), len(os.urandom(3))]
"""


def test_randomness_while_modules_are_imported_is_told_of(project: Watched) -> None:
    with watching(project.portability), watching_imports():
        project.load(ENTROPY)

    assert project.rules == [
        ("top-level-entropy", "first = randint(1, 1)"),
        ("top-level-entropy", "second = uuid.uuid4()"),
        ("top-level-entropy", "third = secrets.token_hex(2)"),
    ]
    assert project.loader.current is not None
    assert project.loader.current.entry.randint is random.randint
    assert not hasattr(random.randint, "__pydo_draws__")


def test_randomness_while_modules_are_imported_is_refused(strict: Watched) -> None:
    message = r"Cannot use random.randint\(\) outside of request context"

    with (
        watching(strict.portability),
        watching_imports(),
        pytest.raises(UserCodeError, match=message),
    ):
        strict.load(ENTROPY)


SOCKETS = """
class A(DurableObject):
    async def fetch(self, request):
        client, server = js.WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(server, to_js(["fine"]))
        server.send("fine")
        other = js.WebSocketPair.new()[1]
        found = [sent(lambda: server.send(b"ab"))]
        found.append(sent(lambda: self.ctx.acceptWebSocket(other, ["a"])))
        return Response(repr(found))

def sent(function):
    try:
        function()
    except JsException as error:
        return error.name

async def main(env, ctx):
    return await (await env.A.getByName("a").fetch("http://x/")).text()
"""


def test_python_values_that_javascript_cannot_read_are_told_of(project: Watched) -> None:
    assert project.run(SOCKETS) == "[None, None]"

    assert [rule for rule, _ in project.rules] == ["raw-value", "raw-value"]
    assert "gets a Python bytes" in project.findings[0].text


CHUNKS = """
import js, workers
from pyodide.ffi import create_proxy, to_js

async def main(env, ctx):
    def start(controller):
        controller.enqueue(CHUNK)
        controller.close()

    sides = js.TransformStream.new()
    writing = sides.writable.getWriter().write(CHUNK)
    await sides.readable.getReader().read()
    await writing
    js.ReadableStream.new(start=create_proxy(start))
"""


def test_a_chunk_of_a_stream_that_javascript_cannot_read_is_told_of(project: Watched) -> None:
    project.run(CHUNKS.replace("CHUNK)", 'b"raw")'))

    assert [rule for rule, _ in project.rules] == ["raw-value", "raw-value"]
    assert {"write gets", "enqueue gets"} == {
        " ".join(found.text.split()[:2]) for found in project.findings
    }


def test_a_chunk_that_javascript_can_read_is_not_told_of(project: Watched) -> None:
    project.run(CHUNKS.replace("CHUNK)", 'to_js(b"made"))'))

    assert project.findings == []


def test_python_values_that_javascript_cannot_read_are_refused(strict: Watched) -> None:
    assert strict.run(SOCKETS) == "['TypeError', 'TypeError']"


@pytest.mark.parametrize("kind", ["", ', type="bytes"'])
def test_python_values_in_a_stream_are_told_of_and_refused(project: Watched, kind: str) -> None:
    # Pyodide destroys what the stream keeps of them, and says so to whoever reads.
    source = f"""
async def main(env, ctx):
    def start(controller):
        controller.enqueue(to_js(b"fine"))
        controller.enqueue(b"raw")
        controller.close()
    try:
        await js.ReadableStream.new(start=create_proxy(start){kind}).getReader().read()
    except JsException as error:
        return told(error)
"""
    project.run(source)
    assert [rule for rule, _ in project.rules] == ["raw-value"]
    assert "enqueue gets a Python bytes" in project.findings[0].text

    project.portability.is_strict = True

    assert str(project.run(source)).startswith("TypeError: Failed to execute 'enqueue'")


def test_a_stub_of_an_object_sent_over_rpc_is_told_of_and_refused(project: Watched) -> None:
    source = """
class A(DurableObject):
    async def greet(self, other): return await other.hello()
    def hello(self): return "hello"
async def main(env, ctx):
    return await attempt(env.A.getByName("a").greet(env.A.getByName("b")))
"""
    assert project.run(source) == "hello"
    assert [rule for rule, _ in project.rules] == ["unsent-value"]
    assert "send the object's id as text" in project.findings[0].text

    project.portability.is_strict = True

    assert project.run(source) == (
        'DataCloneError: Could not serialize object of type "DurableObject". This type does not'
        " support serialization."
    )


def test_a_form_sent_over_rpc_is_told_of_and_refused(project: Watched) -> None:
    source = """
class A(DurableObject):
    def take(self, form): return form["a"]
async def main(env, ctx):
    return await attempt(env.A.getByName("a").take(workers.FormData({"a": "b"})))
"""
    assert project.run(source) == "b"
    assert [rule for rule, _ in project.rules] == ["unsent-value"]

    project.portability.is_strict = True

    assert project.run(source) == (
        'DataCloneError: Could not serialize object of type "FormData". This type does not support'
        " serialization."
    )

"""Bodies between the Worker and an object, as workerd carries them in the same programs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.host.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OBJECT = """
from js import IdentityTransformStream, ReadableStream
from pyodide.ffi import jsnull

def stream(**callbacks):
    kept = {name: create_proxy(function) for name, function in callbacks.items()}
    return ReadableStream.new(to_js(kept, dict_converter=Object.fromEntries))

def failing(_):
    raise js.RangeError.new("mine")

class A(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.seen = []

    async def fetch(self, request):
        return await getattr(self, request.url.rsplit("/", 1)[1])(request)

    async def log(self, request):
        return Response(repr(self.seen))

    async def empty(self, request):
        return js.Response.new()

    async def without(self, request):
        return js.Response.new(None, status=204)

    async def headers(self, request):
        return Response(repr(sorted((k, v) for k, v in request.js_object.headers)))

    async def later(self, request):
        async def read():
            await asyncio.sleep(0.01)
            self.seen.append(await attempt(request.js_object.text()))
        self.ctx.waitUntil(asyncio.ensure_future(read()))
        return Response("now")

    async def failed(self, request):
        return js.Response.new(stream(pull=failing))

    async def written(self, request):
        sides = IdentityTransformStream.new()
        await_failure = asyncio.ensure_future(self.write(sides.writable.getWriter()))
        self.ctx.waitUntil(await_failure)
        return js.Response.new(sides.readable)

    async def write(self, writer):
        try:
            while True:
                await writer.write(to_js(b"x"))
        except JsException as error:
            self.seen.append(told(error))

    async def pulled(self, request):
        def cancel(reason=None, *_):
            self.seen.append(reason)
        return js.Response.new(stream(pull=lambda c: c.enqueue(to_js(b"x")), cancel=cancel))

    async def used(self, request):
        response = js.Response.new("x")
        await response.text()
        return response

    async def locked(self, request):
        response = js.Response.new(stream())
        response.body.getReader()
        return response

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        stub = raw(self.env.A.getByName("a"))
        name = request.url.rsplit("/", 1)[1]
        if name == "log":
            return await stub.fetch("http://x/log")
        return Response(repr(await globals()[name](stub)))
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


def run(project: Project, program: str) -> str:
    """Give what `async def main(stub)` returns."""
    project.load(OBJECT + program)
    return project.ask("http://x/main").text


def test_what_has_come_without_a_body_has_an_empty_one(project: Project) -> None:
    result = run(
        project,
        """
async def main(stub):
    found = []
    for path, method in [("empty", "GET"), ("empty", "HEAD"), ("without", "GET")]:
        response = await stub.fetch("http://x/" + path, method=method)
        found.append(response.body is jsnull)
    return found
""",
    )

    assert result == "[False, True, True]"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", []),
        (", method='POST'", []),
        (", method='POST', body=to_js(b'four')", [("content-length", "4")]),
        (", method='POST', body=js.Blob.new(to_js(['é']))", [("content-length", "2")]),
        (
            ", method='POST', body=stream(start=lambda c: c.close())",
            [("transfer-encoding", "chunked")],
        ),
        (
            ", method='POST', body=to_js(b'x'), headers=to_js([['content-length', '9']])",
            [("content-length", "9")],
        ),
    ],
)
def test_an_object_is_told_how_long_a_body_is(
    project: Project, given: str, told: list[tuple[str, str]]
) -> None:
    result = run(
        project,
        f"""
async def main(stub):
    return await (await stub.fetch("http://x/headers"{given})).text()
""",
    )

    assert result == repr(repr(told))


@pytest.mark.parametrize("body", ["'text'", "stream(start=lambda c: c.enqueue(to_js(b'x')))"])
def test_the_body_of_a_request_cannot_be_read_once_it_is_answered(
    project: Project, body: str
) -> None:
    result = run(
        project,
        f"""
async def main(stub):
    await stub.fetch("http://x/later", method="POST", body={body})
    await asyncio.sleep(0.02)
    return await (await stub.fetch("http://x/log")).text()
""",
    )

    said = "TypeError: Can't read from request stream after response has been sent."
    assert result == repr(repr([said]))


def test_an_error_of_an_objects_body_is_marked_as_of_elsewhere(project: Project) -> None:
    result = run(
        project,
        """
async def main(stub):
    response = await stub.fetch("http://x/failed")
    try:
        await response.text()
    except JsException as error:
        return told(error), error.remote
""",
    )

    assert result == "('RangeError: mine', True)"


USED = (
    "TypeError: Body has already been used. It can only be used once. Use tee() first if you need"
    " to read it twice."
)


@pytest.mark.parametrize(
    ("path", "text"),
    [("used", USED), ("locked", "TypeError: The ReadableStream has been locked to a reader.")],
)
def test_a_body_that_cannot_be_given_away_is_the_objects_error(
    project: Project, path: str, text: str
) -> None:
    result = run(
        project,
        f"""
async def main(stub):
    try:
        await stub.fetch("http://x/{path}")
    except JsException as error:
        return told(error), error.remote
""",
    )

    assert result == repr((text, True))


@pytest.mark.parametrize(
    ("path", "seen"), [("written", ["Error: Network connection lost."]), ("pulled", [None])]
)
@pytest.mark.parametrize(
    "then",
    ["return None", "await response.body.getReader().read()", "await response.body.cancel('why')"],
)
def test_whoever_makes_a_body_hears_that_nobody_reads_the_rest(
    project: Project, path: str, seen: list[str | None], then: str
) -> None:
    run(
        project,
        f"""
async def main(stub):
    response = await stub.fetch("http://x/{path}")
    {then}
""",
    )

    assert project.ask("http://x/log").text == repr(seen)


def test_a_body_that_the_worker_waits_for_is_read_to_its_end(project: Project) -> None:
    project.load(
        OBJECT
        + """
LENGTHS = []

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("lengths"):
            return Response(repr(LENGTHS))
        stub = raw(self.env.A.getByName("a"))
        response = await stub.fetch("http://x/pulled")
        self.ctx.waitUntil(asyncio.ensure_future(self.count(response.body.getReader())))
        return Response("counting")

    async def count(self, reader):
        for _ in range(50):
            await asyncio.sleep(0)
            LENGTHS.append((await reader.read()).value.length)
"""
    )
    assert project.ask("http://x/").text == "counting"

    async def counted() -> None:
        while (await project.answer("http://x/lengths")).text != repr([1] * 50):
            pass

    project.loop.run_until_complete(asyncio.wait_for(counted(), 5))

"""`fetch` against a server of our own; the answers are workerd's, asked through wrangler."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from aiohttp import web

from pydo.serve.fetcher import Fetcher
from tests.host.project import Project

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

FOUND = "hello gzip" * 10


Handler: TypeAlias = "Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]"


class Server:
    """Answers as the paths say; `seen` holds what came, `url` is where it listens."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.url = ""
        self.release = asyncio.Event()
        self.was_left = asyncio.Event()
        self.bytes_sent = 0
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        name = request.path.split("/")[1]
        answer: Handler | None = getattr(self, f"_{name}", None)
        if answer is None:
            return web.Response(status=404, text="nothing")
        return await answer(request)

    async def _note(self, request: web.BaseRequest) -> None:
        body = await request.content.read()
        self.seen.append((request.method, request.raw_path, dict(request.headers), body))

    async def _echo(self, request: web.BaseRequest) -> web.StreamResponse:
        await self._note(request)
        return web.Response(text=self.seen[-1][3].decode("latin-1"))

    async def _redirect(self, request: web.BaseRequest) -> web.StreamResponse:
        await self._note(request)
        left, status = int(request.path.split("/")[2]), int(request.query.get("status", "302"))
        onward = f"/redirect/{left - 1}?status={status}"
        to = request.query.get("to", "/echo") if left == 1 else onward
        return web.Response(status=status, headers={"Location": to})

    async def _nowhere(self, request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"X-Path": request.path})

    async def _gzip(self, request: web.BaseRequest) -> web.StreamResponse:
        body = gzip.compress(FOUND.encode())
        if request.path.endswith("short"):
            body = body[:20]
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    async def _not_gzip(self, request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=request.path.encode(), headers={"Content-Encoding": "gzip"})

    async def _deflate(self, request: web.BaseRequest) -> web.StreamResponse:
        assert request.can_read_body is False
        return web.Response(body=zlib.compress(b"x"), headers={"Content-Encoding": "deflate"})

    async def _cookies(self, request: web.BaseRequest) -> web.StreamResponse:
        await self._note(request)
        response = web.Response()
        for name, value in (
            ("Set-Cookie", "a=1; Path=/"),
            ("Set-Cookie", "b=2"),
            ("X-A", "1"),
            ("X-A", "2"),
        ):
            response.headers.add(name, value)
        return response

    async def _status(self, request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(
            status=int(request.path.split("/")[2]), reason=request.query.get("reason")
        )

    async def _slow(self, request: web.BaseRequest) -> web.StreamResponse:
        await self._note(request)
        await self.release.wait()
        return web.Response(text="late")

    async def _trickle(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await self.release.wait()
        await response.write(b"last")
        return response

    async def _flood(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            for _ in range(1000):
                await response.write(bytes(100_000))
                self.bytes_sent += 100_000
        except ConnectionError:
            self.was_left.set()
        return response

    async def _cut(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b"abc")
        assert request.transport is not None
        request.transport.close()
        return response

    async def _hang_up(self, request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project with a way out."""
    fetcher = Fetcher("test")
    project = Project(tmp_path, fetch_port=fetcher.send)
    yield project
    project.loop.run_until_complete(fetcher.close())
    project.close()


@pytest.fixture
def server(project: Project) -> Iterator[Server]:
    """A server on the loop of the project."""

    async def make() -> Server:
        server = Server()
        await server.start()
        return server

    server = project.loop.run_until_complete(make())
    yield server
    server.release.set()
    project.loop.run_until_complete(server.close())


@pytest.fixture
def run(project: Project, server: Server) -> Callable[[str], Any]:
    """Run the body of a function that has `S`, the address of the server."""

    def run(body: str) -> Any:
        lines = "\n    ".join(body.strip("\n").splitlines())
        return project.run(f"S = {server.url!r}\nasync def main(env, ctx):\n    {lines}\n")

    return run


Run = Any  # what the fixture gives


def test_a_request_carries_what_it_was_given(run: Run, server: Server) -> None:
    answer = run("""\
r = await js.fetch(S + "/echo?a='b'#part", method="POST", body="abc")
return [r.status, r.statusText, r.url, r.redirected, r.type, await r.text()]""")

    assert answer == [200, "OK", f"{server.url}/echo?a=%27b%27", False, "default", "abc"]
    method, path, headers, body = server.seen[0]
    assert (method, path, body) == ("POST", "/echo?a=%27b%27", b"abc")
    assert headers == {
        "Host": server.url.removeprefix("http://"),
        "CF-Worker": "test.example.com",
        "Content-Type": "text/plain;charset=UTF-8",
        "Content-Length": "3",
    }


def test_a_stream_is_sent_in_chunks_also_if_all_of_it_is_there(run: Run, server: Server) -> None:
    answer = run("""\
from pyodide.ffi import create_proxy, to_js
def start(controller):
    controller.enqueue(to_js(b"a"))
    controller.enqueue(to_js(b"b"))
    controller.close()
body = js.ReadableStream.new(start=create_proxy(start))
return await (await js.fetch(S + "/echo", method="POST", body=body)).text()""")

    assert answer == "ab"
    headers = server.seen[0][2]
    assert (headers.get("Transfer-Encoding"), "Content-Length" in headers) == ("chunked", False)


def test_the_sdk_and_pyfetch_send_the_same(run: Run, server: Server) -> None:
    answer = run("""\
from pyodide.http import pyfetch
r = await workers.fetch(S + "/echo", method="PUT", body=b"by", headers={"X-A": "1"})
q = await pyfetch(S + "/echo", method="POST", body="py")
return [await r.text(), r.status, r.ok, await q.string(), q.url, q.status_text]""")

    assert answer == ["by", 200, True, "py", f"{server.url}/echo", "OK"]
    assert [(method, body) for method, _, _, body in server.seen] == [
        ("PUT", b"by"),
        ("POST", b"py"),
    ]
    assert server.seen[0][2]["X-A"] == "1"


def test_the_connection_keeps_its_own_headers(run: Run, server: Server) -> None:
    run("""\
await workers.fetch(S + "/echo", headers={
    "X-A": "1", "User-Agent": "me", "Host": "evil", "Content-Length": "7", "Connection": "close",
    "Transfer-Encoding": "chunked", "Cookie": "a=b", "CF-Connecting-IP": "1.2.3.4"})""")

    assert server.seen[0][2] == {
        "Host": server.url.removeprefix("http://"),
        "CF-Worker": "test.example.com",
        "X-A": "1",
        "User-Agent": "me",
        "Cookie": "a=b",
    }


def test_user_and_password_stay_at_home(run: Run, server: Server) -> None:
    address = server.url.replace("http://", "http://u:p@")

    assert run(f"return (await js.fetch({address!r} + '/echo')).url") == f"{address}/echo"
    assert "Authorization" not in server.seen[0][2]


def test_no_cookie_is_kept(run: Run, server: Server) -> None:
    answer = run("""\
r = await js.fetch(S + "/cookies")
await js.fetch(S + "/cookies")
told = [list(pair) for pair in r.headers if pair[0] in ("set-cookie", "x-a")]
return [told, list(r.headers.getSetCookie())]""")

    cookies = ["a=1; Path=/", "b=2"]
    assert answer == [[*(["set-cookie", c] for c in cookies), ["x-a", "1, 2"]], cookies]
    assert "Cookie" not in server.seen[1][2]


def test_a_cache_mode_asks_for_a_fresh_answer(run: Run, server: Server) -> None:
    run("await js.fetch(S + '/echo', cache='no-store')")

    headers = server.seen[0][2]
    assert (headers["Cache-Control"], headers["Pragma"]) == ("no-cache", "no-cache")


@pytest.mark.parametrize(
    ("method", "status", "seen"),
    [
        ("POST", 301, ("GET", b"", "text/plain;charset=UTF-8")),
        ("POST", 302, ("GET", b"", "text/plain;charset=UTF-8")),
        ("POST", 303, ("GET", b"", "text/plain;charset=UTF-8")),
        ("POST", 307, ("POST", b"b", "text/plain;charset=UTF-8")),
        ("POST", 308, ("POST", b"b", "text/plain;charset=UTF-8")),
        ("PUT", 302, ("PUT", b"b", "text/plain;charset=UTF-8")),
        ("PUT", 303, ("GET", b"", "text/plain;charset=UTF-8")),
    ],
)
def test_a_redirection_keeps_or_drops_the_body(
    run: Run, server: Server, method: str, status: int, seen: tuple[str, bytes, str]
) -> None:
    answer = run(f"""\
r = await js.fetch(S + "/redirect/1?status={status}", method="{method}", body="b")
return [r.status, r.redirected, r.url]""")

    assert answer == [200, True, f"{server.url}/echo"]
    last = server.seen[-1]
    assert (last[0], last[3], last[2]["Content-Type"]) == seen


def test_twenty_redirections_are_followed(run: Run, server: Server) -> None:
    assert run("return (await js.fetch(S + '/redirect/20')).url") == f"{server.url}/echo"
    text = run("return await attempt(js.fetch(S + '/redirect/21'))")
    assert text.startswith(f"TypeError: Too many redirects.{server.url}/redirect/21, ")
    assert text.endswith(f", {server.url}/redirect/1?status=302")


def test_a_redirection_may_be_left_to_the_caller(run: Run) -> None:
    answer = run("""\
r = await js.fetch(S + "/redirect/1", redirect="manual")
return [r.status, r.headers.get("location"), r.redirected, r.type]""")

    assert answer == [302, "/echo", False, "default"]


def test_what_authorizes_stays_with_its_host(run: Run, server: Server) -> None:
    away = server.url.replace("127.0.0.1", "localhost")

    run(f"""\
headers = {{"Authorization": "x", "Cookie": "c=1"}}
await workers.fetch({away!r} + "/redirect/1?to=" + S + "/echo", headers=headers)
await workers.fetch(S + "/redirect/1", headers=headers)""")

    seen = [(path, "Authorization" in headers) for _, path, headers, _ in server.seen]
    assert seen[1:] == [("/echo", False), ("/redirect/1", True), ("/echo", True)]
    assert server.seen[1][2]["Cookie"] == "c=1"


def test_redirections_that_lead_nowhere(run: Run) -> None:
    answer = run("""\
stream = js.ReadableStream.from_(iter([to_js(b"s")]))
return [
    (await js.fetch(S + "/nowhere")).status,
    await attempt(js.fetch(S + "/redirect/1?to=http://[")),
    await attempt(js.fetch(S + "/redirect/1?to=ftp://x/")),
    await attempt(js.fetch(S + "/redirect/1?status=307", method="POST", body=stream)),
]""")

    assert answer == [
        302,
        "TypeError: Invalid Location header; unable to follow redirect.",
        "TypeError: Fetch API cannot load: ftp://x/",
        (
            "TypeError: A request with a one-time-use body (it was initialized from a stream, not a"
            " buffer) encountered a redirect requiring the body to be retransmitted. To avoid this "
            "error in the future, construct this request from a buffer-like body initializer."
        ),
    ]


def test_requests_that_do_not_leave(run: Run, server: Server) -> None:
    answer = run("""\
return [await attempt(call()) for call in (
    lambda: js.fetch(),
    lambda: js.fetch("/x"),
    lambda: js.fetch("ftp://x/"),
    lambda: js.fetch("data:xx"),
    lambda: js.fetch(S, body="x"),
    lambda: js.fetch(S, redirect="error"),
    lambda: js.fetch(S, signal=5),
)]""")

    assert answer == [
        (
            "TypeError: Failed to execute 'fetch' on 'ServiceWorkerGlobalScope': parameter 1 is "
            "not of type 'Request or string'."
        ),
        "TypeError: Invalid URL: /x",
        "TypeError: Fetch API cannot load: ftp://x/",
        "TypeError: Fetch API cannot load: data:xx",
        "TypeError: Request with a GET or HEAD method cannot have a body.",
        (
            'TypeError: Invalid redirect value, must be one of "follow" or "manual" ("error" '
            'won\'t be implemented since it does not make sense at the edge; use "manual" and '
            "check the response status code)."
        ),
        (
            "TypeError: Incorrect type for the 'signal' field on 'RequestInitializerDict': the "
            "provided value is not of type 'AbortSignal'."
        ),
    ]
    assert server.seen == []


def test_an_address_may_hold_its_contents(run: Run) -> None:
    answer = run("""\
r = await js.fetch("data:text/plain;charset=UTF-8;base64,aGk=")
return [r.status, r.statusText, r.url, [list(pair) for pair in r.headers], await r.text()]""")

    assert answer == [200, "OK", "", [["content-type", "text/plain;charset=UTF-8"]], "hi"]


def test_a_compressed_answer_is_decoded(run: Run) -> None:
    answer = run("""\
r = await js.fetch(S + "/gzip")
manual = await js.fetch(S + "/gzip", encodeResponseBody="manual")
return [
    r.headers.get("content-encoding"), r.headers.get("content-length"), await r.text(),
    (await manual.arrayBuffer()).byteLength,
    (await (await js.fetch(S + "/deflate")).arrayBuffer()).byteLength,
    await attempt((await js.fetch(S + "/gzip/short")).text()),
    await attempt((await js.fetch(S + "/not_gzip")).text()),
]""")

    size = len(gzip.compress(FOUND.encode()))
    assert answer == [
        "gzip",
        str(size),
        FOUND,
        size,
        len(zlib.compress(b"x")),
        "TypeError: Gzip compressed stream ended prematurely.",
        "TypeError: Gzip decompression failed.",
    ]


def test_statuses_and_null_bodies(run: Run) -> None:
    answer = run("""\
async def told(path, **init):
    r = await js.fetch(S + path, **init)
    return [r.status, r.statusText, repr(r.body) == "jsnull"]
return [
    await told("/status/299?reason=Odd"), await told("/status/600"), await told("/status/204"),
    await told("/status/304"), await told("/gzip", method="HEAD"), await told("/echo"),
]""")

    assert answer == [
        [299, "Odd", False],
        [600, "", False],
        [204, "No Content", True],
        [304, "Not Modified", True],
        [200, "OK", True],
        [200, "OK", False],
    ]


def test_connections_fail_in_productions_words(run: Run) -> None:
    answer = run("""\
async def told(awaitable):
    try:
        await awaitable
    except JsException as error:
        return [error.name, error.message[:26], getattr(error, "retryable", None),
                getattr(error, "remote", None)]
async def read(path):
    return await (await js.fetch(S + path)).text()
return [
    await told(js.fetch("http://127.0.0.1:9/")),
    await told(js.fetch("http://nosuchhost.invalid/")),
    await told(js.fetch(S.replace("http:", "https:"))),
    await told(js.fetch(S + "/hang_up")),
    await told(read("/cut")),
]""")

    assert answer == [
        ["Error", "Network connection lost.", True, True],
        ["Error", "internal error; reference ", None, True],
        ["Error", "internal error; reference ", None, True],
        ["Error", "Network connection lost.", True, True],
        ["Error", "Network connection lost.", True, None],
    ]


def test_the_sdk_tells_of_a_failure_as_an_os_error(run: Run) -> None:
    answer = run("""\
try:
    await workers.fetch("http://127.0.0.1:9/")
except OSError as error:
    return [type(error).__name__, str(error)]""")

    assert answer == ["AbortError", "Network connection lost."]


def test_a_signal_aborts_a_request_and_its_answer(run: Run) -> None:
    answer = run("""\
async def aborted(path, reason=None, read=False):
    controller = js.AbortController.new()
    call = js.fetch(S + path, signal=controller.signal)
    if read:
        call = (await call).text()
    asyncio.get_running_loop().call_later(0.02, controller.abort, reason)
    return await attempt(call)
return [
    await attempt(js.fetch(S + "/echo", signal=js.AbortSignal.abort())),
    await attempt(js.fetch(S + "/echo", signal=js.AbortSignal.abort("why"))),
    await aborted("/slow"),
    await aborted("/slow", js.TypeError.new("mine")),
    await attempt(js.fetch(S + "/slow", signal=js.AbortSignal.timeout(20))),
    await aborted("/trickle", read=True),
    (await js.fetch(S + "/echo", signal=js.AbortController.new().signal)).status,
]""")

    assert answer == [
        "AbortError: The operation was aborted",
        "Error: why",
        "AbortError: The operation was aborted",
        "TypeError: mine",
        "TimeoutError: The operation was aborted due to timeout",
        "AbortError: The operation was aborted",
        200,
    ]


def test_a_time_limit_of_asyncio_ends_a_request(run: Run) -> None:
    answer = run("""\
try:
    async with asyncio.timeout(0.02):
        await workers.fetch(S + "/slow")
except TimeoutError:
    return "in time"
""")

    assert answer == "in time"


def test_an_answer_comes_as_it_is_sent(run: Run, server: Server) -> None:
    server.release.clear()
    answer = run("""\
r = await js.fetch(S + "/trickle")
reader = r.body.getReader()
first = (await reader.read()).value.to_bytes()
await js.fetch(S + "/release")
return [first, r.bodyUsed]""")

    assert answer == [b"first", True]


def test_an_answer_is_read_no_faster_than_it_is_used(run: Run, server: Server) -> None:
    run("""\
r = await js.fetch(S + "/flood")
reader = r.body.getReader()
await reader.read()
await asyncio.sleep(0.1)
await reader.cancel()""")

    assert server.bytes_sent < 20_000_000


def test_a_stream_is_sent_as_it_comes(run: Run, server: Server) -> None:
    answer = run("""\
async def chunks():
    for text in ("s1", "", "s2"):
        await asyncio.sleep(0)
        yield to_js(text.encode())
stream = js.ReadableStream.from_(chunks())
return await (await js.fetch(S + "/echo", method="POST", body=stream)).text()""")

    assert answer == "s1s2"
    assert server.seen[0][2]["Transfer-Encoding"] == "chunked"


def test_a_stream_of_known_length_names_it(run: Run, server: Server) -> None:
    run("""\
fixed = js.FixedLengthStream.new(4)
writer = fixed.writable.getWriter()
async def write():
    await writer.write(to_js(b"s1"))
    await writer.write(to_js(b"s2"))
    await writer.close()
await asyncio.gather(write(), js.fetch(S + "/echo", method="POST", body=fixed.readable))""")

    assert (server.seen[0][2]["Content-Length"], server.seen[0][3]) == ("4", b"s1s2")


def test_an_error_of_the_stream_is_the_error_of_the_request(run: Run) -> None:
    answer = run("""\
async def chunks():
    yield to_js(b"s1")
    raise ValueError("mine")
try:
    await js.fetch(S + "/echo", method="POST", body=js.ReadableStream.from_(chunks()))
except JsException as error:
    return error.name, error.message.splitlines()[-1]""")

    assert answer == ("PythonError", "ValueError: mine")


@pytest.mark.parametrize("then", ["return None", "await response.body.getReader().read()"])
def test_a_body_that_is_left_unread_is_given_up_with_the_request(
    project: Project, server: Server, run: Run, then: str
) -> None:
    run(f"""\
response = await js.fetch(S + "/flood")
{then}""")

    project.loop.run_until_complete(asyncio.wait_for(server.was_left.wait(), 5))


def test_large_bodies_go_both_ways(run: Run) -> None:
    answer = run("""\
r = await js.fetch(S + "/echo", method="POST", body="x" * 3_000_000)
return len(await r.text())""")

    assert answer == 3_000_000


def test_a_request_waits_for_what_was_written_before_it(project: Project, server: Server) -> None:
    # The turn is lost, and the request with it.
    answer = project.run(f"""
class A(DurableObject):
    async def run(self):
        await self.ctx.storage.put("a", 1)
        asyncio.ensure_future(js.fetch("{server.url}/echo"))
        self.ctx.abort("lost")

async def main(env, ctx):
    try:
        await env.A.get(env.A.idFromName("a")).run()
    except JsException as error:
        return told(error)
""")

    assert answer == "Error: lost"
    assert server.seen == []


def test_an_answer_is_an_arrival_at_the_object(project: Project, server: Server) -> None:
    server.release.set()
    answer = project.run(f"""
class A(DurableObject):
    async def run(self):
        order = []
        async def fetched():
            r = await js.fetch("{server.url}/echo")
            order.append("answer")
            await r.text()
            order.append("text")
        task = asyncio.ensure_future(fetched())
        async def section():
            await asyncio.sleep(0.1)
            order.append("section")
        await self.ctx.blockConcurrencyWhile(section)
        await task
        return order

async def main(env, ctx):
    return await env.A.get(env.A.idFromName("a")).run()
""")

    assert answer == ["section", "answer", "text"]


def test_a_certificate_that_nobody_vouches_for_is_refused(
    project: Project, certificate: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)

    server = project.loop.run_until_complete(serve())
    port = server.sockets[0].getsockname()[1]
    answer = project.run(f"""
async def main(env, ctx):
    return await attempt(js.fetch("https://127.0.0.1:{port}/"))
""")
    server.close()

    assert answer.startswith("Error: internal error; reference = ")


@pytest.mark.parametrize(("status", "method"), [(307, "POST"), (308, "POST"), (302, "PUT")])
def test_a_stream_is_not_sent_again_after_a_redirection(
    run: Run, server: Server, status: int, method: str
) -> None:
    text = run(f"""
def start(controller):
    controller.enqueue(to_js(b"once"))
    controller.close()
source = to_js({{"start": create_proxy(start)}}, dict_converter=Object.fromEntries)
return await attempt(js.fetch(S + "/redirect/1?status={status}", method="{method}",
    body=js.ReadableStream.new(source)))""")

    assert text.startswith("TypeError: A request with a one-time-use body")
    assert [path for _, path, _, _ in server.seen] == [f"/redirect/1?status={status}"]


def test_an_empty_location_leads_nowhere(run: Run) -> None:
    answer = run("""
r = await js.fetch(S + "/redirect/1?to=")
return [r.status, r.redirected]""")

    assert answer == [302, False]


@pytest.mark.parametrize("method", ["OPTIONS", "PROPFIND", "PATCH", "DELETE", "POST"])
def test_a_request_without_a_body_says_so(run: Run, server: Server, method: str) -> None:
    run(f'return (await js.fetch(S + "/echo", method="{method}")).status')

    assert server.seen[-1][2]["Content-Length"] == "0"


def test_an_abort_without_a_reason_can_be_tried_again(run: Run) -> None:
    answer = run("""
found = []
for signal in (js.AbortSignal.abort(), js.AbortSignal.timeout(1), js.AbortSignal.abort("mine")):
    try:
        await js.fetch(S + "/slow", signal=signal)
    except JsException as error:
        found.append([error.name, getattr(error, "retryable", None)])
return found""")

    assert answer == [["AbortError", True], ["TimeoutError", True], ["Error", None]]


def test_an_address_that_cannot_be_read_is_no_address(run: Run) -> None:
    assert run("return await attempt(js.fetch('http://localhost:99999/'))") == (
        "TypeError: Invalid URL: http://localhost:99999/"
    )

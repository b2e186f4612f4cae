"""Calls between objects: what arrives of arguments, results, functions and errors.

What workerd does was asked of wrangler 4.86 with the same calls in JavaScript; what the SDK makes
of it was recorded from Pyodide 0.28.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.loader import format_user_error

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
    project = Project(tmp_path, date="2026-03-01")
    yield project
    project.close()


ECHO = """
class A(DurableObject):
    def echo(self, x):
        return x

    def kind(self, x):
        return type(x).__name__

"""


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        ("None", None),
        ("[True, 'a\\x00ü', 7, 2**70, 1.5]", [True, "a\x00ü", 7, 2**70, 1.5]),
        ("1.0", 1),
        ("{'a': {'b': [None]}}", {"a": {"b": [None]}}),
        ("{2: 'b', 1: 'a', 'x': 'c'}", {"1": "a", "2": "b", "x": "c"}),
        ("{None: 1}", {"undefined": 1}),
        ("{1, 2}", {1, 2}),
        ("float('inf')", "overflow"),
        ("Colour.RED", "red"),
    ],
)
def test_plain_values_arrive_as_copies(project: Project, sent: str, arrives: object) -> None:
    if arrives == "overflow":
        arrives = "inf"
        sent_result = "str(await stub.echo(float('inf')))"
    else:
        sent_result = f"await stub.echo({sent})"

    result = project.run(
        f"""{ECHO}
import enum
class Colour(enum.StrEnum):
    RED = "red"

async def main(env, ctx):
    stub = env.A.getByName("a")
    return {sent_result}
"""
    )

    assert result == arrives


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ("b'ab'", "memoryview"),
        ("{'a': 1}", "JsDict"),
        ("datetime.datetime(2026, 1, 2)", "datetime"),
        ("ValueError('x')", "Exception"),
        ("Response('x')", "Response"),
        ("Request('http://x/')", "Request"),
        ("workers.FormData({'a': 'b'})", "FormData"),
        ("workers.Blob('x')", "Blob"),
        ("js.Headers.new({'a': 'b'}.items())", "JsProxy"),
        ("js.Date.new(0)", "datetime"),
        ("js.Map.new([['a', 1]])", "JsDict"),
        ("js.RangeError.new('x')", "JsException"),
        ("lambda: 1", "JsProxy"),
        ("env.A.getByName('b')", "JsProxy"),
    ],
)
def test_arguments_arrive_as_what_the_sdk_makes_of_them(
    project: Project, sent: str, kind: str
) -> None:
    result = project.run(
        f"""{ECHO}
import datetime
async def main(env, ctx):
    return await env.A.getByName("a").kind({sent})
"""
    )

    assert result == kind


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ("(1, 2)", "TypeError <class 'tuple'> cannot be sent over RPC."),
        ("[bytearray(b'')]", "TypeError <class 'bytearray'> cannot be sent over RPC."),
        ("{'a': 1j}", "JsException DataCloneError: [object Object] could not be cloned."),
        ("range(3)", "JsException DataCloneError: [object Object] could not be cloned."),
        ("Thing()", "JsException DataCloneError: [object Object] could not be cloned."),
        ("Thing", "JsException DataCloneError: [object Object] could not be cloned."),
        ("to_js({'a': 1})", "JsException DataCloneError: [object Map] could not be cloned."),
        (
            "env.A.newUniqueId()",
            (
                'JsException DataCloneError: Could not serialize object of type "DurableObjectId".'
                " This type does not support serialization."
            ),
        ),
        (
            "[js.URL.new('http://x/')]",
            (
                'JsException DataCloneError: Could not serialize object of type "URL". This type'
                " does not support serialization."
            ),
        ),
        (
            "'x' * (33 * 1024 * 1024)",
            (
                "JsException Error: Serialized RPC arguments or return values are limited to 32MiB,"
                " but the size of this value was: 34603020 bytes."
            ),
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_at_the_caller(
    project: Project, sent: str, error: str
) -> None:
    result = project.run(
        f"""{ECHO}
class Thing:
    pass

async def main(env, ctx):
    try:
        return await env.A.getByName("a").echo({sent})
    except Exception as error:
        return [f"{{type(error).__name__}} {{error}}", hasattr(error, "remote")]
"""
    )

    assert result == [error, False]


def test_results_are_held_to_the_same_rules(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    def tuple(self): return (1,)
    def own_id(self): return self.ctx.id
    def thing(self): return object()
    def big(self): return "x" * (33 * 1024 * 1024)

async def main(env, ctx):
    stub, found = env.A.getByName("a"), []
    for name in ("tuple", "own_id", "thing", "big"):
        try:
            await getattr(stub, name)()
        except JsException as error:
            found.append((error.name, error.message.splitlines()[-1], error.remote))
    return found
"""
    )

    assert result == [
        ("PythonError", "TypeError: <class 'tuple'> cannot be sent over RPC.", True),
        (
            "DataCloneError",
            (
                'Could not serialize object of type "DurableObjectId". This type does not support'
                " serialization."
            ),
            True,
        ),
        ("DataCloneError", "[object Object] could not be cloned.", True),
        (
            "Error",
            (
                "Serialized RPC arguments or return values are limited to 32MiB, but the size of"
                " this value was: 34603015 bytes."
            ),
            True,
        ),
    ]


def test_a_proxy_that_is_kept_is_not_shared(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    def keep(self):
        self.kept = to_js([1, {"a": 2}], dict_converter=Object.fromEntries)
        return self.kept
    def change(self):
        self.kept[0] = 9
        return self.kept

async def main(env, ctx):
    stub = env.A.getByName("a")
    first = await stub.keep()
    return [await stub.change(), first]
"""
    )

    assert result == [[9, {"a": 2}], [1, {"a": 2}]]


def test_a_message_over_rpc_is_moved(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    async def read(self, message):
        return [message.headers["x"], await message.text()]
    def make(self):
        return Response("made", status=201, headers={"x": "y"})
    def upgrade(self, response):
        return response

async def main(env, ctx):
    stub = env.A.getByName("a")
    response = Response("body", headers={"x": "1"})
    request = Request("http://x/", method="POST", body="sent", headers={"x": "2"})
    found = [await stub.read(response), await stub.read(request), response.body_used]
    found.append(await attempt(stub.read(response)))
    made = await stub.make()
    return [*found, made.status, made.headers["x"], await made.text()]
"""
    )

    assert result == [
        ["1", "body"],
        ["2", "sent"],
        True,
        "TypeError: The ReadableStream has been locked to a reader.",
        201,
        "y",
        "made",
    ]


# -- functions


def test_a_function_in_a_result_is_called_where_it_was_made(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    count = 0
    def counter(self, start):
        async def add(n=1):
            await self.ctx.storage.put("n", (await self.ctx.storage.get("n") or start) + n)
            self.count += 1
            return await self.ctx.storage.get("n")
        return {"add": add, "double": lambda x: x * 2}
    def calls(self):
        return [self.count, self.get()]
    def get(self):
        return 7

async def main(env, ctx):
    stub = env.A.getByName("a")
    found = await stub.counter(10)
    add = (await stub.plain()) if False else found.add
    return [await add(5), await add(), await found["double"](4), await stub.calls()]
"""
    )

    assert result == [15, 16, 8, [2, 7]]


def test_a_function_result_is_a_callable_stub(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    def counter(self):
        n = 0
        def add(d=1):
            nonlocal n
            n += d
            return n
        return add
    def failing(self):
        def fail():
            raise ValueError("in function")
        return fail
    def inexpressible(self):
        return lambda: {"a": 1}

async def main(env, ctx):
    stub = env.A.getByName("a")
    add = await stub.counter()
    found = [type(add).__name__, await asyncio.gather(add(), add(2), add())]
    found.append(await attempt(add.foo()))
    other = add.dup()
    found.append(await other(10))
    try:
        await (await stub.failing())()
    except JsException as error:
        found.append([error.name, error.message.splitlines()[-1], error.remote])
    found.append(await attempt((await stub.inexpressible())()))
    return found
"""
    )

    assert result == [
        "_RpcStubWrapper",
        [1, 3, 4],
        'TypeError: The RPC receiver does not implement the method "foo".',
        14,
        ["PythonError", "ValueError: in function", True],
        "DataCloneError: [object Object] could not be cloned.",
    ]


def test_a_function_in_an_argument_lives_as_long_as_the_call(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    async def call(self, f, *values):
        return await f(*values)
    def keep(self, f):
        self.kept = f
    def keep_dup(self, f):
        self.kept = f.dup()
    async def again(self):
        return await self.kept(1)
    async def send_on(self, f):
        return await self.env.B.getByName("b").call(f, 3)
    async def give_back(self, f):
        return f

class B(A):
    pass

async def main(env, ctx):
    stub = env.A.getByName("a")
    seen = []
    async def add(a, b=10):
        await asyncio.sleep(0)
        seen.append(a)
        return a + b
    found = [await stub.call(add, 1, 2), await stub.call(lambda: None)]
    await stub.keep(add)
    found.append(await attempt(stub.again()))
    await stub.keep_dup(add)
    found.append(await stub.again())
    found.append(await stub.send_on(add))
    found.append(await (await stub.give_back(add))(5))
    def fail():
        raise js.RangeError.new("in callback")
    found.append(await attempt(stub.call(fail)))
    return [*found, seen]
"""
    )

    assert result == [
        3,
        None,
        "Error: RPC stub used after being disposed.",
        11,
        13,
        15,
        "RangeError: in callback",
        [1, 1, 3, 5],
    ]


def test_functions_end_with_their_object_or_their_request(project: Project) -> None:
    gone = "Error: The execution context which hosts this callback is no longer running."
    source = """
class A(DurableObject):
    def counter(self):
        return lambda: 1
    def reset(self):
        self.ctx.abort("why")
    def keep(self, f):
        self.kept = f.dup()
    async def again(self):
        return await self.kept()

async def main(env, ctx):
    keeper = env.A.getByName("keeper")
    if not hasattr(js, "been_here") and not seen:
        seen.append(1)
        stub = env.A.getByName("a")
        count = await stub.counter()
        await attempt(stub.reset())
        await keeper.keep(lambda: 5)
        return [await attempt(count()), await keeper.again()]
    return await attempt(keeper.again())

seen = []
"""

    first = project.run(source)
    second = project.ask().text

    assert first == [gone, 5]
    assert second == repr(gone)


def test_an_object_stays_awake_for_a_function_that_others_hold(project: Project) -> None:
    project.run(
        """
class A(DurableObject):
    def give(self):
        return lambda: 1

class B(DurableObject):
    async def take(self):
        self.kept = await self.env.A.getByName("a").give()
    def drop(self):
        del self.kept

async def main(env, ctx):
    await env.B.getByName("b").take()
"""
    )
    namespace = project.bound["A"]
    container = namespace.container(namespace.ids.from_name("a"))

    assert container.actor is not None
    assert container.actor.is_busy
    project.run(
        """
class A(DurableObject): pass
class B(DurableObject): pass
async def main(env, ctx): return 1
"""
    )


# -- errors


CROSSING = """
class A(DurableObject):
    def fail(self, name):
        if name == "custom":
            error = js.Error.new("words")
            error.name = "CustomError"
            error.code = 42
            error.detail = to_js({"a": [1]}, dict_converter=Object.fromEntries)
            raise error
        if name == "cause":
            raise js.TypeError.new("outer", {"cause": js.RangeError.new("inner")})
        if name == "python":
            raise ValueError("bad")
        raise getattr(js, name).new("words")
    async def fetch(self, request):
        self.fail("TypeError")

def shown(error):
    own = {k: str(v) for k, v in vars(error).items()
           if k not in ("name", "message", "stack", "durableObjectId")}
    return [error.name, error.message.splitlines()[-1], own]

async def caught(awaitable):
    try:
        await awaitable
    except JsException as error:
        return shown(error)

"""


def test_errors_keep_their_names_and_members(project: Project) -> None:
    result = project.run(
        CROSSING
        + """
async def main(env, ctx):
    stub = env.A.getByName("a")
    names = ("TypeError", "custom", "cause", "python")
    return [await caught(stub.fail(name)) for name in names] + [await caught(raw(stub).fetch("http://x"))]
"""
    )

    assert result == [
        ["TypeError", "words", {"remote": "True"}],
        ["CustomError", "words", {"code": "42", "detail": "[object Object]", "remote": "True"}],
        ["TypeError", "outer", {"cause": "RangeError: inner", "remote": "True"}],
        ["PythonError", "ValueError: bad", {"type": "ValueError", "remote": "True"}],
        ["TypeError", "words", {"remote": "True"}],
    ]


def test_with_an_older_date_errors_arrive_by_their_description(older: Project) -> None:
    result = older.run(
        CROSSING
        + """
async def main(env, ctx):
    stub = env.A.getByName("a")
    found = [await caught(stub.fail(name)) for name in ("TypeError", "custom", "cause")]
    try:
        await stub.fail("python")
    except JsException as error:
        return [*found, error.name, error.message.splitlines()[0], error.remote]
"""
    )

    assert result == [
        ["TypeError", "words", {"remote": "True"}],
        ["Error", "CustomError: words", {"remote": "True"}],
        ["TypeError", "outer", {"remote": "True"}],
        "Error",
        "PythonError: Traceback (most recent call last):",
        True,
    ]


def test_an_error_says_which_object_it_comes_from(project: Project) -> None:
    result = project.run(
        CROSSING
        + """
async def main(env, ctx):
    stub = env.A.getByName("a")
    try:
        await stub.fail("TypeError")
    except JsException as error:
        return [error.durableObjectId == str(stub.id.toString()), hasattr(error, "retryable")]
"""
    )

    assert result == [True, False]


def test_the_terminal_shows_one_traceback_from_the_caller_to_the_place(project: Project) -> None:
    project.load(
        """
class B(DurableObject):
    def fail(self):
        raise ValueError("deep down")

class A(DurableObject):
    async def ask(self):
        return await self.env.B.getByName("b").fail()

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.A.getByName("a").ask()
"""
    )

    with pytest.raises(Exception, match="deep down") as caught:
        project.ask()
    text = format_user_error(caught.value, project.loader.owns)

    places = [line.rpartition(" in ")[2] for line in text.splitlines() if " in " in line]
    assert places == ["fetch", "ask", "fail"]
    assert text.count("Traceback") == 1
    assert text.endswith("\nValueError: deep down\n")
    assert "pydo/" not in text.replace(str(project.file), "")


# -- order, cycles, resets


def test_calls_arrive_in_order_and_go_round(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    seen = ()
    def note(self, n):
        self.seen = (*self.seen, n)
        return list(self.seen)
    async def cycle(self, n):
        return n + await self.env.B.getByName("b").cycle(n - 1) if n else 0
    async def own(self, n):
        return n + await self.env.A.get(self.ctx.id).own(n - 1) if n else 0

class B(DurableObject):
    async def cycle(self, n):
        return n + await self.env.A.getByName("a").cycle(n - 1) if n else 0

async def main(env, ctx):
    stub = env.A.getByName("a")
    calls = [stub.note(n) for n in range(5)]
    return [(await asyncio.gather(*calls))[-1], await stub.cycle(5), await stub.own(4)]
"""
    )

    assert result == [[0, 1, 2, 3, 4], 15, 10]


def test_a_used_stub_fails_for_ever_after_a_reset(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    def reset(self): self.ctx.abort("why")
    async def hang(self): await asyncio.sleep(60)
    def hi(self): return "hi"
    async def fetch(self, request): self.ctx.abort("in fetch")

def marks(error):
    names = ("remote", "durableObjectReset", "retryable", "overloaded")
    return [error.message, *[name for name in names if hasattr(error, name)]]

async def caught(awaitable):
    try:
        return await awaitable
    except JsException as error:
        return marks(error)

async def main(env, ctx):
    stub, other = env.A.getByName("a"), env.A.getByName("b")
    hanging = asyncio.ensure_future(caught(stub.hang()))
    await asyncio.sleep(0)
    found = [await caught(stub.reset()), await hanging, await caught(stub.hi())]
    found.append(await env.A.getByName("a").hi())
    found += [await caught(raw(other).fetch("http://x/")) for _ in range(2)]
    return found
"""
    )

    assert result == [
        ["why", "durableObjectReset"],
        ["why", "durableObjectReset"],
        ["why", "durableObjectReset"],
        "hi",
        ["in fetch", "remote", "durableObjectReset"],
        ["in fetch", "durableObjectReset"],
    ]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ('fetch("/x")', "Invalid URL: /x"),
        ('fetch("http://h/", body="x")', None),
        ('fetch("http://h/", method="B AD")', "Invalid HTTP method string: B AD"),
        ('fetch("ftp://x/")', "Fetch API cannot load: ftp://x/"),
        ("nope()", "TypeError: Method nope does not exist"),
        ("ctx()", 'TypeError: The RPC receiver does not implement the method "ctx".'),
        ("alarm()", "TypeError: 'alarm' is a reserved method and cannot be called over RPC."),
        ("dup()", "TypeError: 'dup' is a reserved method and cannot be called over RPC."),
    ],
)  # fmt: skip
def test_what_a_stub_refuses(project: Project, call: str, error: str | None) -> None:
    result = project.run(
        f"""{ECHO}
async def main(env, ctx):
    try:
        return await env.A.getByName("a").{call}
    except Exception as error:
        return str(error)
"""
    )

    assert (error or "Request with a GET or HEAD method cannot have a body.") in result


def test_a_stub_that_was_sent_is_a_plain_fetcher(project: Project) -> None:
    result = project.run(
        f"""{ECHO}
    async def use(self, stub):
        return [stub.constructor.name, await stub.echo("through"), callable(stub.id)]
    async def fetch(self, request):
        return Response(request.method + " " + request.url + " " + await request.text())
    async def forward(self, stub):
        response = await stub.fetch("http://h/p?q", {{"method": "PUT", "body": "x"}})
        return await response.text()

async def main(env, ctx):
    stub, other = env.A.getByName("a"), env.A.getByName("b")
    return [await stub.use(other), await stub.forward(other)]
"""
    )

    assert result == [["Fetcher", "through", True], "PUT http://h/p?q x"]


def test_a_request_arrives_without_a_fragment_and_follows_nothing(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    async def fetch(self, request):
        if request.url.endswith("/from"):
            return Response(None, status=302, headers={"location": "/to"})
        return Response(f"{request.url} {request.js_object.redirect}")

async def main(env, ctx):
    stub = raw(env.A.getByName("a"))
    given = js.Request.new("http://h/from")
    responses = [await stub.fetch("http://me:secret@h/p?a@b#c"), await stub.fetch(given)]
    return [await response.text() for response in responses] + [given.redirect]
"""
    )

    assert result == ["http://h/p?a@b manual", "http://h/to manual", "follow"]


def test_what_a_stream_fails_with_stays_at_the_other_end(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    def failing(self):
        def pull(controller):
            raise js.RangeError.new("mine")
        callbacks = to_js({"pull": create_proxy(pull)}, dict_converter=Object.fromEntries)
        return js.ReadableStream.new(callbacks)

async def main(env, ctx):
    stream = await env.A.getByName("a").failing()
    return await attempt(js.Response.new(stream).text())
"""
    )

    assert result == "Error: ReadableStream received over RPC disconnected prematurely."


def test_it_is_the_sdk_that_takes_no_pattern(project: Project) -> None:
    result = project.run(
        f"""{ECHO}
async def main(env, ctx):
    try:
        await raw(env.A.getByName("a")).echo(js.RegExp.new("a"))
    except JsException as error:
        return error.message.splitlines()[-1], error.remote
"""
    )

    assert result == ("TypeError: RegExp cannot be sent over RPC.", True)


# -- beside the same calls in JavaScript


def test_what_only_the_runtime_makes_is_not_constructed(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    def mine(self):
        found = []
        for made in (self.ctx._ctx if hasattr(self.ctx, "_ctx") else self.ctx, self.ctx.id):
            try:
                made.constructor()
            except JsException as error:
                found.append(told(error))
        return found

async def main(env, ctx):
    stub = env.A.getByName("a")
    found = []
    for make in (
        raw(stub).constructor,
        raw(stub).constructor.new,
        raw(env.A).constructor,
        ctx.constructor.new,
        env.A.newUniqueId().constructor,
    ):
        try:
            make()
        except JsException as error:
            found.append(told(error))
    return [set(found), set(await stub.mine()), raw(stub).constructor.name]
"""
    )

    assert result == [
        {"TypeError: Illegal constructor"},
        {"TypeError: Illegal constructor"},
        "DurableObject",
    ]


def test_a_symbol_cannot_go(project: Project) -> None:
    result = project.run(
        ECHO
        + """
async def main(env, ctx):
    return await attempt(raw(env.A.getByName("a")).echo(js.Symbol("q")))
"""
    )

    assert result == "DataCloneError: Symbol(q) could not be cloned."


def test_a_function_has_no_members_to_be_read(project: Project) -> None:
    result = project.run(
        """
class A(DurableObject):
    def function(self):
        return lambda: 1

async def main(env, ctx):
    function = await raw(env.A.getByName("a")).function()
    return await attempt(function.x)
"""
    )

    assert result == 'TypeError: The RPC receiver does not implement the method "x".'


@pytest.mark.parametrize(
    ("cloned", "answer"),
    [
        ("js.Headers.new([['a', 'b']])", "b"),
        ("js.Response.new('x')", "ReadableStream can only be serialized for RPC."),
        ("js.Response.new('x').body", "ReadableStream can only be serialized for RPC."),
        (
            "js.URL.new('http://x/')",
            'Could not serialize object of type "URL". This type does not support serialization.',
        ),
    ],
)
def test_structured_clone_takes_headers_and_no_streams(
    project: Project, cloned: str, answer: str
) -> None:
    result = project.run(
        f"""
async def main(env, ctx):
    value = {cloned}
    try:
        copy = js.structuredClone(value)
    except JsException as error:
        return error.message
    return copy.get("a") if copy != value else "the same"
"""
    )

    assert result == answer

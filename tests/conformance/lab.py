"""One class of objects that run what a test gives them, on a clock that stands still."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pydo.runtime.clock import ManualClock
from tests.host.project import Project

if TYPE_CHECKING:
    from pathlib import Path

_CODE = """
import json
from urllib.parse import parse_qs, urlsplit
from js import Object
from pyodide.ffi import jsnull

class _Base(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.ctx, self.env, self.seen = ctx, env, []
        {init}

    async def run(self, source):
        s = self.ctx.storage
        names = {{**globals(), "self": self, "ctx": self.ctx, "env": self.env,
                  "s": s, "q": s.sql, "raw": s._binding}}
        body = "async def body():\\n" + "".join(f"    {{line}}\\n" for line in source.splitlines())
        exec(body, names)
        return json.dumps(await names["body"](), default=repr)

    async def alarm(self, info):
        ctx, s, seen = self.ctx, self.ctx.storage, SEEN
        {alarm}

class A(_Base):
    pass

class B(_Base):
    pass

SEEN = []

def now():
    return asyncio.get_running_loop().clock.now_ms()

def error_of(action):
    try:
        action()
    except JsException as error:
        return told(error)
    return "nothing"

def rows(cursor):
    return [dict(row) for row in cursor]

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        asked = parse_qs(urlsplit(request.url).query)
        stub = getattr(self.env, asked["class"][0]).getByName(asked["name"][0])
        out = []
        for source in asked["program"]:
            try:
                out.append(json.loads(await stub.run(source)))
            except JsException as error:
                out.append(told(error))
        return Response(json.dumps(out))
"""


class Lab(Project):
    """A project whose objects, of the classes `A` (with SQL) and `B` (without), run programs.

    A program is the body of a coroutine method.  It has at hand `self`, `ctx`, `env`, `s` (the
    storage as the SDK gives it), `raw` (the storage beneath), `q` (`s.sql`), `error_of(action)`,
    `rows(cursor)`, `now()` and `SEEN`, a list that outlives objects.
    """

    def __init__(self, directory: Path, *, date: str = "2026-09-01") -> None:
        super().__init__(directory, date=date, clock=ManualClock())
        self.bound["B"].has_sql = False
        self.begin()

    def begin(self, *, alarm: str = "pass", init: str = "pass") -> None:
        """Put classes in place with this alarm handler and this end of their constructor."""
        code = _CODE.format(
            alarm=textwrap.indent(textwrap.dedent(alarm).strip(), " " * 8).strip(),
            init=textwrap.indent(textwrap.dedent(init).strip(), " " * 8).strip(),
        )
        self.load(code)

    def run_in(self, *programs: str, name: str = "a", class_name: str = "A") -> Any:
        """Run programs in an object, a call for each, over one stub; give what they return.

        One alone gives its result and no list; an error is given as `Name: message`.
        """
        asked = urlencode(
            {"class": class_name, "name": name, "program": [textwrap.dedent(p) for p in programs]},
            doseq=True,
        )
        results: list[Any] = json.loads(self.ask(f"http://x/?{asked}").text)
        return results[0] if len(results) == 1 else results

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.run_until_complete(self.loop.advance(seconds))

    def crash(self, name: str = "a") -> None:
        """Reset an object of the class `A`: its next event meets a new instance."""
        namespace = self.bound["A"]
        namespace.crash(namespace.ids.from_name(name))
        self.advance(0)

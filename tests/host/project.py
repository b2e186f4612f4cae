"""A project of one file, served in this process: what its Worker answers to requests."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from pydo.host.code import HostedCode
from pydo.host.env import make_env
from pydo.host.execution import wait_until
from pydo.host.flags import Flags
from pydo.host.importer import Host, install, uninstall
from pydo.host.js.request import Request
from pydo.loader import Loader
from pydo.runtime.failure import ErrorForm
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.observer import Observer
from pydo.runtime.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydo.host.outgoing import FetchPort
    from pydo.runtime.clock import Clock
    from pydo.runtime.observer import ObjectLabel

_HEAD = """\
import asyncio
import js
import workers
from js import Object
from pyodide.ffi import JsException, create_proxy, to_js
from workers import DurableObject, Request, Response, WorkerEntrypoint

def told(error):
    return f"{error.name}: {error.message}"

def raw(stub):
    return stub._binding

async def attempt(awaitable):
    try:
        return await awaitable
    except JsException as error:
        return told(error)

"""
_DEFAULT = """
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(repr(await main(self.env, self.ctx)))
"""


class Nothing:
    """Stands for the code before there is any."""

    generation = 0
    handler: Any = None
    classes: dict[str, Any] = {}  # noqa: RUF012 - never written to
    tasks = ()
    errors = ErrorForm(bool)

    def owns(self, filename: str, /) -> bool:
        return not filename


class Heard(Observer):
    """What nobody else was told."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def uncaught(self, where: str, error: BaseException) -> None:
        super().uncaught(where, error)
        self.errors.append(error)

    def was_reset(self, label: ObjectLabel, error: BaseException) -> None:
        super().was_reset(label, error)
        self.errors.append(error)


class Project:
    """A project; its classes `A` and `B` are bound under their names."""

    def __init__(
        self,
        directory: Path,
        *,
        date: str = "2026-09-01",
        fetch_port: FetchPort | None = None,
        clock: Clock | None = None,
        bindings: Mapping[str, object] | None = None,
    ) -> None:
        self.loop = ObjectLoop(clock)
        asyncio.set_event_loop(self.loop)
        self.heard = Heard()
        self.runtime = Runtime(self.loop, Nothing(), observer=self.heard)
        self.file = directory / "src" / "entry.py"
        self.file.parent.mkdir(exist_ok=True)
        self.bound = {
            name: self.runtime.open_namespace(name, f"test-{name}", directory / name)
            for name in ("A", "B")
        }
        env = make_env({"GREETING": "hi", "DEEP": {"list": [1]}}, self.bound, bindings or {})
        self.host = Host(env, wait_until, Flags(date, ["python_workers"]), fetch_port)
        install(self.host)
        self.loader = Loader(self.file)

    def load(self, source: str) -> HostedCode:
        """Put new code in place."""
        self.file.write_text(_HEAD + textwrap.dedent(source))
        generation = self.loader.load()
        code = HostedCode(
            generation.number,
            generation.entry,
            self.host,
            [],
            self.loader.owns,
            namespace_of=self.bound.get,
        )
        self.runtime.replace(code)
        return code

    def run(self, source: str) -> Any:
        """Load classes and an `async def main(env, ctx)`, and give the value it returns."""
        self.load(source + _DEFAULT)
        return _value(self.ask().text)

    def ask(self, url: str = "http://x/") -> Answer:
        """Send a request."""
        return self.loop.run_until_complete(self.answer(url))

    async def answer(self, url: str) -> Answer:
        """Send a request, where the loop is running already."""
        response: Any = await self.runtime.fetch(Request.incoming("GET", url, []))
        text = response.text()
        return Answer(response.status, await text if inspect.isawaitable(text) else text)

    def close(self) -> None:
        """Take everything away."""
        self.runtime.close()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loader.close()
        uninstall()
        asyncio.set_event_loop(None)
        self.loop.close()
        for name in [name for name in sys.modules if name.partition(".")[0] == "workers"]:
            del sys.modules[name]
        importlib.invalidate_caches()


class Answer:
    """A response that was read."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text


def _value(text: str) -> Any:
    return eval(text, {"__builtins__": {}}, {"nan": float("nan")})  # noqa: S307 - our own program's

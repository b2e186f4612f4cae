"""The harness of the core's tests: a runtime on a clock that stands still, and objects to drive.

An `async def` test runs on the `ObjectLoop` of its fixtures, outside any object.  It moves time
with `core.advance`; what an object waits for is a sleep on that clock, or a future that the test
settles.
"""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import apsw
import pytest

from pydo.errors import JsException
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.clock import ManualClock
from pydo.runtime.container import Settings
from pydo.runtime.events import Fetch, RpcCall
from pydo.runtime.failure import ErrorForm
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.namespace import ActorChannel, ActorNamespace
from pydo.runtime.observer import ObjectLabel, Observer
from pydo.runtime.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from pydo.runtime.actor import Actor
    from pydo.runtime.container import ActorContainer
    from pydo.runtime.events import Event, Handler
    from pydo.runtime.ids import DurableObjectId
    from pydo.runtime.lifecycle import State


class Object:
    """What the classes of the tests have in common: methods by their names, numbers in storage."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    async def handle(self, event: Event) -> object:
        assert isinstance(event, RpcCall)
        result = getattr(self, event.method)(*event.arguments)
        return await result if inspect.isawaitable(result) else result

    def read(self, key: str = "n") -> int:
        return int(self.actor.kv.get(key) or 0)

    def write(self, number: int, key: str = "n") -> None:
        self.actor.kv.put(key, str(number).encode())

    async def get(self) -> int:
        return self.read()

    async def put(self, number: int) -> None:
        self.write(number)

    def fail(self) -> None:
        raise ValueError("bad")


class Entrypoint:
    """The default handler of a Worker: a function of the test's own."""

    def __init__(self, function: Callable[[Any], Awaitable[object]]) -> None:
        self.function = function

    async def handle(self, event: Event) -> object:
        assert isinstance(event, Fetch)
        return await self.function(event.request)


class Version:
    """A generation of code: classes by the names that they are bound under."""

    def __init__(self, generation: int, handler: Handler) -> None:
        self.generation = generation
        self.handler = handler
        self.classes: dict[str, Callable[[Actor], Handler]] = {}
        self.errors = ErrorForm(self.owns)
        self.tasks: Iterable[asyncio.Task[Any]] = ()

    def owns(self, filename: str) -> bool:
        return Path(filename).parent == _HERE and filename != __file__


class Heard(Observer):
    """An observer that remembers."""

    def __init__(self) -> None:
        self.moves: list[tuple[State, State]] = []
        self.resets: list[tuple[str, BaseException]] = []
        self.errors: list[tuple[str, BaseException]] = []

    def moved(self, label: ObjectLabel, before: State, after: State) -> None:
        super().moved(label, before, after)
        self.moves.append((before, after))

    def was_reset(self, label: ObjectLabel, error: BaseException) -> None:
        super().was_reset(label, error)
        self.resets.append((str(label), error))

    def uncaught(self, where: str, error: BaseException) -> None:
        super().uncaught(where, error)
        self.errors.append((where, error))


class Stub:
    """A caller's way to one object."""

    def __init__(self, namespace: ActorNamespace, object_id: DurableObjectId) -> None:
        self.namespace = namespace
        self.id = object_id
        self.channel = ActorChannel(namespace, object_id)

    def call(self, method: str, *arguments: object) -> asyncio.Future[Any]:
        return cast("asyncio.Future[Any]", self.channel.send(RpcCall(method, arguments)))

    async def fifty(self, method: str, *arguments: object) -> list[Any]:
        return await asyncio.gather(*(self.call(method, *arguments) for _ in range(50)))

    @property
    def container(self) -> ActorContainer:
        return self.namespace.container(self.id)

    def state(self) -> State:
        return self.container.state

    @property
    def file(self) -> Path:
        return self.namespace.object_directory(self.id) / "db.sqlite"


class Core:
    """A runtime whose classes are those that the test asks stubs of."""

    def __init__(
        self,
        loop: ObjectLoop,
        directory: Path,
        *,
        settings: Settings | None = None,
        open_databases: int | None = None,
    ) -> None:
        self.loop = loop
        self.directory = directory
        self.heard = Heard()
        self.code = Version(1, Entrypoint(_nothing))
        settings = settings or Settings()
        budget = OpenDatabases(
            open_databases, syncs_commits=settings.syncs_commits, is_strict=settings.is_strict
        )
        self.runtime = Runtime(
            loop, self.code, observer=self.heard, settings=settings, budget=budget
        )

    def namespace(self, class_: type[Object]) -> ActorNamespace:
        name = class_.__name__
        self.code.classes.setdefault(name, class_)
        return self.runtime.open_namespace(name, f"test-{name}", self.directory / name)

    def stub(self, class_: type[Object], name: str = "a") -> Stub:
        namespace = self.namespace(class_)
        return Stub(namespace, namespace.ids.from_name(name))

    def serve(self, function: Callable[[Any], Awaitable[object]]) -> None:
        """Let a function be the entrypoint of the Worker."""
        self.code.handler = Entrypoint(function)
        self.runtime.worker.deliveries.handler = self.code.handler

    def replace(
        self,
        function: Callable[[Any], Awaitable[object]] | None = None,
        **classes: type[Object],
    ) -> None:
        """Let newer code take over: other classes under the old names, another entrypoint."""
        newer = Version(self.code.generation + 1, Entrypoint(function or _nothing))
        newer.classes = {**self.code.classes, **classes}
        self.code = newer
        self.runtime.replace(newer)

    async def advance(self, seconds: float = 0) -> None:
        """Let everything run that is due in the next `seconds`."""
        await self.loop.advance(seconds)


async def failure_of(call: Awaitable[object]) -> JsException:
    """Wait for a call that fails, and give what its caller sees."""
    with pytest.raises(JsException) as raised:
        await call
    return raised.value


_OWN = frozenset({"name", "message", "stack", "durableObjectId"})


def properties(error: JsException) -> dict[str, object]:
    """Give what an error carries besides its class, its text and where it comes from."""
    return {k: v for k, v in vars(error).items() if k not in _OWN}


def on_disk(file: Path) -> dict[str, int]:
    """Give what another program sees in an object's database."""
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_cf_KV'").fetchall():
            return {}
        return {str(k): int(cast("bytes", v)) for k, v in connection.execute(_ALL)}
    finally:
        connection.close()


async def _nothing(request: object) -> object:
    return request


@pytest.fixture
def loop() -> Iterator[ObjectLoop]:
    loop = ObjectLoop(ManualClock())
    yield loop
    if not loop.is_closed():
        loop.run_until_complete(_wind_up(loop))
        loop.close()


@pytest.fixture
def start(loop: ObjectLoop, tmp_path: Path) -> Iterator[Callable[..., Core]]:
    """Give what makes a `Core` with settings of the test's own."""
    started: list[Core] = []

    def start(**options: Any) -> Core:
        started.append(Core(loop, tmp_path, **options))
        return started[-1]

    yield start
    for core in started:
        core.runtime.close()


@pytest.fixture
def core(start: Callable[..., Core]) -> Core:
    return start()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    loop = cast("ObjectLoop", pyfuncitem.funcargs["loop"])
    names = inspect.signature(pyfuncitem.obj).parameters
    loop.run_until_complete(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


async def _wind_up(loop: ObjectLoop) -> None:
    await loop.settled()
    tasks = asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await loop.shutdown_default_executor()


_HERE = Path(__file__).parent
_ALL = "SELECT key, value FROM _cf_KV"

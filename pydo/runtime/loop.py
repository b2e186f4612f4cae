"""The event loop that knows whose callback it runs.

Each callback carries a context, and a context variable in it (`scope.SCOPE`) names the object that
it belongs to.  A callback without an owner goes straight to the loop.  One with an owner goes to
that owner's `Turns`, which runs it in a turn: that is what holds `gather`, tasks, timers and
futures of user code to the object's gates, whichever way they were made.

A Worker runs on this loop and does not command it: as on Pyodide's, nothing it does ends the loop,
and `asyncio.all_tasks` shows it no task that serves it.

Transports, servers and subprocesses are opened outside any object (`_opened_outside`): the sockets
of a pool that several objects share must not wait at the gate of whoever happened to open them.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack, cast
from weakref import WeakSet

from pydo.runtime.chained import ChainedTask
from pydo.runtime.clock import Clock, ManualClock, SystemClock
from pydo.runtime.scope import SCOPE, Scope
from pydo.runtime.strand import Strand, can_wait, wait
from pydo.runtime.turn import Callback, Turns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator

    from pydo.runtime.turn import Owner

    _Loop = asyncio.SelectorEventLoop
else:
    try:
        from uvloop import Loop as _Loop
    except ImportError:  # Windows has no uvloop
        _Loop = asyncio.SelectorEventLoop

__all__ = ["ObjectLoop"]

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class ObjectLoop(_Loop):
    """An event loop on which every callback of an object runs in that object's turns."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock: Clock = clock or SystemClock(self._call_unowned_later)
        self.running: Turns | None = None
        self.turn_number = 0
        self.new_strand = Strand
        self.strand = Strand()  # that turns run on
        self.pending_passes = 0
        self.before_pass: Callable[[Owner], None] | None = None  # where several Workers are served
        self.thread_id = threading.get_ident()
        self._generators: dict[int, tuple[weakref.ref[Any], weakref.ref[Turns]]] = {}
        self._beginning: Context | None = None  # of the task that is to take its first step at once
        self._first_step: Callable[[], object] | None = None
        self._awaited: asyncio.Future[Any] | None = None  # what the loop runs for

    # -- outside any object

    def call_unowned(self, callback: Callable[..., object], *args: object) -> None:
        """Call from the loop, outside any turn."""
        super().call_soon(callback, *args, context=_NOWHERE)

    def _call_unowned_later(
        self, delay_s: float, callback: Callable[[], object]
    ) -> asyncio.TimerHandle:
        return super().call_later(delay_s, callback, context=_NOWHERE)

    def create_unowned_task(self, coroutine: Coroutine[Any, Any, object]) -> asyncio.Task[Any]:
        """Make a task that belongs to no object."""
        task: asyncio.Task[Any] = super().create_task(coroutine, context=Context())
        _hide(task)
        return task

    def task_to_begin(
        self, coroutine: Coroutine[Any, Any, object], context: Context, name: str
    ) -> tuple[asyncio.Task[Any], Callable[[], object]]:
        """Make a task that keeps no object awake; gives what takes its first step, in `context`.

        Whoever asks has nothing else to run before it, so it need not be made ready first.
        """
        self._beginning = context
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=self, name=name, context=context)
        begin, self._first_step = self._first_step, None
        assert begin is not None, "a task asks for its first step when it is made"
        return task, begin

    @contextmanager
    def between_tasks(self) -> Generator[None]:
        """Run a `with` block as if in no task: what runs there can neither name nor cancel it."""
        task = asyncio.current_task(self)
        if task is None:
            yield
            return
        asyncio.tasks._leave_task(self, task)  # noqa: SLF001 - asyncio's own way for event loops
        try:
            yield
        finally:
            asyncio.tasks._enter_task(self, task)  # noqa: SLF001 - as above

    @contextmanager
    def importing(self) -> Generator[WeakSet[asyncio.Task[Any]]]:
        """Note the tasks that a `with` block makes outside any object, and those that they make.

        They belong to the modules that are imported there, and are to end with them.
        """
        tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        token = _OF_IMPORT.set(tasks)
        try:
            yield tasks
        except BaseException:
            for task in list(tasks):
                task.cancel()
            raise
        finally:
            _OF_IMPORT.reset(token)

    async def settled(self) -> None:
        """Wait until no owner has anything left to run now."""
        quiet = 0
        while quiet < _QUIET_ROUNDS:
            await asyncio.sleep(0)
            quiet = 0 if self.pending_passes else quiet + 1

    async def advance(self, seconds: float) -> None:
        """Move a `ManualClock` on, letting everything that comes due run in its order."""
        clock = self.clock
        if not isinstance(clock, ManualClock):
            raise TypeError(f"only a ManualClock can be advanced, and this is {clock!r}")
        until = clock.monotonic() + seconds
        await self.settled()
        while (callback := clock.next_due(until)) is not None:
            callback()
            await self.settled()

    # -- asyncio's interface

    def run_until_complete(self, future: Generator[Any, None, _T] | Awaitable[_T]) -> _T:
        """Run until `future` is done; within a handler wait for it, as Cloudflare does."""
        if self.running is not None and can_wait():
            return wait(cast("Awaitable[_T]", future))
        if self.is_running():  # which is an error
            return super().run_until_complete(future)
        awaited = asyncio.ensure_future(cast("Awaitable[_T]", future), loop=self)
        self._awaited = awaited
        while True:
            try:
                return super().run_until_complete(awaited)
            except SystemExit as error:
                if awaited.done():
                    raise
                # One of a callback's without an owner, such as code at the top level of a module.
                message = "a callback tried to end the process"
                self.call_exception_handler({"message": message, "exception": error})

    def stop(self) -> None:
        """End what `run_forever` runs.

        Raises:
            NotImplementedError: the loop runs for something that is not done.  Pyodide's cannot
                be stopped either: src/py/pyodide/webloop.py.

        """
        if self._awaited is not None and not self._awaited.done():
            raise NotImplementedError
        super().stop()

    def close(self) -> None:
        """Free what the loop holds; ignored while it runs, as by Pyodide's."""
        if not self.is_running():
            super().close()

    async def shutdown_asyncgens(self) -> None:
        """Close every async generator, save at the word of a Worker."""
        if SCOPE.get() is None:
            await super().shutdown_asyncgens()

    async def shutdown_default_executor(self, *timeout: Any, **named: Any) -> None:
        """End the threads of `run_in_executor`, save at the word of a Worker."""
        if SCOPE.get() is None:
            await super().shutdown_default_executor(*timeout, **named)

    def time(self) -> float:
        """Seconds by the loop's clock."""
        return self.clock.monotonic()

    def call_soon(
        self,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Run a callback in its owner's running turn, or as an arrival there."""
        scope = SCOPE.get() if context is None else context.get(SCOPE)
        if scope is None:
            return _call_soon(self, callback, *args, context=context)
        if type(callback) is _TASK_STEP:
            step: Any = callback
            # Other tasks may be made meanwhile, by destructors.
            if context is not None and context is self._beginning:
                self._beginning, self._first_step = None, step
                return _BEGUN
            # `Task(...)` asks no loop for it.
            scope.turns.keep(step.__self__, context)
        handle: Any = Callback(callback, args, copy_context() if context is None else context)
        scope.turns.schedule(handle, scope)
        return handle  # type: ignore[no-any-return]  # it acts as one

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Run a callback as an arrival at its owner, from any thread."""
        scope = SCOPE.get() if context is None else context.get(SCOPE)
        if scope is None:
            return super().call_soon_threadsafe(callback, *args, context=context)
        handle = Callback(callback, args, context or copy_context())
        super().call_soon_threadsafe(scope.turns.arrive, handle, scope.section, context=_NOWHERE)
        return cast("asyncio.Handle", handle)

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Let a callback arrive at its owner `delay` seconds from now."""
        scope = SCOPE.get() if context is None else context.get(SCOPE)
        if scope is None:
            return super().call_later(delay, callback, *args, context=context)
        handle = Callback(callback, args, context or copy_context())
        handle.when_s = self.time() + delay
        scope.turns.call_later(handle, delay, scope)
        return cast("asyncio.TimerHandle", handle)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Let a callback arrive at its owner when `time()` is `when`."""
        if (SCOPE.get() if context is None else context.get(SCOPE)) is None:
            return super().call_at(when, callback, *args, context=context)
        return self.call_later(when - self.time(), callback, *args, context=context)

    def create_task(
        self, coro: Any, *, name: Any = None, context: Context | None = None, **options: Any
    ) -> asyncio.Task[Any]:
        """Make a task; one that belongs to an object keeps it awake until it is done."""
        scope = SCOPE.get() if context is None else context.get(SCOPE)
        task: asyncio.Task[Any]
        if scope is not None and self.get_task_factory() is None:
            task = ChainedTask(coro, loop=self, name=name, context=context, **options)
        else:
            task = super().create_task(coro, name=name, context=context, **options)
        if scope is None:
            _hide(task)
            of_import = _OF_IMPORT.get() if context is None else context.get(_OF_IMPORT)
            if of_import is not None:
                of_import.add(task)
        else:
            scope.turns.keep(task, context)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Tell the owner of a task, or else of the running turn, of an error that nobody awaits."""
        error = context.get("exception")
        turns = _turns_of(context.get("future")) or self.running
        if turns is not None and isinstance(error, BaseException):
            turns.owner.contain(error)
        else:
            super().call_exception_handler(context)

    # -- async generators: closed in the object that iterated them first

    def _asyncgen_firstiter_hook(self, agen: AsyncGenerator[Any, Any]) -> None:
        scope = SCOPE.get()
        if scope is not None:
            key, turns = id(agen), scope.turns
            entry = (
                weakref.ref(agen, lambda _: self._died(key, entry)),
                weakref.ref(turns),
            )
            self._generators[key] = entry
            # The owner keeps the context: kept here, it would keep an evicted owner alive.
            turns.generators[key] = copy_context()
        super()._asyncgen_firstiter_hook(agen)  # type: ignore[misc] # private in typeshed's eyes

    def _asyncgen_finalizer_hook(self, agen: AsyncGenerator[Any, Any]) -> None:
        entry = self._generators.pop(id(agen), None)
        if self.is_closed():
            return
        turns = None if entry is None else entry[1]()
        context = _NOWHERE if turns is None else turns.generators.pop(id(agen))
        self.call_soon_threadsafe(_close_generator, self, agen, context, context=context)

    def _died(self, key: int, entry: tuple[object, weakref.ref[Turns]]) -> None:
        # The reference dies before the finaliser runs, so its entry outlives it by one round of
        # the loop; by then the address may be another generator's.
        if not self.is_closed():
            self.call_unowned(self._forget, key, entry)

    def _forget(self, key: int, entry: tuple[object, weakref.ref[Turns]]) -> None:
        if self._generators.get(key) is entry:
            del self._generators[key]
            turns = entry[1]()
            if turns is not None:
                turns.generators.pop(key, None)

    # -- transports

    if not TYPE_CHECKING:

        @staticmethod
        def _opened_outside(name: str) -> Callable[..., Awaitable[object]]:
            opener = getattr(_Loop, name)

            async def method(self: ObjectLoop, *args: Any, **options: Any) -> object:
                coroutine = opener(self, *args, **options)
                if SCOPE.get() is None:
                    return await coroutine
                return await self.create_unowned_task(coroutine)

            method.__name__ = name
            return method

        connect_accepted_socket = _opened_outside("connect_accepted_socket")
        connect_read_pipe = _opened_outside("connect_read_pipe")
        connect_write_pipe = _opened_outside("connect_write_pipe")
        create_connection = _opened_outside("create_connection")
        create_datagram_endpoint = _opened_outside("create_datagram_endpoint")
        create_server = _opened_outside("create_server")
        create_unix_connection = _opened_outside("create_unix_connection")
        create_unix_server = _opened_outside("create_unix_server")
        start_tls = _opened_outside("start_tls")
        subprocess_exec = _opened_outside("subprocess_exec")
        subprocess_shell = _opened_outside("subprocess_shell")
        del _opened_outside


def _task_step() -> type:
    """Give the type of the callback by which a task takes a step; asyncio has no name for it."""
    steps: list[object] = []

    class Loop:
        def call_soon(self, callback: object, **_: object) -> None:
            steps.append(callback)

        def get_debug(self) -> bool:
            return False

    async def nothing() -> None: ...

    coroutine = nothing()
    task = asyncio.Task(coroutine, loop=cast("asyncio.AbstractEventLoop", Loop()))
    setattr(task, "_log_destroy_pending", False)  # noqa: B010 - asyncio has no other way
    coroutine.close()
    return type(steps[0])


_TASK_STEP: Any = _task_step()
_BEGUN = cast("asyncio.Handle", None)  # nobody asks a task for the handle of its first step
_call_soon = _Loop.call_soon  # found once
_NOWHERE = Context()
_OF_IMPORT: ContextVar[WeakSet[asyncio.Task[Any]] | None] = ContextVar("pydo-import", default=None)
_QUIET_ROUNDS = 3  # a settled future wakes its task on the round after


def _hide(task: asyncio.Task[Any]) -> None:
    """Leave a task out of `asyncio.all_tasks`: a Worker that cancels them all means its own."""
    asyncio._unregister_task(task)  # noqa: SLF001 - meant for whoever makes tasks


def _turns_of(task: object) -> Turns | None:
    get_context = getattr(task, "get_context", None)  # Python 3.11 does not tell
    scope = None if get_context is None else get_context().get(SCOPE)
    return None if scope is None else cast("Scope", scope).turns


def _close_generator(loop: ObjectLoop, agen: AsyncGenerator[Any, Any], context: Context) -> None:
    loop.create_task(agen.aclose(), context=context)

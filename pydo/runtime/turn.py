"""Turns: the stretches of Python that run as one piece in an object.

A *turn* is one arrival (an event, a timer, the result of something waited for) and all the
callbacks that it makes ready, drained until none is left.  Nothing else of the object runs inside
it; what it writes is committed once; what it says to the outside leaves after that.  In workerd
a turn is a JavaScript task with its microtasks (src/workerd/io/io-context.c++, `IoContext::run`).

    schedule()   a callback made ready: a microtask if its owner's turn is running in this thread,
                 else an arrival
    arrive()     queue an arrival at the gate; a pass over the queue is put on the event loop
    a pass       the turns of those arrivals that were waiting when it began, then one commit for
                 them all, then their outputs

Turns of one pass share a commit because under load the commit is what costs; each can still be
taken back on its own (`Owner.end_turn`).
"""

from __future__ import annotations

import threading
from collections import deque
from contextvars import Context
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from pydo.errors import JsException
from pydo.runtime.gates import CriticalSection, InputGate, OutputGate
from pydo.runtime.scope import EXECUTION, SCOPE, Execution, Scope

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from pydo.runtime.clock import Timer
    from pydo.runtime.delivery import Deliveries
    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.observer import Observer
    from pydo.runtime.socket import Socket
    from pydo.runtime.strand import Strand
    from pydo.runtime.worker import Code, Worker

__all__ = ["Callback", "Lent", "Owner", "Turns"]

_CORE = str(Path(__file__).parent)  # tasks that the core itself makes for an owner
_T = TypeVar("_T")
SERVICE_RESTART = 1012
_PASS = 64  # turns before the loop gets to look at its sockets again


class Callback:
    """A callback that an owner will run; what `loop.call_soon` and its kin give back."""

    __slots__ = ("args", "context", "function", "is_cancelled", "timer", "when_s")

    def __init__(
        self, function: Callable[..., object], args: tuple[object, ...], context: Context
    ) -> None:
        self.function = function
        self.args = args
        self.context = context
        self.is_cancelled = False
        self.timer: Timer | None = None
        self.when_s = 0.0

    def cancel(self) -> None:
        """Do not run it: counts until the moment it runs, also while it waits at the gate."""
        self.is_cancelled = True
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
            scope = self.context.get(SCOPE)
            if scope is not None:
                scope.turns.timers.discard(self)
                scope.turns.wake()

    def cancelled(self) -> bool:
        """Whether `cancel` was called (asyncio's name)."""
        return self.is_cancelled

    def when(self) -> float:
        """When a timer is due, in `loop.time()` seconds (asyncio's name)."""
        return self.when_s


class Owner(Protocol):
    """What an object (or a Worker) does at the ends of its turns."""

    deliveries: Deliveries

    @property
    def worker(self) -> Worker:
        """The Worker that it is of."""
        ...

    @property
    def code(self) -> Code:
        """The code that it runs."""
        ...

    def end_turn(self) -> None:
        """A turn has run: keep its writes apart from the next turn's, or take them back."""
        ...

    def end_pass(self) -> bool:
        """Commit what the turns of a pass wrote; False when it is lost, and their outputs too."""
        ...

    def after_pass(self) -> None:
        """The outputs have left: see whether there is anything still to do."""
        ...

    def contain(self, error: BaseException) -> None:
        """A callback let this out, and nobody waits for it."""
        ...

    def wait_until(self, awaitable: Awaitable[object]) -> None:
        """Stay awake until `awaitable` is done; an error of it is told and goes no further."""
        ...

    def stop(self) -> JsException:
        """The running turn is cut short: see to it when it has ended; give what callers see."""
        ...

    def interrupt(self) -> None:
        """Stop the statement that the database is busy with: called from another thread."""
        ...


class Lent(Protocol):
    """Something of an owner's that somebody else is using, such as a stream that is being sent."""

    def owner_gone(self) -> None:
        """The owner is dead: whoever uses it is to be told."""
        ...


class Turns:
    """Runs everything that belongs to one owner, a turn at a time."""

    __slots__ = (
        "__weakref__",
        "_is_in_turn",
        "_is_scheduled",
        "_left",
        "context",
        "ending",
        "generation",
        "generators",
        "input",
        "is_dead",
        "lent",
        "loop",
        "name",
        "output",
        "owner",
        "put_aside",
        "ready",
        "sockets",
        "tasks",
        "timers",
    )

    def __init__(self, loop: ObjectLoop, owner: Owner, name: str, generation: int) -> None:
        self.loop = loop
        self.owner = owner
        self.name = name
        self.generation = generation
        self.input = InputGate()
        self.output = OutputGate()
        self.ready: deque[Callback] = deque()
        self.put_aside: dict[Strand, asyncio.Future[object]] = {}  # and what each waits for
        self.tasks: dict[asyncio.Task[object], Execution | None] = {}  # and what each is for
        self.generators: dict[int, Context] = {}  # where each open async generator is to end
        self.timers: set[Callback] = set()
        self.lent: set[Lent] = set()  # what somebody outside reads from or writes to
        self.sockets: set[Socket] = set()  # accepted in the ordinary way, and not closed
        self.ending: set[Socket] = set()  # those of requests that are over but for what is at work
        self.is_dead = False
        self._is_scheduled = False
        self._left: int | None = None  # turns of the running pass that are to come
        self._is_in_turn = False
        self.context = Context()
        self.context.run(SCOPE.set, Scope(self, self.input.root, generation))

    # -- what is made ready

    def event_context(self, generation: int) -> Context:
        """Give a fresh context for an event: no variable of another event reaches it."""
        context = self.context.copy()
        if generation != self.generation:
            context.run(SCOPE.set, Scope(self, self.input.root, generation))
        return context

    @property
    def is_running(self) -> bool:
        """Whether a turn of this owner is what this thread is running now."""
        return self.loop.running is self and threading.get_ident() == self.loop.thread_id

    def schedule(self, callback: Callback, scope: Scope) -> None:
        """Take a callback that was made ready: into the running turn, or to the gate."""
        if self.loop.running is self:
            self.ready.append(callback)
            return
        self.input.arrive(scope.section, callback)
        if not self._is_scheduled:
            self.wake()

    def arrive(self, callback: Callback, section: CriticalSection | None = None) -> None:
        """Queue an arrival at the input gate."""
        self.input.arrive(section or self.input.root, callback)
        self.wake()

    def keep(self, task: asyncio.Task[object], context: Context | None) -> None:
        """Count a task of the owner's, which runs in `context` or this one, until it is done."""
        if task not in self.tasks and not task.done():
            self.tasks[task] = EXECUTION.get() if context is None else context.get(EXECUTION)
            task.add_done_callback(self.tasks.__delitem__, context=self.context)

    def call_later(self, callback: Callback, delay_s: float, scope: Scope) -> None:
        """Let a callback arrive after `delay_s` seconds of the loop's clock."""
        self.timers.add(callback)
        callback.timer = self.loop.clock.call_later(
            delay_s, lambda: self._timer_is_due(callback, scope)
        )

    def _timer_is_due(self, callback: Callback, scope: Scope) -> None:
        callback.timer = None
        self.timers.discard(callback)
        self.arrive(callback, scope.section)

    def when_kept(self, answer: Callable[[], _T]) -> asyncio.Future[_T]:
        """Give a future of what `answer` gives when the running turn's writes are committed."""
        future: asyncio.Future[_T] = self.loop.create_future()

        def settle() -> None:
            if future.done():
                return
            try:
                future.set_result(answer())
            except JsException as error:
                future.set_exception(error)

        self.output.hold(settle)
        return future

    # -- critical sections

    def open_section(self, start: Callable[[CriticalSection], None]) -> CriticalSection:
        """Ask for a critical section within the running one; `start` is called when it begins."""
        scope = SCOPE.get()
        within = self.input.root if scope is None else scope.section
        section = self.input.open(within, lambda: start(section))
        self.wake()
        return section

    def end_section(self, section: CriticalSection) -> None:
        """End a critical section; its caller goes on before anything that waited."""
        self.input.end(section)
        self.wake()

    # -- running

    def wake(self) -> None:
        """Put a pass on the event loop, unless one is there or is running."""
        if not self._is_scheduled and self.loop.running is not self:
            self._is_scheduled = True
            self.loop.pending_passes += 1
            self.loop.call_unowned(self._run_pass)

    def _run_pass(self) -> None:
        loop, gate, owner = self.loop, self.input, self.owner
        self._is_scheduled = False
        loop.pending_passes -= 1
        if loop.before_pass is not None:
            loop.before_pass(owner)
        outer, loop.running = loop.running, self
        try:
            gate.begin_waiting()
            self._left = min(len(gate.innermost.arrivals), _PASS)
            self._run_ready()
            self._left = None
            is_kept = owner.end_pass()
            if self.ready:  # left by a reset at the end of a turn: `finally` blocks and the like
                self._run_ready()
        finally:
            loop.running, self._left, self._is_in_turn = outer, None, False
        if is_kept:
            self.output.release()
        else:
            self.output.drop()
        if self.ending:
            self._end_requests()
        owner.after_pass()
        if gate.has_admissible or gate.innermost.waiting:
            self.wake()

    def _run_ready(self) -> None:
        loop = self.loop
        while True:
            strand = loop.strand
            try:
                strand.switch(self)
            finally:
                if strand.is_put_aside or strand.dead:
                    loop.strand = loop.new_strand()
            if not strand.is_put_aside:  # else another goes on without what waits there
                return

    def next_turn(self) -> Callback | None:
        """End the running turn of the pass and begin the next; gives its arrival, if there is one.

        What a reset has left ready runs in no turn, when the pass is over.
        """
        left, gate = self._left, self.input
        if left is None:
            return None
        if self._is_in_turn:
            self._is_in_turn = False
            self.owner.end_turn()
            if gate.innermost.waiting:
                gate.begin_waiting()
        arrival = gate.next() if left else None
        if arrival is not None:  # else none is left, or a section has begun and lets none in
            self._left = left - 1
            self._is_in_turn = True
            self.loop.turn_number += 1
            self.output.begin_turn()
        return arrival

    def _end_requests(self) -> None:
        """End those for which nothing is at work; another request's work keeps none waiting."""
        executions = [timer.context.get(EXECUTION) for timer in self.timers]
        at_work = {id(each) for each in (*executions, *self.tasks.values())}
        over = {each for each in self.ending if id(each.execution) not in at_work}
        self.ending -= over
        for each in over:
            each.end_unless_closed()

    def die(self, owns: Callable[[str], bool]) -> None:
        """After a reset: let in all that still arrives, and cancel the project's own tasks.

        `owns` tells the project's files.  A task of a library stays: it may be the client that a
        module shares among objects.
        """
        self.is_dead = True
        self.input.open_wide()
        lent, self.lent = {*self.lent, *self.sockets}, set()
        self.sockets.clear()
        for each in lent:
            each.owner_gone()
        for task in list(self.tasks):
            code = getattr(task.get_coro(), "cr_code", None)
            name = "" if code is None else code.co_filename
            if owns(name) or name.startswith(_CORE):
                task.cancel()
        for waited_for in list(self.put_aside.values()):
            waited_for.cancel()
        self.wake()

    def end_sockets(self, observer: Observer, *, cuts: bool) -> None:
        """Close or cut the accepted sockets, since the code that they belong to was replaced."""
        sockets, self.sockets = self.sockets, set()
        if cuts:
            for each in sockets:
                each.cut()
        else:
            count = sum(each.shut(SERVICE_RESTART, "The code was replaced.") for each in sockets)
            if count:
                observer.sockets_shut(self.name, count)
        if sockets:
            self.wake()

    @property
    def is_busy(self) -> bool:
        """Whether tasks or timers of the owner are alive, others use it, or arrivals wait."""
        return (
            bool(
                self.tasks or self.timers or self.lent or self.input.root.arrivals or self.put_aside
            )
            or self.input.innermost is not self.input.root
            or (bool(self.sockets) and any(socket.keeps_awake for socket in self.sockets))
        )

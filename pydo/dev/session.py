"""One `pydo dev` from start to end: configuration, code, runtime, server.

The composition of everything else, and the only place that knows it all.  It may serve several
Workers that are bound to one another (`served.py` is one of them); requests go to the first.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import traceback
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from pydo import __version__
from pydo.bindings import Bindings
from pydo.config import load_tool
from pydo.console import ConsoleObserver
from pydo.control import Control
from pydo.dev.asked import commands
from pydo.dev.collecting import collect_seldom, collect_young
from pydo.dev.environment import use_the_projects_environment
from pydo.dev.notices import tell_of_closed_sockets, tell_of_crons, tell_the_address
from pydo.dev.options import projects_of
from pydo.dev.restart import execute_again
from pydo.dev.served import Ground, Served, flags_of, refuse_one_name_twice
from pydo.dev.versions import Versions
from pydo.errors import PydoError, UserCodeError
from pydo.host.code import HostedCode
from pydo.host.env import make_env
from pydo.host.execution import wait_until
from pydo.host.importer import Host, install, uninstall
from pydo.host.portability import Portability, watching
from pydo.host.waiting import waiting
from pydo.platform import hear_stop_signals
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.container import Settings
from pydo.runtime.failure import origin
from pydo.runtime.history.log import Retention
from pydo.runtime.loop import ObjectLoop
from pydo.serve.dialer import Dialer
from pydo.serve.front import Front
from pydo.serve.handover import Handover
from pydo.serve.http import Exchange
from pydo.serve.local import LocalPaths
from pydo.serve.server import Server, bind
from pydo.serve.signals import watch_stop_signals
from pydo.serve.sockets import Sockets
from pydo.serve.watchdog import Watchdog
from pydo.statedir import StateDirectory

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from pydo.config import Config, Project
    from pydo.console import Console
    from pydo.dev.options import Options
    from pydo.runtime.turn import Owner

__all__ = ["DevSession", "run"]


def run(options: Options, console: Console) -> int:
    """Serve until a stop signal; the exit code.

    Raises:
        PydoError: it cannot start, and the message says why.

    """
    projects = projects_of(options)
    read = [project.read() for project in projects]
    config = read[0][0]
    refuse_one_name_twice([each for each, _ in read])
    use_the_projects_environment(config)
    handover = Handover.take(os.environ)
    with ExitStack() as stack:
        state_root = options.persist_to or config.home / ".pydo" / "state"
        left = None if handover is None else handover.lock
        state = stack.enter_context(StateDirectory.open(state_root, left=left))
        sockets, port = _listen(config, handover)
        state.record_port(port)
        if handover is None:
            console.banner(__version__)
        for (each, warnings), project in zip(read, projects, strict=True):
            console.diagnostics(warnings)
            if handover is None:
                if project.location.redirect is not None:
                    console.info(str(project.location))
                console.bindings(each, [other.name for other, _ in read])
        session = DevSession(options, projects, [each for each, _ in read], state, console)
        try:
            successor = session.serve(sockets, port, handover)
        except PydoError:
            raise
        except Exception:
            _leave_threads_behind(failed=True)
            raise
        if successor is not None:
            successor = replace(successor, lock=state.leave())
    if successor is not None:
        successor.give(os.environ)
        execute_again()
    _leave_threads_behind()
    return 0


class DevSession:
    """A project being served, or several."""

    def __init__(
        self,
        options: Options,
        projects: Sequence[Project],
        configs: Sequence[Config],
        state: StateDirectory,
        console: Console,
    ) -> None:
        self._options = options
        self._handover: Handover | None = None  # from the process before
        self._is_restarting = False
        self._console = console
        tool = load_tool(configs[0].root)
        settings = Settings(
            watches_memory=tool.warns_of_lost_memory,
            syncs_commits=tool.survives_power_loss,
            is_strict=options.strict,
            history=Retention.of(tool.history_days, tool.history_size_mb),
        )
        self._loop = ObjectLoop()
        self._loop.set_exception_handler(self._unhandled)
        self._observer = ConsoleObserver(console, self._owns, tool.may_forget)
        self._dialer = Dialer()
        self._bindings = Bindings(state, self._loop, console.warn, settings.turn_s)
        self._host = Host(
            make_env({}, {}), wait_until, flags_of(configs[0]), dial_port=self._dialer.connect
        )
        self._watchdog = Watchdog(self._loop, self._observer, settings.turn_s, self._owns)
        self._ground = Ground(
            self._loop,
            self._observer,
            settings,
            OpenDatabases(syncs_commits=settings.syncs_commits, is_strict=settings.is_strict),
            state,
            self._bindings,
            self._host,
            self._watchdog,
            console,
            count(1),
            options.fires_crons,
            options.migrates,
        )
        self._served: list[Served] = []
        self._served += (
            Served(self._ground, project, config, self._served)
            for project, config in zip(projects, configs, strict=True)
        )
        if len(self._served) > 1:
            self._loop.before_pass = _let_stand
        self._first = self._served[0]
        self._local = LocalPaths(self._first.trigger, self._owns, self._first.config.hosts)
        self._front = Front(self._request_failed, self._local)
        self._portability = Portability(
            self._owns,
            lambda finding: console.warn(str(finding)),
            strict=options.strict,
            uploads=[pattern for config in configs for pattern in config.uploads],
        )
        self._stopping = asyncio.Event()

    def serve(
        self, sockets: list[socket.socket], port: int, handover: Handover | None = None
    ) -> Handover | None:
        """Serve on `sockets` until a stop signal, or until a new process is to take over."""
        if handover is not None:
            self._handover = handover
        watch_stop_signals(self._stop_from_thread)
        asyncio.set_event_loop(self._loop)
        install(self._host)
        self._watchdog.start()
        try:
            with watching(self._portability), waiting():
                return self._loop.run_until_complete(self._serve(sockets, port))
        finally:
            self._close()

    def try_loading(self) -> frozenset[str]:
        """Load the code once, serve nothing, and give the classes of objects that it exports.

        Raises:
            UserCodeError: it does not load.

        """
        asyncio.set_event_loop(self._loop)
        install(self._host)
        self._watchdog.start()

        async def load() -> frozenset[str]:
            return self._first.try_loading()

        try:
            with watching(self._portability), waiting():
                return self._loop.run_until_complete(load())
        finally:
            self._close()

    def _close(self) -> None:
        self._loop.set_exception_handler(lambda *_: None)  # what is cut off is of no interest
        for each in self._served:
            each.close()
        self._bindings.close()
        self._watchdog.close()
        uninstall()
        self._loop.close()

    async def _serve(self, sockets: list[socket.socket], port: int) -> Handover | None:
        hear_stop_signals()
        joined = Sockets()
        exchange = Exchange(
            self._first.runtime.send,
            self._owns,
            self._console.request,
            self._request_failed,
            joined,
        )
        exchange.front = self._front
        server = Server(exchange, joined)
        if any(each.was_interrupted for each in self._served):
            self._console.info("A migration that was interrupted has been finished")
        versions = Versions(
            self._options,
            self._served,
            self._console,
            self,
            takes_process=self._handover is not None,
        )
        # What is loaded by now stays: the collector need not look at it again and again.
        gc.freeze()
        versions.start()
        control = Control(
            self._ground.state.control, commands([each.runtime for each in self._served])
        )
        collect_seldom()
        await server.start(sockets)
        await control.start()
        self._say_ready(port)
        watching = [self._loop.create_task(versions.follow(each)) for each in self._served]
        watching.append(self._loop.create_task(collect_young()))
        stopping = self._loop.create_task(self._stopping.wait())
        ended, _ = await asyncio.wait({*watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended & {*watching}:
            task.result()  # a mistake of ours ends the process rather than the reloading
        for task in (*watching, stopping):
            task.cancel()
        await asyncio.wait({*watching, stopping})
        successor = None
        if self._is_restarting:
            successor = Handover.of(self._first.config.dev.ip, port, sockets)
            tell_of_closed_sockets(self._console, len(joined))
        await control.close()
        await server.close()
        for each in self._served:
            await each.aclose()
        await self._dialer.close()
        return successor

    def _say_ready(self, port: int) -> None:
        if self._handover is not None:
            self._console.reloaded(self._handover.age_ms())
            return
        tell_the_address(self._console, self._first, port)
        tell_of_crons(self._console, self._served, port, fires=self._options.fires_crons)

    # -- what the versions of the Workers ask for

    def follow(self) -> None:
        """Let what stands before the Workers know what they are now."""
        first = self._first
        self._front.site, self._front.has_worker = first.site, first.config.has_worker
        self._local.hosts = first.config.hosts

    def restart(self) -> None:
        """End, and let a new process go on."""
        self._is_restarting = True
        self._stopping.set()

    # -- what happens to user code

    def _owns(self, filename: str) -> bool:
        return any(each.owns(filename) for each in self._served)

    def _request_failed(self, error: BaseException) -> None:
        if not isinstance(origin(error), UserCodeError):  # shown when it was loaded
            self._console.user_error(error, self._owns, title="Uncaught error in a request")

    def code_failed(self, error: UserCodeError) -> None:
        """Show code that does not load."""
        self._console.user_error(error.error, self._owns, title=str(error))

    def _unhandled(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            self._observer.uncaught("a task", error)
        else:
            self._console.warn(str(context.get("message")))

    # -- the end

    def _stop_from_thread(self) -> None:
        self._watchdog.hurry()
        self._loop.call_soon_threadsafe(self._stop)
        self._bindings.interrupt()

    def _stop(self) -> None:
        self._is_restarting = False
        self._stopping.set()


def _let_stand(owner: Owner) -> None:
    """Let the modules of a Worker be found by name while its code runs."""
    code = owner.code
    if isinstance(code, HostedCode):
        code.stand()


def _listen(config: Config, handover: Handover | None) -> tuple[list[socket.socket], int]:
    if handover is not None:
        if handover.ip == config.dev.ip and config.dev.port in {None, 0, handover.port}:
            return list(handover.sockets), handover.port
        handover.close()
    return bind(config.dev.ip, config.dev.port)


def _leave_threads_behind(*, failed: bool = False) -> None:
    """End although a thread of the user's still runs: what was acknowledged is on disk."""
    others = [each for each in threading.enumerate() if not each.daemon]
    if len(others) > 1:
        if failed:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(failed))

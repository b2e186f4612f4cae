"""One `pydo dev` from start to end: configuration, code, runtime, server, and the reload loop.

The composition of everything else, and the only place that knows it all.  What is served is always
a pair of configuration and code that fit: a change of either is tried with the newest of the
other, and until a pair fits the last good one goes on serving.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from pydo import __version__
from pydo.bindings import Bindings
from pydo.bindings.cron import CronSchedule, Trigger
from pydo.config import Config, ConfigError, Overrides, Project, load_tool, locate, read_environ
from pydo.console import ConsoleObserver
from pydo.errors import PydoError, StateError, UserCodeError
from pydo.host.code import BrokenCode, HostedCode
from pydo.host.env import make_env
from pydo.host.execution import wait_until
from pydo.host.flags import Flags
from pydo.host.importer import Host, install, uninstall
from pydo.host.portability import Portability, watching, watching_imports
from pydo.host.waiting import waiting
from pydo.loader import Generation, Loader, digest, project_environment, reexec_command, use
from pydo.reload import Watched, changes, settled
from pydo.restart import ReloadMode, execute_again, lasting_package, syntax_error
from pydo.runtime.container import Settings
from pydo.runtime.failure import origin
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.runtime import Runtime
from pydo.serve.dialer import Dialer
from pydo.serve.fetcher import Fetcher
from pydo.serve.front import Front
from pydo.serve.handover import Handover
from pydo.serve.http import Exchange
from pydo.serve.local import LocalPaths
from pydo.serve.server import DEFAULT_PORT, Server, bind
from pydo.serve.signals import watch_stop_signals
from pydo.serve.sockets import Sockets
from pydo.serve.watchdog import Watchdog
from pydo.statedir import StateDirectory

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from pydo.console import Console
    from pydo.runtime.namespace import ActorNamespace

__all__ = ["DevSession", "Options", "run", "use_the_projects_environment"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line of `pydo dev` says."""

    cwd: Path
    config: Path | None = None
    persist_to: Path | None = None
    cuts_sockets: bool = False  # at each reload
    strict: bool = False
    fires_crons: bool = False  # on their schedule
    reload: ReloadMode = ReloadMode.AUTO
    overrides: Overrides = field(default_factory=Overrides)


def run(options: Options, console: Console) -> int:
    """Serve until a stop signal; the exit code.

    Raises:
        PydoError: it cannot start, and the message says why.

    """
    location = locate(options.cwd, options.config)
    project = Project(location, _with_environ(options))
    config, warnings = project.read()
    use_the_projects_environment(config)
    handover = Handover.take(os.environ)
    with ExitStack() as stack:
        state_root = options.persist_to or config.home / ".pydo" / "state"
        state = stack.enter_context(StateDirectory.open(state_root))
        sockets, port = _listen(config, handover)
        state.record_port(port)
        if handover is None:
            console.banner(__version__)
        console.diagnostics(warnings)
        if handover is None:
            if location.redirect is not None:
                console.info(str(location))
            console.bindings(config)
        session = DevSession(options, project, config, state, console)
        successor = session.serve(sockets, port, handover)
    if successor is not None:
        successor.give(os.environ)
        execute_again()
    _leave_threads_behind()
    return 0


class DevSession:
    """A project being served."""

    def __init__(
        self,
        options: Options,
        project: Project,
        config: Config,
        state: StateDirectory,
        console: Console,
    ) -> None:
        self._options = options
        self._handover: Handover | None = None  # from the process before
        self._takes_process = options.reload is ReloadMode.PROCESS
        self._is_restarting = False
        self._project = project
        self._config = config
        self._state = state
        self._console = console
        tool = load_tool(config.root)
        self._settings = Settings(
            watches_memory=tool.warns_of_lost_memory,
            syncs_commits=tool.survives_power_loss,
            is_strict=options.strict,
        )
        self._loop = ObjectLoop()
        self._loop.set_exception_handler(self._unhandled)
        self._observer = ConsoleObserver(console, self._owns, tool.may_forget)
        self._loader = Loader(config.main)
        self._fetcher = Fetcher(config.name)
        self._dialer = Dialer()
        self._bindings = Bindings(state, self._loop, console.warn)
        self._host = Host(
            make_env({}, {}), wait_until, _flags(config), self._fetcher.send, self._dialer.connect
        )
        nothing = UserCodeError("nothing is loaded yet", RuntimeError(), None)
        self._runtime = Runtime(
            self._loop, BrokenCode(nothing), observer=self._observer, settings=self._settings
        )
        clock = self._loop.clock
        self._trigger = Trigger(self._runtime.schedule, clock, self._observer.uncaught)
        self._schedule = CronSchedule(clock, self._ring)
        self._local = LocalPaths(self._trigger, self._owns, config.hosts)
        self._front = Front(self._request_failed, self._local)
        self._watchdog = Watchdog(self._loop, self._observer, self._settings.turn_s, self._owns)
        self._portability = Portability(
            self._owns,
            lambda finding: console.warn(str(finding)),
            strict=options.strict,
            uploads=config.uploads,
        )
        self._stopping = asyncio.Event()

    def serve(
        self, sockets: list[socket.socket], port: int, handover: Handover | None = None
    ) -> Handover | None:
        """Serve on `sockets` until a stop signal, or until a new process is to take over."""
        if handover is not None:
            self._handover, self._takes_process = handover, True
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
            return frozenset(self._load(self._config).classes)

        try:
            with watching(self._portability), waiting():
                return self._loop.run_until_complete(load())
        finally:
            self._close()

    def _close(self) -> None:
        self._loop.set_exception_handler(lambda *_: None)  # what is cut off is of no interest
        self._schedule.close()
        self._runtime.close()
        self._bindings.close()
        self._watchdog.close()
        self._loader.close()
        uninstall()
        self._loop.close()

    async def _serve(self, sockets: list[socket.socket], port: int) -> Handover | None:
        joined = Sockets()
        exchange = Exchange(
            self._runtime.fetch,
            self._owns,
            self._console.request,
            self._request_failed,
            joined,
        )
        exchange.front = self._front
        server = Server(exchange, joined)
        try:
            self._runtime.replace(self._load(self._config))
        except UserCodeError as error:
            self._code_failed(error)
            self._runtime.replace(BrokenCode(error))
            self._front.site = self._bindings.site(self._config)
            self._front.has_worker = self._config.has_worker
        # What is loaded by now stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        await server.start(sockets)
        self._say_ready(port)
        self._start_crons(port)
        watching = self._loop.create_task(self._reload_on_changes())
        stopping = self._loop.create_task(self._stopping.wait())
        await asyncio.wait({watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()  # a mistake of ours ends the process rather than the reloading
        watching.cancel()
        stopping.cancel()
        await asyncio.wait({watching, stopping})
        successor = None
        if self._is_restarting:
            successor = Handover.of(self._config.dev.ip, port, sockets)
        await server.close()
        await self._fetcher.close()
        await self._dialer.close()
        return successor

    def _say_ready(self, port: int) -> None:
        if self._handover is not None:
            self._console.reloaded(self._handover.age_ms())
            return
        if self._config.dev.port is None and port != DEFAULT_PORT:
            self._console.info(f"Port {DEFAULT_PORT} is in use; port {port} is taken instead")
        self._console.ready([_url(self._config.dev.ip, port)])

    # -- cron triggers

    def _start_crons(self, port: int) -> None:
        crons = self._config.crons
        if not crons or (self._handover is not None and not self._options.fires_crons):
            return
        if not self._options.fires_crons:
            url = _url(self._config.dev.ip, port)
            self._console.warn(
                "Scheduled Workers are not automatically triggered during local development.\n"
                "To manually trigger a scheduled event, run:\n"
                f'  curl "{url}/cdn-cgi/handler/scheduled"\n'
                "To have them triggered on schedule, run pydo dev --cron."
            )
            return
        self._schedule.set(crons)
        if self._handover is None:
            self._console.info(f"Cron triggers fire on schedule, in UTC: {', '.join(crons)}")

    def _ring(self, cron: str, time_ms: int) -> None:
        self._loop.create_unowned_task(self._fired(cron, time_ms))

    async def _fired(self, cron: str, time_ms: int) -> None:
        outcome = await self._trigger.call(cron, time_ms)
        self._console.info(f"cron {cron} {outcome.text}")

    # -- loading

    def _load(self, config: Config) -> HostedCode:
        if config.main != self._loader.main:
            self._loader.close()
            self._loader = Loader(config.main)
        site = self._bindings.site(config)
        bindings = self._bindings.make(config, site)
        env = make_env(config.vars, self._namespaces(config), bindings)
        bound = [b.class_name for b in config.durable_objects if b.script_name is None]
        fitting: list[HostedCode] = []

        def fit(generation: Generation) -> None:
            code = HostedCode(
                generation.number,
                generation.entry,
                self._host,
                bound,
                self._loader.owns,
                namespace_of=partial(self._namespace_of, config),
            )
            if self._options.strict and code.warning is not None:
                raise UserCodeError(code.warning, ImportError(code.warning), None)
            fitting.append(code)

        before = (self._host.env, self._host.flags)
        self._host.update(env=env, flags=_flags(config))
        try:
            with (
                self._watchdog.guarding(
                    f"the import of {config.main.name}", self._settings.import_s
                ),
                watching_imports(),
            ):
                self._loader.load(fit)
        except UserCodeError:
            self._host.update(env=before[0], flags=before[1])
            raise
        code = fitting[0]
        self._front.site, self._front.has_worker = site, config.has_worker
        if code.warning is not None:
            self._console.warn(code.warning)
        self._notice_what_lasts()
        return code

    def _notice_what_lasts(self) -> None:
        package = lasting_package(sys.modules)
        if package is None or self._takes_process or self._options.reload is not ReloadMode.AUTO:
            return
        self._takes_process = True
        self._console.info(
            f"{package} keeps what it has loaded: each change restarts the process"
            " (--reload process), and closes WebSockets"
        )

    def _namespaces(self, config: Config) -> dict[str, ActorNamespace]:
        return {
            binding.name: self._open_namespace(config, binding.class_name)
            for binding in config.durable_objects
            if binding.script_name is None
        }

    def _namespace_of(self, config: Config, class_name: str) -> ActorNamespace | None:
        """Give the objects of a class; one that is neither bound nor declared has none."""
        is_known = class_name in config.classes
        return self._open_namespace(config, class_name) if is_known else None

    def _open_namespace(self, config: Config, class_name: str) -> ActorNamespace:
        storage = config.storage_of(class_name).value
        place = self._state.class_directory(config.name, class_name, storage)
        if place.storage != storage:
            raise StateError(
                f"{place.path} holds objects of a {place.storage} class, and the migrations"
                f" declare {class_name} as {storage}; a class keeps its storage for ever:"
                " declare it as it was, or rename it"
            )
        return self._runtime.open_namespace(
            class_name, place.unique_key, place.path, has_sql=storage == "sqlite"
        )

    async def _reload_on_changes(self) -> None:
        async with aclosing(changes(self._watched)) as reports:
            async for changed in reports:
                await settled(changed)
                if self._takes_process:
                    self._restart(changed)
                else:
                    self._reload(changed)

    def _watched(self) -> Watched:
        return Watched(
            self._config.main.parent,
            self._loader.files | self._project.files,
            {**self._loader.digests, **self._config_digests},
            frozenset({self._state.root}),
        )

    @property
    def _config_digests(self) -> dict[Path, bytes]:
        return {path: digest(held) for path, held in self._project.contents.items()}

    def _reload(self, changed: frozenset[Path]) -> None:
        started = time.perf_counter()
        self._console.reloading()
        try:
            if not self._project.files.isdisjoint(changed):
                self._read_config()
            code = self._load(self._config)
        except ConfigError as error:
            self._console.diagnostics(error.diagnostics)
        except UserCodeError as error:
            self._code_failed(error)
        except PydoError as error:  # the state does not allow it: what is served stays
            self._console.error(str(error))
        else:
            self._runtime.replace(code, cuts_sockets=self._options.cuts_sockets)
            if self._options.fires_crons:
                self._schedule.set(self._config.crons)
            self._console.reloaded((time.perf_counter() - started) * 1000)

    def _restart(self, changed: frozenset[Path]) -> None:
        """Let a new process take over, unless it is plain that it could not."""
        self._console.reloading()
        error = syntax_error(changed)
        if error is not None:
            self._code_failed(UserCodeError("the code does not load", error, None))
            return
        try:
            if not self._project.files.isdisjoint(changed):
                self._project.read()
        except ConfigError as failed:
            self._console.diagnostics(failed.diagnostics)
            return
        self._is_restarting = True
        self._stopping.set()

    def _read_config(self) -> None:
        config, warnings = self._project.read()
        self._console.diagnostics(warnings)
        if config.dev != self._config.dev:
            self._console.warn("the address in [dev] has changed: restart pydo dev to listen there")
        self._config = replace(config, dev=self._config.dev)
        self._local.hosts = config.hosts

    # -- what happens to user code

    def _owns(self, filename: str) -> bool:
        return self._loader.owns(filename)

    def _request_failed(self, error: BaseException) -> None:
        if not isinstance(origin(error), UserCodeError):  # shown when it was loaded
            self._console.user_error(error, self._owns, title="Uncaught error in a request")

    def _code_failed(self, error: UserCodeError) -> None:
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

    def _stop(self) -> None:
        self._is_restarting = False
        self._stopping.set()


def _listen(config: Config, handover: Handover | None) -> tuple[list[socket.socket], int]:
    if handover is not None:
        if handover.ip == config.dev.ip and config.dev.port in {None, 0, handover.port}:
            return list(handover.sockets), handover.port
        handover.close()
    return bind(config.dev.ip, config.dev.port)


def _flags(config: Config) -> Flags:
    return Flags(config.compatibility_date, config.compatibility_flags)


def _with_environ(options: Options) -> Overrides:
    given = options.overrides
    environ = read_environ(options.cwd, given.env, given.env_files, os.environ)
    return replace(given, environ=environ)


def _url(ip: str, port: int) -> str:
    host = {"0.0.0.0": "localhost", "::": "localhost"}.get(ip, ip)  # noqa: S104 - shown, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def use_the_projects_environment(config: Config) -> None:
    """Put the packages of the project on the path, under their own Python if need be.

    Raises:
        PydoError: that Python has no pydo.

    """
    environment = project_environment(config.root)
    if environment is None:
        return
    if environment.is_ours:
        use(environment)
        return
    command = reexec_command(environment, sys.argv[1:])
    if command is None:
        wanted = ".".join(map(str, environment.version))
        raise PydoError(
            f"{environment.path} is an environment of Python {wanted}, and pydo runs on Python"
            f" {sys.version_info[0]}.{sys.version_info[1]}: packages of one do not fit the other."
            f" Install pydo there: {environment.python} -m pip install pydo-workers"
        )
    os.execv(command[0], command)  # noqa: S606 - the project's own interpreter


def _leave_threads_behind() -> None:
    """End although a thread of the user's still runs: what was acknowledged is on disk."""
    others = [each for each in threading.enumerate() if not each.daemon]
    if len(others) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

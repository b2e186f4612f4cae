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
from pydo.config import Config, ConfigError, Overrides, Project, load_tool, locate, read_environ
from pydo.console import ConsoleObserver
from pydo.errors import MigrationError, PydoError, StateError, UserCodeError
from pydo.host.code import BrokenCode, HostedCode
from pydo.host.env import make_env
from pydo.host.execution import wait_until
from pydo.host.flags import Flags
from pydo.host.importer import Host, install, uninstall
from pydo.host.portability import Portability, watching, watching_imports
from pydo.host.waiting import waiting
from pydo.loader import Generation, Loader, digest, project_environment, reexec_command, use
from pydo.migrate.report import drift_text
from pydo.migrate.served import Coming, ServedClasses
from pydo.reload import Watched, changes, settled
from pydo.restart import ReloadMode, execute_again, lasting_package, syntax_error
from pydo.runtime.container import Settings
from pydo.runtime.failure import origin
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.runtime import Runtime
from pydo.serve.dialer import Dialer
from pydo.serve.fetcher import Fetcher
from pydo.serve.handover import Handover
from pydo.serve.http import Exchange
from pydo.serve.server import DEFAULT_PORT, Server, bind
from pydo.serve.signals import watch_stop_signals
from pydo.serve.sockets import Sockets
from pydo.serve.watchdog import Watchdog
from pydo.statedir import SQLITE, StateDirectory

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from pydo.console import Console
    from pydo.migrate.drift import Drift
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
    migrates: bool = False  # deletes and transfers too
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
        left = None if handover is None else handover.lock
        state = stack.enter_context(StateDirectory.open(state_root, left=left))
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
            successor = replace(successor, lock=state.leave())
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
        self._bindings = Bindings(state)
        self._classes = ServedClasses(state, is_auto=options.migrates)
        self._drift: tuple[Drift, ...] = ()  # as it was told last
        self._host = Host(
            make_env({}, {}), wait_until, _flags(config), self._fetcher.send, self._dialer.connect
        )
        nothing = UserCodeError("nothing is loaded yet", RuntimeError(), None)
        self._runtime = Runtime(
            self._loop, BrokenCode(nothing), observer=self._observer, settings=self._settings
        )
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
            coming = self._classes.as_they_are(self._config)
            return frozenset(self._load(self._config, coming).classes)

        try:
            with watching(self._portability), waiting():
                return self._loop.run_until_complete(load())
        finally:
            self._close()

    def _close(self) -> None:
        self._loop.set_exception_handler(lambda *_: None)  # what is cut off is of no interest
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
        server = Server(exchange, joined)
        if self._classes.was_interrupted:
            self._console.info("A migration that was interrupted has been finished")
        try:
            self._take_up(self._config)
        except UserCodeError as error:
            self._code_failed(error)
            self._runtime.replace(BrokenCode(error))
        # What is loaded by now stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        await server.start(sockets)
        self._say_ready(port)
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

    # -- loading

    def _take_up(self, config: Config, *, cuts_sockets: bool = False) -> None:
        """Load the code, bring the state to what `config` says, and serve both."""
        coming = self._classes.prepare(config)
        before = frozenset(self._runtime.namespaces)
        try:
            code = self._load(config, coming)
        except UserCodeError:
            for unique_key in self._runtime.namespaces.keys() - before:
                self._runtime.forget_namespace(unique_key)
            raise
        names = {
            each.unique_key: name
            for name, each in coming.places.items()
            if each.unique_key in self._runtime.namespaces
        }
        self._runtime.replace(code, cuts_sockets=cuts_sockets, class_names=names)
        drift = self._classes.drift(config, frozenset(code.classes)) if coming.is_new else ()
        if coming.is_new and drift != self._drift:
            self._drift = drift
            if drift:
                self._console.warn(drift_text(drift))

    def _load(self, config: Config, coming: Coming) -> HostedCode:
        if config.main != self._loader.main:
            self._loader.close()
            self._loader = Loader(config.main)
        env = make_env(config.vars, self._namespaces(config, coming), self._bindings.make(config))
        bound = [b.class_name for b in config.durable_objects if b.script_name is None]
        fitting: list[HostedCode] = []

        def fit(generation: Generation) -> None:
            code = HostedCode(
                generation.number,
                generation.entry,
                self._host,
                bound,
                self._loader.owns,
                namespace_of=partial(self._namespace_of, coming),
            )
            if self._options.strict and code.warning is not None:
                raise UserCodeError(code.warning, ImportError(code.warning), None)
            self._migrate(coming)
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

    def _migrate(self, coming: Coming) -> None:
        """Bring the state to what fits the code that is about to take over."""
        for unique_key in coming.gone:
            self._runtime.forget_namespace(unique_key)
        try:
            for line in self._classes.make(coming):
                self._console.info(line)
        except (MigrationError, StateError) as error:
            raise UserCodeError(str(error), error, None) from error

    def _namespaces(self, config: Config, coming: Coming) -> dict[str, ActorNamespace]:
        return {
            binding.name: self._open_namespace(coming, binding.class_name)
            for binding in config.durable_objects
            if binding.script_name is None
        }

    def _namespace_of(self, coming: Coming, class_name: str) -> ActorNamespace | None:
        """Give the objects of a class; one that is neither bound nor declared has none."""
        return self._open_namespace(coming, class_name) if class_name in coming.places else None

    def _open_namespace(self, coming: Coming, class_name: str) -> ActorNamespace:
        place = coming.places[class_name]
        return self._runtime.open_namespace(
            class_name, place.unique_key, place.path, has_sql=place.storage == SQLITE
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
            self._take_up(self._config, cuts_sockets=self._options.cuts_sockets)
        except ConfigError as error:
            self._console.diagnostics(error.diagnostics)
        except UserCodeError as error:
            self._code_failed(error)
        except PydoError as error:  # the state does not allow it: what is served stays
            self._console.error(str(error))
        else:
            self._console.reloaded((time.perf_counter() - started) * 1000)

    def _restart(self, changed: frozenset[Path]) -> None:
        """Let a new process take over, unless it is plain that it could not."""
        self._console.reloading()
        error = syntax_error(changed)
        if error is not None:
            self._code_failed(UserCodeError("the code does not load", error, None))
            return
        try:
            self._classes.prepare(self._project.read()[0])
        except ConfigError as failed:
            self._console.diagnostics(failed.diagnostics)
            return
        except PydoError as failed:  # the state does not allow it: what is served stays
            self._console.error(str(failed))
            return
        self._is_restarting = True
        self._stopping.set()

    def _read_config(self) -> None:
        config, warnings = self._project.read()
        self._console.diagnostics(warnings)
        if config.dev != self._config.dev:
            self._console.warn("the address in [dev] has changed: restart pydo dev to listen there")
        self._config = replace(config, dev=self._config.dev)

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

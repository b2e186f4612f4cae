"""One Worker of a `pydo dev`, over all its versions: configuration, code, and what runs of it.

What is served is always a pair of configuration and code that fit: a change of either is tried
with the newest of the other, and until a pair fits the last good one goes on serving.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydo.bindings.cron import CronSchedule, Trigger
from pydo.dev.neighbours import Neighbours
from pydo.dev.reload import Watched
from pydo.errors import MigrationError, PydoError, StateError, UserCodeError
from pydo.host.code import BrokenCode, HostedCode
from pydo.host.env import make_env
from pydo.host.flags import Flags
from pydo.host.importer import new_realm
from pydo.host.js.realm import stand, standing
from pydo.host.portability import watching_imports
from pydo.loader import Generation, Loader, digest
from pydo.migrate.report import drift_text
from pydo.migrate.served import ServedClasses
from pydo.runtime.runtime import Runtime
from pydo.serve.fetcher import Fetcher as OutgoingFetcher
from pydo.statedir import SQLITE

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Iterator, Sequence

    from pydo.bindings import Bindings
    from pydo.bindings.assets.site import Site
    from pydo.config import Config, Project
    from pydo.console import Console
    from pydo.host.importer import Host
    from pydo.migrate.drift import Drift
    from pydo.migrate.served import Coming
    from pydo.runtime.budget import OpenDatabases
    from pydo.runtime.container import Settings
    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.namespace import ActorNamespace
    from pydo.runtime.observer import Observer
    from pydo.serve.watchdog import Watchdog
    from pydo.statedir import StateDirectory

__all__ = ["Ground", "Served", "flags_of", "refuse_one_name_twice"]


@dataclass(frozen=True, slots=True)
class Ground:
    """What the Workers of one `pydo dev` share.

    `numbers` counts the generations of all of them: a later one is of newer code, whosever it is.
    """

    loop: ObjectLoop
    observer: Observer
    settings: Settings
    budget: OpenDatabases
    state: StateDirectory
    bindings: Bindings
    host: Host
    watchdog: Watchdog
    console: Console
    numbers: Iterator[int]
    fires_crons: bool
    migrates: bool


class Served:
    """A Worker; `all_served` are those that are served together, this one among them."""

    def __init__(
        self,
        ground: Ground,
        project: Project,
        config: Config,
        all_served: Sequence[Served],
    ) -> None:
        self.config = config
        self.project = project
        self._ground = ground
        self._all = all_served
        self.neighbours = Neighbours(self, all_served, ground.loop)
        self._classes = ServedClasses(ground.state, is_auto=ground.migrates)
        self._coming: Coming | None = None  # before the configuration is prepared
        self._drift: tuple[Drift, ...] = ()  # as it was told last
        self._loader = Loader(config.main, numbers=ground.numbers)
        self._fetcher = OutgoingFetcher(config.name)
        self.site: Site | None = None
        self._entrypoints: frozenset[str] | None = None  # not known before the code has loaded
        nothing = UserCodeError("nothing is loaded yet", RuntimeError(), None)
        self.runtime = Runtime(
            ground.loop,
            BrokenCode(nothing),
            observer=ground.observer,
            settings=ground.settings,
            budget=ground.budget,
        )
        clock = ground.loop.clock
        self.trigger = Trigger(self.runtime.schedule, clock, ground.observer.uncaught)
        self._schedule = CronSchedule(clock, self._ring)

    def named(self, text: str) -> str:
        """Say of whom a line of the terminal tells, where there are several."""
        return text if len(self._all) == 1 else f"[{self.config.name}] {text}"

    def owns(self, filename: str) -> bool:
        """Whether a file is of the Worker's code."""
        return self._loader.owns(filename)

    @property
    def watched(self) -> Watched:
        """The files whose change is one of the Worker's."""
        held, files = self.project.contents, self.project.files
        digests = {path: digest(held[path]) if path in held else None for path in files}
        ignored = {self._ground.state.root}
        assets, code = self.config.assets, self.config.main.parent
        if assets is not None and not code.is_relative_to(assets.directory):
            ignored.add(assets.directory)  # looked at as they are asked for
        return Watched(
            code,
            self._loader.files | files,
            {**self._loader.digests, **digests},
            frozenset(ignored),
        )

    # -- versions

    @property
    def was_interrupted(self) -> bool:
        """Whether a migration was found unfinished, and has been finished."""
        return self._classes.was_interrupted

    def prepare(self) -> Coming:
        """Say what is to be done before the configuration can be served; changes nothing.

        Raises:
            MigrationError: it cannot be done, or not without being asked.
            StateError: what is stored does not allow it.

        """
        self._coming = self._classes.prepare(self.config)
        return self._coming

    def start(self) -> None:
        """Load the code for the first time.

        Raises:
            UserCodeError: it does not load; every request is told so until it does.
            MigrationError: the configuration cannot be served.
            StateError: what is stored does not allow it.

        """
        try:
            self.take_up()
        except UserCodeError as error:
            self.site = self._ground.bindings.site(self.config)
            self.runtime.replace(BrokenCode(error))
            raise

    def take_up(self, *, cuts_sockets: bool = False) -> int:
        """Load the code, bring the state to what the configuration says, and serve both.

        Gives the number of the generation.

        Raises:
            UserCodeError: the code does not load, or does not fit; what runs goes on.
            MigrationError: the configuration cannot be served.
            StateError: what is stored does not allow it.

        """
        coming = self.prepare()
        before = frozenset(self.runtime.namespaces)
        try:
            code = self._load(coming)
        except UserCodeError:
            for unique_key in self.runtime.namespaces.keys() - before:
                self.runtime.forget_namespace(unique_key)
            raise
        names = {
            each.unique_key: name
            for name, each in coming.places.items()
            if each.unique_key in self.runtime.namespaces
        }
        self.runtime.replace(code, cuts_sockets=cuts_sockets, class_names=names)
        if self._ground.fires_crons:
            self._schedule.set(self.config.crons)
        if coming.is_new:
            self._tell_of_drift(frozenset(code.classes))
        return code.generation

    def try_loading(self) -> frozenset[str]:
        """Load the code and serve nothing; the classes of objects that it exports.

        Raises:
            UserCodeError: it does not load.

        """
        coming = self._coming = self._classes.as_they_are(self.config)
        return frozenset(self._load(coming).classes)

    def look_ahead(self) -> None:
        """Read the configuration as it is now, and see whether it could be served.

        Raises:
            ConfigError: it is wrong.
            MigrationError: it cannot be served.
            StateError: what is stored does not allow it.

        """
        self._classes.prepare(self.project.read()[0])

    def _tell_of_drift(self, exported: frozenset[str]) -> None:
        drift = self._classes.drift(self.config, exported)
        if drift != self._drift:
            self._drift = drift
            if drift:
                self._ground.console.warn(self.named(drift_text(drift)))

    def read_config(self) -> None:
        """Read the configuration anew.

        Raises:
            ConfigError: it is wrong; the one before stays.
            PydoError: the Worker is called now what another one is.

        """
        console = self._ground.console
        config, warnings = self.project.read()
        refuse_one_name_twice([config, *(each.config for each in self._all if each is not self)])
        console.diagnostics(warnings)
        if config.dev != self.config.dev and self is self._all[0]:
            console.warn("the address in [dev] has changed: restart pydo dev to listen there")
        self.config = replace(config, dev=self.config.dev)

    def _load(self, coming: Coming) -> HostedCode:
        config, host = self.config, self._ground.host
        if config.main != self._loader.main:
            self._loader.close()
            self._loader = Loader(config.main, numbers=self._ground.numbers)
        site = self._ground.bindings.site(config)
        bindings = {**self._ground.bindings.make(config, site), **self.neighbours.services()}
        env = make_env(config.vars, self.neighbours.namespaces(), bindings)
        fitting: list[HostedCode] = []
        before = (host.env, host.flags, host.fetch_port)
        host.update(env, flags_of(config), self._fetcher.send)
        try:
            with (
                self._ground.loop.between_tasks(),
                self._ground.watchdog.guarding(
                    f"the import of {config.main.name}", self._ground.settings.import_s
                ),
                watching_imports(),
                new_realm(host),
                self._ground.loop.importing() as tasks,
            ):
                self._loader.load(lambda loaded: fitting.append(self._fit(loaded, coming, tasks)))
        except UserCodeError:
            host.update(*before)
            raise
        code = fitting[0]
        if code.warning is not None:
            self._ground.console.warn(self.named(code.warning))
        self._entrypoints = frozenset(code.entrypoints)
        self.site = site
        return code

    def _fit(
        self, generation: Generation, coming: Coming, tasks: Iterable[asyncio.Task[Any]]
    ) -> HostedCode:
        config, loader, realm = self.config, self._loader, standing()

        def come_forward() -> None:
            loader.stand()
            stand(realm)

        code = HostedCode(
            generation.number,
            generation.entry,
            self._ground.host,
            [each.class_name for each in config.durable_objects if each.script_name is None],
            self._loader.owns,
            namespace_of=self.namespace_of,
            tasks=tasks,
            stand=come_forward,
        )
        if self._ground.settings.is_strict and code.warning is not None:
            raise UserCodeError(code.warning, ImportError(code.warning), None)
        self._migrate(coming)
        return code

    def _migrate(self, coming: Coming) -> None:
        """Bring the state to what fits the code that is about to take over."""
        for unique_key in coming.gone:
            for each in self._all:
                each.runtime.forget_namespace(unique_key)
        try:
            for line in self._classes.make(coming):
                self._ground.console.info(self.named(line))
        except (MigrationError, StateError) as error:
            raise UserCodeError(str(error), error, None) from error

    # -- what is bound

    def lacks(self, entrypoint: str | None) -> bool:
        """Whether an entrypoint is known not to be there."""
        known = self._entrypoints
        return entrypoint is not None and known is not None and entrypoint not in known

    def declares(self, class_name: str) -> bool:
        """Whether there is a place for the objects of a class."""
        return self._coming is not None and class_name in self._coming.places

    def namespace_of(self, class_name: str) -> ActorNamespace | None:
        """Give the objects of a class; one that is neither bound nor declared has none."""
        place = None if self._coming is None else self._coming.places.get(class_name)
        if place is None:
            return None
        return self.runtime.open_namespace(
            class_name, place.unique_key, place.path, has_sql=place.storage == SQLITE
        )

    # -- cron triggers

    def _ring(self, cron: str, time_ms: int) -> None:
        self._ground.loop.create_unowned_task(self._fired(cron, time_ms))

    async def _fired(self, cron: str, time_ms: int) -> None:
        outcome = await self.trigger.call(cron, time_ms)
        self._ground.console.info(self.named(f"cron {cron} {outcome.text}"))

    # -- the end

    async def aclose(self) -> None:
        """Close the connections to other servers."""
        await self._fetcher.close()

    def close(self) -> None:
        """Let every object go, and take the code out of the interpreter."""
        self._schedule.close()
        self.runtime.close()
        self._loader.close()


def refuse_one_name_twice(configs: Iterable[Config]) -> None:
    """Refuse two Workers of one name.

    Raises:
        PydoError: there are.

    """
    named: dict[str, Config] = {}
    for config in configs:
        other = named.setdefault(config.name, config)
        if other is not config:
            raise PydoError(
                f'Two Workers are named "{config.name}": {other.path} and {config.path}. Give each'
                " a name of its own, since bindings and stored objects go by it"
            )


def flags_of(config: Config) -> Flags:
    """Give the compatibility flags that a configuration asks for."""
    return Flags(config.compatibility_date, config.compatibility_flags)

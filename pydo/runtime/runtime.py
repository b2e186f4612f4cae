"""The composition of the core: one Worker at work, the namespaces of its classes, one clock.

fetch(request)      a request from outside, to the current Worker
replace(code)       new code takes over, object by object
close()             the end; all that was acknowledged is on disk already
"""

from __future__ import annotations

from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydo.runtime.alarms import AlarmScheduler
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.container import Settings
from pydo.runtime.events import Fetch, Scheduled
from pydo.runtime.history.recorder import Recording
from pydo.runtime.namespace import ActorNamespace
from pydo.runtime.observer import Observer
from pydo.runtime.worker import Code, Worker

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping
    from pathlib import Path

    from pydo.runtime.delivery import Outcome
    from pydo.runtime.loop import ObjectLoop

__all__ = ["Runtime"]

_NONE: Mapping[str, str] = MappingProxyType({})


class Runtime:
    """One Worker and its objects.

    A `pydo dev` of several Workers has one for each, on one loop and with one budget of open
    databases.
    """

    def __init__(  # noqa: PLR0913 - each but two has a default
        self,
        loop: ObjectLoop,
        code: Code,
        *,
        observer: Observer | None = None,
        settings: Settings | None = None,
        budget: OpenDatabases | None = None,
        random: Random | None = None,
    ) -> None:
        self.loop = loop
        self.observer = observer or Observer()
        self.settings = settings or Settings()
        if budget is None:
            budget = OpenDatabases(
                syncs_commits=self.settings.syncs_commits, is_strict=self.settings.is_strict
            )
        self.budget = budget
        kept = self.settings.history
        self.recording = None if kept is None else Recording(loop.clock.now_ms, kept)
        self.alarms = AlarmScheduler(loop, self.observer, random or Random())  # noqa: S311 - jitter
        self.worker = Worker(code, loop, self.observer)
        self.namespaces: dict[str, ActorNamespace] = {}

    def open_namespace(
        self, class_name: str, unique_key: str, directory: Path, *, has_sql: bool = True
    ) -> ActorNamespace:
        """Give the namespace of a class directory, which outlives the code of the class.

        `has_sql` tells whether the class is declared to be backed by SQL.
        """
        namespace = self.namespaces.get(unique_key)
        if namespace is None:
            namespace = ActorNamespace(self, class_name, unique_key, directory, self.worker)
            namespace.has_sql = has_sql
            self.alarms.load(namespace)  # or whoever asks next is told of it as well
            self.namespaces[unique_key] = namespace
        return namespace

    def forget_namespace(self, unique_key: str) -> None:
        """Close the namespace of a class directory that is about to go, if it is open."""
        namespace = self.namespaces.pop(unique_key, None)
        if namespace is not None:
            self.alarms.unload(namespace)
            namespace.cut_sockets()
            namespace.close()

    def fetch(self, request: object) -> asyncio.Future[object]:
        """Send a request to the Worker's entrypoint; the future gets its response."""
        return self.worker.deliver(Fetch(request))

    def send(self, request: object, outcome: Outcome) -> None:
        """Send a request to the Worker's entrypoint; `outcome` gets its response."""
        worker = self.worker
        worker.deliveries.deliver(Fetch(request), worker.generation, outcome)

    def schedule(self, controller: object) -> asyncio.Future[object]:
        """Call the Worker's handler for cron triggers."""
        return self.worker.deliver(Scheduled(controller))

    def replace(
        self, code: Code, *, cuts_sockets: bool = False, class_names: Mapping[str, str] = _NONE
    ) -> None:
        """Let newer code take over: what comes now is its own, what is in flight may end.

        Sockets that hibernate stay and the others are closed, unless all are to be cut, as they
        are when workerd ends.  `class_names` says by unique key what classes are called now.
        """
        old, self.worker = self.worker, Worker(code, self.loop, self.observer)
        for unique_key, class_name in class_names.items():
            if self.namespaces[unique_key].class_name != class_name:
                self.namespaces[unique_key].rename(class_name)
        for namespace in self.namespaces.values():
            namespace.replace(self.worker, cuts_sockets=cuts_sockets)
        old.retire(self.settings.grace_s, cuts_sockets=cuts_sockets)

    def follow(self, generation: int) -> None:
        """Take notice of another Worker's newer code.

        What comes from outside from now on is newer than what was in flight when that came.
        """
        self.worker.generation = generation

    def all_sleep_soon(self) -> list[asyncio.Future[bool]]:
        """Let every object sleep as soon as it has no work; each future tells whether it did."""
        return [each for n in self.namespaces.values() for each in n.all_sleep_soon()]

    def close(self) -> None:
        """Let every object go and close every file."""
        self.alarms.close()
        self.worker.end()
        for namespace in self.namespaces.values():
            namespace.close()

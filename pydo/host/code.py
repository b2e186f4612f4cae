"""From a loaded entry module to code that the core can run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.config.report import did_you_mean
from pydo.errors import NotExportedError, UserCodeError
from pydo.host.exports import exports
from pydo.host.js.error import DOM_NAMES, ERROR_CLASSES
from pydo.host.rpc import error_members
from pydo.runtime.failure import ErrorForm

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

    from pydo.host.importer import Host
    from pydo.runtime.actor import Actor
    from pydo.runtime.events import Event, Handler
    from pydo.runtime.namespace import ActorNamespace

__all__ = ["BrokenCode", "HostedCode"]

# Without `enhanced_error_serialization` an error of any other name arrives as an `Error`.
_NAMES = frozenset({*ERROR_CLASSES, *DOM_NAMES, "AggregateError"})


class HostedCode:
    """One generation of the user's code behind the host surface.

    It gets the `env` and the flags that `host` has now.  `bound` names the classes that the
    configuration binds, `owns` tells the project's files, `namespace_of` gives the objects of a
    class that has some, `tasks` are those that importing it has made, `stand` lets its modules be
    those that are found by name.  `warning` is what the user should know of the code, or None.

    Raises:
        UserCodeError: the module exports several default handlers, or not every bound class.

    """

    def __init__(  # noqa: PLR0913 - the last have defaults
        self,
        generation: int,
        entry: ModuleType,
        host: Host,
        bound: Iterable[str],
        owns: Callable[[str], bool],
        *,
        namespace_of: Callable[[str], ActorNamespace | None] = lambda _: None,
        tasks: Iterable[asyncio.Task[Any]] = (),
        stand: Callable[[], None] = lambda: None,
    ) -> None:
        try:
            found = exports(entry, host.env, host.flags, namespace_of)
        except TypeError as error:
            raise UserCodeError(str(error), error, None) from None
        missing = [name for name in dict.fromkeys(bound) if name not in found.classes]
        if missing:
            raise _not_exported(missing, entry, frozenset(found.classes))
        self.generation = generation
        self.flags = host.flags
        self.env = host.env
        self.fetch_port = host.fetch_port
        self.dial_port = host.dial_port
        self.handler: Handler = found.handler
        self.entrypoints: Mapping[str, Handler] = found.entrypoints
        self.classes: Mapping[str, Callable[[Actor], Handler]] = found.classes
        self.warning = found.warning
        self.owns = owns
        self.tasks = tasks
        self.stand = stand
        names = None if host.flags.enhanced_error_serialization else _NAMES
        self.errors = ErrorForm(owns, names, error_members)


class BrokenCode:
    """Stands for code that could never be loaded: every request meets `error`."""

    def __init__(self, error: UserCodeError) -> None:
        self.generation = 0
        self.errors = ErrorForm(self.owns)
        self.handler: Handler = _Failing(error)
        self.classes: Mapping[str, Callable[[Actor], Handler]] = {}
        self.tasks: Iterable[asyncio.Task[Any]] = ()

    def owns(self, filename: str) -> bool:
        """No file is its own."""
        del filename
        return False


class _Failing:
    def __init__(self, error: UserCodeError) -> None:
        self._error = error

    async def handle(self, event: Event) -> object:
        del event
        raise self._error


def _not_exported(
    missing: list[str], entry: ModuleType, classes: frozenset[str]
) -> NotExportedError:
    # The words are wrangler's: packages/wrangler/src/deployment-bundle/bundle.ts.
    text = (
        "Your Worker depends on the following Durable Objects, which are not exported in your"
        f" entrypoint file: {', '.join(missing)}.\nYou should export these objects from your"
        f" entrypoint, {entry.__name__}.py: each a class that extends workers.DurableObject."
    )
    meant = next(filter(None, (did_you_mean(name, classes) for name in missing)), None)
    return NotExportedError(text if meant is None else f"{text}\n{meant}", classes)

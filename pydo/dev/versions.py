"""Changes of the Workers that are served: each is taken up here, or by a new process.

What cannot be taken up is told, and what is served goes on as it was.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Protocol

from pydo.config import ConfigError
from pydo.dev.notices import tell_of_missing_targets
from pydo.dev.reload import changes, settled
from pydo.dev.restart import ReloadMode, lasting_package, syntax_error
from pydo.errors import PydoError, UserCodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pydo.console import Console
    from pydo.dev.options import Options
    from pydo.dev.served import Served

__all__ = ["Versions"]

_FIRST_S = 0.05  # to import what watches takes as long as some answers


class Keeper(Protocol):
    """Who serves the Workers."""

    def follow(self) -> None:
        """They have changed: what stands before them is to know."""
        ...

    def code_failed(self, error: UserCodeError) -> None:
        """Code does not load."""
        ...

    def restart(self) -> None:
        """End, and let a new process go on."""
        ...


class Versions:
    """Takes up the changes of `served`; in a new process if `takes_process`."""

    def __init__(
        self,
        options: Options,
        served: Sequence[Served],
        console: Console,
        keeper: Keeper,
        *,
        takes_process: bool,
    ) -> None:
        self._options = options
        self._served = served
        self._console = console
        self._keeper = keeper
        self._takes_process = takes_process or options.reload is ReloadMode.PROCESS

    def start(self) -> None:
        """Load each Worker for the first time."""
        for each in self._served:
            each.prepare()
        for each in self._served:
            try:
                each.start()
            except UserCodeError as error:
                self._keeper.code_failed(error)
        self._settle()

    async def follow(self, served: Served) -> None:
        """Take up each change of a Worker, as long as nothing ends the task."""
        # Who waits is answered first.  A change meanwhile is seen when watching begins.
        await asyncio.sleep(_FIRST_S)
        async with aclosing(changes(lambda: served.watched)) as reports:
            async for changed in reports:
                await settled(changed)
                if self._takes_process:
                    self._restart(changed)
                else:
                    self._reload(served, changed)

    def _reload(self, served: Served, changed: frozenset[Path]) -> None:
        started = time.perf_counter()
        self._console.reloading()
        has_new_config = not served.project.files.isdisjoint(changed)
        is_served = self._succeeds(partial(self._take_up, served, has_new_config=has_new_config))
        if has_new_config:  # it says what others find at the end of their bindings, too
            for other in self._served:
                if other is not served:
                    self._succeeds(partial(self._take_up, other))
        if is_served:
            self._settle()
            self._console.reloaded((time.perf_counter() - started) * 1000)

    def _take_up(self, served: Served, *, has_new_config: bool = False) -> None:
        if has_new_config:
            served.read_config()
        generation = served.take_up(cuts_sockets=self._options.cuts_sockets)
        for each in self._served:
            each.runtime.follow(generation)

    def _settle(self) -> None:
        self._keeper.follow()
        tell_of_missing_targets(self._console, self._served)
        self._notice_what_lasts()

    def _notice_what_lasts(self) -> None:
        package = lasting_package(sys.modules)
        if package is None or self._takes_process or self._options.reload is not ReloadMode.AUTO:
            return
        self._takes_process = True
        self._console.info(
            f"{package} keeps what it has loaded: each change restarts the process"
            " (--reload process), and closes WebSockets"
        )

    def _succeeds(self, action: Callable[[], object]) -> bool:
        """Whether an action does; what it fails with is told, and what is served stays."""
        try:
            action()
        except ConfigError as error:
            self._console.diagnostics(error.diagnostics)
        except UserCodeError as error:
            self._keeper.code_failed(error)
        except PydoError as error:  # the state does not allow it
            self._console.error(str(error))
        else:
            return True
        return False

    def _restart(self, changed: frozenset[Path]) -> None:
        """Let a new process take over, unless it is plain that it could not."""
        self._console.reloading()
        error = syntax_error(changed)
        if error is not None:
            self._keeper.code_failed(UserCodeError("the code does not load", error, None))
            return
        if all(self._succeeds(each.look_ahead) for each in self._served):
            self._keeper.restart()

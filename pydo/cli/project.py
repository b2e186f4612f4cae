"""Which project a command is about: where its state is, and the configuration beside it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from pydo.cli.option import config_option, cwd_option, env_option, persist_option, verbose
from pydo.console import Console, open_stdout
from pydo.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from pydo.config import Location, ToolOptions
    from pydo.statedir import StateDirectory

__all__ = ["Project", "on_project"]


@dataclass(frozen=True, slots=True)
class Project:
    """Where the state is, and the configuration beside it if one is needed."""

    cwd: Path
    config: Path | None
    persist_to: Path | None
    env: str | None = None

    @property
    def root(self) -> Path:
        """The state directory."""
        if self.persist_to is not None:
            return self.cwd.absolute() / self.persist_to
        return self.location.home / ".pydo" / "state"

    @property
    def location(self) -> Location:
        """Where the configuration is.

        Raises:
            ConfigError: there is none.

        """
        from pydo.config import locate  # noqa: PLC0415 - `pydo --help` needs none

        return locate(self.cwd, self.config)

    @property
    def folder(self) -> Path:
        """The folder of the configuration; that of the command, if there is none."""
        from pydo.config import ConfigError  # noqa: PLC0415 - as above

        try:
            return self.location.home
        except ConfigError:
            return self.cwd

    @property
    def tool(self) -> ToolOptions:
        """What `[tool.pydo]` says."""
        from pydo.config import load_tool  # noqa: PLC0415 - as above

        return load_tool(self.folder)

    def storage_of(self, class_name: str) -> str:
        """Tell the storage kind of a class, as far as a configuration says it."""
        from pydo.config import ConfigError, Overrides, load  # noqa: PLC0415 - as above

        try:
            return load(self.location, Overrides(env=self.env))[0].storage_of(class_name).value
        except ConfigError:
            return "sqlite"

    @contextmanager
    def held_or_shared(self) -> Generator[tuple[StateDirectory, bool]]:
        """Give the state directory, and whether a server holds it, which is then to be asked."""
        from pydo.statedir import HeldError, StateDirectory  # noqa: PLC0415 - as above

        with ExitStack() as stack:
            try:
                state, is_shared = stack.enter_context(self.held()), False
            except HeldError:
                state, is_shared = StateDirectory.look_at(self.root), True
            yield state, is_shared

    @contextmanager
    def held(self, *, makes: bool = False) -> Generator[StateDirectory]:
        """Hold the state directory, after what a crash has left is finished.

        Raises:
            StateError: there is none, unless it is to be made, or another process holds it.

        """
        from pydo.migrate.journal import recover  # noqa: PLC0415 - as above
        from pydo.state import hold  # noqa: PLC0415 - as above
        from pydo.statedir import StateDirectory  # noqa: PLC0415 - as above

        with StateDirectory.open(self.root) if makes else hold(self.root) as state:
            recover(state)
            yield state


def on_project(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which project is meant; it gets that, and a console."""

    @wraps(function)
    def command(**given: Any) -> None:
        named = {key: given.pop(key) for key in ("cwd", "config", "persist_to", "env")}
        project = Project(**named)
        try:
            function(project, Console(open_stdout()), **given)
        except BrokenPipeError:  # whoever reads what is said has left
            raise
        except OSError as error:
            reason = error.strerror or error
            raise StateError(
                f"{error.filename or project.root} cannot be used ({reason})"
            ) from error

    for option in (
        verbose,
        persist_option,
        env_option,
        config_option,
        cwd_option,
    ):
        command = option(command)
    return command

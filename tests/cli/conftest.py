"""The command line, run in this process, with a session that only notes what it was asked."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from pydo.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydo.console import Console
    from pydo.dev.options import Options


class CommandLine:
    """Runs `pydo` with arguments; `session` stands for what `pydo dev` starts."""

    def __init__(self) -> None:
        self.session: Callable[[Options, Console], int] = self._note
        self.options: Options | None = None

    def _note(self, options: Options, console: Console) -> int:
        self.options = options
        console.info("the session runs")
        return 0

    def run(self, *arguments: str, environment: dict[str, str | None] | None = None) -> Result:
        variables = {"CLOUDFLARE_ENV": None, "NO_COLOR": "1", **(environment or {})}
        return CliRunner(env=variables).invoke(
            cli, arguments, obj=self.session, prog_name="pydo", terminal_width=78
        )


@pytest.fixture
def command_line() -> Iterator[CommandLine]:
    logger = logging.getLogger("pydo")
    handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
    yield CommandLine()
    logger.handlers[:] = handlers
    logger.setLevel(level)
    logger.propagate = propagate

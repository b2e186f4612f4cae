"""The `pydo` command: help, version, exit codes, and how errors are shown."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pydo import __version__
from pydo.config import Diagnostics
from pydo.errors import ConfigError, StateError

if TYPE_CHECKING:
    from pydo.console import Console
    from pydo.dev.options import Options

    from .conftest import CommandLine


def test_the_help_names_each_command(command_line: CommandLine) -> None:
    result = command_line.run("--help")

    assert result.exit_code == 0
    assert result.stdout == (
        "Usage: pydo [OPTIONS] COMMAND [ARGS]...\n"
        "\n"
        "  Run Cloudflare's Python Workers with their Durable Objects on this machine.\n"
        "\n"
        "Options:\n"
        "  --version      Show the version and exit.\n"
        "  -v, --verbose  With an error, show where in pydo it came from.\n"
        "  -h, --help     Show this message and exit.\n"
        "\n"
        "Commands:\n"
        "  check        Tell what would break on Cloudflare.\n"
        "  d1           SQL and migrations on local D1 databases.\n"
        "  dev          Serve the Worker of this directory.\n"
        "  init         Write a new project.\n"
        "  migrate      Apply migrations to what is stored.\n"
        "  state        See, reset, keep and exchange what is stored.\n"
        "  time-travel  See what an object was, and return to that.\n"
        "\n"
        "  Example: pydo init my-app && cd my-app && pydo dev\n"
    )


def test_the_version_is_one_line(command_line: CommandLine) -> None:
    result = command_line.run("--version")

    assert (result.exit_code, result.stdout) == (0, f"pydo {__version__}\n")


def test_a_foreign_pydo_is_said_beside_the_version(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pydo.foreign.foreign_pydo", lambda: "another pydo is installed")

    result = command_line.run("--version")

    assert (result.exit_code, result.stdout) == (0, f"pydo {__version__}\n")
    assert result.stderr == "▲ [WARNING] another pydo is installed\n"


def test_an_unknown_command_is_wrong_usage(command_line: CommandLine) -> None:
    result = command_line.run("develop")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "No such command 'develop'." in result.stderr


def test_what_pydo_refuses_is_said_without_a_traceback(command_line: CommandLine) -> None:
    def refuse(_: Options, __: Console) -> int:
        raise StateError("the directory is in use")

    command_line.session = refuse

    result = command_line.run("dev")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "✘ [ERROR] the directory is in use\n"


@pytest.mark.parametrize("arguments", [("-v", "dev"), ("dev", "--verbose")])
def test_verbose_shows_where_it_came_from(
    command_line: CommandLine, arguments: tuple[str, ...]
) -> None:
    def refuse(_: Options, __: Console) -> int:
        raise StateError("the directory is in use")

    command_line.session = refuse

    result = command_line.run(*arguments)

    assert result.exit_code == 1
    first, second, *_, last = result.stderr.splitlines()
    assert first == "✘ [ERROR] the directory is in use"
    assert second == "Traceback (most recent call last):"
    assert last == "pydo.errors.StateError: the directory is in use"


def test_a_wrong_configuration_is_told_problem_by_problem(command_line: CommandLine) -> None:
    def refuse(_: Options, __: Console) -> int:
        diagnostics = Diagnostics()
        diagnostics.warn("odd")
        diagnostics.error("wrong", hint="do this")
        raise ConfigError(diagnostics)

    command_line.session = refuse

    result = command_line.run("dev", "--log-level", "none")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "▲ [WARNING] odd\n✘ [ERROR] wrong\n  do this\n"


def test_a_mistake_of_pydos_own_is_not_hidden(command_line: CommandLine) -> None:
    def fail(_: Options, __: Console) -> int:
        raise RuntimeError("a mistake")

    command_line.session = fail

    assert isinstance(command_line.run("dev").exception, RuntimeError)


def test_help_needs_neither_the_server_nor_colours() -> None:
    program = (
        "import sys\n"
        "from pydo.__main__ import main\n"
        "sys.argv = ['pydo', '--help']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    slow = {'aiohttp', 'apsw', 'asyncio', 'rich', 'tomli', 'watchfiles', 'workers'}\n"
        "    sys.stderr.write(' '.join(sorted(slow & set(sys.modules))))\n"
    )

    done = subprocess.run(  # noqa: S603 - the program is above
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("Usage: pydo ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    "command",
    ["migrate", "migrate status", "state list", "time-travel A/x", "check", "d1 execute x"],
)
def test_a_command_for_one_project_refuses_two_configurations(
    command: str, command_line: CommandLine
) -> None:
    result = command_line.run(*command.split(), "-c", "a.toml", "-c", "b.toml")

    assert result.exit_code == 2
    assert "--config names one configuration here" in result.stderr

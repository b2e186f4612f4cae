"""`pydo dev`: from the command line to a session's options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pydo.config import Overrides
from pydo.dev.options import Options

if TYPE_CHECKING:
    from pydo.console import Console

    from .conftest import CommandLine


def test_without_options_everything_is_left_to_the_configuration(
    command_line: CommandLine,
) -> None:
    result = command_line.run("dev")

    assert (result.exit_code, result.stdout) == (0, "[pydo:info] the session runs\n")
    assert command_line.options == Options(cwd=Path.cwd())


def test_each_option_finds_its_place(command_line: CommandLine, tmp_path: Path) -> None:
    result = command_line.run(
        *("dev", "--cwd", str(tmp_path), "-c", "sub/wrangler.toml", "-e", "staging"),
        *("--name", "my-worker", "--compatibility-date", "2026-01-01"),
        *("--ip", "0.0.0.0", "--port", "8080", "--persist-to", "state", "--strict"),  # noqa: S104 - as a user may
        *("--env-file", ".env.a", "--env-file", "/b"),
        "--auto-migrate",
        *("--var", "GREETING:hello", "--var", "URL:http://localhost:1/?a:b", "--var", "EMPTY:"),
    )

    assert result.exit_code == 0
    assert command_line.options == Options(
        cwd=tmp_path,
        configs=(tmp_path / "sub" / "wrangler.toml",),
        persist_to=tmp_path / "state",
        migrates=True,
        strict=True,
        overrides=Overrides(
            name="my-worker",
            compatibility_date="2026-01-01",
            vars={"GREETING": "hello", "URL": "http://localhost:1/?a:b", "EMPTY": ""},
            env="staging",
            env_files=(Path(".env.a"), Path("/b")),
            ip="0.0.0.0",  # noqa: S104 - as above
            port=8080,
        ),
    )


def test_relative_paths_are_seen_from_the_working_directory(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    command_line.run("dev", "--config", "a.toml", "--persist-to", str(tmp_path / "b"))

    assert command_line.options == Options(
        cwd=tmp_path, configs=(tmp_path / "a.toml",), persist_to=tmp_path / "b"
    )


def test_paths_lose_their_dots(command_line: CommandLine, tmp_path: Path) -> None:
    command_line.run("dev", "--cwd", f"{tmp_path}/../{tmp_path.name}", "-c", "../b/./wrangler.toml")

    assert command_line.options == Options(
        cwd=tmp_path, configs=(tmp_path.parent / "b" / "wrangler.toml",)
    )


def test_local_is_what_it_is_and_remote_is_not_there(command_line: CommandLine) -> None:
    local, remote = command_line.run("dev", "--local"), command_line.run("dev", "--remote")

    assert (local.exit_code, remote.exit_code) == (0, 2)
    assert "for --remote run wrangler dev" in remote.stderr


def test_the_environment_may_name_the_environment(command_line: CommandLine) -> None:
    command_line.run("dev", environment={"CLOUDFLARE_ENV": "staging"})

    assert command_line.options is not None
    assert command_line.options.overrides.env == "staging"


def test_the_exit_code_is_the_sessions(command_line: CommandLine) -> None:
    command_line.session = lambda _, __: 1

    assert command_line.run("dev").exit_code == 1


def test_ctrl_c_before_the_session_listens_is_a_normal_end(command_line: CommandLine) -> None:
    def interrupted(_: Options, __: Console) -> int:
        raise KeyboardInterrupt

    command_line.session = interrupted

    result = command_line.run("dev")

    assert (result.exit_code, result.output) == (0, "")


def test_the_log_level_is_the_consoles(command_line: CommandLine) -> None:
    assert command_line.run("dev", "--log-level", "warn").output == ""


def test_a_foreign_pydo_is_said_at_the_start(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pydo.foreign.foreign_pydo", lambda: "another pydo is installed")

    result = command_line.run("dev")

    assert result.stdout == (
        "▲ [WARNING] another pydo is installed\n[pydo:info] the session runs\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--prot", "1"), "No such option '--prot'."),
        (("--var", "GREETING"), "'GREETING' is not of the form KEY:VALUE."),
        (("--var", ":x"), "':x' is not of the form KEY:VALUE."),
        (("--port", "many"), "'many' is not a valid integer"),
        (("--port", "65536"), "65536 is not in the range 0<=x<=65535."),
        (("--log-level", "loud"), "'loud' is not one of 'debug', 'log', 'info', 'warn', 'error'"),
        (("--cwd", "no/such/place"), "Directory 'no/such/place' does not exist."),
    ],
)
def test_wrong_usage_is_refused_before_anything_starts(
    command_line: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    result = command_line.run("dev", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: pydo dev [OPTIONS]\n")
    assert said in result.stderr
    assert command_line.options is None


def test_the_help_is_in_sections_with_an_example(command_line: CommandLine) -> None:
    result = command_line.run("dev", "-h")

    assert result.exit_code == 0
    assert result.stdout == (
        "Usage: pydo dev [OPTIONS]\n"
        "\n"
        "  Serve the Worker of this directory, and load it anew whenever it is changed.\n"
        "\n"
        "Project:\n"
        "  -c, --config PATH               The configuration; by default wrangler.json,\n"
        "                                  .jsonc or .toml, here or above; given again,\n"
        "                                  further Workers that it is bound to.\n"
        "  --cwd DIRECTORY                 Run as if started in this directory.\n"
        "  -e, --env NAME                  The environment of the configuration to use.\n"
        "                                  [env var: CLOUDFLARE_ENV]\n"
        "  --assets PATH                   The folder of static assets to serve beside\n"
        "                                  the Worker.\n"
        "  --name NAME                     The Worker's name.\n"
        "  --compatibility-date YYYY-MM-DD\n"
        "                                  The date whose behaviour of the runtime to\n"
        "                                  use.\n"
        "  --var KEY:VALUE                 A variable for the Worker's env; may be\n"
        "                                  given again for more.\n"
        "  --env-file PATH                 A .env file to read secrets from, instead of\n"
        "                                  .dev.vars and .env; may be given again, and\n"
        "                                  the last one counts.\n"
        "  --strict                        Refuse what works here and breaks on\n"
        "                                  Cloudflare, instead of telling of it.\n"
        "\n"
        "Server:\n"
        "  --ip ADDRESS            The address to listen on; by default localhost.\n"
        "  --port PORT             The port to listen on; by default 8787, or the next\n"
        "                          one that is free.  [0<=x<=65535]\n"
        "  --sockets [keep|close]  What a reload does with WebSockets: keep those that\n"
        "                          hibernate, or cut them all, as wrangler does.\n"
        "                          [default: keep]\n"
        "  --reload HOW            How a change is taken up: modules imports anew,\n"
        "                          process starts anew, as Django needs it, and auto\n"
        "                          looks whether Django is there.  [default: auto]\n"
        "  --cron                  Fire the cron triggers of the configuration on their\n"
        "                          schedule, in UTC.\n"
        "  --test-scheduled        Accepted as in wrangler: /__scheduled is there in\n"
        "                          any case.\n"
        "  -l, --local             Accepted as in wrangler: all is local.\n"
        "\n"
        "State:\n"
        "  --persist-to DIRECTORY  Where the objects live; by default .pydo/state\n"
        "                          beside the configuration.\n"
        "  --auto-migrate          Apply migrations that delete or transfer objects\n"
        "                          too; backups are made first.\n"
        "\n"
        "Output:\n"
        "  --log-level [debug|log|info|warn|error|none]\n"
        "                                  How much to show; with none, only what the\n"
        "                                  Worker itself prints.  [default: log]\n"
        "\n"
        "Options:\n"
        "  -v, --verbose  With an error, show where in pydo it came from.\n"
        "  -h, --help     Show this message and exit.\n"
        "\n"
        "  Example: pydo dev --port 8080 --var GREETING:hello\n"
    )

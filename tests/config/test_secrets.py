"""Where a Worker's secrets come from, and what goes before what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.config import Diagnostics
from pydo.config.secrets import Secrets, Wanted, read_environ, read_secrets, secret_files
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NO_DOTENV = {"CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV": "false"}
WITH_PROCESS = {"CLOUDFLARE_INCLUDE_PROCESS_ENV": "TRUE"}


def write(home: Path, *names: str) -> None:
    """Write files that each say `FROM` and a key of their own."""
    for name in names:
        key = name.strip(".").replace(".", "_").upper()
        (home / name).write_text(f"FROM={name}\n{key}=1\n")


def read(
    home: Path,
    env: str | None = None,
    files: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Secrets:
    diagnostics = Diagnostics()
    wanted = Wanted(home, env, [home / each for each in files], environ or {})
    secrets = read_secrets(wanted, diagnostics)
    assert not diagnostics
    return secrets


@pytest.mark.parametrize(
    ("present", "env", "used"),
    [
        ((), None, ()),
        ((), "prod", ()),
        ((".dev.vars",), None, (".dev.vars",)),
        ((".dev.vars", ".env", ".env.local"), None, (".dev.vars",)),
        ((".dev.vars", ".dev.vars.prod", ".env"), "prod", (".dev.vars.prod",)),
        ((".dev.vars", ".dev.vars.prod"), None, (".dev.vars",)),
        ((".dev.vars", ".dev.vars.prod"), "test", (".dev.vars",)),
        ((".dev.vars.prod", ".env"), "test", (".env",)),
        ((".env", ".env.local"), None, (".env", ".env.local")),
        ((".env", ".env.prod", ".env.prod.local"), None, (".env",)),
        (
            (".env", ".env.local", ".env.prod", ".env.prod.local"),
            "prod",
            (".env", ".env.local", ".env.prod", ".env.prod.local"),
        ),
        ((".env.prod",), "prod", (".env.prod",)),
    ],
)
def test_the_files_that_count_are_wranglers(
    project: Path, present: tuple[str, ...], env: str | None, used: tuple[str, ...]
) -> None:
    write(project, *present)

    secrets = read(project, env)

    assert secrets.origins == used
    assert secrets.values.get("FROM") == (used[-1] if used else None)
    assert len(secrets.values) == (len(used) + 1 if used else 0)


def test_files_of_the_command_line_replace_all_others(project: Path) -> None:
    write(project, ".dev.vars", ".env", "a.env", "b.env")

    secrets = read(project, files=["a.env", "b.env"])

    assert secrets.values == {"FROM": "b.env", "A_ENV": "1", "B_ENV": "1"}
    assert secrets.origins == ("a.env", "b.env")


def test_a_file_of_the_command_line_that_is_missing_is_told(project: Path) -> None:
    diagnostics = Diagnostics()

    read_secrets(Wanted(project, None, [project / "nope.env"]), diagnostics)

    assert str(diagnostics) == (
        f"--env-file: there is no file {project}/nope.env\n"
        "  paths are taken from the directory of the configuration"
    )


def test_values_of_env_files_stand_in_one_another_and_those_of_dev_vars_do_not(
    project: Path,
) -> None:
    (project / ".env").write_text("A=1\nB=${A}$C")
    (project / ".env.local").write_text("A=2\nC=3")
    assert read(project).values == {"A": "2", "B": "2", "C": "3"}

    (project / ".dev.vars").write_text("A=1\nB=${A}$C")

    assert read(project).values == {"A": "1", "B": "${A}$C"}


def test_env_files_can_be_left_to_others(project: Path) -> None:
    write(project, ".env", "a.env")

    assert read(project, environ=NO_DOTENV) == Secrets()
    assert read(project, files=["a.env"], environ=NO_DOTENV) == Secrets()

    write(project, ".dev.vars")

    assert read(project, environ=NO_DOTENV).origins == (".dev.vars",)


def test_the_variables_of_the_process_can_be_had_too(project: Path) -> None:
    (project / ".env").write_text("A=file\nB=${HOME}")
    environ = {**WITH_PROCESS, "A": "process", "HOME": "/me"}

    secrets = read(project, environ=environ)

    assert secrets.values == {**environ, "B": "/me"}
    assert secrets.origins == (".env", "process.env")

    write(project, ".dev.vars")

    assert read(project, environ=environ).origins == (".dev.vars",)


def test_what_is_neither_true_nor_false_is_refused(project: Path) -> None:
    diagnostics = Diagnostics()

    read_secrets(Wanted(project, None, (), {"CLOUDFLARE_INCLUDE_PROCESS_ENV": "1"}), diagnostics)

    assert diagnostics.has_errors
    assert str(diagnostics) == (
        'Expected CLOUDFLARE_INCLUDE_PROCESS_ENV to be "true" or "false", but got "1"'
    )


def test_a_file_that_is_no_text_is_refused(project: Path) -> None:
    (project / ".dev.vars").write_bytes(b"A=\xff")

    with pytest.raises(ConfigError, match=r"^\.dev\.vars:1:3: The byte 0xff is not UTF-8\."):
        read(project)


def test_every_file_that_could_count_is_named(project: Path) -> None:
    def names(wanted: Wanted) -> set[str]:
        return {str(path.relative_to(project)) for path in secret_files(wanted)}

    assert names(Wanted(project)) == {".dev.vars", ".env", ".env.local"}
    assert names(Wanted(project, "x")) == {
        *(".dev.vars", ".env", ".env.local"),
        *(".dev.vars.x", ".env.x", ".env.x.local"),
    }
    assert names(Wanted(project, None, [project / "a" / "b"])) == {"a/b"}


def test_env_files_complete_the_variables_that_rule_pydo(project: Path) -> None:
    environ = {"A": "process", "EMPTY": ""}
    assert read_environ(project, None, (), environ) is environ

    (project / ".env").write_text("A=file\nB=$A\nEMPTY=x\nCLOUDFLARE_ENV=prod")

    assert read_environ(project, None, (), environ) == {
        "A": "process",
        "B": "process",
        "EMPTY": "x",
        "CLOUDFLARE_ENV": "prod",
    }

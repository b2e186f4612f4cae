"""`vars`, secrets over them, and the command line over both."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from pydo.config import Config, Overrides

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_secrets_go_before_vars_and_the_command_line_before_both(
    project: Path, config: Callable[..., Config]
) -> None:
    (project / ".dev.vars").write_text("B=secret\nC=secret\nD=secret\n")

    loaded = config(
        '[vars]\nA = "file"\nB = { x = 1 }\nC = "file"\n',
        Overrides(vars={"C": "line", "E": "line"}),
    )

    assert dict(loaded.vars) == {
        "A": "file",
        "B": "secret",
        "C": "line",
        "D": "secret",
        "E": "line",
    }
    assert loaded.hidden == {"B", "C", "D", "E"}
    assert loaded.secret_origins == (".dev.vars",)


@pytest.mark.parametrize(
    "overrides", [Overrides(env="prod"), Overrides(environ={"CLOUDFLARE_ENV": "prod"})]
)
def test_an_environment_has_its_own_secrets(
    project: Path, config: Callable[..., Config], overrides: Overrides
) -> None:
    (project / ".dev.vars").write_text("S=any\n")
    (project / ".dev.vars.prod").write_text("S=prod\n")

    loaded = config('[env.prod]\nvars = { A = "x" }\n', overrides)

    assert dict(loaded.vars) == {"A": "x", "S": "prod"}
    assert (loaded.name, loaded.secret_origins) == ("app-prod", (".dev.vars.prod",))


def test_secrets_are_looked_for_beside_the_configuration(
    project: Path, config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".env").write_text("S=1\n")
    (project / "src" / ".env").write_text("S=2\n")
    monkeypatch.chdir(project / "src")

    assert dict(config().vars) == {"S": "1"}


def test_of_secrets_that_are_named_only_those_count(
    project: Path, config: Callable[..., Config], problems: Callable[..., str]
) -> None:
    (project / ".env").write_text("A=file\nOTHER=x\n")
    environ = {"B": "process", "HOME": "/me"}
    text = 'secrets.required = ["A", "B", "C", "D"]\n'

    loaded = config(text, Overrides(environ=environ))

    assert dict(loaded.vars) == {"A": "file", "B": "process"}
    assert loaded.hidden == {"A", "B"}
    assert loaded.secret_origins == (".env", "process.env")
    assert problems(text, Overrides(environ=environ)) == dedent("""\
        wrangler.toml:5: Missing required secrets: C, D.
          add them to .dev.vars, .env, or set them as environment variables
        """)


def test_secrets_have_one_shape(problems: Callable[..., str]) -> None:
    assert problems("secrets = 3") == (
        'wrangler.toml:5: The field "secrets" should be an object but got 3.\n'
    )
    assert problems('secrets = { required = ["A", 1], optional = [] }') == dedent("""\
        wrangler.toml:5: Expected "secrets.required" to be of type string array but got ["A",1].
        wrangler.toml:5: Unexpected fields found in secrets field: "optional"
          remove it, or correct its name
        """)
    assert problems('vars = { A = "x" }\nsecrets.required = ["A"]\n').startswith(
        "wrangler.toml:6: A assigned to Environment Variable and Secret bindings.\n"
    )


def test_a_secret_gives_way_to_a_binding(
    project: Path, config: Callable[..., Config], problems: Callable[..., str]
) -> None:
    (project / ".dev.vars").write_text("K=1\nA=1\n")
    text = '[[kv_namespaces]]\nbinding = "K"\nid = "x"\n'

    assert dict(config(text).vars) == {"A": "1"}
    assert problems(text) == dedent("""\
        The secret K is not used: a KV Namespace binding has this name.
          rename one of the two; the secret is from .dev.vars
        """)


def test_a_number_beyond_all_measure_is_null(problems: Callable[..., str]) -> None:
    assert problems(f"vars = {{ A = -1{'0' * 400} }}") == dedent("""\
        wrangler.toml:5: "vars.A" is -inf, which JSON does not have; the Worker gets null
          put it between quotes
        """)

"""`[env.NAME]`: what it inherits and what it does not."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from pydo.config import DevOptions, DurableObjectBinding, Overrides

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.config import Config

PROD = Overrides(env="prod")
FILE = """\
[vars]
A = "top"
[dev]
port = 9000
[[durable_objects.bindings]]
name = "COUNTER"
class_name = "Counter"
[[migrations]]
tag = "v1"
new_classes = ["Counter"]
[env.prod]
[env.staging]
name = "stage"
compatibility_date = "2026-01-01"
migrations = [{ tag = "s1", new_sqlite_classes = ["Tally"] }]
[env.staging.vars]
A = "staging"
[[env.staging.durable_objects.bindings]]
name = "TALLY"
class_name = "Tally"
"""


def test_without_an_environment_the_top_level_counts(config: Callable[..., Config]) -> None:
    for none in (None, ""):
        loaded = config(FILE, Overrides(env=none))

        assert loaded.name == "app"
        assert dict(loaded.vars) == {"A": "top"}
        assert [each.tag for each in loaded.migrations] == ["v1"]


def test_an_environment_inherits_all_but_what_binds(config: Callable[..., Config]) -> None:
    loaded = config(FILE, PROD)

    assert loaded.name == "app-prod"
    assert loaded.compatibility_date == "2026-09-01"
    assert loaded.dev == DevOptions(port=9000)
    assert [each.tag for each in loaded.migrations] == ["v1"]
    assert loaded.vars == {}
    assert loaded.durable_objects == ()


def test_an_environments_own_values_go_before_the_top_levels(
    config: Callable[..., Config],
) -> None:
    loaded = config(FILE, Overrides(env="staging"))

    assert loaded.name == "stage"
    assert loaded.compatibility_date == "2026-01-01"
    assert [each.tag for each in loaded.migrations] == ["s1"]
    assert dict(loaded.vars) == {"A": "staging"}
    assert loaded.durable_objects == (DurableObjectBinding("TALLY", "Tally"),)


def test_a_worker_without_a_name_gets_none_from_its_environment(
    problems_of_all: Callable[..., str], config: Callable[..., Config]
) -> None:
    assert config("[env.prod]\n", Overrides(env="prod", name="given")).name == "given"
    said = problems_of_all(
        """\
        main = "src/entry.py"
        compatibility_flags = ["python_workers"]
        compatibility_date = "2026-09-01"
        [[durable_objects.bindings]]
        name = "A"
        class_name = "A"
        [env.prod]
        durable_objects.bindings = [{ name = "A", class_name = "A", script_name = "worker" }]
        """,
        PROD,
    )

    # The script named is this Worker itself, so that the class is its own and lacks a migration.
    assert said.startswith("wrangler.toml:8: `durable_objects` binds classes of this Worker (A)")


def test_what_is_not_inherited_is_a_warning(problems: Callable[..., str]) -> None:
    assert problems(
        """\
        [[durable_objects.bindings]]
        name = "A"
        class_name = "A"
        script_name = "other"
        [[kv_namespaces]]
        binding = "K"
        [vars]
        A1 = "x"
        B1 = "y"
        [env.prod]
        [env.prod.vars]
        B1 = "z"
        """,
        PROD,
    ) == dedent("""\
        wrangler.toml:14: "durable_objects" exists at the top level, but not on "env.prod".
          This is not what you probably want, since "durable_objects" is not inherited by \
environments.
          Please add "durable_objects" to "env.prod".
        wrangler.toml:14: "kv_namespaces" exists at the top level, but not on "env.prod".
          This is not what you probably want, since "kv_namespaces" is not inherited by \
environments.
          Please add "kv_namespaces" to "env.prod".
        wrangler.toml:15: "vars.A1" exists at the top level, but not on "env.prod.vars".
          This is not what you probably want, since "vars" is not inherited by environments.
          Please add "vars.A1" to "env.prod".
        """)


def test_bad_values_in_an_environment_have_their_own_places(
    problems: Callable[..., str],
) -> None:
    assert problems(
        """\
        [vars]
        A1 = "x"
        [env.prod]
        dev.port = 1
        nmae = "x"
        main = "nope.py"
        vars = []
        compatibility_date = "soon"
        durable_objects.bindings = [{ name = "C" }]
        """,
        PROD,
    ) == dedent("""\
        wrangler.toml:8: Unexpected fields found in env.prod field: "dev"
          "dev" belongs at the top level, and holds for every environment
        wrangler.toml:9: Unexpected fields found in env.prod field: "nmae"
          did you mean "name"?
        wrangler.toml:10: The entry-point file at "nope.py" was not found.
          create it, or correct "env.prod.main"; it is looked for beside the configuration file
        wrangler.toml:11: The field "env.prod.vars" should be an object but got [].
        wrangler.toml:12: "env.prod.compatibility_date" field should be a valid ISO-8601 date \
(YYYY-MM-DD), but got "soon".
          for example "2026-11-23"
        wrangler.toml:13: "env.prod.durable_objects.bindings[0]": {"name":"C"}: binding should \
have a string "class_name" field.
          add class_name = "…", the Durable Object class that it binds
        """)


def test_an_environment_that_is_no_table_is_refused(problems: Callable[..., str]) -> None:
    assert problems("env.prod = 3", PROD) == (
        'wrangler.toml:5: The field "env.prod" should be an object but got 3.\n'
    )


def test_an_unknown_environment_is_refused_with_the_known(problems: Callable[..., str]) -> None:
    known = """\
        [env.prod]
        [env.staging]
        """

    assert problems(known, Overrides(env="stagin")) == dedent("""\
        wrangler.toml:5: No environment found in configuration with name "stagin".
          Before using `--env=stagin` there should be an equivalent environment section in the \
configuration.
          The available configured environment names are: ["prod","staging"]
          did you mean "staging"?
        """)
    assert problems("", PROD) == dedent("""\
        wrangler.toml:1: No environment found in configuration with name "prod".
          Before using `--env=prod` there should be an equivalent environment section in the \
configuration.
          Consider adding [env.prod]
        """)
    assert "names are: []\n" in problems("env = {}", PROD)


def test_a_file_without_environments_serves_any(config: Callable[..., Config]) -> None:
    loaded = config('vars = { A = "x" }', PROD)

    assert (loaded.name, dict(loaded.vars)) == ("app-prod", {"A": "x"})


def test_an_environment_whose_name_makes_no_worker_name_is_refused(
    problems: Callable[..., str],
) -> None:
    assert problems('[env."../Prod"]\n', Overrides(env="../Prod")) == dedent("""\
        wrangler.toml:5: Expected "name" to be of type string, alphanumeric and lowercase with \
dashes only but got "app-../Prod".
          give env."../Prod" a name of its own, for example "app-prod"
        """)


def test_keys_without_effect_have_their_types_all_the_same(problems: Callable[..., str]) -> None:
    text = """\
        workers_dev = "yes"
        account_id = 12
        [env.prod]
        minify = 1
        """

    assert problems(text, PROD) == dedent("""\
        wrangler.toml:5: Expected "workers_dev" to be of type boolean but got "yes".
        wrangler.toml:6: Expected "account_id" to be of type string but got 12.
        wrangler.toml:8: Expected "env.prod.minify" to be of type boolean but got 1.
        """)

"""The table of bindings has wrangler's form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pydo.config import Config, DevOptions, DurableObjectBinding

if TYPE_CHECKING:
    from .conftest import Terminal


def _config(*bindings: DurableObjectBinding, **variables: object) -> Config:
    root = Path("/app")
    return Config(
        path=root / "wrangler.toml",
        root=root,
        name="app",
        main=root / "src" / "entry.py",
        compatibility_date="2026-09-01",
        compatibility_flags=(),
        vars=variables,
        durable_objects=bindings,
        migrations=(),
        dev=DevOptions(),
    )


def test_objects_and_variables_stand_in_columns(terminal: Terminal) -> None:
    terminal.console().bindings(
        _config(DurableObjectBinding("COUNTER", "Counter"), GREETING="hi", OBJ={"a": [1, True]})
    )

    assert terminal.text == (
        "Your Worker has access to the following bindings:\n"
        "Binding                       Resource                  Mode\n"
        "env.COUNTER (Counter)         Durable Object            local\n"
        'env.GREETING ("hi")           Environment Variable      local\n'
        'env.OBJ ({"a":[1,true]})      Environment Variable      local\n'
        "\n"
    )


def test_secrets_are_hidden_and_their_files_named(terminal: Terminal) -> None:
    config = replace(
        _config(A="shown", KEY="s3cret", OBJ={"a": "s3cret"}),
        hidden=frozenset({"KEY", "OBJ"}),
        secret_origins=(".env", ".env.local"),
    )

    terminal.console().bindings(config)

    assert terminal.text == (
        "Using secrets defined in .env\n"
        "Using secrets defined in .env.local\n"
        "Your Worker has access to the following bindings:\n"
        "Binding                   Resource                  Mode\n"
        'env.A ("shown")           Environment Variable      local\n'
        'env.KEY ("(hidden)")      Environment Variable      local\n'
        'env.OBJ ("(hidden)")      Environment Variable      local\n'
        "\n"
    )


def test_a_worker_without_bindings_is_told_so(terminal: Terminal) -> None:
    terminal.console().bindings(_config())

    assert terminal.text == "No bindings found.\n\n"


def test_a_class_of_another_worker_is_not_connected(terminal: Terminal) -> None:
    terminal.console().bindings(_config(DurableObjectBinding("ROOM", "Room", "chat")))

    assert terminal.text == (
        "Your Worker has access to the following bindings:\n"
        "Binding                               Resource            Mode\n"
        "env.ROOM (Room, defined in chat)      Durable Object      local [not connected]\n"
        "\n"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 39, f'("{"x" * 39}")'),
        ("x" * 40, f'("{"x" * 37}...")'),
        ({"long": "y" * 50}, f'({{"long":"{"y" * 28}...)'),
        ("two\nlines\x1b[2J", r'("two\nlines\x1b[2J")'),
        (1.5, "(1.5)"),
        (None, "(null)"),
    ],
)
def test_a_value_takes_one_line_of_bounded_length(
    terminal: Terminal, value: object, shown: str
) -> None:
    terminal.console().bindings(_config(V=value))

    assert terminal.text.splitlines()[2].startswith(f"env.V {shown}      Environment Variable")


def test_columns_hold_under_wide_characters(terminal: Terminal) -> None:
    terminal.console().bindings(_config(A="日本", B="e\u0301"))

    assert terminal.text.splitlines()[1:4] == [
        "Binding             Resource                  Mode",
        'env.A ("日本")      Environment Variable      local',
        'env.B ("e\u0301")         Environment Variable      local',
    ]


def test_the_heading_is_bold_where_there_are_colours(terminal: Terminal) -> None:
    terminal.console(colour=True).bindings(_config(A="1"))

    assert terminal.text.splitlines()[1] == (
        "\x1b[1mBinding          Resource                  Mode\x1b[0m"
    )


def test_the_table_is_not_made_when_it_is_not_shown(terminal: Terminal) -> None:
    terminal.console("info").bindings(_config(A="1"))

    assert terminal.text == ""

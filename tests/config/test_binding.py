"""Bindings of Durable Objects, and the names that all bindings share."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from pydo.config import DurableObjectBinding, Overrides

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.config import Config

UNIQUE = """\
  Bindings must have unique names, so that they can all be referenced in the worker.
  Please change your bindings to have unique names.
"""


def test_bindings_are_read_in_order(config: Callable[..., Config]) -> None:
    loaded = config("""\
        [[durable_objects.bindings]]
        name = "COUNTER"
        class_name = "Counter"
        [[durable_objects.bindings]]
        name = "ROOM"
        class_name = "Room"
        script_name = "other"
        environment = "prod"
        [[durable_objects.bindings]]
        name = "SELF"
        class_name = "Tally"
        script_name = "app"
        """)

    assert loaded.durable_objects == (
        DurableObjectBinding("COUNTER", "Counter"),
        DurableObjectBinding("ROOM", "Room", "other"),
        DurableObjectBinding("SELF", "Tally"),
    )
    assert loaded.classes == ("Counter", "Tally")


@pytest.mark.parametrize(
    ("binding", "said"),
    [
        (
            '{ name = "COUNTER" }',
            (
                '"durable_objects.bindings[0]": {"name":"COUNTER"}: binding should have a string '
                '"class_name" field.\n'
                '  add class_name = "…", the Durable Object class that it binds\n'
            ),
        ),
        (
            '{ class_name = "Counter" }',
            (
                '"durable_objects.bindings[0]": {"class_name":"Counter"}: binding should have a '
                'string "name" field.\n'
                '  add name = "…", under which the Worker finds it in env\n'
            ),
        ),
        (
            '{ name = 3, class_name = "" }',
            (
                '"durable_objects.bindings[0]": {"name":3,"class_name":""}: binding should have a '
                'string "name" field.\n'
                '  add name = "…", under which the Worker finds it in env\n'
                'wrangler.toml:5: "durable_objects.bindings[0]": {"name":3,"class_name":""}: '
                'binding should have a string "class_name" field.\n'
                '  add class_name = "…", the Durable Object class that it binds\n'
            ),
        ),
        (
            '{ name = "A", class_name = "B", script_name = 1 }',
            (
                '"durable_objects.bindings[0]": {"name":"A","class_name":"B","script_name":1}: the '
                'field "script_name", when present, should be a string.\n'
                "  put it between quotes\n"
            ),
        ),
        (
            '{ name = "A", class_name = "B", script_name = "o", environment = 1 }',
            (
                '"durable_objects.bindings[0]": {"name":"A","class_name":"B","script_name":"o",'
                '"environment":1}: the field "environment", when present, should be a string.\n'
                "  put it between quotes\n"
            ),
        ),
        (
            '{ name = "A", class_name = "B", environment = "e" }',
            (
                '"durable_objects.bindings[0]": {"name":"A","class_name":"B","environment":"e"}: '
                'binding should have a "script_name" field if "environment" is present.\n'
                "  add script_name, the Worker that holds the class, or remove environment\n"
            ),
        ),
        (
            '{ name = "A", class_name = "B", script_name = "o", script = 1 }',
            (
                'Unexpected fields found in durable_objects.bindings[0] field: "script"\n'
                '  did you mean "script_name"?\n'
            ),
        ),
        (
            '"COUNTER"',
            'Expected "durable_objects.bindings[0]" to be an object but got "COUNTER".\n',
        ),
    ],
)
def test_a_bad_binding_is_told_with_what_it_lacks(
    problems: Callable[..., str], binding: str, said: str
) -> None:
    assert problems(f"durable_objects.bindings = [{binding}]") == f"wrangler.toml:5: {said}"


def test_containers_of_a_wrong_type_are_refused(problems: Callable[..., str]) -> None:
    assert problems("durable_objects = []") == (
        'wrangler.toml:5: The field "durable_objects" should be an object but got [].\n'
    )
    assert problems("durable_objects.bindings = {}") == (
        'wrangler.toml:5: The field "durable_objects.bindings" should be an array but got {}.\n'
    )
    assert problems("[durable_objects]\nbinding = []\n") == dedent("""\
        wrangler.toml:5: The field "durable_objects" is missing the required "bindings" property.
          add bindings = [{ name = "…", class_name = "…" }]
        wrangler.toml:6: Unexpected fields found in durable_objects field: "binding"
          did you mean "bindings"?
        """)


def test_two_bindings_of_one_name_are_refused(problems: Callable[..., str]) -> None:
    assert (
        problems("""\
            [[durable_objects.bindings]]
            name = "COUNTER"
            class_name = "A"
            script_name = "o"
            [[durable_objects.bindings]]
            name = "COUNTER"
            class_name = "B"
            script_name = "o"
            """)
        == "wrangler.toml:10: COUNTER assigned to multiple Durable Object bindings.\n"
        "  COUNTER is bound on line 6 already.\n" + UNIQUE
    )


def test_bindings_of_every_kind_and_vars_share_their_names(problems: Callable[..., str]) -> None:
    assert problems("""\
        [vars]
        THING = "x"
        Q = "y"
        [[durable_objects.bindings]]
        name = "THING"
        class_name = "A"
        script_name = "o"
        [[kv_namespaces]]
        binding = "THING"
        [[queues.producers]]
        binding = "Q"
        [browser]
        binding = "B"
        """) == (
        "wrangler.toml:13: THING assigned to Durable Object, KV Namespace, and Environment "
        "Variable bindings.\n"
        "  THING is bound on line 6 already.\n"
        f"{UNIQUE}"
        'wrangler.toml:14: "queues" is not simulated by pydo\n'
        "  what uses its Queue bindings in env fails with an error\n"
        "wrangler.toml:15: Q assigned to Queue and Environment Variable bindings.\n"
        "  Q is bound on line 7 already.\n"
        f"{UNIQUE}"
        'wrangler.toml:16: "browser" is not simulated by pydo\n'
        "  what uses its Browser bindings in env fails with an error\n"
    )


def test_a_var_of_the_command_line_replaces_vars_and_nothing_else(
    problems: Callable[..., str],
) -> None:
    text = """\
        [vars]
        A1 = "x"
        [[durable_objects.bindings]]
        name = "COUNTER"
        class_name = "A"
        script_name = "o"
        """

    assert problems(text, Overrides(vars={"A1": "y"})) == ""
    assert problems(text, Overrides(vars={"COUNTER": "y"})) == (
        "wrangler.toml:8: COUNTER assigned to Durable Object and Environment Variable bindings.\n"
        "  COUNTER is given by --var already.\n" + UNIQUE
    )

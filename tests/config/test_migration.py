"""Migrations, and the classes that they and the bindings declare."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from pydo.config import Migration, RenamedClass, StorageKind, TransferredClass

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.config import Config


def test_migrations_are_read_and_decide_the_storage(config: Callable[..., Config]) -> None:
    loaded = config("""\
        [[durable_objects.bindings]]
        name = "TALLY"
        class_name = "Tally"
        [[migrations]]
        tag = "v1"
        new_classes = ["Counter", "Old"]
        new_sqlite_classes = ["Room"]
        [[migrations]]
        tag = "v2"
        renamed_classes = [{ from = "Counter", to = "Tally" }]
        deleted_classes = ["Old"]
        transferred_classes = [{ from = "A", from_script = "other", to = "Guest" }]
        """)

    assert loaded.migrations == (
        Migration("v1", new_classes=("Counter", "Old"), new_sqlite_classes=("Room",)),
        Migration(
            "v2",
            renamed_classes=(RenamedClass("Counter", "Tally"),),
            deleted_classes=("Old",),
            transferred_classes=(TransferredClass("A", "other", "Guest"),),
        ),
    )
    assert loaded.classes == ("Tally", "Room", "Guest")
    assert loaded.storage_of("Tally") is StorageKind.KEY_VALUE
    assert loaded.storage_of("Room") is StorageKind.SQLITE
    assert loaded.storage_of("Guest") is StorageKind.SQLITE
    assert loaded.storage_of("Nobody") is StorageKind.SQLITE


def test_a_bound_class_without_a_migration_is_sqlite_with_a_warning(
    problems: Callable[..., str], config: Callable[..., Config]
) -> None:
    text = """\
        [[durable_objects.bindings]]
        name = "COUNTER"
        class_name = "Counter"
        [[durable_objects.bindings]]
        name = "ROOM"
        class_name = "Room"
        [[migrations]]
        tag = "v2"
        """

    assert config(text).storage_of("Counter") is StorageKind.SQLITE
    assert problems(text) == dedent("""\
        wrangler.toml:7: `durable_objects` binds classes of this Worker (Counter, Room), but no \
migration declares them.
          pydo gives them SQLite storage, Cloudflare refuses to deploy them until they have one.
          Add the following to your configuration:

          [[migrations]]
          tag = "v3"
          new_sqlite_classes = ["Counter", "Room"]
        """)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "",
            (
                'wrangler.toml:5: "migrations[0].tag" is a required field.\n'
                '  add tag = "…", a name that no other migration has\n'
            ),
        ),
        (
            "tag = 3",
            'wrangler.toml:6: Expected "migrations[0].tag" to be of type string but got 3.\n',
        ),
        (
            'tag = ""',
            'wrangler.toml:6: "migrations[0].tag" is empty.\n  give the migration a name\n',
        ),
        (
            'tag = "v1"\nnew_classes = "Counter"',
            (
                'wrangler.toml:7: Expected "migrations[0].new_classes" to be an array of strings '
                'but got "Counter".\n'
            ),
        ),
        (
            'tag = "v1"\ndeleted_classes = ["A", 1]',
            (
                'wrangler.toml:7: Expected "migrations[0].deleted_classes" to be an array of '
                'strings but got ["A",1].\n'
            ),
        ),
        *(
            (
                f'tag = "v1"\nrenamed_classes = {value}',
                (
                    'wrangler.toml:7: Expected "migrations[0].renamed_classes" to be an array of '
                    f'"{{from: string, to: string}}" objects but got {shown}.\n'
                ),
            )
            for value, shown in (
                ('["A"]', '["A"]'),
                ("3", "3"),
                ('[{ from = "A" }]', '[{"from":"A"}]'),
                ('[{ from = "A", to = 1 }]', '[{"from":"A","to":1}]'),
                ('[{ from = "A", too = "B" }]', '[{"from":"A","too":"B"}]'),
            )
        ),
        (
            'tag = "v1"\ntransferred_classes = [{ from = "A", to = "B" }]',
            (
                'wrangler.toml:7: Expected "migrations[0].transferred_classes" to be an array of '
                '"{from: string, from_script: string, to: string}" objects but got '
                '[{"from":"A","to":"B"}].\n'
            ),
        ),
        (
            'tag = "v1"\nnew_sqlite_clases = ["A"]',
            (
                "wrangler.toml:7: Unexpected fields found in migrations[0] field: "
                '"new_sqlite_clases"\n'
                '  did you mean "new_sqlite_classes"?\n'
            ),
        ),
        ('tag = "v1"\nrenamed_classes = []', ""),
    ],
)
def test_a_malformed_migration_is_told_with_its_shape(
    problems: Callable[..., str], line: str, said: str
) -> None:
    assert problems(f"[[migrations]]\n{line}\n") == said


def test_migrations_that_are_no_tables_are_refused(problems: Callable[..., str]) -> None:
    assert problems('migrations = ["v1"]') == (
        'wrangler.toml:5: "migrations[0]" should be an object but got "v1".\n'
    )
    assert problems("[migrations]\n") == (
        'wrangler.toml:5: The optional "migrations" field should be an array, but got {}\n'
        "  each migration begins with a line [[migrations]]\n"
    )


def test_a_tag_used_twice_is_refused(problems: Callable[..., str]) -> None:
    assert problems("""\
        [[migrations]]
        tag = "v1"
        [[migrations]]
        tag = "v2"
        [[migrations]]
        tag = "v1"
        """) == dedent("""\
        wrangler.toml:10: Migration tag "v1" is used twice, on line 6 already.
          a tag is applied once: give each migration its own
        """)


def test_steps_that_do_not_fit_are_warnings(problems: Callable[..., str]) -> None:
    assert problems("""\
        [[migrations]]
        tag = "v1"
        new_classes = ["Counter"]
        [[migrations]]
        tag = "v2"
        deleted_classes = ["Zip"]
        renamed_classes = [
          { from = "Countre", to = "Tally" },
        ]
        new_sqlite_classes = ["Counter"]
        """) == dedent("""\
        wrangler.toml:10: Cannot apply deleted_classes migration to non-existent class Zip
          no migration before this one makes a class of that name
        wrangler.toml:12: Cannot apply renamed_classes migration to non-existent class Countre
          did you mean "Counter"?
        wrangler.toml:14: Cannot apply new_sqlite_classes migration to existing class Counter
          the class exists already, and keeps the storage it has
        """)


def test_top_level_keys_after_migrations_are_explained(problems: Callable[..., str]) -> None:
    assert problems("""\
        [[migrations]]
        tag = "v1"
        workers_dev = true
        [[migrations]]
        tag = "v2"
        vars = { A = "x" }
        nonsense = 1
        """) == dedent("""\
        wrangler.toml:7: Unexpected fields found in migrations[0] field: "workers_dev"
          "workers_dev" belongs at the top level, but in TOML every key after the header
          [[migrations]] on line 5 is part of that table: move it above line 5
        wrangler.toml:10: Unexpected fields found in migrations[1] field: "vars"
          "vars" belongs at the top level, but in TOML every key after the header
          [[migrations]] on line 8 is part of that table: move it above line 8
        wrangler.toml:11: Unexpected fields found in migrations[1] field: "nonsense"
          remove it, or correct its name
        """)


def test_classes_that_differ_only_in_case_are_refused(problems: Callable[..., str]) -> None:
    assert problems("""\
        [[durable_objects.bindings]]
        name = "A1"
        class_name = "Counter"
        [[durable_objects.bindings]]
        name = "B1"
        class_name = "COUNTER"
        script_name = "other"
        [[migrations]]
        tag = "v1"
        new_classes = ["Counter", "counter"]
        [[migrations]]
        tag = "v2"
        renamed_classes = [{ from = "counter", to = "counteR" }]
        """) == dedent("""\
        wrangler.toml:17: The classes "Counter" and "counteR" differ only in case.
          some file systems cannot keep the data of both apart: rename one
        """)


@pytest.mark.parametrize("name", ["no-good", "../x", "class", "1st", "a b"])
def test_a_class_that_python_cannot_have_is_refused(
    problems: Callable[..., str], name: str
) -> None:
    assert problems(f'[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["{name}"]\n') == (
        f'wrangler.toml:7: "{name}" cannot be the name of a class in Python.\n'
        "  Durable Objects are bound by the names of their classes in the main module\n"
    )
    assert problems(
        f'[[migrations]]\ntag = "v1"\ntransferred_classes = '
        f'[{{ from = "A", from_script = "b", to = "{name}" }}]\n'
    ).startswith(f'wrangler.toml:7: "{name}" cannot be')

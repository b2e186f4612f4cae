"""`exports`, the newer form of migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.config import ClassExport, ExportState, StorageKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.config import Config


def test_each_state_is_read(config: Callable[..., Config]) -> None:
    loaded = config("""\
        [exports]
        Room = { type = "durable-object", storage = "sqlite" }
        Old = { type = "durable-object", state = "created", storage = "legacy-kv" }
        Gone = { type = "durable-object", state = "deleted" }
        Chat = { type = "durable-object", state = "renamed", renamed_to = "Room" }
        Out = { type = "durable-object", state = "transferred", transferred_to = "b" }
        Admin = { type = "worker" }

        [exports.In]
        type = "durable-object"
        state = "expecting-transfer"
        storage = "sqlite"
        transfer_from = "a"
        """)

    assert loaded.exports == (
        ClassExport("Room"),
        ClassExport("Old", storage=StorageKind.KEY_VALUE),
        ClassExport("Gone", ExportState.DELETED),
        ClassExport("Chat", ExportState.RENAMED, renamed_to="Room"),
        ClassExport("Out", ExportState.TRANSFERRED, transferred_to="b"),
        ClassExport("In", ExportState.EXPECTING_TRANSFER, transfer_from="a"),
    )
    assert loaded.classes == ("Room", "Old", "In")
    assert loaded.storage_of("Old") is StorageKind.KEY_VALUE


def test_entrypoints_alone_are_no_classes(config: Callable[..., Config]) -> None:
    loaded = config("""\
        [exports]
        Admin = { type = "worker" }
        [[migrations]]
        tag = "v1"
        new_sqlite_classes = ["Room"]
        """)

    assert loaded.exports is None
    assert loaded.classes == ("Room",)


def test_both_forms_at_once_are_refused(problems: Callable[..., str]) -> None:
    text = """\
        [exports]
        Room = { type = "durable-object", storage = "sqlite" }
        [[migrations]]
        tag = "v1"
        """

    assert (
        "`migrations` and `exports` are mutually exclusive. Choose one or the other to declare "
        "your Durable Object lifecycle, but not both." in problems(text)
    )


MISTAKES = [
    (
        'Room = { type = "durable-object" }',
        (
            '"exports.Room.storage" is required for state "created" and must be one of "sqlite" or '
            '"legacy-kv".'
        ),
    ),
    (
        'Room = { type = "durable-object", storage = "kv" }',
        (
            '"exports.Room.storage" is required for state "created" and must be one of "sqlite" or '
            '"legacy-kv", but got "kv".'
        ),
    ),
    (
        'Room = { type = "object", storage = "sqlite" }',
        '"exports.Room.type" must be "durable-object" or "worker", but got "object".',
    ),
    (
        'Room = { type = "durable-object", state = "renamed", renamed_to = "Room" }',
        '"exports.Room.renamed_to" cannot equal the source class name "Room".',
    ),
    (
        'Room = { type = "durable-object", state = "renamed", renamed_to = "Hall" }',
        '"exports.Room.renamed_to" names "Hall", which is no live entry of `exports`.',
    ),
    (
        'Room = { type = "durable-object", state = "renamed" }',
        '"exports.Room.renamed_to" is required for state "renamed" and must be a non-empty string.',
    ),
    (
        'Room = { type = "durable-object", state = "deleted", storage = "sqlite" }',
        (
            '"exports.Room.storage" is forbidden on state "deleted".\n'
            "  Allowed properties are: type and state."
        ),
    ),
    (
        'Room = { type = "durable-object", state = "deleeted" }',
        'but got "deleeted".\n  did you mean "deleted"?',
    ),
    ("Room = 3", '"exports.Room" should be an object but got 3.'),
]


@pytest.mark.parametrize(("line", "said"), MISTAKES)
def test_mistakes_are_told_in_wrangler_s_words(
    problems: Callable[..., str], line: str, said: str
) -> None:
    assert said in problems(f"[exports]\n{line}\n")


def test_a_bound_class_that_the_map_does_not_have_is_warned_of(
    problems: Callable[..., str],
) -> None:
    said = problems("""\
        [[durable_objects.bindings]]
        name = "HALL"
        class_name = "Hall"
        [exports]
        Room = { type = "durable-object", storage = "sqlite" }
        """)

    assert "(Hall), but no live `exports` entry declares them." in said
    assert 'Hall = { type = "durable-object", storage = "sqlite" }' in said

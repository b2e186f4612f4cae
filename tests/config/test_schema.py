"""What migrations lead to."""

from __future__ import annotations

from pydo.config.schema import (
    Migration,
    Mismatch,
    RenamedClass,
    StorageKind,
    TransferredClass,
    replay,
)

SQLITE, KEY_VALUE = StorageKind.SQLITE, StorageKind.KEY_VALUE


def test_classes_are_made_with_the_storage_of_their_list() -> None:
    history = replay([Migration("v1", ("A", "B"), ("C",)), Migration("v2", (), ("D",))])

    assert list(history.classes.items()) == [
        ("A", KEY_VALUE),
        ("B", KEY_VALUE),
        ("C", SQLITE),
        ("D", SQLITE),
    ]
    assert history.mismatches == ()


def test_an_entry_deletes_and_renames_before_it_makes() -> None:
    history = replay(
        [
            Migration("v1", new_classes=("A", "B")),
            Migration(
                "v2",
                new_sqlite_classes=("A",),
                renamed_classes=(RenamedClass("B", "C"), RenamedClass("C", "D")),
                deleted_classes=("A",),
            ),
        ]
    )

    assert history.classes == {"D": KEY_VALUE, "A": SQLITE}
    assert history.mismatches == ()


def test_what_does_not_fit_is_told_and_passed_over() -> None:
    history = replay(
        [
            Migration("v1", new_classes=("A",)),
            Migration(
                "v2",
                new_classes=("E",),
                new_sqlite_classes=("A",),
                renamed_classes=(RenamedClass("B", "C"),),
                deleted_classes=("D",),
                transferred_classes=(
                    TransferredClass("X", "other", "F"),
                    TransferredClass("Y", "other", "A"),
                ),
            ),
        ]
    )

    assert history.classes == {"A": KEY_VALUE, "C": SQLITE, "E": KEY_VALUE, "F": SQLITE}
    assert history.mismatches == (
        Mismatch(1, "deleted_classes", 0, "D", ("A",)),
        Mismatch(1, "renamed_classes", 0, "B", ("A",)),
        Mismatch(1, "new_sqlite_classes", 0, "A", ("A", "C", "E")),
    )

"""What an `exports` map asks for, by what there is."""

from __future__ import annotations

import pytest

from pydo.config import ClassExport, Config, ExportState, StorageKind
from pydo.migrate.action import Elsewhere, Found, Inventory, Kind, Plan, after
from pydo.migrate.ledger import Ledger, WorkerRecord
from pydo.migrate.plan import plan

from .test_plan import STORED, applied, config, did, ledger

ROOM = ClassExport("Room")
GONE = ClassExport("Counter", ExportState.DELETED)
RENAMED = ClassExport("Counter", ExportState.RENAMED, renamed_to="Tally")
TALLY = ClassExport("Tally")
OUT = ClassExport("Counter", ExportState.TRANSFERRED, transferred_to="other")
IN = ClassExport("Counter", ExportState.EXPECTING_TRANSFER, transfer_from="app")
FOUND: Inventory = {("app", "Counter"): STORED}
LIVE = ledger(Counter="sqlite")


def declared(*exports: ClassExport, name: str = "app") -> Config:
    return config(exports=exports, name=name)


def scenario(planned: Plan) -> str:
    (refusal,) = planned.refusals
    assert refusal.code == 100402
    return refusal.message.partition("]")[0].removeprefix("[")


def test_a_class_is_made_once() -> None:
    first = plan(declared(ROOM), Ledger(), {})
    again = plan(declared(ROOM), applied(first, Ledger()), {})

    assert did(first) == [(Kind.CREATE, "Room", None)]
    assert again.steps == ()


def test_a_class_that_was_served_before_is_taken_up() -> None:
    planned = plan(declared(ClassExport("Counter")), Ledger(), FOUND)

    assert did(planned) == [(Kind.ADOPT, "Counter", "app-Counter")]


def test_a_tombstone_deletes_and_is_stale_afterwards() -> None:
    planned = plan(declared(GONE), LIVE, FOUND)
    again = plan(declared(GONE), applied(planned, LIVE), after(FOUND, planned))

    assert did(planned) == [(Kind.DELETE, "Counter", "app-Counter")]
    assert again.steps == ()
    assert again.notes == (
        (
            "[stale_tombstone] Counter: Tombstone of type 'deleted' for class 'Counter' has no "
            "effect (no namespace exists with this class name). Safe to remove from `exports`."
        ),
    )


def test_objects_that_were_never_declared_are_found_by_a_tombstone_too() -> None:
    assert [kind for kind, *_ in did(plan(declared(GONE), Ledger(), FOUND))] == [
        Kind.ADOPT,
        Kind.DELETE,
    ]


def test_a_rename_goes_to_a_class_that_is_live() -> None:
    planned = plan(declared(RENAMED, TALLY), LIVE, FOUND)

    assert did(planned) == [(Kind.RENAME, "Tally", "app-Counter")]
    assert plan(declared(TALLY), applied(planned, LIVE), after(FOUND, planned)).steps == ()


def test_a_transfer_waits_until_the_source_lets_go() -> None:
    target = plan(declared(IN, name="other"), LIVE, FOUND)
    known = applied(target, LIVE)
    source = plan(declared(OUT), known, FOUND)
    done = applied(source, known)

    assert did(target) == [(Kind.EXPECT, "Counter", None)]
    assert plan(declared(IN, name="other"), known, FOUND).steps == ()
    assert did(source) == [(Kind.TRANSFER, "Counter", "app-Counter")]
    assert after(FOUND, source) == {("other", "Counter"): STORED}
    assert (done.of("app").classes, done.of("other").classes) == ({}, {"Counter": "sqlite"})
    assert done.of("other").expected == {}


def test_an_entry_that_has_gone_cancels_a_transfer() -> None:
    known = Ledger({"other": WorkerRecord(expected={"Counter": "app"})})

    planned = plan(declared(ROOM, name="other"), known, FOUND)

    assert [kind for kind, *_ in did(planned)] == [Kind.CREATE, Kind.CANCEL]


def test_a_class_of_another_state_comes_at_once() -> None:
    elsewhere = Elsewhere("/elsewhere", FOUND)

    planned = plan(declared(IN, name="other"), Ledger(), {}, elsewhere=elsewhere)

    assert did(planned) == [(Kind.TRANSFER, "Counter", "app-Counter")]
    assert planned.actions[0].source_state == "/elsewhere"


REFUSALS: list[tuple[tuple[ClassExport, ...], frozenset[str] | None, str]] = [
    ((GONE,), frozenset({"Counter"}), "tombstone_delete_class_still_in_code"),
    ((OUT,), None, "transferred_pending_not_found"),
    (
        (ClassExport("Counter", storage=StorageKind.KEY_VALUE),),
        None,
        "storage_type_mismatch",
    ),
    ((ClassExport("Counter"),), frozenset(), "config_export_not_in_code"),
    ((ClassExport("Counter"), ROOM), frozenset({"Counter"}), "config_references_nonexistent_class"),
    ((), frozenset(), "orphaned_provisioned_namespace"),
    ((ROOM,), frozenset({"Room", "Counter"}), "provisioned_class_missing_from_config"),
]


@pytest.mark.parametrize(("exports", "exported", "name"), REFUSALS)
def test_what_does_not_fit_is_refused_by_its_scenario(
    exports: tuple[ClassExport, ...], exported: frozenset[str] | None, name: str
) -> None:
    assert scenario(plan(declared(*exports), LIVE, FOUND, exported=exported)) == name


def test_a_rename_to_a_class_that_has_objects_is_refused() -> None:
    known = ledger(Counter="sqlite", Tally="sqlite")

    assert scenario(plan(declared(RENAMED, TALLY), known, FOUND)) == "tombstone_renamed_to_occupied"


def test_a_transfer_from_nowhere_is_refused() -> None:
    planned = plan(declared(IN, name="other"), Ledger(), {})

    assert scenario(planned) == "phase_one_transfer_source_namespace_missing"


def test_a_class_may_be_declared_with_the_storage_it_had_in_production() -> None:
    old = ClassExport("Old", storage=StorageKind.KEY_VALUE)

    planned = plan(declared(old), Ledger(), {("app", "Old"): Found("k", "key-value", 1)})

    assert did(planned) == [(Kind.ADOPT, "Old", "k")]

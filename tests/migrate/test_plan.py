"""What is planned for which configuration, ledger and inventory: no file is touched."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pydo.config import (
    Config,
    DevOptions,
    DurableObjectBinding,
    Migration,
    RenamedClass,
    TransferredClass,
)
from pydo.migrate.action import Elsewhere, Found, Inventory, Kind, Plan, after
from pydo.migrate.ledger import Applied, Done, Ledger, WorkerRecord
from pydo.migrate.plan import Goal, fingerprint, plan
from pydo.migrate.undo import plan_undo

NEW = Migration("v1", new_sqlite_classes=("Counter",))
RENAME = Migration("v2", renamed_classes=(RenamedClass("Counter", "Tally"),))
DELETE = Migration("v2", deleted_classes=("Counter",))
STORED = Found("app-Counter", "sqlite", 2, 100)


def config(*migrations: Migration, bound: str = "", **fields: Any) -> Config:
    root = Path("/project")
    bindings = tuple(DurableObjectBinding(each.upper(), each) for each in bound.split())
    made = Config(
        *(root / "wrangler.toml", root, "app", root / "entry.py", "2026-01-01", (), {}),
        *(bindings, migrations, DevOptions()),
    )
    return replace(made, **fields)


def ledger(*applied: Migration, worker: str = "app", **classes: str) -> Ledger:
    tags = [Applied(each.tag, fingerprint(each), "") for each in applied]
    return Ledger({worker: WorkerRecord(tags, classes)})


def did(planned: Plan) -> list[tuple[Kind, str, str | None]]:
    assert planned.refusals == ()
    return [(each.kind, each.class_name, each.key) for each in planned.actions]


def refused(planned: Plan) -> list[tuple[int | None, str]]:
    return [(each.code, each.message) for each in planned.refusals]


def test_a_plan_changes_nothing_of_what_it_is_made_of() -> None:
    known = ledger(NEW, Counter="sqlite")
    found: Inventory = {("app", "Counter"): STORED}
    before = deepcopy((known, found))

    planned = plan(config(NEW, RENAME, bound="Tally"), known, found)
    following = after(found, planned)

    assert did(planned) == [(Kind.RENAME, "Tally", "app-Counter")]
    assert (known, found) == before
    assert following == {("app", "Tally"): STORED}


def test_a_history_that_cannot_be_replayed_is_no_matter_once_it_is_applied() -> None:
    old = [Migration("v1", deleted_classes=("Nobody",)), RENAME]
    new = Migration("v3", new_sqlite_classes=("Room",))

    planned = plan(config(*old, new), ledger(*old, Tally="key-value"), {})

    assert did(planned) == [(Kind.CREATE, "Room", None)]


def test_tags_behind_the_last_applied_one_are_pending_though_older_ones_have_gone() -> None:
    new = Migration("v3", new_sqlite_classes=("Room",))

    planned = plan(config(RENAME, new), ledger(NEW, RENAME, Tally="sqlite"), {})

    assert [each.tag for each in planned.steps] == ["v3"]


def test_what_was_stored_under_a_later_name_is_kept_through_the_history() -> None:
    found: Inventory = {("app", "Tally"): Found("app-Tally", "sqlite", 3)}

    planned = plan(config(NEW, RENAME, bound="Tally"), Ledger(), found)

    assert did(planned) == [(Kind.CREATE, "Counter", None), (Kind.RENAME, "Tally", "app-Tally")]
    assert after(found, planned) == found


def test_an_empty_directory_makes_room_for_a_class_that_comes() -> None:
    found: Inventory = {
        ("app", "Counter"): STORED,
        ("app", "Tally"): Found("app-Tally", "key-value"),
    }

    planned = plan(config(NEW, RENAME), ledger(NEW, Counter="sqlite"), found)

    assert planned.actions[0].replaces == "app-Tally"
    assert after(found, planned) == {("app", "Tally"): STORED}


def test_two_classes_with_objects_never_become_one() -> None:
    found: Inventory = {("app", "Counter"): STORED, ("app", "Tally"): Found("t", "sqlite", 1)}

    planned = plan(config(NEW, RENAME), ledger(NEW, Counter="sqlite"), found)

    assert "Tally has 1 objects already" in planned.refusals[0].message


REFUSALS = [
    (
        Migration("v2", deleted_classes=("Counter",), new_sqlite_classes=("Counter",)),
        (10074, "class 'Counter' cannot be the target of more than one migration"),
    ),
    (
        Migration("v2", renamed_classes=RENAME.renamed_classes, new_classes=("Tally",)),
        (10074, "class 'Tally' cannot be the target of more than one migration"),
    ),
    (
        Migration("v2", deleted_classes=("Nobody",)),
        (
            10074,
            (
                "Cannot apply delete-class migration to class 'Nobody' which was not exported in "
                "the previous version of the script"
            ),
        ),
    ),
    (
        Migration("v2", new_sqlite_classes=("Counter",)),
        (
            10074,
            (
                "Cannot apply new-sqlite-class migration to class 'Counter' that is already "
                "depended on by existing Durable Objects"
            ),
        ),
    ),
    (
        Migration("v2", new_sqlite_classes=("Room",)),
        (10070, "Cannot apply new-class migration to class 'Room' that is not exported by script"),
    ),
    (
        Migration("v2", transferred_classes=(TransferredClass("A", "other", "B"),)),
        (
            10066,
            (
                "Cannot apply transfer-class migration to class 'A' of script 'other', which has "
                "no objects in this state directory; another one is named with --from-state "
                "DIRECTORY."
            ),
        ),
    ),
]


@pytest.mark.parametrize(("migration", "said"), REFUSALS)
def test_what_production_refuses_is_refused_in_its_words(
    migration: Migration, said: tuple[int, str]
) -> None:
    exported = frozenset({"Counter", "Tally"})

    planned = plan(config(NEW, migration), ledger(NEW, Counter="sqlite"), {}, exported=exported)

    assert refused(planned) == [said]


def test_a_class_is_not_deleted_while_any_worker_s_binding_has_its_name() -> None:
    bindings = (DurableObjectBinding("C", "Counter", "other"),)

    planned = plan(config(NEW, DELETE, durable_objects=bindings), ledger(NEW, Counter="sqlite"), {})

    assert refused(planned) == [
        (
            10061,
            (
                "Cannot apply --delete-class migration to class 'Counter' without also removing "
                "the binding that references it."
            ),
        )
    ]


def test_whoever_serves_them_is_not_stopped_by_code_and_bindings_that_do_not_fit() -> None:
    declared = config(NEW, bound="Counter Other")

    strict = plan(declared, Ledger(), {}, exported=frozenset())
    lenient = plan(declared, Ledger(), {}, exported=frozenset(), checks_version=False)

    assert [each.code for each in strict.refusals] == [10061, 10070]
    assert did(lenient) == [(Kind.CREATE, "Counter", None)]


def test_a_class_without_a_directory_can_be_transferred() -> None:
    transfer = Migration("v1", transferred_classes=(TransferredClass("A", "other", "B"),))

    planned = plan(config(transfer), ledger(worker="other", A="key-value"), {})

    assert did(planned) == [(Kind.TRANSFER, "B", None)]
    assert planned.actions[0].storage == "key-value"


def test_ids_of_another_state_must_not_be_taken_here() -> None:
    transfer = Migration("v1", transferred_classes=(TransferredClass("A", "other", "B"),))
    elsewhere = Elsewhere("/elsewhere", {("other", "A"): Found("other-A", "sqlite", 1)})
    taken: Inventory = {("app", "C"): Found("other-A", "sqlite", 1)}

    planned = plan(config(transfer), Ledger(), taken, elsewhere=elsewhere)

    assert 'This state has a class with the key "other-A" already' in refused(planned)[0][1]


def test_an_expected_tag_that_is_not_the_last_stops_everything() -> None:
    known = ledger(NEW, Counter="sqlite")

    assert refused(plan(config(NEW, RENAME), known, {}, goal=Goal(expect="v0"))) == [
        (10079, "Migration tag precondition failed; current tag is v1")
    ]
    assert did(plan(config(NEW, RENAME), known, {}, goal=Goal(expect="v1")))
    assert did(plan(config(NEW), Ledger(), {}, goal=Goal(expect="")))


def applied(planned: Plan, known: Ledger) -> Ledger:
    noted = deepcopy(known)
    for step in planned.steps:
        done = tuple(Done(each, "kept" if each.takes_away else None) for each in step.actions)
        noted.note(planned.worker, step, Applied(step.tag, step.fingerprint, "", done))
    return noted


UNDONE = [
    (RENAME, {("app", "Counter"): STORED}),
    (DELETE, {("app", "Counter"): STORED}),
    (
        Migration("v2", transferred_classes=(TransferredClass("A", "other", "B"),)),
        {("other", "A"): Found("other-A", "sqlite", 1), ("app", "Counter"): STORED},
    ),
    (Migration("v2", new_sqlite_classes=("Room",)), {("app", "Counter"): STORED}),
    (
        Migration("v2", new_sqlite_classes=("Room",)),
        {("app", "Counter"): STORED, ("app", "Room"): Found("r", "sqlite", 1)},
    ),
    (
        Migration("v2", renamed_classes=RENAME.renamed_classes, new_sqlite_classes=("Counter",)),
        {("app", "Counter"): STORED},
    ),
]


@pytest.mark.parametrize(("migration", "found"), UNDONE)
def test_what_is_undone_is_as_it_was(migration: Migration, found: Inventory) -> None:
    known = ledger(NEW, Counter="sqlite")
    planned = plan(config(NEW, migration), known, found)
    done, following = applied(planned, known), after(found, planned)

    undo = plan_undo("app", done, following, {"kept"})

    assert undo.refusals == ()
    assert after(following, undo) == found
    assert applied(undo, done).of("app").classes == known.of("app").classes
    assert applied(undo, done).of("app").tags == ("v1",)


def test_an_undo_is_refused_for_the_objects_that_it_would_take() -> None:
    known, found = ledger(NEW, Counter="sqlite"), {("app", "Counter"): STORED}
    renamed = plan(config(NEW, RENAME), known, found)
    done = applied(renamed, known)
    following = after(found, renamed) | {("app", "Counter"): Found("app-Counter#2", "sqlite", 1)}

    undo = plan_undo("app", done, following, ())

    assert "Counter has 1 new object, which would be lost" in refused(undo)[0][1]

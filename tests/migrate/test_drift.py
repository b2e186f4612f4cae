"""Where configuration, ledger and directories part, each in the form in which it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pydo.config import Config, Migration, TransferredClass
from pydo.migrate.action import Found, Inventory
from pydo.migrate.drift import find_drift
from pydo.migrate.ledger import Ledger
from pydo.migrate.plan import plan

from .test_plan import NEW, RENAME, applied, config, ledger

STORED: Inventory = {("app", "Counter"): Found("app-Counter", "sqlite", 2)}
KV = Migration("v1", new_classes=("Counter",))
CASES = [
    (config(NEW, bound="Counter"), ledger(NEW, Counter="sqlite"), STORED, []),
    (config(KV), ledger(NEW, Counter="sqlite"), STORED, ["changed", "storage"]),
    (
        config(NEW, bound="Counter"),
        ledger(KV, Counter="key-value"),
        {("app", "Counter"): Found("app-Counter", "key-value", 1)},
        ["changed", "storage"],
    ),
    (config(NEW), ledger(NEW, RENAME, Tally="sqlite"), {}, ["missing"]),
    (config(RENAME), ledger(NEW, RENAME, Tally="key-value"), {}, []),
    (
        config(Migration("v0"), NEW),
        ledger(NEW, Counter="sqlite"),
        {},
        ["skipped"],
    ),
    (config(NEW, bound="Counter Other"), ledger(NEW, Counter="sqlite"), {}, ["undeclared"]),
    (config(NEW, bound="Counter Other"), Ledger(), {}, []),  # it is pending
    (config(bound="Tally"), Ledger(), STORED, ["undeclared", "orphan"]),
    (config(NEW, RENAME, bound="Tally"), Ledger(), STORED, []),  # the rename is pending
    (
        config(NEW, bound="Counter", name="new"),
        ledger(NEW, worker="new", Counter="sqlite"),
        STORED,
        ["worker"],
    ),
    (
        config(NEW, bound="Counter", name="app-dev", environment="dev"),
        ledger(NEW, worker="app-dev", Counter="sqlite"),
        STORED,
        [],
    ),
    (
        config(NEW, bound="Counter"),
        ledger(NEW, Counter="sqlite"),
        {("app-dev", "Counter"): Found("app-dev-Counter", "sqlite", 2)},
        [],
    ),
]


@pytest.mark.parametrize(("declared", "known", "found", "kinds"), CASES)
def test_what_has_parted_is_found(
    declared: Config, known: Ledger, found: Inventory, kinds: list[str]
) -> None:
    assert [each.kind for each in find_drift(declared, known, found)] == kinds


def test_workers_that_give_classes_to_one_another_were_not_renamed() -> None:
    known = ledger(worker="other", Counter="sqlite")
    transfer = Migration("v1", transferred_classes=(TransferredClass("Counter", "other", "Mine"),))
    found: Inventory = {
        ("other", "Counter"): Found("other-Counter", "sqlite", 2),
        ("app", "Mine"): Found("app-Mine", "sqlite"),
    }
    planned = plan(config(transfer), known, found)
    back: Inventory = {("app", "Counter"): Found("x", "sqlite", 1)}

    assert [
        each.kind for each in find_drift(config(name="other", bound="Counter"), known, back)
    ] == ["worker"]
    assert (
        find_drift(config(name="other", bound="Counter"), applied(planned, known), back)[1:] == []
    )


def test_a_class_that_the_code_lacks_is_told_of_with_production_s_code() -> None:
    known = ledger(NEW, Counter="sqlite")

    found = find_drift(config(NEW), known, {}, frozenset({"Other"}))

    assert [each.kind for each in found] == ["unexported"]
    assert "[code: 10064]" in found[0].message
    assert find_drift(config(NEW), known, {}, frozenset({"Counter"})) == []


def test_the_lines_say_what_to_look_for() -> None:
    found = find_drift(replace(config(bound="Tally")), Ledger(), STORED)

    assert [each.message for each in found] == [
        (
            "Cannot create binding for class 'Tally' because it is not currently configured to "
            "implement Durable Objects. Ensure a --new-class migration has been applied to it. "
            "[code: 10061]"
        ),
        "app-Counter holds 2 objects of no class: did you rename without a migration?",
    ]

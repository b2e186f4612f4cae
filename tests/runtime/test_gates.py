"""The gates by themselves: which arrival enters next, and which outputs leave."""

from __future__ import annotations

from contextvars import Context

import pytest

from pydo.errors import JsException
from pydo.runtime.gates import InputGate, OutputGate
from pydo.runtime.turn import Callback


def arrival() -> Callback:
    return Callback(lambda: None, (), Context())


def nothing() -> None: ...


def test_arrivals_enter_in_their_order() -> None:
    gate, first, second = InputGate(), arrival(), arrival()

    gate.arrive(gate.root, first)
    gate.arrive(gate.root, second)

    assert gate.has_admissible
    assert [gate.next(), gate.next(), gate.next()] == [first, second, None]
    assert not gate.has_admissible


def test_a_section_begins_between_turns_and_admits_its_own_alone() -> None:
    gate, outside, inside = InputGate(), arrival(), arrival()
    begun: list[str] = []
    section = gate.open(gate.root, lambda: begun.append("section"))
    gate.arrive(gate.root, outside)
    gate.arrive(section, inside)
    assert begun == []

    gate.begin_waiting()

    assert begun == ["section"]
    assert [gate.next(), gate.next()] == [inside, None]
    gate.end(section)
    assert gate.next() is outside


def test_what_a_section_leaves_behind_goes_first_in_its_parent() -> None:
    gate = InputGate()
    outside, left, left_too, late = (arrival() for _ in range(4))
    section = gate.open(gate.root, nothing)
    gate.begin_waiting()
    gate.arrive(gate.root, outside)
    gate.arrive(section, left)
    gate.arrive(section, left_too)

    gate.end(section)
    gate.arrive(section, late)

    assert [gate.next() for _ in range(4)] == [left, left_too, outside, late]


def test_a_section_that_was_not_begun_outlives_its_parent() -> None:
    gate, begun = InputGate(), list[str]()
    parent = gate.open(gate.root, nothing)
    gate.open(gate.root, lambda: begun.append("the parent's sibling"))
    gate.begin_waiting()
    first = gate.open(parent, lambda: begun.append("first child"))
    second = gate.open(parent, lambda: begun.append("second child"))

    gate.end(parent)
    for section in (first, second):
        gate.begin_waiting()
        assert gate.innermost is section
        gate.end(section)
    gate.begin_waiting()

    assert begun == ["first child", "second child", "the parent's sibling"]


def test_an_open_section_outlives_its_parent() -> None:
    gate, outside, inside = InputGate(), arrival(), arrival()
    parent = gate.open(gate.root, nothing)
    gate.begin_waiting()
    child = gate.open(parent, nothing)
    gate.begin_waiting()
    grandchild = gate.open(child, nothing)
    gate.begin_waiting()
    gate.arrive(gate.root, outside)

    gate.end(parent)

    assert gate.innermost is grandchild
    assert gate.next() is None
    gate.end(grandchild)
    assert gate.innermost is child
    gate.arrive(child, inside)
    assert [gate.next(), gate.next()] == [inside, None]
    gate.end(child)
    assert gate.innermost is gate.root
    assert gate.next() is outside


def test_a_section_ends_once_and_the_root_never() -> None:
    gate = InputGate()
    section = gate.open(gate.root, nothing)
    gate.begin_waiting()

    gate.end(section)
    gate.end(section)
    gate.end(gate.root)

    assert gate.innermost is gate.root
    assert not gate.root.is_over


def test_a_gate_that_is_open_wide_admits_everything() -> None:
    gate, begun = InputGate(), list[str]()
    parent = gate.open(gate.root, nothing)
    gate.begin_waiting()
    child = gate.open(parent, nothing)
    gate.begin_waiting()
    gate.open(child, lambda: begun.append("of the child"))
    sibling = gate.open(gate.root, lambda: begun.append("of the root"))
    inside, between, outside, late = (arrival() for _ in range(4))
    gate.arrive(gate.root, outside)
    gate.arrive(parent, between)
    gate.arrive(child, inside)

    gate.open_wide()
    gate.begin_waiting()
    gate.arrive(sibling, late)

    assert begun == []
    assert [gate.next() for _ in range(4)] == [inside, between, outside, late]


def test_sections_are_64_deep_at_most() -> None:
    gate = InputGate()
    section = gate.root
    for _ in range(64):
        section = gate.open(section, nothing)
        gate.begin_waiting()

    with pytest.raises(JsException) as refused:
        gate.open(section, nothing)

    assert str(refused.value) == "Error: blockConcurrencyWhile() calls are nested too deeply."
    gate.end(section)
    assert gate.open(section, nothing).depth == 64


# -- output


def test_outputs_leave_in_their_order_and_once() -> None:
    gate, left = OutputGate(), list[int]()
    for number in range(3):
        gate.begin_turn()
        gate.hold(lambda number=number: left.append(number))  # type: ignore[misc] # binds it now

    gate.release()
    gate.release()

    assert left == [0, 1, 2]


def test_a_dropped_turn_takes_its_own_outputs_along() -> None:
    gate, left = OutputGate(), list[str]()
    gate.begin_turn()
    gate.hold(lambda: left.append("of the first turn"))
    gate.begin_turn()
    gate.hold(lambda: left.append("of the second turn"))

    gate.drop_turn()
    gate.hold(lambda: left.append("after the drop"))
    gate.release()

    assert left == ["of the first turn", "after the drop"]


def test_a_dropped_pass_takes_all_outputs_along() -> None:
    gate, left = OutputGate(), list[str]()
    gate.hold(lambda: left.append("lost"))

    gate.drop()
    gate.release()

    assert left == []


def test_what_an_output_says_leaves_after_it() -> None:
    gate, left = OutputGate(), list[str]()
    gate.hold(lambda: gate.hold(lambda: left.append("later")))

    gate.release()
    assert left == []
    gate.release()

    assert left == ["later"]

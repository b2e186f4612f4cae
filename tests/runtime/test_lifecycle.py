"""The table of a container's life, cell by cell."""

from __future__ import annotations

import pytest

from pydo.runtime.lifecycle import IllegalTransition, Signal, State, step

NO_TENANT = "ABSENT, or HIBERNATED where accepted sockets are kept"

TABLE: dict[State, dict[Signal, State | str]] = {
    State.ABSENT: {
        Signal.DELIVER: State.STARTING,
        Signal.REPLACED: State.ABSENT,
    },
    State.STARTING: {
        Signal.DELIVER: State.STARTING,
        Signal.STARTED: State.RUNNING,
        Signal.START_FAILED: NO_TENANT,
        Signal.BROKEN: State.ABSENT,
        Signal.REPLACED: NO_TENANT,
    },
    State.RUNNING: {
        Signal.DELIVER: State.RUNNING,
        Signal.WORK_DONE: State.IDLE,
        Signal.START_FAILED: NO_TENANT,
        Signal.BROKEN: State.ABSENT,
        Signal.REPLACED: NO_TENANT,
        Signal.SOCKETS_GONE: State.RUNNING,
    },
    State.IDLE: {
        Signal.DELIVER: State.RUNNING,
        Signal.IDLE_TIMEOUT: NO_TENANT,
        Signal.BROKEN: State.ABSENT,
        Signal.REPLACED: NO_TENANT,
        Signal.SOCKETS_GONE: State.IDLE,
    },
    State.HIBERNATED: {
        Signal.DELIVER: State.STARTING,
        Signal.BROKEN: State.ABSENT,
        Signal.REPLACED: State.HIBERNATED,
        Signal.SOCKETS_GONE: State.ABSENT,
    },
}

CELLS = [(state, signal) for state in State for signal in Signal]


@pytest.mark.parametrize("has_sockets", [False, True], ids=["no sockets", "sockets"])
@pytest.mark.parametrize(
    ("state", "signal"), CELLS, ids=[f"{state.name}-{signal.name}" for state, signal in CELLS]
)
def test_each_cell_of_the_table(state: State, signal: Signal, *, has_sockets: bool) -> None:
    expected = TABLE[state].get(signal)

    if expected is None:
        with pytest.raises(IllegalTransition, match=f"^{state.name} was sent {signal.name}$"):
            step(state, signal, has_sockets=has_sockets)
    elif expected == NO_TENANT:
        without = State.HIBERNATED if has_sockets else State.ABSENT
        assert step(state, signal, has_sockets=has_sockets) is without
    else:
        assert step(state, signal, has_sockets=has_sockets) is expected

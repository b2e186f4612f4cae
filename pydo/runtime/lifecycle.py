"""The life of a container as a table.

A container is the *place* of an object: its id, its accepted sockets and its alarm.  The actor,
the *tenant*, comes and goes.

    ABSENT       no tenant
    STARTING     the tenant's constructor has not run yet
    RUNNING      it has work: events, tasks, timers, promises it waits for
    IDLE         it has none, and is evicted when that has lasted
    HIBERNATED   no tenant, but accepted sockets are kept

Where the table leads to "no tenant", accepted sockets decide between ABSENT and HIBERNATED; a
reset and an abort drop the sockets.  A signal that a state does not know is a mistake of pydo's:
`step` raises and changes nothing.  Source: src/workerd/server/server.c++ (`ActorContainer`).
"""

from __future__ import annotations

from enum import Enum

__all__ = ["IllegalTransition", "Signal", "State", "step"]


class State(Enum):
    """Where a container is in its life."""

    __hash__ = object.__hash__  # each is the only one of its kind; Enum hashes the name

    ABSENT = "absent"
    STARTING = "starting"
    RUNNING = "running"
    IDLE = "idle"
    HIBERNATED = "hibernated"


class Signal(Enum):
    """What can happen to a container."""

    __hash__ = object.__hash__

    DELIVER = "an event came"
    STARTED = "the constructor ran"
    START_FAILED = "what the constructor began failed, before any event"
    WORK_DONE = "the last of its work ended"
    IDLE_TIMEOUT = "it was idle for long enough"
    BROKEN = "a gate broke, or it aborted itself"
    REPLACED = "its code was replaced, and its time of grace is over"
    SOCKETS_GONE = "its last accepted socket closed"


class IllegalTransition(Exception):  # noqa: N818 - named as what it is
    """A state was sent a signal that it does not know."""


_NO_TENANT = None  # ABSENT or HIBERNATED, as the sockets decide

_TABLE: dict[State, dict[Signal, State | None]] = {
    State.ABSENT: {
        Signal.DELIVER: State.STARTING,
        Signal.REPLACED: State.ABSENT,
    },
    State.STARTING: {
        Signal.DELIVER: State.STARTING,
        Signal.STARTED: State.RUNNING,
        Signal.START_FAILED: _NO_TENANT,
        Signal.BROKEN: State.ABSENT,
        Signal.REPLACED: _NO_TENANT,
    },
    State.RUNNING: {
        Signal.DELIVER: State.RUNNING,
        Signal.WORK_DONE: State.IDLE,
        Signal.START_FAILED: _NO_TENANT,
        Signal.BROKEN: State.ABSENT,
        Signal.REPLACED: _NO_TENANT,
        Signal.SOCKETS_GONE: State.RUNNING,
    },
    State.IDLE: {
        Signal.DELIVER: State.RUNNING,
        Signal.IDLE_TIMEOUT: _NO_TENANT,
        Signal.BROKEN: State.ABSENT,
        Signal.REPLACED: _NO_TENANT,
        Signal.SOCKETS_GONE: State.IDLE,
    },
    State.HIBERNATED: {
        Signal.DELIVER: State.STARTING,
        Signal.BROKEN: State.ABSENT,
        Signal.REPLACED: State.HIBERNATED,
        Signal.SOCKETS_GONE: State.ABSENT,
    },
}


def step(state: State, signal: Signal, *, has_sockets: bool) -> State:
    """Give the state that follows.

    Raises:
        IllegalTransition: `state` does not know `signal`.

    """
    try:
        following = _TABLE[state][signal]
    except KeyError:
        raise IllegalTransition(f"{state.name} was sent {signal.name}") from None
    if following is None:
        return State.HIBERNATED if has_sockets else State.ABSENT
    return following

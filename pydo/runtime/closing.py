"""How far a WebSocket is closed, and what its close frame may carry.

How far it is closed is a table:

              close sent   close received   failed
    OPEN      SENT         RECEIVED         FAILED
    SENT                   CLOSED           FAILED
    RECEIVED  CLOSED                        FAILED
    CLOSED                                  FAILED

(CONNECTING becomes OPEN or FAILED; nothing follows on FAILED.)  A connection that is
lost without a close frame is told of before it counts as a close that was received, as in workerd.

Source: src/workerd/api/web-socket.c++.
"""

from __future__ import annotations

from enum import Enum, IntEnum

from pydo.errors import JsException

__all__ = ["Phase", "ReadyState", "Sign", "check_close", "follow"]

_MAX_REASON = 123
_NEVER_SENT = frozenset({1004, 1005, 1006, 1015})


class ReadyState(IntEnum):
    """What `readyState` says."""

    CONNECTING = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3


class Phase(Enum):
    """How far a socket is closed; the value is what `readyState` says of it."""

    __hash__ = object.__hash__  # each is the only one of its kind; Enum hashes the name

    CONNECTING = (ReadyState.CONNECTING, "connecting")
    OPEN = (ReadyState.OPEN, "open")
    SENT = (ReadyState.CLOSING, "close sent")
    RECEIVED = (ReadyState.CLOSING, "close received")
    CLOSED = (ReadyState.CLOSED, "closed by both")
    FAILED = (ReadyState.CLOSED, "failed")

    @property
    def ready_state(self) -> ReadyState:
        """What `readyState` says."""
        return self.value[0]


class Sign(Enum):
    """What can happen to a socket."""

    OPENED = "the connection stands"
    CLOSE_SENT = "a close frame was sent"
    CLOSE_RECEIVED = "a close frame has come"
    FAILED = "a frame was wrong, or could not be sent"


_TABLE: dict[Phase, dict[Sign, Phase]] = {
    Phase.CONNECTING: {Sign.OPENED: Phase.OPEN, Sign.FAILED: Phase.FAILED},
    Phase.OPEN: {
        Sign.CLOSE_SENT: Phase.SENT,
        Sign.CLOSE_RECEIVED: Phase.RECEIVED,
        Sign.FAILED: Phase.FAILED,
    },
    Phase.SENT: {Sign.CLOSE_RECEIVED: Phase.CLOSED, Sign.FAILED: Phase.FAILED},
    Phase.RECEIVED: {Sign.CLOSE_SENT: Phase.CLOSED, Sign.FAILED: Phase.FAILED},
    Phase.CLOSED: {Sign.FAILED: Phase.FAILED},
    Phase.FAILED: {},
}


def follow(phase: Phase, sign: Sign) -> Phase:
    """Give the phase that follows; a sign that a phase does not know changes nothing."""
    return _TABLE[phase].get(sign, phase)


def check_close(code: int | None, reason: str | None, *, limits_reason: bool) -> None:
    """Check what a close frame is to carry.

    Raises:
        JsException: an `InvalidAccessError` or a `SyntaxError`.

    """
    if code is not None and (not 1000 <= code < 5000 or code in _NEVER_SENT):  # noqa: PLR2004 - the range has no better name
        raise JsException("InvalidAccessError", f"Invalid WebSocket close code: {code}.")
    if reason is None:
        return
    if limits_reason and len(reason.encode("utf-8", "replace")) > _MAX_REASON:
        raise JsException(
            "SyntaxError",
            "WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.",
        )
    if code is None:
        raise JsException(
            "InvalidAccessError",
            "If you specify a WebSocket close reason, you must also specify a code.",
        )

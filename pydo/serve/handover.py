"""Listening sockets that outlive their process: `--reload process` executes pydo anew.

The descriptors stay open over `exec`, so clients that connect meanwhile wait in the kernel's queue
and are answered by the new process.  What it needs to know of them stands in one variable of the
environment.
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

__all__ = ["Handover"]

_VARIABLE = "PYDO_HANDOVER"


@dataclass(frozen=True, slots=True)
class Handover:
    """What one process leaves to the next: who listens where, and since when it is waited for."""

    ip: str
    port: int
    sockets: tuple[socket.socket, ...]
    began: float  # seconds since 1970
    lock: int | None = None  # on the state directory

    @classmethod
    def of(cls, ip: str, port: int, sockets: Sequence[socket.socket]) -> Handover:
        """Prepare one of sockets that are about to be closed."""
        copies = tuple(each.dup() for each in sockets)
        for each in copies:
            each.set_inheritable(True)
        return cls(ip, port, copies, time.time())

    def give(self, environment: MutableMapping[str, str]) -> None:
        """Note it for the process that is executed next."""
        fds = [each.fileno() for each in self.sockets]
        environment[_VARIABLE] = json.dumps([self.ip, self.port, fds, self.began, self.lock])

    @classmethod
    def take(cls, environment: MutableMapping[str, str]) -> Handover | None:
        """Take over what the process before has left, once; None if it has left nothing."""
        text = environment.pop(_VARIABLE, None)
        if text is None:
            return None
        ip, port, fds, began, lock = json.loads(text)
        sockets = tuple(socket.socket(fileno=fd) for fd in fds)
        for each in sockets:
            each.set_inheritable(False)
        return cls(ip, port, sockets, began, lock)

    def age_ms(self) -> float:
        """How long ago it began."""
        return (time.time() - self.began) * 1000

    def close(self) -> None:
        """Let the sockets go: somebody wants to listen elsewhere."""
        for each in self.sockets:
            each.close()

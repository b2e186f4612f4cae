"""`ScheduledController`: what the handler `scheduled` is told of its call.

Source: src/workerd/api/scheduled.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.host.js.value import JsProxy

if TYPE_CHECKING:
    from pydo.host.execution import ExecutionContext

__all__ = ["ScheduledController"]


class ScheduledController(JsProxy):
    """The time that a call is for, in milliseconds since 1970, and the expression that named it.

    `__execution__` is what the handler ran in, once it has begun.
    """

    __slots__ = ("__execution__", "__is_final__", "cron", "scheduledTime")

    def __init__(self, scheduled_ms: int, cron: str) -> None:
        self.scheduledTime = scheduled_ms
        self.cron = cron
        self.__is_final__ = False
        self.__execution__: ExecutionContext | None = None

    def noRetry(self, *_: object) -> None:
        """Ask not to be called again for this time if it fails."""
        self.__is_final__ = True

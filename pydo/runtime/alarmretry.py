"""When an alarm whose handler failed is tried again, and which failures count.

Source: src/workerd/server/alarm-scheduler.{h,c++}.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

__all__ = ["MOST_RETRIES", "is_counted", "retry_delay_ms"]

MOST_RETRIES = 6  # that count: seven attempts in all
_MOST_BACKOFF = 9
# A new version of the code is no fault of the handler's, nor is a disk that fails or is full.
_UPDATED = "Durable Object reset because its code was updated."
_DISK = re.compile(r": SQLITE_(CANTOPEN|CORRUPT|FULL|IOERR|NOTADB|READONLY)( \(extended: \w+\))?$")


def retry_delay_ms(backoff: int, random: Random) -> int:
    """Give how long to wait for another attempt: 2 s, doubled `backoff` times, and up to 25 %."""
    delay = 2000 << min(backoff, _MOST_BACKOFF)
    return delay + random.randint(0, delay // 4)


def is_counted(error: BaseException) -> bool:
    """Whether a failure is one of the handler's own."""
    message = str(getattr(error, "message", ""))
    return message != _UPDATED and _DISK.search(message) is None

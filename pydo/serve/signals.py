"""Ctrl-C and SIGTERM: the first asks the server to end, the second ends the process.

A thread waits for them, so they are heard even while the main thread is held in C code.  If that
code holds the interpreter too, the kernel ends the process at the second of a kind.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from pydo import platform

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["watch_stop_signals"]

_KILLED_BY_SIGNAL = 128


def watch_stop_signals(on_stop: Callable[[], object]) -> None:
    """Call `on_stop`, in a thread, at the first stop signal; exit at the second.

    To be called in the main thread, before any other thread starts.  What was acknowledged is on
    disk at every moment, so that ending at once loses nothing.
    """
    platform.block_stop_signals()

    def wait() -> None:
        platform.wait_for_stop_signal()
        on_stop()
        os._exit(_KILLED_BY_SIGNAL + platform.wait_for_stop_signal())

    threading.Thread(target=wait, name="pydo-signals", daemon=True).start()

"""When a change takes a new process, and how there gets to be one.

Some packages keep what they were given for as long as their process runs: Django its settings,
its applications, its URLs.  Modules that are imported anew do not change that.  Then pydo executes
itself again, with the sockets it listens on: clients wait some tenths of a second longer, and
WebSockets close.
"""

from __future__ import annotations

import os
import sys
from enum import Enum
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

__all__ = ["ReloadMode", "execute_again", "lasting_package", "syntax_error"]

_LASTING = {"django": "Django"}  # by the module that tells


class ReloadMode(Enum):
    """How a change is taken up."""

    AUTO = "auto"
    MODULES = "modules"
    PROCESS = "process"


def lasting_package(modules: Collection[str]) -> str | None:
    """Give the name of one among `modules` that takes a new process, None without any."""
    return next((name for module, name in _LASTING.items() if module in modules), None)


def syntax_error(changed: Iterable[Path]) -> SyntaxError | None:
    """Give what is wrong with the first file that is no Python: no process is worth that."""
    for path in changed:
        if path.suffix == ".py" and path.is_file():
            try:
                compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
            except SyntaxError as error:
                return error
    return None


def execute_again() -> NoReturn:
    """Become a new process with the same command line."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - our own command line

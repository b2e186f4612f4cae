"""The part of an error that is the user's own.

Frames of pydo, of the import system and of libraries say nothing about what to change; what
stays are the lines of the project, across causes, contexts and groups.
"""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import TYPE_CHECKING

from pydo.errors import UserCodeError
from pydo.runtime.failure import report

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["format_user_error", "summary", "user_traceback"]


def user_traceback(error: BaseException, owns: Callable[[str], bool]) -> TracebackType | None:
    """Return the error's traceback with only the frames whose file `owns` says is the user's.

    The error and its own traceback stay as they are.
    """
    own: list[TracebackType] = []
    step = error.__traceback__
    while step is not None:
        if owns(step.tb_frame.f_code.co_filename):
            own.append(step)
        step = step.tb_next
    trimmed: TracebackType | None = None
    for step in reversed(own):
        trimmed = TracebackType(trimmed, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return trimmed


def format_user_error(error: BaseException, owns: Callable[[str], bool]) -> str:
    """Return the error as Python prints it, with only the user's own frames.

    Causes, contexts, the members of groups and notes are there too, and a SyntaxError has its
    file, line and caret.  Of a UserCodeError it is the error that the user's code raised, of one
    that has come from another object what was raised there, under the frames of its callers.
    """
    cause = error.error if isinstance(error, UserCodeError) else error
    return "".join(report(cause, owns).format())


def summary(error: BaseException, trimmed: TracebackType | None) -> str:
    """Return `file:line: what` in one line, the place being the innermost of the user's own."""
    if isinstance(error, SyntaxError):
        what = f"{type(error).__name__}: {error.msg}"
    else:
        what = traceback.format_exception_only(error)[0].strip()
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{error.filename}:{error.lineno}: {what}"
    if trimmed is None:
        return what
    frame, line = list(traceback.walk_tb(trimmed))[-1]
    return f"{frame.f_code.co_filename}:{line}: {what}"

"""How an error travels from the code that raised it to the one that waits for it.

An error of production's kind (`JsException`) arrives as a copy of itself.  Any other exception
arrives as a `PythonError`: its class is lost, its text is the traceback of the user's own frames,
as Pyodide makes it.  The original stays reachable as `__cause__`, for the terminal.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from pydo.errors import JsException

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Stopped", "exit_error", "travelling"]


class Stopped(BaseException):
    """Raised into code of the user's that ran too long; `error` is what its callers see."""

    def __init__(self, error: JsException) -> None:
        super().__init__(error.message)
        self.error = error


def travelling(
    error: BaseException, owns: Callable[[str], bool], **properties: object
) -> JsException:
    """Give the error that a caller sees; `properties` such as `durableObjectReset` are added."""
    if isinstance(error, Stopped):
        error = error.error
    if isinstance(error, JsException):
        kept = {k: v for k, v in vars(error).items() if k not in {"name", "message", "stack"}}
        copy = JsException(error.name, error.message, **{**kept, **properties})
    else:
        copy = JsException(
            "PythonError", _text(error, owns), type=type(error).__name__, **properties
        )
    copy.__cause__ = origin(error)
    return copy


def origin(error: BaseException) -> BaseException:
    """Give the exception that user code raised, behind the copies that have travelled."""
    while isinstance(error, JsException) and error.__cause__ is not None:
        error = error.__cause__
    return error


def exit_error(error: BaseException) -> Exception:
    """Turn an attempt to end the process into an error of the handler that made it."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return RuntimeError(f"{text} (a Worker cannot end the process)").with_traceback(
        error.__traceback__
    )


def _text(error: BaseException, owns: Callable[[str], bool]) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if owns(f.filename)]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)]
    lines += traceback.format_exception_only(error)
    return "".join(lines).rstrip("\n")

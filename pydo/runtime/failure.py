"""How an error travels from the code that raised it to the one that waits for it.

An error of production's kind (`JsException`) arrives as a copy of itself.  Any other exception
arrives as a `PythonError`: its class is lost, its text is the traceback of the user's own frames,
as Pyodide makes it.  What was raised stays reachable as `__cause__`, hop by hop, so that the
terminal can show one traceback from the first caller's frame to the place of the error.

Sources: src/workerd/jsg/util.c++ (tunneled exceptions), src/workerd/jsg/ser.c++ (native errors).
"""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

__all__ = [
    "Arrived",
    "ErrorForm",
    "Stopped",
    "as_python_error",
    "exit_error",
    "origin",
    "report",
    "travelling",
]

_HEADING = "Traceback (most recent call last):\n"
# What is no library's: pydo's own files, and what has no file, as the import system.
_OF_THE_HOST = (str(Path(__file__).parents[1]) + os.sep, "<")
_OWN = frozenset({"name", "message", "stack"})
_MARKS = frozenset({"durableObjectId", "durableObjectReset", "overloaded", "remote", "retryable"})


class Stopped(BaseException):
    """Raised into code of the user's that ran too long; `error` is what its callers see."""

    def __init__(self, error: JsException) -> None:
        super().__init__(error.message)
        self.error = error


Stopped.__module__ = "builtins"  # in a traceback of the user's: `Stopped`, as of Python's own


class Arrived(JsException):
    """An error that has come from another owner; its `__cause__` is what was raised there."""


# To a Worker it is the class that it can import, and a traceback says so.
Arrived.__module__, Arrived.__name__, Arrived.__qualname__ = "pyodide.ffi", *2 * ("JsException",)


def _all_members(members: dict[str, Any]) -> dict[str, Any]:
    return members


@dataclass(frozen=True, slots=True)
class ErrorForm:
    """In which form the errors of a Worker's code travel.

    `owns` tells the project's files.  `names` are the names that survive the way, None for all:
    an error of another name arrives as an `Error` whose text begins with that name, and without
    members of its own (the form before the compatibility flag `enhanced_error_serialization`).
    `copied` gives the members that the receiver gets of those that an error has.
    """

    owns: Callable[[str], bool]
    names: Collection[str] | None = None
    copied: Callable[[dict[str, Any]], dict[str, Any]] = _all_members


def travelling(error: BaseException, form: ErrorForm, **marks: object) -> Arrived:
    """Give the error that a caller sees; `marks` such as `durableObjectReset` are added."""
    if isinstance(error, Stopped):
        error = error.error
    if isinstance(error, JsException):
        name, message = error.name, error.message
        members = {k: v for k, v in vars(error).items() if k not in _OWN}
    else:
        name, message = "PythonError", report_text(error, form.owns)
        members = {"type": type(error).__name__}
    if form.names is not None:
        if name not in form.names:
            name, message = "Error", f"{name}: {message}"
        members = {k: v for k, v in members.items() if k in _MARKS}
    elif members:
        members = form.copied(members)
    arrived = Arrived(name, message, **{**members, **marks})
    arrived.__cause__ = error
    return arrived


def as_python_error(error: BaseException, owns: Callable[[str], bool]) -> Arrived:
    """Give what JavaScript has of an exception of Python's, within its own isolate."""
    arrived = Arrived("PythonError", report_text(error, owns), type=type(error).__name__)
    arrived.__cause__ = error
    return arrived


def origin(error: BaseException) -> BaseException:
    """Give the exception that user code raised, behind the copies that have travelled."""
    return _hops(error)[-1]


def exit_error(error: BaseException) -> Exception:
    """Turn an attempt to end the process into an error of the handler that made it."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return RuntimeError(f"{text} (a Worker cannot end the process)").with_traceback(
        error.__traceback__
    )


def report_text(error: BaseException, owns: Callable[[str], bool]) -> str:
    """Give an error as Python prints it, with the user's own frames only."""
    found = traceback.TracebackException.from_exception(error, compact=True)
    for each, raised in _related(found, error):
        _trim(each, owns)
        if isinstance(raised, Arrived):  # what was raised elsewhere stays there
            each.__cause__ = None
    text = "".join(found.format())
    # Pyodide's begins so in any case, Python's only above a frame.
    return text if text.startswith(_HEADING) else _HEADING + text


def report(error: BaseException, owns: Callable[[str], bool]) -> traceback.TracebackException:
    """Give an error fit for the terminal: the user's own frames only, its whole way in one piece.

    An error that has travelled is what was raised at its end, under the frames of all who were
    waiting for it, the first caller's first.  Where no frame is the user's, as in a callback of a
    library, the innermost one says at least where that was.
    """
    return _report(error, owns, set())


def _report(
    error: BaseException, owns: Callable[[str], bool], seen: set[int]
) -> traceback.TracebackException:
    is_first = not seen
    hops = _hops(error)
    raised = hops[-1]
    seen.add(id(raised))
    found = traceback.TracebackException.from_exception(raised, compact=True)
    found.stack[:0] = [
        step for hop in hops[:-1] for step in traceback.extract_tb(hop.__traceback__)
    ]
    innermost = found.stack[-1:]
    _trim(found, owns)
    if is_first and not found.stack and not isinstance(raised, SyntaxError):  # which names its own
        library = [frame for frame in innermost if not frame.filename.startswith(_OF_THE_HOST)]
        found.stack = traceback.StackSummary.from_list(library) if library else found.stack
    for name in ("__cause__", "__context__"):
        inner: BaseException | None = getattr(raised, name)
        if getattr(found, name) is not None:
            is_new = inner is not None and id(inner) not in seen
            setattr(found, name, _report(inner, owns, seen) if is_new and inner else None)
    for member, part in zip(
        found.exceptions or (), getattr(raised, "exceptions", ()), strict=False
    ):
        for each, _ in _related(member, part):
            _trim(each, owns)
    return found


def _hops(error: BaseException) -> list[BaseException]:
    hops = [error]
    while (cause := error.__cause__) is not None and _is_carrier(error, cause):
        error = cause
        hops.append(error)
    return hops


def _is_carrier(error: BaseException, cause: BaseException) -> bool:
    # The host surface has errors of its own for what has arrived, as `pyodide.http` has.
    is_ours = isinstance(error, JsException)
    return isinstance(error, Arrived) or (is_ours and isinstance(cause, Arrived))


def _related(
    found: traceback.TracebackException, error: BaseException
) -> Iterator[tuple[traceback.TracebackException, BaseException]]:
    """Give a report with the error that it is of, then all that belongs to it."""
    waiting: list[tuple[Any, Any]] = [(found, error)]
    while waiting:
        each, raised = waiting.pop()
        if each is not None and raised is not None:
            yield each, raised
            waiting += [(each.__cause__, raised.__cause__), (each.__context__, raised.__context__)]
            waiting += zip(each.exceptions or (), getattr(raised, "exceptions", ()), strict=False)


def _trim(found: traceback.TracebackException, owns: Callable[[str], bool]) -> None:
    found.stack[:] = [frame for frame in found.stack if owns(frame.filename)]
    if not found.stack:
        # Python prints no heading for a stack that is not there.
        nothing: Any = None
        found.stack = nothing

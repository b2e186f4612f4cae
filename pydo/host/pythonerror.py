"""What JavaScript makes of an exception of Python's that a coroutine of the user's ends with.

The promise of the coroutine is rejected with a `PythonError`, and that is what whoever awaits the
promise gets.  An exception of a plain function comes back as it was.
Source: pyodide/pyodide src/core/error_handling.c (`wrap_exception`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.scope import running_code
from pydo.runtime.failure import as_python_error
from pydo.runtime.scope import SCOPE

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["as_js_rejects", "called_back", "python_error"]


def python_error(error: Exception) -> Exception:
    """Give the error that JavaScript has of an exception."""
    if isinstance(error, JsException) or SCOPE.get() is None:
        return error
    return as_python_error(error, running_code().errors.owns)


async def as_js_rejects(awaitable: Awaitable[Any]) -> Any:
    """Give what a coroutine gives, and raise what the promise of it is rejected with."""
    try:
        return await awaitable
    except Exception as error:
        raised = python_error(error)
        if raised is error:
            raise
        raise raised from error


async def called_back(result: Awaitable[Any]) -> Any:
    """Give what a callback that waits gives, as JavaScript has it.

    A task that the callback has cancelled itself is an error as any other, not the end of whoever
    waits here.

    Raises:
        JsException: a `PythonError` for that.
        Exception: what else the callback raises.

    """
    try:
        return await result
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling() or SCOPE.get() is None:
            raise
        raise as_python_error(error, running_code().errors.owns) from error

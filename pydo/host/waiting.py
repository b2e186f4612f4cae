"""What waits in plain functions on Cloudflare, and so has to here while a Worker is served.

`time.sleep` and `asyncio.run` wait as `run_sync` does where that is possible.  What would run in
another thread runs in place, at once: so Pyodide's loop has it for `run_in_executor` and
`asyncio.to_thread` (pyodide/pyodide src/py/pyodide/webloop.py), and the SDK for anyio
(`_workers_sdk_package_patches`), by which Starlette and FastAPI call plain handlers.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import importlib
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from pydo.runtime.loop import ObjectLoop
from pydo.runtime.scope import SCOPE
from pydo.runtime.strand import can_wait, pin_while_collecting, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["waiting"]


@contextmanager
def waiting() -> Generator[None]:
    """Let them wait so, from here on to the end."""
    with ExitStack() as stack:
        stack.callback(_replace(time, "sleep", _sleep))
        stack.callback(_replace(asyncio, "run", _run))
        stack.callback(_replace(ObjectLoop, "run_in_executor", _executed))
        stack.callback(_replace(importlib.import_module("anyio.to_thread"), "run_sync", _in_place))
        gc.callbacks.append(pin_while_collecting)
        stack.callback(gc.callbacks.remove, pin_while_collecting)
        yield


def _replace(module: Any, name: str, make: Callable[[Any], Any]) -> Callable[[], None]:
    before = getattr(module, name)
    setattr(module, name, functools.wraps(before)(make(before)))
    return lambda: setattr(module, name, before)


def _sleep(sleep: Callable[[float], None]) -> Any:
    def watched(seconds: float, /) -> None:
        if can_wait():
            wait(asyncio.sleep(seconds))
        else:
            sleep(seconds)

    return watched


def _run(run: Callable[..., Any]) -> Any:
    def watched(main: Any, **options: Any) -> Any:
        loop = asyncio._get_running_loop()  # noqa: SLF001 - what asyncio.run itself asks
        if isinstance(loop, ObjectLoop) and options.get("loop_factory") is None and can_wait():
            return wait(main)
        return run(main, **options)

    return watched


def _executed(run_in_executor: Callable[..., Any]) -> Any:
    def watched(
        loop: ObjectLoop, executor: Any, function: Callable[..., Any], *arguments: Any
    ) -> Any:
        if SCOPE.get() is None:
            return run_in_executor(loop, executor, function, *arguments)
        future = loop.create_future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001 - whoever awaits it gets it
            future.set_exception(error)
        return future

    return watched


def _in_place(run_sync: Callable[..., Any]) -> Any:
    async def watched(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if SCOPE.get() is None:  # a library of pydo's own
            return await run_sync(function, *arguments, **options)
        return function(*arguments)

    return watched

"""Where code of the user's runs: in a handler, or at the top level of a module.

Source: src/workerd/io/io-context.c++ (`IoContext::current`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from pydo.host.js.error import JsError
from pydo.runtime.loop import ObjectLoop
from pydo.runtime.scope import SCOPE

if TYPE_CHECKING:
    from pydo.host.code import HostedCode
    from pydo.host.flags import Flags

__all__ = ["GLOBAL_SCOPE", "running_code", "running_flags", "running_loop"]

GLOBAL_SCOPE: Final = (
    "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), "
    "setting a timeout, and generating random values are not allowed within global scope. To fix "
    "this error, perform this operation within a handler. "
    "https://developers.cloudflare.com/workers/runtime-apis/handlers/"
)


def running_loop() -> asyncio.AbstractEventLoop:
    """Give the event loop to whoever runs on it.

    Raises:
        JsException: nobody does, as at the top level of a module.

    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise JsError(GLOBAL_SCOPE) from None
    # Modules are imported while the loop runs, but in nobody's turn.
    if SCOPE.get() is None and isinstance(loop, ObjectLoop):
        raise JsError(GLOBAL_SCOPE)
    return loop


def running_code() -> HostedCode:
    """Give the code of whoever runs.

    Raises:
        JsException: nobody does, as at the top level of a module.

    """
    scope = SCOPE.get()
    if scope is None:
        raise JsError(GLOBAL_SCOPE)
    code: Any = scope.turns.owner.code
    return code  # type: ignore[no-any-return]  # nobody else's runs


def running_flags() -> Flags:
    """Give the compatibility flags of whoever runs.

    Raises:
        JsException: nobody does, as at the top level of a module.

    """
    return running_code().flags


def refuse_at_top_level() -> None:
    """Let nothing random be made while a module is imported.

    Raises:
        JsException: one is.

    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # nothing is served: a test, a script
        return
    if isinstance(loop, ObjectLoop) and SCOPE.get() is None:
        raise JsError(GLOBAL_SCOPE)

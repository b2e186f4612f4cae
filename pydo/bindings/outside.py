"""Work for a binding that is done outside any object, as a request over the network would be.

It begins when what the caller's turn has written is committed, and its result is an arrival at the
caller: whoever waits lets other events in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydo.errors import JsException
from pydo.host.promise import JsPromise
from pydo.host.scope import running_loop
from pydo.runtime.scope import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["outside", "rejecting"]

_DEAD = "The execution context which hosts this callback is no longer running."
_Method = TypeVar("_Method", bound="Callable[..., Any]")


def outside(work: Callable[[], object]) -> JsPromise:
    """Give a promise of what `work` returns or raises.

    Raises:
        JsException: nobody is there to wait for it, as at the top level of a module.

    """
    loop: Any = running_loop()
    future = loop.create_future()

    def run() -> None:
        if future.done():  # whoever waited is gone
            return
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's
            future.set_exception(error)

    scope = SCOPE.get()
    if scope is None:
        loop.call_soon(run)
    elif scope.turns.is_dead:
        raise JsException("Error", _DEAD)
    elif not scope.turns.is_running:
        raise RuntimeError(f"{scope.turns.name} used a binding from outside its own turns")
    else:
        scope.turns.output.hold(lambda: loop.call_unowned(run))
    return JsPromise.of(future)


def rejecting(method: _Method) -> _Method:
    """Let a method that gives a promise reject it where it would throw."""

    def called(self: Any, *given: Any, **named: Any) -> Any:
        try:
            return method(self, *given, **named)
        except JsException as error:
            return JsPromise.rejected(error)

    called.__name__, called.__doc__ = method.__name__, method.__doc__
    return called  # type: ignore[return-value] # it takes and gives the same

"""Functions that are called from elsewhere: given away over RPC, they stay where they were made.

A call of a stub is an event of the function's owner.  The stubs among the arguments of a call are
disposed of when it is answered, unless they were duplicated.  Source:
src/workerd/api/worker-rpc.c++ (`JsRpcStub`, `JsRpcTarget`).
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn

from pydo.errors import JsException
from pydo.host.js.error import JsError
from pydo.host.js.object import JsObject
from pydo.host.js.value import JsProxy, cross
from pydo.host.promise import JsPromise
from pydo.host.rpc import Message
from pydo.host.scope import GLOBAL_SCOPE
from pydo.runtime.channel import FunctionChannel
from pydo.runtime.events import FunctionCall
from pydo.runtime.scope import EXECUTION, SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.runtime.channel import Channel
    from pydo.runtime.events import Event
    from pydo.runtime.scope import Execution

__all__ = ["JsRpcStub", "answer", "call", "sent"]

_DISPOSED = "RPC stub used after being disposed."


class JsRpcStub(JsProxy, js_name="RpcStub"):
    """A function of another owner's."""

    __slots__ = ("_channel", "_function", "is_disposed")

    def __init__(self, channel: FunctionChannel, function: object) -> None:
        self._channel = channel
        self._function = function
        self.is_disposed = False

    @property
    def typeof(self) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "function"

    def __call__(self, *arguments: object, **named: object) -> JsPromise:
        """Call the function at its owner."""
        if self.is_disposed:
            return JsPromise.rejected(JsException("Error", _DISPOSED))
        return call(
            self._channel, arguments, named, lambda sent: FunctionCall(self._function, sent)
        )

    def dup(self, *_: object) -> JsRpcStub:
        """Give another stub of the same function, to be disposed of by itself."""
        copy = JsRpcStub(self._channel, self._function)
        copy.is_disposed = self.is_disposed
        return copy

    def __dispose__(self) -> None:
        """Let go of the function (`Symbol.dispose`, which Python has no way to)."""
        self.is_disposed = True

    def toString(self, *_: object) -> str:
        """Give JavaScript's text of the stub."""
        return "[object JsRpcStub]"

    def __getattr__(self, name: str) -> JsProxy:
        if name.startswith("__") or name == "then":  # a stub is no promise
            raise AttributeError(name)
        return _NoMember(name)


class _NoMember(JsProxy, js_name="RpcProperty"):
    """A member of a function: there is none, as whoever calls it is told."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *_: object, **__: object) -> JsPromise:
        return JsPromise.rejected(self._error())

    def __await__(self) -> NoReturn:
        raise self._error()

    def _error(self) -> JsException:
        return JsException(
            "TypeError",
            f'The RPC receiver does not implement the method "{self._name}".',
            remote=True,
        )


def call(
    channel: Channel,
    arguments: tuple[object, ...],
    named: dict[str, object],
    event: Callable[[tuple[object, ...]], Event],
) -> JsPromise:
    """Send a call; keyword arguments are one trailing object, as on any JS call."""
    if named:
        arguments = (*arguments, JsObject.new(**named))
    try:
        if not arguments:
            return JsPromise.of(channel.send(event(())))
        message = Message(_export)
        future = channel.send(event(message.arguments(arguments)))
    except JsException as error:  # a call never throws, its promise is rejected
        return JsPromise.rejected(error)
    if message.stubs:
        future.add_done_callback(lambda _: _dispose(message.stubs))
    return JsPromise.of(future)


async def answer(event: FunctionCall) -> object:
    """Call a function for whoever holds a stub of it."""
    function: Any = event.function
    result = function(*event.arguments)
    if inspect.isawaitable(result):
        result = await result
    return sent(cross(result))


def sent(result: Any) -> object:
    """Give what the caller gets of a result.

    A function in it is there for as long as the caller has a stub of it: that is what the execution
    in which it was made goes on for.

    Raises:
        JsException: a `DataCloneError` for a value that cannot go.

    """
    return Message(_give).result(result)


def _dispose(stubs: list[JsProxy]) -> None:
    for stub in stubs:
        if isinstance(stub, JsRpcStub):
            stub.__dispose__()


def _export(function: object) -> JsProxy:
    return _stub(function, EXECUTION.get())


def _give(function: object) -> JsProxy:
    return _stub(function, None)


def _stub(function: object, execution: Execution | None) -> JsProxy:
    if isinstance(function, JsRpcStub):
        if function.is_disposed:
            raise JsException("Error", _DISPOSED)
        return function.dup()
    scope = SCOPE.get()
    if scope is None:
        raise JsError(GLOBAL_SCOPE)
    return JsRpcStub(FunctionChannel(scope.turns.owner.deliveries, execution), function)

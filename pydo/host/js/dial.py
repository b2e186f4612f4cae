"""WebSockets to other servers, until they are open: `new WebSocket(url)`.

The request leaves when what the caller wrote before it is committed, runs outside any object, and
its answer is an arrival at the caller.  Source: src/workerd/api/web-socket.c++.
"""

from __future__ import annotations

import re
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Self, cast

from pydo.errors import JsException
from pydo.host.js.address import parse_address
from pydo.host.js.error import DOMException, JsTypeError
from pydo.host.js.text import js_string
from pydo.host.outgoing import Joined, Outgoing, network_lost
from pydo.host.scope import running_code, running_loop
from pydo.runtime.socket import running_scope

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from pydo.host.outgoing import Answered, DialPort
    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.turn import Turns

__all__ = ["Dialing", "checked_address"]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Dialing:
    """One request for a WebSocket."""

    def __init__(self, turns: Turns, loop: ObjectLoop, port: DialPort, outgoing: Outgoing) -> None:
        self._turns = turns
        self._loop = loop
        self._port = port
        self._outgoing = outgoing
        self._task: asyncio.Task[None] | None = None
        self.future: asyncio.Future[Joined | Answered] = loop.create_future()

    @classmethod
    def begun(cls, url: str, protocols: list[str]) -> Self:
        """Ask for a WebSocket at a `ws:` or `wss:` address."""
        headers = [("Sec-WebSocket-Protocol", ", ".join(protocols))] if protocols else []
        return cls.sent(Outgoing("GET", re.sub("^ws", "http", url), headers))

    @classmethod
    def sent(cls, outgoing: Outgoing) -> Self:
        """Send a request for a WebSocket; it leaves with what the running turn says."""
        scope = running_scope()
        self = cls(scope.turns, cast("Any", running_loop()), running_code().dial_port, outgoing)
        scope.turns.lent.add(self)
        scope.turns.output.hold(self._start)
        return self

    def _start(self) -> None:
        if not self.future.done():
            self._task = self._loop.create_unowned_task(self._run())

    async def _run(self) -> None:
        try:
            answer = await self._port(self._outgoing)
        except JsException as error:
            self._settle(error)
        else:
            if self.future.done() and isinstance(answer, Joined):
                answer.end.cut()
            self._settle(answer)

    def _settle(self, outcome: Joined | Answered | JsException) -> None:
        self._turns.lent.discard(self)
        if self.future.done():
            return
        if isinstance(outcome, JsException):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)

    def when_done(self, callback: Callable[[Joined | JsException], object]) -> None:
        """Call back, in a turn of whoever runs now, with the socket or with what went wrong."""
        self.future.add_done_callback(
            lambda future: callback(_joined(future)), context=copy_context()
        )

    def give_up(self) -> None:
        """Ask no longer."""
        self._settle(network_lost())

    def owner_gone(self) -> None:
        """The owner is dead: nobody waits."""
        self.future.cancel()


def _joined(future: asyncio.Future[Joined | Answered]) -> Joined | JsException:
    if future.cancelled():
        return network_lost()
    error = future.exception()
    if error is not None:
        return error if isinstance(error, JsException) else network_lost()
    answer = future.result()
    if isinstance(answer, Joined):
        return answer
    answer.close()
    return JsTypeError(
        "Failed to establish the WebSocket connection: expected server to reply with HTTP status "
        f"code 101 (switching protocols), but received {answer.status} instead."
    )


def checked_address(url: Any, protocols: Any = None) -> tuple[str, list[str]]:
    """Check what `new WebSocket` is given; gives the address and the sub-protocols to offer.

    Raises:
        JsException: a `SyntaxError`; what is wrong stands in it.

    """
    address = parse_address(js_string(url))
    if address is None:
        raise _wrong("The url is invalid.")
    if address.scheme not in {"ws", "wss"}:
        raise _wrong("The url scheme must be ws or wss.")
    if address.fragment is not None:
        raise _wrong("The url fragment must be empty.")
    return address.href, _names(protocols)


def _names(protocols: Any) -> list[str]:
    if protocols is None:
        return []
    is_one = isinstance(protocols, str) or not hasattr(protocols, "__iter__")
    names = [js_string(each) for each in ([protocols] if is_one else protocols)]
    if len(set(names)) < len(names):
        raise _wrong("The protocols header cannot have repeating values.")
    if not all(_TOKEN.fullmatch(name) for name in names):
        which = "The protocol header token is" if is_one else "One of the protocol header tokens is"
        raise _wrong(f"{which} invalid.")
    return names


def _wrong(text: str) -> DOMException:
    return DOMException(f"WebSocket Constructor: {text}", "SyntaxError")

"""`request.signal` of a request that has come: whoever asked is gone before all was answered.

Only with the compatibility flag `enable_request_signal`.  Sent on with another request, such a
signal stops that one only with `request_signal_passthrough`.  Sources: src/workerd/api/http.c++
(`Request::getThisSignal`), src/workerd/api/global-scope.c++ (`ServiceWorkerGlobalScope::request`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.host.js.abort import AbortSignal
from pydo.host.js.error import DOMException
from pydo.host.js.response import Response
from pydo.host.js.stream import ReadableStream
from pydo.host.js.stream.lending import Loan
from pydo.host.js.value import jsnull
from pydo.host.scope import running_flags

if TYPE_CHECKING:
    from typing import Any, Self

    from pydo.host.js.request import Request

__all__ = ["AskerSignal", "answers", "arrived", "has_left", "sent_signal"]


class AskerSignal(AbortSignal, js_name="AbortSignal"):
    """Aborts in the turns of whoever was asked."""

    __slots__ = ("_loan",)
    _loan: Loan

    @classmethod
    def made(cls) -> Self:
        """Make the signal of a request to whoever runs."""
        self = super().made()
        self._loan = Loan(lambda _: None)
        return self

    def leave(self) -> None:
        """Whoever asked is gone."""
        turns = self._loan.turns
        if not self.aborted and turns is not None and not turns.is_dead:
            error = DOMException("The client has disconnected", "AbortError")
            self._loan.run(self.abort_for, error)


def arrived(request: Any, *, has_signal: bool) -> None:
    """Give a request that a handler is about to get the signal that is its own, or none."""
    request.given_signal = AskerSignal.made() if has_signal else jsnull


def answers(request: Any, response: Any) -> Any:
    """Give a handler's response; whoever gives up its body has left, and `request` is told.

    A body that another one makes, and which is only passed on, is that one's.  Once the answer is
    whole, nobody reads the body of the request any more (src/workerd/api/global-scope.c++).
    """
    if not isinstance(response, Response):
        return response
    body = response.content
    if type(body) is ReadableStream:
        signal = request.given_signal
        if isinstance(signal, AskerSignal) and body.on_given_up is None:
            body.on_given_up = signal.leave
    elif request.content is not None:
        request.spend()
    return response


def has_left(request: Request) -> None:
    """Whoever sent a request is gone, and has no answer."""
    if isinstance(request.given_signal, AskerSignal):
        request.given_signal.leave()


def sent_signal(request: Request) -> AbortSignal | None:
    """Give the signal that stops a request which is sent, None if there is none."""
    signal = request.given_signal
    if signal is jsnull:
        return None
    if isinstance(signal, AskerSignal) and not running_flags().request_signal_passthrough:
        return None
    return signal if isinstance(signal, AbortSignal) else None

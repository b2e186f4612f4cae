"""`ctx`: what an object's class is constructed with.

Source: src/workerd/api/actor-state.{h,c++} (`DurableObjectState`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from pydo.host.execution import done
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string, truthy
from pydo.host.js.value import JsProxy, jsnull, options
from pydo.host.namespace import DurableObjectIdProxy
from pydo.host.promise import JsPromise
from pydo.host.storage import DurableObjectStorage
from pydo.runtime.failure import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.host.flags import Flags
    from pydo.runtime.actor import Actor

__all__ = ["DurableObjectState"]


_NOT_YET = frozenset(
    {
        "acceptWebSocket",
        "container",
        "exports",
        "facets",
        "getHibernatableWebSocketEventTimeout",
        "getTags",
        "getWebSocketAutoResponse",
        "getWebSocketAutoResponseTimestamp",
        "getWebSockets",
        "setHibernatableWebSocketEventTimeout",
        "setWebSocketAutoResponse",
    }
)


class DurableObjectState(JsProxy):
    """The state of one object: its id, its storage, its gates."""

    __slots__ = ("_actor", "id", "props", "storage")

    def __init__(self, actor: Actor, flags: Flags) -> None:
        self._actor = actor
        self.id = DurableObjectIdProxy(actor.id)
        self.storage = DurableObjectStorage(actor, flags)
        self.props = JsObject({})

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"ctx.{name} is not simulated yet by pydo" if name in _NOT_YET else name
        )

    def blockConcurrencyWhile(self, callback: Callable[[], Any]) -> JsPromise:
        """Run `callback` with every other event of the object kept out."""
        return JsPromise.of(self._actor.block_concurrency_while(callback))

    def waitUntil(self, value: object = None) -> None:
        """Keep the object awake until `value` is done."""
        self._actor.wait_until(done(value))

    def abort(self, reason: object = None, selection: object = None, **named: object) -> None:
        """Reset the object: nothing after this runs, what the turn wrote is lost.

        With `retryAlarm=False` an alarm that is running is not tried again.
        """
        retries = options(selection, named).get("retryAlarm")
        self._actor.abort(
            None if reason is None or reason is jsnull else js_string(reason),
            retries_alarm=retries is None or truthy(retries),
        )
        assert self._actor.broken is not None, "it was just reset"
        raise Stopped(self._actor.broken)

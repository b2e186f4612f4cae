"""An object without a host: it writes a key in each turn, which is what the core itself costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.runtime.events import Event, RpcCall
from pydo.runtime.failure import ErrorForm

if TYPE_CHECKING:
    from pydo.runtime.actor import Actor

__all__ = ["Code", "Writer"]


class Writer:
    """Writes what it is told."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    async def handle(self, event: Event) -> object:
        if isinstance(event, RpcCall):
            value = event.arguments[0]
            assert isinstance(value, bytes)
            self.actor.kv.put("key", value)
        return None


class Code:
    """The one class."""

    generation = 1
    handler: Any = None
    classes: dict[str, Any] = {"Writer": Writer}  # noqa: RUF012 - never written to
    errors = ErrorForm(bool)
    tasks: tuple[()] = ()

    def owns(self, filename: str, /) -> bool:
        return not filename

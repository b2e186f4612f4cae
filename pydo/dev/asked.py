"""What a running server does when another command asks it to (`pydo.control`)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException, StateError
from pydo.runtime.ids import DurableObjectId

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from pydo.runtime.container import ActorContainer
    from pydo.runtime.runtime import Runtime

__all__ = ["commands"]

Request = dict[str, Any]


def commands(runtimes: Sequence[Runtime]) -> dict[str, Callable[[Request], object]]:
    """Give what can be asked of the objects that run here.

    Each request names an object: the unique key of its class, its id, and its name if it has one.

    archive    its history is brought up to date
    restore    it returns to a `bookmark`; the answer is the bookmark that undoes it
    """

    def container_of(request: Request) -> ActorContainer:
        for runtime in runtimes:
            namespace = runtime.namespaces.get(str(request["class"]))
            if namespace is not None:
                return namespace.container(DurableObjectId(request["id"], request["name"]))
        raise StateError("the running server has no such class: stop it, and try again")

    def archive(request: Request) -> None:
        with _refusing():
            container_of(request).past.archive()

    def restore(request: Request) -> str:
        with _refusing():
            return container_of(request).past.restore(str(request["bookmark"]))

    return {"archive": archive, "restore": restore}


@contextmanager
def _refusing() -> Generator[None]:
    try:
        yield
    except JsException as error:
        reason = "" if error.__cause__ is None else f" ({error.__cause__})"
        raise StateError(f"{error.message}{reason}") from error

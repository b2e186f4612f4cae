"""`ctx.facets`: objects within an object.

Source: src/workerd/api/actor-state.{h,c++} (`DurableObjectFacets`).
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn

from pydo.errors import JsException
from pydo.host.js.error import DOMException, JsTypeError
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.text import js_string
from pydo.host.js.value import jsnull, options
from pydo.host.loopback import class_of
from pydo.host.namespace import DurableObjectIdProxy
from pydo.host.portability.bridge import borrowed
from pydo.host.stub import Fetcher
from pydo.runtime.facet import Startup

if TYPE_CHECKING:
    from pydo.runtime.actor import Actor

__all__ = ["DurableObjectFacets"]

_NO_CLASS = (
    "Incorrect type for the 'class' field on 'StartupOptions': the provided value is not of type"
    " 'DurableObjectClass or LoopbackDurableObjectNamespace or LoopbackColoLocalActorNamespace'."
)
# The name of a C++ class, mangled, stands in workerd's own words.
_NO_OPTIONS = (
    "Cannot initialize N7workerd3api19DurableObjectFacets14StartupOptionsE with required members"
    " from an undefined or null value."
)


class DurableObjectFacets(RuntimeObject):
    """The facets of one object."""

    __slots__ = ("_actor",)

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def get(self, *given: Any) -> FacetStub:
        """Give a stub of a facet; the callback says what it is, when it has to be started.

        Raises:
            JsException: the name is too long, or there are too many parents.

        """
        name = _name("get", given)
        callback = given[1] if len(given) > 1 else None
        if not callable(callback):
            _refuse("get", 2, "function")
        borrowed(callback, "facets.get")

        async def start() -> Startup:
            result = callback()
            return _startup(await result if inspect.isawaitable(result) else result)

        return FacetStub(self._actor.facets.get(name, start))

    def abort(self, *given: Any) -> None:
        """Reset a facet: whoever waits for it, or uses a stub of it, gets the reason."""
        name = _name("abort", given)
        if len(given) < 2:  # noqa: PLR2004 - the name and the reason
            _refuse("abort", 2, "JsValue")
        self._actor.facets.abort(name, _error(given[1]))

    def delete(self, *given: Any) -> None:
        """Reset a facet, and delete what it and its own facets store."""
        self._actor.facets.delete(_name("delete", given))

    def clone(self, *given: Any) -> None:
        """Let a facet store what another stores, with that one's facets."""
        source = _name("clone", given)
        if len(given) < 2:  # noqa: PLR2004 - both names
            _refuse("clone", 2, "string")
        self._actor.facets.clone(source, js_string(given[1]))


class FacetStub(Fetcher, js_name="Fetcher"):
    """A stub of a facet, which nobody but its parent may have."""

    __slots__ = ()

    def __transfer__(self) -> NoReturn:
        """Refuse to be sent.

        Raises:
            JsException: a `DataCloneError`, always.

        """
        raise DOMException(
            "Stubs pointing to Durable Object facets are not serializable.", "DataCloneError"
        )


def _startup(value: Any) -> Startup:
    if value is None or value is jsnull:
        raise JsTypeError(_NO_OPTIONS)
    found = options(value, {})
    cls, given = class_of(found.get("class")), found.get("id")
    if cls is None:
        raise JsTypeError(_NO_CLASS)
    if isinstance(given, DurableObjectIdProxy):
        return Startup(cls.class_name, cls.props, given.id)
    return Startup(cls.class_name, cls.props, None if given is None else js_string(given))


def _name(method: str, given: tuple[Any, ...]) -> str:
    if not given:
        _refuse(method, 1, "string")
    return js_string(given[0])


def _error(reason: Any) -> JsException:
    if isinstance(reason, JsException):
        return reason
    if isinstance(reason, Exception):
        return JsException("PythonError", str(reason), type=type(reason).__name__)
    return JsException("Error", js_string(reason))


def _refuse(method: str, position: int, wanted: str) -> NoReturn:
    raise JsTypeError(
        f"Failed to execute '{method}' on 'DurableObjectFacets': parameter {position} is not of"
        f" type '{wanted}'."
    )

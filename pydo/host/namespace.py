"""A Durable Object binding, its ids and its stubs.

Sources: src/workerd/api/actor.{h,c++}, src/workerd/server/actor-id-impl.c++.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.js.illegal import RuntimeObject
from pydo.host.js.text import js_string
from pydo.host.js.value import jsnull, options
from pydo.host.stub import DurableObject

if TYPE_CHECKING:
    from pydo.host.absent import AbsentNamespace
    from pydo.runtime.ids import DurableObjectId
    from pydo.runtime.namespace import ActorNamespace

__all__ = ["DurableObjectIdProxy", "DurableObjectNamespace"]

_NO_JURISDICTION = "Jurisdiction restrictions are not implemented in workerd."


class DurableObjectIdProxy(RuntimeObject, js_name="DurableObjectId"):
    """An id, as user code holds it."""

    __slots__ = ("id",)

    def __init__(self, object_id: DurableObjectId) -> None:
        self.id = object_id

    @property
    def name(self) -> str | None:
        """The name it was made of; undefined for an id made otherwise."""
        return self.id.name

    @property
    def jurisdiction(self) -> None:
        """Undefined: there are none here."""

    def equals(self, other: object = None) -> bool:
        """Whether both name the same object."""
        if not isinstance(other, DurableObjectIdProxy):
            raise _not_an_id("equals", "DurableObjectId")
        return self.id == other.id

    def toString(self, *_: object) -> str:
        """Give the 64 hex digits."""
        return self.id.hex

    __str__ = toString
    __repr__ = toString


class DurableObjectNamespace(RuntimeObject):
    """A binding to all objects of one class."""

    __slots__ = ("_namespace",)

    def __init__(self, namespace: ActorNamespace | AbsentNamespace) -> None:
        self._namespace = namespace

    @property
    def __namespace__(self) -> ActorNamespace | AbsentNamespace:
        """What it stands for."""
        return self._namespace

    def idFromName(self, name: Any = None) -> DurableObjectIdProxy:
        """Give the id that a name always has."""
        return DurableObjectIdProxy(self._namespace.ids.from_name(js_string(name)))

    def idFromString(self, text: Any = None) -> DurableObjectIdProxy:
        """Read an id from its hex digits.

        Raises:
            JsException: a `TypeError` when it is no id, or one of another class.

        """
        return DurableObjectIdProxy(self._namespace.ids.from_string(js_string(text)))

    def newUniqueId(self, given: object = None, **named: object) -> DurableObjectIdProxy:
        """Make an id that no other object has."""
        _refuse_jurisdiction(options(given, named).get("jurisdiction"))
        return DurableObjectIdProxy(self._namespace.ids.unique())

    def get(self, object_id: Any = None, given: object = None, **named: object) -> DurableObject:
        """Give a stub of an object; nothing runs until it is used."""
        if not isinstance(object_id, DurableObjectIdProxy):
            raise _not_an_id("get", "DurableObjectNamespace")
        if given is not None or named:
            mode = options(given, named).get("routingMode")
            if mode not in (None, "primary-only"):
                raise JsException("RangeError", f"unknown routingMode: {js_string(mode)}")
        return DurableObject(self._namespace.channel(object_id.id), object_id)

    def getByName(self, name: Any = None, given: object = None, **named: object) -> DurableObject:
        """Give a stub of the object that has this name."""
        return self.get(self.idFromName(name), given, **named)

    def jurisdiction(self, jurisdiction: object = None) -> DurableObjectNamespace:
        """Give this namespace again; there are no jurisdictions here."""
        _refuse_jurisdiction(jurisdiction)
        return DurableObjectNamespace(self._namespace)


def _refuse_jurisdiction(jurisdiction: object) -> None:
    if jurisdiction is not None and jurisdiction is not jsnull:
        raise JsException("Error", _NO_JURISDICTION)


def _not_an_id(method: str, interface: str) -> JsException:
    return JsException(
        "TypeError",
        f"Failed to execute '{method}' on '{interface}': parameter 1 is not of type"
        " 'DurableObjectId'.",
    )

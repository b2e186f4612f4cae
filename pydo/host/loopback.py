"""`ctx.exports`: what a Worker exports, as its own code reaches it.

An entrypoint is a stub of itself, and called with `props` a stub whose `ctx.props` those are.  A
class with objects of its own, bound or declared by a migration, is their namespace; any class can
be what a facet is of, called with `props` or as it is.  Sources:
src/workerd/api/export-loopback.{h,c++}, src/workerd/api/actor.h (`DurableObjectClass`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.host.capability import sent
from pydo.host.js.error import JsTypeError
from pydo.host.js.object import JsObject
from pydo.host.js.value import JsProxy, jsnull, options
from pydo.host.namespace import DurableObjectNamespace
from pydo.host.stub import Fetcher
from pydo.runtime.channel import EntrypointChannel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydo.runtime.namespace import ActorNamespace
    from pydo.runtime.worker import Worker

__all__ = ["DurableObjectClass", "Loopback", "class_of"]


class Loopback:
    """What one version of the code exports: `classes` with the namespaces of those that have one.

    `entrypoints` are the names of the others, None among them if there is a default one.
    """

    def __init__(
        self, entrypoints: Iterable[str | None], classes: Mapping[str, ActorNamespace | None]
    ) -> None:
        self._entrypoints = sorted(entrypoints, key=lambda name: name or "")
        self._classes = classes
        self._made: JsObject | None = None

    def exports(self, worker: Worker) -> JsObject:
        """Give `ctx.exports`: the same object each time."""
        if self._made is None:
            members: dict[str, object] = {
                name or "default": LoopbackServiceStub(worker, name) for name in self._entrypoints
            }
            members |= {
                name: _of_class(name, self._classes[name]) for name in sorted(self._classes)
            }
            self._made = JsObject(members)
        return self._made


def _of_class(name: str, namespace: ActorNamespace | None) -> JsProxy:
    if namespace is None:
        return LoopbackDurableObjectClass(name)
    return LoopbackDurableObjectNamespace(namespace)


class DurableObjectClass(JsProxy):
    """A class of objects, and what `ctx.props` is in those that it is used for."""

    __slots__ = ("class_name", "props")

    def __init__(self, class_name: str, props: object = None) -> None:
        self.class_name = class_name
        self.props = props


class LoopbackServiceStub(Fetcher):
    """An entrypoint, to be used as a stub or called for one with `props`."""

    __slots__ = ("_entrypoint", "_worker")

    def __init__(self, worker: Worker, entrypoint: str | None) -> None:
        super().__init__(EntrypointChannel(lambda: worker, entrypoint, JsObject({})))
        self._worker = worker
        self._entrypoint = entrypoint

    @property
    def typeof(self) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "function"

    def __call__(self, *given: object, **named: object) -> Fetcher:
        """Give a stub of the entrypoint with these `props`."""
        props = _props("LoopbackServiceStub", given, named)
        return Fetcher(EntrypointChannel(lambda: self._worker, self._entrypoint, props))


class LoopbackDurableObjectClass(DurableObjectClass):
    """A class without objects of its own; facets can be of it."""

    __slots__ = ()

    @property
    def typeof(self) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "function"

    def __call__(self, *given: object, **named: object) -> DurableObjectClass:
        """Give the class with these `props`."""
        return DurableObjectClass(
            self.class_name, _props("LoopbackDurableObjectClass", given, named)
        )


class LoopbackDurableObjectNamespace(DurableObjectNamespace):
    """The namespace of a class, which facets can be of as well."""

    __slots__ = ()

    @property
    def typeof(self) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "function"

    def __call__(self, *given: object, **named: object) -> DurableObjectClass:
        """Give the class with these `props`."""
        props = _props("LoopbackDurableObjectNamespace", given, named)
        return DurableObjectClass(self.__namespace__.class_name, props)


def class_of(value: object) -> DurableObjectClass | None:
    """Give the class that a facet is to be of; None if `value` is none."""
    if isinstance(value, LoopbackDurableObjectNamespace):
        return DurableObjectClass(value.__namespace__.class_name)
    return value if isinstance(value, DurableObjectClass) else None


def _props(interface: str, given: tuple[object, ...], named: dict[str, object]) -> object:
    if not (given or named):
        raise JsTypeError(
            f"Failed to execute '(called as function)' on '{interface}': parameter 1 is not of"
            " type 'Options'."
        )
    props = options(given[0] if given else None, named).get("props")
    return JsObject({}) if props is None or props is jsnull else sent(props)

"""The Workers that one Worker is bound to, itself among them.

Who they are is looked up when something is asked of them: each may change while the others stay.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pydo.bindings.assets.channel import FrontedChannel
from pydo.host.absent import AbsentChannel, AbsentNamespace, no_class, no_worker
from pydo.host.env import make_env
from pydo.host.stub import Fetcher
from pydo.runtime.channel import EntrypointChannel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydo.config import DurableObjectBinding, ServiceBinding
    from pydo.dev.served import Served
    from pydo.runtime.loop import ObjectLoop
    from pydo.runtime.namespace import ActorNamespace

__all__ = ["Neighbours"]


class Neighbours:
    """What `served` finds at the ends of its bindings; `everyone` is served together with it."""

    def __init__(self, served: Served, everyone: Sequence[Served], loop: ObjectLoop) -> None:
        self._served = served
        self._everyone = everyone
        self._loop = loop

    def missing(self) -> Iterator[str]:
        """Say which bindings lead to entrypoints and classes of others that are not there."""
        config = self._served.config
        for bound in config.durable_objects:
            worker = bound.script_name or config.name
            other = self._named(worker)
            if other is not None and not other.declares(bound.class_name):
                told = no_class(worker, bound.class_name)
                yield f'Worker "{config.name}"\'s binding "{bound.name}" leads nowhere. {told}'
        for service in config.services:
            target = self._named(service.service)
            if target is not None and target.lacks(service.entrypoint):
                yield (
                    f'Worker "{config.name}"\'s binding "{service.binding}" refers to service'
                    f' "{service.service}" with a named entrypoint "{service.entrypoint}", but'
                    f' "{service.service}" has no such named entrypoint.'
                )

    def services(self) -> dict[str, object]:
        """Give what the service bindings are in `env`."""
        return {each.binding: self._service(each) for each in self._served.config.services}

    def namespaces(self) -> dict[str, ActorNamespace | AbsentNamespace]:
        """Give the objects behind each binding of a class."""
        return {each.name: self._objects(each) for each in self._served.config.durable_objects}

    def _named(self, name: str) -> Served | None:
        return next((each for each in self._everyone if each.config.name == name), None)

    def _service(self, service: ServiceBinding) -> Fetcher:
        target = self._named(service.service)
        if target is None:
            return Fetcher(AbsentChannel(self._loop, no_worker(service.service)))
        props = make_env(service.props, {})
        current = partial(getattr, target.runtime, "worker")
        channel = EntrypointChannel(current, service.entrypoint, props)
        if service.entrypoint is not None:
            return Fetcher(channel)
        return Fetcher(FrontedChannel(channel, lambda: target.site))

    def _objects(self, bound: DurableObjectBinding) -> ActorNamespace | AbsentNamespace:
        worker = bound.script_name or self._served.config.name
        target = self._named(worker)
        found = None if target is None else target.namespace_of(bound.class_name)
        if found is not None:
            return found
        name = bound.class_name
        text = no_worker(worker) if target is None else no_class(worker, name)
        return AbsentNamespace(self._loop, worker, name, text)

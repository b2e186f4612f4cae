"""What an entry module exports: a default handler, others by name, and classes of objects.

Source: src/pyodide/internal/introspection.py.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pydo.host.entrypoint import (
    ClassEntrypoint,
    Entrypoint,
    Entrypoints,
    FunctionEntrypoint,
    NoEntrypoint,
)
from pydo.host.instance import object_factory
from pydo.host.loopback import Loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from pydo.host.flags import Flags
    from pydo.host.js.value import JsProxy
    from pydo.runtime.actor import Actor
    from pydo.runtime.events import Handler
    from pydo.runtime.namespace import ActorNamespace

__all__ = ["Exports", "exports"]


class Exports:
    """What an entry module exports: one default handler, others by name, and classes of objects."""

    def __init__(
        self,
        handler: Handler,
        entrypoints: Mapping[str, Handler],
        classes: Mapping[str, Callable[[Actor], Handler]],
        warning: str | None,
    ) -> None:
        self.handler = handler
        self.entrypoints = entrypoints
        self.classes = classes
        self.warning = warning


def exports(
    module: ModuleType,
    env: JsProxy,
    flags: Flags,
    namespace_of: Callable[[str], ActorNamespace | None],
) -> Exports:
    """Find what `module` exports; `namespace_of` gives the objects of a class, if it has some.

    Raises:
        TypeError: it has several default handlers.

    """
    sdk = importlib.import_module("workers")
    visible = _visible(module)
    objects = _subclasses(visible, sdk.DurableObject)
    wrap = type(sdk.env)  # the class has had several names in several modules
    wrapped_env = wrap(env)
    entrypoints: dict[str, Entrypoint] = {
        cls.__name__: ClassEntrypoint(sdk, cls, env, wrapped_env)
        for cls in _subclasses(visible, sdk.WorkerEntrypoint)
    }
    handler: Any = entrypoints.pop("Default", None)
    on_fetch, plain = visible.get("on_fetch"), visible.get("default")
    has_plain = plain is not None and callable(getattr(plain, "fetch", None))
    if (handler is not None) + callable(on_fetch) + has_plain > 1:
        raise TypeError("Cannot define multiple default entrypoints")
    on_scheduled: Any = visible.get("on_scheduled")
    if callable(on_fetch):
        handler = FunctionEntrypoint(
            on_fetch, "on_fetch", lambda request: request, env, on_scheduled
        )
    elif has_plain:
        fetch = getattr(plain, "fetch")  # noqa: B009 - it is whatever the user has put there
        scheduled = getattr(plain, "scheduled", None)
        handler = FunctionEntrypoint(fetch, "default.fetch", sdk.Request, wrapped_env, scheduled)
    defaults = [] if handler is None else [None]
    handler = handler or NoEntrypoint(on_scheduled, env)
    loopback = Loopback(
        [*defaults, *entrypoints], {cls.__name__: namespace_of(cls.__name__) for cls in objects}
    )
    for each in (handler, *entrypoints.values()):
        each.loopback = loopback if flags.enable_ctx_exports else None
        each.gives_signals = flags.enable_request_signal
    classes = {cls.__name__: object_factory(sdk, cls, env, flags, loopback) for cls in objects}
    warning = handler.warning if flags.python_no_global_handlers else None
    return Exports(Entrypoints(handler, entrypoints), entrypoints, classes, warning)


def _visible(module: ModuleType) -> dict[str, Any]:
    names = getattr(module, "__all__", None)
    if names is None:
        names = [name for name in vars(module) if not name.startswith("_")]
    return {name: getattr(module, name) for name in names if hasattr(module, name)}


def _subclasses(visible: Mapping[str, Any], base: type) -> list[type[Any]]:
    found = {
        id(value): value
        for value in visible.values()
        if isinstance(value, type) and issubclass(value, base) and value is not base
    }
    return list(found.values())

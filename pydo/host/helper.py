"""`_pyodide_entrypoint_helper`: what the SDK asks of the runtime beneath it.

Source: src/pyodide/python-entrypoint-helper.ts.
"""

from __future__ import annotations

import inspect
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from pydo.host.js.collection import JsMap
from pydo.host.js.error import JsError, not_simulated
from pydo.host.js.members import members_of
from pydo.host.js.object import JsObject
from pydo.host.js.value import JsProxy
from pydo.host.promise import JsPromise
from pydo.host.scope import running_code
from pydo.runtime.scope import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from pydo.host.importer import Host
    from pydo.host.js.value import Conversion

__all__ = ["names"]


# What `patch_env` and `withEnv` put in the place of `env`, for whoever runs within them.
_PATCHED: ContextVar[JsProxy | None] = ContextVar("pydo-env", default=None)


class CurrentEnv(JsProxy, js_name="Object"):
    """What is bound for whoever reads it: an `env` that was imported follows its reader.

    Source: src/cloudflare/workers.ts, where it is a `Proxy`.
    """

    __slots__ = ("_current",)

    def __init__(self, current: Callable[[], JsProxy]) -> None:
        object.__setattr__(self, "_current", current)

    @property
    def __members__(self) -> dict[str, Any]:
        return self._current().__members__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._current(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._current(), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._current(), name)

    def __dir__(self) -> Iterable[str]:
        return dir(self._current())

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        return self._current().__to_py__(conversion, depth)


class CloudflareWorkers(JsProxy, js_name="Module"):
    """The module `cloudflare:workers`."""

    __slots__ = ("_host", "env")

    env: CurrentEnv
    """The bindings of the code that runs, or that is loaded; or what stands in their place."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.env = CurrentEnv(self._bound)

    def _bound(self) -> JsProxy:
        return _PATCHED.get() or (self._host.env if SCOPE.get() is None else running_code().env)

    def waitUntil(self, value: object = None) -> None:
        """Keep whoever runs awake until `value` is done."""
        self._host.wait_until(value)

    def withEnv(self, env: JsProxy, function: Callable[[], Any], *_: object) -> object:
        """Call a function for which, and for whatever it starts, `env` is another."""
        context = copy_context()
        context.run(_PATCHED.set, env)
        result = context.run(function)
        return context.run(JsPromise.of, result) if inspect.isawaitable(result) else result


class CloudflareSockets(JsProxy, js_name="Module"):
    """The module `cloudflare:sockets`."""

    __slots__ = ()

    def connect(self, *_: object, **__: object) -> None:
        """Refuse: outgoing sockets are not there yet."""
        raise not_simulated("cloudflare:sockets")


def names(host: Host) -> dict[str, Any]:
    """Give what the module holds."""
    modules: dict[str, JsProxy] = {
        "cloudflare:workers": CloudflareWorkers(host),
        "cloudflare:sockets": CloudflareSockets(),
    }

    workers: Any = modules["cloudflare:workers"]

    def do_an_import(name: str) -> JsPromise:
        if name in modules:
            return JsPromise.resolved(modules[name])
        error = JsError(f'No such module "{name}".')
        if SCOPE.get() is None:
            return JsPromise.rejected(error)
        # Within a handler the SDK waits for the promise, as nothing here can: the outcome, which
        # is known, is what it would be told.
        raise error

    def patch_env_helper(patch: Any) -> Generator[None]:
        before = _PATCHED.get()
        members = patch.__data__ if isinstance(patch, JsMap) else members_of(patch)
        _PATCHED.set(JsObject({**members_of(workers.env), **members}))
        try:
            yield
        finally:
            # Not by a token: the block may end in another context than it began in.
            _PATCHED.set(before)

    return {
        "cloudflareSocketsModule": modules["cloudflare:sockets"],
        "cloudflareWorkersModule": modules["cloudflare:workers"],
        "doAnImport": do_an_import,
        "patchWaitUntil": lambda _context: None,  # our contexts keep what they are given
        "patch_env_helper": patch_env_helper,
    }

"""`_pyodide_entrypoint_helper`: what the SDK asks of the runtime beneath it.

Source: src/pyodide/python-entrypoint-helper.ts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.error import JsError, not_simulated
from pydo.host.js.object import JsObject
from pydo.host.js.value import JsProxy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator

    from pydo.host.importer import Host

__all__ = ["names"]


class CloudflareWorkers(JsProxy, js_name="Module"):
    """The module `cloudflare:workers`."""

    __slots__ = ("_host",)

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def env(self) -> JsObject:
        """The bindings of the generation that is current."""
        return self._host.env

    def waitUntil(self, awaitable: Awaitable[object]) -> None:
        """Keep whoever runs awake until `awaitable` is done."""
        self._host.wait_until(awaitable)


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

    async def do_an_import(name: str) -> JsProxy:
        if name not in modules:
            raise JsError(f'No such module "{name}".')
        return modules[name]

    def patch_env_helper(patch: Any) -> Generator[None]:
        before = host.env
        members = patch.__members__ if isinstance(patch, JsProxy) else dict(patch)
        host.env = JsObject({**before.__members__, **members})
        try:
            yield
        finally:
            host.env = before

    return {
        "cloudflareSocketsModule": modules["cloudflare:sockets"],
        "cloudflareWorkersModule": modules["cloudflare:workers"],
        "doAnImport": do_an_import,
        "patchWaitUntil": lambda _context: None,  # our contexts keep what they are given
        "patch_env_helper": patch_env_helper,
    }

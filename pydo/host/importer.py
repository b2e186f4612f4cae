"""Puts the modules that a Worker imports in place: `js`, `pyodide`, and what the SDK stands on.

They go into `sys.modules` when a Worker is served and stand before anything installed, so a real
`pyodide-py` neither breaks them nor wins; `uninstall` puts back what stood there.
"""

from __future__ import annotations

import dis
import json
import sys
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from pydo.host import evaluation, ffi, helper, http, webloop, wrappers
from pydo.host.globals import worker_globals
from pydo.host.js.fetch import fetch_through
from pydo.host.js.realm import Realm, stand, standing
from pydo.host.js.value import jsnull
from pydo.host.jsmodule import JsModules, pyodide_js
from pydo.host.outgoing import internal_error
from pydo.host.scope import running_code, running_flags
from pydo.runtime.scope import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pydo.host.flags import Flags
    from pydo.host.js.object import JsObject
    from pydo.host.outgoing import Answered, DialPort, FetchPort, Outgoing

__all__ = ["Host", "install", "new_realm", "uninstall"]

_OF_MODULES = tuple(vars(ModuleType("")))  # the names that every module has
_VERSION, _NEW_VERSION = "0.28.2", "314.0.4"


class Host:
    """What the modules find beneath them; `update` gives them another generation's."""

    def __init__(
        self,
        env: JsObject,
        wait_until: Callable[[object], None],
        flags: Flags,
        fetch_port: FetchPort | None = None,
        dial_port: DialPort | None = None,
    ) -> None:
        self.env = env
        self.wait_until = wait_until
        self.flags = flags
        self.fetch_port: FetchPort = fetch_port or _no_way_out
        self.dial_port: DialPort = dial_port or _no_way_out
        self.make_realm: Callable[[], Realm] = standing  # before the modules are in place

    def update(self, env: JsObject, flags: Flags, fetch_port: FetchPort | None = None) -> None:
        """Let the modules stand for another generation, perhaps another Worker's."""
        self.env = env
        self.flags = flags
        self.fetch_port = fetch_port or self.fetch_port


class _HostModule(ModuleType):
    """A module of pydo's own that says so when it is asked for what it does not have."""

    def __init__(self, name: str, names: dict[str, Any]) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> NoReturn:
        message = f"{self.__name__}.{name} is not there: pydo does not simulate it"
        if not name.startswith("__") and _is_imported_by(sys._getframe(1)):  # noqa: SLF001 - see there
            raise ImportError(message, name=self.__name__)
        raise AttributeError(message, name=name, obj=self)


class _FlagsModule(ModuleType):
    """`_cloudflare_compat_flags`: each flag an attribute."""

    def __init__(self, host: Host) -> None:
        super().__init__("_cloudflare_compat_flags")
        self.__spec__ = ModuleSpec("_cloudflare_compat_flags", None)
        self.__dict__["_host"] = host

    def __getattr__(self, name: str) -> bool:
        loaded: Flags = self.__dict__["_host"].flags
        is_on: bool = getattr(loaded if SCOPE.get() is None else running_flags(), name)
        return is_on


def install(host: Host) -> None:
    """Put the modules in place."""
    uninstall()
    json.JSONEncoder.default = _json_default  # type: ignore[method-assign, assignment] # as Pyodide does
    for module in _modules(host):
        _replaced[module.__name__] = sys.modules.get(module.__name__)
        sys.modules[module.__name__] = module
    sys.meta_path.append(_js_modules)
    stand(host.make_realm())


def uninstall() -> None:
    """Take the modules away, and put back what stood in their places."""
    stand(_nowhere)
    json.JSONEncoder.default = _plain_default  # type: ignore[method-assign] # as it was
    for name, module in _replaced.items():
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module
    _replaced.clear()
    if _js_modules in sys.meta_path:
        sys.meta_path.remove(_js_modules)


@contextmanager
def new_realm(host: Host) -> Generator[None]:
    """Let JavaScript be new to what a block loads; what stood before comes back if it raises."""
    before = standing()
    stand(host.make_realm())
    try:
        yield
    except BaseException:
        stand(before)
        raise


_nowhere = standing()
_plain_default = json.JSONEncoder.default


def _json_default(encoder: json.JSONEncoder, value: Any) -> Any:
    return None if value is jsnull else _plain_default(encoder, value)


_js_modules = JsModules()  # as there is one sys.meta_path
_replaced: dict[str, ModuleType | None] = {}  # what stood in sys.modules, which there is one of


def _modules(host: Host) -> list[ModuleType]:
    fetch = fetch_through(
        lambda: host.fetch_port if SCOPE.get() is None else running_code().fetch_port
    )
    is_new = host.flags.python_workers_20260610
    version = _NEW_VERSION if is_new else _VERSION
    pyodide = _HostModule("pyodide", {"__version__": version, "__path__": []})
    parts = [
        _HostModule("pyodide.ffi", ffi.names(dicts_become_objects=is_new)),
        _HostModule("pyodide.http", http.names(fetch)),
        _HostModule("pyodide.code", evaluation.NAMES),
        _HostModule("pyodide.webloop", dict(webloop.NAMES)),
    ]
    js = _HostModule("js", {})
    host.make_realm = lambda: _realm(js, worker_globals(fetch, tells_big_ints=is_new))
    vars(parts[0]).update(
        register_js_module=_js_modules.register, unregister_js_module=_js_modules.unregister
    )
    for part in parts:
        setattr(pyodide, part.__name__.rpartition(".")[2], part)
    wrapping = _HostModule("pyodide.ffi.wrappers", wrappers.names())
    vars(parts[0]).update(__path__=[], wrappers=wrapping)
    return [
        js,
        pyodide,
        *parts,
        wrapping,
        _HostModule("pyodide_js", pyodide_js(_js_modules, version, parts[0])),
        _HostModule("_pyodide_entrypoint_helper", helper.names(host)),
        _FlagsModule(host),
    ]


def _realm(js: ModuleType, names: dict[str, Any]) -> Realm:
    names["globalThis"].stand_for(vars(js))
    return Realm(vars(js), {each: vars(js)[each] for each in _OF_MODULES} | names)


async def _no_way_out(_: Outgoing, /) -> Answered:
    raise internal_error()  # as for a server that is nowhere


def _is_imported_by(frame: Any) -> bool:
    """Whether a frame is in `from module import name`, whose own error would hide ours."""
    code = frame.f_code.co_code
    return bool(frame.f_lasti >= 0 and dis.opname[code[frame.f_lasti]] == "IMPORT_FROM")

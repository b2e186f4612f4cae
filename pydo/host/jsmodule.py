"""`pyodide_js`, and objects of JavaScript's that are imported as modules.

Of Pyodide's own interface it has what a Worker can use: modules, code in Python, conversions.
Source: pyodide/pyodide src/py/_pyodide/_importhook.py, src/js/api.ts.
"""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydo.host.evaluation import eval_code, eval_code_async
from pydo.host.js.object import JsObject
from pydo.host.js.realm import standing
from pydo.host.js.value import JsProxy
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["JsModules", "pyodide_js"]


class JsModules:
    """The objects that are modules by name, in the realm that stands: a finder of `sys.meta_path`.

    What was imported stays so, whatever is registered by its name later, or no more.
    """

    def register(self, name: str, jsproxy: Any) -> None:
        """Let an object of JavaScript's be imported by a name.

        Raises:
            TypeError: the name is no string, or the object none of JavaScript's.

        """
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] # the user's
            raise TypeError(f"Argument 'name' must be a str, not {type(name).__name__!r}")
        if not isinstance(jsproxy, JsProxy):
            raise TypeError(f"Argument 'jsproxy' must be a JsProxy, not {type(jsproxy).__name__!r}")
        standing().registered[name] = jsproxy

    def unregister(self, name: str) -> None:
        """Let a name be imported no more.

        Raises:
            ValueError: nothing is registered by the name.

        """
        registered = standing().registered
        if name not in registered:
            raise ValueError(
                f"Cannot unregister {name!r}: no Javascript module with that name is registered"
            )
        del registered[name]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find what is registered, and the members of it, by a dotted name."""
        del path, target
        first, *rest = fullname.split(".")
        found: Any = standing().registered.get(first)
        for name in rest:
            found = getattr(found, name, None)
        if not isinstance(found, JsProxy):
            return None
        # The import system asks for no base class, and importlib.abc is slow to import.
        loader: Any = _Loader(found)
        return ModuleSpec(fullname, loader, is_package=True)


class _Loader:
    def __init__(self, target: JsProxy) -> None:
        self._target = target

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _JsModule(spec.name, self._target)

    def exec_module(self, module: ModuleType) -> None:
        """Note that it was imported: there is nothing to run."""
        standing().imported[module.__name__] = module


class _JsModule(ModuleType):
    """A module whose names are the members of an object of JavaScript's."""

    def __init__(self, name: str, target: JsProxy) -> None:
        super().__init__(name)
        self.__dict__["__target__"] = target

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.__dict__["__target__"], name)

    def __dir__(self) -> list[str]:
        return dir(self.__dict__["__target__"])


def pyodide_js(modules: JsModules, version: str, ffi: ModuleType) -> dict[str, Any]:
    """Give what the module `pyodide_js` holds."""
    main: dict[str, Any] = {"__name__": "__main__"}

    def run(source: str, *_: object) -> Any:
        return eval_code(source, main)

    def run_async(source: str, *_: object) -> JsPromise:
        return JsPromise.of(eval_code_async(source, main))

    def to_py(value: Any = None, *_: object, **options: Any) -> Any:
        return value.to_py(**options) if isinstance(value, JsProxy) else value

    return {
        "ffi": JsObject(dict(vars(ffi))),
        "globals": main,
        "registerJsModule": modules.register,
        "runPython": run,
        "runPythonAsync": run_async,
        "toPy": to_py,
        "unregisterJsModule": modules.unregister,
        "version": version,
    }

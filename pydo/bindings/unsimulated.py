"""What stands in `env` for a binding that is not simulated: whatever is done with it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.js.value import JsProxy

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["UnsimulatedBinding"]

# Kinds of which values are read, without a call.
_OF_VALUES = {"Hyperdrive Config", "Worker Version Metadata"}


class UnsimulatedBinding(JsProxy, js_name="Object"):
    """A binding by its name in `env` and wrangler's word for its kind."""

    __slots__ = ("__binding__", "__label__")

    def __init__(self, binding: str, label: str) -> None:
        self.__binding__ = binding
        self.__label__ = label

    def __getattr__(self, name: str) -> _Method:
        if name.startswith("__") or name in _ASKED_OF_ANYTHING:
            raise AttributeError(name)
        if self.__label__ in _OF_VALUES:
            raise _not_simulated(f"env.{self.__binding__}.{name}", self.__label__)
        return _Method(f"env.{self.__binding__}.{name}()", self.__label__)


class _Method(JsProxy, js_name="Function"):
    """A method of such a binding."""

    __slots__ = ("_label", "_what")

    def __init__(self, what: str, label: str) -> None:
        self._what = what
        self._label = label

    @property
    def typeof(self) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "function"

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        """Fail.

        Raises:
            JsException: in any case.

        """
        raise _not_simulated(self._what, self._label)


# What the SDK asks of any value, to learn what it is.
_ASKED_OF_ANYTHING = {"then", "to_py", "js_object", "js_response", "_js_object", "_binding"}


def _not_simulated(what: str, label: str) -> JsException:
    return JsException("Error", f"{what} failed: pydo does not simulate {label} bindings.")

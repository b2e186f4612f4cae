"""How workerd's own classes refuse the arguments of their methods (src/workerd/jsg/util.c++).

An argument that is not there is one of a wrong type.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

from pydo.host.js.error import JsTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NO_SEQUENCE", "refused", "wants", "wants_function"]

NO_SEQUENCE: Final = "Incorrect type: the provided value is not of type 'Sequence'."

_P = ParamSpec("_P")
_R = TypeVar("_R")
_S = TypeVar("_S")


def wants(
    *kinds: str,
) -> Callable[[Callable[Concatenate[_S, _P], _R]], Callable[Concatenate[_S, _P], _R]]:
    """Let a method refuse a call with fewer arguments than there are `kinds`."""

    def decorate(
        method: Callable[Concatenate[_S, _P], _R],
    ) -> Callable[Concatenate[_S, _P], _R]:
        @functools.wraps(method)
        def checked(self: _S, /, *arguments: _P.args, **named: _P.kwargs) -> _R:
            count = len(arguments)
            if count < len(kinds):
                raise refused(self, method.__name__, count + 1, kinds[count])
            return method(self, *arguments, **named)

        return checked

    return decorate


def wants_function(
    method: Callable[Concatenate[_S, _P], _R],
) -> Callable[Concatenate[_S, _P], _R]:
    """Let a method refuse a first argument that cannot be called."""

    @functools.wraps(method)
    def checked(self: _S, /, *arguments: _P.args, **named: _P.kwargs) -> _R:
        if not arguments or not callable(arguments[0]):
            raise refused(self, method.__name__, 1, "function")
        return method(self, *arguments, **named)

    return checked


def refused(owner: Any, method: str, position: int, kind: str) -> JsTypeError:
    """Say that an argument is not of the type that a method of `owner`, or of a class, wants."""
    name = owner.name if isinstance(owner, type) else type(owner).name  # type: ignore[attr-defined]  # a class of JavaScript's
    return JsTypeError(
        f"Failed to execute '{method.removesuffix('_')}' on '{name}': parameter {position} is not "
        f"of type '{kind}'."
    )

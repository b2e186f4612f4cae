"""The rule of the top level: nothing is random while modules are imported.

Cloudflare imports them before there is any request, with no source of randomness.  While the
project is loaded the functions that draw are wrapped; whoever has kept one of the wrappers by
`from random import …` is given the function afterwards.
"""

from __future__ import annotations

import functools
import os
import random
import sys
import uuid
from contextlib import contextmanager
from types import FunctionType
from typing import TYPE_CHECKING, Any

from pydo.host.portability.hearing import standing

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import ModuleType

__all__ = ["watching_imports"]

_UNDRAWN = {"Random", "SystemRandom", "getstate", "setstate"}
# What stands between a line of the user's and the draw; a library's own use is its own affair.
_THROUGH = frozenset({__name__, "random", "secrets", "uuid", "pydo.host.js.crypto"})


@contextmanager
def watching_imports() -> Generator[None]:
    """Watch the functions that draw, as long as modules are imported."""
    portability = standing()
    if portability is None:
        yield
        return
    before = sys.modules.copy()
    put_back = _wrap_all()
    portability.is_loading = True
    try:
        yield
    finally:
        portability.is_loading = False
        for module, name, function in put_back:
            setattr(module, name, function)
        for name, module in sys.modules.copy().items():
            if before.get(name) is not module:
                _unwrap(module)


def _wrap_all() -> list[tuple[ModuleType, str, Any]]:
    drawn: list[tuple[ModuleType, str, str]] = [
        (random, name, f"random.{name}") for name in random.__all__ if name not in _UNDRAWN
    ]
    drawn += [(os, "urandom", "os.urandom"), (random, "_urandom", "os.urandom")]
    drawn += [(uuid, "uuid4", "uuid.uuid4"), (uuid, "uuid1", "uuid.uuid1")]
    put_back: list[tuple[ModuleType, str, Any]] = []
    for module, name, label in drawn:
        function = getattr(module, name)
        put_back.append((module, name, function))
        setattr(module, name, _wrapped(function, label))
    return put_back


@functools.cache  # they are the same at each reload
def _wrapped(function: Callable[..., Any], label: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def draw(*arguments: Any, **named: Any) -> Any:
        portability = standing()
        if portability is not None and portability.is_loading:
            portability.found(
                "top-level-entropy",
                f"{label}() is called while the module is imported, where Cloudflare has no"
                " randomness; call it in a handler",
                RuntimeError(f"Cannot use {label}() outside of request context"),
                through=_THROUGH,
            )
        return function(*arguments, **named)

    draw.__pydo_draws__ = function  # type: ignore[attr-defined]  # how `_unwrap` knows it
    return draw


def _unwrap(module: ModuleType) -> None:
    names = getattr(module, "__dict__", {})
    for name, value in list(names.items()):
        if type(value) is not FunctionType:  # a lazy object may act as its target, or raise
            continue
        function = getattr(value, "__pydo_draws__", None)
        if function is not None and names[name] is value:
            names[name] = function

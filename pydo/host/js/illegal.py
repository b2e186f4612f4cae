"""What only the runtime makes: stubs, namespaces, storage, the controllers of streams.

A Worker reaches their classes by `constructor`, a few as globals too, and can neither call nor
construct them.  Source: src/workerd/jsg/resource.h (`throwIllegalConstructor`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydo.host.js.error import JsTypeError
from pydo.host.js.function import JsFunction
from pydo.host.js.value import JsProxy, NativeClass

__all__ = ["RuntimeClass", "RuntimeObject", "illegal_constructor", "made"]

_T = TypeVar("_T")
_ILLEGAL = "Illegal constructor"


class RuntimeClass(NativeClass):
    """A class that a Worker knows by its name, and that it cannot construct either."""

    if not TYPE_CHECKING:

        def new(cls, *_: object, **__: object) -> NoReturn:  # noqa: D102 - JavaScript's operator
            raise JsTypeError(_ILLEGAL)

        __call__ = new


def made(cls: type[_T], *arguments: Any) -> _T:
    """Construct an instance of a `RuntimeClass`."""
    instance: _T = type.__call__(cls, *arguments)
    return instance


class RuntimeObject(JsProxy):
    """An instance of a class that no Worker may construct."""

    __slots__ = ()

    @property
    def constructor(self) -> Any:
        """What stands for the class: its name, and nothing to make another instance with."""
        return illegal_constructor(type(self).name)


class _IllegalConstructor(JsFunction, js_name="Function"):
    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__(self.new, name)

    def new(self, *_: object, **__: object) -> NoReturn:
        """Refuse.

        Raises:
            JsException: always, a `TypeError`.

        """
        raise JsTypeError(_ILLEGAL)


@cache
def illegal_constructor(name: str) -> JsFunction:
    """Give what stands for a class that no Worker may construct."""
    return _IllegalConstructor(name)

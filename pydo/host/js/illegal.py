"""What only the runtime makes: stubs, namespaces, storage, and what there is one of.

A Worker reaches their classes by `constructor`, a few as globals too, and neither calls nor
constructs them.
Source: src/workerd/jsg/resource.h (`throwIllegalConstructor`).
"""

from __future__ import annotations

from functools import cache
from typing import Any, NoReturn

from pydo.host.js.error import JsTypeError
from pydo.host.js.function import JsFunction
from pydo.host.js.value import JsProxy

__all__ = ["RuntimeObject", "illegal_constructor"]


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
        raise JsTypeError("Illegal constructor")


@cache
def illegal_constructor(name: str) -> JsFunction:
    """Give what stands for a class that no Worker may construct."""
    return _IllegalConstructor(name)

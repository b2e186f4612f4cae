"""The classes of JavaScript's values: what `type()` of a proxy is, and what `js.Map` names.

A class is a proxy as well: `isinstance(js.Date, JsProxy)` holds in Pyodide.
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydo.errors import JsException
from pydo.host.js.realm import standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.host.js.function import JsFunction
    from pydo.host.js.value import JsProxy

__all__ = ["JsClass", "NativeClass"]

_T = TypeVar("_T")


class _Static:
    """A static method of a JavaScript class: a function of JavaScript, one for each class."""

    __slots__ = ("_function", "_made", "_name")

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self._function = function
        self._name = name.removesuffix("_")
        self._made: dict[JsClass, JsFunction] = {}

    def __get__(self, cls: JsClass | None, _: type | None = None) -> Any:
        if cls is None:
            return self
        made = self._made.get(cls)
        if made is None:
            bound = self._function.__get__(cls)
            made = self._made[cls] = _function()(bound, self._name)
        return made


class JsClass(type):
    """A JavaScript class: `name`, `new` and `constructor` are its own, hidden from instances.

    The static members of a JavaScript class are methods of its metaclass, so that
    `js.Object.keys` exists and `keys` of a plain object does not.
    """

    # Python's errors ("'pyodide.ffi.JsProxy' object is not subscriptable") take the name of the
    # type, everyone else asks for `__name__`, and JavaScript's name stands in `__qualname__`.
    TYPE_NAME = "pyodide.ffi.JsProxy"

    if TYPE_CHECKING:

        @property
        def name(cls) -> str:
            """The name of the class in JavaScript."""
            return ""

        def new(cls: type[_T], *arguments: Any, **options: Any) -> _T:
            """Construct an instance, as JavaScript's operator `new` does."""
            raise NotImplementedError
    else:
        name = type.__dict__["__qualname__"]
        new = type.__call__

    def __new__(  # noqa: D102
        mcs, python_name: str, bases: tuple[type, ...], namespace: dict[str, Any], js_name: str = ""
    ) -> JsClass:
        namespace["__qualname__"] = js_name or python_name
        cls = super().__new__(mcs, python_name, bases, namespace)
        type.__dict__["__name__"].__set__(cls, mcs.TYPE_NAME)
        return cls

    def __init__(
        cls, python_name: str, bases: tuple[type, ...], namespace: dict[str, Any], js_name: str = ""
    ) -> None:
        super().__init__(python_name, bases, namespace)

    def __init_subclass__(mcs) -> None:
        super().__init_subclass__()
        for name, member in list(vars(mcs).items()):
            if isinstance(member, FunctionType) and not name.startswith("_") and name != "new":
                setattr(mcs, name, _Static(member, name))

    @property
    def __name__(cls) -> str:  # type: ignore[override]  # read-only: JsProxy, as in Pyodide
        return cls.TYPE_NAME.rpartition(".")[2]

    # A JavaScript class is itself a proxy: isinstance(js.Date, JsProxy) holds in Pyodide.
    @property
    def __class__(cls) -> type:
        return _function()

    @__class__.setter
    def __class__(cls, value: object) -> NoReturn:
        raise TypeError("the class of a JavaScript class cannot be changed")

    @property
    def constructor(cls) -> JsClass:
        """`Function`, whose instance every class is."""
        return _function()

    @property
    def typeof(cls) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "function"

    @property
    def js_id(cls) -> int:
        """A number that stands for the identity of the class."""
        return id(cls)

    @property
    def prototype(cls) -> JsProxy:
        """What `Object.getPrototypeOf` gives of its instances."""
        from pydo.host.js.prototype import of_class  # noqa: PLC0415 - it is a proxy itself

        return of_class(cls)

    # Properties, so that they are found before the methods of the instances that bear their names.
    @property
    def to_py(cls) -> Callable[..., JsClass]:
        """Convert to Python: to the class itself, which has no form there."""
        return lambda **_: cls

    @property
    def toString(cls) -> Callable[..., str]:
        """Give the text that JavaScript shows of a built-in class."""
        return lambda *_: repr(cls)

    def __repr__(cls) -> str:
        return f"function {cls.name}() {{ [native code] }}"

    def __getattr__(cls, name: str) -> NoReturn:
        raise AttributeError(name)

    def __setattr__(cls, name: str, value: object) -> None:
        standing().note(cls, name)
        super().__setattr__(name, value)

    def __delattr__(cls, name: str) -> None:
        standing().note(cls, name)
        super().__delattr__(name)


class NativeClass(JsClass):
    """A class that only `new` may construct."""

    def __call__(cls, *arguments: object, **options: object) -> NoReturn:  # noqa: D102
        raise JsException(
            "TypeError",
            f"Failed to construct '{cls.name}': Please use the 'new' operator, this object "
            "constructor cannot be called as a function.",
        )


def _function() -> type[JsFunction]:
    from pydo.host.js.function import JsFunction  # noqa: PLC0415 - it is a proxy, of a class here

    return JsFunction

"""Functions of JavaScript's that are made of Python callables."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn

from pydo.errors import JsException
from pydo.host.js.value import JsClass, JsProxy, jsnull

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["JsFunction", "Method", "Namespace", "code_from_text", "js_eval", "listed"]


class FunctionClass(JsClass):
    """`Function`, which makes none of texts."""

    if not TYPE_CHECKING:

        def __call__(cls, function: Any = "", *arguments: Any, **options: Any) -> Any:
            """Make a function of a callable of the host's."""
            if isinstance(function, str) and cls is JsFunction:
                raise code_from_text()
            return super().__call__(function, *arguments, **options)


def code_from_text() -> JsException:
    """Give the error for code that is text, which Workers never run (src/workerd/jsg/jsg.h)."""
    return JsException("EvalError", "Code generation from strings disallowed for this context")


def js_eval(value: Any = None, *_: object) -> Any:
    """Give what is no text back, as `eval` does.

    Raises:
        JsException: an `EvalError` for a text.

    """
    if isinstance(value, str):
        raise code_from_text()
    return value


class JsFunction(JsProxy, metaclass=FunctionClass, js_name="Function"):
    """A JavaScript function made of a Python callable, for which `this` is of no account."""

    __slots__ = ("__dict__", "call_python", "function_name")

    def __init__(self, function: Callable[..., Any], name: str = "") -> None:
        self.call_python = function
        self.function_name = name

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call the function."""
        return self.call_python(*arguments, **options)

    def call(self, this: Any = None, *arguments: Any, **options: Any) -> Any:
        """Call the function for `this`."""
        del this
        return self(*arguments, **options)

    def apply(self, this: Any = None, arguments: Any = None, *_: object) -> Any:
        """Call the function for `this` with the elements of an array."""
        return self.call(this, *listed(arguments))

    def bind(self, this: Any = None, *arguments: Any) -> JsFunction:
        """Give a function that calls this one for `this`, with these arguments first."""

        def bound(*further: Any, **options: Any) -> Any:
            return self.call(this, *arguments, *further, **options)

        return JsFunction(bound, f"bound {self.name}")

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function_name

    @property
    def typeof(self) -> str:
        """As JavaScript's operator `typeof` says it."""
        return "function"

    def toString(self, *_: object) -> str:
        """Give the text that JavaScript shows of a built-in function."""
        return f"function {self.function_name}() {{ [native code] }}"

    def new(self: Any = None, *_: object, **__: object) -> NoReturn:
        """Refuse, as JavaScript does for what is no class; of the class itself, as for a text."""
        if not isinstance(self, JsFunction):
            raise code_from_text()
        raise JsException("TypeError", f"{self.toString()} is not a constructor")


class Method(JsFunction, js_name="Function"):
    """A method of a prototype: `function(this, ...)`, for the prototype itself if there is none."""

    __slots__ = ("_prototype",)

    def __init__(self, function: Callable[..., Any], name: str, prototype: Any) -> None:
        super().__init__(function, name)
        self._prototype = prototype

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call the method for its prototype."""
        return self.call_python(self._prototype, *arguments, **options)

    def call(self, this: Any = None, *arguments: Any, **options: Any) -> Any:
        """Call the method for `this`."""
        return self.call_python(this, *arguments, **options)


class Namespace(JsProxy, js_name="Object"):
    """An object that there is one of, such as `JSON`: its methods are functions of JavaScript."""

    __slots__ = ("__dict__",)
    TAG = "Object"

    def __init__(self) -> None:
        for name, member in vars(type(self)).items():
            if inspect.isfunction(member) and not name.startswith("_") and name != "toString":
                js_name = name.removesuffix("_")
                function = JsFunction(member.__get__(self), js_name)
                vars(self)[name] = vars(self)[js_name] = function

    def toString(self, *_: object) -> str:
        """Give JavaScript's text of the object."""
        return f"[object {self.TAG}]"

    @property
    def __members__(self) -> dict[str, Any]:
        return {}


def listed(arguments: Any) -> list[Any]:
    """Give what `apply` calls with: the elements of an array, or of what looks like one.

    Raises:
        JsException: a `TypeError` for a primitive.

    """
    if arguments is None or arguments is jsnull:
        return []
    if isinstance(arguments, (str, int, float)):
        raise JsException("TypeError", "CreateListFromArrayLike called on non-object")
    if hasattr(arguments, "__iter__"):
        return list(arguments)
    return [getattr(arguments, str(index), None) for index in range(arguments.length)]

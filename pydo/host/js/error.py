"""JavaScript's errors: values that can be thrown, and Python exceptions at once.

`pyodide.ffi.JsException` is the class of every one of them.  Errors that pydo's core raises are
plain `JsException`s; `as_error` gives them the class that their name says.
"""

from __future__ import annotations

from typing import Any, Final

from pydo.errors import JsException
from pydo.host.js.text import js_string
from pydo.host.js.value import Conversion, JsClass, JsProxy, cross, options

__all__ = [
    "DOM_NAMES",
    "ERROR_CLASSES",
    "DOMException",
    "JsError",
    "JsRangeError",
    "JsReferenceError",
    "JsSyntaxError",
    "JsTypeError",
    "as_error",
    "not_simulated",
]


class ErrorClass(JsClass):
    """An error class: it may be called without `new`."""

    TYPE_NAME = "pyodide.ffi.JsException"
    stackTraceLimit = 10
    _js_name: str

    def captureStackTrace(cls, target: Any = None, *_: object) -> None:
        """Give an object the text of the stack, which is not simulated: its own text."""
        target.stack = js_string(target)

    def isError(cls, value: Any = None, *_: object) -> bool:
        """Tell whether the value is an error."""
        return isinstance(value, JsError)

    def __new__(  # noqa: PYI034 - a class is made
        mcs, python_name: str, bases: tuple[type, ...], namespace: dict[str, Any], js_name: str = ""
    ) -> ErrorClass:
        cls: Any = super().__new__(mcs, python_name, bases, namespace, js_name)
        # A traceback calls each of them as Pyodide does.
        type.__setattr__(cls, "_js_name", cls.__qualname__)  # no change of a program's
        cls.__module__, cls.__qualname__ = "pyodide.ffi", "JsException"
        made: ErrorClass = cls
        return made

    @property
    def name(cls) -> str:
        """The name of the class in JavaScript."""
        return cls._js_name


class JsError(JsException, JsProxy, metaclass=ErrorClass, js_name="Error"):
    """`Error`, of which the other errors are kinds."""

    def __init__(self, message: Any = None, given: Any = None, *_: object, **named: Any) -> None:
        name = type(self).name
        text = "" if message is None else js_string(message)
        super().__init__(name, text)
        if not text:
            self.args = (name,)
            self.stack = name
        found = options(given, named)
        if "cause" in found:
            self.cause = cross(found["cause"])

    @property
    def js_error(self) -> JsError:
        """The error itself."""
        return self

    def toString(self, *_: object) -> str:
        """Give the name and the message."""
        if not self.message:
            return self.name
        return f"{self.name}: {self.message}"

    @property
    def __members__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in _HIDDEN}

    def __names__(self) -> list[str]:
        named = [name for name in ("stack", "message", "cause") if hasattr(self, name)]
        return [*named, *self.__members__]

    def __to_py__(self, conversion: Conversion, depth: int) -> Any:
        return conversion.leave(self)

    def __repr__(self) -> str:
        return self.toString()

    def __str__(self) -> str:
        return self.toString()


class JsTypeError(JsError, js_name="TypeError"):
    """A value is not of the kind that is expected."""


class JsRangeError(JsError, js_name="RangeError"):
    """A value is not in the range that is allowed."""


class JsSyntaxError(JsError, js_name="SyntaxError"):
    """A text cannot be parsed."""


class JsReferenceError(JsError, js_name="ReferenceError"):
    """A name stands for nothing."""


class JsEvalError(JsError, js_name="EvalError"):
    """An error of `eval`."""


class JsURIError(JsError, js_name="URIError"):
    """A text is not well encoded."""


class DOMException(JsError):
    """An error of the web platform; what it is stands in `name`."""

    def __init__(self, message: Any = None, name: Any = None, *_: object, **named: Any) -> None:
        super().__init__(message)
        if isinstance(name, str):
            self.name = str.__str__(name)
        else:
            given = options(name, named).get("name")
            self.name = "Error" if given is None else js_string(given)
        self.args = (self.toString(),)
        self.stack = self.toString()

    @property
    def code(self) -> int:
        """The number that the name had before names were used."""
        return _CODES.get(self.name, 0)


# The names by which a Worker has these numbers, from 1 on: `DOMException.INDEX_SIZE_ERR`.
_NUMBERED = [
    "INDEX_SIZE",
    "DOMSTRING_SIZE",
    "HIERARCHY_REQUEST",
    "WRONG_DOCUMENT",
    "INVALID_CHARACTER",
    "NO_DATA_ALLOWED",
    "NO_MODIFICATION_ALLOWED",
    "NOT_FOUND",
    "NOT_SUPPORTED",
    "INUSE_ATTRIBUTE",
    "INVALID_STATE",
    "SYNTAX",
    "INVALID_MODIFICATION",
    "NAMESPACE",
    "INVALID_ACCESS",
    "VALIDATION",
    "TYPE_MISMATCH",
    "SECURITY",
    "NETWORK",
    "ABORT",
    "URL_MISMATCH",
    "QUOTA_EXCEEDED",
    "TIMEOUT",
    "INVALID_NODE_TYPE",
    "DATA_CLONE",
]
_CODES = {"InUseAttributeError": 10, "URLMismatchError": 21}
for _number, _name in enumerate(_NUMBERED, 1):
    type.__setattr__(DOMException, f"{_name}_ERR", _number)
    _CODES[f"{_name.title().replace('_', '')}Error"] = _number


ERROR_CLASSES: Final = {
    each.name: each
    for each in (
        JsError,
        JsTypeError,
        JsRangeError,
        JsSyntaxError,
        JsReferenceError,
        JsEvalError,
        JsURIError,
    )
}

_HIDDEN = frozenset({"name", "message", "stack", "cause"})
DOM_NAMES = frozenset(
    {
        "InvalidCharacterError",
        "NotSupportedError",
        "InvalidStateError",
        "SyntaxError",
        "InvalidAccessError",
        "TypeMismatchError",
        "NetworkError",
        "AbortError",
        "QuotaExceededError",
        "TimeoutError",
        "DataCloneError",
        "OperationError",
    }
)


def as_error(exception: JsException) -> JsError:
    """Give a `JsException` as the JavaScript value that it stands for."""
    if isinstance(exception, JsError):
        return exception
    name, message = exception.name, exception.message
    error: JsError
    if name in DOM_NAMES and name not in ERROR_CLASSES:
        error = DOMException(message, name)
    else:
        error = ERROR_CLASSES.get(name, JsError)(message)
        error.name = name
    vars(error).update(exception.__dict__)
    error.__traceback__ = exception.__traceback__
    return error


def not_simulated(what: str) -> JsError:
    """Make the error of a part of Cloudflare's runtime that pydo does not have yet."""
    return JsError(f"{what} is not simulated yet by pydo.")

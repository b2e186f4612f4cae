"""Every exception that pydo raises on purpose.

    Exception
    ├── PydoError                  pydo stops or refuses; the message says what to do
    │   ├── ConfigError            the configuration is wrong: carries the diagnostics
    │   ├── UserCodeError          the Worker's own code failed to load: carries its traceback
    │   ├── MigrationError         a migration that production would refuse, or that loses something
    │   ├── StateError             the state directory is damaged, foreign or in use
    │   └── ScaffoldError          `pydo init` cannot write where it was told to
    └── JsException                what a Worker can see: production's class and words

Whose fault it is decides the branch.  Bugs of pydo's own stay plain exceptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from pydo.config.diagnostics import Diagnostics

__all__ = [
    "ConfigError",
    "JsException",
    "MigrationError",
    "PydoError",
    "ScaffoldError",
    "StateError",
    "UserCodeError",
    "internal_error",
]

_DIGITS = "0123456789abcdefghijklmnopqrstuv"


class PydoError(Exception):
    """The root of what pydo refuses; the message is fit to be shown as it is."""


class ConfigError(PydoError):
    """A configuration cannot be used; `diagnostics` holds every problem found in it."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        super().__init__(str(diagnostics))
        self.diagnostics = diagnostics


class UserCodeError(PydoError):
    """The Worker's code failed to load.

    `error` is what it raised and `traceback` the part of the traceback that is the user's own:
    no frame of pydo, none of the import system.
    """

    def __init__(self, message: str, error: BaseException, traceback: TracebackType | None) -> None:
        super().__init__(message)
        self.error = error
        self.traceback = traceback


class NotExportedError(UserCodeError):
    """The code loads, and lacks classes that are bound; `classes` are the names of those it has."""

    def __init__(self, message: str, classes: frozenset[str]) -> None:
        super().__init__(message, ImportError(message), None)
        self.classes = classes


class StateError(PydoError):
    """The state directory cannot be used: damaged, made by a newer pydo, or held by another."""


class MigrationError(PydoError):
    """A migration is not applied, or not undone: the message has production's words and code."""


class ScaffoldError(PydoError):
    """A project cannot be written to where `pydo init` was told to write it."""


class JsException(Exception):  # noqa: N818 - the name is Pyodide's
    """An error that a Worker can see, with the class and the words that production gives.

    `pyodide.ffi.JsException` is this class.  `name` is the JavaScript class, `message` its text,
    and `str` of it is `name: message`.  Further properties (`retryable`, `overloaded`,
    `durableObjectReset`, `remote`: src/workerd/jsg/util.c++) stand as attributes when they are
    true and are absent otherwise.
    """

    __module__ = "pyodide.ffi"  # as a traceback names it

    name: str
    message: str
    stack: str

    def __init__(self, name: str, message: str | None = None, **properties: object) -> None:
        if message is None:  # `JsException("text")`, as user code writes it
            name, message = "Error", name
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.stack = f"{name}: {message}"
        self.__dict__.update(properties)


def internal_error(**properties: object) -> JsException:
    """Make the error of all that workerd does not tell: a name, a certificate, a failed assertion.

    Source: src/workerd/io/worker.c++ (`makeInternalError`).
    """
    import secrets  # noqa: PLC0415 - it brings OpenSSL's digests, and errors are rare

    reference = "".join(secrets.choice(_DIGITS) for _ in range(24))
    return JsException("Error", f"internal error; reference = {reference}", **properties)

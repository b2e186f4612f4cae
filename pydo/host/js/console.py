"""`console`: what a Worker prints, to where its `print` goes."""

from __future__ import annotations

import sys
from typing import Any

from pydo.host.js.array import JsArray
from pydo.host.js.json import stringify
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy

__all__ = ["Console"]


class Console(JsProxy, js_name="console"):
    """Prints its arguments; errors and warnings go to standard error."""

    __slots__ = ()

    def log(self, *values: Any) -> None:
        """Print the values in one line."""
        sys.stdout.write(_line(values))

    debug = info = log

    def error(self, *values: Any) -> None:
        """Print the values in one line, to standard error."""
        sys.stderr.write(_line(values))

    warn = trace = error


def _line(values: tuple[Any, ...]) -> str:
    return " ".join(_shown(value) for value in values) + "\n"


def _shown(value: Any) -> str:
    if isinstance(value, (JsObject, JsArray)):
        return stringify(value) or "undefined"
    return js_string(value)

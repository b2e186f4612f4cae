"""`AggregateError`: several errors as one."""

from __future__ import annotations

from typing import Any

from pydo.host.js.array import JsArray
from pydo.host.js.error import JsError

__all__ = ["AggregateError"]


class AggregateError(JsError):
    """What `Promise.any` is rejected with."""

    def __init__(self, errors: Any = (), message: Any = None, *rest: object, **named: Any) -> None:
        super().__init__(message, *rest, **named)
        self.errors = JsArray(list(errors))

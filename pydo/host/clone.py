"""`structuredClone`: a deep copy of a JavaScript value within the process.

Through the same encoding as storage, so that what can be stored is what can be copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.clone import CloneError
from pydo.host.js.error import DOMException
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, cross
from pydo.host.model import CODEC

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["encode", "structured_clone"]


def encode(value: object) -> bytes:
    """Encode a value as an object's storage holds it.

    Raises:
        JsException: a `DataCloneError` for a value that has no clone.

    """
    try:
        return CODEC.encode(value)
    except CloneError as error:
        raise DOMException(
            f"{_shown(error.value)} could not be cloned.", "DataCloneError"
        ) from None


def _shown(value: object) -> str:
    if isinstance(value, JsProxy):
        return js_string(value)
    return "function(){}" if callable(value) else "[object Object]"


def structured_clone(value: Any, _options: Mapping[str, object] | None = None) -> Any:
    """Copy a value; shared and cyclic references are kept.

    Raises:
        JsException: a `DataCloneError` for a value that has no clone.

    """
    if isinstance(value, (str, int, float)):  # by far the most of what is sent
        return cross(value)
    return CODEC.decode(encode(value))

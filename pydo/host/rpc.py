"""Which values go from one object to another, and how.

Plain values and containers of them go as copies.  Requests, responses and their like go as
themselves: they are streams.  Source: src/workerd/api/worker-rpc.c++.
"""

from __future__ import annotations

from pydo.host.clone import structured_clone
from pydo.host.js.value import JsProxy

__all__ = ["transferable"]

_BY_REFERENCE = frozenset({"Blob", "File", "FormData", "Headers", "Request", "Response"})
_PRIMITIVE = (str, int, float, bool)


def transferable(value: object) -> object:
    """Give what arrives at the other end.

    Raises:
        JsException: a `DataCloneError` for a value that cannot cross.

    """
    if value is None or isinstance(value, _PRIMITIVE):
        return value
    if isinstance(value, JsProxy) and value.constructor.name in _BY_REFERENCE:
        return value
    return structured_clone(value)

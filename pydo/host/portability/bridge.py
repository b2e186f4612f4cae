"""Rules of the bridge to JavaScript: what a Worker hands over to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.value import JsProxy
from pydo.host.portability.hearing import standing

if TYPE_CHECKING:
    from pydo.errors import JsException

__all__ = ["borrowed", "raw", "unsent"]

_READ_BY_NOBODY = (list, tuple, dict, set, bytes, bytearray, memoryview)

# Pyodide's words, when the callable is called that it has destroyed.
_BORROWED = (
    "This borrowed proxy was automatically destroyed at the end of a function call. Try using "
    "create_proxy or create_once_callable."
)


def borrowed(function: Any, keeper: str) -> None:
    """Look at a callable that `keeper` goes on holding: Pyodide destroys it when that returns."""
    portability = standing()
    if portability is None or isinstance(function, JsProxy) or not callable(function):
        return
    if isinstance(getattr(function, "__self__", None), JsProxy):  # a function of JavaScript's own
        return
    portability.found(
        "borrowed-callable",
        f"{keeper} keeps a Python function, which Cloudflare destroys when the call returns; pass"
        " create_proxy(function), or create_once_callable(function) for a single call",
        JsError(_BORROWED),
    )


def raw(value: Any, taker: str) -> None:
    """Look at what `taker` has to read: there a list or bytes of Python's is an opaque proxy."""
    portability = standing()
    if portability is None or not isinstance(value, _READ_BY_NOBODY):
        return
    portability.found(
        "raw-value",
        f"{taker} gets a Python {type(value).__name__}, which JavaScript cannot read; pass"  # pyright: ignore[reportUnknownArgumentType] # any of them
        " to_js(value)",
        JsTypeError(f"Failed to execute '{taker}': a PyProxy is not of the type that it takes."),
    )


def unsent(
    name: str,
    error: JsException,
    instead: str = "its parts, or a Request or Response that carries it",
) -> None:
    """Look at a value that the SDK sends over RPC and the runtime refuses."""
    portability = standing()
    if portability is not None:
        portability.found(
            "unsent-value",
            f"a {name} is sent over RPC, which Cloudflare refuses; send {instead}",
            error,
        )

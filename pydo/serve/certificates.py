"""The system's certificates, read at the first connection that they are needed for.

aiohttp makes TLS contexts as it is imported, and each reads every certificate: a fifth of all that
is done until a server answers, where few Workers ask others by TLS.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["read_when_needed"]


@contextmanager
def read_when_needed() -> Generator[None]:
    """Let contexts that a block makes do without certificates until a connection is made."""
    # To mypy the function would take two contexts.
    ssl.SSLContext.set_default_verify_paths = _wait  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        del ssl.SSLContext.set_default_verify_paths  # what stands there is its base class's


def _wait(context: ssl.SSLContext) -> None:
    def wrap_bio(*arguments: Any, **named: Any) -> ssl.SSLObject:
        context.set_default_verify_paths()
        vars(context).pop("wrap_bio", None)  # after it, for a second thread
        return context.wrap_bio(*arguments, **named)

    context.wrap_bio = wrap_bio  # type: ignore[method-assign]

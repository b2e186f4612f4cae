"""Imports that stay for the whole of a command."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["lasting"]


@contextmanager
def lasting() -> Generator[None]:
    """Keep the collector from what a block makes, all of which stays: then and later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

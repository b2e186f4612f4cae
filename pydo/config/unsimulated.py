"""Bindings that pydo does not simulate: their names stand in `env` all the same.

What uses one hears why it fails, and the rest of the Worker runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.config.binding import bound_names
from pydo.config.keys import BINDINGS, KEYS, Treatment
from pydo.config.schema import Unsimulated

if TYPE_CHECKING:
    from pydo.config.environment import Environment

__all__ = ["read_unsimulated"]


def read_unsimulated(environment: Environment) -> tuple[Unsimulated, ...]:
    """Give the bindings of kinds that are not simulated; what is wrong in them is of no account."""
    labels = {
        kind.label
        for key, kind in BINDINGS.items()
        if KEYS[key].treatment is Treatment.NOT_SIMULATED
    }
    return tuple(
        Unsimulated(name, label) for name, label, _ in bound_names(environment) if label in labels
    )

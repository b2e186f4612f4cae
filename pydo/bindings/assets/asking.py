"""What a site is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.bindings.assets.folder import Asset

__all__ = ["Answer", "Asking"]


@dataclass(frozen=True, slots=True)
class Asking:
    """A request as far as assets go: `headers` by their names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; `asset` is its body, if it has one.

    `is_nothing` marks that which the Worker is asked for instead, where there is one.
    """

    status: int
    headers: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    asset: Asset | None = None
    is_nothing: bool = False

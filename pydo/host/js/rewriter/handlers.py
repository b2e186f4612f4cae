"""The functions of the user's that HTMLRewriter calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydo.host.js.rewriter.selector import Selector

__all__ = ["DocumentHandlers", "ElementHandlers"]


@dataclass(frozen=True, slots=True, eq=False)
class ElementHandlers:
    """Functions for the elements that a selector matches; None where there is none."""

    selector: Selector
    element: Any
    comments: Any
    text: Any


@dataclass(frozen=True, slots=True)
class DocumentHandlers:
    """Functions for the whole document; None where there is none."""

    doctype: Any
    comments: Any
    text: Any
    end: Any

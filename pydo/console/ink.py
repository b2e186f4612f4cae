"""Colours, if they are wanted.

rich is imported when the first coloured console is made, and never for a pipe: a start whose
output goes to a file or to another program does not wait for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TextIO

__all__ = ["Paint", "coloured", "plain", "wants_colour"]

Paint = Callable[[str, str], str]
"""Gives a text in a style, which is spelled as rich spells it (`bold red`)."""


def wants_colour(out: TextIO) -> bool:
    """Tell whether a stream shows colours, by what it is and what the environment says.

    `NO_COLOR` and `FORCE_COLOR` count if they are not empty (no-color.org, force-color.org).
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return out.isatty() and os.environ.get("TERM") != "dumb"


def plain(text: str, _style: str) -> str:
    """Give the text as it is."""
    return text


def coloured() -> Paint:
    """Give a paint that uses the sixteen colours of every terminal, as its owner has set them."""
    # Here and not above: half of the time that `pydo --help` takes would be rich's.
    from rich.color import ColorSystem  # noqa: PLC0415 - as said
    from rich.style import Style  # noqa: PLC0415 - as said

    def paint(text: str, style: str) -> str:
        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)

    return paint

"""Where in a file something stands: `SourceFile` and `Span`.

A file is read once; every diagnostic about it points into the text that was read, not into what
may stand on disk by then.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SourceFile", "Span", "shortest"]

_LONGEST_LINE = 100


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A text and the path it came from; its lines end with a line feed alone."""

    path: Path
    text: str = field(repr=False)

    def span(self, offset: int, width: int = 1) -> Span:
        """Give the place of the `width` characters at `offset`, counted from 0."""
        start = self.text.rfind("\n", 0, offset) + 1
        return Span(self, self.text.count("\n", 0, offset) + 1, offset - start + 1, width)


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file: line and column (in characters), both counted from 1, and its width."""

    file: SourceFile
    line: int
    column: int
    width: int = 1

    def __str__(self) -> str:
        return f"{shortest(self.file.path)}:{self.line}:{self.column}"

    def excerpt(self) -> str:
        """Give the line, of a long one the part that matters, and a mark under the place.

        Of a place that takes several lines only the first is marked.
        """
        text = self.file.text.split("\n", self.line)[self.line - 1]
        at = self.column - 1
        cut = max(0, at - _LONGEST_LINE // 2) if len(text) > _LONGEST_LINE else 0
        shown = text[cut : cut + _LONGEST_LINE]
        before, marked = shown[: at - cut], shown[at - cut : at - cut + self.width].rstrip()
        left, right = "…" * (cut > 0), "…" * (cut + _LONGEST_LINE < len(text))
        number, marks = str(self.line), "^" * max(1, _width(marked))
        line = f"{number} │ {left}{shown}{right}".rstrip()
        return f"{line}\n{' ' * len(number)} ╵ {' ' * len(left)}{_blank(before)}{marks}"


def shortest(path: Path) -> str:
    """Spell a path as it is, or from the working directory if that is shorter."""
    absolute = str(path)
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):  # on Windows another drive; the working directory is gone
        return absolute
    return min(relative, absolute, key=len)


def _blank(text: str) -> str:
    """Give blanks that are as wide as the text on a terminal, tabs for tabs."""
    return "".join("\t" if each == "\t" else " " * _width(each) for each in text)


def _width(text: str) -> int:
    # Here and not above: it is needed where there is something to show.
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - as said

    return sum(0 if combining(each) else 1 + (east_asian_width(each) in "WF") for each in text)

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


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A text and the path it came from; its lines end with a line feed alone."""

    path: Path
    text: str = field(repr=False)

    def span(self, offset: int) -> Span:
        """Give the place of the character at `offset`, counted from 0."""
        start = self.text.rfind("\n", 0, offset) + 1
        return Span(self, self.text.count("\n", 0, offset) + 1, offset - start + 1)


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file: line and column (in characters), both counted from 1."""

    file: SourceFile
    line: int
    column: int

    def __str__(self) -> str:
        return f"{shortest(self.file.path)}:{self.line}"


def shortest(path: Path) -> str:
    """Spell a path as it is, or from the working directory if that is shorter."""
    absolute = str(path)
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):  # on Windows another drive; the working directory is gone
        return absolute
    return min(relative, absolute, key=len)

"""Problems found in a configuration, gathered instead of raised one by one.

The idea is that of cloudflare/workers-sdk `packages/workers-utils/src/config/diagnostics.ts`: read
everything, then show all that is wrong at once.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydo.config.source import Span

__all__ = ["Diagnostic", "Diagnostics", "Severity"]


class Severity(Enum):
    """Whether a problem stops pydo."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: what was found, where, and (in `hint`, perhaps of several lines) what to do.

    `span` is None for what no file says, such as the command line.  As text it begins with the
    place, and has the line of the file with a mark under it.
    """

    severity: Severity
    message: str
    span: Span | None = None
    hint: str | None = None

    def __str__(self) -> str:
        lines = [self.message if self.span is None else f"{self.span}: {self.message}"]
        if self.span is not None:
            lines.append(textwrap.indent(self.span.excerpt(), "    "))
        if self.hint is not None:
            lines.append(textwrap.indent(self.hint, "  "))
        return "\n".join(lines)


class Diagnostics:
    """The problems of one configuration, in the order in which they were added."""

    def __init__(self, diagnostics: Iterable[Diagnostic] = ()) -> None:
        self._diagnostics = list(diagnostics)

    def error(self, message: str, span: Span | None = None, hint: str | None = None) -> None:
        """Add a problem that makes the configuration unusable."""
        self.add(Diagnostic(Severity.ERROR, message, span, hint))

    def warn(self, message: str, span: Span | None = None, hint: str | None = None) -> None:
        """Add a problem that pydo can live with."""
        self.add(Diagnostic(Severity.WARNING, message, span, hint))

    def add(self, diagnostic: Diagnostic) -> None:
        """Add a problem as it is."""
        self._diagnostics.append(diagnostic)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The problems that make the configuration unusable."""
        return tuple(each for each in self if each.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """The problems that pydo can live with."""
        return tuple(each for each in self if each.severity is Severity.WARNING)

    @property
    def has_errors(self) -> bool:
        """Whether the configuration is unusable."""
        return bool(self.errors)

    def in_order(self) -> Diagnostics:
        """Give the same problems as a reader of the file meets them, those of no file first."""
        return Diagnostics(sorted(self, key=_position))

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._diagnostics)

    def __len__(self) -> int:
        return len(self._diagnostics)

    def __str__(self) -> str:
        return "\n".join(str(each) for each in self)


def _position(diagnostic: Diagnostic) -> tuple[int, int]:
    span = diagnostic.span
    return (0, 0) if span is None else (span.line, span.column)

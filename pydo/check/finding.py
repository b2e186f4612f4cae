"""What `pydo check` says: a `Finding`, and the comment that takes one back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.config import Diagnostic, Severity

if TYPE_CHECKING:
    from pydo.config import Span

__all__ = ["Finding", "is_ignored"]

_COMMENT = re.compile(r"(?:#|//)\s*pydo:\s*ignore(?:\[([\w\s,-]*)\])?")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that would not run on Cloudflare, or not as it does here.

    `rule` is its short name.  `message` says what was found and why that breaks, `hint` what to do
    instead.  `span` is None for what no file says.
    """

    rule: str
    message: str
    hint: str
    span: Span | None = None
    severity: Severity = Severity.ERROR

    @property
    def diagnostic(self) -> Diagnostic:
        """The same for the terminal, with the rule behind it."""
        return Diagnostic(self.severity, f"{self.message} [{self.rule}]", self.span, self.hint)


def is_ignored(finding: Finding) -> bool:
    """Tell whether its line bears `# pydo: ignore`, for all rules or for `[these, rules]`."""
    if finding.span is None:
        return False
    lines = finding.span.file.text.split("\n")
    comment = _COMMENT.search(lines[finding.span.line - 1])
    if comment is None:
        return False
    rules = comment.group(1)
    return rules is None or finding.rule in {each.strip() for each in rules.split(",")}

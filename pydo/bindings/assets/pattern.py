"""Patterns of paths: `*` for anything, `:name` for one part of a path or of a host.

Source: cloudflare/workers-sdk `packages/workers-shared/asset-worker/src/utils/rules-engine.ts`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Pattern", "Routes", "filled"]

_HOST = "https://"
_SPECIAL = re.compile(r"\*|:([A-Za-z]\w*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that is ready to be matched; one with a host looks at the host too."""

    expression: re.Pattern[str]
    has_host: bool

    @classmethod
    def of(cls, rule: str) -> Pattern | None:
        """Read a pattern; None if it says something twice, which matches nothing."""
        has_host = rule.startswith(_HOST)
        host, slash, path = rule.removeprefix(_HOST).partition("/") if has_host else ("", "", rule)
        start = f"{_HOST}{_written(host, '[^/.]+')}{slash}" if has_host else ""
        try:
            return cls(re.compile(start + _written(path, "[^/]+"), re.ASCII), has_host)
        except re.error:  # two groups of one name
            return None

    def match(self, host: str, path: str) -> Mapping[str, str] | None:
        """Give what stands for the pattern's names, if it matches."""
        found = self.expression.fullmatch(f"{_HOST}{host}{path}" if self.has_host else path)
        return None if found is None else found.groupdict()


def filled(text: str, names: Mapping[str, str]) -> str:
    """Put values in the place of their names, `:name`."""
    for name, value in names.items():
        text = text.replace(f":{name}", value)
    return text


class Routes:
    """The paths that `run_worker_first` names: `/api/*`, and `!/api/docs/*` for exceptions."""

    def __init__(self, rules: Iterable[str]) -> None:
        given = tuple(rules)
        self._to_assets = _any(rule[1:] for rule in given if rule.startswith("!"))
        self._to_worker = _any(rule for rule in given if not rule.startswith("!"))

    def goes_to_worker(self, path: str) -> bool | None:
        """Tell who is to answer: the Worker, the assets (False), or whoever has it (None)."""
        if self._to_assets.fullmatch(path):
            return False
        return True if self._to_worker.fullmatch(path) else None


def _any(rules: Iterable[str]) -> re.Pattern[str]:
    each = [".*".join(map(re.escape, rule.split("*"))) for rule in rules]
    return re.compile("|".join(each) or r"(?!)")


def _written(rule: str, part: str) -> str:
    written, end = "", 0
    for found in _SPECIAL.finditer(rule):
        written += re.escape(rule[end : found.start()])
        written += "(?P<splat>.*)" if found[0] == "*" else f"(?P<{found[1]}>{part})"
        end = found.end()
    return written + re.escape(rule[end:])

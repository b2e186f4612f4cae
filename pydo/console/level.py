"""How much is shown: wrangler's `--log-level`.

The order is wrangler's (cloudflare/workers-sdk `packages/wrangler/src/logger.ts`), where `info`
shows less than `log`.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Level"]


class Level(StrEnum):
    """What a line is, and how much a console shows; from the least to the most."""

    NONE = "none"
    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    LOG = "log"
    DEBUG = "debug"

    @property
    def shown(self) -> frozenset[Level]:
        """The kinds of lines that a console of this level shows: nothing at all for NONE."""
        levels = list(Level)
        return frozenset(levels[1 : levels.index(self) + 1])

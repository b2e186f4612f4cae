"""Bookmarks: the name of one state of a database, in the form that production's have.

    0000007b-0000b26e-00001538-0c3e87bb37b3db5cc52eedb93cd3b96b
    epoch    position pages    mark

The epoch counts restores, the position counts pages written since the object was made; so the
order of bookmarks as strings is that of time.  The mark tells commits apart that different copies
of a state directory have at the same position.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

__all__ = ["NOTHING", "Bookmark"]

_FORM = re.compile(r"([0-9a-f]{8})-([0-9a-f]{8})-([0-9a-f]{8})-([0-9a-f]{32})")
_LAST = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, order=True)
class Bookmark:
    """A commit, the beginning (`NOTHING`), or the end of an epoch, which may be yet to come."""

    epoch: int
    position: int
    pages: int
    mark: str

    def __str__(self) -> str:
        return f"{self.epoch:08x}-{self.position:08x}-{self.pages:08x}-{self.mark}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a bookmark; None for what is none."""
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        epoch, position, pages = (int(group, 16) for group in found.groups()[:3])
        return cls(epoch, position, pages, found[4])

    @classmethod
    def end_of(cls, epoch: int) -> Self:
        """Give what stands for the last commit before the next restore, made or to be made."""
        return cls(epoch, _LAST, _LAST, "f" * 32)

    @property
    def is_end(self) -> bool:
        """Whether it stands for the end of an epoch."""
        return self.position == _LAST


NOTHING = Bookmark(0, 0, 0, "0" * 32)

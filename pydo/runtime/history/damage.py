"""What is damaged in a history: set aside with all that is behind it, which nothing leads to.

    <position>.damaged           an index that is damaged or stands behind damage
    <position>.damaged-frames    its frames

The history goes on behind them, in another epoch, with an image of the whole database: what was
recorded before the damage can be returned to as before, and so can what comes after it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.runtime.history.segment import Segment
from pydo.runtime.history.wal import FRAME

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Lost", "lost_in", "not_led_to", "set_aside"]

logger = logging.getLogger("pydo.runtime")


@dataclass(frozen=True, slots=True)
class Lost:
    """Where what was set aside ends: no bookmark of it has a later position or epoch."""

    begins: int  # the position before its last segment
    position: int
    epoch: int


def not_led_to(indexes: list[Path], *, has_base: bool) -> list[Path]:
    """Give the indexes from the first on that is damaged, or that nothing leads to.

    The base, if there is one, is taken to lead to the first.
    """
    end = None if has_base else 0
    for number, index in enumerate(indexes):
        start = _position(index)
        if not Segment.has_begun(index) or (
            end not in (None, start) and not Segment.read(index).is_complete
        ):
            return indexes[number:]
        end = start + _count(index.with_suffix(".frames"))
    return []


def set_aside(indexes: list[Path]) -> None:
    """Take indexes out of the history; one without content was never in it, and goes."""
    kept = [each for each in indexes if any(each.read_bytes())]
    for index in reversed(indexes):
        if index in kept:
            frames = index.with_suffix(".frames")
            if frames.exists():
                frames.replace(index.with_suffix(".damaged-frames"))
            index.replace(index.with_suffix(".damaged"))
        else:  # a power loss has left the name
            index.unlink()
    if kept:
        logger.warning(
            "%s is damaged, or what leads to it is missing: it is kept as %s%s. The history goes on"
            " with what the database is now, and does not return to what is lost",
            kept[0],
            kept[0].with_suffix(".damaged"),
            f", and so are the {len(kept) - 1} behind it" if kept[1:] else "",
        )


def lost_in(directory: Path) -> Lost | None:
    """Give where what was ever set aside in a directory ends; None if nothing was."""
    found = sorted(directory.glob("*.damaged"))
    if not found:
        return None
    end, epoch, unknown = 0, 0, 0
    for each in found:
        count = _count(each.with_suffix(".damaged-frames"))
        end = max(end, _position(each) + count)
        if Segment.has_begun(each):
            epoch = max(epoch, Segment.read(each).epoch)
        else:
            unknown += count  # an epoch begins with a commit, which has a frame at least
    return Lost(_position(found[-1]), end, epoch + unknown)


def _count(frames: Path) -> int:
    try:
        return frames.stat().st_size // FRAME
    except FileNotFoundError:
        return 0


def _position(index: Path) -> int:
    return int(index.stem, 16)

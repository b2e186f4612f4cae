"""A state of a database as the places where each of its pages is found."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Self

from pydo.runtime.history.wal import FRAME, FRAME_HEADER, PAGE, headers

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.runtime.history.segment import Segment

__all__ = ["Pages"]


class Pages:
    """The pages of a database; reading them does not need more memory than one.

    Pages are numbered from 1.  One that nothing was ever written to is all zeros.
    """

    def __init__(self) -> None:
        self.count = 0
        self._where: dict[int, tuple[Path, int] | bytes] = {}

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Give those of a database file."""
        pages = cls()
        pages.count = path.stat().st_size // PAGE
        pages._where = {n + 1: (path, n * PAGE) for n in range(pages.count)}
        return pages

    @classmethod
    def of_bytes(cls, image: bytes) -> Self:
        """Give those of a database that is in memory."""
        pages = cls()
        pages.count = len(image) // PAGE
        pages._where = {n + 1: image[n * PAGE : (n + 1) * PAGE] for n in range(pages.count)}
        return pages

    def add(self, segment: Segment, until: int) -> None:
        """Take over what a segment has written up to a commit."""
        count = min(segment.copied, until - segment.start)
        with segment.frames.open("rb", buffering=0) as file:
            for number, (page, size, _) in enumerate(islice(headers(file), count)):
                self._where[page] = (segment.frames, number * FRAME + FRAME_HEADER)
                if size:
                    self._cut(size)

    def _cut(self, size: int) -> None:
        for page in range(size + 1, self.count + 1):
            self._where.pop(page, None)
        self.count = size

    def place(self, number: int) -> tuple[Path, int] | bytes:
        """Give where a page is: a file and an offset, or here."""
        return self._where.get(number, b"")

    def read(self, number: int) -> bytes:
        """Give a page; zeros for one that is not there."""
        place = self.place(number)
        if isinstance(place, bytes):
            return place or bytes(PAGE)
        path, offset = place
        with path.open("rb", buffering=0) as file:
            file.seek(offset)
            return file.read(PAGE)

    def write_to(self, target: Path) -> None:
        """Make a database file of them, one that is used without a write-ahead log."""
        with target.open("wb") as file:
            for number in range(1, self.count + 1):
                page = self.read(number)
                if number == 1:
                    page = page[:18] + b"\x01\x01" + page[20:]
                file.write(page)

    def is_same(self, other: Pages) -> bool:
        """Tell whether two states are the same; what is found in the same place is not read."""
        return self.count == other.count and all(
            self.place(n) == other.place(n) or self.read(n) == other.read(n)
            for n in range(1, self.count + 1)
        )

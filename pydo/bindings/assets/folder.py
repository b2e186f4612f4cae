"""The folder that assets are in: from the path of a request to a file, and never out of it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from pydo.bindings.assets.media import media_type
from pydo.bindings.assets.metafile import HEADERS, IGNORE, REDIRECTS, Metafile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Asset", "AssetFolder"]

_BAD = {"", ".", ".."}
_SEPARATORS = {os.sep, os.altsep or os.sep, "\0"}


@dataclass(frozen=True)
class Asset:
    """A file as it was when it was found."""

    path: str
    size: int
    changed_ns: int

    @cached_property
    def etag(self) -> str:
        """What changes when the file does, in quotes."""
        told = f"{self.path}\n{self.size}\n{self.changed_ns}"
        return f'"{sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:32]}"'

    @property
    def media_type(self) -> str | None:
        """What it is, by its name."""
        return media_type(os.path.basename(self.path))  # noqa: PTH119 - it is a text


class AssetFolder:
    """Finds files by paths that begin with a slash and are not encoded."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real_root = os.path.realpath(root)
        self._ignores_case = _ignores_case(self._real_root)
        self._ignored = Metafile(root / IGNORE, _matcher)

    def find(self, path: str) -> Asset | None:
        """Find the file of a path; None if there is none that may be served.

        Links within the folder are followed; one that leads out of it is not there.
        """
        parts = path.split("/")[1:]
        if any(part in _BAD or not _SEPARATORS.isdisjoint(part) for part in parts):
            return None
        full = os.path.join(self._real_root, *parts)  # noqa: PTH118 - a pathlib for each is slow
        try:
            status = os.stat(full)  # noqa: PTH116
        except (OSError, ValueError):  # ValueError: no name of a file could be so
            return None
        if not stat.S_ISREG(status.st_mode) or not self._is_inside(full):
            return None
        if path in _META or self._ignored.value(path.removeprefix("/")):
            return None
        if self._ignores_case and not self._is_spelt_so(parts):
            return None
        return Asset(full, status.st_size, status.st_mtime_ns)

    def _is_inside(self, full: str) -> bool:
        return os.path.realpath(full).startswith(self._real_root + os.sep)

    def _is_spelt_so(self, parts: list[str]) -> bool:
        folder = self._real_root
        for part in parts:
            if part not in os.listdir(folder):  # noqa: PTH208
                return False
            folder = os.path.join(folder, part)  # noqa: PTH118
        return True


_META = {f"/{name}" for name in (IGNORE, REDIRECTS, HEADERS)}


def _ignores_case(root: str) -> bool:
    """Tell whether the disk takes a name for another that differs in case only."""
    return root != root.swapcase() and os.path.exists(root.swapcase())  # noqa: PTH110


def _matcher(text: str) -> Callable[[str], bool]:
    # It is wanted by few, and takes a while to import.
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - as said

    return GitIgnoreSpec.from_lines(text.split("\n")).match_file

"""How many databases may be open at a time: each holds three descriptors, and files are few.

What is over the budget is closed, the least recently used first, and opens again when it is
needed.  A database in the middle of something stays open whatever the budget says.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

from pydo.platform import open_files_limit

if TYPE_CHECKING:
    from pathlib import Path

    import apsw

    from pydo.runtime.databasefile import DatabaseFile

__all__ = ["OpenDatabases"]

logger = logging.getLogger("pydo.runtime")

_NEAR = 0.8  # of a limit, from where on it is told
_RESERVED_FILES = 96  # descriptors left to sockets, modules and the user's own files
_FILES_EACH = 4  # the database, its log, the log's index, and that of its history
_MOST_OPEN, _FEWEST_OPEN = 1000, 8


class OpenDatabases:
    """The budget of open databases: the least recently used are closed between their turns.

    `syncs_commits` tells whether what is committed has to survive a power loss, `most_bytes` how
    large each may be in production, `is_strict` whether they may be no larger here.
    """

    def __init__(
        self,
        limit: int | None = None,
        *,
        syncs_commits: bool = False,
        most_bytes: int = 10 * 1024**3,
        is_strict: bool = False,
    ) -> None:
        self.limit = _default_limit() if limit is None else limit
        self.syncs_commits = syncs_commits
        self.most_bytes = most_bytes
        self.is_strict = is_strict
        self._told: set[Path] = set()
        self._open: OrderedDict[DatabaseFile, None] = OrderedDict()
        self._has_warned = False

    def __len__(self) -> int:
        return len(self._open)

    def used(self, database: DatabaseFile) -> None:
        """Note that a database was just used."""
        self._open.move_to_end(database)

    def opened(self, database: DatabaseFile) -> None:
        """Take a database into the budget, closing others if it is exceeded."""
        self._open[database] = None
        self._look_at_size(database.path)
        if len(self._open) <= self.limit:
            return
        for other in [each for each in self._open if not each.is_pinned and each is not database]:
            other.close()
            if len(self._open) <= self.limit:
                return
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "%d databases are open, more than the %d that the limit on open files allows for; "
                "all of them are in the middle of something (raise it with ulimit -n)",
                len(self._open),
                self.limit,
            )

    def closed(self, database: DatabaseFile) -> None:
        """Take a database out of the budget."""
        self._open.pop(database, None)

    def _look_at_size(self, path: Path) -> None:
        size = path.stat().st_size
        if size >= _NEAR * self.most_bytes and path not in self._told:
            self._told.add(path)
            logger.warning(
                "%s has %.1f GB, and Cloudflare allows %.1f GB for an object",
                path,
                size / 1024**3,
                self.most_bytes / 1024**3,
            )

    def is_damaged(self, database: DatabaseFile, error: apsw.Error) -> None:
        """Say that the file of a database is damaged, once."""
        self._tell_of(
            database,
            f"is damaged ({error}): the object cannot be used until the file is put back from a"
            " copy, or `pydo state reset` takes the object away; other objects go on",
        )

    def is_refused(self, database: DatabaseFile, error: apsw.Error) -> None:
        """Say that the file of a database cannot be opened or written to, once."""
        self._tell_of(
            database,
            f"cannot be used ({error}): make it a file that you may read and write, and what begins"
            " with its name as well; other objects go on",
        )

    def _tell_of(self, database: DatabaseFile, message: str) -> None:
        if database.path not in self._told:
            self._told.add(database.path)
            logger.error("%s %s", database.path, message)


def _default_limit() -> int:
    files = open_files_limit()
    if files is None:
        return _MOST_OPEN
    return max(_FEWEST_OPEN, min(_MOST_OPEN, (files - _RESERVED_FILES) // _FILES_EACH))

"""A project's configuration while a server runs, read again when one of its files changes.

What a file held is noted before it is read, so that a change in between is not lost.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pydo.config.diagnostics import Diagnostics
from pydo.config.secrets import secret_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydo.config.discover import Location
    from pydo.config.schema import Config, Overrides

__all__ = ["Project"]


class Project:
    """The files that make a Config: the configuration itself, .dev.vars, .env and their like."""

    def __init__(self, location: Location, overrides: Overrides) -> None:
        self.location = location
        self._overrides = overrides
        own = (location.path, location.redirect)
        self.files = frozenset((*filter(None, own), *secret_files(overrides.wanted(location.home))))
        """Every file that counts, or would if it existed."""
        self.contents: Mapping[Path, bytes] = {}
        """What those that exist held when they were last read."""
        self._told: frozenset[str] = frozenset()

    def read(self) -> tuple[Config, Diagnostics]:
        """Read it all; of the warnings only those that were not given the last time.

        Raises:
            ConfigError: something is wrong.

        """
        from pydo.config import load  # noqa: PLC0415 - it is made of what is beside this

        contents: dict[Path, bytes] = {}
        for path in self.files:
            with suppress(OSError):
                contents[path] = path.read_bytes()
        self.contents = contents
        config, warnings = load(self.location, self._overrides)
        told, self._told = self._told, frozenset(map(str, warnings))
        return config, Diagnostics(each for each in warnings if str(each) not in told)

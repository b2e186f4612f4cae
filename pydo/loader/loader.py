"""Loading the project, again and again: the last good generation stays until a new one is whole."""

from __future__ import annotations

import linecache
import sys
import typing
from itertools import count
from os import sep
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydo.errors import UserCodeError
from pydo.loader.finder import ProjectFinder
from pydo.loader.generation import Generation
from pydo.loader.source import ModuleRoot
from pydo.loader.table import ModuleTable
from pydo.loader.traceback import summary, user_traceback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["Loader"]


class Loader:
    """Turns the folder of `main` into generations of modules, numbered by `numbers`.

    The current generation stands in `sys.modules`, until another loader's does; `close` takes out
    whatever the loader has put anywhere.  Modules that are not the project's are imported once
    and stay.
    """

    def __init__(self, main: Path, *, numbers: Iterator[int] | None = None) -> None:
        self.main = main
        self._root = ModuleRoot(main.absolute().parent)
        self._table = ModuleTable()
        self._finder = ProjectFinder(self._standing)
        self._numbers = count(1) if numbers is None else numbers
        self._current: Generation | None = None
        self._tried: Mapping[Path, bytes] = {}

    @property
    def current(self) -> Generation | None:
        """The last good generation."""
        return self._current

    @property
    def files(self) -> frozenset[Path]:
        """The files of the current generation, and those that the last load read."""
        return frozenset(self.digests)

    @property
    def digests(self) -> Mapping[Path, bytes]:
        """The `digest` of each of `files` as it was last read."""
        current = self._current.digests if self._current else {}
        return MappingProxyType({**current, **self._tried})

    def owns(self, filename: str) -> bool:
        """Whether a code object's file name is that of a file of the project."""
        return self._root.owns(filename)

    def load(self, check: Callable[[Generation], object] = lambda _: None) -> Generation:
        """Read the project anew and return the generation, which stands from then on.

        `check` looks at what was loaded before it takes over; what it raises is a failure to load.

        Raises:
            UserCodeError: the project does not load, whatever it raised; the generation before
                stands as if nothing had been tried.

        """
        if self._finder not in sys.meta_path:
            sys.meta_path.insert(0, self._finder)
        generation = Generation(next(self._numbers), self.main.stem, self._root, self._table)
        try:
            self._execute(generation)
            check(generation)
        except BaseException as error:
            self._table.choose(self._current)
            self._tried = generation.digests
            if isinstance(error, UserCodeError):  # from `check`, which says it best
                raise
            raise self._user_code_error(generation.refusal or error) from error
        else:
            self._tried = {}
            self._current = generation
            return generation
        finally:
            _forget_types()

    def close(self) -> None:
        """Take everything out of the interpreter that the loader has put there.

        Generations go on working for whoever holds them.
        """
        self._table.choose(None)
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        for places in (sys.path_importer_cache, linecache.cache):
            for place in [name for name in places if self._root.owns(f"{name}{sep}_")]:
                del places[place]
        _forget_types()
        self._current = None

    def stand(self) -> None:
        """Let the modules be found by name, and those of no other loader."""
        self._table.come_forward()

    def _standing(self) -> Generation | None:
        tenant = self._table.shown if self._table.is_in_front else None
        assert tenant is None or isinstance(tenant, Generation)
        return tenant

    def _execute(self, generation: Generation) -> None:
        if not self.main.is_file():
            raise FileNotFoundError(f"{self.main}: the file that `main` names is not there")
        self._table.choose(generation)
        generation.import_module(self.main.stem)
        if generation.refusal is not None:
            # An `except ImportError` of the project must not hide it.
            raise generation.refusal

    def _user_code_error(self, error: BaseException) -> UserCodeError:
        trimmed = user_traceback(error, self.owns)
        return UserCodeError(summary(error, trimmed), error, trimmed)


def _forget_types() -> None:
    """Drop the classes of earlier generations that typing remembers.

    `Optional[Class]` and its like are cached with the class, which holds its module; Python's own
    leak tests clear these caches in the same way.
    """
    for clear in getattr(typing, "_cleanups", ()):
        clear()

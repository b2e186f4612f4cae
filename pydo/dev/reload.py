"""What changes on disk while a Worker is served: each change once, some 30 ms after the save.

Folders are watched one by one and not as trees: the folder of `main` may hold a `.venv`,
`node_modules` or the state directory, whose events nobody wants.  An event only says where to
look; whether a file has changed is told by its contents.  So a file written under another name
and renamed, a touched file and a save without a change are no cases of their own.
"""

from __future__ import annotations

import ast
import asyncio
import os
import stat
import warnings
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydo.loader import digest
from pydo.loader.source import is_project_folder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping

    from watchfiles import Change

__all__ = ["Watched", "changes", "settled"]

_STEP_MS = 10
_DEBOUNCE_MS = 20
_SECOND_LOOK_S = 0.05
_MOST_LOOKS = 20
_MOST_HASHED_BYTES = 1 << 20
_PASSING_NAMES = ("4913",)  # with which vim tries whether it may write
_PASSING_PARTS = (".tmp", "___jb_")
_PASSING_ENDS = ("~", "#", ".bak", ".log", ".pyc", ".pyo", ".swo", ".swp", ".swx")
_OUTPUTS = (1, 2)  # descriptors of what this process says, which may go into a file


@dataclass(frozen=True, slots=True)
class Watched:
    """What counts at the moment.

    `folder` is the folder of `main`: the files in it count, whatever they are, and those in the
    folders below it that can hold code of the project.  `files` count wherever they are: the
    modules that were read, the configuration.  `digests` says what some of them held when they
    were read, None that there was no such file; one it does not know is compared with how it was
    last reported.  Nothing in the folders `ignored`, such as the state directory, ever counts.
    """

    folder: Path
    files: frozenset[Path] = frozenset()
    digests: Mapping[Path, bytes | None] = field(default_factory=dict[Path, bytes | None])
    ignored: frozenset[Path] = frozenset()


async def changes(
    watched: Callable[[], Watched],
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncGenerator[frozenset[Path], None]:
    """Yield the files that have changed, each change once, until the generator is closed.

    `watched` is asked anew at each event, so that its answer may follow what was loaded.  Files
    that already differ from `digests` when watching begins are yielded at once.  A file that is
    gone is yielded as well, unless it comes back within 50 ms.
    """
    memory = _Memory()
    view = _View(watched())

    def concerns(_: Change, place: str) -> bool:
        return view.concerns(place)

    while True:
        folders = view.folders
        async with aclosing(_events(folders, concerns)) as events:
            async for places in events:
                view = view.after(places, watched())
                touched = view.paths(places) if places else memory.differing(view)
                if any(not path.exists() for path in touched & view.files):
                    await sleep(_SECOND_LOOK_S)
                changed = memory.changed(touched, view)
                if changed:
                    yield changed
                    view = view.after((), watched())
                if view.folders != folders or not folders.isdisjoint(places):
                    # A folder that was made anew under its name is watched no more.
                    view = _View(watched())
                    break
            else:
                # A folder vanished before it could be watched.
                await sleep(_SECOND_LOOK_S)
                view = _View(watched())


async def settled(
    paths: Iterable[Path],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Return when none of the files looks half-written.

    One that is missing, empty or does not parse is looked at again after 50 ms, and taken for
    what it is once its size and time stay the same; after a second in any case.
    """
    doubtful = list(paths)
    for _ in range(_MOST_LOOKS):
        doubtful = [path for path in doubtful if _looks_unfinished(path)]
        before = [_signature(path) for path in doubtful]
        if not doubtful:
            return
        await sleep(_SECOND_LOOK_S)
        if [_signature(path) for path in doubtful] == before:
            return


class _View:
    """What `Watched` comes to on disk: the folders to watch, and what a path in them means."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.files = frozenset(path.absolute() for path in watched.files)
        self._root = watched.folder.absolute()
        self._ignored = frozenset(path.absolute() for path in watched.ignored)
        self._tree = frozenset(self._walk(self._root, set()))
        self._targets = _link_targets(self.files)
        self._outputs = frozenset(_identities(_OUTPUTS))
        self._real: dict[str, str] = {}
        wanted = [*self._tree, self._root, *(path.parent for path in self.files)]
        for folder in [*wanted, *(Path(target).parent for target in self._targets)]:
            present = str(_nearest(folder))
            # One folder under two paths would be watched under one of them only.
            self._real.setdefault(os.path.realpath(present), present)
        self._above = {str(path) for folder in wanted for path in (folder, *folder.parents)}
        self.folders = frozenset(self._real.values())

    def after(self, places: Iterable[str], watched: Watched) -> _View:
        """Return the view that holds after events at `places`."""
        is_same = watched == self.watched and not any(map(self._is_folder, places))
        return self if is_same else _View(watched)

    def concerns(self, place: str) -> bool:
        """Whether an event at that place means anything."""
        return self._is_folder(place) or bool(self.paths((place,)))

    def paths(self, places: Iterable[str]) -> frozenset[Path]:
        """Return the files that count of those that events name."""
        found = {path for place in places for path in self._named(place)}
        return frozenset(path for path in found if self._counts(path) and not path.is_dir())

    def present(self) -> Iterator[Path]:
        """Yield each file that counts now; of `files` the missing ones too."""
        yield from (path for path in self.files if self._counts(path))
        for folder in self._tree:
            with suppress(OSError):
                yield from (path for path in folder.iterdir() if self.holds(path))

    def holds(self, path: Path) -> bool:
        """Whether the path counts for the folder that it is in."""
        is_here = path.parent in self._tree and not _is_passing(path.name)
        return is_here and not path.is_dir() and not self._is_output(path)

    def _counts(self, path: Path) -> bool:
        if any(folder in path.parents for folder in self._ignored):
            return False
        return path in self.files or self.holds(path)

    def _is_output(self, path: Path) -> bool:
        # To report it would be to write to it, and so on for ever.
        return bool(self._outputs) and not self._outputs.isdisjoint(_identities((path,)))

    def _is_folder(self, place: str) -> bool:
        path = self._given(place)
        if str(path) in self._above or path in self._tree:
            return True
        return path.parent in self._tree and self._may_hold_code(path) and path.is_dir()

    def _named(self, place: str) -> set[Path]:
        return {self._given(place), *self._targets.get(os.path.realpath(place), ())}

    def _given(self, place: str) -> Path:
        """Return the path by which the user knows a place; events may name the real one."""
        parent, name = os.path.split(place)
        return Path(self._real.get(parent, parent), name)

    def _walk(self, folder: Path, visited: set[str]) -> Iterator[Path]:
        if not folder.is_dir() or (real := os.path.realpath(folder)) in visited:
            return
        visited.add(real)
        yield folder
        with suppress(OSError):
            for path in sorted(folder.iterdir()):
                if self._may_hold_code(path):
                    yield from self._walk(path, visited)

    def _may_hold_code(self, folder: Path) -> bool:
        return is_project_folder(folder.name) and folder not in self._ignored


class _Memory:
    """How the files stood when they were last looked at, and what was last said of them."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._signatures: dict[Path, tuple[int, int, int] | None] = {}
        self._reported: dict[Path, bytes | None] = {}

    def differing(self, view: _View) -> frozenset[Path]:
        """Return what may have changed while nobody watched."""
        now = {path: _signature(path) for path in view.present()}
        if view.watched.folder != self._folder:
            self._folder, self._signatures = view.watched.folder, now
            return frozenset(path for path in view.watched.digests if path in now)
        new = {path for path in now.keys() - self._signatures.keys() if view.holds(path)}
        old = {path for path, before in self._signatures.items() if now.get(path) != before}
        self._signatures = {**now, **{path: self._signatures[path] for path in old}}
        return frozenset(new | old)

    def changed(self, paths: Iterable[Path], view: _View) -> frozenset[Path]:
        """Return those of the paths whose contents are not what they were."""
        return frozenset(path for path in paths if self._has_changed(path, view))

    def _has_changed(self, path: Path, view: _View) -> bool:
        existed = self._signatures.get(path) is not None
        self._signatures[path] = _signature(path)
        digests = view.watched.digests
        contents = _contents(path, is_source=path in digests)
        if contents is None and not existed and path not in view.files:
            # It came and went: a file that an editor wrote to rename it.
            del self._signatures[path]
            return False
        is_known = path in digests or path in self._reported
        if is_known and contents == digests.get(path, self._reported.get(path)):
            return False
        self._reported[path] = contents
        return True


async def _events(
    folders: frozenset[str], concerns: Callable[[Change, str], bool]
) -> AsyncGenerator[frozenset[str], None]:
    """Yield the places where something happened; the first time none, when watching has begun.

    Ends if one of the folders is not there.
    """
    from watchfiles import awatch  # noqa: PLC0415 - no request needs it

    watcher = awatch(
        *folders, watch_filter=concerns, debounce=_DEBOUNCE_MS, step=_STEP_MS, recursive=False
    )
    first = asyncio.ensure_future(anext(watcher))
    try:
        # One step of the loop, in which the watcher registers the folders.
        await asyncio.sleep(0)
        if not first.done():
            yield frozenset()
        try:
            yield frozenset(place for _, place in await first)
        except FileNotFoundError:
            return
        async for events in watcher:
            yield frozenset(place for _, place in events)
    finally:
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await watcher.aclose()


def _link_targets(files: Iterable[Path]) -> dict[str, set[Path]]:
    targets: dict[str, set[Path]] = {}
    for path in files:
        if path.is_symlink():
            targets.setdefault(os.path.realpath(path), set()).add(path)
    return targets


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def _identities(files: Iterable[Path | int]) -> Iterator[tuple[int, int]]:
    """Yield by what the system knows those of some files that are regular ones."""
    for file in files:
        with suppress(OSError):
            status = os.stat(file)  # noqa: PTH116 - of a descriptor too
            if stat.S_ISREG(status.st_mode):
                yield status.st_dev, status.st_ino


def _is_passing(name: str) -> bool:
    return (
        name in _PASSING_NAMES
        or name.startswith((".", "#"))
        or name.endswith(_PASSING_ENDS)
        or any(part in name for part in _PASSING_PARTS)
    )


def _contents(path: Path, *, is_source: bool) -> bytes | None:
    """Return the digest of a file's contents; of a large one, of its size and time."""
    try:
        status = path.stat()
        if status.st_size > _MOST_HASHED_BYTES and not is_source:
            return digest(f"{status.st_size} {status.st_mtime_ns}".encode())
        return digest(path.read_bytes())
    except OSError:
        return None


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def _looks_unfinished(path: Path) -> bool:
    try:
        contents = path.read_bytes()
        if path.suffix == ".py":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(contents, str(path), "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        elif path.suffix == ".toml":
            import tomllib  # noqa: PLC0415 - as above

            tomllib.loads(contents.decode())
        elif path.suffix in {".json", ".jsonc"}:  # it may have comments: its end must do
            return not contents.rstrip().endswith((b"}", b"]"))
    except (OSError, SyntaxError, ValueError):
        return True
    return not contents

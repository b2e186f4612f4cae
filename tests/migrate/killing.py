"""Kills migrations between every two file operations, and looks at what is there afterwards.

    python -m tests.migrate.killing            every point
    python -m tests.migrate.killing --twice    and at each, every point of the recovery
    python -m tests.migrate.killing --every 7  a sample

A scenario is a state and a plan on it: each kind of step, and what takes it back.  The plan is
carried out in a child that is killed (SIGKILL) just before its n-th change to the disk: a file
opened to be written, renamed or removed, a folder made or removed, a write of SQLite's own.  Then
the state is opened again, and it must hold that

-   it is as it was before the plan, or after one of its steps, with the same ids and values;
-   every object that there was is in its class or in a backup that can be read;
-   no draft and no journal is left, and the rest of the plan can be made.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw

from pydo.config import load
from pydo.migrate import Migrator
from pydo.state import objects_of, read
from pydo.state.place import ObjectPlace
from pydo.statedir import ClassDirectory, StateDirectory

from .conftest import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydo.migrate import Plan

__all__ = ["SCENARIOS", "Figures", "LostError", "kill_everywhere"]

NEW = 'new_sqlite_classes = ["Counter"]'
RENAME = 'renamed_classes = [{from = "Counter", to = "Tally"}]'
DELETE = 'deleted_classes = ["Counter"]'
TRANSFER = 'transferred_classes = [{from = "Counter", from_script = "other", to = "Mine"}]'
SWAP = 'renamed_classes = [{from = "Tally", to = "Counter"}, {from = "New", to = "Tally"}]'

Content = dict[str, dict[str, Any]]
"""What each class stores, by its label: id → value."""


class LostError(AssertionError):
    """A promise was not kept; the message says which, and where."""


@dataclass(frozen=True)
class Seen:
    """What is there: what classes and backups store, and which tags are applied."""

    classes: Content
    backups: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]
    tags: tuple[str, ...]

    def has(self, object_id: str, value: object) -> bool:
        """Tell whether an object is in its class or in a backup."""
        kept = [dict(content) for _, content in self.backups]
        return any(each.get(object_id) == value for each in (*self.classes.values(), *kept))


@dataclass(frozen=True)
class Scenario:
    """How a state comes to be, and whether the last step is to be made or taken back."""

    name: str
    prepare: Callable[[Project, Project], None]
    is_undo: bool = False

    def plan(self, migrator: Migrator, project: Project) -> Plan:
        config, _ = load(project.root / "wrangler.toml")
        return migrator.plan_undo("app") if self.is_undo else migrator.plan(config)


def _new(project: Project, _: Project) -> None:
    project.write(NEW, classes="Counter")


def _adopted(project: Project, _: Project) -> None:
    _stored(project)
    project.write(NEW, classes="Counter")


def _renamed(project: Project, _: Project) -> None:
    _applied(project)
    project.write(NEW, RENAME, classes="Tally")


def _renamed_and_new(project: Project, _: Project) -> None:
    _applied(project)
    project.write(NEW, f"{RENAME}\n{NEW}", classes="Tally Counter")


def _renamed_to_an_empty_place(project: Project, _: Project) -> None:
    _applied(project)
    with StateDirectory.open(project.state_root) as state:
        state.class_directory("app", "Tally", "key-value")
    project.write(NEW, RENAME, classes="Tally")


def _renamed_twice(project: Project, _: Project) -> None:
    _applied(project)
    new = 'new_sqlite_classes = ["New"]'
    project.write(NEW, f"{RENAME}\n{new}", SWAP, classes="Tally Counter")


def _deleted(project: Project, _: Project) -> None:
    _applied(project)
    project.write(NEW, DELETE)


def _deleted_and_new(project: Project, _: Project) -> None:
    _applied(project)
    project.write(NEW, DELETE, NEW, classes="Counter")


def _transferred(project: Project, _: Project) -> None:
    _stored(project, "other")
    project.write(TRANSFER, classes="Mine")


def _copied(project: Project, other: Project) -> None:
    _stored(other, "other")
    project.write(TRANSFER, classes="Mine")


def _reconciled(project: Project, _: Project) -> None:
    _applied(project)
    project.store("Gone", "g", 7)
    project.exports(
        'Counter = {type = "durable-object", state = "renamed", renamed_to = "Tally"}',
        'Tally = {type = "durable-object", storage = "sqlite"}',
        'Gone = {type = "durable-object", state = "deleted"}',
        classes="Tally",
    )


def _undone(prepare: Callable[[Project, Project], None]) -> Callable[[Project, Project], None]:
    def prepared(project: Project, other: Project) -> None:
        prepare(project, other)
        project.apply(other.state_root)

    return prepared


def _stored(project: Project, worker: str = "app") -> None:
    for number, name in enumerate(("a", "b")):
        project.store("Counter", name, number, worker=worker)


def _applied(project: Project) -> None:
    project.write(NEW, classes="Counter")
    project.apply()
    _stored(project)


_STEPS = {
    "new": _new,
    "take up": _adopted,
    "rename": _renamed,
    "rename, and new of the old name": _renamed_and_new,
    "rename to an empty place": _renamed_to_an_empty_place,
    "rename twice": _renamed_twice,
    "delete": _deleted,
    "delete, and new": _deleted_and_new,
    "transfer": _transferred,
    "transfer from another state": _copied,
    "exports": _reconciled,
}
SCENARIOS = [
    *(Scenario(name, prepare) for name, prepare in _STEPS.items()),
    *(Scenario(f"undo of {name}", _undone(p), is_undo=True) for name, p in _STEPS.items()),
]


# -- killing


@dataclass
class Figures:
    """What was tried."""

    scenarios: int = 0
    kills: int = 0
    kills_of_recovery: int = 0
    as_before: int = 0
    as_after: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return "\n".join(f"{name:<20}{value:>9.6g}" for name, value in vars(self).items())


def kill_everywhere(
    where: Path, scenarios: list[Scenario], *, every: int = 1, twice: bool = False
) -> Figures:
    """Kill at each point, or at each `every`-th; `twice` kills each recovery as well.

    Raises:
        LostError: something was not as it should be.

    """
    figures, began = Figures(), time.monotonic()
    for number, scenario in enumerate(scenarios):
        trial = _Trial(scenario, where / str(number), figures)
        figures.scenarios += 1
        for point in range(1 + number % every, sys.maxsize, every):
            if not trial.kill(point, twice=twice):
                break
    figures.seconds = time.monotonic() - began
    return figures


class _Trial:
    """One scenario: the state it begins with, and what it may lead to."""

    def __init__(self, scenario: Scenario, where: Path, figures: Figures) -> None:
        self._scenario = scenario
        self._figures = figures
        self._template, self._work = where / "template", where / "work"
        for each in ("project", "other"):
            (self._template / each).mkdir(parents=True)
        scenario.prepare(self._project(self._template), self._other(self._template))
        self._expected = self._expect()

    def _project(self, root: Path) -> Project:
        return Project(root / "project")

    def _other(self, root: Path) -> Project:
        return Project(root / "other")

    def _expect(self) -> list[Seen]:
        """Give what is there before, and after each step."""
        found: list[Seen] = []
        count = 0
        while True:
            self._begin()
            with self._migrator() as (migrator, state):
                plan = self._scenario.plan(migrator, self._project(self._work))
                migrator.apply(replace(plan, steps=plan.steps[:count]))
                found.append(_see(state))
            if count == len(plan.steps):
                return found
            count += 1

    def _begin(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)
        shutil.copytree(self._template, self._work)

    def _migrator(self) -> _Opened:
        other = self._other(self._work).state_root
        return _Opened(self._project(self._work), other if other.exists() else None)

    def kill(self, point: int, *, twice: bool) -> bool:
        """Kill at a point; False if the plan has ended before it."""
        self._begin()
        if not _dies(self._carry_out, point, self._work):
            self._look(point)
            return False
        self._figures.kills += 1
        if twice:
            kept = self._work.with_name("killed")
            shutil.rmtree(kept, ignore_errors=True)
            self._work.rename(kept)
            for second in range(1, sys.maxsize):
                shutil.copytree(kept, self._work)
                died = _dies(self._recover, second, self._work)
                self._look(point, second)
                self._figures.kills_of_recovery += died
                shutil.rmtree(self._work)
                if not died:
                    return True
        self._look(point)
        return True

    def _carry_out(self) -> None:
        with self._migrator() as (migrator, _):
            migrator.apply(self._scenario.plan(migrator, self._project(self._work)))

    def _recover(self) -> None:
        with self._migrator():
            pass

    def _look(self, *point: int) -> None:
        where = f"{self._scenario.name}, point {point}"
        with self._migrator() as (migrator, state):
            seen = _see(state)
            if seen not in self._expected:
                raise LostError(f"{where}: neither done nor undone: {seen}\n{self._expected}")
            for content in self._expected[0].classes.values():
                for object_id, value in content.items():
                    if not seen.has(object_id, value):
                        raise LostError(f"{where}: {object_id} is lost")
            if left := [*_left(state.layout)]:
                raise LostError(f"{where}: {left} is left")
            self._figures.as_before += seen == self._expected[0]
            self._figures.as_after += seen == self._expected[-1]
            if seen != self._expected[-1]:
                migrator.apply(self._scenario.plan(migrator, self._project(self._work)))
                if _see(state) != self._expected[-1]:
                    raise LostError(f"{where}: the rest cannot be made")


class _Opened:
    """A migrator on a project's state, held meanwhile."""

    def __init__(self, project: Project, other: Path | None) -> None:
        self._root, self._other = project.state_root, other

    def __enter__(self) -> tuple[Migrator, StateDirectory]:
        self._state = StateDirectory.open(self._root)
        return Migrator(self._state, self._other), self._state

    def __exit__(self, *_: object) -> None:
        self._state.close()


def _see(state: StateDirectory) -> Seen:
    migrator = Migrator(state)
    folder = state.layout / "backups"
    kept = [
        (each.name.split("-", 1)[1], tuple(sorted(_backed_up(each / "class").items())))
        for each in (folder.iterdir() if folder.exists() else ())
    ]
    return Seen(
        {
            each.label: {place.id: read(place, None).keys["value"] for place in objects_of(each)}
            for each in state.class_directories()
        },
        tuple(sorted(kept)),
        tuple(each.tag for each in migrator.ledger.of("app").applied),
    )


def _backed_up(folder: Path) -> dict[str, Any]:
    owner = ClassDirectory(folder, "", "", "")
    return {
        each: read(ObjectPlace(owner, each, None), None).keys["value"]
        for each in owner.list_objects()
    }


def _left(layout: Path) -> Iterator[str]:
    for folder in (layout, layout / "do", layout / "backups"):
        if folder.exists():
            yield from (each.name for each in folder.iterdir() if each.name.startswith("."))
    if (layout / "migrating.json").exists():
        yield "migrating.json"


# -- dying


def _dies(act: Callable[[], None], point: int, where: Path) -> bool:
    """Do something in a child that is killed before its n-th change to the disk; whether it was."""
    child = os.fork()
    if child == 0:
        try:
            _die_at(point, str(where))
            act()
        except BaseException as error:  # noqa: BLE001 - the parent hears of it
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if status:
        raise LostError("it failed without being killed")
    return False


def _die_at(point: int, where: str) -> None:
    count = 0

    def change() -> None:
        nonlocal count
        count += 1
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES or (event == "open" and arguments[2] & _WRITES):
            path = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else ""
            if not path.startswith("/") or path.startswith(where):  # or relative to a folder in it
                change()

    sys.addaudithook(look)
    _DyingVFS(change)


_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}
_WRITES = os.O_WRONLY | os.O_RDWR


class _DyingVFS(apsw.VFS):
    """SQLite's own changes, each told of before it is made."""

    def __init__(self, change: Callable[[], None]) -> None:
        self._change = change
        super().__init__("dying", "", makedefault=True)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802 - APSW's
        self._change()
        super().xDelete(filename, syncdir)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - APSW's
        return _DyingFile(self._change, name, flags)


class _DyingFile(apsw.VFSFile):
    def __init__(self, change: Callable[[], None], name: Any, flags: list[int]) -> None:
        self._change = change
        super().__init__("", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - APSW's
        self._change()
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - APSW's
        self._change()
        super().xTruncate(newsize)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--twice", action="store_true")
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    chosen = [each for each in SCENARIOS if given.only in each.name]
    with tempfile.TemporaryDirectory() as folder:
        figures = kill_everywhere(Path(folder), chosen, every=given.every, twice=given.twice)
    sys.stdout.write(f"{figures}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

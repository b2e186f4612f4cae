from __future__ import annotations

import asyncio
import os
import shutil
import time
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pydo.dev import reload
from pydo.dev.reload import Watched, changes, settled
from pydo.loader import Loader, digest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    Next = Callable[[], Awaitable[frozenset[Path]]]


class Project:
    """A folder with a configuration and `src`, where the entry is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "src"
        self.root.mkdir()
        self.entry = self.write("src/entry.py", "VALUE = 1\n")
        self.config = self.write("wrangler.toml", "name = 'app'\n")
        self.state = folder / ".pydo"
        self.state.mkdir()
        self.watched = Watched(
            self.root, frozenset({self.entry, self.config}), ignored=frozenset({self.state})
        )

    def write(self, name: str, text: str = "", *, at: Path | None = None) -> Path:
        path = (at or self.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    @asynccontextmanager
    async def watching(
        self, watched: Callable[[], Watched] | None = None
    ) -> AsyncGenerator[Next, None]:
        """Watch, and give what waits for the next report; watching has begun by then."""
        mark = self.write("mark.txt")
        asked = watched or (lambda: self.watched)

        def marked() -> Watched:
            now = asked()
            return replace(now, files=now.files | {mark}, digests={**now.digests, mark: b""})

        async with aclosing(changes(marked)) as reports:
            next_report = partial(anext, reports)
            assert await next_report() == {mark}
            yield next_report


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_save_is_reported_within_sixty_milliseconds(project: Project) -> None:
    async def scenario() -> None:
        async with project.watching() as next_report:
            for number in range(7):
                began = time.perf_counter()
                project.entry.write_text(f"VALUE = {number + 10}\n")
                assert await next_report() == {project.entry}
                took.append(time.perf_counter() - began)

    took: list[float] = []

    asyncio.run(scenario())

    assert sorted(took)[3] < 0.06


def _write_in_place(path: Path) -> None:
    path.write_text("VALUE = 2\n")


def _write_aside_and_rename(path: Path) -> None:
    aside = path.with_name("sedXk29a")
    aside.write_text("VALUE = 2\n")
    aside.replace(path)


def _back_up_and_write_anew(path: Path) -> None:
    path.with_name("4913").touch()
    path.with_name("4913").unlink()
    path.rename(f"{path}~")
    path.write_text("VALUE = 2\n")
    path.with_name(f"{path.name}~").unlink()


def _delete_and_make_again(path: Path) -> None:
    path.unlink()
    path.write_text("VALUE = 2\n")


def _write_with_swap_file(path: Path) -> None:
    swap = path.with_name(".entry.py.swp")
    swap.write_text("")
    path.write_text("VALUE = 2\n")
    swap.unlink()


@pytest.mark.parametrize(
    "save",
    [
        _write_in_place,
        _write_aside_and_rename,
        _back_up_and_write_anew,
        _delete_and_make_again,
        _write_with_swap_file,
    ],
)
@pytest.mark.parametrize("which", ["entry", "config"])
def test_however_an_editor_saves_the_final_path_is_reported_once(
    project: Project, save: Callable[[Path], None], which: str
) -> None:
    path: Path = getattr(project, which)

    async def scenario() -> None:
        async with project.watching() as next_report:
            save(path)
            assert await next_report() == {path}

            last = project.write("src/last.txt")
            assert await next_report() == {last}

    asyncio.run(scenario())


def test_a_file_that_comes_back_after_a_moment_is_reported_once(project: Project) -> None:
    async def come_back(_: float) -> None:
        project.entry.write_text("VALUE = 3\n")

    async def scenario() -> None:
        async with aclosing(changes(watched, sleep=come_back)) as reports:
            assert await anext(reports) == {project.config}

            project.entry.unlink()
            assert await anext(reports) == {project.entry}
            assert project.entry.exists()

            last = project.write("src/last.txt")
            assert await anext(reports) == {last}

    def watched() -> Watched:
        return replace(project.watched, digests={project.config: b""})

    asyncio.run(scenario())


def test_a_file_that_stays_away_is_reported(project: Project) -> None:
    data = project.write("src/data.txt")

    async def scenario() -> None:
        async with project.watching() as next_report:
            project.entry.unlink()
            assert await next_report() == {project.entry}
            data.unlink()
            assert await next_report() == {data}

    asyncio.run(scenario())


def test_files_beside_the_entry_and_below_count_whatever_they_are(project: Project) -> None:
    names = ["new.py", "page.html", "query.sql", "Makefile", "pkg/module.py", "pkg/deep/a.bin"]
    for name in names:
        project.write(f"src/{name}")

    async def scenario() -> None:
        async with project.watching() as next_report:
            for name in names:
                path = project.write(f"src/{name}", "changed")
                assert await next_report() == {path}

    asyncio.run(scenario())


def test_files_of_other_tools_and_of_editors_do_not_count(project: Project) -> None:
    project.watched = replace(
        project.watched, ignored=frozenset({project.state, project.root / "kept"})
    )
    names = [
        "src/.venv/lib/x.py",
        "src/.venv-workers/x.py",
        "src/.git/index",
        "src/__pycache__/entry.cpython-311.pyc",
        "src/node_modules/a/b.js",
        "src/python_modules/a.py",
        "src/.pydo/state/x.sqlite",
        "src/kept/x.sqlite",
        "src/.wrangler/tmp/x",
        "src/.entry.py.swp",
        "src/.#entry.py",
        "src/#entry.py#",
        "src/entry.py~",
        "src/dev.log",
        "src/entry.pyc",
        "src/entry.py.tmp.1234",
        "src/entry.py___jb_tmp___",
        "src/4913",
        ".pydo/state/x.sqlite",
        ".venv/lib/x.py",
        ".git/index",
        "README.md",
        "tests/test_entry.py",
    ]
    for name in names:
        project.write(name, "before")

    async def scenario() -> None:
        async with project.watching() as next_report:
            for name in names:
                project.write(name, "after")
            last = project.write("src/last.txt")
            assert await next_report() == {last}

    asyncio.run(scenario())


def test_what_pydo_says_into_a_file_of_the_project_is_no_change(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with project.watching() as next_report:
            output.write_text("Reloading")
            last = project.write("src/last.txt")
            assert await next_report() == {last}

    output = project.write("src/output.txt")
    with output.open() as opened:
        monkeypatch.setattr(reload, "_OUTPUTS", (opened.fileno(),))
        asyncio.run(scenario())


def test_what_is_ignored_stays_so_when_it_is_named(project: Project) -> None:
    inside = project.write(".pydo/state/x.py")
    project.watched = replace(project.watched, files=project.watched.files | {inside})

    async def scenario() -> None:
        async with project.watching() as next_report:
            inside.write_text("after")
            project.config.write_text("after")
            assert await next_report() == {project.config}

    asyncio.run(scenario())


def test_a_touch_and_a_save_without_a_change_are_not_reported(project: Project) -> None:
    project.watched = replace(
        project.watched, digests={project.entry: digest(project.entry.read_bytes())}
    )

    async def scenario() -> None:
        async with project.watching() as next_report:
            project.entry.touch()
            project.entry.write_text(project.entry.read_text())
            project.config.write_text("name = 'other'\n")
            assert await next_report() == {project.config}

            project.config.touch()
            last = project.write("src/last.txt")
            assert await next_report() == {last}

    asyncio.run(scenario())


def test_a_large_file_is_compared_by_size_and_time(project: Project) -> None:
    large = project.write("src/large.bin", "x" * (1 << 20) + "x")

    async def scenario() -> None:
        async with project.watching() as next_report:
            for time_ns in (10**18, 2 * 10**18):
                os.utime(large, ns=(time_ns, time_ns))
                assert await next_report() == {large}

    asyncio.run(scenario())


def test_what_differs_when_watching_begins_is_reported_at_once(project: Project) -> None:
    project.watched = replace(
        project.watched,
        digests={
            project.entry: digest(b"as it was loaded"),
            project.config: digest(project.config.read_bytes()),
            (came := project.write(".env", "A=1")): None,
            (missing := project.folder / ".dev.vars"): None,
        },
        files=project.watched.files | {came, missing},
    )

    async def scenario() -> frozenset[Path]:
        async with aclosing(changes(lambda: project.watched)) as reports:
            return await anext(reports)

    assert asyncio.run(scenario()) == {project.entry, came}


def test_a_folder_made_later_is_watched_with_what_is_in_it(project: Project) -> None:
    async def scenario() -> None:
        async with project.watching() as next_report:
            one = project.write("src/pkg/deep/one.py")
            assert await next_report() == {one}
            two = project.write("src/pkg/deep/two.py")
            assert await next_report() == {two}

    asyncio.run(scenario())


def test_a_folder_that_goes_takes_its_files_with_it(project: Project) -> None:
    module = project.write("src/pkg/one.py")
    project.watched = replace(project.watched, files=project.watched.files | {module})

    async def scenario() -> None:
        async with project.watching() as next_report:
            (project.root / "pkg").rename(project.folder / "elsewhere")
            assert await next_report() == {module}

    asyncio.run(scenario())


def test_a_missing_folder_is_waited_for(project: Project) -> None:
    shutil.rmtree(project.root)

    async def scenario() -> None:
        async with project.watching() as next_report:
            project.root.mkdir()
            entry = project.write("src/entry.py", "VALUE = 5\n")
            assert await next_report() == {entry}
            entry.write_text("VALUE = 6\n")
            assert await next_report() == {entry}

    asyncio.run(scenario())


def test_a_folder_that_is_replaced_is_watched_again(project: Project) -> None:
    async def scenario() -> None:
        async with project.watching() as next_report:
            shutil.rmtree(project.root)
            project.root.mkdir()
            project.entry.write_text("VALUE = 7\n")
            assert await next_report() == {project.entry}
            project.entry.write_text("VALUE = 8\n")
            assert await next_report() == {project.entry}

    asyncio.run(scenario())


def test_files_outside_the_folder_count_and_their_neighbours_do_not(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shared = project.write("shared.py", "VALUE = 1\n", at=elsewhere)
    project.watched = replace(project.watched, files=project.watched.files | {shared})

    async def scenario() -> None:
        async with project.watching() as next_report:
            project.write("neighbour.py", at=elsewhere)
            shared.write_text("VALUE = 2\n")
            assert await next_report() == {shared}

    asyncio.run(scenario())


def test_a_module_that_is_a_link_is_reported_under_its_own_name(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = project.write("target.py", "VALUE = 1\n", at=tmp_path_factory.mktemp("elsewhere"))
    link = project.root / "linked.py"
    link.symlink_to(target)
    twin = project.root / "twin.py"
    twin.symlink_to(project.entry)
    project.watched = replace(project.watched, files=project.watched.files | {link, twin})

    async def scenario() -> None:
        async with project.watching() as next_report:
            target.write_text("VALUE = 2\n")
            assert await next_report() == {link}
            project.entry.write_text("VALUE = 2\n")
            assert await next_report() == {project.entry, twin}

    asyncio.run(scenario())


def test_a_folder_reached_through_a_link_keeps_the_users_path(project: Project) -> None:
    (project.folder / "link").symlink_to(project.root)
    (project.root / "again").symlink_to(project.root)
    entry = project.folder / "link" / "entry.py"
    project.watched = Watched(project.folder / "link", frozenset({entry}))

    async def scenario() -> None:
        async with project.watching() as next_report:
            project.entry.write_text("VALUE = 2\n")
            assert await next_report() == {entry}

    asyncio.run(scenario())


def test_what_is_watched_follows_what_was_loaded(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shared = project.write("shared.py", at=tmp_path_factory.mktemp("elsewhere"))

    async def scenario() -> None:
        async with project.watching() as next_report:
            shared.write_text("not yet")
            project.entry.write_text("import shared\n")
            assert await next_report() == {project.entry}
            project.watched = replace(project.watched, files=project.watched.files | {shared})

            last = asyncio.ensure_future(next_report())
            while not last.done():
                shared.write_text(f"{time.perf_counter_ns()}")
                await asyncio.wait([last], timeout=0.02)
            assert last.result() == {shared}

    asyncio.run(scenario())


def test_what_was_loaded_meanwhile_is_not_reported(project: Project) -> None:
    async def scenario() -> None:
        async with project.watching(watched) as next_report:
            project.entry.write_text("VALUE = 2\n")
            assert await next_report() == {project.entry}
            project.entry.write_text("VALUE = 3\n")
            loader.load()

            last = project.write("src/last.txt")
            assert await next_report() == {last}

            project.entry.write_text("VALUE = 2\n")
            assert await next_report() == {project.entry}

    def watched() -> Watched:
        return replace(project.watched, files=loader.files, digests=loader.digests)

    with closing(Loader(project.entry)) as loader:
        loader.load()
        asyncio.run(scenario())


def test_several_saves_at_once_are_one_report(project: Project) -> None:
    async def scenario() -> None:
        async with project.watching() as next_report:
            project.entry.write_text("VALUE = 2\n")
            project.config.write_text("name = 'other'\n")
            assert await next_report() == {project.entry, project.config}

    asyncio.run(scenario())


def test_closing_stops_watching_at_once(project: Project) -> None:
    async def scenario() -> float:
        async with project.watching() as next_report:
            waiting = asyncio.ensure_future(next_report())
            await asyncio.wait([waiting], timeout=0.01)
            began = time.perf_counter()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        return time.perf_counter() - began

    assert asyncio.run(scenario()) < 0.5


class Sleeps:
    """Stands for asyncio.sleep: does the next of `acts` in the time asked for."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        self.acts = list(acts)
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.acts:
            self.acts.pop(0)()


def test_whole_files_are_settled_at_once(project: Project) -> None:
    sleep = Sleeps()

    asyncio.run(settled([project.entry, project.config, project.write("a.bin", "{")], sleep))

    assert sleep.slept == []


@pytest.mark.parametrize(
    ("name", "half"),
    [
        ("a.py", ""),
        ("a.py", "def f(:"),
        ("a.toml", "name = "),
        ("a.jsonc", '{"name": // x\n'),
        ("a.txt", ""),
        ("a.py", "'\0'"),
    ],
)
def test_a_file_that_looks_half_written_is_looked_at_again(
    project: Project, name: str, half: str
) -> None:
    path = project.write(name, half)
    whole = "{}\n" if name.endswith(".jsonc") else "a = 1\n"
    sleep = Sleeps(lambda: path.write_text(whole))

    asyncio.run(settled([path], sleep))

    assert sleep.slept == [0.05]


def test_a_missing_file_is_waited_for_once(project: Project) -> None:
    sleep = Sleeps()

    asyncio.run(settled([project.folder / "gone.py"], sleep))

    assert sleep.slept == [0.05]


def test_a_file_that_stays_as_it_is_is_settled(project: Project) -> None:
    path = project.write("a.py", "def f(:")
    sleep = Sleeps(lambda: path.write_text("def f(a,:"))

    asyncio.run(settled([path], sleep))

    assert sleep.slept == [0.05, 0.05]


def test_a_file_that_never_settles_is_taken_after_a_second(project: Project) -> None:
    path = project.write("a.py", "(")
    grow = [lambda: path.write_text(path.read_text() + "(") for _ in range(100)]
    sleep = Sleeps(*grow)

    asyncio.run(settled([path], sleep))

    assert sum(sleep.slept) == pytest.approx(1.0)

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import pickle
import sys
import traceback
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, get_type_hints

import pytest

from pydo.errors import UserCodeError
from pydo.loader import Loader, digest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Project


def test_the_entry_is_imported_under_the_stem_of_main(project: Project) -> None:
    generation = project.load("NAME = __name__\nFILE = __file__\nPACKAGE = __package__")

    assert generation.number == 1
    assert generation.entry.NAME == "entry"
    assert str(project.root / "entry.py") == generation.entry.FILE
    assert generation.entry.PACKAGE == ""
    assert generation.modules == {"entry": generation.entry}
    assert sys.modules["entry"] is generation.entry


def test_generations_are_numbered_and_a_failed_one_takes_a_number(tmp_path: Path) -> None:
    main = tmp_path / "worker.py"
    main.write_text("")

    with closing(Loader(main, numbers=count(7))) as loader:
        first = loader.load()
        main.write_text("1/0")
        with pytest.raises(UserCodeError):
            loader.load()
        main.write_text("")
        third = loader.load()

    assert (first.number, third.number) == (7, 9)


def test_an_edit_of_the_same_size_within_the_same_second_is_loaded(project: Project) -> None:
    file = project.write("helper.py", "VALUE = 1\n")
    status = file.stat()
    assert project.entry("from helper import VALUE").VALUE == 1

    file.write_text("VALUE = 2\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert project.entry().VALUE == 2


@pytest.mark.parametrize("dont_write", [True, False])
def test_bytecode_is_neither_written_nor_read(
    project: Project, monkeypatch: pytest.MonkeyPatch, *, dont_write: bool
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", dont_write)
    cached = project.write("__pycache__/helper.cpython-311.pyc", "no bytecode at all")
    project.write("helper.py", "VALUE = 1")

    assert project.entry("from helper import VALUE").VALUE == 1

    assert list(project.folder.rglob("*.pyc")) == [cached]
    assert not hasattr(sys.modules["helper"], "__cached__")


def test_source_encodings_are_respected(project: Project) -> None:
    (project.root / "latin.py").write_bytes("# coding: latin-1\nTEXT = 'é'\n".encode("latin-1"))
    (project.root / "marked.py").write_bytes(b"\xef\xbb\xbfTEXT = '\xe6\x97\xa5'\n")

    entry = project.entry("import latin, marked")

    assert (entry.latin.TEXT, entry.marked.TEXT) == ("é", "日")


@pytest.mark.parametrize(
    "contents",
    [b"VALUE = '\xe9'\n", b"# coding: no-such-coding\n", b"VALUE = '\0'\n"],
)
def test_a_source_that_is_no_text_is_a_syntax_error_with_its_file(
    project: Project, contents: bytes
) -> None:
    file = project.root / "helper.py"
    file.write_bytes(contents)

    failure = project.fail("import helper")

    assert isinstance(failure.error, SyntaxError)
    assert str(file) in str(failure)


def test_a_new_load_swaps_the_modules_of_the_old_one_out(project: Project) -> None:
    project.write("helper.py", "VALUE = 1")
    first = project.load("import helper")
    project.write("other.py", "VALUE = 2")

    second = project.load("import other")

    assert "helper" not in sys.modules
    assert sys.modules["other"] is second.modules["other"]
    assert sys.modules["entry"] is second.entry is not first.entry
    assert first.modules.keys() == {"entry", "helper"}


@pytest.mark.parametrize(
    "broken",
    [
        "import helper, extra\n1 / 0",
        "import helper, extra\nif",
        "import helper, extra\nimport missing",
        "import helper, extra\nraise SystemExit(3)",
        "import helper, extra\nimport sys\nsys.exit()",
        "import helper, extra\nraise KeyboardInterrupt",
        "import helper, extra\nclass Stop(BaseException): pass\nraise Stop",
        "import helper, extra\nraise BaseExceptionGroup('both', [GeneratorExit(), ValueError()])",
    ],
)
def test_a_failed_load_restores_the_last_good_generation_exactly(
    project: Project, broken: str
) -> None:
    project.write("helper.py", "import sys\nsys.modules['alias'] = sys.modules[__name__]")
    project.write("extra.py", "")
    good = project.load("import helper")
    before = {
        name: module for name, module in sys.modules.items() if module in good.modules.values()
    }
    assert before.keys() == {"entry", "helper", "alias"}

    failure = project.fail(broken)

    after = {
        name: module for name, module in sys.modules.items() if module in good.modules.values()
    }
    assert after == before
    assert "extra" not in sys.modules
    assert project.loader.current is good
    assert isinstance(failure.error, BaseException)
    assert failure.__cause__ is failure.error


def test_the_fix_of_a_broken_edit_is_loaded(project: Project) -> None:
    project.load("VALUE = 1")
    project.fail("VALUE = ")

    assert project.entry("VALUE = 2").VALUE == 2


def test_a_failing_first_load_leaves_nothing_in_sys_modules(project: Project) -> None:
    project.write("helper.py", "")

    project.fail("import helper\n1 / 0")

    assert not {"entry", "helper"} & sys.modules.keys()


def test_a_failure_names_the_users_file_and_line_and_holds_only_the_users_frames(
    project: Project,
) -> None:
    helper = project.write("helper.py", "\ndef divide():\n    return 1 / 0\n\ndivide()")

    failure = project.fail("import helper")

    assert str(failure) == f"{helper}:3: ZeroDivisionError: division by zero"
    frames = [
        (frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(failure.traceback)
    ]
    entry = str(project.root / "entry.py")
    assert frames == [(entry, 1), (str(helper), 5), (str(helper), 3)]


def test_a_syntax_error_names_its_file_and_line(project: Project) -> None:
    helper = project.write("helper.py", "value = 1\ndef broken(:\n")

    failure = project.fail("import helper")

    assert str(failure) == f"{helper}:2: SyntaxError: invalid syntax"


def test_a_missing_entry_is_an_error_that_the_next_load_can_mend(project: Project) -> None:
    failure = project.fail()

    assert "entry.py" in str(failure)
    assert isinstance(failure.error, FileNotFoundError)
    assert project.entry("VALUE = 1").VALUE == 1


def test_the_files_of_a_failed_load_and_of_the_good_one_are_known(project: Project) -> None:
    old = project.write("old.py", "")
    good = project.load("import old")
    helper = project.write("helper.py", "VALUE =")

    project.fail("import helper")

    entry = project.root / "entry.py"
    assert good.files == {entry, old}
    assert project.loader.files == {entry, old, helper}
    assert project.loader.digests[helper] == digest(helper.read_bytes())
    assert project.loader.digests[entry] == digest(b"import helper")


def test_the_good_loads_files_replace_those_of_a_failed_one(project: Project) -> None:
    project.write("helper.py", "VALUE =")
    project.fail("import helper")

    project.load("")

    assert project.loader.files == {project.root / "entry.py"}


def test_tracebacks_show_the_source_as_it_is_after_an_edit(project: Project) -> None:
    file = project.write("entry.py", "def run():\n    return 1 / 0\n")
    status = file.stat()
    with pytest.raises(ZeroDivisionError) as caught:
        project.entry().run()
    assert "return 1 / 0" in "".join(traceback.format_exception(caught.value))

    file.write_text("def run():\n    return 2 / 0\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(ZeroDivisionError) as caught:
        project.entry().run()

    assert "return 2 / 0" in "".join(traceback.format_exception(caught.value))


def test_packages_that_are_not_the_projects_stay_loaded(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "elsewhere_package.py").write_text("STATE = object()")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    first = project.entry("from elsewhere_package import STATE").STATE
    second = project.entry().STATE

    assert first is second
    del sys.modules["elsewhere_package"]


def test_closing_leaves_nothing_behind(project: Project) -> None:
    project.write("pkg/one.py", "")
    meta_path, path = list(sys.meta_path), list(sys.path)
    generation = project.load("import pkg.one\ndef run():\n    return 1 / 0")
    with pytest.raises(ZeroDivisionError) as caught:
        generation.entry.run()
    traceback.format_exception(caught.value)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("pkg.none")

    project.loader.close()
    project.loader.close()

    assert sys.meta_path == meta_path
    assert sys.path == path
    assert not {"entry", "pkg", "pkg.one"} & sys.modules.keys()
    places = [*linecache.cache, *sys.path_importer_cache]
    assert not [place for place in places if place.startswith(str(project.root))]


def test_a_closed_generation_still_imports_its_own_modules(project: Project) -> None:
    project.write("helper.py", "VALUE = 1")
    entry = project.entry("def run():\n    import helper\n    return helper.VALUE")
    project.loader.close()

    assert entry.run() == 1
    assert "helper" not in sys.modules


def test_of_two_loaders_one_at_a_time_stands(tmp_path: Path) -> None:
    loaders: list[Loader] = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "entry.py").write_text(
            f"import only_{name}\nclass Kept:\n    x: 'Kept'\n"
        )
        (tmp_path / name / f"only_{name}.py").write_text("")
        (tmp_path / name / f"later_{name}.py").write_text(f"NAME = {name!r}")
        loaders.append(Loader(tmp_path / name / "entry.py"))
    one, two = loaders
    first, second = one.load(), two.load()

    one.stand()

    kept = first.entry.Kept
    unpickled = pickle.loads(pickle.dumps(kept))  # noqa: S301 - its own
    assert (unpickled, get_type_hints(kept)) == (kept, {"x": kept})
    assert importlib.import_module("later_a").NAME == "a"
    assert importlib.util.find_spec("later_b") is None
    assert "only_b" not in sys.modules
    two.stand()
    assert sys.modules["entry"] is second.entry
    assert not {"only_a", "later_a"} & sys.modules.keys()
    two.close()
    assert sys.modules["later_a"].NAME == "a"
    one.close()


def test_two_loaders_with_the_same_names_do_not_disturb_each_other(tmp_path: Path) -> None:
    loaders: list[Loader] = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "helper.py").write_text(f"VALUE = {name!r}")
        main = tmp_path / name / "entry.py"
        main.write_text(
            "import helper\ndef run():\n    import lazy, helper\n    return helper.VALUE"
        )
        (tmp_path / name / "lazy.py").write_text("")
        loaders.append(Loader(main))
    one, two = loaders

    first, second = one.load(), two.load()

    assert (first.entry.run(), second.entry.run()) == ("a", "b")
    assert sys.modules["entry"] is second.entry
    again = one.load()
    assert sys.modules["entry"] is again.entry
    two.load()
    two.close()
    assert sys.modules["entry"] is again.entry
    one.close()
    assert not {"entry", "helper", "lazy"} & sys.modules.keys()


def test_a_module_of_the_project_that_a_test_imported_itself_comes_back_afterwards(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("plain_helper.py", "VALUE = 1")
    monkeypatch.syspath_prepend(str(project.root))
    ordinary = importlib.import_module("plain_helper")

    entry = project.entry("import plain_helper")

    assert entry.plain_helper is not ordinary
    assert sys.modules["plain_helper"] is entry.plain_helper
    project.loader.close()
    assert sys.modules.pop("plain_helper") is ordinary


def test_owns_knows_the_projects_files_from_all_others(project: Project) -> None:
    owns = project.load("").owns
    own = ["entry.py", "pkg/module.py", "tests/test_it.py"]
    other = [
        ".venv/lib/python3.11/site-packages/click/core.py",
        ".venv-workers/lib/x.py",
        "env/lib/python3.11/site-packages/click/core.py",
        "node_modules/a.py",
        "python_modules/a.py",
        ".pydo/a.py",
        ".wrangler/tmp/a.py",
        "__pycache__/a.py",
        ".git/hooks/a.py",
    ]

    assert [name for name in own if owns(str(project.root / name))] == own
    assert not [name for name in other if owns(str(project.root / name))]
    assert not owns(str(project.folder / "pyproject.py"))
    assert not owns("<string>")
    assert not owns(traceback.__file__)
    assert project.loader.owns(str(project.root / "entry.py"))


def test_a_root_reached_through_a_link_keeps_the_users_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "entry.py").write_text("FILE = __file__")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with closing(Loader(tmp_path / "link" / "entry.py")) as loader:
        generation = loader.load()

    assert str(tmp_path / "link" / "entry.py") == generation.entry.FILE
    assert generation.owns(str(tmp_path / "link" / "entry.py"))
    assert generation.owns(str(tmp_path / "real" / "entry.py"))

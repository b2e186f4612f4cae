from __future__ import annotations

import builtins
import importlib
import importlib.resources
import importlib.util
import pickle
import signal
import sys
import threading
import typing
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from pydo.errors import UserCodeError
from pydo.loader import Generation, Loader

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from .conftest import Project


def test_classes_made_by_looking_up_their_module_work(project: Project) -> None:
    entry = project.entry(
        """\
        from __future__ import annotations
        import typing
        from dataclasses import dataclass, field, KW_ONLY
        from enum import Enum, Flag, auto
        from typing import ClassVar, NamedTuple, Optional, TypedDict

        class Color(Enum):
            RED = auto()

        @dataclass(slots=True)
        class Item:
            total: ClassVar[int] = 3
            color: Color
            _: KW_ONLY
            next: Optional[Item] = None

        class Pair(NamedTuple):
            item: Item

        class Row(TypedDict):
            item: Item

        HINTS = typing.get_type_hints(Item), typing.get_type_hints(Row)
        """
    )

    item = entry.Item(entry.Color.RED)
    assert pickle.loads(pickle.dumps(item)) == item  # noqa: S301  # made here
    assert pickle.loads(pickle.dumps(entry.Color.RED)) is entry.Color.RED  # noqa: S301
    assert typing.get_type_hints(entry.Item)["next"] == typing.Optional[entry.Item]  # noqa: UP045
    assert entry.HINTS[1]["item"] is entry.Item
    assert entry.Item.__slots__ == ("color", "next")


def test_lazy_imports_of_an_old_generation_resolve_in_it(project: Project) -> None:
    source = """\
        def early():
            import helper
            return helper.VALUE, helper
        def late():
            from pkg.late import VALUE
            return VALUE
        def by_name():
            import importlib
            from importlib import import_module
            return importlib.import_module("helper"), import_module(".late", "pkg")
        """
    project.write("helper.py", "VALUE = 1")
    project.write("pkg/late.py", "VALUE = 'late'")
    old = project.entry(source)
    helper = old.early()[1]
    project.write("helper.py", "VALUE = 2")

    new = project.entry(source)

    assert old.early() == (1, helper)
    assert new.early()[0] == 2
    assert old.late() == "late"
    assert "pkg.late" not in sys.modules
    assert old.by_name()[0] is helper
    assert old.by_name()[1].VALUE == "late"
    assert new.by_name()[0] is sys.modules["helper"]


def test_a_lazy_import_of_an_old_generation_executes_under_its_own_name(project: Project) -> None:
    source = """\
        MARK = {mark}
        def lazy():
            import lazy_module
            return lazy_module.SEEN
        """
    project.write(
        "lazy_module.py",
        "import sys\nSEEN = sys.modules['entry'].MARK, sys.modules[__name__] is not None",
    )
    old = project.entry(source.format(mark=1))
    new = project.entry(source.format(mark=2))

    assert old.lazy() == (1, True)
    assert sys.modules["entry"] is new
    assert "lazy_module" not in sys.modules
    assert new.lazy() == (2, True)


def test_a_lazy_import_in_an_old_generation_sees_circular_names_of_its_own(
    project: Project,
) -> None:
    project.write("ring/__init__.py", "")
    project.write("ring/a.py", "from ring import b\nVALUE = 'old'")
    project.write("ring/b.py", "from ring import a\ndef get():\n    return a.VALUE")
    source = "def run():\n    from ring import a\n    return a.b.get()"
    old = project.entry(source)
    project.write("ring/a.py", "from ring import b\nVALUE = 'new'")
    new = project.entry(source)
    assert new.run() == "new"
    project.write("ring/a.py", "from ring import b\nVALUE = 'old'")

    assert old.run() == "old"
    assert new.run() == "new"


def test_packages_with_and_without_init_and_their_submodules(project: Project) -> None:
    project.write("regular/__init__.py", "__all__ = ['one', 'NAME']\nNAME = 'regular'")
    project.write("regular/one.py", "from . import NAME\nfrom .deep.two import TWO")
    project.write("regular/deep/__init__.py", "")
    project.write("regular/deep/two.py", "from .. import NAME as TWO")
    project.write("space/inner/three.py", "from ..four import FOUR")
    project.write("space/four.py", "FOUR = 4")

    entry = project.entry(
        """\
        import regular.one as one
        import regular.deep.two
        import space.inner.three as three
        from space import four
        import space
        def star():
            names = {}
            exec("from regular import *", names)
            return names
        """
    )

    assert (entry.one.NAME, entry.regular.deep.two.TWO) == ("regular", "regular")
    assert (entry.three.FOUR, entry.four.FOUR) == (4, 4)
    assert entry.space.__path__ == [str(project.root / "space")]
    assert not hasattr(entry.space, "__file__")
    assert entry.star()["one"] is entry.one
    assert entry.star()["NAME"] == "regular"


def test_a_package_beats_a_module_of_its_name_and_a_module_a_folder(project: Project) -> None:
    project.write("one/__init__.py", "KIND = 'package'")
    project.write("one.py", "KIND = 'module'")
    project.write("two.py", "KIND = 'module'")
    project.write("two/data.txt", "")

    entry = project.entry("import one, two")

    assert (entry.one.KIND, entry.two.KIND) == ("package", "module")


def test_circular_imports_work_as_in_python(project: Project) -> None:
    project.write("a.py", "import b\nVALUE = 1\nfrom b import get")
    project.write("b.py", "import a\ndef get():\n    return a.VALUE")
    assert project.entry("import a").a.get() == 1

    project.write("a.py", "from b import get\nVALUE = 1")
    project.write("b.py", "from a import VALUE\ndef get(): ...")
    failure = project.fail("import a")

    assert "partially initialized module 'a'" in str(failure)
    assert "circular import" in str(failure)


def test_type_checking_imports_module_getattr_and_conditional_imports(project: Project) -> None:
    project.write("lazy.py", "def __getattr__(name):\n    return name.upper()")
    project.write("fallback.py", "VALUE = 'fallback'")
    entry = project.entry(
        """\
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from nowhere import Nothing
        from lazy import word
        try:
            import no_such_module as chosen
        except ImportError:
            import fallback as chosen
        try:
            from fallback import absent
        except ImportError as error:
            WORDS = str(error)
        """
    )

    assert entry.word == "WORD"
    assert entry.chosen.VALUE == "fallback"
    assert entry.WORDS.startswith("cannot import name 'absent' from 'fallback'")


def test_a_module_that_failed_is_tried_again_at_the_next_import(project: Project) -> None:
    project.write("flaky.py", "import counter\ncounter.N += 1\nif counter.N == 1: raise OSError")
    project.write("counter.py", "N = 0")

    entry = project.entry(
        "try:\n    import flaky\nexcept OSError:\n    import flaky\nimport counter"
    )

    assert entry.counter.N == 2


def test_a_relative_import_in_the_entry_fails_as_in_production(project: Project) -> None:
    project.write("helper.py", "")

    failure = project.fail("from . import helper")

    assert isinstance(failure.error, ImportError)
    assert "attempted relative import with no known parent package" in str(failure)


def test_a_relative_import_beyond_the_root_fails(project: Project) -> None:
    project.write("pkg/one.py", "from ..helper import VALUE")
    project.write("helper.py", "VALUE = 1")

    assert "beyond top-level package" in str(project.fail("import pkg.one"))


@pytest.mark.parametrize("statement", ["import src.helper", "from src import helper"])
@pytest.mark.parametrize("on_path", [True, False])
def test_the_name_of_the_root_is_no_package(
    project: Project, monkeypatch: pytest.MonkeyPatch, statement: str, *, on_path: bool
) -> None:
    project.write("helper.py", "")
    if on_path:
        monkeypatch.syspath_prepend(str(project.folder))

    failure = project.fail(statement)

    assert isinstance(failure.error, ModuleNotFoundError)
    assert "No module named 'src'" in str(failure)
    (note,) = failure.error.__notes__
    assert "leave out the `src.` prefix" in note


def test_a_folder_src_within_the_root_is_a_package(project: Project) -> None:
    project.write("src/helper.py", "VALUE = 1")

    assert project.entry("from src.helper import VALUE").VALUE == 1


def test_missing_modules_are_reported_in_pythons_words(project: Project) -> None:
    project.write("helper.py", "")
    project.write("pkg/__init__.py", "")

    assert "No module named 'missing'" in str(project.fail("import missing"))
    assert "No module named 'pkg.missing'" in str(project.fail("import pkg.missing"))
    failure = str(project.fail("import helper.deep"))
    assert "No module named 'helper.deep'; 'helper' is not a package" in failure


def test_a_missing_import_inside_a_submodule_is_not_taken_for_the_submodule(
    project: Project,
) -> None:
    project.write("pkg/one.py", "import missing_dependency")

    assert "missing_dependency" in str(project.fail("from pkg import one"))


def test_a_local_module_beats_an_installed_one_of_its_name(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "twice_there.py").write_text("WHERE = 'installed'")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    project.write("twice_there.py", "WHERE = 'local'")

    assert project.entry("from twice_there import WHERE").WHERE == "local"


def test_a_folder_without_init_gives_way_to_an_installed_module(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "assets_module.py").write_text("WHERE = 'installed'")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    project.write("assets_module/app.css", "")
    project.write("json/data.json", "")

    entry = project.entry("import json\nfrom assets_module import WHERE")

    assert entry.WHERE == "installed"
    assert entry.json is sys.modules["json"]
    del sys.modules["assets_module"]


@pytest.mark.parametrize(
    "name",
    ["anyio", "click", "js", "pyodide", "queue", "rich", "sys", "tomllib", "watchfiles", "workers"],
)
def test_a_file_with_the_name_of_a_loaded_module_is_refused(project: Project, name: str) -> None:
    importlib.import_module("click")
    state = "is already loaded" if name in sys.modules else "pydo needs"
    file = project.write(f"{name}.py", "")
    good = project.load("VALUE = 1")

    failure = project.fail(f"import json\nimport {name}")

    assert str(failure) == (
        f"{project.root / 'entry.py'}:2: ImportError: {file} bears the name of the module "
        f"{name!r}, which {state} and is not the project's; rename the file"
    )
    assert project.loader.current is good


def test_a_refusal_is_not_hidden_by_an_except(project: Project) -> None:
    project.write("queue/__init__.py", "")

    failure = project.fail("try:\n    import queue\nexcept Exception:\n    queue = None")

    assert "queue/__init__.py bears the name of the module 'queue'" in str(failure)


def test_an_entry_with_a_taken_name_is_refused(tmp_path: Path) -> None:
    main = tmp_path / "queue.py"
    main.write_text("")

    with closing(Loader(main)) as loader, pytest.raises(UserCodeError, match="bears the name"):
        loader.load()


def test_a_file_with_a_taken_name_that_nobody_imports_is_let_be(project: Project) -> None:
    project.write("conftest.py", "1 / 0")
    project.write("queue.py", "1 / 0")

    assert project.entry("import asyncio, json").json is sys.modules["json"]


@pytest.mark.parametrize("name", ["node_modules", "python_modules", "__pycache__"])
def test_folders_of_other_tools_are_never_imported_from(project: Project, name: str) -> None:
    project.write(f"{name}/thing.py", "")

    assert isinstance(project.fail(f"import {name}.thing").error, ModuleNotFoundError)


def test_others_find_the_standing_generation_by_name(project: Project) -> None:
    project.write("helper.py", "")
    project.write("settings/local.py", "VALUE = 1")
    generation = project.load("")

    helper = importlib.import_module("helper")
    local = importlib.import_module("settings.local")

    assert generation.modules["helper"] is helper
    assert generation.modules["settings"].local is local
    assert local.VALUE == 1
    assert importlib.util.find_spec("settings.absent") is None


def test_reload_of_a_module_executes_it_again(project: Project) -> None:
    project.write("helper.py", "VALUE = 1")
    entry = project.entry(
        "import importlib, helper\ndef again():\n    return importlib.reload(helper)"
    )
    project.write("helper.py", "VALUE = 2")

    assert entry.again() is entry.helper
    assert entry.helper.VALUE == 2


def test_a_module_may_put_another_object_in_its_place(project: Project) -> None:
    project.write(
        "lazy.py",
        "import sys, types\nsys.modules[__name__] = types.SimpleNamespace(VALUE=5)",
    )

    assert project.entry("import lazy\nVALUE = lazy.VALUE").VALUE == 5


def test_resources_of_packages_are_found(project: Project) -> None:
    project.write("pkg/__init__.py", "")
    project.write("pkg/page.html", "one")
    project.write("data/page.html", "two")
    entry = project.entry("import pkg, data")

    files = importlib.resources.files

    assert files(entry.pkg).joinpath("page.html").read_text() == "one"
    assert files(entry.data).joinpath("page.html").read_text() == "two"


def test_importlib_is_itself_but_for_import_module(project: Project) -> None:
    entry = project.entry(
        "import importlib, importlib.util as util\nfrom importlib import metadata"
    )

    assert entry.util is importlib.util
    assert entry.importlib.reload is importlib.reload
    assert entry.metadata is sys.modules["importlib.metadata"]
    assert dir(entry.importlib) == dir(importlib)
    with pytest.raises(TypeError, match="package"):
        entry.importlib.import_module(".x")


def test_dunder_import_takes_its_arguments_by_name(project: Project) -> None:
    project.write("pkg/one.py", "VALUE = 1")

    entry = project.entry(
        "one = __import__('pkg.one', fromlist=['VALUE'])\ntop = __import__('pkg.one')"
    )

    assert entry.one.VALUE == 1
    assert entry.top.__name__ == "pkg"


def test_names_that_the_project_puts_into_builtins_are_seen(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtins, "_", None, raising=False)
    project.write("helper.py", "TEXT = _('hello')")

    entry = project.entry(
        "import builtins\nbuiltins._ = str.upper\nimport helper\ndef run():\n    return _('a')"
    )

    assert entry.helper.TEXT == "HELLO"
    assert entry.run() == "A"


def test_a_thread_that_needs_a_module_waits_until_it_has_executed(project: Project) -> None:
    project.write(
        "slow.py",
        """\
        import entry
        entry.started.set()
        assert entry.may_end.wait(10)
        VALUE = 1
        """,
    )
    entry = project.entry(
        """\
        import threading
        started, may_end = threading.Event(), threading.Event()
        def run(results):
            import slow
            results.append(slow.VALUE)
        """
    )
    results: list[int] = []
    first = threading.Thread(target=entry.run, args=(results,))
    first.start()
    assert entry.started.wait(10)
    second = threading.Thread(target=entry.run, args=(results,))
    second.start()

    entry.may_end.set()
    first.join(10)
    second.join(10)

    assert results == [1, 1]


def test_threads_that_import_in_a_ring_do_not_wait_for_each_other(project: Project) -> None:
    for name, other in (("left", "right"), ("right", "left")):
        project.write(
            f"{name}.py",
            f"""\
            import entry
            entry.barrier.wait(10)
            import {other}
            """,
        )
    entry = project.entry(
        """\
        import threading
        barrier = threading.Barrier(2)
        done = []
        def run(name):
            __import__(name)
            done.append(name)
        """
    )
    threads = [threading.Thread(target=entry.run, args=(name,)) for name in ("left", "right")]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(entry.done) == ["left", "right"]


def test_a_thread_started_and_joined_at_top_level_may_import(project: Project) -> None:
    project.write("helper.py", "VALUE = 1")

    entry = project.entry(
        """\
        from concurrent.futures import ThreadPoolExecutor
        def run():
            import helper
            return helper.VALUE
        with ThreadPoolExecutor() as pool:
            VALUE = pool.submit(run).result(10)
        """
    )

    assert entry.VALUE == 1


def test_top_level_code_that_never_ends_is_interrupted_from_outside(project: Project) -> None:
    class Interrupted(BaseException): ...

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    good = project.load("")
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        failure = project.fail(
            """\
            import os, signal
            os.kill(os.getpid(), signal.SIGUSR1)
            while True:
                pass
            """
        )
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert isinstance(failure.error, Interrupted)
    assert sys.modules["entry"] is good.entry


def test_a_generation_says_what_it_holds(project: Project) -> None:
    helper = project.write("helper.py", "")
    generation = project.load("import helper")

    assert isinstance(generation, Generation)
    assert generation.files == {helper, project.root / "entry.py"}
    assert generation.owns(str(helper))
    with pytest.raises(TypeError):
        generation.modules["x"] = generation.entry  # type: ignore[index]  # it is read-only

"""Which modules are looked at, and what the folder has to have."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pydo.check import check_project
from pydo.config import Severity, load

if TYPE_CHECKING:
    from pydo.check import Finding
    from tests.check.conftest import Check

SLEEPING = "import time\ndef f():\n    time.sleep(1)\n"


ROOT = Path(__file__).parents[2]
PROJECTS = sorted(
    each.parent
    for kind in ("templates", "examples")
    for each in (ROOT / kind).glob("*/wrangler.toml")
)


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_what_pydo_brings_has_nothing_wrong(folder: Path) -> None:
    config, _ = load(folder / "wrangler.toml")

    found = check_project(config, None)

    assert [each for each in found if each.severity is Severity.ERROR] == []


def rules(found: list[object]) -> list[str]:
    return [str(getattr(each, "rule", "")) for each in found]


def test_modules_that_the_main_one_reaches_are_checked_and_no_others(check: Check) -> None:
    found = check(
        "import near\nfrom pack import inner",
        files={
            "src/near.py": SLEEPING,
            "src/pack/__init__.py": "",
            "src/pack/inner.py": "from .deep import x\n",
            "src/pack/deep.py": SLEEPING,
            "src/test_it.py": SLEEPING,
        },
    )

    assert {each.span and each.span.file.path.name for each in found} == {"near.py", "deep.py"}


def test_what_another_module_draws_while_it_is_imported_is_found(check: Check) -> None:
    helper = "import uuid\ndef make():\n    return inner()\ndef inner():\n    return uuid.uuid4()\n"

    found = check(
        "from pack.helper import make as new\nx = new()", files={"src/pack/helper.py": helper}
    )

    assert [(each.rule, place(each)) for each in found] == [
        ("top-level-entropy", ("helper.py", 5, 12)),
    ]
    assert check("from pack.helper import make", files={"src/pack/helper.py": helper}) == []


def test_a_module_that_a_string_names_is_checked(check: Check) -> None:
    found = check(
        "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'site_.settings'",
        files={"src/site_/__init__.py": "", "src/site_/settings.py": SLEEPING},
    )

    assert rules([*found]) == ["blocking"]


def test_a_package_without_init_is_the_project_s_own(check: Check) -> None:
    found = check("import space.inner", files={"src/space/inner.py": SLEEPING})

    assert rules([*found]) == ["blocking"]


def test_a_file_that_is_not_uploaded_is_found_where_it_is_named(check: Check) -> None:
    code = """
        from pathlib import Path
        HERE = Path(__file__).parent
        words = (HERE / "words.json").read_text()
        page = (HERE / "page.html").read_text()
    """

    found = check(code, files={"src/words.json": "[]", "src/page.html": ""})

    assert [(each.rule, each.span and each.span.line) for each in found] == [("not-uploaded", 4)]
    assert "**/*.json" in found[0].hint


def test_a_file_that_is_not_uploaded_is_found_by_the_folders_that_it_is_joined_of(
    check: Check,
) -> None:
    code = """
        from importlib.resources import files
        from pathlib import Path
        words = (Path(__file__).parent / "data" / "words.json").read_text()
        more = files("pack.deep").joinpath("more.yaml").read_text()
        other = "index.json"
    """

    found = check(
        code,
        files={
            "src/data/words.json": "[]",
            "src/pack/deep/more.yaml": "",
            "src/elsewhere/index.json": "",
        },
    )

    assert [(each.rule, each.span and each.span.line) for each in found] == [
        ("not-uploaded", 4),
        ("not-uploaded", 5),
    ]


def test_a_file_that_a_rule_uploads_is_right(check: Check) -> None:
    more = '[[rules]]\ntype = "Data"\nglobs = ["**/*.json"]\n'

    assert check("open('words.json')", files={"src/words.json": "[]"}, more=more) == []


def test_a_file_outside_of_the_modules_folder_is_found(check: Check) -> None:
    found = check("open('../words.txt')", files={"words.txt": ""})

    assert rules([*found]) == ["outside-root"]


def test_a_module_that_is_no_python_is_named(check: Check) -> None:
    found = check("import broken", files={"src/broken.py": "def f(:\n"})

    assert [(each.rule, each.span and each.span.line) for each in found] == [("syntax", 1)]


def test_a_dependency_that_is_declared_may_be_imported(check: Check) -> None:
    assert check("import flask, jinja2", dependencies=["flask"]) == []


def test_a_dependency_that_is_not_installed_is_told_at_its_place(check: Check) -> None:
    found = check("", dependencies=["nowhere-to-be-found>=1"])

    assert [(each.rule, each.span and each.span.line) for each in found] == [("missing-package", 3)]


def test_a_dependency_that_is_not_installed_is_told_once(check: Check) -> None:
    found = check("import nowhere_to_be_found", dependencies=["nowhere-to-be-found"])

    assert [(each.rule, place(each)) for each in found] == [
        ("missing-package", ("pyproject.toml", 3, 17)),
    ]


def test_assets_alone_need_no_python(folder: Path) -> None:
    (folder / "public").mkdir(parents=True)
    text = 'name = "a"\ncompatibility_date = "2026-09-01"\nassets.directory = "public"\n'
    (folder / "wrangler.toml").write_text(text)

    found = check_project(load(folder / "wrangler.toml")[0], None)

    assert [each for each in found if each.rule != "other-python"] == []


def test_a_compiled_package_that_pyodide_builds_may_be_imported(check: Check) -> None:
    assert check("import PIL", dependencies=["pillow"]) == []


def test_a_compiled_package_that_pyodide_lacks_is_found(check: Check, tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "speedy-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: speedy\nVersion: 1.0\n")
    (info / "RECORD").write_text("speedy/__init__.py,,\nspeedy/_fast.so,,\n")
    (site / "speedy").mkdir()
    for name in ("__init__.py", "_fast.so"):
        (site / "speedy" / name).touch()

    found = check("import speedy", dependencies=["speedy"], path=[str(site)])

    assert rules([*found]) == ["compiled-package", "compiled-package"]
    assert found[0].span
    assert found[0].span.file.path.name == "pyproject.toml"


def test_requirements_for_other_platforms_do_not_count(check: Check, tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "plain-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: plain\nVersion: 1.0\n"
        'Requires-Dist: uvloop; sys_platform != "emscripten"\n'
    )
    (info / "RECORD").write_text("plain.py,,\n")
    (site / "plain.py").touch()

    assert check("import plain", dependencies=["plain"], path=[str(site), *sys.path]) == []


def test_what_pywrangler_refuses_in_the_folder_is_found(check: Check) -> None:
    found = check("", files={"requirements.txt": "", "src/python_modules/x.py": ""})

    assert rules([*found]) == ["requirements-txt", "vendored-in-root"]


def test_a_pyproject_without_the_tools_is_warned_of(check: Check) -> None:
    found = check("", files={"pyproject.toml": '[project]\nname = "app"\n'})

    assert rules([*found]) == ["no-workers-py"]


def place(found: Finding) -> tuple[str, int, int]:
    assert found.span is not None
    return (found.span.file.path.name, found.span.line, found.span.column)


def test_each_bound_class_without_migration_is_found_at_its_binding(check: Check) -> None:
    bound = (
        '[[durable_objects.bindings]]\nname = "A"\nclass_name = "Room"\n'
        '[[durable_objects.bindings]]\nname = "B"\nclass_name = "Hall"\n'
        '[[durable_objects.bindings]]\nname = "C"\nclass_name = "Far"\nscript_name = "other"\n'
    )

    found = check("", more=bound)

    assert [(each.rule, place(each)) for each in found] == [
        ("no-migration", ("wrangler.toml", 7, 14)),
        ("no-migration", ("wrangler.toml", 10, 14)),
    ]
    assert "10061" in found[0].message
    assert 'new_sqlite_classes = ["Room"]' in found[0].hint


def test_a_class_that_an_environment_does_not_declare_is_found_there(check: Check) -> None:
    more = (
        '[env.far]\ndurable_objects.bindings = [{ name = "A", class_name = "Room" }]\n'
        '[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["Hall"]\n'
    )

    found = check("", more=more, env="far")

    assert [(each.rule, place(each)) for each in found] == [
        ("no-migration", ("wrangler.toml", 6, 56)),
    ]


def test_a_live_class_that_is_not_exported_is_found_where_it_is_declared(check: Check) -> None:
    made = '[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["Room"]\n'

    found = check("", more=made, exported=frozenset())

    assert [(each.rule, place(each)) for each in found] == [
        ("not-exported", ("wrangler.toml", 7, 23)),
    ]
    assert "10064" in found[0].message
    assert check("", more=made, exported=frozenset({"Room"})) == []
    assert check("", more=made, exported=None) == []


def test_a_map_of_exports_declares_classes(check: Check) -> None:
    bound = '[[durable_objects.bindings]]\nname = "A"\nclass_name = "Room"\n'
    more = (
        '[exports]\nHall = { type = "durable-object", storage = "sqlite" }\n'
        'Old = { type = "durable-object", state = "deleted" }\n'
    )
    room = 'Room = { type = "durable-object", storage = "sqlite" }\n'

    found = check("", more=more + bound, exported=frozenset())

    assert [(each.rule, place(each)) for each in found] == [
        ("not-exported", ("wrangler.toml", 6, 1)),
        ("no-migration", ("wrangler.toml", 10, 14)),
    ]
    assert 'Room = { type = "durable-object"' in found[1].hint
    assert check("", more=more + room + bound, exported=frozenset({"Hall", "Room"})) == []


@pytest.mark.parametrize(
    ("second", "words", "column"),
    [
        ('deleted_classes = ["Rom"]', "'Rom' which was not exported in the previous", 20),
        ('new_classes = ["Hall", "Room"]', "'Room' that is already depended on", 24),
        ('renamed_classes = [{ from = "Room", to = "Hall" }]', "'Hall' that is already", 42),
    ],
)
def test_what_production_would_not_migrate_is_found_at_its_place(
    second: str, words: str, column: int, check: Check
) -> None:
    first = '[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["Room", "Hall"]\n'
    first = first.replace(', "Hall"', "") if second.startswith("new") else first

    found = check("", more=f'{first}[[migrations]]\ntag = "v2"\n{second}\n')

    assert [(each.rule, place(each)) for each in found] == [
        ("migration", ("wrangler.toml", 10, column)),
    ]
    assert words in found[0].message
    assert "(code 10074)" in found[0].message


def test_a_class_that_goes_while_it_is_bound_is_found(check: Check) -> None:
    more = (
        '[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["Room"]\n'
        '[[migrations]]\ntag = "v2"\ndeleted_classes = ["Room"]\n'
        '[[durable_objects.bindings]]\nname = "A"\nclass_name = "Room"\n'
    )

    found = check("", more=more)

    assert [(each.rule, place(each)) for each in found] == [
        ("migration", ("wrangler.toml", 10, 20)),
    ]
    assert "without also removing the binding" in found[0].message


def test_a_class_that_another_worker_hands_over_is_taken_for_there(check: Check) -> None:
    more = (
        '[[migrations]]\ntag = "v1"\n'
        'transferred_classes = [{ from = "Room", from_script = "other", to = "Room" }]\n'
    )

    assert check("", more=more, exported=frozenset({"Room"})) == []


def test_a_history_without_its_beginning_can_be_excused(check: Check) -> None:
    more = '[[migrations]]\ntag = "v9"\ndeleted_classes = ["Old"]  # pydo: ignore[migration]\n'

    assert check("", more=more) == []

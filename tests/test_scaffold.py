from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import pydo
from pydo.errors import ScaffoldError
from pydo.scaffold import Template, find_template, plan, project_name, templates, write

CHECKOUT = Path(pydo.__file__).parent.parent

needs_permissions = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere"
)


def tree(directory: Path) -> dict[str, bytes | None]:
    """Everything below a directory, with the content of files."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() if path.is_file() else None
        for path in directory.rglob("*")
    }


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of templates with one small template, `hello`, in it."""
    hello = tmp_path / "shelf" / "hello"
    (hello / "src" / "deep").mkdir(parents=True)
    (hello / "pyproject.toml").write_text('[project]\nname = "my-app"\ndescription = "Greets"\n')
    (hello / "src" / "deep" / "picture.bin").write_bytes(b"\xff\x00my-app\xfe")
    (hello / "__dot__github").mkdir()
    (hello / "__dot__github" / "__dot__keep").touch()
    return tmp_path / "shelf"


HELLO_FILES = {
    "pyproject.toml": b'[project]\nname = "new"\ndescription = "Greets"\n',
    "src": None,
    "src/deep": None,
    "src/deep/picture.bin": b"\xff\x00new\xfe",
    ".github": None,
    ".github/.keep": b"",
}


def test_the_counter_is_among_pydos_own_templates() -> None:
    found = {template.name: template.description for template in templates()}

    assert found["counter"] == "A counter in a Durable Object"


def test_templates_are_listed_by_name_with_the_line_that_stands_in_them(shelf: Path) -> None:
    (shelf / "another").mkdir()
    (shelf / "another" / "pyproject.toml").write_text('[project]\ndescription = "First"\n')
    (shelf / "no-template").mkdir()
    (shelf / "README.md").touch()

    found = templates(shelf)

    assert [(each.name, each.description) for each in found] == [
        ("another", "First"),
        ("hello", "Greets"),
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("helo", 'there is no template "helo"; did you mean "hello"? there are: hello'),
        ("HELLO", 'there is no template "HELLO"; did you mean "hello"? there are: hello'),
        ("../hello", 'there is no template "../hello"; did you mean "hello"? there are: hello'),
        ("zzz", 'there is no template "zzz"; there are: hello'),
        ("", 'there is no template ""; there are: hello'),
    ],
)
def test_an_unknown_template_is_refused_with_those_there_are(
    shelf: Path, name: str, said: str
) -> None:
    with pytest.raises(ScaffoldError) as refused:
        find_template(name, shelf)

    assert str(refused.value) == said


@pytest.mark.parametrize("place", ["new", "deep/below/new", "empty/new"])
def test_a_project_is_written_into_a_folder_that_is_not_there_yet(
    shelf: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "empty").mkdir()

    overwritten = write(plan(find_template("hello", shelf), tmp_path / place))

    assert tree(tmp_path / place) == HELLO_FILES
    assert overwritten == ()


def test_a_project_is_written_into_an_empty_folder(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()

    write(plan(find_template("hello", shelf), tmp_path / "new"))

    assert tree(tmp_path / "new") == HELLO_FILES


def test_a_project_is_written_where_one_stands(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")

    write(plan(find_template("hello", shelf), Path()))

    assert tree(tmp_path / "new") == HELLO_FILES


def test_a_link_to_an_empty_folder_is_followed(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "new")

    write(plan(find_template("hello", shelf), tmp_path / "link"))

    assert tree(tmp_path / "new") == HELLO_FILES


def test_a_plan_touches_nothing(shelf: Path, tmp_path: Path) -> None:
    before = tree(tmp_path)

    made = plan(find_template("hello", shelf), tmp_path / "new")

    assert tree(tmp_path) == before
    assert made.target == tmp_path / "new"
    assert {file.path.as_posix() for file in made.created} == {
        name for name, content in HELLO_FILES.items() if content is not None
    }
    assert made.overwritten == ()


def test_what_running_a_template_leaves_behind_is_no_part_of_it(
    shelf: Path, tmp_path: Path
) -> None:
    hello = shelf / "hello"
    for folder in (".pydo/state", ".venv", "src/__pycache__", ".wrangler"):
        (hello / folder).mkdir(parents=True)
        (hello / folder / "file").touch()
    (hello / ".DS_Store").touch()

    write(plan(find_template("hello", shelf), tmp_path / "new"))

    assert tree(tmp_path / "new") == HELLO_FILES


@pytest.mark.parametrize("present", ["pyproject.toml", "notes.txt", ".git"])
def test_a_folder_that_is_not_empty_is_refused_and_untouched(
    shelf: Path, tmp_path: Path, present: str
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / present).write_text("mine")
    before = tree(tmp_path)

    with pytest.raises(ScaffoldError, match="new is not empty; choose another folder, or pass"):
        plan(find_template("hello", shelf), tmp_path / "new")

    assert tree(tmp_path) == before


def test_force_overwrites_only_what_the_template_holds_and_says_which(
    shelf: Path, tmp_path: Path
) -> None:
    target = tmp_path / "new"
    (target / "src" / "deep").mkdir(parents=True)
    (target / "pyproject.toml").write_text("mine")
    (target / "src" / "deep" / "picture.bin").write_bytes(b"\xff\x00new\xfe")
    (target / "src" / "other.py").write_text("mine too")

    made = plan(find_template("hello", shelf), target, force=True)
    overwritten = write(made)

    assert overwritten == (Path("pyproject.toml"),)
    assert [file.path for file in made.created] == [Path(".github/.keep")]
    assert tree(target) == {**HELLO_FILES, "src/other.py": b"mine too"}


def test_force_is_not_needed_and_does_no_harm_in_a_new_folder(shelf: Path, tmp_path: Path) -> None:
    assert write(plan(find_template("hello", shelf), tmp_path / "new", force=True)) == ()

    assert tree(tmp_path / "new") == HELLO_FILES


def refused_with_force(shelf: Path, target: Path) -> str:
    before = tree(target.parent)
    with pytest.raises(ScaffoldError) as refused:
        plan(find_template("hello", shelf), target, force=True)
    assert tree(target.parent) == before
    return str(refused.value)


def test_a_target_that_is_a_file_is_refused(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "new").touch()

    assert refused_with_force(shelf, tmp_path / "new").endswith(
        "new is a file; choose another name"
    )


def test_a_target_below_a_file_is_refused(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ScaffoldError, match="Not a directory"):
        plan(find_template("hello", shelf), tmp_path / "file" / "new")


def test_a_target_that_is_a_link_to_nothing_is_refused(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "new").symlink_to(tmp_path / "nowhere")

    assert "is a symbolic link to nothing" in refused_with_force(shelf, tmp_path / "new")


def test_a_link_that_leads_out_of_the_target_is_not_followed(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "src").symlink_to(tmp_path / "far")

    assert "src is a symbolic link; remove it" in refused_with_force(shelf, tmp_path / "new")


def test_a_link_in_place_of_a_file_is_not_written_through(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "far").touch()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "pyproject.toml").symlink_to(tmp_path / "far")

    assert "pyproject.toml is a symbolic link" in refused_with_force(shelf, tmp_path / "new")


def test_a_folder_in_place_of_a_file_is_refused(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "new" / "pyproject.toml").mkdir(parents=True)

    assert "is a folder where a file belongs" in refused_with_force(shelf, tmp_path / "new")


def test_a_file_in_place_of_a_folder_is_refused(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "src").touch()

    assert "is a file where a folder belongs" in refused_with_force(shelf, tmp_path / "new")


def test_a_file_that_appears_after_the_plan_is_not_overwritten(shelf: Path, tmp_path: Path) -> None:
    made = plan(find_template("hello", shelf), tmp_path / "deep" / "new")
    late = tmp_path / "deep" / "new" / "src" / "deep" / "picture.bin"
    late.parent.mkdir(parents=True)
    late.write_text("mine")

    with pytest.raises(ScaffoldError, match=r"cannot write .*picture\.bin: File exists"):
        write(made)

    # What was written before it is gone again.
    assert tree(tmp_path / "deep").keys() == {
        "new",
        "new/src",
        "new/src/deep",
        "new/src/deep/picture.bin",
    }
    assert late.read_text() == "mine"


def test_folders_made_for_a_project_that_fails_are_taken_away(shelf: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "new" / ("x" * 300)
    made = plan(find_template("hello", shelf), tmp_path / "deep" / "new")
    too_long = type(made)(target, made.created, made.overwritten)

    with pytest.raises(ScaffoldError, match="File name too long"):
        write(too_long)

    assert not (tmp_path / "deep").exists()


def test_a_name_that_no_file_system_takes_is_refused(shelf: Path, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match=r"cannot use .*File name too long"):
        plan(find_template("hello", shelf), tmp_path / ("x" * 300))


@needs_permissions
def test_a_place_that_cannot_be_written_is_refused(shelf: Path, tmp_path: Path) -> None:
    made = plan(find_template("hello", shelf), tmp_path / "closed" / "new")
    (tmp_path / "closed").mkdir(0o555)

    with pytest.raises(ScaffoldError, match="Permission denied"):
        write(made)

    assert tree(tmp_path / "closed") == {}


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("my-app", "my-app"),
        ("Chat Room_2", "chat-room-2"),
        ("--x--", "x"),
        ("a..b", "a-b"),
        ("Caf\u00e9", "cafe"),
        ("\u30c1\u30e3\u30c3\u30c8", "my-app"),
        ("---", "my-app"),
        ("1st", "1st"),
        ("x" * 80, "x" * 58),
        ("x" * 57 + "-y", "x" * 57),
    ],
)
def test_a_project_is_named_after_its_folder_as_far_as_production_allows(
    tmp_path: Path, folder: str, name: str
) -> None:
    assert project_name(tmp_path / folder) == name


def test_a_project_at_the_root_of_a_disk_has_a_name_too() -> None:
    assert project_name(Path("/")) == "my-app"


def test_the_counter_is_what_cloudflare_deploys(tmp_path: Path) -> None:
    write(plan(find_template("counter"), tmp_path / "Tally Sheet"))

    project = tmp_path / "Tally Sheet"
    wrangler = tomllib.loads((project / "wrangler.toml").read_text())
    package = tomllib.loads((project / "pyproject.toml").read_text())
    assert wrangler == {
        "name": "tally-sheet",
        "main": "src/entry.py",
        "compatibility_date": "2026-09-01",
        "compatibility_flags": ["python_workers"],
        "durable_objects": {"bindings": [{"name": "COUNTER", "class_name": "Counter"}]},
        "migrations": [{"tag": "v1", "new_sqlite_classes": ["Counter"]}],
    }
    assert package["project"]["name"] == "tally-sheet"
    assert package["project"]["requires-python"] == ">=3.12"
    assert package["project"]["dependencies"] == []
    assert package["dependency-groups"] == {"dev": ["workers-py", "workers-runtime-sdk"]}
    assert ".pydo/\n" in (project / ".gitignore").read_text()
    assert (project / "README.md").read_text().startswith("# tally-sheet\n")


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.name)
def test_every_template_runs_as_it_stands_and_imports_only_what_cloudflare_has(
    tmp_path: Path, template: Template
) -> None:
    wrangler = tomllib.loads((template.path / "wrangler.toml").read_text())
    entry = ast.parse((template.path / wrangler["main"]).read_text())
    imported = {node.module for node in ast.walk(entry) if isinstance(node, ast.ImportFrom)}

    assert project_name(tmp_path / wrangler["name"]) == wrangler["name"]
    assert "python_workers" in wrangler["compatibility_flags"]
    assert "workers" in imported


def test_a_wheel_carries_the_templates(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="builds pydo's wheels")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)  # noqa: S603 - our own
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")

    program = (
        "import pathlib, sys; from pydo.scaffold import find_template, plan, write\n"
        "template = find_template('counter')\n"
        "assert template.path.parent.name == '_templates'\n"
        "write(plan(template, pathlib.Path(sys.argv[1])))"
    )
    subprocess.run(  # noqa: S603 - as above
        [sys.executable, "-c", program, str(tmp_path / "project")],
        cwd=tmp_path / "site",
        check=True,
    )

    write(plan(find_template("counter"), tmp_path / "checkout" / "project"))
    assert tree(tmp_path / "project") == tree(tmp_path / "checkout" / "project")

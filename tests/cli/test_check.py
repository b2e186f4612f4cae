"""`pydo check` as a process of its own: whole outputs and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.wrangler import ENVIRONMENT, WRANGLER

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(each.name for each in (ROOT / "templates").iterdir() if each.is_dir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "templates" / "counter", tmp_path / "app")
    return tmp_path / "app"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pydo", "check", *arguments],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def found(folder: Path, *arguments: str) -> list[dict[str, object]]:
    done = run(folder, "--json", *arguments)
    shown: list[dict[str, object]] = json.loads(done.stdout)
    return [each for each in shown if each["rule"] != "other-python"]


def add(folder: Path, code: str) -> None:
    entry = folder / "src" / "entry.py"
    entry.write_text(entry.read_text() + code)


def test_a_clean_folder_says_so_and_ends_with_0(folder: Path) -> None:
    done = run(folder)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(("0 errors, 1 warning\n", "that would break on Cloudflare.\n"))
    assert found(folder) == []


def test_findings_have_their_place_and_end_with_1(folder: Path) -> None:
    add(folder, "\nimport tkinter\n")
    line = (folder / "src" / "entry.py").read_text().count("\n")

    done = run(folder, "--no-load")

    assert done.returncode == 1
    assert f"src/entry.py:{line}:1: Python on Cloudflare has no module tkinter" in done.stdout
    assert "1 error, " in done.stdout


def test_code_that_does_not_load_is_shown_at_its_line(folder: Path) -> None:
    add(folder, "\nraise ValueError('not today')\n")
    line = (folder / "src" / "entry.py").read_text().count("\n")

    [finding] = found(folder)

    assert (finding["rule"], finding["line"]) == ("does-not-load", line)
    assert "not today" in str(finding["message"])
    assert found(folder, "--no-load") == []


def test_a_package_that_is_not_there_is_told_once(folder: Path) -> None:
    add(folder, "\nimport nowhere_to_be_found\n")

    assert [each["rule"] for each in found(folder)] == ["missing-package"]


def test_a_draw_at_import_that_no_rule_sees_fails_as_on_cloudflare(folder: Path) -> None:
    add(folder, "\nimport random\nx = list(map(random.choice, ['ab']))\n")

    assert [each["rule"] for each in found(folder)] == ["does-not-load"]


def test_a_class_that_is_bound_and_not_exported_is_shown_where_it_is_declared(folder: Path) -> None:
    entry = folder / "src" / "entry.py"
    entry.write_text(entry.read_text().replace("class Counter", "class Conter"))

    done = run(folder)

    assert done.returncode == 1
    assert (
        "wrangler.toml:14:23: Counter lives by the migrations, and entry.py exports no such class:"
        in done.stdout
    )
    assert (
        '    14 │ new_sqlite_classes = ["Counter"]\n       ╵                       ^^^^^^^^^\n'
    ) in done.stdout
    assert '  did you mean "Conter"?\n' in done.stdout
    assert [each["rule"] for each in found(folder)] == ["not-exported"]


def test_a_class_without_migration_is_told_once_with_its_place(folder: Path) -> None:
    path = folder / "wrangler.toml"
    text = path.read_text().partition("[[migrations]]")[0]
    path.write_text(text)
    line = next(n for n, each in enumerate(text.split("\n"), 1) if "class_name" in each)

    [finding] = found(folder)

    assert (finding["rule"], finding["line"]) == ("no-migration", line)
    assert run(folder).returncode == 1


def test_a_configuration_that_is_wrong_is_told_alone(folder: Path) -> None:
    (folder / "wrangler.toml").write_text("name = 5\n")

    shown = found(folder)

    assert {each["rule"] for each in shown} == {"configuration"}
    assert run(folder).returncode == 1


def test_nothing_is_left_behind(folder: Path) -> None:
    before = sorted(folder.rglob("*"))

    run(folder)

    assert sorted(folder.rglob("*")) == before


@pytest.mark.skipif(WRANGLER is None, reason="wrangler is not there")
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", TEMPLATES)
def test_wrangler_takes_each_template_as_it_is(name: str, tmp_path: Path) -> None:
    assert WRANGLER is not None
    shutil.copytree(ROOT / "templates" / name, tmp_path / "app")

    done = subprocess.run(  # noqa: S603 - named by whoever runs the tests
        [WRANGLER, "deploy", "--dry-run"],
        cwd=tmp_path / "app",
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "--dry-run: exiting now." in done.stdout

"""`pydo init`: what it writes, says and refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.scaffold import templates

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import CommandLine


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _files(directory: Path) -> list[str]:
    return sorted(
        each.relative_to(directory).as_posix() for each in directory.rglob("*") if each.is_file()
    )


def test_a_project_is_written_and_the_next_two_commands_are_said(
    command_line: CommandLine, tmp_path: Path
) -> None:
    result = command_line.run("init", "my-app")

    assert (result.exit_code, result.stderr) == (0, "")
    first, *created = result.stdout.partition("\n\n")[0].splitlines()
    assert first == 'my-app is made from the template "counter".'
    assert sorted(each.removeprefix("  created      my-app/") for each in created) == _files(
        tmp_path / "my-app"
    )
    assert result.stdout.endswith("\n\nNext:\n  cd my-app\n  pydo dev\n")
    assert 'name = "my-app"' in (tmp_path / "my-app" / "wrangler.toml").read_text("utf-8")


def test_a_name_with_a_space_can_be_copied_from_what_is_said(command_line: CommandLine) -> None:
    assert "\n  cd 'my app'\n" in command_line.run("init", "my app").stdout


def test_in_the_directory_itself_one_command_is_left(command_line: CommandLine) -> None:
    assert command_line.run("init", ".").stdout.endswith("\n\nNext:\n  pydo dev\n")


def test_a_directory_that_is_not_empty_is_refused_and_left_alone(
    command_line: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "my-app").mkdir()
    (tmp_path / "my-app" / "wrangler.toml").write_text("mine", "utf-8")

    result = command_line.run("init", "my-app")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"✘ [ERROR] {tmp_path / 'my-app'} is not empty")
    assert _files(tmp_path / "my-app") == ["wrangler.toml"]


def test_force_overwrites_what_the_template_holds_and_says_which(
    command_line: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "my-app").mkdir()
    (tmp_path / "my-app" / "wrangler.toml").write_text("mine", "utf-8")
    (tmp_path / "my-app" / "notes.txt").write_text("mine", "utf-8")

    result = command_line.run("init", "my-app", "--force")

    assert result.exit_code == 0
    assert "  overwritten  my-app/wrangler.toml\n" in result.stdout
    assert result.stdout.count("overwritten") == 1
    assert "notes.txt" not in result.stdout
    assert (tmp_path / "my-app" / "notes.txt").read_text("utf-8") == "mine"


def test_the_templates_are_listed_and_nothing_is_written(
    command_line: CommandLine, tmp_path: Path
) -> None:
    result = command_line.run("init", "--list")

    known = templates()
    width = max(len(each.name) for each in known)
    assert result.exit_code == 0
    assert result.stdout == "".join(f"{each.name:<{width}}  {each.description}\n" for each in known)
    assert "counter" in {each.name for each in known}
    assert _files(tmp_path) == []


def test_an_unknown_template_is_refused(command_line: CommandLine, tmp_path: Path) -> None:
    result = command_line.run("init", "my-app", "--template", "cuonter")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith('✘ [ERROR] there is no template "cuonter"; did you mean')
    assert _files(tmp_path) == []


def test_a_directory_has_to_be_named(command_line: CommandLine) -> None:
    result = command_line.run("init")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Usage: pydo init [OPTIONS] [DIRECTORY]\n"
        "Try 'pydo init --help' for help.\n"
        "\n"
        "Error: Missing argument 'DIRECTORY'.\n"
    )

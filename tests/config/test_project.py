"""A configuration is read again with all the files that make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.config import ConfigError, Location, Overrides, Project

from .conftest import GOOD

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_read_is_known_by_its_contents(project: Path) -> None:
    path = project / "wrangler.toml"
    path.write_text(GOOD)
    (project / ".dev.vars").write_text("A=1")
    read = Project(Location(path), Overrides())

    config, _ = read.read()

    assert dict(config.vars) == {"A": "1"}
    assert read.contents == {path: GOOD.encode(), project / ".dev.vars": b"A=1"}
    assert read.files == {path, *(project / each for each in (".dev.vars", ".env", ".env.local"))}

    (project / ".dev.vars").write_text("A=2")
    path.write_text("name = 3")
    with pytest.raises(ConfigError):
        read.read()

    assert read.contents == {path: b"name = 3", project / ".dev.vars": b"A=2"}


def test_a_warning_is_given_once(project: Path) -> None:
    path = project / "wrangler.toml"
    path.write_text(GOOD + "foo = 1\n")
    read = Project(Location(path), Overrides())

    assert [len(read.read()[1]) for _ in range(2)] == [1, 0]
    path.write_text(GOOD + "foo = 1\nbar = 2\n")

    assert [each.message.partition(": ")[2] for each in read.read()[1]] == ['"bar"']


def test_a_file_that_a_tool_made_is_read_with_the_secrets_of_its_project(project: Path) -> None:
    made = project / "dist" / "wrangler.json"
    made.parent.mkdir()
    made.write_text(
        '{"name": "app-prod", "topLevelName": "app", "targetEnvironment": "prod",'
        ' "userConfigPath": "../wrangler.toml", "main": "../src/entry.py",'
        ' "compatibility_date": "2026-01-01", "compatibility_flags": ["python_workers"]}'
    )
    (project / ".dev.vars.prod").write_text("A=1")
    redirect = project / ".wrangler" / "deploy" / "config.json"
    location = Location(made, None, redirect)
    read = Project(location, Overrides(env="prod"))

    config, warnings = read.read()

    assert (config.name, dict(config.vars), str(warnings)) == ("app-prod", {"A": "1"}, "")
    assert (config.home, config.root) == (project, project / "dist")
    assert {made, redirect, project / ".dev.vars.prod"} <= read.files

    with pytest.raises(ConfigError, match="does not match the target environment"):
        Project(location, Overrides(env="test")).read()
    made.write_text('{"main": "../src/entry.py", "env": {"prod": {}}}')
    with pytest.raises(ConfigError, match="Redirected configurations cannot include environments"):
        Project(location, Overrides()).read()

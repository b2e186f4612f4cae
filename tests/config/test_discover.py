"""Which file is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from pydo.config import Location, discover, load, locate
from pydo.errors import ConfigError


def test_the_nearest_configuration_upward_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "wrangler.toml").touch()
    assert discover(inner) == Location(tmp_path / "wrangler.toml")

    (tmp_path / "a" / "wrangler.toml").touch()

    assert discover(inner) == Location(tmp_path / "a" / "wrangler.toml")


def test_json_goes_before_toml_wherever_it_is(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)

    (inner / "wrangler.toml").touch()
    assert discover(inner).path == inner / "wrangler.toml"
    (tmp_path / "a" / "wrangler.jsonc").touch()
    assert discover(inner).path == tmp_path / "a" / "wrangler.jsonc"
    (tmp_path / "wrangler.json").touch()
    assert discover(inner).path == tmp_path / "wrangler.json"
    (inner / "wrangler.json").mkdir()
    assert discover(inner).path == tmp_path / "wrangler.json"


def test_a_file_that_is_passed_over_is_told(project: Path) -> None:
    (project / "wrangler.toml").touch()
    (project / "wrangler.jsonc").write_text(
        '{"main": "src/entry.py", "compatibility_date": "2026-01-01",'
        ' "compatibility_flags": ["python_workers"]}'
    )

    _, warnings = load(discover(project / "src"))

    assert str(warnings) == (
        "wrangler.toml is not read: wrangler.jsonc beside it goes before it\n"
        "  remove one of the two, or choose with `--config`"
    )
    assert not load(locate(project, Path("wrangler.jsonc")))[1]


def test_a_file_that_is_named_is_taken(tmp_path: Path) -> None:
    (tmp_path / "wrangler.toml").touch()

    assert locate(tmp_path).path == tmp_path / "wrangler.toml"
    assert locate(tmp_path, Path("a/b.json")) == Location(tmp_path / "a" / "b.json")


def test_a_tool_may_have_written_another_file(project: Path) -> None:
    (project / "wrangler.toml").touch()
    redirect = redirected(project, '{"configPath": "../../dist/wrangler.json"}')
    (project / "dist").mkdir()
    (project / "dist" / "wrangler.json").write_text("{}")

    found = discover(project / "src")

    assert found == Location(
        project / "dist" / "wrangler.json", project / "wrangler.toml", redirect
    )
    assert found.home == project
    assert str(found) == (
        "Using redirected Wrangler configuration.\n"
        ' - Configuration being used: "dist/wrangler.json"\n'
        ' - Original user\'s configuration: "wrangler.toml"\n'
        ' - Deploy configuration file: ".wrangler/deploy/config.json"'
    )
    (project / "wrangler.toml").unlink()
    assert discover(project) == Location(project / "dist" / "wrangler.json", None, redirect)
    assert discover(project).home == project
    assert '"<no user config found>"' in str(discover(project))


def redirected(directory: Path, text: str) -> Path:
    path = directory / ".wrangler" / "deploy" / "config.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "The file ends before the } that belongs to this."),
        ("{}", 'But this is not valid - the required "configPath" property was not found.'),
        ('{"configPath": 3}', 'the required "configPath" property was not found.'),
        (
            '{"configPath": "nope.json"}',
            (
                'But the redirected configuration path it points to, ".wrangler/deploy/nope.json", '
                "does not exist.\n"
                '    1 │ {"configPath": "nope.json"}\n'
                "      ╵                ^^^^^^^^^^^"
            ),
        ),
    ],
)
def test_what_a_tool_wrote_wrongly_is_told(project: Path, text: str, said: str) -> None:
    redirected(project, text)

    with pytest.raises(ConfigError) as caught:
        discover(project)

    assert said in str(caught.value)


def test_a_tools_file_of_another_directory_is_not_taken(project: Path) -> None:
    (project / "src" / "wrangler.toml").touch()
    redirected(project, '{"configPath": "../../w.json"}')
    (project / "w.json").touch()

    with pytest.raises(ConfigError) as caught:
        discover(project / "src")

    assert str(caught.value) == (
        'Found both a user configuration file at "src/wrangler.toml" and a deploy configuration '
        'file at ".wrangler/deploy/config.json". But these do not share the same base path so it '
        "is not clear which should be used.\n  `--config PATH` says which"
    )


def test_a_relative_start_gives_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "wrangler.toml").touch()
    monkeypatch.chdir(tmp_path)

    found = discover(Path("sub"))

    assert found == Location(tmp_path / "wrangler.toml")


def test_nothing_found_is_an_error_that_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        discover(tmp_path)

    assert str(caught.value) == (
        f"No wrangler.json, wrangler.jsonc or wrangler.toml was found in {tmp_path} or in a "
        "directory above it.\n"
        "  `pydo init NAME` makes a project; `--config PATH` names a file elsewhere"
    )

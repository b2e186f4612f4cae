"""Which file is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from pydo.config import discover, load
from pydo.errors import ConfigError


def test_the_nearest_configuration_upward_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "wrangler.toml").touch()
    assert discover(inner) == tmp_path / "wrangler.toml"

    (tmp_path / "a" / "wrangler.toml").touch()
    (tmp_path / "a" / "wrangler.json").touch()

    assert discover(inner) == tmp_path / "a" / "wrangler.toml"


def test_a_relative_start_gives_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "wrangler.toml").touch()
    monkeypatch.chdir(tmp_path)

    found = discover(Path("sub"))

    assert found == tmp_path / "wrangler.toml"


@pytest.mark.parametrize("name", ["wrangler.json", "wrangler.jsonc"])
def test_another_format_is_refused_by_name(project: Path, name: str) -> None:
    (project / name).write_text("{}")
    expected = (
        f"{name}: pydo reads wrangler.toml for now, not {name.partition('.')[2]}\n"
        "  write the same keys as TOML into a wrangler.toml beside it"
    )

    with pytest.raises(ConfigError) as found:
        discover(project / "src")
    with pytest.raises(ConfigError) as loaded:
        load(project / name)

    assert str(found.value) == expected
    assert str(loaded.value) == expected


def test_nothing_found_is_an_error_that_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        discover(tmp_path)

    assert str(caught.value) == (
        f"No wrangler.toml was found in {tmp_path} or in a directory above it.\n"
        "  `pydo init NAME` makes a project; `--config PATH` names a file elsewhere"
    )

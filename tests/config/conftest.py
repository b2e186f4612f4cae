"""A project in a temporary directory, and what `load` says of its wrangler.toml.

`problems` and `config` put four good lines before the text that they are given, so that it begins
on line 5; `problems_of_all` takes the whole text.
"""

from __future__ import annotations

from datetime import date
from textwrap import dedent, indent
from typing import TYPE_CHECKING

import pytest

from pydo.config import Overrides, load
from pydo.config.source import shortest
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydo.config import Config, Diagnostics

TODAY = date(2026, 11, 23)
GOOD = """\
name = "app"
main = "src/entry.py"
compatibility_date = "2026-09-01"
compatibility_flags = ["python_workers"]
"""


def brief(diagnostics: Diagnostics) -> str:
    """Give the problems with their lines, messages and hints, without columns and excerpts."""
    texts: list[str] = []
    for each in diagnostics:
        span = each.span
        place = "" if span is None else f"{shortest(span.file.path)}:{span.line}: "
        texts.append(f"{place}{each.message}\n")
        if each.hint is not None:
            texts.append(indent(each.hint, "  ") + "\n")
    return "".join(texts)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "entry.py").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load_text(project: Path) -> Callable[[str, Overrides], tuple[Config, Diagnostics]]:
    def load_text(text: str, overrides: Overrides) -> tuple[Config, Diagnostics]:
        path = project / "wrangler.toml"
        path.write_text(text, "utf-8")
        return load(path, overrides, TODAY)

    return load_text


@pytest.fixture
def problems_of_all(
    load_text: Callable[[str, Overrides], tuple[Config, Diagnostics]],
) -> Callable[..., str]:
    def problems_of_all(text: str, overrides: Overrides | None = None) -> str:
        try:
            diagnostics = load_text(dedent(text), overrides or Overrides())[1]
        except ConfigError as error:
            return brief(error.diagnostics)
        assert not diagnostics.has_errors
        return brief(diagnostics)

    return problems_of_all


@pytest.fixture
def problems(problems_of_all: Callable[..., str]) -> Callable[..., str]:
    def problems(text: str, overrides: Overrides | None = None) -> str:
        return problems_of_all(GOOD + dedent(text), overrides)

    return problems


@pytest.fixture
def config(
    load_text: Callable[[str, Overrides], tuple[Config, Diagnostics]],
) -> Callable[..., Config]:
    def config(text: str = "", overrides: Overrides | None = None) -> Config:
        return load_text(GOOD + dedent(text), overrides or Overrides())[0]

    return config

"""A project in a folder of its own, checked."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Protocol

import pytest

from pydo.check import check_project
from pydo.config import Overrides, load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydo.check import Finding

PYPROJECT = """\
[project]
name = "app"
dependencies = [{dependencies}]

[dependency-groups]
dev = ["workers-py", "workers-runtime-sdk"]
"""
WRANGLER = """\
name = "app"
main = "src/entry.py"
compatibility_date = "{date}"
compatibility_flags = ["python_workers"]
"""


class Check(Protocol):
    """Checks a project of one module, or of several files below src/."""

    def __call__(  # noqa: PLR0913 - what a project is made of
        self,
        code: str,
        *,
        files: dict[str, str] | None = None,
        dependencies: Sequence[str] = (),
        date: str = "2026-09-01",
        more: str = "",
        exported: frozenset[str] | None = None,
        path: list[str] | None = None,
        env: str | None = None,
    ) -> list[Finding]: ...


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "app"


@pytest.fixture
def check(folder: Path) -> Check:
    def run(  # noqa: PLR0913 - as the protocol has them
        code: str,
        *,
        files: dict[str, str] | None = None,
        dependencies: Sequence[str] = (),
        date: str = "2026-09-01",
        more: str = "",
        exported: frozenset[str] | None = None,
        path: list[str] | None = None,
        env: str | None = None,
    ) -> list[Finding]:
        names = ", ".join(f'"{each}"' for each in dependencies)
        written = {
            "src/entry.py": textwrap.dedent(code),
            "wrangler.toml": WRANGLER.format(date=date) + more,
            "pyproject.toml": PYPROJECT.format(dependencies=names),
            **(files or {}),
        }
        for name, text in written.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text), "utf-8")
        config, _ = load(folder / "wrangler.toml", Overrides(env=env))
        found = check_project(config, exported, path)
        return [each for each in found if each.rule != "other-python"]

    return run

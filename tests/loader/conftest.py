"""A project in a temporary folder, with the loader that reads it."""

from __future__ import annotations

import sys
from contextlib import closing
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from pydo.errors import UserCodeError
from pydo.loader import Generation, Loader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType


class Project:
    """Files below `folder/src`, whose `entry.py` is `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "src"
        self.root.mkdir()
        self.loader = Loader(self.root / "entry.py")

    def write(self, name: str, source: str = "") -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(source), "utf-8")
        return file

    def load(self, source: str | None = None) -> Generation:
        if source is not None:
            self.write("entry.py", source)
        return self.loader.load()

    def entry(self, source: str | None = None) -> ModuleType:
        return self.load(source).entry

    def fail(self, source: str | None = None) -> UserCodeError:
        with pytest.raises(UserCodeError) as caught:
            self.load(source)
        return caught.value


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    modules, path = dict(sys.modules), list(sys.meta_path)
    project = Project(tmp_path)
    with closing(project.loader):
        yield project
    assert sys.meta_path == path
    left = {
        name
        for name, module in sys.modules.items()
        if modules.get(name) is not module
        and str(getattr(module, "__file__", "")).startswith(str(tmp_path))
    }
    assert not left

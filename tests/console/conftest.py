"""A console whose lines are kept, and errors as user code raises them."""

from __future__ import annotations

import io

import pytest

from pydo.console import Console
from pydo.runtime.failure import ErrorForm


class Terminal:
    """What a console writes to."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def console(self, level: str = "log", *, colour: bool = False) -> Console:
        return Console(self.stream, colour=colour, level=level)

    @property
    def text(self) -> str:
        return self.stream.getvalue()


class UserCode:
    """A file of a project that is not on the disk, and what it raises."""

    file = "/app/src/entry.py"

    def __init__(self) -> None:
        self.errors = ErrorForm(self.owns)

    def owns(self, filename: str) -> bool:
        return filename == self.file

    def raised(self, source: str) -> Exception:
        try:
            exec(compile(source, self.file, "exec"), {})  # noqa: S102 - stands for user code
        except Exception as error:  # noqa: BLE001 - whatever it raises
            return error
        raise AssertionError("nothing was raised")


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def user_code() -> UserCode:
    return UserCode()
